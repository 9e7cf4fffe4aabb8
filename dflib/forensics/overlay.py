"""Maps of what was changed, drawn over the picture that they are of.

    shown = overlaid(picture, [(square, found)])        # redder where the map is larger, a line at the threshold
"""
from pathlib import Path

import cv2
import numpy as np

from dflib import media
from dflib.faces.crops import shown_square
from dflib.forensics.examine import Judge, followed, is_video
from dflib.metrics.localisation import THRESHOLD

RED = np.array((213, 94, 0), np.float32)        # vermilion: apart from skin by its strength, not by its hue alone
STRENGTH = 0.7                                  # of the colour where the map is 1
LINES = (255, 255, 255), (0, 0, 0)              # of the contour: white on black, seen on any picture
BEYOND = 4                                      # px: so far outside a line goes that would follow the square's own edge
NOTE = "where a network takes a face for changed"


def overlaid(picture: np.ndarray, found, threshold: float = THRESHOLD) -> np.ndarray:
    """A picture (H, W, 3) uint8 with maps drawn into it: found is a list of (square (4,) x0 y0 x1 y1, map (h, w) in [0, 1]).

    A map's fields are joined smoothly; the line is where it passes the threshold.
    """
    canvas = picture.copy()
    for (x0, y0, x1, y1), map in found:
        part = canvas[y0:y1, x0:x1]
        large = cv2.resize(map.astype(np.float32), part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        strength = STRENGTH * np.clip(large, 0, 1)[..., None]
        part[:] = np.rint((1 - strength) * part + strength * RED)
        above = cv2.copyMakeBorder((large > threshold).astype(np.uint8), BEYOND, BEYOND, BEYOND, BEYOND, cv2.BORDER_REPLICATE)
        edges, _ = cv2.findContours(above, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE, offset=(-BEYOND, -BEYOND))
        fine = np.ascontiguousarray(part)
        for colour, width in zip(reversed(LINES), (3, 1)):
            cv2.drawContours(fine, edges, -1, colour, width)
        part[:] = fine
    return canvas


def check_drawing(path, out) -> None:
    """ValueError when the maps of the file at `path` cannot be drawn on `out`: of another kind, or the same file."""
    video = is_video(path)
    if (Path(out).suffix.lower() in media.VIDEOS_WRITTEN) != video:
        raise ValueError(f"{path} is a {'video' if video else 'picture'}, so its map must be drawn on one too.")
    if Path(out).resolve() == Path(path).resolve():
        raise ValueError(f"{out} is the input, which would be overwritten.")


def draw_maps(path, out, judge: Judge, seen: "tuple | None" = None) -> None:
    """Write the picture or video at `path` to `out` with the map of every face in it. seen: `followed(path)`, if known.

    judge: one that has maps. A face that was not found in a frame has no map there. Raises what `check_drawing`, reading
    and writing raise.
    """
    check_drawing(path, out)
    source, tracks = seen or followed(path)
    boxes = {}
    for track in tracks:
        for frame, box in zip(track.frames.tolist(), track.boxes):
            boxes.setdefault(frame, []).append(box)

    def drawn(frame, picture):
        here = boxes.get(frame, [])
        squares = [shown_square(box, picture.shape, judge.crop) for box in here]
        return overlaid(picture, list(zip(squares, judge.maps(picture, here))))

    label = {"kind": "composite", "visible_mark": True, "note": NOTE}      # a face of the user's: said, and seen
    if not is_video(path):
        media.write_image(out, drawn(0, source[0]), **label)
        return
    media.check_writing(out, source, source.info.size)
    with media.video_writer(out, source.info.fps, audio_from=source, **label) as write:
        for frame, (time, picture) in enumerate(source.timed()):
            write(drawn(frame, picture), time)
