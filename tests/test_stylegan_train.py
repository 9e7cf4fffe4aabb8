"""StyleGAN's recipe: the plan of growing, the data, the styles, the ablation, and runs that resume exactly."""
from dataclasses import replace

import numpy as np
import pytest
import torch

from dflib.synthesis.stylegan import ablation, framing, train
from dflib.synthesis.stylegan import Discriminator, Generator
from dflib.synthesis.stylegan.train import Plan, Recipe, Stage

SMALL = dict(resolution=16, base=128, limit=12)
TINY = replace(train.RECIPES["smoke"], latent=8, base=256, limit=8)


@pytest.fixture(autouse=True)
def smoke(monkeypatch):
    monkeypatch.setenv("DFLIB_SCALE", "smoke")
    torch.manual_seed(0)


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)


def test_plan_settles_then_fades_in_and_settles():
    plan = Plan(Recipe(32, 8, 256, 8, {16: 10, 32: 5}, start=8, growing=20, images=150, people=None))
    stages = [plan.at(i) for i in range(plan.steps)]
    assert [s.resolution for s in stages] == [8] * 2 + [16] * 4 + [32] * (4 + 14)
    assert [s.fade for s in stages] == [1, 1, .25, .75, 1, 1, .125, .375, .625, .875] + [1] * 14
    assert [s.first for s in stages] == [i in (0, 2, 6) for i in range(24)]
    assert [s.batch for s in stages] == [10] * 6 + [5] * 18 and sum(s.batch for s in stages) == 150
    assert plan.at(1000).resolution == 32 and plan.at(1000).fade == 1 and not plan.at(1000).first


def test_plan_without_growing():
    plan = Plan(Recipe(32, 8, 256, 8, {32: 4}, start=32, growing=999, images=10, people=None))
    assert [plan.at(i) for i in range(plan.steps)] == [Stage(32, 1., 4, i == 0) for i in range(3)]


def test_recipes_grow_to_the_size_of_their_scale():
    from dflib.scale import SCALES

    for name, recipe in train.RECIPES.items():
        plan = Plan(recipe)
        last = plan.at(plan.steps - 1)
        assert last.resolution == recipe.resolution == SCALES[name].size and last.fade == 1
        assert plan.at(0).resolution == recipe.start and recipe.mixing == .9
        seen = sum(plan.at(i).batch for i in range(plan.steps)) if plan.steps < 60_000 else recipe.images
        assert recipe.images <= seen < 1.1 * recipe.images + 1


def test_pictures_are_pooled_mirrored_and_faded():
    ramp = np.tile(np.arange(32, dtype=np.uint8)[None, None, :, None], (64, 32, 1, 3))
    x = train.prepared(torch.from_numpy(ramp), Stage(16, 1., 64, False))
    pooled = (torch.arange(16) * 2 + .5) / 127.5 - 1
    mirrored = [not torch.allclose(row, pooled) for row in x[:, 0, 0]]
    assert 16 < sum(mirrored) < 48 and x.shape == (64, 3, 16, 16)
    assert all(torch.allclose(row.flip(0) if flip else row, pooled) for row, flip in zip(x[:, 1, 7], mirrored))
    x = train.prepared(torch.from_numpy(ramp), Stage(16, .25, 64, False))[mirrored.index(False)]
    coarse = pooled.reshape(8, 2).mean(dim=1).repeat_interleave(2)
    row = x[0, 0] if x[0, 0, 0] < x[0, 0, 1] else x[0, 0].flip(0)
    assert torch.allclose(row, .75 * coarse + .25 * pooled, atol=1e-6)


def test_styles_of_training():
    generator = Generator(latent=6, **SMALL)
    ws = train.training_styles(generator, Stage(8, 1., 400, False), 400, mixing=.9)
    crossed = (ws[:, 1:] != ws[:, :-1]).any(dim=2)          # (400, L - 1): where the style changes
    assert ws.shape == (400, 6, 6) and crossed.sum(dim=1).max() == 1
    assert .85 < crossed.any(dim=1).float().mean() < .95
    places = crossed.sum(dim=0).tolist()
    assert min(places[:3]) > 80 and places[3:] == [0, 0]    # over all layers in use at 8 px
    assert not (train.training_styles(generator, Stage(16, 1., 4, False), 4, 0.).diff(dim=1)).any()
    assert generator.w_average.any()


