"""Face2Face in small against the cast's true reenactment: the same shot with the other expression."""
from dataclasses import replace

import numpy as np
import pytest

from dflib import cast, media, metrics
from dflib.cast import expression
from dflib.manipulate import LOOKS
from dflib.swap import face2face
from dflib.swap.face2face import Face2Face, mirrored, polygon, warp

SIZE = 128


def film(person, shots):
    """The Frames of a person in these shots."""
    return [cast.render(person, shot, SIZE) for shot in shots]


def known(frames):
    """A follower that knows where the faces are: the landmarks of the frames, in turn."""
    waiting = iter(frames)
    return lambda image: (next(waiting).landmarks, True)


@pytest.fixture(scope="module")
def scene():
    """(source's frames, target's frames, the true reenactment) of two people; the target's mouth is open in the first frame only."""
    base = cast.neutral_shot(yaw=8)
    words = [dict(), dict(jaw_open=.35, lips_part=.3), dict(jaw_open=.8, lips_part=.4), dict(smile=.6), dict(brow_up=.5, jaw_open=.2)]
    said = [replace(base, expression=expression(**word), seed=n) for n, word in enumerate(words)]
    own = [expression(jaw_open=.75, lips_part=.4), *[expression()] * 4]
    at = [replace(cast.neutral_shot(yaw=-6 + 2 * n), seed=50 + n, expression=weights) for n, weights in enumerate(own)]
    true = [replace(shot, expression=word.expression) for shot, word in zip(at, said)]
    one, other = cast.sample_person(4118), cast.sample_person(4208)
    return film(one, said), film(other, at), film(other, true)


def reenacted(source, target):
    method = Face2Face(smoothing=0)
    recordings = [media.Recording(name, [frame.image for frame in frames], 8) for name, frames in (("a", source), ("b", target))]
    method.learn(*recordings, known(source), progress=False)
    method.prepare([(0, np.array([frame.landmarks for frame in target]))], progress=False)
    return np.array([method.changed(number, frame.image) for number, frame in enumerate(target)])


def test_it_comes_nearer_to_the_true_reenactment(scene):
    source, target, true = scene
    made, goal = reenacted(source, target), np.array([frame.image for frame in true])
    still, inside = np.array([frame.image for frame in target]), np.array([frame.mask for frame in true])
    gain = metrics.psnr(made, goal, inside) - metrics.psnr(still, goal, inside)
    assert (gain > 2).all(), gain           # dB inside the whole face: a mouth that shuts, two that open, a smile, brows
    # the mouth is open where it should be: dark or teeth between the lips instead of lip
    lips = polygon(true[2].landmarks[60:68], (SIZE, SIZE))
    error = np.abs(made[2].astype(float) - goal[2])[lips].mean(), np.abs(still[2].astype(float) - goal[2])[lips].mean()
    assert error[0] < 0.7 * error[1], error
    far = ~np.array([frame.labels for frame in target][2] != cast.LABELS.index("background"))
    far[:, 20:-20] = False
    assert np.array_equal(made[2][far], still[2][far])          # what is far from the face is not touched


def test_ones_own_expression_changes_nearly_nothing(scene):
    _, target, _ = scene
    made = reenacted(target, target)
    difference = np.abs(made.astype(float) - [frame.image for frame in target])
    assert difference.mean() < 0.5 and np.percentile(difference, 99) < 12


def test_a_model_that_does_not_move_leaves_the_picture(scene):
    method = Face2Face()
    frame = scene[1][0]
    placed = face2face.fit.place(method.model, method._fitted(frame.landmarks[None]))[0]
    same, holes = warp(method.model, frame.image, placed, placed)
    assert np.abs(same.astype(int) - frame.image).max() <= 1
    eyes = frame.landmarks[36:48].reshape(2, 6, 2).mean(1).round().astype(int)
    assert all(holes[y - 1:y + 2, x - 1:x + 2].any() for x, y in eyes)
    # a shift of the whole model by 3 pixels shifts the face, and nothing that is far away
    shifted, _ = warp(method.model, frame.image, placed, placed + (3, 0, 0))
    x, y = frame.landmarks[30].round().astype(int)
    assert np.abs(shifted[y, x + 3].astype(int) - frame.image[y, x]).max() <= 6
    assert np.array_equal(shifted[:4], frame.image[:4])


def test_a_shorter_source_plays_forwards_and_backwards():
    assert [mirrored(number, 4) for number in range(10)] == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]
    assert [mirrored(number, 1) for number in range(3)] == [0, 0, 0]


def test_a_source_without_a_face_is_one_sentence(scene):
    target = media.Recording("b", [frame.image for frame in scene[1]], 8)
    with pytest.raises(ValueError, match="No face was found in a"):
        Face2Face().learn(media.Recording("a", [scene[0][0].image], 8), target, lambda image: (None, False), progress=False)


def test_frames_without_a_face_repeat_and_few_mouths_are_kept(scene):
    source, target, _ = scene
    method = Face2Face(smoothing=0)
    faces = iter([None, source[1].landmarks, None, source[2].landmarks])
    pictures = [frame.image for frame in source[:4]]
    many = media.Recording("b", [target[0].image] * (3 * LOOKS), 8)
    method.learn(media.Recording("a", pictures, 8), many, lambda image: (next(faces), True), progress=False)
    assert len(method.played) == 4
    assert np.array_equal(method.played[0], method.played[1]) and np.array_equal(method.played[1], method.played[2])
    assert not np.array_equal(method.played[2], method.played[3])
    assert LOOKS / 2 <= len(method.gallery) <= LOOKS and set(np.diff(list(method.gallery))) == {4}
