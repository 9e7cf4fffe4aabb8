"""Every swap of the course held against the true swaps that only the cast can give: data/swaps.

    python tools/swap_table.py                          all pairs: about fifteen minutes of one core; goes on where it stopped
    python tools/swap_table.py --pairs ana-ben          some (source-target)

Writes data/swaps/scores.json and README.md, a figure and a swapped clip of each method, and lesson 05's title. Target, source
and true swaps are
rendered from the performances of the shipped clips, on which nothing is trained. What is measured in a clip is kept in the
cache, by pair, row, settings, cast and networks.
"""
import argparse
import hashlib
import io
import json

import cv2
import numpy as np
from tqdm.auto import tqdm

from dflib import cast, checkpoints, media
from dflib.cast.version import VERSION
from dflib.datasets import ActorClips
from dflib.datasets.facesets import performed_faces
from dflib.faces.follow import Follower
from dflib.files import replacing, write_bytes
from dflib.lesson import grid
from dflib.manipulate import follow_face, manipulate_video
from dflib.paths import DATA, cache_dir
from dflib.pictures import as_sheet
from dflib.scale import hardware
from dflib.studies.forensics_set import manipulations, network
from dflib.swap import deepfake, ruler
from dflib.swap.deepfake import DeepFake
from dflib.swap.faceswap import FaceSwap
from dflib.swap.train import PEOPLE

FOLDER = DATA / "swaps"
SIZE, SECONDS, FPS = 128, 3, 12
PAIRS = ("ana-ben", "ben-ana", "cem-dia", "dia-cem", "eve-finn", "finn-eve")        # source-target
# name: (method's settings, which true swap its pictures are compared with)
FACESWAP = {
    "FaceSwap": ({}, "face"), "FaceSwap, own colours": ({"colour": False}, "skin"),
    "FaceSwap, hard edge": ({"blend_by": "none"}, "face"), "FaceSwap, Poisson editing": ({"blend_by": "poisson"}, "face"),
    "FaceSwap, not smoothed": ({"smoothing": 0}, "face"),
}
DEEPFAKE = {
    "DeepFakes": ({}, "face"), "DeepFakes, own colours": ({"colour": "none"}, "skin"),
    "DeepFakes, mean colours": ({"colour": "mean"}, "face"), "DeepFakes, Poisson editing": ({"blend_by": "poisson"}, "face"),
    "DeepFakes, not sharpened": ({"sharpen": False}, "face"), "DeepFakes, not smoothed": ({"smoothing": 0}, "face"),
    "DeepFakes, placed by the fitted shape": ({"by_shape": True}, "face"),
}
# The same method by lesson 07's networks: an encoder that 60 other actors taught, and a decoder for each of the six.
SIX = "DeepFakes, one encoder and six decoders"
TAUGHT, A_SECOND, LENGTH = range(11, 27), 8.0, 2.5      # performances that a decoder learns from, frames a second, seconds
TRUTHS = {"the source's texture on the target's shape": "texture", "true swap": "face"}


class Scene:
    """What the rows of one pair share."""

    def __init__(self, pair):
        clips = ActorClips()
        self.source, self.target = pair.split("-")
        take = {name: cast.perform(clips[name].performance_seed, SECONDS, FPS).shots for name in (self.source, self.target)}
        self.ladder = ruler.ladder(clips[self.target].person(), clips[self.source].person(), take[self.target], SIZE)
        self.pictures = self.ladder.before
        own = [cast.render(clips[self.source].person(), shot, SIZE).image for shot in take[self.source]]
        self.source_clip, self.target_clip = media.Recording(self.source, own, FPS), media.Recording(self.target, list(self.pictures), FPS)
        self.runs, _ = follow_face(self.target_clip, progress=False)

    def swapped(self, method, only=None):
        """The target's frames (T, H, W, 3) as ``method`` changes them (or the numbers ``only``); one without a face stays."""
        method.learn(self.source_clip, self.target_clip, Follower(), progress=False)
        method.prepare(self.runs, progress=False)
        result = self.pictures.copy()
        for start, points in self.runs:
            for number in range(start, start + len(points)):
                if only is None or number in only:
                    result[number] = method.changed(number, self.pictures[number])
        return result


