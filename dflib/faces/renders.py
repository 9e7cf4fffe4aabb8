"""Rendered faces to train and to measure with: whole renders of the cast, kept in the cache as plain arrays."""

from dataclasses import dataclass, fields, replace
from itertools import count, islice

import cv2
import numpy as np

from dflib.cast.people.splits import split_of
from dflib.cast.renders import kept

SIZE = 160  # pixels of a side: a face is then about as large as the landmark network wants it
SHOTS = 2  # per person
CHUNK = 100  # people per file: an interruption loses at most these
SOFTNESS = 3  # pixels over which the edge of a matte is blurred
YAW = 45.0  # degrees; turned evenly up to this, unlike the shots of the cast, most of which look at the camera


@dataclass(frozen=True, eq=False)
class Renders:
    """N renders: ``image`` (N, S, S, 3) u8, ``landmarks`` (N, 68, 2) f32, ``matte`` (N, S, S) u8 0…255 of the person,
    ``mask`` (N, S, S) bool of the face, ``tone`` (N,) f32 from 0 light to 1 dark, ``yaw`` (N,) f32 in degrees."""

    image: np.ndarray
    landmarks: np.ndarray
    matte: np.ndarray
    mask: np.ndarray
    tone: np.ndarray
    yaw: np.ndarray

    def __len__(self):
        return len(self.image)

    def __getitem__(self, rows):
        """The renders of these ``rows``, a slice or an array of indices."""
        return Renders(*(getattr(self, field.name)[rows] for field in fields(self)))


def render_set(people, split, first=0) -> Renders:
    """``SHOTS`` renders each of ``people`` people of one ``split`` of the cast, seeds ``first`` on, kept in the cache.

    Rendering takes about 0.15 s a picture on one core and shows a progress bar; what is done is kept chunk by chunk,
    for this version of the cast and these constants.
    """
    from tqdm.auto import tqdm

    seeds, chunks = list(islice((seed for seed in count(first) if split_of(seed) == split), people)), []
    with tqdm(total=people, unit="person", desc="rendering faces") as bar:
        for start in range(0, people, CHUNK):
            part = seeds[start:start + CHUNK]
            chunks.append(kept("faces", f"{part[0]:06d}-{part[-1]:06d}", (part, SHOTS, SIZE, YAW, SOFTNESS),
                               lambda: vars(_render(part, bar))))
            bar.update(start + len(part) - bar.n)                      # what was read at once
    return Renders(*(np.concatenate([chunk[field.name] for chunk in chunks]) for field in fields(Renders)))


def _render(seeds, bar):
    from dflib import cast

    frames, tones, yaws = [], [], []
    for seed in seeds:
        person = cast.sample_person(seed)
        for number in range(SHOTS):
            shot = turned(cast.sample_shot(seed * SHOTS + number, yaw=YAW), seed * SHOTS + number)
            frames.append(cast.render(person, shot, size=SIZE))
            tones.append(person.tone)
            yaws.append(shot.yaw)
        bar.update(1)
    background = cast.LABELS.index("background")
    # the labels have hard edges; a pixel of softness keeps cut-out people from being told by theirs
    mattes = [cv2.blur(np.where(frame.labels == background, 0, 255).astype(np.uint8), (SOFTNESS, SOFTNESS))
              for frame in frames]
    return Renders(np.stack([frame.image for frame in frames]), np.stack([frame.landmarks for frame in frames]),
                   np.stack(mattes), np.stack([frame.mask for frame in frames]), np.float32(tones), np.float32(yaws))


def turned(shot, seed):
    """``shot`` with a yaw drawn evenly up to ``YAW`` degrees; the eyes go on looking where they did."""
    yaw = np.random.default_rng((seed, 68)).uniform(-YAW, YAW)
    gaze = np.array(shot.gaze, np.float64)
    gaze[0] = np.clip(gaze[0] + np.sin(np.radians(shot.yaw)) - np.sin(np.radians(yaw)), -0.5, 0.5)
    return replace(shot, yaw=float(yaw), gaze=gaze)
