"""Crops for detectors: the square, the gaps, the cache, and a fake cut by its original's boxes."""
import numpy as np
import pytest

from dflib import checkpoints, media
from dflib.faces import crops
from dflib.faces.crops import boxes_of, clip_boxes, clip_crops, cut, filled, square_box
from dflib.paths import DATA


@pytest.mark.parametrize("box, expected", [
    ((40, 30, 60, 50), (37, 27, 63, 53)),           # 20 becomes 26, around the same centre
    ((40, 30, 50, 50), (32, 27, 58, 53)),           # the longer side counts
    ((0, 0, 20, 20), (0, 0, 26, 26)),               # moved inside, not made smaller
    ((85, 60, 105, 80), (74, 54, 100, 80)),
    ((-5, 30, 15, 50), (0, 27, 26, 53)),
    ((0, 0, 100, 80), (10, 0, 90, 80)),             # no larger than the picture
    ((40.4, 30.4, 40.5, 30.6), (40, 30, 41, 31)),
])
def test_square_box_by_hand(box, expected):
    found = square_box(box, (80, 100, 3))
    assert found.tolist() == list(expected)


def test_squares_lie_inside_and_hold_the_box_where_they_can():
    rng = np.random.default_rng(0)
    for _ in range(200):
        x0, y0 = rng.uniform(-20, 90, 2)
        box = np.array([x0, y0, x0 + rng.uniform(21, 50), y0 + rng.uniform(21, 50)])
        a, b, c, d = square_box(box, (120, 100))
        assert c - a == d - b <= 100 and a >= 0 and b >= 0 and c <= 100 and d <= 120
        inside = np.clip(box, 0, [100, 120, 100, 120])
        if c - a < 100:
            assert (a <= inside[0] + 1) and (b <= inside[1] + 1) and (c >= inside[2] - 1) and (d >= inside[3] - 1)


@pytest.mark.parametrize("box", [(5, 5, 5, 9), (9, 5, 5, 9), (120, 5, 130, 9), (-9, 5, 0, 9), (np.nan,) * 4])
def test_boxes_of_nothing(box):
    with pytest.raises(ValueError, match="covers nothing of a picture of 100 x 80"):
        square_box(box, (80, 100))


def test_cut_resizes_only_when_asked():
    picture = np.random.default_rng(0).integers(0, 256, (80, 100, 3)).astype(np.uint8)
    assert np.array_equal(cut(picture, (40, 30, 60, 50)), picture[27:53, 37:63])
    half = cut(picture, (40, 30, 60, 50), 13)
    assert np.abs(half - picture[27:53, 37:63].reshape(13, 2, 13, 2, 3).mean((1, 3))).max() <= 0.5 + 1e-9


def test_near_enough_is_not_resampled():
    picture = np.random.default_rng(0).integers(0, 256, (80, 100, 3)).astype(np.uint8)
    box = (40, 30, 60, 50)                                      # its square: 26 px around (50, 40)
    assert np.array_equal(cut(picture, box, 24), picture[28:52, 38:62])
    assert np.array_equal(cut(picture, box, 28), picture[26:54, 36:64])
    assert not np.array_equal(cut(picture, box, 23), picture[29:52, 39:62])        # more than a tenth off
    assert np.array_equal(cut(picture, box, 10, native=True), picture[35:45, 45:55])
    assert np.array_equal(cut(picture, (88, 5, 98, 15), 40, native=True), picture[:40, 60:])     # moved inside
    small = cut(picture, box, 120, native=True)
    assert small.shape == (120, 120, 3) and np.array_equal(small[20:100, 10:110], picture)
    assert np.array_equal(small[19, 10:110], picture[1]) and np.array_equal(small[20:100, 9], picture[:, 1])


def test_short_gaps_are_filled_and_long_ones_are_not():
    boxes = np.full((12, 4), np.nan)
    boxes[2], boxes[4], boxes[9] = (0, 0, 10, 10), (4, 2, 14, 12), (4, 2, 14, 12)
    found = filled(boxes, longest_gap=3)
    assert found[3].tolist() == [2, 1, 12, 11]
    assert np.isnan(found[[0, 1, 5, 6, 7, 8, 10, 11]]).all() and np.isnan(boxes[3]).all()
    assert not np.isnan(filled(boxes, longest_gap=4)[4:10]).any()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Ten pictures of a shipped clip, the fourth and the last without a face; and a fake of it, two shorter."""
    folder = tmp_path_factory.mktemp("clip")
    pictures = [picture for picture, _ in zip(media.read_video(DATA / "clips" / "ana.mp4"), range(10))]
    pictures[3] = pictures[9] = np.full_like(pictures[0], 90)
    media.write_video(folder / "real.mp4", pictures, crf=12, kind="rendered", progress=False)
    fake = [255 - picture for picture in pictures[:8]]          # a negative: no face would be found in it
    media.write_video(folder / "fake.mp4", fake, crf=12, kind="rendered", progress=False)
    return folder, pictures


def test_a_clip_is_followed_and_a_fake_is_cut_by_its_original(clip, monkeypatch):
    folder, pictures = clip
    boxes = clip_boxes(folder / "real.mp4")
    assert boxes.shape == (10, 4) and np.isnan(boxes[9]).all() and not np.isnan(boxes[:9]).any()
    assert np.allclose(boxes[3], (boxes[2] + boxes[4]) / 2)
    monkeypatch.setattr(crops, "tracks", None)                  # from now on nothing may be looked for
    assert np.array_equal(clip_boxes(folder / "real.mp4"), boxes, equal_nan=True)
    cards = checkpoints.read_card
    with monkeypatch.context() as other:
        other.setattr(checkpoints, "read_card", lambda path: {**cards(path), "sha256": "of other networks"})
        with pytest.raises(TypeError):                          # by other networks they are found anew
            clip_boxes(folder / "real.mp4")
    numbers, real = clip_crops(folder / "real.mp4", 64)
    assert numbers.tolist() == list(range(9)) and real.shape == (9, 64, 64, 3)
    assert np.abs(real[0].astype(int) - cut(pictures[0], boxes[0], 64)).mean() < 4
    numbers, fake = clip_crops(folder / "fake.mp4", 64, boxes)
    assert numbers.tolist() == list(range(8))
    assert np.abs(255 - fake.astype(int) - real[:8]).mean() < 4
    with pytest.raises(FileNotFoundError):
        clip_crops(folder / "none.mp4", 64)


def test_nobody_there():
    boxes = boxes_of(np.full((3, 64, 64, 3), 90, np.uint8))
    assert boxes.shape == (3, 4) and np.isnan(boxes).all()
