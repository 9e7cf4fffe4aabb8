"""Writing a challenge: pair of people by pair into a folder apart, then all files at once in the order of their names.

    FOLDER/learners/    dfdc_train_part_0/ …, test_videos/, sample_submission.csv, README.txt: to be handed out at the beginning
    FOLDER/private/     test_videos/, sample_submission.csv: to be handed out at the end, when nothing may be trained any more
    FOLDER/teacher/     key.csv, challenge.json: never

Whoever knows the seed can make the key: it stands in teacher/challenge.json alone.
"""
import json
import multiprocessing
import os
import secrets
import shutil
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np
from tqdm.auto import tqdm

from dflib import media
from dflib.datasets import FaceForensics, safe
from dflib.files import writable_folder, write_bytes
from dflib.studies.challenge import even, plan
from dflib.studies.forensics_set import manipulations
from dflib.studies.forensics_set import plan as forensics
from dflib.studies.forensics_set.film import Film, take
from dflib.studies.forensics_set.make import COST, starts_shipped

ACTORS, STOCKED = 100, 92       # by default: new people; those of a set of 130, as many as there are pairs for
WORKERS = 4         # at most: each takes most of a gigabyte
CODING = 0.15       # seconds of one core for each video, read or coded, and filled up
LEARNING = ("Deepfakes", "NeuralTextures")

RULES = """The challenge
=============

dfdc_train_part_0, 1, …   videos with metadata.json: which are FAKE, and of which original. Three of four are.
test_videos               videos without labels: these are yours to judge.
sample_submission.csv     what you hand in: filename,label for every test video. label is P(fake), from 0 to 1.

You are scored by log loss: the mean of -ln(the probability that you gave to what the video is). Always 0.5 scores 0.6931.
At the end you get a second folder of videos, which counts. Nothing may be trained or chosen on it. People, codings, kinds of
fakes and the share of fakes may be others there than here.

Nobody in these videos exists. All files carry the same label, dates and sizes of everything that is not picture: look at the
pictures. Use any detector of the course, or your own.
"""


def settings(root, actors: "int | None" = None, seed: "int | None" = None, stock=None) -> dict:
    """The actors, seed, methods and stock of the challenge in the folder ``root``, or of one to be made there; nothing is written.

    seed: drawn where there is none. methods: those that can be made now, on which all of the plan depends. stock: a set of `make
    forensics` whose clips are shown instead of new ones. ValueError where the folder holds another challenge.
    """
    path, stock = Path(root) / "teacher" / "challenge.json", None if stock is None else str(Path(stock).resolve())
    actors = actors or (ACTORS if stock is None else STOCKED)
    plan.sizes_of(actors)
    if not path.is_file():
        return {"actors": actors, "seed": secrets.randbits(63) if seed is None else seed, "stock": stock,
                "methods": list(manipulations.available() if stock is None else methods_in(stock))}
    there = safe.json_of(path, dict)
    if (there.get("actors"), there.get("stock")) != (actors, stock) or seed not in (None, there.get("seed")):
        raise ValueError(f"{root} holds a challenge of another seed, of other actors or of another set: choose another folder.")
    return there


def methods_in(stock) -> list:
    """Methods of a set of `make forensics`. ValueError for a set that has none that training shows."""
    found = [method for method in (*plan.SHOWN, *plan.HIDDEN) if (Path(stock) / "manipulated_sequences" / method).is_dir()]
    if not set(found) & set(plan.SHOWN):
        raise ValueError(f"{stock} is no set of make forensics: it has none of {', '.join(plan.SHOWN)}.")
    return found


def videos_of(chosen: dict) -> list:
    """Every Video of what `settings` gives."""
    stock = None
    if chosen["stock"]:
        pairs = {split: FaceForensics(chosen["stock"], split, methods=()).pairs for split in ("train", "val", "test")}
        stock = {split: [tuple(forensics.Actor(one, 0, 0, split) for one in pair) for pair in some]
                 for split, some in (("train", pairs["train"]), ("test", pairs["val"] + pairs["test"]))}
    return plan.videos_of(chosen["actors"], chosen["seed"], chosen["methods"], stock)


def missing(root, videos: list) -> list:
    """Those of a challenge's Videos that are not in its folder yet."""
    return [video for video in videos if not (Path(root) / video.folder / video.name).exists()]


def seconds(left, workers: int = 1, stock=None) -> float:
    """About how long the Videos take."""
    if stock:
        return CODING * len(left) / workers
    people, learners = ({actor.person for video in left if video.task.method in methods for actor in (video.task.target, video.task.source)
                         if actor} for methods in (("real", *forensics.METHODS), ("Deepfakes",)))
    learning = any(video.task.method in LEARNING for video in left)
    total = sum(COST[video.task.method] + CODING for video in left) + COST["film"] * len(people)
    total += (COST["faces"] + COST["decoder"]) * len(learners)
    return total / workers + (COST["swap"] + COST["textures"] if learning and not starts_shipped() else 0)


