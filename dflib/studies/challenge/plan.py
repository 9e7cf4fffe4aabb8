"""Who is in a challenge, as what and under which name: all from its seed, which is the teacher's secret."""
import json
import string
from dataclasses import dataclass

import numpy as np

from dflib.studies.forensics_set import plan as forensics
from dflib.studies.forensics_set.plan import Actor, Task

PARTS = ("train", "public", "private")
SHARES = {"train": 30, "public": 36, "private": 54}         # of 120 actors
SHOWN = ("Deepfakes", "Face2Face", "FaceSwap")              # what training shows, each once on every actor
HIDDEN = ("Attributes", "NeuralTextures")                   # what only the private part has, beside those
FAKES = {"public": 1 / 2, "private": 1 / 3}                 # shares of fakes; three in four in training
LOOKS = {"train": ((1.0, 23),), "public": ((1.0, 23), (1.0, 32)), "private": ((1.0, 32), (0.8, 23), (0.6, 28))}
FAMILIES = 10                                               # actors, with all their videos, in a training part
PEOPLE, CHOICE = 1_200_000_000, 10 ** 8                     # seeds of people and performances: drawn from so many above that
LEAST = 12                                                  # actors


@dataclass(frozen=True)
class Video:
    """One file of the challenge."""
    name: str               # ten letters by lot and .mp4, as in the DFDC
    part: str               # of PARTS
    folder: str             # where it lies: learners/dfdc_train_part_0, learners/test_videos or private/test_videos
    task: Task              # who is shown, and what was done
    look: tuple             # (size as a share of the set's, crf)
    group: int              # of the pair of people to whom it belongs; groups are what is independent
    original: "str | None"  # of a training fake: the name of its original

    @property
    def label(self) -> int:
        """1 for a fake."""
        return int(self.task.method != "real")


def sizes_of(actors: int) -> dict:
    """Part -> number of its actors, an even number from 4. ValueError for fewer than LEAST actors or an odd number."""
    if actors < LEAST or actors % 2:
        raise ValueError(f"A challenge has an even number of actors from {LEAST}, not {actors}.")
    sizes = {part: max(4, 2 * round(actors * SHARES[part] / 2 / sum(SHARES.values()))) for part in ("train", "public")}
    return sizes | {"private": actors - sum(sizes.values())}


def videos_of(actors: int, seed: int, methods=forensics.METHODS, stock: "dict | None" = None) -> list:
    """Every Video, pair of people by pair, in an order by lot. methods: those that can be made.

    People of the training part are such as train networks elsewhere in the course, those of the others such as test them. stock:
    instead of new people, "train" and "test" -> pairs of Actors who are on film already. ValueError as in `sizes_of`, and for a
    stock with too few.
    """
    sizes, rng = sizes_of(actors), np.random.default_rng(seed)
    names, groups = _names(rng, 4 * actors), rng.permutation(actors // 2)
    part_of = np.repeat(PARTS, [sizes[part] for part in PARTS])
    cast = _new(part_of, rng) if stock is None else _known(part_of, stock, rng)
    videos = []
    for part in PARTS:
        members = [(actor, cast[k ^ 1], int(groups[k // 2])) for k, actor in enumerate(cast) if part_of[k] == part]
        known = [method for method in (*SHOWN, *(HIDDEN if part == "private" else ())) if method in methods]
        videos += _families(members, known, names) if part == "train" else _singles(part, members, known, names, rng)
    return sorted(videos, key=lambda video: video.group)


def _new(part_of, rng) -> list:
    """Actors who were never seen; those of one pair follow each other."""
    people = PEOPLE + 10 * rng.choice(CHOICE, len(part_of), replace=False)
    performances = PEOPLE + rng.choice(CHOICE, len(part_of), replace=False)
    digits = np.where(part_of == "train", rng.integers(8, size=len(part_of)), 9)      # see `cast.people.splits`
    return [Actor(f"{k:04d}", int(person + digit), int(performance), "train" if part == "train" else "test")
            for k, (person, digit, performance, part) in enumerate(zip(people, digits, performances, part_of))]


def _known(part_of, stock, rng) -> list:
    """Actors of a stock, drawn by lot."""
    cast = []
    for split, count in (("train", np.sum(part_of == "train") // 2), ("test", np.sum(part_of != "train") // 2)):
        pairs = stock[split]
        if len(pairs) < count:
            raise ValueError(f"The set has {len(pairs)} pairs of people to {split}, and {count} are needed: ask for fewer actors.")
        cast += [actor for k in rng.permutation(len(pairs))[:count] for actor in pairs[k]]
    return cast


def _families(members, methods, names):
    """Training: of everybody the original and a fake by each method, of whole pairs in one folder."""
    for k, (target, source, group) in enumerate(members):
        folder, look = f"learners/dfdc_train_part_{k // FAMILIES}", LOOKS["train"][0]
        original = next(names)
        yield Video(original, "train", folder, _task("real", target, source), look, group, None)
        for method in methods:
            yield Video(next(names), "train", folder, _task(method, target, source), look, group, original)


def _singles(part, members, methods, names, rng):
    """Test: one video of everybody, so that there are no two of which one must be the fake of the other."""
    fake = rng.permutation(len(members)) < round(len(members) * FAKES[part])
    kinds, looks = np.full(len(members), "real", object), np.empty(len(members), int)
    kinds[fake] = rng.permutation(np.resize(np.array(methods, object), fake.sum()))
    for some in (fake, ~fake):                              # each look as often among fakes as among reals
        looks[some] = rng.permutation(np.resize(np.arange(len(LOOKS[part])), some.sum()))
    folder = {"public": "learners/test_videos", "private": "private/test_videos"}[part]
    for (target, source, group), kind, look in zip(members, kinds, looks):
        yield Video(next(names), part, folder, _task(kind, target, source), LOOKS[part][look], group, None)


def _task(method, target, source) -> Task:
    return Task("", method, target, None if method == "real" or method in forensics.ALONE else source)


def _names(rng, count):
    """Names as in the DFDC, all different."""
    letters = np.array(list(string.ascii_lowercase))
    found = dict.fromkeys("".join(letters[row]) for row in rng.integers(26, size=(2 * count, 10)))
    return iter([f"{name}.mp4" for name in found][:count])


def metadata(videos) -> str:
    """metadata.json of a training part, as in the DFDC."""
    entries = {video.name: {"label": "FAKE", "split": "train", "original": video.original} if video.label
               else {"label": "REAL", "split": "train"} for video in sorted(videos, key=lambda video: video.name)}
    return json.dumps(entries, indent=1) + "\n"


def sample(videos) -> str:
    """sample_submission.csv: every video at 0.5."""
    return "filename,label\n" + "".join(f"{name},0.5\n" for name in sorted(video.name for video in videos))


def key(videos) -> str:
    """The key: `filename,label,Usage` as on Kaggle, and of each the group of people and the method."""
    rows = sorted(f"{video.name},{video.label},{video.part.title()},{video.group},{video.task.method}\n" for video in videos)
    return "filename,label,Usage,group,method\n" + "".join(rows)
