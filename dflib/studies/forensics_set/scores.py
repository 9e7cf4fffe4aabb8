"""Each method held against its truth: a swap against the true swap, a reenactment against the true reenactment.

    python -m dflib.studies.forensics_set.scores FOLDER        writes scores.json into the folder

Only validation and test actors have truths. Where FOLDER has all videos raw, these are used, else c23 ones, fake, truth and original
alike.
"""
import argparse
import json
from pathlib import Path

import numpy as np

from dflib import media, metrics
from dflib.datasets.forensics import FaceForensics, bits_of
from dflib.files import write_bytes
from dflib.metrics.classification import interval

TRUTHS = {"Deepfakes": "TrueSwap", "FaceSwap": "TrueSwap", "Face2Face": "TrueReenactment", "NeuralTextures": "TrueReenactment"}
EVERY = 16                              # so many-th frame of each clip is compared


def score(root, splits=None) -> dict:
    """{"compression": …, "pairs": N, method: {measure: [mean, low, high]}} of the set in the folder ``root``.

    splits: the folder of the lists, as for `FaceForensics`.

    psnr (dB) and ssim lie inside the part that the truth or the method changed; "nothing" is what the untouched original would
    score there, "gain" what the method adds to it. 95 % intervals, bootstrap over pairs of people. FileNotFoundError where the
    truths are missing.
    """
    root = Path(root)
    raw, coded = (len(list(root.glob(f"*/*/{name}/videos/*.mp4"))) for name in ("raw", "c23"))
    compression = "raw" if raw == coded else "c23"
    found = {"compression": compression}
    for method, truth in there(root).items():
        rows, groups = [], []
        for split in ("val", "test"):
            data = FaceForensics(root, split, compression, (method,), splits)
            for clip in (clip for clip in data if clip.fake):
                rows.append(compared(root, clip, truth, compression))
                groups.append("-".join(sorted((clip.target, clip.source))))
        rows = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        found["pairs"] = len(set(groups))
        found[method] = {name: [round(float(x), 3) for x in (estimate.value, estimate.low, estimate.high)]
                         for name, values in rows.items() for estimate in [interval(np.mean, groups, values)]}
    return found


def there(root) -> dict:
    """TRUTHS of the methods that the set in the folder ``root`` has."""
    return {method: truth for method, truth in TRUTHS.items() if (root / "manipulated_sequences" / method).is_dir()}


def compared(root, clip, truth: str, compression: str) -> dict:
    """The scores of one fake."""
    name = f"{clip.target}_{clip.source}"
    control = root / "control_sequences" / truth
    fake, true, original = (frames_of(path) for path in (
        clip.path, control / compression / "videos" / f"{name}.mp4", clip.original))
    inside = as_large(bits_of(clip.mask)[::EVERY] | bits_of(control / "masks" / f"{name}.npz")[::EVERY], fake.shape)
    used = inside.any((1, 2))
    values = {}
    for what, frames in (("", fake), ("nothing_", original)):
        for measure in (metrics.psnr, metrics.ssim):
            values[f"{what}{measure.__name__}"] = float(np.mean(measure(frames[used], true[used], inside[used])))
    return {**values, "gain": values["psnr"] - values["nothing_psnr"]}


def frames_of(path) -> np.ndarray:
    """Every EVERY-th frame of a video, (N, H, W, 3) uint8."""
    return np.array([frame for number, frame in enumerate(media.read_video(path)) if number % EVERY == 0])


def as_large(masks: np.ndarray, shape: tuple) -> np.ndarray:
    """Masks (N, h, w) at the size of frames (N, H, W, 3), whose sides are multiples of theirs."""
    return masks.repeat(shape[1] // masks.shape[1], 1).repeat(shape[2] // masks.shape[2], 2)


def table(found: dict) -> str:
    """A table in Markdown."""
    lines = ["| method | held against | PSNR, dB | gain over nothing, dB | SSIM | SSIM of nothing |", "|---|---|---:|---:|---:|---:|"]
    for method, truth in TRUTHS.items():
        if method not in found:
            continue
        cells = ["{:.{n}f} ({:.{n}f} … {:.{n}f})".format(*found[method][name], n=places)
                 for name, places in (("psnr", 1), ("gain", 1), ("ssim", 3), ("nothing_ssim", 3))]
        lines.append(f"| {method} | {truth} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Hold each method of a forensics set against its truth.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    result = score(folder)
    write_bytes(folder / "scores.json", (json.dumps(result, indent=1) + "\n").encode())
    print(table(result))
