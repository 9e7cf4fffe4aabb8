"""What each part of lesson 05's cure is worth: small swap networks without one of them, against the truth: data/cure.

    python -m dflib.studies.cure                        all: about a quarter of an hour of one core; goes on where it stopped
    python -m dflib.studies.cure --only plain cured     some of them

The cured recipe masks the encoder's input, standardises the colours of skin, aligns the codes of each person, counts structure
beside the error, changes the light and bends the faces, less than the original. Each row is the recipe without one of these,
with separate encoders, without all, or with few faces, by both seeds. Swaps are compared with the true swap in performances
that training did not see. Writes data/cure/scores.json after each row, then README.md and faces.png of all rows.
"""
import argparse
import json
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from tqdm.auto import tqdm

from dflib import cast, metrics
from dflib.datasets import ActorClips, facesets
from dflib.files import write_bytes
from dflib.media import write_image
from dflib.metrics.classification import interval
from dflib.paths import DATA, cache_dir
from dflib.scale import current, hardware
from dflib.swap import autoencoder, deepfake, train
from dflib.training.record import describe

FOLDER = DATA / "cure"
SEEDS = (0, 1)
SIZE = 32
#: Steps, performances to learn from of each person, and held-out ones to score by, at each scale.
LENGTHS = {"smoke": (4, 2, 2), "cpu": (600, 16, 20), "gpu": (10_000, 40, 20)}
SECONDS, FPS, FRAMES = 2.5, 8.0, 5          # of a performance that is learned from; frames of one that is held out
FEW = 20                                    # faces of each person, where few are learned from
WATCHED = 10                                # times that a run is measured
SHOWN = 3                                   # frames of each direction in faces.png
UNBENT = replace(train.GENTLE, jitter=0.0)


class SeesAll(autoencoder.SwapAutoencoder):
    """Hair and background are not masked."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.aligned = False                # it is what masks the input; codes are aligned all the same

    def encode(self, faces, person):
        return self.norms[person](super().encode(faces, person))


class OwnColours(autoencoder.SwapAutoencoder):
    """Skin is shown as it is."""

    def standardised(self, faces, person):
        return faces


class OwnCodes(autoencoder.SwapAutoencoder):
    """Codes of a person are not aligned."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.norms = nn.ModuleList(nn.Identity() for _ in self.norms)


def without_structure(made, targets, recipe):
    """The error alone: `train.reconstruction_loss` without DSSIM."""
    return autoencoder.mae(made.contiguous(), autoencoder.unpacked(targets)[0], train.weights(targets, recipe))


@dataclass(frozen=True)
class Variant:
    """A row: what differs from the cured recipe. settings: of `train.autoencoder_run`."""
    words: str
    settings: dict
    plain: bool = False
    few: bool = False


VARIANTS = {
    "cured": Variant("all six", {}),
    "no mask": Variant("the encoder sees hair and background", {"network": SeesAll}),
    "own colours": Variant("skin is not standardised", {"network": OwnColours}),
    "own codes": Variant("codes are not aligned", {"network": OwnCodes}),
    "no structure": Variant("no DSSIM in the loss", {"loss": without_structure}),
    "no light": Variant("the light is not changed", {"light": 0.0}),
    "no warp": Variant("faces are turned and moved, not bent", {"how": UNBENT}),
    "separate encoders": Variant("an encoder for each person", {"network": autoencoder.SeparateEncoders}),
    "plain": Variant("the original's recipe: none of the first five, and a stronger warp", {}, plain=True),
    "few faces": Variant(f"all six, {FEW} faces of each person", {}, few=True),
    "few faces, no warp": Variant("the same, not bent", {"how": UNBENT}, few=True),
}


@dataclass(frozen=True)
class Truth:
    """Held-out faces of both people in the same shots: crops [(N, S, S, 3)] * 2, masks [(N, S, S)] * 2, performances (N,)."""
    crops: list
    masks: list
    performances: np.ndarray


def people() -> list:
    """The two actors of lesson 05."""
    return [ActorClips()[name].person() for name in train.PEOPLE]


def truth_of(count: int) -> Truth:
    """``count`` performances that both people give, FRAMES frames of each."""
    shots = [cast.perform(101 + k, FRAMES, 2).shots[1::2] for k in range(count)]
    found = [[facesets.cut(frame.image, frame.landmarks, SIZE) for part in shots
              for frame in (cast.render(person, shot, 2 * SIZE) for shot in part)] for person in people()]
    crops, masks = ([np.array([cut[column] for cut in of]) for of in found] for column in (0, 1))
    return Truth(crops, masks, np.repeat(np.arange(count), [len(part) for part in shots]))