def of_six(pair) -> DeepFake:
    """The method for the two of a pair with SIX's networks, which have 64 px and an enhancer to 128."""
    begin, clips = manipulations.starts(()), ActorClips()
    known = [network.own(begin.swap, name, performed_faces(clips[name].person(), begin.swap.size, TAUGHT, A_SECOND, LENGTH, progress=False),
                         begin.decoder_steps, begin.bf16) for name in pair.split("-")]
    return DeepFake(network.joined(*known), 0, 1, enhancer=begin.enhancer)


def rows_of(pair) -> dict:
    """name -> (function of a Scene that gives the frames of this row, which true swap they are compared with)."""
    rows = {"no swap": (lambda scene: scene.pictures, "face")}
    rows |= {name: (lambda scene, how=how: scene.swapped(FaceSwap(**how)), goal) for name, (how, goal) in FACESWAP.items()}
    if set(pair.split("-")) == set(PEOPLE):
        people = [PEOPLE.index(who) for who in pair.split("-")]
        rows |= {name: (lambda scene, how=how: scene.swapped(DeepFake(deepfake.shipped(), *people, **how)), goal)
                 for name, (how, goal) in DEEPFAKE.items()}
    rows[SIX] = (lambda scene: scene.swapped(of_six(pair)), "face")
    return rows | {name: (lambda scene, rung=rung: scene.ladder.truths[rung], "face") for name, rung in TRUTHS.items()}


def measured(pair, name, scene, make, goal) -> dict:
    """What `ruler.measure` finds in a row of a pair, from the cache or now; ``scene()`` gives the Scene."""
    needed = {**dict.fromkeys(DEEPFAKE, ["autoencoder"]), SIX: ["forensics-swap", "forensics-enhancer"]}.get(name, [])
    networks = "".join(checkpoints.read_card(checkpoints.shipped(one))["sha256"] for one in needed)
    learned = (tuple(TAUGHT), A_SECOND, LENGTH, manipulations.Starts.decoder_steps)
    settings = learned if name == SIX else DEEPFAKE.get(name) or FACESWAP.get(name)
    about = (pair, name, settings, goal, SIZE, SECONDS, FPS, VERSION, networks)
    path = cache_dir() / "swap_table" / f"{pair}-{hashlib.sha256(repr(about).encode()).hexdigest()[:16]}.npz"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        with replacing(path) as temporary:
            np.savez(temporary, **ruler.measure(make(scene()), scene().ladder, goal))
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def text_of(done) -> str:
    """The card."""
    everyone = {name: values for name, values in done["rows"].items() if name not in DEEPFAKE}
    tables = [f"## All {len(PAIRS)} pairs\n\n{ruler.table(everyone)}\n",
              f"## Ana on Ben and Ben on Ana\n\n{ruler.table(done['known'])}\n"]
    return CARD.format(**done, taught=len(TAUGHT), decoder_steps=manipulations.Starts.decoder_steps, pairs=", ".join(PAIRS),
                       tables="\n".join(tables))


CARD = """# Swaps against the true swap

Both classic swaps of lessons 04 and 05, with and without each step, measured by `dflib.swap.ruler`. The cast can play what a
perfect swap would show: the target's head, hair and complexion with the source's face. Made by

    python tools/swap_table.py

{seconds} s of each shipped clip's performance at {size} px and {fps} frames a second, rendered anew; on these performances
nothing was trained. Pairs (source-target): {pairs}. Hardware: {hardware}. Cast: {cast}. Network of DeepFakes: {network}, which
knows ana and ben only. *One encoder and six decoders*: lesson 07's network at 64 px, whose encoder learned from 60 other actors,
with a decoder for each of the six, learned in {decoder_steps} steps from {taught} performances, and lesson 07's enhancer to 128 px.

*picture*, *structure* (SSIM) and *identity* are shares of the way from doing nothing (0) to the true swap (1), inside the
face; below 0 is worse than doing nothing. *lips* and *lids* are how mouth and eyes open with the target's, by the attribute
network against the exact landmarks, as shares of what the same network finds in the true swap: correlation, and slope.
*sharpness* is that of the face against its surroundings, as a share of the true swap's. *seam* (grey levels a pixel along the
mask's edge), *pose* (degrees) and *flicker* (grey levels) are differences from the true swap. Rows in their own colours are
compared with a true swap in the source's complexion. Identity is measured after bringing both to the target's colours.
Below each value is its 90 % interval, from a bootstrap over pairs and blocks of frames; with two pairs it says little about
other people, and where a clip blinks once or twice nothing about lids.

{tables}
Files: `swaps.jpg`, every row of the first pair in three frames; `ana-on-ben.mp4` and `ana-on-ben-faceswap.mp4`, ana's face on
ben's clip, by `python -m dflib swap --method autoencoder` and `--method faceswap`. Their labels say what they are. All
pictures show people who do not exist; CC0, as all of data.
"""


