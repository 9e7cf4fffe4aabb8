"""Blending against closed forms, a sparse direct solve, and OpenCV."""
import cv2
import numpy as np
import pytest
import torch

from dflib.swap import blend
from dflib.swap.blend import feather, match_color, poisson, shrink
from dflib.swap.poisson_plain import poisson_plain

H, W = 90, 70
Y, X = np.mgrid[:H, :W]
ELLIPSE = ((X - 34) / 22) ** 2 + ((Y - 45) / 30) ** 2 < 1
MASKS = {
    "ellipse": ELLIPSE, "one pixel": (X == 9) & (Y == 9), "rectangle": (X > 4) & (X < 50) & (Y > 9) & (Y < 80),
    "left border": np.roll(ELLIPSE, -25, 1) & (X < 40), "corner": X + Y < 80, "three borders": Y < 40,
    "left to right": (Y > 30) & (Y < 60), "all but a hole": ~ELLIPSE, "speckles": np.random.default_rng(0).random((H, W)) < 0.6,
    "two parts": ((X - 15) ** 2 + (Y - 20) ** 2 < 150) | ((X - 50) ** 2 + (Y - 70) ** 2 < 200), "all but a pixel": (X + Y) > 0,
}


def pictures(seed, count=2, size=(H, W)):
    """Smooth random pictures with some noise, uint8."""
    rng = np.random.default_rng(seed)
    smooth = [400 * cv2.GaussianBlur(rng.normal(size=(*size, 3)), (0, 0), 6) for _ in range(count)]
    noisy = [rng.uniform(60, 200, 3) + each + 5 * rng.normal(size=each.shape) for each in smooth]
    return [np.clip(each, 0, 255).astype(np.uint8) for each in noisy]


def tensors(*images):
    return [torch.from_numpy(image.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None] for image in images]


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("mixed", [False, True])
def test_equal_to_a_direct_solve(name, mixed):
    mask, (g, t) = MASKS[name], pictures(3)
    exact = poisson_plain(g, t, mask, mixed)
    found = (poisson(*tensors(g, t), torch.from_numpy(mask)[None], mixed)[0].permute(1, 2, 0).numpy() + 1) * 127.5
    assert abs(found - exact).max() < 0.03
    rounded = poisson(g, t, mask, mixed)
    assert abs(rounded - np.clip(exact, 0, 255)).max() < 0.53
    assert (rounded[~mask] == t[~mask]).all() and rounded.dtype == np.uint8


@pytest.mark.parametrize("name", ["ellipse", "left border", "all but a hole", "rectangle"])
def test_both_solvers_agree(name, monkeypatch):
    mask, (g, t) = MASKS[name], pictures(5)
    args = (*tensors(g, t), torch.from_numpy(mask)[None])
    first = poisson(*args)
    monkeypatch.setattr(blend, "_solve", lambda degree, force, inside, ends:
                        blend._conjugate_gradients(degree, force, inside.float(), ends))
    assert (poisson(*args) - first).abs().max() < 3e-4


@pytest.mark.parametrize("free", [(False, False), (True, False), (False, True), (True, True)])
def test_the_eigenvectors_are_those_of_the_second_difference(free):
    matrix = 2 * np.eye(9) - np.eye(9, k=1) - np.eye(9, k=-1)
    matrix[0, 0] -= free[0]
    matrix[-1, -1] -= free[1]
    vectors, values = (x.numpy() for x in blend._eigenvectors(9, *free))
    np.testing.assert_allclose(vectors @ np.diag(values) @ vectors.T, matrix, atol=2e-6)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(9), atol=1e-6)


def test_closed_forms():
    g, t = pictures(1)
    g, t = g // 2, t // 2
    assert (poisson(t + 90, t, ELLIPSE) == t).all()                             # a constant offset vanishes
    ramp = np.repeat((2 * X + Y)[..., None], 3, 2).astype(np.uint8)
    flat = np.full_like(ramp, 77)
    assert (poisson(flat, ramp, ELLIPSE) == ramp).all()                         # a plane is harmonic
    assert (poisson(flat, g, ELLIPSE, mixed=True) == g).all()                   # nothing is stronger than no gradient
    sides = (Y > 0) & (Y < H - 1)
    lines = np.zeros_like(ramp)
    lines[-1] = H - 1                                                           # 0 above, 89 below, free to the sides:
    assert (poisson(flat, lines, sides) == Y[..., None]).all()                  # a linear ramp between the two


