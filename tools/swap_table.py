"""Every swap of the course against the true swap, with and without each step: data/swaps.

    python tools/swap_table.py                          all pairs: about 40 minutes of one core; goes on where it stopped
    python tools/swap_table.py --pairs ana-ben          some (source-target)
    python tools/swap_table.py --again                  forget the rows that are there

Writes data/swaps/scores.json after each row, and at the end README.md, a figure and a swapped clip of each method. Target,
source and true swap are rendered from the performances of the shipped clips, on which nothing is trained. The networks
that leave out a step of the training are trained here, for STEPS steps each, and kept in the cache.
"""
import argparse
import hashlib
import io
import itertools
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from tqdm.auto import tqdm

from dflib import checkpoints, media
from dflib.cast.version import VERSION
from dflib.datasets import ActorClips
from dflib.scale import hardware
from dflib.files import write_bytes
from dflib.lesson import grid
from dflib.paths import cache_dir
from dflib.swap import autoencoder, scores
from dflib.swap.autoencoder import SeparateEncoders, SwapAutoencoder
from dflib.swap.deepfake import DeepFake
from dflib.swap.faceswap import FaceSwap
from dflib.swap.train import GENTLE, LIGHT, PEOPLE, RECIPES, autoencoder_run, training_faces
from dflib.faces.follow import Follower
from dflib.manipulate import follow_face, manipulate_video
from dflib.swap.warp import Warp

FOLDER = Path(__file__).resolve().parents[1] / "data" / "swaps"
SIZE, SECONDS, FPS = 128, 3, 25
PAIRS = ("ana-ben", "ben-ana", "cem-dia", "eve-finn")           # source-target
STEPS, WIDTH = 1200, 8                                         # of the networks that leave something out
FACESWAP = {
    "FaceSwap": {}, "FaceSwap without colour matching": {"colour": False}, "FaceSwap without a soft edge": {"blend_by": "none"},
    "FaceSwap with Poisson editing": {"blend_by": "poisson"}, "FaceSwap without smoothing": {"smoothing": 0},
}
DEEPFAKE = {
    "DeepFakes": {}, "DeepFakes without colour matching": {"colour": "none"}, "DeepFakes with mean colours": {"colour": "mean"},
    "DeepFakes without a soft edge": {"blend_by": "none"},
    "DeepFakes with Poisson editing": {"blend_by": "poisson"}, "DeepFakes without smoothing": {"smoothing": 0},
    "DeepFakes placed by the fitted shape": {"placed": True},
}
# name: changes to the recipe, kind of network, augmentation (None: the recipe's)
SHORT = {
    "small network": ({}, SwapAutoencoder, None),
    "small network, no warping": ({}, SwapAutoencoder, Warp(0, 0, 0, 0, 0)),
    "small network, an encoder for each person": ({}, SeparateEncoders, None),
    "small network, the original's recipe": ({"plain": True}, SwapAutoencoder, None),
}


def trained(name, sets=None):
    """The network of a row of SHORT, from the cache or trained now on `sets` (by default `training_faces`)."""
    change, network, how = SHORT[name]
    recipe = replace(RECIPES["cpu"], width=WIDTH, steps=STEPS, **change)
    key = hashlib.sha256(repr((recipe, network.__name__, how, GENTLE, LIGHT)).encode()).hexdigest()[:8]
    folder = cache_dir() / "swap_table" / key
    path = folder / "network.safetensors"
    if not path.exists():
        run = autoencoder_run(folder, sets or training_faces(PEOPLE, recipe), recipe, network=network, how=how)
        run.fit()
        run.export(path, "autoencoder", "python tools/swap_table.py", "rendered cast only: ana and ben", {})
    model = network(recipe.size, recipe.width, len(PEOPLE), aligned=not recipe.plain)
    return checkpoints.load(path, model)[0].eval()


class Scene:
    """What the rows of one pair share."""

    def __init__(self, pair):
        clips = ActorClips()
        source, target = pair.split("-")
        count = SECONDS * FPS
        self.target, truth = ([*itertools.islice(clips.true_swap(target, who, SIZE), count)] for who in (target, source))
        own = [*itertools.islice(clips.true_swap(source, source, SIZE), count)]
        self.pictures = np.array([frame.image for frame in self.target])
        looks = [(np.array([frame.image for frame in frames[::5]]), np.array([frame.landmarks for frame in frames[::5]]))
                 for frames in (own, self.target)]
        self.truth = scores.true_swap(truth, *looks)
        self.source_clip = media.Recording(source, [frame.image for frame in own], FPS)
        self.target_clip = media.Recording(target, list(self.pictures), FPS)
        self.runs, _ = follow_face(self.target_clip, progress=False)

    def swapped(self, method):
        """The target's frames (T, H, W, 3) as ``method`` changes them; a frame without a face stays."""
        method.learn(self.source_clip, self.target_clip, Follower(), progress=False)
        method.prepare(self.runs, progress=False)
        result = self.pictures.copy()
        for start, points in self.runs:
            for number in range(start, start + len(points)):
                result[number] = method.changed(number, self.pictures[number])
        return result