def test_a_run_resumes_exactly_and_shows_the_same_people(tmp_path, pictures):
    whole = train.stylegan_run(tmp_path / "whole", pictures, TINY)
    history = whole.fit()
    assert whole.steps == 3 and history[-1]["step"] == 3 and {"generator", "discriminator", "r1"} <= set(history[-1])
    part = train.stylegan_run(tmp_path / "part", pictures, TINY)
    part.steps = 2
    part.fit()
    rest = train.stylegan_run(tmp_path / "part", pictures, TINY)
    rest.fit()
    for name in ("generator", "discriminator"):
        for a, b in zip(whole.models[name].state_dict().values(), rest.models[name].state_dict().values()):
            assert torch.equal(a, b)
    sheet = train.sample_sheet(whole.averaged, Stage(32, 1., 4, False))
    assert sheet.shape == (4 * 32, 8 * 32, 3) and sheet.dtype == np.uint8
    assert np.array_equal(sheet, train.sample_sheet(rest.averaged, Stage(32, 1., 4, False)))
    coarse = train.sample_sheet(whole.averaged, Stage(16, 1., 4, False))
    assert coarse.shape == sheet.shape and np.array_equal(coarse[::2], coarse[1::2])


def test_moments_start_anew_at_a_new_resolution(tmp_path, pictures):
    run = train.stylegan_run(tmp_path, pictures, TINY)
    counts = []
    original, plan = run.update, Plan(TINY)

    def update(name, loss):
        original(name, loss)
        counts.append({int(state["step"]) for state in run.optimizers[name].state.values()})

    run.update = update
    run.fit()
    assert [plan.at(i).first for i in range(3)] == [True, True, False]
    assert counts == [{1}, {1}, {1}, {1}, {2}, {2}]


def test_half_precision_reaches_every_parameter(tmp_path, pictures):
    """As on a GPU, where accelerate runs the step under autocast."""
    run = train.stylegan_run(tmp_path, pictures, replace(TINY, images=8, start=32))
    run.accelerator.autocast = lambda: torch.autocast("cpu", torch.bfloat16)
    before = {(n, k): v.clone() for n, model in run.models.items() for k, v in model.state_dict().items()}
    history = run.fit()
    idle = {f"blocks.{i}.to_rgb.{kind}" for i in (0, 1, 2) for kind in ("weight", "bias")} | {
        f"{block}from_rgb.{kind}" for block in ("", "blocks.1.", "blocks.2.") for kind in ("weight", "bias")}
    for n, model in run.models.items():
        for k, v in model.state_dict().items():
            assert torch.equal(v, before[n, k]) == (k in idle), k
    assert np.isfinite(history[-1]["r1"])


@pytest.mark.parametrize("configuration", ablation.CONFIGURATIONS)
def test_configurations_train(tmp_path, pictures, configuration):
    recipe = replace(TINY, configuration=configuration, images=4, start=32)
    assert recipe.mixing == (.9 if configuration == "F" else 0)
    run = train.stylegan_run(tmp_path, pictures, recipe)
    before = {name: value.clone() for name, value in run.models["generator"].state_dict().items()}
    run.fit()
    still = {name for name, value in run.models["generator"].state_dict().items() if torch.equal(value, before[name])}
    moved = set(before) - still
    assert any("start" in name for name in moved) and any("conv0" in name for name in moved)
    assert any("noise" in name for name in moved) == (configuration in "EF")
    for part in ("mapping", "style"):
        assert any(part in name for name in moved) == (configuration in "CDEF")


def test_what_configurations_are_made_of():
    z = torch.randn(2, 6)
    for configuration in "AB":
        g, d = Generator(latent=6, **SMALL), Discriminator(**SMALL)
        ablation.configure(g, d, configuration)
        assert torch.allclose(g.mapping(z).square().mean(dim=1), torch.ones(2), atol=1e-5)
        x = g.blocks[0].layer1(torch.randn(2, 12, 4, 4), None, None)
        assert torch.allclose(x.square().mean(dim=1), torch.ones(2, 4, 4), atol=1e-5)
        assert torch.equal(g(z), g(z)) and g.blocks[0].start(z).shape == (2, 12, 4, 4)
        spot = torch.zeros(1, 12, 8, 8)
        spot[..., 4, 4] = 1
        for block in (g.blocks[1], d.blocks[0]):
            assert (block.blur(spot) != 0).sum() == (12 if configuration == "A" else 12 * 9)
    with pytest.raises(ValueError, match="Unknown configuration 'G'"):
        ablation.configure(Generator(latent=6, **SMALL), Discriminator(**SMALL), "G")


