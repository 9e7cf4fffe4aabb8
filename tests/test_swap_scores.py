"""Scores of swapped clips: closed forms, scikit-image, sums written out, and a clip whose true swap is known."""
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from dflib import cast
from dflib.cast import head_model
from dflib.metrics import flicker, psnr, ssim
from dflib.swap.face_model import as_face_model
from dflib.swap.scores import COLUMNS, expression_error, find_landmarks, score, score_frames, table, true_swap


@pytest.fixture
def pair():
    """Two pairs of pictures (2, 24, 20, 3) and a ragged mask (2, 24, 20) that touches the border."""
    rng = np.random.default_rng(0)
    a = rng.integers(0, 256, (2, 24, 20, 3), np.uint8)
    b = np.clip(.6 * a + .4 * rng.integers(0, 256, a.shape), 0, 255).astype(np.uint8)
    mask = rng.random((2, 24, 20)) < .3
    mask[:, 4:17, 6:] = True
    return a, b, mask


def ssim_at(a, b, mask, row, column):
    """SSIM at one pixel, from sums over the part of its 11 x 11 window that is inside the mask."""
    x = np.arange(-5, 6)
    window = np.exp(-(x[:, None] ** 2 + x ** 2) / (2 * 1.5 ** 2))
    p, q, m = (np.pad(z.astype(float), [(5, 5), (5, 5), (0, 0)])[row:row + 11, column:column + 11].reshape(121, -1)
               for z in (a, b, mask[..., None]))
    w = window.ravel() * m[:, 0] / (window.ravel() @ m[:, 0])
    u, v = w @ p, w @ q
    return np.mean((2 * u * v + 2.55 ** 2) * (2 * (w @ ((p - u) * (q - v))) + 7.65 ** 2)
                   / ((u ** 2 + v ** 2 + 2.55 ** 2) * (w @ (p - u) ** 2 + w @ (q - v) ** 2 + 7.65 ** 2)))


def test_psnr_inside_a_mask(pair):
    a, b, mask = pair
    theirs = [peak_signal_noise_ratio(y[m], x[m], data_range=255) for x, y, m in zip(a, b, mask)]
    assert np.allclose(psnr(a, b, mask), theirs, rtol=0, atol=1e-9)
    assert psnr(a[0], b[0], mask[0]) == pytest.approx(theirs[0])
    shade = [np.where(mask[..., None], level, picture).astype(np.uint8) for level, picture in ((100, a), (90, b))]
    assert psnr(*shade, mask) == pytest.approx([20 * np.log10(255 / 10)] * 2)


def test_ssim_inside_a_mask(pair):
    a, b, mask = pair
    for x, y, m, ours in zip(a, b, mask, ssim(a, b, mask)):
        assert ours == pytest.approx(np.mean([ssim_at(x, y, m, *place) for place in np.argwhere(m)]), abs=1e-9)
    # and the sums are Wang's, by scikit-image, where the whole window is inside
    field = structural_similarity(a[0], b[0], channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
                                  data_range=255, full=True)[1].mean(2)
    assert ssim_at(a[0], b[0], np.ones((24, 20), bool), 11, 9) == pytest.approx(field[11, 9], abs=1e-9)


def test_what_is_outside_the_mask_does_not_matter(pair):
    a, b, mask = pair
    other = np.where(mask[..., None], a, 255 - a)
    for measure in (psnr, ssim):
        assert np.array_equal(measure(other, b, mask), measure(a, b, mask))
        assert not np.allclose(measure(other, b), measure(a, b))
        x, y = (torch.from_numpy(z).permute(0, 3, 1, 2).double() / 127.5 - 1 for z in (a, b))
        assert np.allclose(measure(x, y, torch.from_numpy(mask)), measure(a, b, mask), atol=1e-9)
        assert np.allclose(measure(a, b, mask[0]), measure(a, b, np.stack([mask[0]] * 2)), atol=0)      # one mask for all
        for wrong, words in ((mask & False, "holds no pixel"), (mask.astype(np.uint8), "must be bool"),
                             (mask[:, 1:], "like the")):
            with pytest.raises(ValueError, match=words):
                measure(a, b, wrong)


def test_flicker_is_the_change_of_the_error():
    rng = np.random.default_rng(1)
    truth = rng.integers(20, 200, (5, 6, 7, 3), np.uint8)
    mask = rng.random((5, 6, 7)) < .6
    mask[:, 0, 0] = True
    constant = (truth + 20).astype(np.uint8)
    alternating = (truth + np.array([7, -9, 7, -9, 7])[:, None, None, None]).astype(np.uint8)
    assert (flicker(constant, truth) == 0).all() and np.allclose(flicker(alternating, truth), 16)
    noisy = rng.integers(0, 256, truth.shape, np.uint8)
    errors = noisy.astype(float) - truth
    by_hand = [np.mean([np.abs(errors[t, r, c] - errors[t - 1, r, c]) for r in range(6) for c in range(7)
                        if mask[t, r, c] and mask[t - 1, r, c]]) for t in range(1, 5)]
    assert np.allclose(flicker(noisy, truth, mask), by_hand)
    assert flicker(noisy[:1], truth[:1]).shape == (0,)
    apart = np.zeros_like(mask)
    apart[::2, 0], apart[1::2, 1] = True, True
    with pytest.raises(ValueError, match="frames 0 and 1 share no pixel"):
        flicker(noisy, truth, apart)
    with pytest.raises(ValueError, match="two clips"):
        flicker(noisy[0], truth[0])


