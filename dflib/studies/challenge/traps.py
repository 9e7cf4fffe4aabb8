"""What goes wrong with log losses and leaderboards, in numbers that need no video."""
import numpy as np
from scipy.special import expit
from scipy.stats import rankdata

from dflib.metrics.classification import log_loss


def board_of_equals(teams: int = 100, videos: tuple = (36, 54), noise: float = 1.0, spread: float = 0.0, seed: int = 0) -> tuple:
    """Public and private log losses (teams,) of teams whose submissions differ by luck.

    Every video has a truth and a difficulty that all teams meet; a team's log odds are these, times the team's skill, plus noise
    of its own. noise: its spread in log odds. spread: of the skills around 1; 0: all teams are equally good. videos: in public
    and in private, half of them fakes.
    """
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(count) % 2 for count in videos])
    evidence = rng.normal(1.5, 1.5, len(labels)) * (2 * labels - 1)         # log odds towards the truth; some are misleading
    skill = 1 + spread * rng.normal(size=(teams, 1))
    said = expit(skill * evidence + noise * rng.normal(size=(teams, len(labels))))
    public = np.arange(len(labels)) < videos[0]
    return tuple(np.array([log_loss(labels[part], row[part]) for row in said]) for part in (public, ~public))


def falls(repeats: int = 200, **of_board) -> dict:
    """How the winner of the public part fares: over many boards, (repeats,) of private places, of public and private losses, and of
    the "typical" public loss, all teams' mean."""
    found = {"place": [], "public": [], "private": [], "typical": []}
    for seed in range(repeats):
        public, private = board_of_equals(seed=seed, **of_board)
        winner = public.argmin()
        found["place"].append(rankdata(private, "min")[winner])
        found["public"].append(public[winner])
        found["private"].append(private[winner])
        found["typical"].append(public.mean())
    return {name: np.array(values) for name, values in found.items()}