def test_pictures_of_a_folder(tmp_path, pictures, monkeypatch):
    from dflib.media import write_image

    for i, picture in enumerate(pictures[:3]):
        write_image(tmp_path / f"{i}.png", picture)
    def caught(folder, found, recipe, seed, about):
        assert recipe == TINY and seed == 3 and "3 pictures" in about["data"] and folder.parent.name == "runs"
        return found

    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(train, "stylegan_run", caught)
    assert np.array_equal(train.run_of(TINY, tmp_path, seed=3), pictures[:3])


def test_a_run_knows_its_recipe_and_its_pictures(tmp_path, pictures):
    recipe = replace(TINY, images=4, start=32)
    train.train(recipe, pictures, tmp_path / "run")
    assert train.train(replace(recipe, images=8), pictures, tmp_path / "run").done == 2         # longer: goes on
    with pytest.raises(ValueError, match="gamma 10.0, not 5.0"):
        train.train(replace(recipe, gamma=5.0), pictures, tmp_path / "run")
    with pytest.raises(ValueError, match="data 10 pictures"):
        train.train(recipe, pictures[1:], tmp_path / "run")


def test_command(monkeypatch, tmp_path, pictures, capsys):
    from dflib.__main__ import main

    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path))
    monkeypatch.setitem(train.RECIPES, "smoke", TINY)
    monkeypatch.setattr(train, "training_pictures", lambda recipe: pictures)            # rendering has its own tests
    assert main(["train", "stylegan"]) == 0 and "stylegan: done" in capsys.readouterr().out
    assert (tmp_path / "runs" / "stylegan-smoke" / "state.safetensors").is_file()


def test_shipping(monkeypatch, tmp_path, pictures):
    from dflib.synthesis.stylegan.latents import load_generator, sample

    monkeypatch.setattr(train, "CHECKPOINTS", tmp_path)
    run = train.stylegan_run(tmp_path / "run", pictures, replace(TINY, images=4, start=32))
    run.fit()
    for name, value in run.averaged.named_parameters():     # a new network divides by nearly nothing
        if name.endswith(("start.value", "noise_strength")):
            value.normal_()
    train.ship(run, "noise", {"fid": 1.})
    generator, card = load_generator(tmp_path / "stylegan-32.safetensors")
    assert card["precision"] == "float16" and card["data"] == "noise"
    difference = sample(generator, 4).astype(int) - sample(run.averaged, 4)
    assert np.abs(difference).mean() < 2


def test_faces_are_aligned_and_turned_heads_left_out():
    """Dots on the landmarks of a turned, shifted, enlarged template come back to where the template says."""
    from dflib.faces.alignment import TEMPLATE

    angle, size = np.radians(20), 64
    turn = 60 * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    landmarks = np.zeros((2, 68, 2), np.float32)
    landmarks[:, 17:] = (TEMPLATE - .5) @ turn + (70, 60)
    picture = np.zeros((128, 128, 3), np.uint8)
    eye, chin = landmarks[0, 36].round().astype(int), landmarks[0, 57].round().astype(int)
    for (x, y), channel in ((eye, 0), (chin, 1)):
        picture[y - 1:y + 2, x - 1:x + 2, channel] = 255

    class Faces:
        def attribute(self, name):
            return {"yaw": np.array([-framing.TURNED + 1., framing.TURNED + 1.])}[name]

        def image(self, row):
            return picture

    Faces.landmarks = landmarks
    aligned = framing.aligned_faces(Faces(), size)
    assert aligned.shape == (1, size, size, 3) and aligned.dtype == np.uint8
    for channel, template in ((0, TEMPLATE[36 - 17]), (1, TEMPLATE[57 - 17])):
        weight = aligned[0, ..., channel].astype(float)
        found = np.array([(weight.sum(axis) * np.arange(size)).sum() for axis in (0, 1)]) / weight.sum()
        wanted = ((template - .5) * framing.ZOOM + .5 + (0, framing.LOWER)) * size - .5
        assert np.abs(found - wanted).max() < .5


def test_lazy_penalty_has_the_same_mean(tmp_path, pictures, monkeypatch):
    """Every second step with R1, twice as strong: over two steps the discriminator gets as much of it."""
    weights = []
    loss = train.discriminator_loss

    def spy(*arguments):
        weights.append(arguments[3])
        return loss(*arguments)

    monkeypatch.setattr(train, "discriminator_loss", spy)
    recipe = replace(TINY, images=16, start=32, lazy=2, gamma=3.0)
    run = train.stylegan_run(tmp_path, pictures, recipe)
    losses, update = [], run.update

    def record(name, value):
        losses.append((name, value.item()))
        update(name, value)

    run.update, run._log_every = record, 1
    history = run.fit()
    assert weights == [3.0, 0.0, 3.0, 0.0] and ["r1" in row for row in history] == [True, False, True, False]
    given = [value for name, value in losses if name == "discriminator"]
    for row, value in zip(history, given):
        assert value == pytest.approx(row["discriminator"] + 2 * row.get("r1", 0.0), rel=1e-5)


