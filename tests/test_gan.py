"""The game's theorems against closed forms, the losses against plain formulas, and runs that are small but whole."""
import math

import numpy as np
import pytest
import torch

from dflib.pictures import as_sheet, from_sheet
from dflib.synthesis import gan

X = np.linspace(-12, 12, 6001)
P, Q = gan.gaussian(X), gan.gaussian(X, 1.5, 0.7)
LOGITS = torch.tensor([-30.0, -3.0, 0.0, 0.5, 4.0], dtype=torch.float64)


@pytest.fixture(autouse=True)
def smoke(monkeypatch):
    monkeypatch.setenv("DFLIB_SCALE", "smoke")
    torch.manual_seed(0)


def test_densities_and_divergence_match_closed_forms():
    assert np.trapezoid(Q, X) == pytest.approx(1, abs=1e-9) and np.trapezoid(X * Q, X) == pytest.approx(1.5, abs=1e-9)
    assert np.trapezoid((X - 1.5) ** 2 * Q, X) == pytest.approx(0.49, abs=1e-9)
    assert gan.jensen_shannon(P, Q, X) == pytest.approx(0.2878, abs=5e-5)
    assert gan.jensen_shannon(P, P, X) == pytest.approx(0, abs=1e-12)
    apart = gan.jensen_shannon(np.where(X < 0, P, 0) * 2, np.where(X > 0, P, 0) * 2, X)
    assert apart == pytest.approx(math.log(2), abs=5e-3)
    assert gan.jensen_shannon(P, Q, X) == pytest.approx(gan.jensen_shannon(Q, P, X), abs=1e-12)


def test_value_of_the_game_is_two_divergences_less_log_4_and_nothing_beats_the_optimum():
    best = np.log(P / Q)
    value = gan.game_value(best, P, Q, X)
    assert value == pytest.approx(-math.log(4) + 2 * gan.jensen_shannon(P, Q, X), abs=1e-9)
    assert np.allclose(1 / (1 + np.exp(-best)), gan.optimal_discriminator(P, Q), atol=1e-12)
    for worse in (best + 0.1, 1.1 * best, -best, 0 * X):
        assert gan.game_value(worse, P, Q, X) < value
    assert gan.game_value(0 * X, P, P, X) == pytest.approx(-math.log(4), abs=1e-9)


def test_losses_equal_the_plain_formulas_and_stay_exact_where_those_fail():
    d, e = torch.sigmoid(LOGITS), torch.sigmoid(LOGITS.flip(0) + 1)
    plain = -(torch.log(d).mean() + torch.log(1 - e).mean())
    assert torch.allclose(gan.discriminator_loss(LOGITS, LOGITS.flip(0) + 1), plain)
    assert torch.allclose(gan.minimax_loss(LOGITS), torch.log(1 - d).mean())
    assert torch.allclose(gan.non_saturating_loss(LOGITS), -torch.log(d).mean())
    assert gan.non_saturating_loss(torch.tensor([-200.0])) == 200


@pytest.mark.parametrize("name, slope", [("minimax", lambda d: -d), ("non-saturating", lambda d: d - 1)])
def test_slopes_of_the_generator_losses(name, slope):
    logits = LOGITS.clone().requires_grad_()
    gradient, = torch.autograd.grad(gan.GENERATOR_LOSSES[name](logits), logits)
    assert torch.allclose(gradient * len(LOGITS), slope(torch.sigmoid(LOGITS)), rtol=1e-6, atol=0)


def test_r1_of_a_quadratic_and_its_gradient():
    matrix = torch.tensor([[2.0, 1.0], [1.0, -3.0]], dtype=torch.float64, requires_grad=True)
    points = torch.randn(7, 2, dtype=torch.float64)
    penalty = gan.r1_penalty(lambda x: ((x @ matrix) * x).sum(1), points, 0.4)
    assert penalty.item() == pytest.approx((0.2 * (2 * points @ matrix).square().sum(1).mean()).item())
    assert torch.autograd.grad(penalty, matrix)[0].abs().min() > 0 and not points.requires_grad


def test_the_ring_and_its_coverage():
    points = gan.ring(8000).numpy()
    assert gan.coverage(points) == (8, pytest.approx(1 - math.exp(-4.5), abs=0.005))     # 3 deviations, in the plane
    assert gan.coverage(np.zeros((10, 2))) == (0, 0.0)
    assert gan.coverage(np.repeat(gan.CENTRES[:3], 10, 0)) == (3, 1.0)
    few = np.concatenate([np.repeat(gan.CENTRES[:1], 97, 0), gan.CENTRES[1:4]])          # one sample is no coverage
    assert gan.coverage(few) == (1, 1.0)
    assert np.allclose(np.linalg.norm(gan.CENTRES, axis=1), 1)