def rows_of(pair):
    """name -> function of a Scene that gives the frames of this row."""
    rows = {"no swap": lambda scene: scene.pictures}
    rows |= {name: lambda scene, how=how: scene.swapped(FaceSwap(**how)) for name, how in FACESWAP.items()}
    if set(pair.split("-")) == set(PEOPLE):
        people = [PEOPLE.index(who) for who in pair.split("-")]
        rows |= {name: lambda scene, how=how: scene.swapped(DeepFake(shipped_network(), *people, **how))
                 for name, how in DEEPFAKE.items()}
        rows |= {name: lambda scene, name=name: scene.swapped(DeepFake(trained(name), *people)) for name in SHORT}
    rows["true swap"] = lambda scene: scene.truth.frames
    return rows


def shipped_network():
    return autoencoder.load(checkpoints.shipped("autoencoder"))[0]


def text_of(done):
    """The card."""
    tables = []
    for pair in filter(done["rows"].get, PAIRS):
        rows = done["rows"][pair]
        source, target = pair.split("-")
        ordered = {name: {key: float(value) for key, value in rows[name].items()} for name in rows_of(pair) if name in rows}
        tables.append(f"## The face of {source} on {target}\n\n{scores.table(ordered)}\n")
    return CARD.format(**done, steps=f"{STEPS:,}", width=WIDTH, tables="\n".join(tables))


CARD = """# Swaps against the true swap

Both classic swaps of lessons 04 and 05, with and without each step, scored by `dflib.swap.scores`. The true swap is the
target's performance, played and rendered with the source person: what a perfect swap would look like. Made by

    python tools/swap_table.py

which goes on where it stopped; numbers are in `scores.json`. {seconds} s of each shipped clip's performance at {size} px and
{fps} frames a second, rendered anew; on these performances nothing was trained. Hardware: {hardware}. Cast: version {cast}.

PSNR and SSIM count the pixels inside the true swap's face; *SSIM, all* the whole picture. Landmarks are found by dflib's
network; their error is in per cent of the distance between the outer eye corners, as is that of the expression. Pose is
an angle in degrees, flicker in gray levels. *like* is a cosine between embeddings. *no swap* and *true swap* show what
doing nothing and a perfect result would score. FaceSwap and DeepFakes are what `python -m dflib swap` does; the rows below each
change one step. DeepFakes is the shipped `data/checkpoints/autoencoder.safetensors`, which knows ana and ben only. FaceSwap
matches the mean colour, DeepFakes uses Reinhard's transfer; *with mean colours* is its row with a shift of the mean. The small
networks (width {width}, {steps} steps) were trained by this tool to be compared with each other: they are far from finished.

How to read it: matching colours hides the seam and costs most of the PSNR, because complexion is part of the person; compare
the rows without it, where DeepFakes is nearer to the true swap than FaceSwap in both directions (PSNR and SSIM). Reinhard's
transfer keeps eyes natural where a shift of the mean blackens their whites (ana on ben), and flattens a dark face on a light
person (ben on ana: lower SSIM than with mean colours). The original's recipe loses the face (landmarks); an encoder for each
person costs SSIM in both directions. Differences of a degree of pose, or of a tenth of a per cent of expression, are within
what the true swap itself shows, the error of the networks that measure.

{tables}
Files: `swaps.jpg`, every row of the first pair in three frames; `ana-on-ben.mp4` and `ana-on-ben-faceswap.mp4`, ana's face on
ben's clip, by `python -m dflib swap --method autoencoder` and `--method faceswap`. Their labels say what they are. All
pictures show people who do not exist; CC0, as all of data.
"""


def figure_of(pair, path):
    """Three frames of every row of a pair, as a JPEG."""
    scene, images, titles = Scene(pair), [], []
    chosen = np.linspace(0.15, 0.85, 3) * len(scene.pictures)
    for name, make in rows_of(pair).items():
        frames = make(scene)
        images += [frames[int(number)] for number in chosen]
        titles += ["", name, ""]
    figure = grid(images, titles, columns=9, width=14)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    picture = cv2.imdecode(np.frombuffer(buffer.getvalue(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    media.write_image(path, np.ascontiguousarray(picture), kind="composite", quality=85, note=f"swaps of {pair}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", nargs="+", choices=PAIRS, default=PAIRS)
    parser.add_argument("--again", action="store_true")
    arguments = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / "scores.json"
    done = json.loads(path.read_text()) if path.exists() and not arguments.again else {"rows": {}}
    for pair in arguments.pairs:
        rows, scene = rows_of(pair), None
        for name, make in tqdm(rows.items(), pair, unit="row"):
            if name not in done["rows"].setdefault(pair, {}):
                scene = scene or Scene(pair)
                found = scores.score(make(scene), scene.truth)
                done["rows"][pair][name] = {key: round(value, 4) if np.isfinite(value) else "inf" for key, value in found.items()}
                done |= {"seconds": SECONDS, "size": SIZE, "fps": FPS, "cast": VERSION, "hardware": hardware()}
                write_bytes(path, (json.dumps(done, indent=1) + "\n").encode())
    write_bytes(FOLDER / "README.md", text_of(done).encode())
    if set(PAIRS) <= set(arguments.pairs):
        figure_of(PAIRS[0], FOLDER / "swaps.jpg")
        source, target = (ActorClips()[name].path for name in PAIRS[0].split("-"))
        for name, method in (("ana-on-ben-faceswap", FaceSwap()), ("ana-on-ben", DeepFake())):
            manipulate_video(method, target, FOLDER / f"{name}.mp4", source)


if __name__ == "__main__":
    main()
