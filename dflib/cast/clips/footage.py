"""Footage: a performance is a list of shots over time, and any person can give it.

    take = perform(seed=5, seconds=4)
    write_clip("take.mp4", person, take, size=128)          # and take.npz with the truth of every frame

The same performance with another person is the *true swap* of that clip; `reenact` gives the true reenactment
(another performance's expression on this head), and a person made with `variants` the true edit.
"""
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dflib.cast.clips import acting
from dflib.cast.geometry.head import head_model
from dflib.cast.people.person import Person
from dflib.cast.people.shots import Camera, Shot, camera_gaze, sample_light
from dflib.cast.streams import stream
from dflib.cast.version import VERSION

MOST_YAW, MOST_PITCH = 35., 14.         # degrees


@dataclass(frozen=True, eq=False)
class Performance:
    """Shots of equal light, background and camera, `fps` of them a second."""
    shots: tuple
    fps: float

    def __len__(self):
        return len(self.shots)

    @property
    def seconds(self) -> float:
        return len(self.shots) / self.fps


def perform(seed: int, seconds: float, fps: float = 25) -> Performance:
    """The Performance of this seed: an actor who speaks, blinks, turns, nods, smiles and glances aside.

    Smooth in time, the same on every machine; a longer one begins like a shorter one. ValueError for a length or
    rate that is not above 0, or a seed below 0.
    """
    for name, value in (("seconds", seconds), ("fps", fps)):
        if not 0 < value < float("inf"):
            raise ValueError(f"{name} must be above 0, not {value!r}.")
    count = max(1, int(round(seconds * fps)))
    time = np.arange(int((np.ceil(seconds) + 2) * acting.TICKS)) / acting.TICKS
    yaw, pitch, roll, weights = _act(seed, time)
    aside = acting.glances(stream(seed, "glances"), stream(seed, "jitter"), time)
    gaze = np.clip(camera_gaze(yaw, pitch) + aside, [-.5, -.18], [.5, .16])
    at = np.arange(count) / fps
    yaw, pitch, roll = (np.interp(at, time, track) for track in (yaw, pitch, roll))
    expression = np.stack([np.interp(at, time, track) for track in weights.T], 1).astype(np.float32)
    gaze = np.stack([np.interp(at, time, track) for track in gaze.T], 1)
    rng, light = stream(seed, "set"), sample_light(stream(seed, "light"))
    camera = Camera(distance=rng.uniform(70, 110), zoom=rng.uniform(.92, 1.05),
                    offset=np.array([0., -1.2]) + rng.normal(size=2) * .3)
    blur, noise, first = rng.uniform(0, .35), rng.uniform(.001, .006), int(rng.integers(2 ** 40))
    return Performance(fps=fps, shots=tuple(
        Shot(seed=first + i, yaw=float(yaw[i]), pitch=float(pitch[i]), roll=float(roll[i]), expression=expression[i],
             gaze=gaze[i], light=light, camera=camera, background=int(seed), blur=blur, noise=noise)
        for i in range(count)))


def _act(seed, time):
    """yaw, pitch, roll (N,) in degrees and expression weights (N, E) at the times (N,)."""
    home = float(np.clip(stream(seed, "home").normal() * 8, -16, 16))
    yaw = acting.held(stream(seed, "yaw"), time, (.7, 2.6), (.6, 1.3), lambda rng: home + rng.normal() * 11)
    yaw = acting.smooth(np.clip(yaw, 3 - MOST_YAW, MOST_YAW - 3), .10)
    yaw = yaw + 1.2 * acting.wander(stream(seed, "sway"), time, 1.6)
    pitch = acting.held(stream(seed, "pitch"), time, (1., 3.), (.7, 1.4), lambda rng: rng.normal() * 3.)
    pitch = pitch + acting.nods(stream(seed, "nods"), time)
    roll = 1.8 * acting.wander(stream(seed, "roll"), time, 2.5) + .06 * yaw
    words, stress = acting.speech(stream(seed, "speech"), time)
    pitch = acting.smooth(pitch + 1.2 * stress, .08)
    smile = np.clip(acting.smooth(acting.smiles(stream(seed, "smile"), time), .06), 0, .8)
    face = stream(seed, "face")
    brows = acting.smooth(.28 * stress * face.uniform(.4, 1.), .07) + .07 * acting.wander(face, time, 1.5)
    lids = acting.blinks(stream(seed, "blink"), time)
    pucker = words["pucker"]
    tracks = dict(jaw_open=words["jaw_open"], lips_part=words["lips_part"] + .45 * np.clip(smile - .35, 0, 1),
                  pucker=pucker, smile=words["smile"] + smile * (1 - np.clip(pucker, 0, .8)),
                  cheek_raise=.6 * np.clip(smile - .1, 0, 1), squint=.3 * np.clip(smile - .3, 0, 1),
                  brow_up=brows, blinkR=lids, blinkL=lids)
    index = head_model().expression_index
    weights = np.zeros((len(time), len(index)))
    for name, track in tracks.items():
        weights[:, index[name]] = track
    return np.clip(yaw, -MOST_YAW, MOST_YAW), np.clip(pitch, -MOST_PITCH, MOST_PITCH), roll, weights


