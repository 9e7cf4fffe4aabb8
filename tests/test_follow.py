"""Following faces through a clip of several people: look-aways, misses, cuts; by place alone and with an identity network."""
from copy import copy
from dataclasses import replace

import cv2
import numpy as np
import pytest

from dflib import cast, faces, media
from dflib.faces import follow
from dflib.faces.crops import boxes_of
from dflib.faces.follow import Follower, tracks
from dflib.manipulate import manipulate_video
from dflib.metrics.identity import identities

SIDE = 128
ANA, BEN, CEM = 900_009, 900_029, 900_049        # of the test split, so that no network has seen them
AWAY, COVERED, STRANGER, SWAPPED = range(4, 14), 6, range(16, 18), range(18, 20)


@pytest.fixture(scope="module")
def people():
    """Three people in four shots each, and the first from behind: {seed: pictures (S, S, 3)}."""
    shots = [cast.sample_shot(seed, yaw=15) for seed in range(4)]
    pictures = {seed: [cast.render(cast.sample_person(seed), shot, size=SIDE).image for shot in shots]
                for seed in (ANA, BEN, CEM)}
    back = cast.render(cast.sample_person(ANA), replace(shots[0], yaw=180.0), size=SIDE).image
    return pictures | {"back": [back] * 4}


def side_by_side(left, right):
    """Two pictures (S, S, 3) beside each other, the right one smaller: (S, 2 S, 3)."""
    picture = np.full((SIDE, 2 * SIDE, 3), 110, np.uint8)
    picture[:, :SIDE] = left
    if right is not None:
        small = SIDE * 3 // 4
        picture[-small:, -small:] = cv2.resize(right, (small, small), interpolation=cv2.INTER_AREA)
    return picture


@pytest.fixture(scope="module")
def clip(people):
    """Ana on the left, Ben on the right; she looks away for ten frames, he is covered in one of them; a cut to another
    person in her place; a cut to the two with their places exchanged."""
    frames = []
    for number in range(20):
        ana, ben, cem, back = (people[name][number % 4] for name in (ANA, BEN, CEM, "back"))
        if number in STRANGER:
            frames.append(side_by_side(cem, None))
        elif number in SWAPPED:
            frames.append(side_by_side(ben, ana))
        else:
            frames.append(side_by_side(back if number in AWAY else ana, None if number == COVERED else ben))
    return frames


def test_nobody_else_is_taken_for_the_main_person(clip):
    follower, found = Follower(identity=identities), []
    for image in clip:
        main = follower.main(image)
        found.append(None if main is None else "left" if main.box[0] < SIDE else "right")
    expected = ["left"] * 4 + [None] * 10 + ["left"] * 2 + [None] * 2 + ["right"] * 2
    assert found == expected


def test_everybody_keeps_a_number(clip):
    everybody = tracks(clip, "all", identity=identities)
    ana, ben, cem = everybody
    assert ana.frames.tolist() == [0, 1, 2, 3, 14, 15, 18, 19]
    assert ben.frames.tolist() == [number for number in range(20) if number != COVERED and number not in STRANGER]
    assert cem.frames.tolist() == [16, 17]
    for track in everybody:
        assert track.boxes.shape == (len(track), 4) and track.landmarks.shape == (len(track), 68, 2)
        assert all(faces.detection.overlap(box, faces.box_around(points)) > 0.5
                   for box, points in zip(track.boxes, track.landmarks))
    assert [first for first, _ in ben.runs(longest=250)] == [0, 7, 18]        # a miss and a cut part a clip
    assert [(first, len(points)) for first, points in ben.runs(longest=4)] == [(0, 4), (4, 2), (7, 4), (11, 4), (15, 1),
                                                                               (18, 2)]
    largest, = tracks(clip[2:6], "largest", identity=identities)
    assert largest.frames.tolist() == [0, 1]
    with pytest.raises(ValueError, match="largest, all"):
        tracks(clip, "some")


def test_boxes_are_the_main_persons(clip):
    """In the last two pictures Ana stands on the right; by places alone whoever is on the left is taken for her."""
    for identity, right in ((identities, True), (None, False)):
        boxes = boxes_of(clip[:2] + clip[14:], identity=identity)
        assert not np.isnan(boxes).any()
        assert (boxes[:4, 0] < SIDE).all() and ((boxes[-2:, 0] > SIDE) == right).all()


def test_by_place_alone_a_bystander_is_remembered(clip):
    """Without an identity network nobody beside the lost person takes over, before or after a miss; a new one does."""
    main = [place if place is None else "left" if place.box[0] < SIDE else "right"
            for place in map(Follower().main, clip[:16])]
    assert main == ["left"] * 4 + [None] * 10 + ["left"] * 2


def test_largest_first_then_the_same_one_and_after_a_cut_the_new_one(monkeypatch):
    a, b, elsewhere = [10, 10, 50, 60], [60, 10, 90, 45], [0, 60, 40, 110]
    at = {name: np.float32(boxes).reshape(-1, 4) for name, boxes in {
        "both": [a, b], "grown": [np.add(b, [-8, -8, 12, 12]), a], "bystander": [b], "nobody": [], "cut": [elsewhere]}.items()}
    monkeypatch.setattr(follow, "detect", lambda image: at[image])
    monkeypatch.setattr(follow, "landmarks", lambda image, backend, boxes: boxes)
    follower = Follower()
    expected = [("both", a, False), ("grown", a, True), ("bystander", None, False), ("both", a, False),
                ("nobody", None, False), ("bystander", None, False), ("cut", elsewhere, False), ("cut", elsewhere, True)]
    for name, box, same in expected:
        found = follower(name)
        assert found[1] == same and (found[0] is None if box is None else found[0].tolist() == box), name


def test_a_copy_starts_afresh(monkeypatch):
    monkeypatch.setattr(follow, "detect", lambda image: np.float32([image]))
    monkeypatch.setattr(follow, "landmarks", lambda image, backend, boxes: boxes)
    one = Follower()
    other = copy(one)
    assert one.main([0, 0, 9, 9]).person == 0 and one.main([50, 0, 59, 9]).person == 1
    assert other.main([50, 0, 59, 9]).person == 0


class Spot:
    """A method that blackens the middle of each face that it is prepared for."""
    kind, note = "edited", "a spot"

    def learn(self, source, target, follow, progress):
        self.target = target

    def prepare(self, runs, progress):
        self.places = {first + i: points[i].mean(axis=0) for first, points in runs for i in range(len(points))}

    def changed(self, number, image):
        x, y = np.rint(self.places[number]).astype(int)
        image = image.copy()
        image[y - 8:y + 8, x - 8:x + 8] = 0
        return image


@pytest.mark.parametrize("which", ["largest", "all"])
def test_which_faces_are_changed(clip, tmp_path, which):
    """Frames 2 to 7 of the clip: Ana is there in two of them, Ben in all but one."""
    done = manipulate_video(Spot(), media.Recording("two people", clip[2:8], 25), tmp_path / "out.mp4",
                            mask=tmp_path / "mask.mp4", which=which, progress=False)
    changes = [change.any(axis=2) for change in media.read_video(tmp_path / "mask.mp4")]
    halves = [[int(half.any()) for half in (change[:, :SIDE], change[:, SIDE:])] for change in changes]
    ana, ben = [1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 1] if which == "all" else [0] * 6
    assert halves == [list(pair) for pair in zip(ana, ben)]
    assert (done.frames, done.without_face) == (6, 1 if which == "all" else 4)
