"""ActorClips: six people of the cast on film, with the truth of every frame and any true swap."""
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dflib.cast.version import VERSION
from dflib.datasets import safe
from dflib.files import writable_folder, write_bytes
from dflib.paths import DATA

SECONDS, FPS, SIZE, CRF = 8.4, 25, 256, 20
# name: (seed of the person, seed of the performance), chosen to differ in skin, hair, age and sex
ACTORS = {"ana": (4116, 1), "ben": (4080, 2), "cem": (4026, 3), "dia": (4031, 4), "eve": (4068, 5), "finn": (4020, 6)}


@dataclass(frozen=True)
class Actor:
    """One actor and the clip that shows them."""
    name: str
    path: Path              # H.264, 256 px, 25 frames a second
    person_seed: int
    performance_seed: int
    seconds: float

    def person(self):
        """The cast's Person."""
        from dflib import cast

        return cast.sample_person(self.person_seed)

    def performance(self):
        """The cast's Performance in the clip: give it to another person for the true swap."""
        from dflib import cast

        return cast.perform(self.performance_seed, self.seconds, FPS)

    def frames(self) -> list:
        """All frames, (256, 256, 3) uint8."""
        from dflib.media import read_video

        return list(read_video(self.path))

    def truth(self) -> dict:
        """Landmarks, contour, visible, pose, expression, gaze, masks of every frame (see cast.footage.write_clip)."""
        from dflib.cast.clips.footage import read_truth

        return read_truth(self.path.with_suffix(".npz"))


class ActorClips:
    """The shipped clips: iterate over `Actor`s, or take one by name, `clips["ana"]`."""

    def __init__(self, folder=DATA / "clips"):
        folder = safe.folder(folder, "clips of actors (run python -m dflib make clips)")
        path = folder / "actors.json"
        try:
            self._actors = {name: Actor(name, safe.inside(folder, f"{name}.mp4", path), entry["person"],
                                        entry["performance"], entry["seconds"])
                            for name, entry in safe.json_of(path, dict)["actors"].items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is malformed: it does not describe actors.") from error

    @property
    def names(self) -> tuple:
        return tuple(self._actors)

    def __len__(self):
        return len(self._actors)

    def __iter__(self):
        return iter(self._actors.values())

    def __getitem__(self, name: str) -> Actor:
        if name not in self._actors:
            raise ValueError(f"There is no actor {name!r}: there are {', '.join(self._actors)}.")
        return self._actors[name]

    def true_swap(self, target: str, source: str, size: int = SIZE):
        """Iterate over the Frames that a perfect swap would give: the target's performance, played by the source.

        Everything but the person is the target's, so hair and clothes are the source's too; compare inside `mask`,
        or give the source the target's look first (cast.variants.same_look).
        """
        from dflib import cast

        return cast.render_clip(self[source].person(), self[target].performance(), size)


def make_clips(folder: Path = DATA / "clips", seconds: float = SECONDS, size: int = SIZE) -> None:
    """Film the ACTORS into `folder`: by default the shipped clips, about a minute each on one core.

    A clip that is there already is kept; one of another cast, length or size stays until it is replaced. Interrupted, the
    same call goes on. OSError when the folder cannot be written.
    """
    from tqdm.auto import tqdm

    from dflib import cast

    folder = writable_folder(folder)
    earlier = _stated_version(folder / "actors.json")
    entries = {}
    for name, (person, performance) in tqdm(ACTORS.items(), unit="clip", desc="filming"):
        path, actor, play = folder / f"{name}.mp4", cast.sample_person(person), cast.perform(performance, seconds, FPS)
        if not _is_filmed(path, actor, play, size, earlier):
            cast.write_clip(path, actor, play, size=size, crf=CRF)
        entries[name] = {"person": person, "performance": performance, "seconds": seconds, "attributes": actor.attributes}
    about = {"cast": VERSION, "licence": "CC0-1.0", "fps": FPS, "size": size, "crf": CRF, "actors": entries}
    write_bytes(folder / "actors.json", (json.dumps(about, indent=1) + "\n").encode())


def _stated_version(path):
    """The cast's version that a list of actors states, for clips that do not state their own; None without a list."""
    try:
        return safe.json_of(path, dict).get("cast")
    except (FileNotFoundError, ValueError):
        return None


def _is_filmed(path, actor, play, size, earlier) -> bool:
    from dflib.cast.clips.footage import read_truth

    try:
        truth = read_truth(path.with_suffix(".npz"))
    except (FileNotFoundError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return False
    return (path.is_file() and truth.get("cast", earlier) == VERSION and len(truth["pose"]) == len(play)
            and int(truth["size"]) == size and truth["attributes"] == actor.attributes
            and np.array_equal(truth["expression"], [shot.expression for shot in play.shots]))