def scores_of(model, truth: Truth) -> dict:
    """Of every held-out frame (2 N,), both directions: PSNR and SSIM of the swap, and PSNR of the reconstruction."""
    found = {"swap": [], "structure": [], "reconstruction": []}
    for k in (0, 1):
        given, other = (truth.crops[k], truth.masks[k]), (truth.crops[1 - k], truth.masks[1 - k])
        swap = deepfake.decoded(model, *given, 1 - k, k)
        found["swap"].append(metrics.psnr(swap, *other))
        found["structure"].append(metrics.ssim(swap, *other))
        found["reconstruction"].append(metrics.psnr(deepfake.decoded(model, *given, k, k), *given))
    return {name: np.concatenate(parts) for name, parts in found.items()}


@torch.no_grad()
def codes(model, person: int, levels) -> np.ndarray:
    """(N, D) of faces (N, 4, S, S) with their masks."""
    pictures, hulls = autoencoder.unpacked(levels.float())
    return model.encode(autoencoder.masked(pictures, hulls) if model.aligned else pictures, person).numpy()


def leak(model, sets: list, truth: Truth) -> float:
    """Share of held-out faces of which a small network, fitted to the codes of those learned from, tells whose they are."""
    learned = [codes(model, k, train.centre(faces.tensor())[:, :4]) for k, faces in enumerate(sets)]
    held = [codes(model, k, torch.from_numpy(np.concatenate([crops, 255 * masks[..., None].astype(np.uint8)], 3)).permute(0, 3, 1, 2))
            for k, (crops, masks) in enumerate(zip(truth.crops, truth.masks))]
    probe = make_pipeline(StandardScaler(), MLPClassifier((64,), alpha=0.1, max_iter=400, random_state=0))
    probe.fit(np.concatenate(learned), np.repeat([0, 1], [len(part) for part in learned]))
    return float(probe.score(np.concatenate(held), np.repeat([0, 1], [len(part) for part in held])))