@pytest.fixture(scope="module")
def clip():
    """Target's frames (4, 112, 112, 3), their landmarks, and the TrueSwap."""
    take = cast.perform(5, 0.16)
    target, source = ([*cast.render_clip(cast.sample_person(seed), take, 112)] for seed in (320, 311))
    portraits = [cast.render(cast.sample_person(seed), cast.neutral_shot(1), 112) for seed in (311, 320)]
    truth = true_swap(source, *((frame.image[None], frame.landmarks[None]) for frame in portraits))
    return np.array([f.image for f in target]), np.array([f.landmarks for f in target]), truth


def test_scores_of_the_true_swap_of_no_swap_and_of_a_shifted_one(clip):
    target, marks, truth = clip
    best, none = score(truth.frames, truth, truth.landmarks), score(target, truth, marks)
    assert list(best) == list(COLUMNS) == list(none)
    assert best["psnr"] == np.inf and best["ssim"] == best["ssim_frame"] == 1 and best["flicker"] == 0
    assert best["landmarks"] == 0 and best["expression"] < 1e-6 and best["pose"] < 1e-5
    assert best["source"] > best["target"] + .3 and none["target"] > none["source"] + .3
    assert none["psnr"] < 20 and none["ssim"] < .8 and none["landmarks"] > 2
    assert none["expression"] < 1 and none["pose"] < 4          # the same performance, by another head
    assert none["psnr"] == pytest.approx(psnr(target, truth.frames, truth.masks).mean())
    assert none["ssim"] == pytest.approx(ssim(target, truth.frames, truth.masks).mean())
    assert none["ssim_frame"] == pytest.approx(ssim(target, truth.frames).mean())
    found = score(truth.frames, truth)                          # what the landmark network adds
    assert 0 < found["landmarks"] < 5 and found["expression"] < 1.5 and found["pose"] < 4 and found["psnr"] == np.inf
    assert np.array_equal(find_landmarks(truth.frames[:1], truth.landmarks[:1])[0], score_landmarks(truth))

    centre = truth.landmarks.mean((0, 1))
    turned = (truth.landmarks - centre) @ Rotation.from_euler("z", 7, degrees=True).as_matrix()[:2, :2].T + centre
    frames = score_frames(truth.frames, truth, turned)
    assert np.allclose(frames["pose"], 7, atol=.5) and frames["expression"].max() < .5
    eyes = np.linalg.norm(truth.landmarks[:, 36] - truth.landmarks[:, 45], axis=1)
    assert np.allclose(frames["landmarks"], 100 * np.linalg.norm(turned - truth.landmarks, axis=2).mean(1) / eyes)
    assert np.isnan(frames["flicker"][0]) and np.isfinite(frames["flicker"][1:]).all()


def score_landmarks(truth):
    from dflib import faces
    return faces.landmarks(truth.frames[0], "dflib", faces.box_around(truth.landmarks[:1]))[0]


def test_a_part_of_a_clip_scores_as_the_clip_does(clip):
    target, marks, truth = clip
    whole, part = score_frames(target, truth, marks), score_frames(target[1:3], truth.part(1, 3), marks[1:3])
    for name in ("psnr", "ssim", "ssim_frame", "landmarks", "source", "target"):
        assert np.allclose(part[name], whole[name][1:3], atol=1e-6), name
    assert part["flicker"][1] == whole["flicker"][2]
    for wrong in (target[1:], target.astype(float), target[:, :50]):
        with pytest.raises(ValueError, match=r"must be uint8 \(4, 112, 112, 3\)"):
            score(wrong, truth, marks)


def test_expression_error_counts_expressions_alone():
    model = as_face_model(head_model())
    weights = np.random.default_rng(2).normal(size=(3, len(model.spread)))
    other = weights + model.shared * np.random.default_rng(3).normal(size=weights.shape)
    assert np.allclose(expression_error(other, weights), 0)
    mode = int(np.flatnonzero(~model.shared)[3])
    other[1, mode] += .5
    moves = np.linalg.norm(.5 * model.blendshapes[mode][model.landmark_vertices], axis=1)
    eyes = np.linalg.norm(np.subtract(*model.mean[model.landmark_vertices[[36, 45]]]))
    assert np.allclose(expression_error(other, weights), [0, 100 * moves.mean() / eyes, 0], atol=1e-6) and moves.max() > 0


def test_table_is_markdown():
    numbers = {name: 1 + place / 7 for place, name in enumerate(COLUMNS)}
    lines = table({"no swap": numbers, "true": numbers | {"psnr": np.inf}}, ("psnr", "ssim", "flicker")).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == ["", "PSNR, dB", "SSIM", "flicker"] and set(lines[1]) == set("|-:")
    assert cells[2] == ["no swap", "1.0", "1.143", f"{numbers['flicker']:.2f}"] and cells[3][:2] == ["true", "inf"]
    assert len(set(map(len, lines))) == 1
