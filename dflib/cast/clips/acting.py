"""How an actor moves: speech, blinks, turns, nods, smiles and glances as smooth curves of time.

Every curve is sampled at TICKS per second; events are drawn one after another from a generator of their own, so a
longer performance of the same seed begins like a shorter one.
"""
from collections.abc import Callable

import numpy as np

from dflib.cast.geometry.mesh import smoothstep

TICKS = 100                     # samples per second
# Mouth shapes of speech sounds, as expression weights.
VOWELS = (dict(jaw_open=.42, lips_part=.30), dict(jaw_open=.24, lips_part=.38, smile=.16),
          dict(jaw_open=.14, lips_part=.34, smile=.26), dict(jaw_open=.30, lips_part=.16, pucker=.42),
          dict(jaw_open=.12, lips_part=.10, pucker=.58), dict(jaw_open=.20, lips_part=.22))
CONSONANTS = (dict(), dict(jaw_open=.02), dict(jaw_open=.06, lips_part=.18),
              dict(jaw_open=.07, lips_part=.36, smile=.08), dict(jaw_open=.12, lips_part=.28),
              dict(jaw_open=.10, lips_part=.14, pucker=.26))
SPOKEN = ("jaw_open", "lips_part", "pucker", "smile")


def smooth(track: np.ndarray, seconds: float) -> np.ndarray:
    """Gaussian low-pass of a track (N,) or (N, D) with a standard deviation of `seconds`; ends are held."""
    reach = int(np.ceil(4 * seconds * TICKS))
    kernel = np.exp(-.5 * (np.arange(-reach, reach + 1) / (seconds * TICKS)) ** 2)
    kernel /= kernel.sum()
    track = np.asarray(track, np.float64)
    padded = np.pad(track, [(reach, reach)] + [(0, 0)] * (track.ndim - 1), mode="edge")
    columns = padded.reshape(len(padded), -1).T
    return np.stack([np.convolve(c, kernel, "valid") for c in columns], -1).reshape(track.shape)


def wander(rng: np.random.Generator, time: np.ndarray, period: float, count: int = 6) -> np.ndarray:
    """Sum of slow cosines (N,), about sigma 1, whose shortest period is `period` seconds."""
    total = np.zeros_like(time)
    for _ in range(count):
        total += np.cos(2 * np.pi * time / (period * rng.uniform(1, 4)) + rng.uniform(0, 2 * np.pi))
    return total / np.sqrt(count / 2)


def held(rng: np.random.Generator, time: np.ndarray, hold: tuple, move: tuple, draw: Callable) -> np.ndarray:
    """A track (N,) that rests at values from `draw(rng)` for `hold` (low, high) seconds, moving in `move` seconds."""
    track, start, value = np.zeros_like(time), 0., draw(rng)
    while start <= time[-1]:
        stay, travel, goal = rng.uniform(*hold), rng.uniform(*move), draw(rng)
        here = (time >= start) & (time < start + stay + travel)
        track[here] = value + (goal - value) * smoothstep(time[here], start + stay, start + stay + travel)
        start, value = start + stay + travel, goal
    return track


def speech(rng: np.random.Generator, time: np.ndarray) -> tuple:
    """Tracks {name: (N,)} of SPOKEN, and stress (N,): 3.5 to 5.5 syllables a second in phrases with pauses.

    Neighbouring sounds blend by dominance functions (Cohen & Massaro 1993): each target counts with a weight that
    falls off exponentially with the distance in time, so that lips already round before an "o".
    """
    sounds, start = [], rng.uniform(.1, .6)             # (time, target weights, steepness per second)
    stress = np.zeros_like(time)
    while start <= time[-1]:
        sounds.append((start - .12, {}, 16.))
        rate, end = rng.uniform(3.5, 5.5), start + rng.uniform(1.2, 3.2)
        while start < end:
            length, loud = rng.uniform(.75, 1.25) / rate, rng.uniform(.55, 1.1)
            vowel, consonant = VOWELS[rng.integers(len(VOWELS))], CONSONANTS[rng.integers(len(CONSONANTS))]
            sounds.append((start, consonant, 34.))
            sounds.append((start + .55 * length, {k: v * loud for k, v in vowel.items()}, 22.))
            if loud > .95:
                stress += np.exp(-.5 * ((time - start - .5 * length) / .14) ** 2)
            start += length
        sounds.append((start + .10, {}, 16.))
        start += rng.uniform(.5, 1.4)
    total = np.full_like(time, 1e-6)
    tracks = {name: np.zeros_like(time) for name in SPOKEN}
    for moment, target, steepness in sounds:
        dominance = np.exp(-steepness * abs(time - moment))
        total += dominance
        for name, weight in target.items():
            tracks[name] += dominance * weight
    return {name: smooth(track / total, .035) for name, track in tracks.items()}, stress


def blinks(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Lid closure (N,) 0..1: 12 to 20 blinks a minute, each 0.15 to 0.3 s, closing faster than opening."""
    rate, closure = rng.uniform(13, 19), np.zeros_like(time)
    moment = rng.uniform(.4, .8) * 60 / rate
    while moment <= time[-1]:
        close, shut, reopen = rng.uniform(.06, .09), rng.uniform(.02, .05), rng.uniform(.09, .16)
        lid = smoothstep(time, moment, moment + close) * smoothstep(time, moment + close + shut + reopen,
                                                                    moment + close + shut)
        closure = np.maximum(closure, lid)
        moment += 60 / rate * rng.uniform(.55, 1.45)
    return closure


def smiles(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Strength of a smile (N,): a friendly rest, with broader smiles that come in half a second and fade slowly."""
    track, moment = np.full_like(time, rng.uniform(.08, .25)), rng.uniform(.5, 3.)
    while moment <= time[-1]:
        rise, stay, fall = rng.uniform(.4, .7), rng.uniform(.6, 2.2), rng.uniform(.6, 1.2)
        strength = rng.uniform(.35, .7)
        track += strength * smoothstep(time, moment, moment + rise) * smoothstep(
            time, moment + rise + stay + fall, moment + rise + stay)
        moment += rise + stay + fall + rng.uniform(1.5, 5.)
    return track


def nods(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Extra pitch (N,) in degrees: now and then two or three nods of 3 to 6 degrees."""
    track, moment = np.zeros_like(time), rng.uniform(1., 4.)
    while moment <= time[-1]:
        frequency, count, size = rng.uniform(1.2, 1.9), rng.integers(1, 4), rng.uniform(3, 6)
        length = count / frequency
        inside = (time >= moment) & (time <= moment + length)
        track[inside] += size * np.sin(np.pi * frequency * (time[inside] - moment)) ** 2
        moment += length + rng.uniform(2.5, 7.)
    return track


def glances(rng: np.random.Generator, jitter: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Where the eyes look beside the camera, (N, 2) cm of iris: mostly nowhere else, glances of half a second.

    `jitter` is the generator of the small jumps of an eye that rests.
    """
    track, moment = np.zeros((len(time), 2)), rng.uniform(.8, 3.)
    while moment <= time[-1]:
        stay, target = rng.uniform(.4, 1.2), rng.uniform((-.32, -.14), (.32, .10))
        track[(time >= moment) & (time < moment + stay)] = target
        moment += stay + rng.uniform(1.2, 4.5)
    jumps = held(jitter, time, (.25, .9), (.02, .04), lambda r: r.normal() * .012)     # the eye is never quite still
    return smooth(track, .018) + jumps[:, None] * [1., .5]