def test_a_game_is_recorded_repeatable_and_learns_where_the_ring_is():
    rules = gan.Rules(beta1=0.0, r1=0.1, width=32, batch=64)
    first, again = gan.play(rules, 200, every=100), gan.play(rules, 200, every=100)
    assert [moment.step for moment in first] == [0, 100, 200]
    assert all(np.array_equal(a.points, b.points) and np.array_equal(a.belief, b.belief) for a, b in zip(first, again))
    radius = [np.linalg.norm(moment.points, axis=1).mean() for moment in first]
    assert abs(radius[-1] - 1) < abs(radius[0] - 1) / 2
    assert first[0].belief.shape == (48, 48) and (first[-1].modes, first[-1].good) == gan.coverage(first[-1].points)


def test_rules_are_followed_and_belief_points_up():
    def top(count):
        return torch.tensor([0.0, 1.2]) + 0.1 * torch.randn(count, 2)

    plain, flat, lazy = (
        gan.play(gan.Rules(width=32, batch=32, r1=r1, discriminator_steps=steps), 20, sample=top, every=20)[-1].belief
        for r1, steps in ((0.0, 5), (10.0, 5), (0.0, 1)))
    assert plain[:12].mean() > plain[24:].mean() + 0.3
    assert max(flat.std(), lazy.std()) < plain.std() / 2                                 # R1 flattens the discriminator


def test_belief_has_row_0_at_the_top_and_the_picture_agrees():
    belief = np.zeros((48, 48), np.float32)
    belief[:8] = 1                                                                       # real only at the top
    moment = gan.Moment(0, np.array([[0.0, -0.5], [1e9, 0]], np.float32), belief, 0, 0.0)   # far points are left out
    picture = gan.moment_image(moment, 160)
    assert picture.shape == (160, 160, 3) and picture.dtype == np.uint8
    assert picture[3, 3, 2] > picture[3, 3, 0] and picture[-3, 3, 0] > picture[-3, 3, 2]
    rows, columns = np.nonzero((picture < 60).all(2))
    assert abs(rows.mean() - (79.5 + 0.5 * 50)) < 1.5 and abs(columns.mean() - 79.5) < 1.5


def test_the_panel_shows_any_moment():
    from dflib.lesson.panels.lesson02 import ring_explorer

    moments = gan.play(gan.Rules(width=8, batch=8), 4, every=2)
    panel = ring_explorer({"one": moments, "two": moments[:2]}, size=64)
    panel.set(game="two", moment=1)
    assert panel.line.startswith("two, step 2: ") and panel["moment"].max == 1 and not panel.error


def test_sheets_are_cut_back_into_the_same_faces():
    faces = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
    sheet = as_sheet(faces, columns=4)
    assert sheet.shape == (96, 128, 3) and np.array_equal(sheet[32:64, 64:96], faces[6])
    assert np.array_equal(from_sheet(sheet, 32), faces)


def test_a_face_run_trains_keeps_sheets_and_resumes(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (70, 32, 32, 3), dtype=np.uint8)
    run = gan.gan_run(tmp_path, pictures, gan.Recipe(2, width=4))
    before = run.models["generator"][1].weight.clone()
    run.fit()
    assert not torch.equal(before, run.models["generator"][1].weight) and run.history[-1]["step"] == 2
    again = gan.gan_run(tmp_path, pictures, gan.Recipe(2, width=4))
    again.fit()
    assert np.array_equal(gan.faces_of(again.averaged, 3), gan.faces_of(run.averaged, 3))
    assert gan.faces_of(run.averaged, 3).shape == (3, 32, 32, 3)
    from dflib.media import read_image
    sheets = sorted((tmp_path / "samples").glob("*.png"))
    assert np.array_equal(from_sheet(read_image(sheets[-1]), gan.SIDE), gan.faces_of(run.averaged))


def test_the_same_latents_make_the_same_faces_whatever_their_number():
    generator = gan.FaceGenerator(8, 4).eval()
    generator[-2].weight.data *= 1e4                                                     # out of the grey
    three = gan.faces_of(generator, 3)
    assert np.array_equal(three, gan.faces_of(generator, 5)[:3]) and not np.array_equal(three[0], three[1])


def test_networks_have_the_shapes_they_say():
    assert gan.FaceGenerator(16, 8)(torch.zeros(2, 16)).shape == (2, 3, 32, 32)
    assert gan.FaceDiscriminator(8)(torch.zeros(2, 3, 32, 32)).shape == (2,)
