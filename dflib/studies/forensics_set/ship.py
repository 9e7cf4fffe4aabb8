"""What of a full set goes into data/forensics, and its card.

    python -m dflib.studies.forensics_set.ship --starts     the three networks that methods begin with, into data/checkpoints
    python -m dflib.studies.forensics_set.ship FOLDER       FOLDER: as `make forensics` writes it, with c23, c40 and, for the
                                                            scores, raw

c23 and masks of originals, methods and Enlarged; c40 of the test part of originals and the paper's four methods; the other
controls of the first CONTROLLED pairs of the test part. `actors.json`, the lists, the scores against the truth, the leaks.
"""
import argparse
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np

from dflib import checkpoints, media
from dflib.datasets import FaceForensics
from dflib.files import write_bytes
from dflib.paths import CHECKPOINTS, DATA
from dflib.pictures import as_sheet, resized
from dflib.studies.forensics_set import leaks, make, plan, scores
from dflib.studies.forensics_set.manipulations import LEARNED_FROM, runs

METHODS = (*plan.METHODS[:4], "Synthesis")      # that are shipped: with Attributes it would be more than 22 MiB
CONTROLLED = 10                                 # test pairs of which controls are shipped
SHOWN, MOMENT, TITLE = {"others": "061", "Synthesis": "088"}, 6, 240        # in the title picture: clips, frame, pixels
CARD = """# A forensics data set: FaceForensics++ in small

{count} people who do not exist, one clip each, and what several methods made of their faces. Folders, names and lists are those of
FaceForensics++ (Rössler et al. 2019), so that one reader loads both:

```python
from dflib.datasets import FaceForensics, crops_of
from dflib.paths import DATA
train = FaceForensics(DATA / "forensics", split="train")        # the paper's four methods; also Synthesis may be named
crops = crops_of(train, size=128)                               # cut by the original's boxes, masks included
```

| folder | contents |
|---|---|
| `original_sequences/youtube` | {count} clips: 32 frames of 160 px, 12.5 a second, H.264 at crf 23, of test actors at crf 40 too |
| `manipulated_sequences/<method>` | {methods}; `000_001.mp4` is 000's clip with the face or the expression of 001 |
| `manipulated_sequences/<method>/masks` | where a fake differs from its original by more than 8 of 255 levels, uncompressed; 80 px, bits |
| `control_sequences/<control>` | see below; *Enlarged* of all, the others of the first {controlled} test pairs |
| `splits/` | lists of pairs: {splits}. Pairs, not clips, are what is independent |
| `actors.json` | who everybody is, the seeds, pose and light: all is rendered again from it |
| `scores.json`, `leaks.json` | the tables below |
| `SHA256SUMS` | of every file |

{rest} is made from the same renders, never from these files, by

    python -m dflib make forensics FOLDER --compression c23 c40 raw

**How it was made.** An actor of the cast gives one performance of 96 frames under one light, rendered at 160 px; the face is
followed by the course's own networks, as in any video. The middle 32 frames are kept. *Deepfakes*: lesson 05's network at 64 px;
encoder and a decoder that is everybody's start learned from the 60 training actors, each actor's own decoder from that actor's clip
and twelve more performances in other lights. An enhancer (Perov et al. 2020), learned from the training actors' own faces, draws
its 64 px as 128.
*FaceSwap*: lesson 04. *Face2Face*: the source's expression on the target's fitted model and own skin. *NeuralTextures*: a learned
texture on the fitted head and a U-Net of 55,379 parameters that began with 20 training actors, the lower face replaced.
*Synthesis*: lesson 03's generator, a short walk in w, enlarged from 64 px; no person is behind it. Every file, real or fake, was
encoded once from lossless frames (*Recompressed* twice) and carries the same neutral label.

**Controls.** *TrueSwap* and *TrueReenactment* are rendered: perfect fakes without a trace of any method. *SelfDeepfakes* and
*SelfFaceSwap* put a person's own face back: traces of the method and nobody changed. *Recompressed* was coded twice, *PastedBack*
cut out, reduced to 64 px and put back. *Enlarged* are the originals as the generator of Synthesis frames and sizes them: compare
Synthesis with these, or a detector learns the enlargement.

## Methods against the truth

Validation and test actors, {pairs} pairs, {compression}, inside what the truth or the method changes; "nothing" is the untouched
original. Means with 95 % intervals, bootstrap over pairs.

{scores}

A swap in matched colours rarely beats doing nothing in PSNR: another face two pixels off costs more than the right person's in place.

## Who is in it

{people}

Seeds that end in 0–7 train, 8 validate, 9 test; no network in the pipeline has learned from a validation or test actor, apart from
what a method learns from the very clip that it changes. From training actors some have (the common starts, the enhancer), so that
their fakes may be a little better than those of the test.

## Five leaks, and how each is closed

Area under the curve of a classifier that knows nothing of manipulation, in folds over pairs, 95 % interval over {all_pairs} pairs.

| leak | wrong protocol | this set's own |
|---|---:|---:|
{leaks}

*identity* (look up the most similar known person in the identity network; wrong: some people only real, others only fake, frames
of one clip on both sides): everybody is real and fake equally often, so that this is 0.5 by design, and pairs are split. *source*
(histogram of colours; wrong: reals from another camera): a fake is its original's footage. *codec* (blocks and fine detail; wrong:
fakes coded once more, harder): everything is coded once, alike. *order* (number of the frame; wrong: reals from the beginning, fakes
from the end): same frames, 0.5 by design. *light* (which side of the face is brighter; wrong: lit from the left real, from the right
fake): same light. A number near 0.5 says that this classifier finds nothing, not that there is nothing to find.

## Known artefacts

Deepfakes: skin without pores, since the network draws 64 px; eyes and teeth redrawn by the enhancer; glasses and beards faint or
doubled, and in turned heads a seam where hair meets the forehead. FaceSwap: the target's eyes and mouth stay;
far turned heads smear, the source's hair and background leak in at the edge of the face. Face2Face: lids stay the target's; teeth
come from other frames.
NeuralTextures: cheeks smoother than the forehead, background specks along the jaw. Synthesis: odd hair and backgrounds, one pose.

**Not good for** saying anything about the world: people look rendered, move by the same rules, have one light and no sound; a detector
trained here may fail on any camera's video, and none of its error rates carries over. Clips are short and small, methods few
and simple. Tones and ages are spread by the cast's design and mirror no population.

All pictures show people who do not exist; CC0, as all of data.
"""


