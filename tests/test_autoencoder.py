"""The DeepFakes autoencoder: sizes, losses, the warp against OpenCV, face sets, training and resuming, conversion."""
import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from dflib.swap.warp_plain import random_pair

from dflib import cast, checkpoints, faces, media
from dflib.cast.people import variants
from dflib.datasets import facesets
from dflib.swap import autoencoder, deepfake, train, warp
from dflib.swap.autoencoder import SwapAutoencoder, dssim, mae
from dflib.datasets.facesets import FaceSet

TINY = replace(train.RECIPES["smoke"], size=16, width=4, batch=4, steps=6)


@pytest.fixture(autouse=True)
def smoke(monkeypatch, tmp_path):
    monkeypatch.setenv("DFLIB_SCALE", "smoke")
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def drawn_faces(level, size=16, number=12):
    """A FaceSet of blurred noise around a gray level."""
    side = round(size * facesets.MARGIN)
    noise = np.random.default_rng(int(level)).normal(size=(number, side // 4, side // 4, 3))
    crops = np.clip(level + 20 * noise, 0, 255).astype(np.uint8).repeat(4, 1).repeat(4, 2)
    masks = np.zeros((number, side, side), bool)
    masks[:, side // 4:-side // 4, side // 4:-side // 4] = True
    points = side / 2 + side / 6 * np.random.default_rng(1).normal(size=(number, 68, 2))
    return FaceSet(crops, masks, np.zeros((number, 2, 3)), points.astype(np.float32), np.arange(number))


# ---------------------------------------- the network
def test_full_width_has_the_original_number_of_parameters():
    with torch.device("meta"):
        model = SwapAutoencoder()
    assert (model.size, model.width, model.people) == (64, 128, 2)
    assert count(model.encoder) == 69_662_976
    assert [count(decoder) for decoder in model.decoders] == [6_199_747] * 2
    assert count(model) == 82_062_470
    with torch.device("meta"):
        assert count(SwapAutoencoder(aligned=True)) == 82_062_470               # the cure adds no weights
        assert count(SwapAutoencoder(people=4)) == 69_662_976 + 4 * 6_199_747


@pytest.mark.parametrize("size", [16, 32, 64, 128])
def test_shapes_and_range(size):
    model = SwapAutoencoder(size, width=4)
    faces_in = torch.rand(2, 3, size, size) * 2 - 1
    codes = model.encode(faces_in, 0)
    assert codes.shape == (2, 32) and model.encoder.spread(codes).shape == (2, 16, 8, 8)
    made = model(faces_in, 0, 1)
    assert made.shape == faces_in.shape and made.abs().max() <= 1 and made.dtype == torch.float32


def test_people_share_the_encoder_and_nothing_else():
    model = SwapAutoencoder(16, 4, people=3)
    x = torch.rand(2, 3, 16, 16)
    outputs = [model(x, 0, person) for person in range(3)]
    assert not torch.allclose(outputs[0], outputs[1]) and not torch.allclose(outputs[1], outputs[2])
    outputs[1].sum().backward()
    touched = {name.split(".")[0] + name.split(".")[1] * (name[0] == "d")
               for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert touched == {"encoder", "decoders1"}


def test_separate_encoders_share_nothing():
    model = autoencoder.SeparateEncoders(16, 4, people=2)
    x = torch.rand(2, 3, 16, 16)
    model(x, 1, 1).sum().backward()
    touched = {name.split(".")[0] for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert touched == {"others", "decoders"} and model.decoders[0].to_rgb.weight.grad is None
    assert not torch.allclose(model.encode(x, 0), model.encode(x, 1))
    with pytest.raises(ValueError, match="There is no person"):
        model(x, 0, 2)


def test_bad_input_is_refused():
    for size in (8, 48, 0):
        with pytest.raises(ValueError, match="power of two from 16"):
            SwapAutoencoder(size)
    with pytest.raises(ValueError, match="at least one channel and one person"):
        SwapAutoencoder(16, people=0)
    model = SwapAutoencoder(16, 4)
    for shape in ((2, 3, 32, 32), (3, 16, 16), (2, 1, 16, 16)):
        with pytest.raises(ValueError, match="must have the shape"):
            model.encode(torch.zeros(shape), 0)
    for person in (2, -1):
        with pytest.raises(ValueError, match="There is no person"):
            model(torch.zeros(1, 3, 16, 16), 0, person)
        with pytest.raises(ValueError, match="There is no person"):
            model(torch.zeros(1, 3, 16, 16), person, 0)


def test_aligned_codes_have_the_same_distribution_for_both_people():
    model = SwapAutoencoder(16, 4, aligned=True)
    model.encoder.dense.weight.data *= 100              # as made its codes are so small that the norm's epsilon counts
    dark, light = torch.rand(64, 3, 16, 16) * 0.5 - 1, torch.rand(64, 3, 16, 16) * 0.5 + 0.4
    for person, x in enumerate((dark, light)):
        codes = model.encode(x, person)
        assert codes.mean(0).abs().max() < 1e-4 and (codes.std(0, unbiased=False) - 1).abs().max() < 0.05
        assert model.norms[1 - person].running_mean.abs().max() < 1e-9 or person      # each person has statistics of its own
    plain = SwapAutoencoder(16, 4)
    gap = plain.encode(dark, 0).mean(0) - plain.encode(light, 1).mean(0)
    assert gap.norm() > plain.encode(dark, 0).std(0).norm()


def test_colours_are_standardised_and_what_is_masked_stays_zero():
    model = SwapAutoencoder(16, 4)
    skin = train.colours(drawn_faces(60))
    model.colours[1] = skin
    faces_in = drawn_faces(60).tensor().float()
    pictures, masks = train.unpacked(faces_in)
    seen = model.standardised(train.masked(pictures, masks), 1)
    inside = masks.expand(-1, 3, -1, -1) > 0.5
    assert (seen[~inside] == 0).all()
    assert abs(seen[inside].mean()) < 1e-4 and abs(seen[inside].std() - 1) < 1e-2
    assert torch.equal(model.standardised(pictures, 0), pictures)               # as made it changes nothing


# ---------------------------------------- losses
def test_losses_count_what_the_mask_says():
    wanted = torch.rand(2, 3, 32, 32) * 2 - 1
    mask = torch.zeros(2, 1, 32, 32)
    mask[..., 8:24, 8:24] = 1
    made = wanted.clone()
    made[..., :4] += 0.5                                                        # far outside
    assert mae(made, wanted, mask) == 0 and dssim(made, wanted, mask) == pytest.approx(0, abs=1e-6)
    made = wanted + 0.25
    assert mae(made, wanted, mask) == pytest.approx(0.25, abs=1e-5)
    assert mae(made, wanted, torch.zeros_like(mask)) == 0
    assert dssim(-wanted, wanted, mask) > 0.5 > dssim(wanted * 0.5, wanted, mask) > 0.01


# ---------------------------------------- the warp
def smooth_pictures(number, side):
    rough = torch.rand(number, 4, 6, 6, generator=torch.Generator().manual_seed(1)) * 255
    return torch.nn.functional.interpolate(rough, (side, side), mode="bicubic", align_corners=False)


@pytest.mark.parametrize("size, side", [(64, 96), (32, 48), (64, 64)])
def test_warp_equals_the_usual_way_picture_by_picture(size, side):
    pictures = smooth_pictures(8, side)
    matrices, shifts = warp.draw(8, warp.Warp(), "cpu")
    ours = warp.resampled(pictures, size, matrices, shifts)
    for i in range(8):
        plain = random_pair(pictures[i].permute(1, 2, 0).numpy(), size, matrices[i].numpy(), shifts[i].numpy())
        for mine, usual in zip(ours, plain):
            error = np.abs(mine[i].permute(1, 2, 0).numpy() - usual)
            assert error.mean() < 1 and np.percentile(error, 99) < 5              # of 255 levels: there each is sampled twice


def test_warp_similarity_is_umeyamas():
    shifts = 0.05 * torch.randn(5, 2, 5, 5, dtype=torch.float64)
    y, x = torch.meshgrid(torch.linspace(-1, 1, 5), torch.linspace(-1, 1, 5), indexing="ij")
    regular = torch.stack([x, y]).double().flatten(1)
    nodes = regular + shifts.flatten(2)
    found = faces.inverse(warp.inverse_similarity(regular, nodes).numpy())
    assert np.allclose(found, faces.similarity(nodes.transpose(1, 2).numpy(), np.repeat(regular.T.numpy()[None], 5, 0)), atol=1e-6)


def test_without_randomness_the_middle_comes_back():
    pictures = smooth_pictures(2, 48)
    still = warp.Warp(rotation=0, zoom=0, shift=0, flip=0, jitter=0)
    for result in warp.random_pairs(pictures, 32, still):
        assert torch.allclose(result, pictures[..., 8:40, 8:40], atol=1e-2)
    mirrored = warp.random_pairs(pictures, 32, replace(still, flip=1.0))[0]
    assert torch.allclose(mirrored, pictures[..., 8:40, 8:40].flip(3), atol=1e-2)
    with pytest.raises(ValueError, match="at least 64"):
        warp.random_pairs(pictures, 64)


def test_default_warp_has_the_strength_of_the_original():
    matrices, shifts = warp.draw(4000, warp.Warp(), "cpu")
    assert shifts.std() == pytest.approx(5 / 160, rel=0.02)
    assert (matrices[:, 0, 0] < 0).float().mean() == pytest.approx(0.4, abs=0.03)
    zoom = 1 / torch.linalg.det(matrices[:, :, :2]).abs().sqrt()
    assert 0.95 <= zoom.min() < 0.953 and 1.047 < zoom.max() <= 1.0501
    turn = torch.rad2deg(torch.atan2(-matrices[:, 0, 1], matrices[:, 1, 1]))
    assert 9.9 < turn.abs().max() <= 10.001
    assert 0.099 < matrices[:, :, 2].abs().max() <= 0.1                         # the whole picture is 2 wide


def test_warp_is_exact_under_autocast_too():
    pictures = smooth_pictures(4, 96)
    torch.manual_seed(0)
    plain = warp.random_pairs(pictures, 64)
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = warp.random_pairs(pictures, 64)
    for one, other in zip(plain, mixed):
        assert other.dtype == torch.float32 and torch.allclose(one, other, atol=1e-3)


def test_new_light_is_smooth_differs_by_picture_and_leaves_masks_alone():
    pictures = torch.full((400, 4, 24, 24), 60.0)
    lit = warp.relit(pictures, 0.25)
    assert torch.equal(lit[:, 3], pictures[:, 3]) and lit.min() >= 0 and lit.max() <= 255
    assert torch.allclose(warp.relit(pictures, 0.0), pictures, atol=1e-3)
    level = (lit[:, :3].mean((2, 3)) / 60).log()            # gain ± 0.25, contrast, a power of 60 / 255, ± 0.19, tint 0.03
    assert 0.15 < level.mean(1).std() < 0.2 and level.mean(1).abs().max() < 0.52
    assert 0.02 < (level - level.mean(1, keepdim=True)).std() < 0.04
    slope = (lit[:, :3, :, -1].mean((1, 2)) / lit[:, :3, :, 0].mean((1, 2))).log()   # from one side to the other
    assert 0.47 < slope.abs().max() < 0.501
    assert (lit[..., 1:] - lit[..., :-1]).abs().max() < 5                        # nowhere a step


# ---------------------------------------- face sets
def test_face_set_is_aligned_and_leaves_faceless_pictures_out():
    person = cast.sample_person(311)
    shots = [cast.render(person, cast.neutral_shot(yaw=yaw), 96) for yaw in (-15, 15)]
    pictures = [shots[0].image, np.zeros((96, 96, 3), np.uint8), shots[1].image]
    answers = iter([shots[0].landmarks, None, shots[1].landmarks])
    made = facesets.face_set(pictures, 32, lambda image: (next(answers), True))
    assert made.crops.shape == (2, 48, 48, 3) and made.masks.shape == (2, 48, 48) and made.frames.tolist() == [0, 2]
    for crop, matrix, shot in zip(train.centre(made.tensor()), made.matrices, shots):
        aligned, inner = faces.align(shot.image, shot.landmarks, 32)
        assert np.abs(crop[:3].permute(1, 2, 0).numpy().astype(int) - aligned).max() <= 2
        assert np.allclose(matrix[:, 2] - 8, inner[:, 2])
    eyes = faces.transform(shots[0].landmarks, made.matrices[0])[36:48].round().astype(int)
    assert made.masks[0][eyes[:, 1], eyes[:, 0]].all() and not made.masks[0][0].any()
    with pytest.raises(ValueError, match="No face was found"):
        facesets.face_set(pictures[1:2], 32, lambda image: (None, False))


def test_faces_of_a_video_are_cached(tmp_path, monkeypatch):
    person = cast.sample_person(311)
    path = tmp_path / "one.mp4"
    media.write_video(path, (cast.render(person, shot, 128).image for shot in cast.perform(5, 0.3, 10).shots), fps=10, kind="rendered")
    first = facesets.video_faces(path, 32, progress=False)
    assert len(first) == 3
    monkeypatch.setattr(facesets, "face_set", None)                             # not made again
    again = facesets.video_faces(path, 32, progress=False)
    assert all(np.array_equal(getattr(first, name), getattr(again, name)) for name in ("crops", "masks", "matrices", "frames"))
    with pytest.raises(FileNotFoundError):
        facesets.video_faces(tmp_path / "none.mp4", 32)
    cards = checkpoints.read_card
    monkeypatch.setattr(checkpoints, "read_card", lambda path: {**cards(path), "sha256": "of other networks"})
    with pytest.raises(TypeError):                                              # made again
        facesets.video_faces(path, 32, progress=False)


def test_an_edited_person_is_filmed_anew():
    person = cast.sample_person(311)
    filmed = facesets.performed_faces(person, 32, [5], 10, .3, progress=False)
    older = facesets.performed_faces(variants.with_age(person, 70), 32, [5], 10, .3, progress=False)
    assert person.seed == 311 and not np.array_equal(filmed.crops, older.crops)
    again = facesets.performed_faces(cast.sample_person(311), 32, range(5, 6), 10, .3, progress=False)
    assert np.array_equal(filmed.crops, again.crops)


# ---------------------------------------- training
def test_run_learns_and_resumes_exactly(tmp_path):
    sets = [drawn_faces(60), drawn_faces(180)]
    whole = train.autoencoder_run(tmp_path / "a", sets, replace(TINY, steps=12))
    whole.fit()
    part = train.autoencoder_run(tmp_path / "b", sets, replace(TINY, steps=12))
    part.steps = 5
    part.fit()
    resumed = train.autoencoder_run(tmp_path / "b", sets, replace(TINY, steps=12))
    resumed.fit()
    for one, other in zip(whole.models["autoencoder"].state_dict().values(), resumed.models["autoencoder"].state_dict().values()):
        assert torch.equal(one, other)
    assert list((tmp_path / "a" / "samples").glob("*.png"))
    asked = []
    watched = train.autoencoder_run(tmp_path / "d", sets, TINY, log_every=3,
                                    measure=lambda model: {"seen": asked.append(model.training) or 7})
    watched.fit()
    assert asked == [False, False] and [row["seen"] for row in watched.history] == [7, 7]
    with pytest.raises(ValueError, match="two people at least"):
        train.autoencoder_run(tmp_path / "c", sets[:1], TINY)


def test_preview_has_three_rows_for_each_of_three_people(tmp_path):
    sets = [drawn_faces(60), drawn_faces(120), drawn_faces(180)]
    run = train.autoencoder_run(tmp_path / "a", sets, TINY)
    sheet = train.preview(run.models["autoencoder"], [faces.tensor() for faces in sets])
    assert sheet.shape == (9 * 16, 6 * 16, 3) and sheet.dtype == np.uint8
    assert np.array_equal(sheet[:16, :16], sets[0].crops[0][4:20, 4:20])
    assert run.models["autoencoder"].training
    run.fit()


@pytest.fixture(scope="module")
def performers():
    """Two people who differ, in the same twelve shots: FaceSets of 32 px, aligned by the true landmarks."""
    made = []
    for seed in (4116, 4080):
        person = cast.sample_person(seed)
        frames = [cast.render(person, shot, 64) for shot in cast.perform(11, 2, 6).shots]
        answers = iter(frames)
        made.append(facesets.face_set([frame.image for frame in frames], 32, lambda image: (next(answers).landmarks, True)))
    return made


def swap_error(model, performers):
    """Mean absolute error in levels of both swaps against the true swaps, inside their faces."""
    errors = []
    for target, source in ((0, 1), (1, 0)):
        seen, truth = (train.centre(performers[who].tensor()).permute(0, 2, 3, 1).numpy() for who in (target, source))
        made = deepfake.decoded(model.eval(), seen[..., :3], seen[..., 3] > 127, source, target)
        errors.append(np.abs(made.astype(float) - truth[..., :3])[truth[..., 3] > 127].mean())
    return np.mean(errors)


def test_training_lowers_the_swaps_error_against_the_truth(tmp_path, performers):
    recipe = replace(train.RECIPES["smoke"], steps=60, rate=3e-3)
    run = train.autoencoder_run(tmp_path / "a", performers, recipe)
    before = swap_error(run.models["autoencoder"], performers)
    run.fit()
    after = swap_error(run.models["autoencoder"], performers)
    no_swap = np.mean([np.abs(a.astype(float) - b)[m].mean() for a, b, m in (
        (performers[0].crops, performers[1].crops, performers[1].masks), (performers[1].crops, performers[0].crops, performers[0].masks))])
    assert after < 0.5 * before and after < 0.5 * no_swap


def test_a_critic_comes_last_and_teaches_both_sides(tmp_path):
    sets = [drawn_faces(60), drawn_faces(180)]
    recipe = replace(train.RECIPES["smoke"], size=16, width=4, batch=4, steps=10)
    run = train.autoencoder_run(tmp_path / "a", sets, recipe, log_every=1)
    at_first = {name: value.clone() for name, value in run.models["critic"].state_dict().items()}
    history = run.fit()
    assert [row["step"] for row in history if "critic" in row] == [8, 9, 10]
    assert any(not torch.equal(value, at_first[name]) for name, value in run.models["critic"].state_dict().items())
    assert "critic" not in train.autoencoder_run(tmp_path / "b", sets, replace(recipe, critic=0.0)).models


def test_critic_sees_patches_of_one_person_at_a_time():
    torch.manual_seed(0)
    critic = autoencoder.PatchCritic(2, width=4)
    critic(torch.rand(2, 3, 64, 64), 0)                                         # one power iteration of the spectral norms
    critic.eval()
    pictures = torch.rand(1, 3, 64, 64, requires_grad=True)
    scores = critic(pictures, 0)
    assert scores.shape == (1, 1, 8, 8) and not torch.equal(scores, critic(pictures, 1))
    seen = torch.autograd.grad(scores[0, 0, 4, 4], pictures)[0].abs().sum(1)[0].nonzero()
    assert ((seen.amax(0) - seen.amin(0) + 1) == 38).all()


def test_losses_of_the_critics_step_have_the_right_signs():
    """With a critic that likes light pixels, decoders gain by painting them and the critic loses on light fakes."""
    model, light = flat_model(), lambda pictures, person: pictures.mean((1, 2, 3))
    codes, mask = torch.zeros(2, 32), torch.ones(2, 1, 32, 32)
    batches = [(codes, torch.full((2, 3, 32, 32), level), torch.ones(2, 3, 32, 32), mask) for level in (-0.5, 0.8)]
    pleased, told = train.criticised(model, light, batches)
    dark, bright = (2 * torch.sigmoid(torch.tensor([-2.0, 2.0])) - 1).tolist()   # what the flat decoders paint of the other's codes
    assert pleased.item() == pytest.approx(-((-0.5 + dark) / 2 + (0.8 + bright) / 2) / 2, abs=1e-5)
    assert told.item() == pytest.approx((((1 - 0.5) + (1 + dark)) / 2 + ((1 + 0.8) + (1 + bright)) / 2) / 2, abs=1e-5)


def test_gradient_loss_sees_a_blurred_edge_where_the_mean_hardly_does():
    edge = torch.zeros(1, 3, 16, 16)
    edge[..., 8:] = 1
    soft = edge.clone()
    soft[..., 7], soft[..., 8] = 1 / 3, 2 / 3
    mask = torch.ones(1, 1, 16, 16)
    assert autoencoder.mae(soft, edge, mask).item() == pytest.approx(2 / 3 / 16)
    assert autoencoder.gradient(soft, edge, mask).item() == pytest.approx((1 / 3 + 2 / 3 + 1 / 3) / 15)     # no slope is wrong along y
    mask[..., 6:11] = 0
    assert autoencoder.gradient(soft, edge, mask).item() == 0


def test_rare_faces_are_drawn_as_often_as_common_ones():
    values = np.concatenate([np.zeros(700), np.full(200, 0.5), np.ones(100)])[:, None]
    chances = train.even_chances(values)
    assert chances.sum() == pytest.approx(1)
    assert [chances[values[:, 0] == level].sum() for level in (0, 0.5, 1)] == pytest.approx([1 / 3] * 3)
    flat = train.even_chances(np.concatenate([values, np.zeros_like(values)], 1))   # a column that never varies asks for nothing
    assert [flat[values[:, 0] == level].sum() for level in (0, 0.5, 1)] == pytest.approx([(1 / 3 + share) / 2 for share in (0.7, 0.2, 0.1)])


def test_turn_and_openings_are_those_of_the_cast():
    person, head = cast.sample_person(311), []
    for shot in (cast.neutral_shot(), cast.neutral_shot(yaw=25), cast.neutral_shot(jaw_open=0.6), cast.neutral_shot(blinkR=1, blinkL=1)):
        head.append(cast.render(person, shot, 96).landmarks)
    rest, turned, opened, closed = facesets.poses(np.array(head))
    assert turned[0] > rest[0] + 0.1 and opened[1] > rest[1] + 0.05 and closed[2] < 0.3 * rest[2]
    assert abs(opened[0] - rest[0]) < 0.02 and abs(closed[1] - rest[1]) < 0.01
    bigger = facesets.poses(3 * np.array(head) + 7)
    assert np.allclose(bigger, facesets.poses(np.array(head)), atol=1e-5)       # wherever and however large the face is


def test_features_cover_eyes_and_mouth_and_little_else():
    frame = cast.render(cast.sample_person(311), cast.neutral_shot(), 128)
    drawn = facesets.features(frame.landmarks, 128)
    parts = {name: frame.labels == cast.LABELS.index(name) for name in ("eye", "lip", "hair", "brow")}
    assert drawn[parts["eye"]].min() > 200 and drawn[parts["lip"]].min() > 100
    assert drawn[parts["hair"]].mean() < 5 and drawn[parts["brow"]].mean() < 60 and drawn.mean() < 25


def test_skin_of_one_colour_is_not_divided_by_zero(tmp_path):
    flat = drawn_faces(90)
    flat.crops[:] = 90
    spread = train.colours(flat)[1]
    assert (spread >= 1 / 128).all()
    run = train.autoencoder_run(tmp_path / "a", [flat, drawn_faces(180)], TINY)
    assert np.isfinite(list(run.fit()[-1].values())).all()


def test_a_run_belongs_to_its_pictures_and_recipe(tmp_path, monkeypatch):
    sets, recipe = [drawn_faces(60), drawn_faces(180)], replace(TINY, steps=2)
    monkeypatch.setattr(train, "training_faces", lambda people, recipe: sets)
    first = train.train(recipe, ("a.mp4", "b.mp4"))
    assert first.done == 2 and "12 and 12 faces" in first.about["data"]
    longer = train.train(replace(recipe, steps=3), ("a.mp4", "b.mp4"))
    assert longer.folder == first.folder and longer.done == 3                   # goes on
    wider = train.train(replace(recipe, width=5), ("a.mp4", "b.mp4"))
    sets[1] = drawn_faces(181)                                                  # another file of the same name
    others = train.train(recipe, ("a.mp4", "b.mp4"))
    assert len({first.folder, wider.folder, others.folder}) == 3 and others.history[0]["step"] <= 2 == others.done


def test_people_are_learned_from_recordings_but_not_from_a_photograph(tmp_path):
    person, recipe = cast.sample_person(311), replace(TINY, size=16)
    frames = [cast.render(person, shot, 96).image for shot in cast.perform(5, 1.0, 8).shots]
    sets = train.training_faces([media.Recording("camera 0", frames, 8)] * 2, recipe)
    assert [len(faces) for faces in sets] == [8, 8]
    with pytest.raises(ValueError, match="at least 4 pictures of the face; face.png has 1"):
        train.training_faces([media.Recording("face.png", frames[:1], 25)], recipe)


# ---------------------------------------- conversion
def flat_model(size=32):
    """A model whose decoders paint everything gray, whatever they see."""
    model = SwapAutoencoder(size, 4, aligned=True).eval()
    for person, decoder in enumerate(model.decoders):
        torch.nn.init.zeros_(decoder.to_rgb.weight)
        torch.nn.init.constant_(decoder.to_rgb.bias, (-2.0, 2.0)[person])
    return model


def test_conversion_pastes_where_it_should_and_changes_nothing_outside():
    frame = cast.render(cast.sample_person(311), cast.neutral_shot(yaw=10), 128)
    marks = frame.landmarks.astype(float)
    face, mask = deepfake.converted(flat_model(), frame.image, marks, marks, 1, 0)
    assert face.shape == frame.image.shape and np.ptp(face[mask]) <= 1 and face[mask].mean() > 200
    hull = faces.hull_mask(marks, frame.image.shape)
    assert not mask[~hull].any() and mask.sum() > 0.95 * hull.sum()
    dark, _ = deepfake.converted(flat_model(), frame.image, marks, marks, 0, 1)
    assert dark[mask].mean() < 50                                               # the source's decoder paints
    moved = deepfake.converted(flat_model(), frame.image, marks, marks + (9, -4), 1, 0)[1]
    both = hull | faces.hull_mask(marks + (9, -4), frame.image.shape)          # nothing of the target's own face may show
    assert not moved[~both].any() and moved.sum() > 0.95 * both.sum()
    for how in deepfake.BLENDS:
        for colour in deepfake.COLOURS:
            result = deepfake.blended(face, frame.image, mask, colour, how)
            assert np.array_equal(result[~mask], frame.image[~mask]), (how, colour)
            assert not np.array_equal(result[mask], frame.image[mask]), (how, colour)
    nothing = deepfake.blended(face, frame.image, np.zeros_like(mask))
    assert np.array_equal(nothing, frame.image) and nothing is not frame.image


def test_a_soft_face_becomes_as_sharp_as_the_one_it_covers():
    from dflib.swap.sharpen import match_sharpness

    mask = np.zeros((96, 96), bool)
    mask[16:80, 16:80] = True
    noise = 128 + 120 * cv2.GaussianBlur(np.random.default_rng(0).normal(size=(96, 96, 3)), (0, 0), 1.0)
    crisp = np.clip(noise, 0, 255).astype(np.uint8)

    def laplacian(picture):
        return np.abs(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32), cv2.CV_32F))[mask].mean()
    for blur, reached in ((0.6, 1.0), (1.5, None)):             # what is too soft only gets twice its detail
        soft = cv2.GaussianBlur(crisp, (0, 0), blur)
        sharper = match_sharpness(soft, crisp, mask)
        assert laplacian(soft) < 0.8 * laplacian(crisp) and 1.25 * laplacian(soft) < laplacian(sharper) < 1.02 * laplacian(crisp)
        assert reached is None or laplacian(sharper) / laplacian(crisp) == pytest.approx(reached, abs=0.02)
        assert np.abs(sharper[mask].mean(0) - soft[mask].mean(0)).max() < 1                  # no other colours
    assert np.array_equal(match_sharpness(crisp, soft, mask), crisp)                          # never softer
    assert np.array_equal(match_sharpness(soft, crisp, np.zeros_like(mask)), soft)


def test_whites_of_eyes_and_teeth_keep_their_colours():
    """Brown skin becomes pale; what is white in it becomes as light as the target's white, and no other hue."""
    rng = np.random.default_rng(0)
    face, image = (np.clip(np.array(skin) + 6 * rng.normal(size=(64, 64, 3)), 0, 255).astype(np.uint8)
                   for skin in ((110, 62, 50), (205, 165, 140)))
    part, mask = np.zeros((64, 64), np.uint8), np.ones((64, 64), bool)
    part[20:26, 20:30] = 255
    face[part > 0], image[part > 0] = (150, 143, 138), (215, 210, 205)
    plain, kept = (deepfake.blended(face, image, mask, "reinhard", "none", 0, parts=some) for some in ((), [part]))
    assert np.array_equal(plain[part == 0], kept[part == 0])
    (white, own), tinted = (picture[part > 0].mean(0) for picture in (kept, face)), plain[part > 0].mean(0)
    assert np.abs(white / white.mean() - own / own.mean()).max() < 0.01 and white.mean() == pytest.approx(210, abs=1)
    assert np.abs(tinted / tinted.mean() - own / own.mean()).max() > 0.02


def test_what_is_not_skin_is_found_by_landmarks():
    frame = cast.render(cast.sample_person(4116), cast.neutral_shot(jaw_open=0.4, lips_part=0.5), 160)
    for part, name in zip(deepfake.not_skin(frame.landmarks.astype(float), frame.image.shape), ("eye", "mouth")):
        true = frame.labels == cast.LABELS.index(name)
        assert part[true].mean() > 150 and (part > 128).sum() < 3 * true.sum(), name


def test_the_square_goes_where_the_sources_landmarks_are():
    frame = cast.render(cast.sample_person(311), cast.neutral_shot(), 128)
    marks = frame.landmarks.astype(float)
    model = SwapAutoencoder(32, 4, aligned=True).eval()
    here, there = (deepfake.converted(model, frame.image, marks, place, 1, 0)[0] for place in (marks, marks + (9, -4)))
    assert np.array_equal(there[20:90, 30:100], here[24:94, 21:91]) and np.ptp(here[24:94, 21:91]) > 4


def test_a_face_at_the_border_is_converted_as_far_as_it_is_seen():
    frame = cast.render(cast.sample_person(311), cast.neutral_shot(), 128)
    cropped = np.ascontiguousarray(frame.image[:, 50:])
    marks = frame.landmarks - (50, 0)
    face, mask = deepfake.converted(flat_model(), cropped, marks, marks, 1, 0)
    assert mask.any() and mask[:, 0].any()
    assert np.array_equal(deepfake.blended(face, cropped, mask, blend_by="poisson")[~mask], cropped[~mask])


def test_the_result_is_placed_where_the_sources_landmarks_would_be():
    people = [cast.sample_person(seed) for seed in (4116, 4080)]
    take = cast.perform(3, 1.2, 10)
    target, truth = ([frame.landmarks for frame in cast.render_clip(person, take, 64)] for person in people)
    other = [frame.landmarks for frame in cast.render_clip(people[1], cast.perform(4, 1.2, 10), 64)]
    head = deepfake.fit.as_face_model(cast.head_model())
    shape = deepfake.fit_clip(head, np.array(other), smoothing=0, prior=deepfake.noise(np.array(other))).weights[0]
    seen, placed = deepfake.places(head, np.array(target), shape, smoothing=0.5)

    def off(points, goal):
        return np.linalg.norm(points - np.array(goal), axis=2).mean() / faces.interocular(np.array(goal)).mean()

    assert off(seen, target) < 0.01                                             # of the distance between the eyes
    assert off(placed, truth) < 0.6 * off(np.array(target), truth)


def test_method_swaps_a_clip_and_refuses_unknown_words(tmp_path):
    from dflib.manipulate import manipulate_video

    for who, seed, act in (("one", 311, 5), ("two", 317, 6)):
        media.write_video(tmp_path / f"{who}.mp4", (cast.render(cast.sample_person(seed), shot, 128).image
                                                   for shot in cast.perform(act, 0.4, 10).shots), fps=10, kind="rendered")
    method = deepfake.DeepFake(flat_model(), source_number=1, target_number=0, colour="none", blend_by="none")
    done = manipulate_video(method, tmp_path / "two.mp4", tmp_path / "out.mp4", tmp_path / "one.mp4", progress=False)
    assert done.frames == 4 and done.without_face == 0
    before, after = (list(media.read_video(tmp_path / name)) for name in ("two.mp4", "out.mp4"))
    seen = method.places[1][1]
    inner = faces.hull_mask(seen, before[1].shape, with_forehead=False)
    assert after[1][inner].mean() > 200 > before[1][inner].mean()
    assert np.abs(after[1][:8].astype(int) - before[1][:8]).max() < 30          # two encodings, no other change
    assert media.read_label(tmp_path / "out.mp4").kind == "edited"
    for bad in (dict(colour="green"), dict(blend_by="glue"), dict(shrink=0.5)):
        with pytest.raises(ValueError, match="not"):
            deepfake.DeepFake(flat_model(), **bad)


def videos_of(tmp_path, people):
    """A Recording of one frame of each person, and a function that knows their landmarks."""
    frames = [cast.render(cast.sample_person(seed), cast.neutral_shot(), 96) for seed in people]
    answers = {frame.image.tobytes(): frame.landmarks for frame in frames}
    videos = [media.Recording(tmp_path / f"{i}", [frame.image], 10) for i, frame in enumerate(frames)]
    return videos, lambda image: (answers[image.tobytes()], True)


def test_strangers_get_a_network_of_their_own_each_time(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(deepfake, "known_people", lambda source, target: None)
    videos, follow = videos_of(tmp_path, (311, 317, 320))
    method = deepfake.DeepFake(teach=lambda *pair: asked.append(pair) or flat_model())
    method.learn(*videos[:2], follow, progress=False)
    assert asked == [tuple(videos[:2])] and (method.source_number, method.target_number) == (0, 1)
    assert method.shape.shape == (77,)
    first = method.model
    method.learn(*videos[1:], follow, progress=False)                           # other people: not the first pair's network
    assert asked[1:] == [tuple(videos[1:])] and method.model is not first
    with pytest.raises(ValueError, match="does not know the people of .*0 and .*1"):
        deepfake.DeepFake().learn(*videos[:2], follow, progress=False)
    given = flat_model()
    method = deepfake.DeepFake(given, source_number=1, target_number=0)
    method.learn(*videos[:2], follow, progress=False)
    assert method.model is given and (method.source_number, method.target_number) == (1, 0)


# ---------------------------------------- checkpoints
@pytest.mark.parametrize("size, width, people, aligned", [(16, 4, 2, True), (32, 6, 3, False), (64, 2, 2, True)])
def test_checkpoint_comes_back_whatever_its_sizes(tmp_path, size, width, people, aligned):
    model = SwapAutoencoder(size, width, people, aligned)
    model.colours.uniform_(0.1, 1)
    card = {"recipe": "test", "steps": 0, "seed": 0, "data": "none", "wall_time": 0, "scores": {}}
    checkpoints.save(tmp_path / "a.safetensors", model, card, precision="float16")
    loaded, card = autoencoder.load(tmp_path / "a.safetensors")
    assert (loaded.size, loaded.width, loaded.people, loaded.aligned) == (size, width, people, aligned) and not loaded.training
    x = torch.rand(1, 3, size, size)
    assert torch.allclose(loaded(x, 0, 1), model.eval()(x, 0, 1), atol=0.02)
    other = tmp_path / "b.safetensors"
    checkpoints.save(other, torch.nn.Linear(2, 2), {**json.loads((tmp_path / "a.json").read_text()), "scores": {}})
    with pytest.raises(ValueError, match="holds no SwapAutoencoder"):
        autoencoder.load(other)


# ---------------------------------------- panels
def test_swap_explorer_follows_its_controls():
    from dflib.lesson.panels.lesson05 import swap_explorer

    frame = cast.render(cast.sample_person(311), cast.neutral_shot(yaw=10), 96)
    method = deepfake.DeepFake(flat_model(), source_number=1, target_number=0)
    marks = frame.landmarks.astype(float)
    method.places = {7: (marks, marks + (3, 0))}
    panel = swap_explorer(method, [(7, frame.image)])

    def changed():
        return int(panel.line.split(" px changed")[0].split()[-1])

    assert panel.line.startswith("frame 7") and np.array_equal(panel.picture[:, :96], frame.image)
    assert panel["colour"].value == panel["blend_by"].value == "none" and panel["shrink"].value == 0      # the question
    panel.set(colour="reinhard", blend_by="feather", shrink=3)
    first, picture = changed(), panel.picture
    panel["shrink"].value = 15
    assert 0 < changed() < 0.8 * first
    panel.set(shrink=3, colour="mean")
    assert abs(changed() / first - 1) < 0.1 and not np.array_equal(panel.picture, picture)
    panel.set(colour="none", by_shape=True, view="what was changed")
    assert (panel.picture[0, 100:] == 255).all() and not panel.error
    panel.set(colour=method.colour, blend_by=method.blend_by, by_shape=False, finished=True, view="whole picture",
              shrink=round(100 * method.shrink))
    assert np.array_equal(panel.picture[:, 100:], method.changed(7, frame.image))       # what the command makes


def test_morph_explorer_goes_from_one_decoder_to_the_other():
    from dflib.lesson.panels.lesson05 import morph_explorer

    model = flat_model()
    crops, masks = np.full((2, 32, 32, 3), 90, np.uint8), np.ones((2, 32, 32), bool)
    panel = morph_explorer(model, crops, masks, person=0)
    levels = []
    for share in (0.0, 0.5, 1.0):
        panel["share"].value = share
        levels.append(panel.picture[:, 256:].mean())
    assert levels[0] < 50 and levels[2] > 200 and levels[1] == pytest.approx((levels[0] + levels[2]) / 2, abs=2)
    panel.set(what="weights", share=0.5)
    assert panel.picture[:, 256:].mean() == pytest.approx(127.5, abs=2) and not panel.error


def test_a_wider_network_does_the_same_until_it_is_trained():
    from dflib.swap.widen import widened

    torch.manual_seed(0)
    model = SwapAutoencoder(32, 4, aligned=True).eval()
    model.colours.uniform_(0.1, 1)
    for norm in model.norms:
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    wide = widened(model, 6, finest=5)
    faces_in = torch.rand(3, 3, 32, 32) * 2 - 1
    assert count(wide) > 1.5 * count(model) and wide.decoders[0].to_rgb.weight.shape[1] == 6
    for pair in ((0, 0), (0, 1), (1, 0)):
        assert torch.allclose(wide(faces_in, *pair), model(faces_in, *pair), atol=1e-5)
    wide(faces_in, 0, 1).square().sum().backward()
    new = wide.decoders[1].to_rgb.weight.grad[:, 2:4]
    assert new.abs().max() > 0                                                  # new channels are heard once trained
    with pytest.raises(ValueError, match="cannot be widened"):
        widened(model, 3)


def test_a_network_is_scored_against_the_true_swap_and_shipped(tmp_path, monkeypatch):
    from dflib.swap import ship

    monkeypatch.setattr(ship, "HELD_OUT", range(7, 8))
    monkeypatch.setattr(ship, "FPS", 2)
    monkeypatch.setattr(ship, "CHECKPOINTS", tmp_path)
    run = train.autoencoder_run(tmp_path / "a", [drawn_faces(60, 32), drawn_faces(180, 32)], replace(TINY, size=32))
    run.fit()
    card = ship.ship(run, TINY)
    scores = card["scores"]
    assert set(card["people"]) == {"ana", "ben"} and np.allclose(np.linalg.norm(card["embeddings"], axis=1), 1, atol=0.01)
    assert len(scores) == 2 * 11 and all(np.isfinite(value) for value in scores.values())
    assert scores["ana_onto_ben_swap_psnr"] < 20 and abs(scores["ben_onto_ana_lips_slope"]) < 0.5    # six steps teach nothing
    assert autoencoder.load(tmp_path / "autoencoder.safetensors")[1]["steps"] == TINY.steps
    seen = ship.held_out(32)
    perfect = lambda model, crops, masks, source, target: seen[source][0]                     # noqa: E731
    monkeypatch.setattr(ship, "decoded", perfect)
    scores = ship.score(run.models["autoencoder"], seen)
    assert scores["ana_onto_ben_swap_ssim"] == 1 and scores["ana_onto_ben_lips_slope"] == scores["ben_onto_ana_sharpness"] == 1
    assert scores["ana_onto_ben_lips_corr"] == scores["ana_onto_ben_lips_ceiling"] > 0.5


def test_shipping_can_begin_with_another_network(tmp_path, monkeypatch):
    from dflib.swap import ship

    small = SwapAutoencoder(16, 4, aligned=True)
    card = {"recipe": "test", "steps": 0, "seed": 0, "data": "none", "wall_time": 0, "scores": {}}
    checkpoints.save(tmp_path / "small.safetensors", small, card)
    monkeypatch.setattr(ship, "training_faces", lambda people, recipe: [drawn_faces(60), drawn_faces(180)])
    recipe = replace(TINY, width=5, steps=0)
    run = ship.trained(recipe, tmp_path / "small.safetensors")
    wide = run.models["autoencoder"].encoder.convolutions[0][0].weight
    assert len(wide) == 5 and torch.equal(wide[:4], small.encoder.convolutions[0][0].weight)
    assert ship.trained(replace(recipe, steps=2), tmp_path / "small.safetensors").folder == run.folder    # goes on
    assert ship.trained(recipe).folder != run.folder
