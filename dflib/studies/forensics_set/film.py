"""The actors on film: every frame of a clip with the landmarks that a network finds in it, kept in the cache."""
from dataclasses import dataclass, replace

import numpy as np

from dflib import cast, checkpoints, media
from dflib.cast import renders
from dflib.datasets.facesets import FaceSet, cut, performed_faces, together
from dflib.faces.follow import Follower
from dflib.studies.forensics_set import plan

OTHERS, SECONDS, A_SECOND = 12, 5.0, 3.0        # more performances from which a face is learned, their length, frames of a second


@dataclass(frozen=True, eq=False)
class Film:
    """An actor's whole clip. The frames that the set keeps are those of its middle, ``kept``."""
    actor: plan.Actor
    frames: np.ndarray      # (T, S, S, 3) uint8
    landmarks: np.ndarray   # (T, 68, 2) float32 as found, nan where no face was

    @property
    def kept(self) -> range:
        first = (len(self.frames) - plan.KEPT) // 2
        return range(first, first + plan.KEPT)

    @property
    def runs(self) -> list:
        """Runs of neighbouring frames with a face, as `manipulate.follow_face` gives them."""
        found = np.flatnonzero(np.isfinite(self.landmarks[:, 0, 0]))
        parts = np.split(found, np.flatnonzero(np.diff(found) > 1) + 1) if len(found) else []
        return [(int(part[0]), self.landmarks[part]) for part in parts]

    def recording(self) -> media.Recording:
        return media.Recording(self.actor.id, list(self.frames), plan.FPS)

    def follow(self):
        """A follower, as `manipulate.Method.learn` wants it, that knows this film and no other picture."""
        known = {frame.tobytes(): marks for frame, marks in zip(self.frames, self.landmarks)}

        def found(picture):
            marks = known.get(picture.tobytes())
            return (None, False) if marks is None or np.isnan(marks[0, 0]) else (marks, True)
        return found

    def faces(self, size: int) -> FaceSet:
        """The FaceSet of the whole film, for the autoencoder of ``size`` pixels."""
        from dflib.datasets.facesets import MARGIN

        numbers = np.flatnonzero(np.isfinite(self.landmarks[:, 0, 0]))
        rows = [cut(self.frames[n], self.landmarks[n], size, MARGIN) for n in numbers]
        crops, masks, matrices = (np.array(column) for column in zip(*rows))
        marks = np.einsum("nij,nkj->nki", matrices[:, :, :2], self.landmarks[numbers]) + matrices[:, None, :, 2]
        return FaceSet(crops, masks, matrices, marks.astype(np.float32), numbers)


def learned_faces(one: Film, size: int) -> FaceSet:
    """What a decoder learns an actor's face from: the whole film, and OTHERS more performances, each in another light.

    A clip of eight seconds in one light shows a face from few sides, and a network would learn its shadows with it. Whoever
    makes such a fake collects more.
    """
    seeds = range(100 * one.actor.person, 100 * one.actor.person + OTHERS)
    person = cast.sample_person(one.actor.person)
    return together(one.faces(size), performed_faces(person, size, seeds, A_SECOND, SECONDS, progress=False))


def performance_of(actor: plan.Actor):
    """The cast's Performance that an actor gives: ``plan.WHOLE`` frames."""
    return cast.perform(actor.performance, plan.WHOLE / plan.FPS, plan.FPS)


def kept_shots(actor: plan.Actor) -> list:
    """The Shots of the frames that the set keeps of an actor's performance."""
    first = (plan.WHOLE - plan.KEPT) // 2
    return performance_of(actor).shots[first:first + plan.KEPT]


def take(actor: plan.Actor) -> dict:
    """The arrays of an actor's Film, rendered (about ten seconds of one core)."""
    follow, frames, marks = Follower("dflib"), [], []
    for frame in cast.render_clip(cast.sample_person(actor.person), performance_of(actor), plan.SIZE):
        frames.append(frame.image)
        found = follow(frame.image)[0]
        marks.append(np.full((68, 2), np.nan) if found is None else found)
    return {"frames": np.array(frames), "landmarks": np.array(marks, np.float32)}


def film(actor: plan.Actor) -> Film:
    """An actor's Film, rendered once and kept in the cache (7 MB)."""
    networks = [checkpoints.read_card(checkpoints.shipped(name))["sha256"] for name in ("detector", "landmarks")]
    depends = (actor.person, actor.performance, plan.WHOLE, plan.FPS, plan.SIZE, networks)
    return Film(actor, **renders.kept("forensics", f"{actor.person}-{actor.performance}", depends, lambda: take(actor)))


def true_frames(target: plan.Actor, source: plan.Actor, kind: str) -> np.ndarray:
    """The kept frames of a perfect fake, (KEPT, S, S, 3) uint8, rendered: no method has left a trace in them.

    kind: "TrueSwap", the source's face on the target's head, hair and complexion, in the target's performance; or
    "TrueReenactment", the target with the source's expressions and gaze.
    """
    from dflib.cast.people.variants import with_face

    person, performance = cast.sample_person(target.person), performance_of(target)
    if kind == "TrueSwap":
        person = with_face(person, cast.sample_person(source.person))
    else:
        performance = cast.reenact(performance, performance_of(source))
    first = (plan.WHOLE - plan.KEPT) // 2
    kept = replace(performance, shots=performance.shots[first:first + plan.KEPT])
    return np.array([frame.image for frame in cast.render_clip(person, kept, plan.SIZE)])