def whole_pairs(full) -> list:
    """The pairs of which everything is in the set's folder ``full``, in the order in which they are made."""
    return [pair for pair in plan.in_turn(plan.actors_of(130)) if not make.missing(full, plan.tasks_of([pair], METHODS), ("c23", "c40"))]


def shipped(pairs) -> list:
    """Paths below the set's folder that are shipped, of these pairs."""
    seen = {actor.id for pair in [pair for pair in pairs if pair[0].split == "test"][:CONTROLLED] for actor in pair}
    chosen = []
    for task in plan.tasks_of(pairs, METHODS):
        if task.folder.startswith("control") and task.method != "Enlarged" and task.target.id not in seen:
            continue
        small = task.target.split == "test" and task.method in ("real", *plan.METHODS[:4])
        chosen += make.paths(Path(), task, ("c23", "c40") if small else ("c23",))
    return chosen


def ship(full, destination=DATA / "forensics") -> None:
    """Copy the shipped part of the set in the folder ``full``, measure, and write the card and SHA256SUMS."""
    full = Path(full)
    pairs = whole_pairs(full)
    for file in shipped(pairs):
        (destination / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(full / file, destination / file)
    plan.write_lists(destination, [actor for pair in pairs for actor in pair], pairs)
    people = json.loads((destination / "actors.json").read_text())["actors"]
    found = leaks.pictures_of(destination, people, [[a.id, b.id] for a, b in pairs])
    results = {leak: {name: vars(leaks.measured(found, leak, wrong)) for name, wrong in (("wrong", True), ("own", False))}
               for leak in leaks.LEAKS}
    write_bytes(destination / "leaks.json", (json.dumps(results, indent=1) + "\n").encode())
    measured = scores.score(full, destination / "splits")
    write_bytes(destination / "scores.json", (json.dumps(measured, indent=1) + "\n").encode())
    write_bytes(destination / "README.md", card(people, measured, results).encode())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(destination)}\n"
            for path in sorted(destination.rglob("*")) if path.is_file() and path.name not in ("SHA256SUMS", "README.md")]
    write_bytes(destination / "SHA256SUMS", "".join(sums).encode())


