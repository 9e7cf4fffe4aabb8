"""``detect``: boxes and landmarks of the faces in a picture or video, drawn and as JSON."""
from pathlib import Path

from dflib.commands.arguments import output, say_remarks
from dflib.media import IMAGES_WRITTEN, VIDEOS_READ, VIDEOS_WRITTEN

SUMMARY = "Find faces and their 68 landmarks in a picture or video; draw them and write them as JSON."
BOX_COLOUR, POINT_COLOUR = (230, 159, 0), (86, 180, 233)      # orange and sky blue: apart for colour-blind readers


def add_arguments(parser) -> None:
    """What to read, and where to write."""
    parser.add_argument("input", type=Path, help="picture or video")
    parser.add_argument("--out", type=output(*IMAGES_WRITTEN, *VIDEOS_WRITTEN), metavar="DRAWN",
                        help="picture or video to write with boxes and landmarks drawn")
    parser.add_argument("--json", type=output(".json"), metavar="FACES",
                        help="file for boxes and landmarks in pixels, and a video's times in seconds (default: printed)")
    parser.add_argument("--backend", choices=("auto", "dflib", "face-alignment"), default="auto",
                        help="landmark network (default: auto, face-alignment's where its weights can be had)")


def run(arguments) -> None:
    """Detect and write. No face is an answer, not an error: its list is empty."""
    import json
    video = arguments.input.suffix.lower() in VIDEOS_READ
    if arguments.out and (arguments.out.suffix.lower() in VIDEOS_WRITTEN) != video:
        raise ValueError(f"{arguments.input} is a {'video' if video else 'picture'}, so --out must be one too.")
    for target in filter(None, (arguments.out, arguments.json)):
        if target.resolve() == arguments.input.resolve():
            raise ValueError(f"{target} is the input, which would be overwritten.")
    found = (_video if video else _picture)(arguments)
    frames, found = found["frames"], json.dumps({"input": str(arguments.input), **found})
    if arguments.json:
        from dflib.files import write_bytes
        write_bytes(arguments.json, found.encode())
        count = sum(len(faces) for faces in frames)
        print(f"{count} face{'s' if count != 1 else ''} in {len(frames)} frame{'s' if len(frames) != 1 else ''}")
    else:
        print(found)


def _picture(arguments) -> dict:
    from dflib import media
    image = media.read_image(arguments.input)
    if arguments.out:
        media.check_writing_image(arguments.out, image)
    found = _faces(image, arguments.backend)
    if arguments.out:       # the face is the user's: its label says so and so does the mark
        media.write_image(arguments.out, _drawn(image, *found), kind="composite", visible_mark=True, note="faces outlined")
    return {"frames": [_as_lists(*found)]}


def _video(arguments) -> dict:
    from contextlib import nullcontext

    from tqdm import tqdm

    from dflib import media
    video, frames, times = media.read_video(arguments.input), [], []
    if arguments.out:
        media.check_writing(arguments.out, video, video.info.size)
    writer = media.video_writer(arguments.out, video.info.fps, audio_from=video, kind="composite", visible_mark=True,
                            note="faces outlined") if arguments.out else nullcontext()
    with writer as write:
        for time, image in tqdm(video.timed(), total=video.info.expected, desc="detecting", unit="frame"):
            found = _faces(image, arguments.backend)
            frames.append(_as_lists(*found))
            times.append(round(float(time), 6))
            if write:
                write(_drawn(image, *found), time)
    say_remarks(arguments.prog, [(video.path, remark) for remark in video.remarks])
    return {"frames": frames, "times": times}


def _faces(image, backend) -> tuple:
    """(boxes (N,4), landmarks (N,68,2)) in pixels."""
    from dflib import faces
    boxes = faces.detect(image)
    return boxes, faces.landmarks(image, backend=backend, boxes=boxes)


def _as_lists(boxes, landmarks) -> list:
    return [{"box": [round(float(v), 2) for v in box], "landmarks": [[round(float(v), 2) for v in p] for p in points]}
            for box, points in zip(boxes, landmarks)]


def _drawn(image, boxes, landmarks):
    import cv2
    import numpy as np
    canvas = np.ascontiguousarray(image).copy()
    width = max(1, round(max(canvas.shape[:2]) / 400))
    for box, points in zip(boxes, landmarks):
        x0, y0, x1, y1 = (int(round(float(v))) for v in box)
        cv2.rectangle(canvas, (x0, y0), (x1, y1), BOX_COLOUR, width)
        for x, y in points:
            cv2.circle(canvas, (int(round(float(x))), int(round(float(y)))), width, POINT_COLOUR, -1, cv2.LINE_AA)
    return canvas
