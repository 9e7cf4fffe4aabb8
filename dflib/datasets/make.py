"""Rendering a set of faces into shards: resumable, on several cores, the same bytes for the same seeds.

`python -m dflib make faces` is `make_faces`.
"""
import hashlib
import multiprocessing
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from dflib.cast.version import VERSION, version_of
from dflib.datasets import shards
from dflib.files import writable_folder, write_bytes
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
    """Paths of the shards of `recipe` in `folder`, in order of seed; those that are missing or of another cast are rendered.

    workers: processes, by default one per core. A progress bar counts faces. Interrupted, the same call goes on.
    """
    from tqdm.auto import tqdm

    folder = writable_folder(folder)
    tasks = _tasks(folder, recipe)
    missing = [task for task in tasks if not _is_made(task)]
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


def _about(people, recipe):
    return {**asdict(recipe), "people": len(people), "first": people[0], "cast": VERSION}


def _is_made(task) -> bool:
    """Whether the shard of a task is there, whole, and what would be rendered now."""
    path, people, recipe = task
    try:
        about = shards.Shard(path).about
    except (FileNotFoundError, ValueError):
        return False
    wanted = _about(people, recipe)
    return {**about, "cast": version_of(about.get("cast"))}.items() >= wanted.items()


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
    about = {**_about(people, recipe), "licence": "CC0-1.0", "synthetic": "rendered by dflib.cast; nobody's face"}
    shards.write(path, frames, about, rows)
    return len(frames)


def make_faces(folder: Path = DATA / "cast", recipe: Recipe = SHIPPED, workers: "int | None" = None) -> None:
    """Render a set into `folder`, with its checksums: by default the shipped one, which takes eight minutes of one core.

    What is there already is kept; a shard of another cast or look, or a damaged one, stays until it is replaced.
    Interrupted, the same call goes on. Nothing is deleted: ValueError when the folder holds shards of other people.
    OSError when the folder cannot be written.
    """
    others = {path.name for path in folder.glob("faces-*.zip")} - {path.name for path, _, _ in _tasks(folder, recipe)}
    if others:
        raise ValueError(f"{folder} holds {min(others)}, which does not belong to {recipe.people} people: choose another folder.")
    made = render_shards(folder, recipe, workers)
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made]
    write_bytes(folder / "SHA256SUMS", "".join(sums).encode())
