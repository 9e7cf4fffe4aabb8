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


@pytest.mark.parametrize("gap", [0.0, 0.5, 3.0])
def test_three_distances_of_shifted_gaussians_match_their_closed_forms(gap):
    wide = np.linspace(-14, 18, 8001)
    p, q = gan.gaussian(wide), gan.gaussian(wide, gap)
    assert gan.kullback_leibler(p, q, wide) == pytest.approx(gap ** 2 / 2, abs=1e-6)
    assert gan.wasserstein(p, q, wide) == pytest.approx(gap, abs=1e-6) == gan.wasserstein(q, p, wide)
    narrow = gan.gaussian(wide, gap, 0.5)
    assert gan.kullback_leibler(p, narrow, wide) == pytest.approx(math.log(0.5) + (1 + gap ** 2) / 0.5 - 0.5, rel=1e-6)


def test_far_apart_the_divergence_stands_still_and_the_others_do_not():
    wide = np.linspace(-10, 30, 4001)
    p, near, far = gan.gaussian(wide), gan.gaussian(wide, 10), gan.gaussian(wide, 20)
    assert gan.jensen_shannon(p, far, wide) == pytest.approx(math.log(2), abs=1e-6)
    assert gan.jensen_shannon(p, far, wide) - gan.jensen_shannon(p, near, wide) < 1e-5
    assert gan.wasserstein(p, far, wide) - gan.wasserstein(p, near, wide) == pytest.approx(10, abs=1e-5)
    assert gan.kullback_leibler(p, np.where(wide > 0, p, 0), wide) == math.inf


def test_gradients_by_the_mean_are_those_of_losses_whose_samples_move():
    logit = np.log(P / Q)
    losses = (lambda q: np.trapezoid(-q * np.logaddexp(0, logit), X), lambda q: np.trapezoid(q * np.logaddexp(0, -logit), X))
    for found, loss in zip(gan.mean_gradients(logit, Q, X), losses):
        step = 1e-4
        moved = [loss(gan.gaussian(X, 1.5 + shift, 0.7)) for shift in (-step, step)]
        assert found == pytest.approx((moved[1] - moved[0]) / (2 * step), rel=1e-4)


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


def test_many_games_at_once_are_each_the_game_of_its_rules():
    rules = gan.Rules(beta1=0.5, r1=0.1, width=32, batch=64, discriminator_steps=2)
    one, = gan.play_many([rules], 20, every=10, seeds=[3])
    for mine, theirs in zip(one, gan.play(rules, 20, every=10, seed=3), strict=True):
        assert mine.step == theirs.step and (mine.modes, mine.good) == (theirs.modes, theirs.good)
        assert np.allclose(mine.points, theirs.points, atol=1e-5) and np.allclose(mine.belief, theirs.belief, atol=1e-5)


def test_of_many_games_each_has_its_own_momentum_penalty_and_seed():
    kinds = [gan.Rules(beta1=beta1, r1=r1, width=16, batch=32) for beta1, r1 in ((0.9, 0.0), (0.0, 0.0), (0.9, 5.0), (0.9, 0.0))]
    games = [game[-1] for game in gan.play_many(kinds, 30, every=30, seeds=[0, 0, 0, 1])]
    assert games[2].belief.std() < games[0].belief.std() / 2                             # R1 flattens that one only
    distances = [np.abs(games[0].points - game.points).max() for game in games[1:]]
    assert min(distances) > 1e-2
    with pytest.raises(ValueError, match="^Games that are played at once may differ in beta1 and r1 only"):
        gan.play_many([gan.Rules(), gan.Rules(rate=0.1)], 1)


def test_belief_has_row_0_at_the_top_and_the_picture_agrees():
    belief = np.zeros((48, 48), np.float32)
    belief[:8] = 1                                                                       # real only at the top
    moment = gan.Moment(0, np.array([[0.0, -0.5], [1e9, 0]], np.float32), belief, 0, 0.0)   # far points are left out
    picture = gan.moment_image(moment, 160)
    assert picture.shape == (160, 160, 3) and picture.dtype == np.uint8
    assert picture[3, 3, 2] > picture[3, 3, 0] and picture[-3, 3, 0] > picture[-3, 3, 2]
    rows, columns = np.nonzero((picture < 60).all(2))
    assert abs(rows.mean() - (79.5 + 0.5 * 50)) < 1.5 and abs(columns.mean() - 79.5) < 1.5


