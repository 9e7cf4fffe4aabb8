"""The README's opening picture: what the course makes, each part from the clips and networks that are shipped.

    python tools/opening.py                             data/figures/opening.jpg
    python tools/opening.py --stargan FILE.safetensors  with another network for the edits

What has no network yet is left out, and the others take its room.
"""
import argparse
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dflib import cast, checkpoints, media
from dflib.datasets import ActorClips, FaceForensics
from dflib.faces.alignment import portrait_matrix, warp
from dflib.forensics.examine import examine, judge_from
from dflib.lesson.figures import GREY, INK, VERMILION
from dflib.paths import CHECKPOINTS, DATA
from dflib.pictures import as_sheet
from dflib.swap import ruler

OUT = DATA / "figures" / "opening.jpg"
WIDTH, GAP, SPACE = 1760, 6, 34         # pixels: of the picture, between its small pictures, between its parts
TITLE, NOTE = 30, 23                    # sizes of letters; a code-hosting page shows the picture at half its width
CAST = (11008, 11003, 11020, 11028, 11007, 11009)
EDITED = 11012                          # a person, and the edits
EDITS = (["skin=dark"], ["expression=surprised"])
METHOD, FAKE = "Deepfakes", "061_076"   # one of lesson 07's test people
DETECTOR = "xception"                   # whose scores are shown, once it is shipped
MOMENT = 0.05                           # of the clips: where in them the frames are


def rendered() -> np.ndarray:
    """People of the cast in a row."""
    return as_sheet([cast.render(cast.sample_person(seed), cast.sample_shot(seed), 256).image for seed in CAST], len(CAST))


def generated() -> np.ndarray:
    """The first twelve people of the shipped StyleGAN, in two rows."""
    from dflib.synthesis.stylegan import latents
    people = latents.sample(latents.load_generator(checkpoints.shipped("stylegan-64"))[0], 12, seed=0, psi=0.7)
    return as_sheet([enlarged(person, 128) for person in people], 6)


def swapped() -> np.ndarray:
    """Ben, Ana, Ana's face on Ben by the autoencoder, and the true swap, at one moment."""
    clips = ActorClips()
    shots = clips["ben"].performance().shots
    number = int(MOMENT * len(shots))
    target, source, swap = (list(media.read_video(path))[number]
                            for path in (clips["ben"].path, clips["ana"].path, DATA / "swaps" / "ana-on-ben.mp4"))
    person = ruler.rungs(clips["ben"].person(), clips["ana"].person())["face"]
    return as_sheet([target, source, swap, cast.render(person, shots[number], 256).image], 4)


def edited(path) -> np.ndarray:
    """A portrait, as the network frames one, and the same after each edit by the StarGAN in ``path``."""
    from dflib.synthesis.stargan import edit
    model, _ = edit.load(path)
    frame = cast.render(cast.sample_person(EDITED), cast.sample_shot(EDITED), 256)
    after = [edit.edit_faces(model, frame.image, frame.landmarks[None], edit.parse(edits)) for edits in EDITS]
    matrix = portrait_matrix(frame.landmarks, 256)
    return as_sheet([warp(picture, matrix, (256, 256)) for picture in (frame.image, *after)], 1 + len(EDITS))


def a_fake():
    """The `Clip` that is examined."""
    return next(clip for clip in FaceForensics(DATA / "forensics", "test", "c23", (METHOD,)) if clip.path.stem == FAKE)


def marked(clip) -> np.ndarray:
    """A frame of a fake, and the same with the pixels marked that its method changed."""
    frames, masks = list(clip.frames()), clip.masks()
    frame, where = frames[len(frames) // 2], masks[len(frames) // 2]
    colour = np.array([int(VERMILION[k:k + 2], 16) for k in (1, 3, 5)])
    shown = np.where(where[..., None], 0.35 * frame + 0.65 * colour, 0.5 * frame + 0.5 * 255).astype(np.uint8)
    return as_sheet([enlarged(picture, 256) for picture in (frame, shown)], 2)


def examined(clip) -> tuple:
    """(title, note) with the shipped detector's P(fake) of a fake and of its original; without scores where none is shipped."""
    path = CHECKPOINTS / f"detector-{DETECTOR}.safetensors"
    if not path.is_file():
        return "Examined", f"{METHOD} · what it changed"
    judge = judge_from(path)
    fake, real = (examine(file, [judge])["score"][judge.name] for file in (clip.path, clip.original))
    return f"Examined by {DETECTOR.title()}", f"P(fake) {fake:.2f} · original {real:.2f}"


def enlarged(image, side: int) -> np.ndarray:
    """A square picture made larger."""
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)


def row(parts, draw, sheet, top: int) -> int:
    """Draw parts (title, note, picture) beside each other at one height, as wide as the sheet; returns where the row ends."""
    shapes = [picture.shape[1] / picture.shape[0] for *_, picture in parts]
    height = round((WIDTH - SPACE * (len(parts) - 1)) / sum(shapes))
    left = 0
    for (title, note, picture), shape in zip(parts, shapes):
        width = WIDTH - left if picture is parts[-1][2] else round(height * shape)
        draw.text((left, top), title, INK, font("DejaVuSans-Bold", TITLE))
        draw.text((left, top + TITLE + 8), note, GREY, font("DejaVuSans", NOTE))
        sheet.paste(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS), (left, top + TITLE + NOTE + 20))
        left += width + SPACE
    return top + TITLE + NOTE + 20 + height


def font(name: str, size: int):
    """A font that matplotlib brings."""
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"), size)


def compose(rows) -> np.ndarray:
    """The whole picture of rows of parts (title, note, picture)."""
    sheet = Image.new("RGB", (WIDTH, 4 * WIDTH), "white")
    draw, top = ImageDraw.Draw(sheet), 0
    for parts in rows:
        top = row(parts, draw, sheet, top) + SPACE
    return np.array(sheet.crop((0, 0, WIDTH, top - SPACE)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stargan", type=Path, default=CHECKPOINTS / "stargan-64.safetensors", metavar="FILE.safetensors")
    stargan = parser.parse_args().stargan
    first = [("Rendered", "nobody here exists, and everything about them is known", rendered()),
             ("Generated", "StyleGAN, 64 px: its first twelve", generated())]
    second = [("Swapped", "target · source · DeepFakes autoencoder · the true swap", swapped())]
    if stargan.is_file():
        second.append(("Edited", "StarGAN: as it was · darker · surprised", edited(stargan)))
    second.append((*examined(a_fake()), marked(a_fake())))
    media.write_image(OUT, compose([first, second]), kind="composite", quality=86, note="what the course makes")


if __name__ == "__main__":
    main()