def make_challenge(root, actors: "int | None" = None, seed: "int | None" = None, workers: int = 1, stock=None, begin=None) -> None:
    """Write a challenge into the folder ``root``; what is there is kept, and an interrupted call goes on.

    actors, seed, stock: as in `settings`. workers: processes. begin: the Starts, see `forensics_set.manipulations`. Raises
    ValueError as `settings` and `plan.videos_of` do, and OSError, before any work, for a folder that cannot be written.
    """
    chosen = settings(root, actors, seed, stock)
    videos, root = videos_of(chosen), writable_folder(root)
    unfinished = writable_folder(root / "teacher" / "unfinished")
    write_bytes(root / "teacher" / "challenge.json", (json.dumps(chosen) + "\n").encode())
    left = missing(root, videos)
    staged = [video for video in left if not (unfinished / video.name).exists()]
    if begin is None and not chosen["stock"] and any(video.task.method in LEARNING for video in staged):
        begin = manipulations.starts(forensics.actors_of(130))
    pairs = [[video for video in staged if video.group == group] for group in dict.fromkeys(video.group for video in staged)]
    with tqdm(total=len(videos), desc="making a challenge", unit="video", initial=len(videos) - len(staged)) as bar:
        for count in _all_made(pairs, partial(_make_pair, unfinished, begin, chosen["stock"]), workers):
            bar.update(count)
    _hand_out(root, videos, left, unfinished)
    for name, text in lists_of(videos).items():
        write_bytes(root / name, text.encode())
    shutil.rmtree(unfinished)


def _all_made(pairs, make, workers):
    """Numbers of videos, pair by pair, as they are made."""
    if workers == 1 or len(pairs) < 2:
        yield from map(make, pairs)
        return
    import torch

    # Spawned, because a process that was forked while numba or torch had threads may hang.
    with multiprocessing.get_context("spawn").Pool(min(workers, len(pairs)), torch.set_num_threads, (1,)) as pool:
        yield from pool.imap_unordered(make, pairs)
        pool.close()
        pool.join()


def _make_pair(unfinished, begin, stock, videos) -> int:
    """The videos of a pair of people, into the folder of unfinished ones; how many that were."""
    filmed = lru_cache(maxsize=None)(lambda actor: Film(actor, **take(actor)))
    for video in videos:
        task, (share, crf) = video.task, video.look
        if stock:
            frames = _from(stock, task)
        else:
            films = {actor.id: filmed(actor) for actor in (task.target, task.source) if actor is not None}
            frames = manipulations.manipulated(task, films, begin)
        side = 2 * round(frames.shape[1] * share / 2)
        if side != frames.shape[1]:
            frames = np.array([cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA) for frame in frames])
        media.write_video(unfinished / video.name, frames, forensics.FPS, crf, kind="neutral", progress=False, steady=True)
    return len(videos)


def _from(stock, task) -> np.ndarray:
    """The frames of a Task, of a set that has it."""
    folder = "original_sequences/youtube" if task.method == "real" else f"manipulated_sequences/{task.method}"
    return np.array(list(media.read_video(Path(stock) / folder / "c23" / "videos" / f"{task.name}.mp4")))


def _hand_out(root, videos, left, unfinished) -> None:
    """Write what is left where it belongs, evened out over all videos of its look, in the order of names: dates tell nothing."""
    path = root / "teacher" / "frames.json"     # bytes of each frame: a file that was lost later is made again the same
    if path.exists():
        sizes = safe.json_of(path, dict)
    else:
        looks = dict.fromkeys(video.look for video in videos)
        sizes = {f"{look}": even.longest([unfinished / video.name for video in videos if video.look == look]) for look in looks}
        write_bytes(path, (json.dumps(sizes) + "\n").encode())
    for video in sorted(left, key=lambda video: video.name):
        target = writable_folder(root / video.folder) / video.name
        even.write_even(target, unfinished / video.name, sizes[f"{video.look}"])


def lists_of(videos) -> dict:
    """Path inside the challenge -> text of everything that is no video."""
    learners = [video for video in videos if video.part == "public"]
    private = [video for video in videos if video.part == "private"]
    found = {f"{folder}/metadata.json": plan.metadata([video for video in videos if video.folder == folder])
             for folder in sorted({video.folder for video in videos if video.part == "train"})}
    return found | {"learners/README.txt": RULES, "learners/sample_submission.csv": plan.sample(learners),
                    "private/sample_submission.csv": plan.sample(learners + private), "teacher/key.csv": plan.key(learners + private)}


def processes() -> int:
    """How many this machine takes."""
    return max(1, min(WORKERS, os.cpu_count() or 1))