def title(root) -> np.ndarray:
    """Lesson 07's title picture, (H, W, 3) uint8: a frame untouched and after each method, and what each changed."""
    methods = ("real", *METHODS)
    clips = {(clip.method, clip.target or clip.path.stem): clip for clip in FaceForensics(root, "all", methods=METHODS)}
    chosen = [clips[name, SHOWN["Synthesis" if name == "Synthesis" else "others"]] for name in methods]
    frames = [clip.frames()[MOMENT] for clip in chosen]
    masks = [np.zeros((plan.SIZE, plan.SIZE), bool) if clip.method == "real" else clip.masks_at([MOMENT])[0] for clip in chosen]
    rows = [*frames, *(np.repeat(np.uint8(255) * mask[..., None], 3, 2) for mask in masks)]
    return as_sheet([resized(picture, TITLE) for picture in rows], len(methods))


def ship_starts(**made) -> None:
    """Train the Starts on this set's actors, or take their runs from the cache, and write them into data/checkpoints.

    made: fields of the first card, for a network that was trained otherwise.
    """
    from_what = {"swap": "clips and more performances", "textures": "clips", "enhancer": "clips and own decoders"}
    models = ("autoencoder", "start", "enhancer")
    for name, run, model, what in zip(LEARNED_FROM, runs(plan.actors_of(130)), models, (made, {}, {})):
        last = float(np.mean([row["loss"] for row in run.history[-10:]]))
        about = {"recipe": "python -m dflib.studies.forensics_set.ship --starts", "steps": run.done, "seed": run.seed,
                 "data": f"the {from_what[name]} of {LEARNED_FROM[name]} training actors of the forensics set",
                 "scores": {"loss": round(last, 4)}, "wall_time": round(run.history[-1]["seconds"], 1), **what}
        checkpoints.save(CHECKPOINTS / f"forensics-{name}.safetensors", run.models[model], about, precision="float16")


def card(people: dict, measured: dict, results: dict) -> str:
    """The data set's card, in Markdown."""
    counts = {split: sum(about["split"] == split for about in people.values()) // 2 for split in ("train", "val", "test")}
    rest = ("The rest (Attributes by lesson 06's network, c40 and raw of all, all controls)" if len(people) == 130 else
            f"Everything (130 actors in 65 pairs, of which {len(people) // 2} are here; Attributes; c40 and raw of all; all controls)")
    rows = [f"| {leak} | {bounds(results[leak]['wrong'])} | {bounds(results[leak]['own'])} |" for leak in leaks.LEAKS]
    return CARD.format(
        count=len(people), all_pairs=len(people) // 2, rest=rest, methods=", ".join(METHODS), controlled=CONTROLLED,
        splits="{train} to train, {val} to validate, {test} to test".format(**counts), compression=measured["compression"],
        pairs=measured["pairs"], scores=scores.table(measured), leaks="\n".join(rows), people=people_table(people))


def bounds(estimate: dict) -> str:
    """"0.51 (0.45 … 0.57)"."""
    return "{value:.2f} ({low:.2f} … {high:.2f})".format(**estimate)


def people_table(people: dict) -> str:
    """Distributions of the actors of `actors.json`, a row for each split."""
    lines = ["| split | actors | women | age: 18–35, 35–55, 55–80 | tone: light, middle, dark third | turn of the head, mean of the clip: "
             "5 %, median, 95 % |", "|---|---:|---:|---|---|---|"]
    for split in ("train", "val", "test"):
        some = [about for about in people.values() if about["split"] == split]
        ages, tones = (np.array([about[name] for about in some]) for name in ("age", "tone"))
        by_age = np.histogram(ages, (0, 35, 55, 200))[0]
        by_tone = np.histogram(tones, (-1, 1 / 3, 2 / 3, 2))[0]
        turns = np.percentile([about["yaw"][1] for about in some], (5, 50, 95))
        lines.append(f"| {split} | {len(some)} | {sum(about['female'] for about in some)} | {', '.join(map(str, by_age))} | "
                     f"{', '.join(map(str, by_tone))} | {', '.join(f'{turn:.0f}°' for turn in turns)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Ship a full forensics set as data/forensics.")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--starts", action="store_true")
    chosen = parser.parse_args()
    if chosen.starts:
        ship_starts()
    if chosen.folder:
        ship(chosen.folder)
        media.write_image(DATA / "figures/07_forensics.jpg", title(DATA / "forensics"), kind="composite", quality=88)