@pytest.fixture(scope="module")
def page():
    """The lesson's own networks and training step: its cells that define them, run with the exercises' answers."""
    import nbformat
    from pathlib import Path
    from test_exercises import solutions

    root = Path(__file__).parents[1]
    names = {"torch": torch, "nn": torch.nn, "softplus": torch.nn.functional.softplus,
             **{name.split(".")[1]: answer for name, answer in solutions("02").SOLUTIONS.items()}}
    for cell in nbformat.read(root / "notebooks/02_gans.ipynb", 4).cells:
        for start in ("def play_round", "def face_generator"):
            if cell.cell_type == "code" and cell.source.startswith(start):
                exec(cell.source.split("\n\n\n#")[0], names)          # without the experiment below the definition
    return names


def test_networks_of_the_page_are_those_of_the_package(page):
    torch.manual_seed(0)
    for mine, theirs, x in ((page["face_generator"](), gan.FaceGenerator(), torch.randn(3, 64)),
                            (page["face_discriminator"](), gan.FaceDiscriminator(), torch.randn(3, 3, 32, 32))):
        mine.load_state_dict(theirs.state_dict())
        assert torch.equal(mine(x), theirs(x))


def test_the_training_step_of_the_page_is_that_of_the_package(page, tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3), dtype=np.uint8)
    run = gan.gan_run(tmp_path, pictures, gan.Recipe(1, width=4, batch=16))
    G, D = page["face_generator"](4), page["face_discriminator"](4)
    G.load_state_dict(run.models["generator"].state_dict())
    D.load_state_dict(run.models["discriminator"].state_dict())
    run.fit()
    torch.manual_seed(int(np.random.SeedSequence([0, 0, 0]).generate_state(1)[0]))       # as the run does in its first step
    rows = np.random.default_rng([0, 0]).integers(64, size=16)
    real = torch.from_numpy(pictures[rows]).permute(0, 3, 1, 2) / 127.5 - 1
    real = torch.where(torch.rand(16, 1, 1, 1) < 0.5, real.flip(3), real)
    z = torch.randn(16, 64)
    moves = [torch.optim.Adam(player.parameters(), rate, betas=(0.5, 0.999)) for player, rate in ((G, 5e-4), (D, 2e-4))]
    losses = page["play_round"](G, D, *moves, real, lambda: z)
    assert losses == pytest.approx((run.history[-1]["discriminator"], run.history[-1]["generator"]), abs=1e-5)
    for mine, theirs in ((G, run.models["generator"]), (D, run.models["discriminator"])):
        for (name, one), other in zip(mine.named_parameters(), theirs.parameters()):
            assert torch.allclose(one, other, atol=1e-6), name


def test_the_shipped_generator_makes_people_nearly_as_real_as_its_card_says():
    from dflib import checkpoints
    from dflib.metrics.wasserstein import pyramid_wasserstein

    path = checkpoints.shipped("dcgan-32")
    generator, card = checkpoints.load(path, gan.FaceGenerator())
    assert path.stat().st_size < 4 * 2 ** 20 and card["precision"] == "float16"
    faces, count = gan.faces_of(generator.eval(), card["scores"]["pictures"]), card["scores"]["pictures"]
    found = pyramid_wasserstein(gan.people_of("test")[:count], faces, patches=64, directions=64)
    assert found["mean"] == pytest.approx(card["scores"]["generated"]["sliced_wasserstein"]["mean"], rel=0.02)
    assert found["mean"] < 2 * card["scores"]["real_people"]["sliced_wasserstein"]["mean"]
    assert faces[:64].astype(float).std(0).mean() > 30                                  # and they differ


