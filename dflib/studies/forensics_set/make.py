"""Writing the forensics set: one video at a time, each whole or not there, so that it goes on after any interruption."""
import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from dflib import media
from dflib.files import writable_folder, write_bytes
from dflib.studies.forensics_set import plan
from dflib.studies.forensics_set.film import film
from dflib.studies.forensics_set.manipulations import manipulated, masks_of, swap_network

# Seconds of one core, measured on the machine of data/forensics/README.md: for the time that is printed ahead.
COST = {"film": 12.0, "Deepfakes": 4.0, "Face2Face": 5.0, "FaceSwap": 4.0, "NeuralTextures": 25.0, "TrueSwap": 4.0,
        "TrueReenactment": 4.0, "SelfDeepfakes": 4.0, "SelfFaceSwap": 4.0, "Recompressed": 0.5, "PastedBack": 0.5, "real": 0.3,
        "swap network": 20.0}


def missing(root, actors: int = 130, compressions=("c23",), methods=plan.METHODS, controls=plan.CONTROLS, seed: int = 0) -> list:
    """The Tasks whose files are not all there yet. ValueError for unknown names or too few actors."""
    for what, known, asked in (("compression", plan.COMPRESSIONS, compressions), ("method", plan.METHODS, methods),
                               ("control", plan.CONTROLS, controls)):
        unknown = [name for name in asked if name not in known]
        if unknown:
            raise ValueError(f"Unknown {what} {unknown[0]!r}: there are {', '.join(known)}.")
    return [task for task in plan.tasks_of(plan.actors_of(actors, seed), methods, controls)
            if not all(path.exists() for path in paths(Path(root), task, compressions))]


def make_forensics(root, actors: int = 130, compressions=("c23",), methods=plan.METHODS, controls=plan.CONTROLS, seed: int = 0,
                   recipe=None) -> None:
    """Write the set into the folder ``root``, in the layout of FaceForensics++; what is there already is kept.

    recipe: of the swap network, by default `manipulations.RECIPE`. Raises what `missing` raises; and OSError, before any work,
    for a folder that cannot be written.
    """
    left = missing(root, actors, compressions, methods, controls, seed)
    root, people = writable_folder(root), plan.actors_of(actors, seed)
    plan.write_lists(root, people)
    network, filmed = None, lru_cache(maxsize=4)(film)              # a pair's tasks follow each other
    if any("Deepfakes" in task.method for task in left):
        network = swap_network(tqdm(people, "filming", unit="actor", leave=False), recipe)
    order = {actor.id: number for number, actor in enumerate(people)}
    left.sort(key=lambda task: sorted(order[actor.id] for actor in (task.target, task.source or partner(people, task.target))))
    for task in tqdm(left, "manipulating", unit="clip"):
        involved = {actor.id: filmed(actor) for actor in (task.target, task.source) if actor is not None}
        write(root, task, manipulated(task, involved, network, list(order)), involved[task.target.id], compressions)


def partner(people, actor) -> plan.Actor:
    """The other half of an actor's pair."""
    return next(other for pair in plan.pairs_of(people)[actor.split] for one, other in (pair, pair[::-1]) if one == actor)


def paths(root, task: plan.Task, compressions) -> list:
    """The files of a Task: a video of each compression and, of what differs from its original, a mask."""
    videos = [root / task.folder / compression / "videos" / f"{task.name}.mp4" for compression in compressions]
    return videos if task.method == "real" else [*videos, root / task.folder / "masks" / f"{task.name}.npz"]


def write(root, task, frames, target, compressions) -> None:
    """The files of a Task, those that are missing."""
    for path in paths(root, task, compressions):
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".npz":
            masks = masks_of(frames, target.frames[target.kept])
            packed = io.BytesIO()
            np.savez_compressed(packed, bits=np.packbits(masks), shape=np.array(masks.shape))
            write_bytes(path, packed.getvalue())
        else:
            crf = plan.COMPRESSIONS[path.parent.parent.name]
            media.write_video(path, frames, plan.FPS, crf, kind="neutral", progress=False)


def seconds(tasks, actors: int) -> float:
    """About how long the tasks take on one core."""
    network = COST["swap network"] * actors if any("Deepfakes" in task.method for task in tasks) else 0.0
    return COST["film"] * actors + network + sum(COST[task.method] for task in tasks)