def reenact(performance: Performance, driver: Performance) -> Performance:
    """`performance` with the face of `driver` (a Performance at least as long): its expressions and gaze.

    Pose, light and camera stay: rendered with the same person this is the true reenactment. ValueError when the
    driver is shorter or runs at another rate.
    """
    if driver.fps != performance.fps:
        raise ValueError(f"the driver runs at {driver.fps} frames a second, the performance at {performance.fps}.")
    if len(driver) < len(performance):
        raise ValueError(f"the driver has {len(driver)} frames, fewer than the performance's {len(performance)}.")
    shots = []
    for shot, drive in zip(performance.shots, driver.shots):
        aside = drive.gaze - camera_gaze(drive.yaw, drive.pitch)
        gaze = np.clip(camera_gaze(shot.yaw, shot.pitch) + aside, [-.5, -.18], [.5, .16])
        shots.append(replace(shot, expression=drive.expression, gaze=gaze))
    return Performance(shots=tuple(shots), fps=performance.fps)


def render_clip(person: Person, performance: Performance, size: int = 128) -> Iterator:
    """Iterate over the Frames of `person` giving `performance`."""
    from dflib.cast.picture.renderer import render  # a performance can be planned and measured without drawing
    for shot in performance.shots:
        yield render(person, shot, size)


def write_clip(path: "str | Path", person: Person, performance: Performance, size: int = 128, crf: int = 18) -> Path:
    """Write an H.264 clip and, beside it with the suffix .npz, the truth of every frame; return the truth's path.

    The truth holds, for T frames: landmarks (T,68,2) and contour (T,17,2) in pixels, visible (T,68), pose (T,3) yaw,
    pitch, roll in degrees, expression (T,E) and expression_names (E,), gaze (T,2), masks as bits (see `read_truth`),
    fps, size, the cast's version, and the person's attributes as JSON. Both files appear whole or not at all; errors are those of
    `media.write_video`.
    """
    from dflib import media
    from dflib.files import check_writable, replacing
    path, frames = Path(path), []
    truth = check_writable(path.with_suffix(".npz"))

    def pictures():
        for frame in render_clip(person, performance, size):
            frames.append((frame.landmarks, frame.contour, frame.visible, np.packbits(frame.mask)))
            yield frame.image
    media.write_video(path, pictures(), fps=performance.fps, crf=crf, kind="rendered")
    landmarks, contour, visible, masks = (np.stack(column) for column in zip(*frames))
    shots = performance.shots
    with replacing(truth) as temporary:
        np.savez_compressed(
            temporary, landmarks=landmarks.astype(np.float32), contour=contour.astype(np.float32), visible=visible,
            masks=masks, pose=np.array([(s.yaw, s.pitch, s.roll) for s in shots], np.float32),
            expression=np.stack([s.expression for s in shots]), gaze=np.array([s.gaze for s in shots], np.float32),
            expression_names=np.array(head_model().expression_names), fps=np.float64(performance.fps),
            size=np.int64(size), cast=np.int64(VERSION), attributes=np.array(json.dumps(person.attributes)))
    return truth


def read_truth(path: "str | Path") -> dict:
    """The arrays that `write_clip` wrote as a dict, with masks unpacked to (T, size, size) bool, attributes a dict."""
    with np.load(path, allow_pickle=False) as stored:
        truth = dict(stored)
    size = int(truth["size"])
    bits = np.unpackbits(truth["masks"], axis=1)[:, :size * size]
    truth["masks"] = bits.reshape(-1, size, size).astype(bool)
    truth["attributes"] = json.loads(str(truth["attributes"]))
    return truth