def figure_of(pair, path):
    """Three frames of some rows of a pair, as a JPEG."""
    scene, images, titles, people = Scene(pair), [], [], [PEOPLE.index(who) for who in pair.split("-")]
    chosen = [int(share * len(scene.pictures)) for share in (0.15, 0.5, 0.85)]
    rows = {"no swap": scene.pictures}
    rows |= {name: scene.swapped(FaceSwap(**how), chosen) for name, (how, _) in FACESWAP.items()}
    rows |= {name: scene.swapped(DeepFake(deepfake.shipped(), *people, **how), chosen) for name, (how, _) in DEEPFAKE.items()}
    rows[SIX] = scene.swapped(of_six(pair), chosen)
    rows |= {name: scene.ladder.truths[rung] for name, rung in TRUTHS.items()}
    for name, frames in rows.items():
        images += [frames[number] for number in chosen]
        titles += ["", name, ""]
    figure, buffer = grid(images, titles, columns=9, width=14), io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    picture = cv2.imdecode(np.frombuffer(buffer.getvalue(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    media.write_image(path, np.ascontiguousarray(picture), kind="composite", quality=85, note=f"swaps of {pair}")


def title_of(path):
    """Six frames of ben's clip, the same with ana's face by the network, and the true swap: the title of lesson 05."""
    clips, images = ActorClips(), []
    chosen = np.linspace(0.05, 0.95, 6) * len(clips["ben"].performance())
    for clip in (clips["ben"].path, FOLDER / "ana-on-ben.mp4"):
        frames = list(media.read_video(clip))
        images += [frames[int(number)] for number in chosen]
    person, shots = ruler.rungs(clips["ben"].person(), clips["ana"].person())["face"], clips["ben"].performance().shots
    images += [cast.render(person, shots[int(number)], 256).image for number in chosen]
    media.write_image(path, as_sheet(images, columns=6), kind="composite", quality=88, note="swap of ana and ben, and the true swap")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", nargs="+", choices=PAIRS, default=PAIRS)
    arguments = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    found = {}                                              # row -> pair -> what was measured
    for pair in arguments.pairs:
        scenes = []

        def scene():
            if not scenes:
                scenes.append(Scene(pair))
            return scenes[0]
        for name, (make, goal) in tqdm(rows_of(pair).items(), pair, unit="row"):
            found.setdefault(name, {})[pair] = measured(pair, name, scene, make, goal)
    if set(PAIRS) > set(arguments.pairs):
        print(ruler.table({name: ruler.summary(list(clips.values())) for name, clips in found.items()}))
        return
    known = [pair for pair in PAIRS if set(pair.split("-")) == set(PEOPLE)]
    order = list(rows_of(known[0]))
    rows = {name: ruler.summary(list(found[name].values())) for name in order}
    both = {name: ruler.summary([found[name][pair] for pair in known]) for name in order}
    card = checkpoints.read_card(checkpoints.shipped("autoencoder"))
    done = {"seconds": SECONDS, "size": SIZE, "fps": FPS, "cast": VERSION, "hardware": hardware(),
            "network": f"SHA-256 {card['sha256'][:12]}, {card['steps']:,} steps", "rows": rows, "known": both}
    rounded = json.loads(json.dumps(done), parse_float=lambda text: round(float(text), 4))
    write_bytes(FOLDER / "scores.json", (json.dumps(rounded, indent=1) + "\n").encode())
    write_bytes(FOLDER / "README.md", text_of(done).encode())
    clips()


def clips():
    """The swapped clips and the pictures."""
    source, target = (ActorClips()[name].path for name in PAIRS[0].split("-"))
    for name, method in (("ana-on-ben", DeepFake()), ("ana-on-ben-faceswap", FaceSwap())):
        manipulate_video(method, target, FOLDER / f"{name}.mp4", source)
    title_of(DATA / "figures" / "05_deepfakes.jpg")
    figure_of(PAIRS[0], FOLDER / "swaps.jpg")


if __name__ == "__main__":
    main()
