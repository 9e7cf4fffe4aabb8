"""A camera's pictures (OpenCV), live or as a short recording."""

import time
from contextlib import contextmanager
from fractions import Fraction

import cv2
import numpy as np

from dflib.media.reading import Video


class Recording(Video):
    """Frames kept in memory, read like a video file; ``times`` are when they are shown, in seconds, else ``fps`` says it."""

    def __init__(self, name: str, frames: list, fps: float, times=None):
        super().__init__(name, fps, frames[0].shape[:2], expected=len(frames))
        self._frames = frames
        self._times = tuple(times) if times is not None else tuple(i / Fraction(fps) for i in range(len(frames)))

    @property
    def times(self) -> tuple:
        return self._times

    @property
    def remarks(self) -> list:
        return []

    def timed(self):
        return zip(self.times, self._frames)


@contextmanager
def camera(address=0):
    """Open a camera for a while: ``with camera() as frames: for frame in frames: ...`` gives (H, W, 3) uint8 RGB.

    ``address`` is the camera's number, or a path or address that OpenCV opens. The camera is released when the block ends,
    however it ends. Frames end when the camera stops sending. Raises OSError when there is no camera.
    """
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # the exception says it
    capture = None
    try:
        capture = cv2.VideoCapture(address)
        if not capture.isOpened():
            what = f"camera number {address}" if isinstance(address, int) else f"camera or video {address}"
            raise OSError(f"There is no {what} that can be opened on this machine.")
        yield _frames(capture)
    finally:
        if capture is not None:
            capture.release()
        cv2.utils.logging.setLogLevel(level)


def record(seconds: float, address=0) -> Recording:
    """What the camera ``address`` shows for ``seconds``, as a Video in memory, each frame at the time when it came.

    Raises OSError when there is no camera or it sends nothing, ValueError for a length that is not above 0.
    """
    if not 0 < seconds < float("inf"):
        raise ValueError(f"A recording must be longer than 0 seconds, not {seconds!r}.")
    with camera(address) as frames:
        kept, times, start = [], [], time.monotonic()
        for frame in frames:
            kept.append(frame)
            times.append(time.monotonic() - start)
            if times[-1] >= seconds:
                break
    if not kept:
        raise OSError(f"The camera {address} was opened but sends no pictures.")
    fps = float(np.clip(len(kept) / max(times[-1], 1e-9), 1, 60))
    return Recording(f"camera {address}", kept, fps, [when - times[0] for when in times])


def _frames(capture):
    while True:
        here, frame = capture.read()
        if not here:
            return
        yield np.ascontiguousarray(frame[..., ::-1])  # OpenCV's channels are blue, green, red
