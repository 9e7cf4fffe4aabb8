"""Rendering a set of faces into shards: resumable, on several cores, the same bytes for the same seeds.

    python -m dflib.datasets.make faces      renders the shipped set again (data/cast, about eight minutes of one core)
    python -m dflib.datasets.make clips      films the actors again (data/clips, about six minutes)
"""
import argparse
import hashlib
import multiprocessing
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from dflib.datasets import shards
from dflib.cast.version import VERSION, version_of
from dflib.paths import DATA

SHARD_FACES = 250               # about half a minute of rendering: that much is lost when it is interrupted
SHOT_STRIDE = 1_000_000         # shot k of a person is sampled with seed person + k * SHOT_STRIDE


@dataclass(frozen=True)
class Recipe:
    """Who is rendered and how: `people` people from seed `first`, `shots` pictures of each, limits in degrees."""
    people: int
    first: int = 0
    shots: int = 1
    size: int = 128
    yaw: float = 40
    pitch: float = 15

    def __post_init__(self):
        if self.people < 1 or self.shots < 1 or self.first < 0:
            raise ValueError("A rendered set needs at least one person, one shot and a first seed of 0 or more.")
        if not 16 <= self.size <= 512:
            raise ValueError(f"Faces are rendered at 16 to 512 px, not at {self.size}.")

    @property
    def family(self) -> str:
        """Name of what all shards of this look share, however many people there are."""
        return f"{self.size}px-{self.shots}shots-yaw{self.yaw:g}-pitch{self.pitch:g}"


SHIPPED = Recipe(people=4000)


def render_shards(folder: Path, recipe: Recipe, workers: "int | None" = None) -> list:
    """Paths of the shards of `recipe` in `folder`, in order of seed; those that are missing are rendered now.

    workers: processes, by default one per core. A progress bar counts faces. Interrupted, the same call goes on.
    """
    from tqdm.auto import tqdm

    folder.mkdir(parents=True, exist_ok=True)
    tasks = _tasks(folder, recipe)
    missing = [task for task in tasks if not task[0].exists()]
    workers = min(workers or os.cpu_count() or 1, len(missing))
    if missing:
        with tqdm(total=recipe.people * recipe.shots, unit="face", desc="rendering the cast") as bar:
            bar.update((recipe.people - sum(len(people) for _, people, _ in missing)) * recipe.shots)
            if workers == 1:
                for task in missing:
                    _render_shard(task, bar.update)
            else:
                # Spawned, because a process that was forked while numba or torch had threads may hang.
                with multiprocessing.get_context("spawn").Pool(workers) as pool:
                    for faces in pool.imap_unordered(_render_shard, missing):
                        bar.update(faces)
    return [path for path, _, _ in tasks]


def _tasks(folder, recipe):
    """(path, seeds of its people, recipe) per shard; whole people stay together."""
    step = max(1, SHARD_FACES // recipe.shots)
    last = recipe.first + recipe.people
    starts = range(recipe.first, last, step)
    return [(folder / f"faces-{start:08d}-{min(step, last - start):04d}.zip", range(start, min(start + step, last)),
             recipe) for start in starts]


def _render_shard(task, tick=None):
    from dflib import cast

    path, people, recipe = task
    frames, rows = [], {"person": [], "shot": []}
    for seed in people:
        person = cast.sample_person(seed)
        for k in range(recipe.shots):
            shot_seed = seed + k * SHOT_STRIDE
            shot = cast.sample_shot(shot_seed, yaw=recipe.yaw, pitch=recipe.pitch)
            frames.append(cast.render(person, shot, size=recipe.size))
            rows["person"].append(seed)
            rows["shot"].append(shot_seed)
            if tick:
                tick(1)
    about = {**asdict(recipe), "people": len(people), "first": people[0], "cast": VERSION,
             "licence": "CC0-1.0", "synthetic": "rendered by dflib.cast; nobody's face"}
    shards.write(path, frames, about, rows)
    return len(frames)


def make_faces(folder: Path = DATA / "cast") -> None:
    """Render the shipped set into `folder`: shards of an older cast are replaced, those of this cast are kept."""
    for path in folder.glob("faces-*.zip"):
        if version_of(shards.Shard(path).about["cast"]) != VERSION:
            path.unlink()
    made = render_shards(folder, SHIPPED, workers=1)
    for path in set(folder.glob("faces-*.zip")) - set(made):
        path.unlink()
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8", newline="\n")


def _main():
    from dflib.datasets.actors import make_clips

    parser = argparse.ArgumentParser(description="Render the shipped data again, into data/.")
    parser.add_argument("what", choices=("faces", "clips"))
    {"faces": make_faces, "clips": make_clips}[parser.parse_args().what]()


if __name__ == "__main__":
    _main()