def test_a_run_is_shipped_with_its_scores(tmp_path, monkeypatch):
    from dflib.synthesis.gan import ship

    pictures = np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3), dtype=np.uint8)
    run = gan.gan_run(tmp_path / "run", pictures, gan.Recipe(1, width=4, batch=8))
    run.fit()
    monkeypatch.setattr(ship, "people_of", lambda split: pictures[:8] if split == "test" else pictures[8:])
    monkeypatch.setattr(ship, "imagenet_features", lambda x: x[:, :, 0, :2].flatten(1))
    card = ship.ship(run, gan.Recipe(1, width=4, more=5), tmp_path)
    assert (tmp_path / "dcgan-32.safetensors").exists() and "5 rendered" in card["data"] and card["steps"] == 1
    generated, real = card["scores"]["generated"], card["scores"]["real_people"]
    assert generated["sliced_wasserstein"]["mean"] > real["sliced_wasserstein"]["mean"] > 0
    assert generated["frechet_imagenet"] > 0 and card["scores"]["pictures"] == 8


def test_more_people_are_rendered_when_the_recipe_asks(monkeypatch):
    from dflib.datasets import RenderedFaces

    asked = []
    shipped = RenderedFaces("val")
    monkeypatch.setattr(RenderedFaces, "render", classmethod(lambda cls, people, **how: asked.append((people, how)) or shipped))
    monkeypatch.setattr("dflib.synthesis.gan.train.people_of", lambda split: np.zeros((2, 32, 32, 3), np.uint8))
    assert len(gan.training_data(gan.Recipe(1))) == 2 and not asked
    found = gan.training_data(gan.Recipe(1, more=7))
    assert len(found) > 100 and asked == [(7, {"shots": 2, "size": 96, "yaw": 25, "split": "train"})]


def test_the_panel_of_the_line_counts_what_it_draws():
    from dflib.lesson.panels.lesson02 import line_explorer

    panel = line_explorer()
    assert "V = -0.811 · JSD = 0.288 of at most 0.693" in panel.line
    before = panel.picture.copy()
    panel.set(mean=5.0, width=0.5)
    minimax, other = (float(part.split()[-1]) for part in panel.line.split("minimax ")[1].split(", non-saturating "))
    assert other > 50 * minimax > 0 and not panel.error and not np.array_equal(before, panel.picture)
    panel.set(mean=0.0, width=1.0)
    assert panel.line.startswith("V = -1.386 · JSD = 0.000") and not panel.error


def test_the_panel_of_the_game_on_the_line_shows_any_moment():
    from dflib.lesson.panels.lesson02 import line_game_explorer

    at = np.linspace(-4, 4, 9)
    panel = line_game_explorer([(1.5, 0.7), (0.0, 1.0)], np.stack([at, -at]), at, [0, 20])
    panel.set(moment=0)
    start = panel.picture.copy()
    panel.set(moment=1)
    assert panel.line == "step 20: q has mean 0.00 and width 1.00, JSD(p, q) = 0.0000 nats" and not panel.error
    assert not np.array_equal(start, panel.picture)


def test_the_panel_of_latents_walks_and_changes_one_number():
    from dflib.lesson.panels.lesson02 import latent_explorer

    generator = gan.FaceGenerator(8, 4).eval()
    generator[-2].weight.data *= 1e4                                                     # out of the grey
    panel = latent_explorer(generator, people=9)
    left, middle, right = (panel.picture[:, k * 198:k * 198 + 192] for k in range(3))
    assert np.array_equal(left, middle) and not np.array_equal(left, right)
    panel.set(way=1.0)
    assert np.array_equal(panel.picture[:, 198:390], right)
    panel.set(way=0.0, value=3.0, number=5)
    assert "+3.0 on number 5" in panel.line and not np.array_equal(panel.picture[:, 198:390], left)
    assert np.array_equal(panel.picture[:, :192], left)                                 # the person at the end stays


def test_latents_on_the_arc_are_as_long_as_latents():
    z = gan.latents_of(gan.FaceGenerator(4096, 1), 2)
    assert torch.equal(gan.on_arc(z[0], z[1], 0.0), z[0]) and torch.equal(gan.on_arc(z[0], z[1], 1.0), z[1])
    assert gan.on_arc(z[0], z[1], 0.3).square().mean().item() == pytest.approx(1, abs=0.05)


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
