"""Training StyleGAN on a machine that is lent for minutes: nothing is rendered there; every run stops in time and can go on.

    python tools/lent_gpu.py pack FOLDER                     here: the gpu recipe's pictures as WebP, 2.2 kB each
    python tools/lent_gpu.py train FOLDER OUT full 400       there: for 400 seconds of training, or to the end
    python tools/lent_gpu.py train FOLDER OUT C 90 --images 90000 --resolution 32      there: a row of the ablation

The second machine needs torch, accelerate, safetensors, OpenCV, Pillow and tqdm, and neither PyAV nor Jupyter. FOLDER/runs
holds the states: the same command goes on from there, if the folder is kept. OUT gets NAME.safetensors (the averaged
generator), NAME.jsonl and NAME.jpg. Try every command here first, with DFLIB_SCALE=smoke and as many pictures as there will be.
"""
import argparse
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import safetensors.torch

from dflib.media import write_image
from dflib.scale import current
from dflib.synthesis.stylegan.train import RECIPES, Plan, sample_sheet, stylegan_run, training_pictures

QUALITY = 87


def pack(folder):
    """Write the training pictures of the current scale into one file of ``folder``."""
    parts = [cv2.imencode(".webp", np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1]
             for picture in training_pictures(RECIPES[current().name])]
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "pictures.npz", bytes=np.concatenate(parts), ends=np.cumsum([len(part) for part in parts]))


def unpacked(folder, side):
    """(N, side, side, 3) uint8."""
    with np.load(folder / "pictures.npz", allow_pickle=False) as file:
        data, ends = file["bytes"], file["ends"]            # once: each access to the file would read all of it again

    def picture(start, end):
        image = cv2.imdecode(data[start:end], cv2.IMREAD_COLOR)[..., ::-1]
        return cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) if len(image) != side else image

    with ThreadPoolExecutor(4) as pool:
        return np.stack(list(pool.map(picture, np.r_[0, ends[:-1]], ends)))


def train(folder, out, name, seconds, images, resolution):
    """Train, or go on, for so many seconds, and write what there is."""
    recipe = RECIPES[current().name]
    recipe = replace(recipe, configuration="F" if name == "full" else name, images=images or recipe.images,
                     resolution=resolution or recipe.resolution)
    if resolution:
        recipe = replace(recipe, batches={resolution: min(recipe.batches.values())})
    run = stylegan_run(folder / "runs" / f"{name}-{recipe.resolution}", unpacked(folder, recipe.resolution), recipe,
                       sample_seconds=60.0)
    timer = threading.Timer(seconds, run.stop)
    timer.daemon = True
    timer.start()
    try:
        run.fit()
    except KeyboardInterrupt:
        pass
    finally:
        timer.cancel()
    plan = Plan(recipe)
    stage = plan.at(max(0, run.done - 1))
    about = {"steps": str(run.done), "images": str(sum(plan.at(i).batch for i in range(run.done))), "stage": str(stage),
             "seconds": str(run.history[-1]["seconds"] if run.history else 0)}
    out.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.cpu().contiguous() for key, value in run.averaged.state_dict().items()}
    safetensors.torch.save_file(tensors, out / f"{name}.safetensors", about)
    write_image(out / f"{name}.jpg", sample_sheet(run.averaged, stage, 1.0), note=f"{name}, {run.done} steps")
    shutil.copy(run.folder / "metrics.jsonl", out / f"{name}.jsonl")
    print(name, about)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Training on a machine that is lent for minutes.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("pack").add_argument("folder", type=Path)
    command = commands.add_parser("train")
    command.add_argument("folder", type=Path)
    command.add_argument("out", type=Path)
    command.add_argument("name", help="full, or a configuration A to F")
    command.add_argument("seconds", type=float)
    command.add_argument("--images", type=int)
    command.add_argument("--resolution", type=int)
    arguments = vars(parser.parse_args())
    {"pack": pack, "train": train}[arguments.pop("command")](**arguments)
