"""The panel of lesson 02: games on the ring of eight Gaussians."""

from dflib.lesson.widgets import Panel, choice, slider


def ring_explorer(games, size=384):
    """Lesson 02's panel: games on the ring of eight Gaussians, at any moment of their training.

    ``games``: name -> moments of `dflib.synthesis.gan.play`, the same steps in all; ``size``: pixels of the picture.
    """
    from dflib.synthesis.gan import MODES, moment_image

    def draw(game, moment):
        now = games[game][moment]
        return moment_image(
            now, size
        ), f"{game}, step {now.step}: {now.modes} of {MODES} modes, {now.good:.0%} good samples"

    controls = {
        "game": choice("game", list(games)),
        "moment": slider("moment", 0, min(map(len, games.values())) - 1, 0),
    }
    return Panel(
        draw,
        controls,
        question="What does the discriminator believe, shown as colour, while the samples collapse, and after the cure?",
        alt="Samples of a generator among eight circles, on the discriminator's belief",
        width=384,
    )