def test_scores_tell_near_from_far():
    from dflib.synthesis.stylegan import judges

    real = np.stack([np.full((32, 32, 3), level, np.uint8) for level in range(60, 180, 10)])
    real += np.random.default_rng(1).integers(0, 20, real.shape, dtype=np.uint8)
    near = judges.scores(real[::-1, :, ::-1], real)
    far = judges.scores(np.random.default_rng(2).integers(0, 256, real.shape, dtype=np.uint8), real)
    for lower in ("frechet", "sliced_wasserstein"):
        assert near[lower] < 0.5 * far[lower], lower
    assert near["precision"] > far["precision"]


def test_the_shipping_tool(monkeypatch, tmp_path, pictures):
    """tools/ship_stylegan.py at a tiny size: card with scores, title picture, figure of the training."""
    import importlib.util
    import json
    from pathlib import Path

    spec = importlib.util.spec_from_file_location("ship_stylegan", Path(__file__).parents[1] / "tools" / "ship_stylegan.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(train.RECIPES, "smoke", replace(TINY, images=16))
    monkeypatch.setattr(train, "training_pictures", lambda recipe, split="train": pictures if split == "train" else np.repeat(
        pictures[::-1 if split == "val" else 1], 4, axis=0))
    monkeypatch.setattr(tool.judges, "scores", lambda images, held_out: {"pictures": len(images) - len(held_out)})
    sides = []
    monkeypatch.setattr(tool.judges, "imagenet_scores", lambda images, held_out, side=224: sides.append(side) or dict(
        frechet=float(images.std()), precision=.5, recall=len(images) / 100))
    monkeypatch.setattr(train, "CHECKPOINTS", tmp_path)
    monkeypatch.setattr(tool, "FIGURES", tmp_path)
    tool.main([])
    card = json.loads((tmp_path / "stylegan-32.json").read_text())
    assert card["scores"]["pictures"] == 80 and card["steps"] == 4 and "80 held-out people" in card["data"]
    assert card["scores"]["generated"]["imagenet"]["recall"] == .8
    assert sides == [32] + [224] * 6 + [32]                     # the curve's, the card's, the curve's floor
    assert card["scores"]["training_people"]["imagenet_range"]["frechet"][0] > 0
    from dflib.media import read_image
    title = read_image(tmp_path / "03_stylegan.jpg")
    assert title.shape == (7 * 64, (4 + 5 + 1) * 64 + 24, 3)
    figure = read_image(tmp_path / "03_training.png")
    assert figure.shape[1] == 1100 and figure.std() > 20

    run, = (tmp_path / "cache" / "runs").iterdir()          # the same run, by its folder, as it stands
    assert len((run / "scores.jsonl").read_text().splitlines()) == 1
    (tmp_path / "stylegan-32.json").unlink()
    tool.main(["--run", str(run), "--minutes", "0"])
    assert json.loads((tmp_path / "stylegan-32.json").read_text())["steps"] == 4


def test_the_time_printed_ahead_counts_with_growing(tmp_path, pictures, monkeypatch, capsys):
    """2, 4 and 6 steps at 8, 16 and 32 px that take 120, 180 and 240 s; equal ones would be 24 minutes."""
    from types import SimpleNamespace

    from dflib.training import display

    recipe = replace(TINY, start=8, growing=8, images=48)
    run, plan, clock = train.stylegan_run(tmp_path / "run", pictures, recipe), Plan(recipe), [0.0]
    inner = run._step

    def step(run, i):
        clock[0] += {8: 120, 16: 180, 32: 240}[plan.at(i).resolution]
        return inner(run, i)

    run._step = step
    monkeypatch.setattr(display, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    run.fit()
    assert "run: 12 steps, about 40 min on this machine" in capsys.readouterr().out and clock[0] == 2400
    grown = replace(train.RECIPES["cpu"], base=1024, limit=96, start=8, growing=16_000)
    whole, halved = Plan(grown), Plan(replace(grown, batches={64: 8}))
    assert .55 / .23 < whole.cost(whole.steps) / whole.cost(0) < .62 / .23      # seconds measured on one core
    assert whole.cost(0) == 2 * halved.cost(0)