def test_empty_and_full_masks():
    g, t = pictures(2)
    empty, full = np.zeros((H, W), bool), np.ones((H, W), bool)
    assert (poisson(g, t, empty) == t).all() and (feather(g, t, empty, 5) == t).all()
    assert all((match_color(g, t, empty, method) == g).all() for method in ("mean", "log", "reinhard"))
    assert (feather(g, t, full, 5) == g).all()
    found = poisson(*tensors(g, t), torch.from_numpy(full)[None])
    shift = (found - tensors(g)[0]).numpy()
    assert np.ptp(shift, axis=(2, 3)).max() < 1e-4
    np.testing.assert_allclose(found.mean((2, 3)), tensors(t)[0].mean((2, 3)), atol=1e-5)
    assert torch.isfinite(poisson(*tensors(g, t), torch.from_numpy(full)[None], mixed=True)).all()


def test_batches_are_the_single_pictures():
    many, masks = pictures(4, 8), [*list(MASKS.values())[:1], np.zeros((H, W), bool), np.ones((H, W), bool), MASKS["corner"]]
    g, t, masks = np.stack(many[:4]), np.stack(many[4:]), np.stack(masks)
    for function in (poisson, lambda *a: feather(*a, 6), lambda *a: match_color(*a, "reinhard")):
        alone = np.stack([function(*each) for each in zip(g, t, masks)])
        assert (function(g, t, masks) == alone).all()
    gray = poisson(g[..., 0], t[..., 0], masks)
    assert gray.shape == (4, H, W) and abs(gray.astype(int) - poisson(g, t, masks)[..., 0]).max() <= 1
    together = blend._conjugate_gradients       # the way of other devices: all masks in one box
    both = torch.from_numpy(masks[[0, 3]])[:, None]
    a, b = torch.cat(tensors(*g[[0, 3]])), torch.cat(tensors(*t[[0, 3]]))
    degree, force = blend._equations(a, b, both, False)
    once = together(degree, force, both.float(), (True,) * 4)
    apart = poisson(a, b, both) - a
    assert (torch.where(both, once - apart, 0.0)).abs().max() < 4e-4


def test_feather_fades_inside_the_mask_only():
    g, t = np.full((H, W, 3), 200, np.uint8), np.full((H, W, 3), 100, np.uint8)
    band = (X >= 20) & (X < 60)
    row = feather(g, t, band, 8)[40, :, 0].astype(int)
    assert (row[:20] == 100).all() and (row[60:] == 100).all() and (row[28:52] == 200).all()
    assert (np.diff(row[19:29]) >= 0).all() and row[23] == 150                  # half way at half the width
    assert (feather(g, t, X < 30, 8)[:, 0] == 200).all()                        # the border of the picture is no edge


def test_colours_match_under_the_mask():
    g, t = pictures(6)
    g[~ELLIPSE] = 255 - g[~ELLIPSE]                                             # must not matter
    for method, spread_too in (("mean", False), ("log", False), ("reinhard", True)):
        found = match_color(*tensors(g, t), torch.from_numpy(ELLIPSE)[None], method)
        to = {"mean": lambda picture: picture, "log": lambda picture: ((picture + 1) * 127.5 + 1).log(), "reinhard": blend._to_lab}[method]
        inside = torch.from_numpy(ELLIPSE)
        for statistic in (torch.mean, torch.std)[:1 + spread_too]:
            np.testing.assert_allclose(statistic(to(found)[0][:, inside], dim=1), statistic(to(tensors(t)[0])[0][:, inside], dim=1),
                                       atol=2e-4)
    assert abs(match_color(t, t, ELLIPSE, "reinhard").astype(int) - t).max() <= 1
    flat = np.full_like(t, 90)
    assert np.ptp(match_color(flat, t, ELLIPSE, "reinhard"), axis=(0, 1)).max() == 0


