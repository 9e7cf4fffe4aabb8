"""Writing the forensics set: one video at a time, each whole or not there, so that it goes on after any interruption."""
import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from dflib import cast, checkpoints, media
from dflib.files import writable_folder, write_bytes
from dflib.studies.forensics_set import plan
from dflib.studies.forensics_set.film import film
from dflib.studies.forensics_set.manipulations import LEARNED_FROM, available, manipulated, masks_of, starts

# Seconds of one core, measured while the shipped set was made, c23 and masks included.
COST = {"film": 7.0, "faces": 9.0, "decoder": 24.0, "Deepfakes": 1.4, "Face2Face": 2.5, "FaceSwap": 1.2, "NeuralTextures": 5.0,
        "Attributes": 1.0, "Synthesis": 0.4, "TrueSwap": 1.6, "TrueReenactment": 1.6, "SelfDeepfakes": 1.4, "SelfFaceSwap": 1.2,
        "Recompressed": 0.4, "PastedBack": 0.3, "Enlarged": 0.2, "real": 0.2, "swap": 900.0, "textures": 300.0,
        "enhancer": 1800.0}       # with the decoders of those whom it learns from
LEARNING = ("Deepfakes", "SelfDeepfakes", "NeuralTextures")


def tasks(actors: int = 130, methods=None, controls=plan.CONTROLS, seed: int = 0, pairs: "int | None" = None) -> list:
    """All Tasks; pairs: only so many of the test part. ValueError for unknown names, too few actors, methods without network."""
    methods = available() if methods is None else methods
    for what, known, asked in (("method", plan.METHODS, methods), ("control", plan.CONTROLS, controls)):
        unknown = [name for name in asked if name not in known]
        if unknown:
            raise ValueError(f"Unknown {what} {unknown[0]!r}: there are {', '.join(known)}.")
    for method in methods:
        if method not in available():
            raise ValueError(f"{method} needs the checkpoint of lesson 06, stargan-64, which is not there.")
    people = plan.actors_of(actors, seed)
    return plan.tasks_of(plan.in_turn(people) if pairs is None else plan.pairs_of(people)["test"][:pairs], methods, controls)


def missing(root, wanted: list, compressions=("c23",)) -> list:
    """Those of the Tasks ``wanted`` whose files are not all there yet. ValueError for an unknown compression."""
    unknown = [name for name in compressions if name not in plan.COMPRESSIONS]
    if unknown:
        raise ValueError(f"Unknown compression {unknown[0]!r}: there are {', '.join(plan.COMPRESSIONS)}.")
    return [task for task in wanted if not all(path.exists() for path in paths(Path(root), task, compressions))]


def make_forensics(root, actors: int = 130, compressions=("c23",), methods=None, controls=plan.CONTROLS, seed: int = 0,
                   pairs: "int | None" = None, begin=None) -> None:
    """Write the set into the folder ``root``, in the layout of FaceForensics++; what is there already is kept.

    methods: by default those whose networks are there. pairs: only so many pairs of the test part. begin: the Starts, by
    default `manipulations.starts`. Raises what `tasks` and `missing` raise; and OSError, before any work, for a folder that
    cannot be written.
    """
    left = missing(root, tasks(actors, methods, controls, seed, pairs), compressions)
    root, people = writable_folder(root), plan.actors_of(actors, seed)
    plan.write_lists(root, people)
    if begin is None and any(task.method in LEARNING for task in left):
        begin = starts(people)
    filmed = lru_cache(maxsize=2)(film)                             # a pair's tasks follow each other
    for task in tqdm(left, "manipulating", unit="clip"):
        involved = {actor.id: filmed(actor) for actor in (task.target, task.source) if actor is not None}
        write(root, task, manipulated(task, involved, begin), involved[task.target.id], compressions)


def paths(root, task: plan.Task, compressions) -> list:
    """The files of a Task: a video of each compression and, of what differs from its original, a mask."""
    videos = [root / task.folder / compression / "videos" / f"{task.name}.mp4" for compression in compressions]
    return videos if task.method in ("real", "Enlarged") else [*videos, root / task.folder / "masks" / f"{task.name}.npz"]


def write(root, task, frames, target, compressions) -> None:
    """The files of a Task, those that are missing."""
    for path in paths(root, task, compressions):
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".npz":
            original = target.frames[target.kept]
            masks = masks_of(frames, original) if task.method != "Synthesis" else np.ones((len(frames), 1, 1), bool)
            packed = io.BytesIO()
            np.savez_compressed(packed, bits=np.packbits(masks), shape=np.array(masks.shape))
            write_bytes(path, packed.getvalue())
        else:
            crf = plan.COMPRESSIONS[path.parent.parent.name]
            media.write_video(path, frames, plan.FPS, crf, kind="neutral", progress=False)


def seconds(left) -> float:
    """About how long the Tasks take on one core."""
    people = {actor.id for task in left for actor in (task.target, task.source) if actor}
    learning = [task for task in left if task.method in LEARNING]
    decoders = {actor.id for task in learning if "Deepfakes" in task.method for actor in (task.target, task.source) if actor}
    own = COST["faces"] + COST["decoder"]
    total = COST["film"] * len(people) + own * len(decoders) + sum(COST[task.method] for task in left)
    if not learning or starts_shipped():
        return total
    return total + sum(COST[name] + (COST["film"] + COST["faces"]) * count for name, count in LEARNED_FROM.items())


def starts_shipped() -> bool:
    """Whether the networks that methods begin with come with the course."""
    try:
        for name in LEARNED_FROM:
            checkpoints.shipped(f"forensics-{name}")
    except FileNotFoundError:
        return False
    return True


REALS, REAL_FRAMES = 500, 20            # of the second set: people, and frames of each


def make_reals(root, people: int = REALS, compressions=("c23",), seed: int = 0) -> None:
    """A second set of real clips alone, of ``people`` who are in no forensics set: for rates of false alarm.

    Written into ``root`` as `original_sequences` are, so that ``FaceForensics(root, methods=())`` reads it. What is there is
    kept. Errors as of `make_forensics`.
    """
    root, actors = writable_folder(root), plan.strangers(people, seed)
    left = missing(root, [plan.Task("original_sequences/youtube", "real", actor, None) for actor in actors], compressions)
    for task in tqdm(left, "filming", unit="clip"):
        performance = cast.perform(task.target.performance, REAL_FRAMES / plan.FPS, plan.FPS)
        frames = [frame.image for frame in cast.render_clip(cast.sample_person(task.target.person), performance, plan.SIZE)]
        write(root, task, np.array(frames), None, compressions)