def run_of(name: str, seed: int, sets: list, truth: Truth, steps: int):
    """The run of a variant, in the cache, from where it stopped; it is measured WATCHED times."""
    variant = VARIANTS[name]
    recipe = replace(train.RECIPES["cpu"], size=SIZE, steps=steps, plain=variant.plain)
    used = [few(faces) for faces in sets] if variant.few else sets
    about = describe("cure", {"variant": name, **vars(recipe)}, f"{train.content(used)}, seed {seed}")
    run = train.autoencoder_run(
        cache_dir() / "runs" / f"cure-{current().name}-{name.replace(', ', '-').replace(' ', '-')}-{seed}", used, recipe, seed,
        measure=lambda model: {key: float(values.mean()) for key, values in scores_of(model, truth).items()},
        log_every=max(1, steps // WATCHED), about=about, **variant.settings)
    run.fit()
    return run, used


def few(faces: facesets.FaceSet) -> facesets.FaceSet:
    """FEW of the faces, from all performances alike."""
    rows = np.linspace(0, len(faces) - 1, min(FEW, len(faces))).astype(int)
    return replace(faces, crops=faces.crops[rows], masks=faces.masks[rows], landmarks=faces.landmarks[rows])


def row_of(name: str, sets: list, truth: Truth, steps: int) -> tuple:
    """(what is written of a variant, its frames (2 N,) scores of the mean of both seeds, the first seed's network)."""
    found, networks = [], []
    for seed in SEEDS:
        run, used = run_of(name, seed, sets, truth, steps)
        networks.append(run.models["autoencoder"].eval())
        of_frames = scores_of(networks[-1], truth)
        curve = [[line["step"], round(line["swap"], 2), round(line["reconstruction"], 2)] for line in run.history if "swap" in line]
        found.append({"curve": curve, "leak": round(leak(networks[-1], used, truth), 3), "frames": of_frames,
                      **{key: round(float(values.mean()), 3) for key, values in of_frames.items()}})
    frames = {key: np.mean([one["frames"][key] for one in found], 0) for key in ("swap", "structure")}
    for one in found:
        del one["frames"]
    return {"words": VARIANTS[name].words, "seeds": found}, frames, networks[0]


def compared(frames: dict, cured: dict, truth: Truth) -> dict:
    """{"swap", "structure"}: mean difference from the cured recipe with its interval over performances."""
    groups = np.tile(truth.performances, 2)
    return {key: {name: round(value, 3) for name, value in vars(interval(np.mean, groups, frames[key] - cured[key])).items()
                  if value is not None} for key in frames}


CARD = """# The cure of lesson 05, part by part

Small swap networks ({size} px, width {width}, {steps} steps of {batch} faces of each person) of Ana and Ben, by

    python -m dflib.studies.cure

{faces} faces of each person were learned from, {performances} performances in as many lights; scores are means over
{held} frames of {shots} other performances of each person, both directions, against the true swap inside the true face; both
seeds. *Difference*: from the cured recipe, mean of both seeds, with its 95 % interval over performances (it knows nothing of
other people and other seeds). *Leak*: how often a small network tells from the code of a held-out face whose it is; 50 % is
guessing. Hardware: {hardware}.

{table}

![Rows of faces, a row for each of the above](faces.png)

In the picture, from above: Ben and Ana as they are, their swaps by each row's first seed, and the true swaps.
All pictures show people who do not exist; CC0, as all of data.
"""


def table(rows: dict) -> str:
    """The rows in Markdown."""
    lines = ["| | | swap, dB | difference | SSIM | difference | reconstruction, dB | leak, % |", "|---|---|---|---|---|---|---|---|"]
    for name, row in rows.items():
        both = {key: [one[key] for one in row["seeds"]] for key in ("swap", "structure", "reconstruction", "leak")}
        apart = {key: "" if name == "cured" else f"{told['value']:+.{digits}f} ({told['low']:+.{digits}f} to {told['high']:+.{digits}f})"
                 for key, digits, told in (("swap", 1, row["difference"]["swap"]), ("structure", 3, row["difference"]["structure"]))}
        lines.append(f"| {name} | {row['words']} | {', '.join(f'{value:.1f}' for value in both['swap'])} | {apart['swap']} | "
                     f"{', '.join(f'{value:.3f}' for value in both['structure'])} | {apart['structure']} | "
                     f"{', '.join(f'{value:.1f}' for value in both['reconstruction'])} | "
                     f"{', '.join(f'{100 * value:.0f}' for value in both['leak'])} |")
    return "\n".join(lines)


def sheet(networks: dict, truth: Truth) -> np.ndarray:
    """Rows (H, W, 3): the faces as they are, swapped by each network, the true swaps; Ben's on the left, Ana's on the right."""
    chosen = np.linspace(0, len(truth.performances) - 1, SHOWN).astype(int)
    rows = [[truth.crops[k][chosen] for k in (1, 0)]]
    rows += [[deepfake.decoded(model, truth.crops[k][chosen], truth.masks[k][chosen], 1 - k, k) for k in (1, 0)]
             for model in networks.values()]
    rows += [[truth.crops[1 - k][chosen] for k in (1, 0)]]
    small = np.concatenate([np.concatenate(list(np.concatenate(row)), 1) for row in rows])
    return small.repeat(2, 0).repeat(2, 1)


def main(arguments=None) -> None:
    parser = argparse.ArgumentParser(prog="python -m dflib.studies.cure", description=__doc__.split(": ", 1)[0])
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=[*VARIANTS], metavar="NAME", help=f"of {', '.join(VARIANTS)}")
    asked = parser.parse_args(arguments)
    wanted = [name for name in VARIANTS if name in asked.only or name == "cured"]         # all are compared with it
    steps, performances, held = LENGTHS[current().name]
    truth = truth_of(held)
    sets = [facesets.performed_faces(person, SIZE, range(11 + 48 * k, 11 + 48 * k + performances), FPS, SECONDS)
            for k, person in enumerate(people())]
    FOLDER.mkdir(exist_ok=True)
    rows, networks, frames = {}, {}, {}
    recipe = train.RECIPES["cpu"]
    for name in tqdm(wanted, "learning", unit="variant"):
        rows[name], frames[name], networks[name] = row_of(name, sets, truth, steps)
        rows[name]["difference"] = compared(frames[name], frames["cured"], truth)
        about = {"size": SIZE, "width": recipe.width, "batch": recipe.batch, "steps": steps, "faces": len(sets[0]),
                 "performances": performances, "held": len(truth.performances), "shots": held, "hardware": hardware()}
        write_bytes(FOLDER / "scores.json", (json.dumps({"about": about, "rows": rows}, indent=1) + "\n").encode())
    write_bytes(FOLDER / "README.md", CARD.format(**about, table=table(rows)).encode())
    write_image(FOLDER / "faces.png", sheet(networks, truth), kind="composite", note="swaps without parts of the cure")


if __name__ == "__main__":
    main()