def test_matching_logarithms_keeps_lips_that_a_shift_of_the_mean_would_blacken():
    face = np.full((40, 40, 3), 219, np.uint8)
    face[25:30, 10:30] = (139, 54, 64)                                          # lips, darker than the skin
    dark = np.full((40, 40, 3), 79, np.uint8)
    every = np.ones((40, 40), bool)
    every[0] = False
    shifted, scaled = (match_color(face, dark, every, method).astype(float) + 1 for method in ("mean", "log"))
    assert (shifted[27, 20] <= 5).all()                                         # black
    np.testing.assert_allclose(scaled[27, 20] / scaled[5, 5], (face[27, 20] + 1.0) / (face[5, 5] + 1.0), atol=0.01)
    assert abs(scaled[5, 5] - 80).max() < 8                                     # the skin comes near the target's level


def test_what_opencv_does_otherwise():
    g, t = pictures(7, size=(128, 128))
    y, x = np.mgrid[:128, :128]
    mask = ((x - 64) / 40) ** 2 + ((y - 64) / 50) ** 2 < 1
    left, right = np.nonzero(mask.any(0))[0][[0, -1]]
    top, bottom = np.nonzero(mask.any(1))[0][[0, -1]]
    theirs = cv2.seamlessClone(g, t, mask.astype(np.uint8) * 255, (int(left + (right - left + 1) // 2), int(top + (bottom - top + 1) // 2)),
                               cv2.NORMAL_CLONE)
    ours = poisson(g, t, mask)
    assert (ours[~mask] == t[~mask]).all() and (theirs[~mask] != t[~mask]).any()
    assert abs(ours[mask].astype(int) - theirs[mask]).mean() < 8     # it uses other differences
    border = x < 50
    theirs = cv2.seamlessClone(g, t, border.astype(np.uint8) * 255, (25, 64), cv2.NORMAL_CLONE)
    assert abs(poisson(g, t, border).astype(int) - theirs)[border].max() > 50
    with pytest.raises(cv2.error):
        cv2.seamlessClone(g, t, ((x // 2 == 9) & (y // 2 == 9)).astype(np.uint8) * 255, (19, 19), cv2.NORMAL_CLONE)


def test_shrink():
    assert (shrink(np.ones((5, 6), bool)) == 1).all()
    assert shrink(X < 30)[:, 28].all() and not shrink(X < 30)[:, 29].any() and not shrink(X < 30, 3)[:, 27].any()
    for wrong in ((X, 1), (ELLIPSE, 0), (ELLIPSE[None], 1)):
        with pytest.raises(ValueError):
            shrink(*wrong)


def test_what_is_refused():
    g, t = pictures(8)
    a, b = tensors(g, t)
    m = torch.from_numpy(ELLIPSE)[None]
    for wrong in ((g[1:], t, ELLIPSE), (g, t, ELLIPSE[1:]), (g, t.astype(float), ELLIPSE), (g, t, ELLIPSE.astype(int)), (g, b, m),
                  (a, b[:, :, 1:], m), (a, b, m.float()), (a, b, m[0]), (g[:0], t[:0], ELLIPSE[:0]), (g[..., :2], t[..., :2], ELLIPSE)):
        with pytest.raises(ValueError, match=r"\.$"):
            poisson(*wrong)
    with pytest.raises(ValueError, match="'mean', 'log' or 'reinhard'"):
        match_color(g, t, ELLIPSE, "lab")
    with pytest.raises(ValueError, match="3 channels"):
        match_color(g[..., 0], t[..., 0], ELLIPSE, "reinhard")
    with pytest.raises(ValueError, match="positive"):
        feather(g, t, ELLIPSE, 0)


def test_inputs_stay_as_they_are():
    g, t = pictures(9)
    g.flags.writeable = t.flags.writeable = False
    a, b = tensors(g, t)
    before = a.clone(), b.clone()
    for function in (poisson, match_color, lambda *args: feather(*args, 4)):
        function(g[::-1], t[::-1], ELLIPSE[::-1])
        function(a, b, torch.from_numpy(ELLIPSE)[None])
    assert torch.equal(a, before[0]) and torch.equal(b, before[1])
