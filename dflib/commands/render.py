"""``render``: a sheet of people of the cast or of a trained generator, or a clip of one person of the cast."""
import math

from pathlib import Path

from dflib.commands.arguments import number, output, whole
from dflib.files import check_writable
from dflib.media import IMAGES_WRITTEN, VIDEOS_WRITTEN

SUMMARY = "Render people who do not exist: a sheet or a clip of the cast, or a sheet of a trained StyleGAN."
LARGEST_SHEET = 64_000_000      # pixels: what dflib.media reads back


def add_arguments(parser) -> None:
    """What to render and where to."""
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--out", type=output(*IMAGES_WRITTEN), metavar="SHEET", help="picture to write: .png, .jpg or .webp")
    target.add_argument("--clip", type=output(*VIDEOS_WRITTEN), metavar="CLIP",
                        help="video to write: .mp4, .mov or .mkv; its truth goes beside it as .npz")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE",
                        help="a StyleGAN generator (.safetensors, its card beside it) that makes the sheet's people instead")
    parser.add_argument("--psi", type=number(0, 2), metavar="PSI",
                        help="truncation, with --checkpoint: 0 is the average face, 1 everyone it learned (default: 0.7)")
    parser.add_argument("--people", type=whole(1, 4096), metavar="N", help="how many people on the sheet (default: 16)")
    parser.add_argument("--seconds", type=number(0.04, 600, "number of seconds"), metavar="S",
                        help="length of the clip (default: 4)")
    parser.add_argument("--seed", type=whole(0, 2**31 - 1), default=0,
                        help="seed of the first person, or of a checkpoint's latents (default: 0)")
    parser.add_argument("--size", type=whole(16, 1024), metavar="PX", help="side of one picture (default: the scale's)")
    parser.add_argument("--yaw", type=whole(0, 60), metavar="DEGREES",
                        help="how far heads on the sheet may turn (default: 25)")
    parser.add_argument("--truth", action="store_true",
                        help="also write the sheet's landmarks, masks, parts, depth, normals and attributes as .npz")


def run(arguments) -> None:
    """Render and write; prints the paths written. Raises ValueError for arguments that do not belong together."""
    from dflib import scale
    size = arguments.size or scale.current().size
    if arguments.psi is not None and not arguments.checkpoint:
        raise ValueError("--psi belongs to a trained generator: give --checkpoint too.")
    if arguments.checkpoint:
        _generated(arguments)
    elif arguments.clip:
        if arguments.people or arguments.truth:
            raise ValueError("--people and --truth belong to a sheet; a clip has one person, and always its truth.")
        _clip(arguments, size)
    else:
        if arguments.seconds:
            raise ValueError("--seconds belongs to a clip: give --clip instead of --out.")
        _sheet(arguments, size)


def _sheet(arguments, size) -> None:
    from tqdm import tqdm

    from dflib import cast, media
    from dflib.pictures import as_sheet
    people, yaw = _people(arguments, size), 25 if arguments.yaw is None else arguments.yaw
    truth = check_writable(arguments.out.with_suffix(".npz")) if arguments.truth else None
    seeds = range(arguments.seed, arguments.seed + people)
    with tqdm(seeds, desc="rendering", unit="person", leave=False) as bar:     # closed before any error is printed
        frames = [cast.render(cast.sample_person(seed), cast.sample_shot(seed, yaw=yaw), size=size) for seed in bar]
    sheet = as_sheet([frame.image for frame in frames])
    if truth:
        _write_truth(truth, seeds, frames)
        print(truth)
    media.write_image(arguments.out, sheet, kind="rendered", note=f"dflib cast, seeds {seeds[0]} to {seeds[-1]}")
    print(arguments.out)


def _people(arguments, size) -> int:
    """How many people are wanted; ValueError when pictures of ``size`` make too large a sheet of them."""
    people = arguments.people or 16
    if math.ceil(people / _columns(people)) * _columns(people) * size * size > LARGEST_SHEET:
        raise ValueError(f"{people} people of {size} px make a sheet of more than {LARGEST_SHEET // 10**6} million pixels: "
                         "ask for fewer or smaller ones.")
    return people


def _columns(people) -> int:
    return math.ceil(math.sqrt(people))


def _generated(arguments) -> None:
    absent = {"clip": None, "seconds": None, "size": None, "yaw": None, "truth": False}
    given = [f"--{name}" for name, value in absent.items() if getattr(arguments, name) is not value]
    if given:
        raise ValueError(f"{given[0]} belongs to the cast: a checkpoint makes a sheet of pictures of its own size.")
    from dflib import media
    from dflib.pictures import as_sheet
    from dflib.synthesis.stylegan import latents
    generator, _ = latents.load_generator(arguments.checkpoint)
    psi = 0.7 if arguments.psi is None else arguments.psi
    images = latents.sample(generator, _people(arguments, generator.resolution), arguments.seed, psi)
    media.write_image(arguments.out, as_sheet(images), kind="generated",
                      note=f"StyleGAN, {arguments.checkpoint.name}, seed {arguments.seed}, psi {psi:g}")
    print(arguments.out)


def _write_truth(path, seeds, frames) -> None:
    """N frames' truth in one file: the fields of ``Frame`` stacked, attributes as JSON text, names of the labels."""
    import json

    import numpy as np

    from dflib.cast import LABELS
    from dflib.files import replacing
    fields = ("image", "landmarks", "contour", "visible", "mask", "labels", "depth", "normals")
    arrays = {name: np.stack([getattr(frame, name) for frame in frames]) for name in fields}
    with replacing(path) as temporary:
        np.savez_compressed(temporary, seeds=np.array(seeds), label_names=np.array(list(LABELS)),
                            attributes=np.array([json.dumps(frame.attributes) for frame in frames]), **arrays)


def _clip(arguments, size) -> None:
    from dflib import cast
    performance = cast.perform(arguments.seed, arguments.seconds or 4.0)
    truth = cast.write_clip(arguments.clip, cast.sample_person(arguments.seed), performance, size=size)
    print(truth)
    print(arguments.clip)
