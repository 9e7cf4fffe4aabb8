"""A camera's pictures (OpenCV), live or as a short recording."""

import time
from contextlib import contextmanager

import cv2
import numpy as np

from dflib.media.video import Video, VideoInfo


class Recording(Video):
    """Frames kept in memory, read like a video file."""

    def __init__(self, name: str, frames: list, fps: float):
        super().__init__(name, VideoInfo(fps, frames[0].shape[:2], len(frames), False))
        self._frames = frames

    def __iter__(self):
        return iter(self._frames)


@contextmanager
def camera(source=0):
    """Open a camera for a while: ``with camera() as frames: for frame in frames: ...`` gives (H, W, 3) uint8 RGB.

    ``source`` is the camera's number, or a path or address that OpenCV opens. The camera is released when the block ends,
    however it ends. Frames end when the camera stops sending. Raises OSError when there is no camera.
    """
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # the exception says it
    capture = None
    try:
        capture = cv2.VideoCapture(source)
        if not capture.isOpened():
            what = f"camera number {source}" if isinstance(source, int) else f"camera or video {source}"
            raise OSError(f"There is no {what} that can be opened on this machine.")
        yield _frames(capture)
    finally:
        if capture is not None:
            capture.release()
        cv2.utils.logging.setLogLevel(level)


def record(seconds: float, source=0) -> Recording:
    """What the camera ``source`` shows for ``seconds``, as a Video in memory, at the rate at which the frames came.

    Raises OSError when there is no camera or it sends nothing, ValueError for a length that is not above 0.
    """
    if not 0 < seconds < float("inf"):
        raise ValueError(f"A recording must be longer than 0 seconds, not {seconds!r}.")
    with camera(source) as frames:
        kept, start, now = [], time.monotonic(), 0.0
        for frame in frames:
            kept.append(frame)
            now = time.monotonic() - start
            if now >= seconds:
                break
    if not kept:
        raise OSError(f"The camera {source} was opened but sends no pictures.")
    return Recording(f"camera {source}", kept, float(np.clip(len(kept) / max(now, 1e-9), 1, 60)))


def _frames(capture):
    while True:
        here, frame = capture.read()
        if not here:
            return
        yield np.ascontiguousarray(frame[..., ::-1])  # OpenCV's channels are blue, green, red
