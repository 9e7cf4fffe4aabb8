"""Latents against closed forms: toy generators whose directions and pictures are known."""
import math

import numpy as np
import pytest
import torch

from dflib import checkpoints
from dflib.metrics.paths import slerp
from dflib.pictures import as_images
from dflib.synthesis.stylegan import latents
from dflib.synthesis.stylegan import Generator

CARD = dict(recipe="a test", steps=1, seed=0, data="none", wall_time=0, scores={})


class Linear:
    """A generator that is one linear map from the mean of its layers' w to an 8 px picture."""

    resolution, layers, latent = 8, 4, 6

    def __init__(self):
        rng = torch.Generator().manual_seed(1)
        self.map = torch.linalg.qr(torch.randn(192, 6, generator=rng))[0].T * 2     # orthogonal rows
        self.w_average = torch.zeros(6)
        self.mapping = lambda z: z

    def noise(self, batch, resolution=None, generator=None):
        return [torch.randn(batch, 1, r, r, generator=generator) for r in (4, 4, 8, 8)]

    def synthesise(self, ws, noise):
        return (ws.mean(dim=1) @ self.map).reshape(-1, 3, 8, 8)


@pytest.fixture
def generator():
    torch.manual_seed(0)
    g = Generator(32, latent=12, base=256, limit=16).eval()
    for name, p in g.named_parameters():
        if name.endswith("noise_strength"):
            p.data += .5
    g.w_average += .3 * torch.randn(12)
    return g


def test_sampling_is_repeatable_and_truncation_narrows_it(generator):
    a = latents.sample(generator, 18, seed=3, psi=1.)
    assert a.shape == (18, 32, 32, 3) and a.dtype == np.uint8
    assert np.array_equal(a, latents.sample(generator, 18, seed=3, psi=1.))
    assert np.array_equal(a[:2], latents.sample(generator, 2, seed=3, psi=1.))      # batches make no difference
    assert not np.array_equal(a, latents.sample(generator, 18, seed=4, psi=1.))
    varied = [latents.sample(generator, 18, psi=psi).astype(float).std(axis=0).mean() for psi in (1., .5, 0.)]
    assert varied[0] > varied[1] > varied[2] == 0
    average = generator.styles(generator.w_average[None])
    typical = latents.images_of(generator, average, latents.fixed_noise(generator, 0))
    assert np.abs(latents.sample(generator, 1, psi=0.).astype(int) - typical).max() <= 1


def test_as_images_clips_and_rounds():
    picture = torch.tensor([-2., -1, 0.0039, .5, 1, 3])[None, None, None].expand(1, 3, 1, 6)
    assert as_images(picture)[0, 0, :, 0].tolist() == [0, 0, 128, 191, 255, 255]


def test_mixing_at_chosen_layers():
    a, b = torch.zeros(2, 10, 3), torch.ones(2, 10, 3)
    assert latents.mix(a, b, latents.COARSE)[0, :, 0].tolist() == [1] * 4 + [0] * 6
    assert latents.mix(a, b, latents.MIDDLE)[1, :, 2].tolist() == [0] * 4 + [1] * 4 + [0] * 2
    assert latents.mix(a, b, latents.FINE)[0, :, 1].tolist() == [0] * 8 + [1] * 2   # a small generator has fewer
    assert latents.mix(a, b, [3])[0, :, 0].tolist() == [0, 0, 0, 1] + [0] * 6 and not a.any()


def test_noise_in_chosen_layers(generator):
    noise = latents.fixed_noise(generator, 5, layers=latents.MIDDLE)
    assert [m.shape[-1] for m in noise] == [4, 4, 8, 8, 16, 16, 32, 32]
    assert [bool(m.any()) for m in noise] == [False] * 4 + [True] * 4
    assert all(torch.equal(a, b) for a, b in zip(noise[4:], latents.fixed_noise(generator, 5)[4:]))
    ws = generator.styles(generator.mapping(latents.draw(generator, 1)))
    silent = latents.images_of(generator, ws, latents.fixed_noise(generator, 1, layers=()))
    assert np.array_equal(silent, latents.images_of(generator, ws, latents.fixed_noise(generator, 2, layers=())))
    assert not np.array_equal(silent, latents.images_of(generator, ws, latents.fixed_noise(generator, 2)))


@pytest.mark.parametrize("space", ["w", "w+"])
def test_projection_finds_the_latent_of_a_linear_generator(space):
    toy = Linear()
    w = torch.tensor([[.5, -1., .25, 1.5, -.75, .1]])
    picture = as_images(toy.synthesise(w[:, None], None))[0]
    found = latents.project(toy, picture, steps=120, space=space, progress=False)
    assert torch.allclose(found.ws.mean(dim=1), w, atol=.03)
    assert np.abs(found.image.astype(int) - picture).max() <= 1 and found.losses[-1] < 1e-4 < found.losses[0]
    assert found.ws.shape == (1, 4, 6) and (space == "w+" or torch.equal(found.ws[:, 0], found.ws[:, 3]))


def test_w_plus_goes_on_from_what_w_found_half_way(generator):
    wanted = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)     # no face: w cannot make it
    losses = {space: latents.project(generator, wanted, 60, space, progress=False).losses for space in ("w", "w+")}
    assert losses["w+"][:30] == losses["w"][:30] and losses["w+"][30:] != losses["w"][30:]
    assert np.mean(losses["w+"][-3:]) < np.mean(losses["w"][-3:])


def test_projection_into_a_real_generator_with_features(generator):
    wanted = latents.sample(generator, 1, seed=8, psi=1.)[0]
    found = latents.project(generator, wanted, steps=25, features=lambda x: x.mean(dim=(2, 3)), progress=False)
    assert np.mean(found.losses[-5:]) < .5 * found.losses[0] and found.image.shape == (32, 32, 3)
    again = latents.project(generator, wanted, steps=25, features=lambda x: x.mean(dim=(2, 3)), progress=False)
    assert torch.equal(found.ws, again.ws)


def test_face_features(monkeypatch):
    from dflib.metrics import identity

    monkeypatch.setattr(identity, "shipped", lambda: identity.IdentityNetwork().eval())
    x = torch.rand(2, 3, 32, 32).requires_grad_()
    features = latents.projection_features()(x)
    assert features.shape == (2, 96, 8, 8) and torch.allclose(features.norm(dim=1), torch.ones(2, 8, 8), atol=1e-5)
    features[:, 0].sum().backward()
    assert x.grad.abs().sum() > 0

    def missing():
        raise FileNotFoundError("There is no shipped checkpoint.")

    monkeypatch.setattr(identity, "shipped", missing)
    assert latents.projection_features() is None


def test_directions_of_linear_attributes():
    rng = np.random.default_rng(0)
    w = rng.normal(size=(4000, 16)) * np.linspace(.5, 2, 16)
    age, smile = rng.normal(size=(2, 16))
    found = latents.find_directions(w, {"age": 40 + 5 * w @ age, "smiles": w @ smile + .02 > 0})
    for name, normal in (("age", age), ("smiles", smile)):
        along = np.cov(w.T) @ normal            # Gaussian w: how w moves when the attribute does
        assert found[name].vector.numpy() @ along / np.linalg.norm(along) > {"age": .99999, "smiles": .98}[name]
        assert found[name].vector.numpy() @ normal / np.linalg.norm(normal) < .9
    place = w @ found["age"].vector.numpy()
    assert found["age"].score == pytest.approx(np.corrcoef(place, w @ age)[0, 1] ** 2, rel=1e-5)
    with_it, place = w @ smile + .02 > 0, w @ found["smiles"].vector.numpy()
    middle = (place[with_it].mean() + place[~with_it].mean()) / 2
    assert found["smiles"].score == pytest.approx(((place > middle) == with_it).mean()) and found["smiles"].score > .7
    assert np.allclose(place[with_it].mean() - place[~with_it].mean(), np.linalg.norm(w[with_it].mean(0) - w[~with_it].mean(0)), rtol=1e-5)
    for direction in found.values():
        assert direction.vector.norm().item() == pytest.approx(1, abs=1e-6)
        assert direction.spread == pytest.approx((w @ direction.vector.numpy()).std(), rel=1e-5)
    with pytest.raises(ValueError, match="attribute bald is the same for all 4000 latents"):
        latents.find_directions(w, {"bald": np.zeros(4000, bool)})


def test_steering_moves_along_the_direction_in_chosen_layers():
    direction = latents.Direction(torch.tensor([0., .6, .8]), spread=2., score=1.)
    moved = latents.steer(torch.zeros(1, 5, 3), direction, -1.5, layers=[1, 2])
    assert torch.allclose(moved[0], torch.tensor([[0.] * 3, [0, -1.8, -2.4], [0, -1.8, -2.4], [0.] * 3, [0.] * 3]))
    assert torch.allclose(latents.steer(torch.zeros(1, 5, 3), direction, 1.)[0, :, 2], torch.full((5,), 1.6))


def test_slerp_keeps_length_and_speed():
    a, b = torch.tensor([2., 0, 0]).double(), torch.tensor([-1., math.sqrt(3), 0]).double()     # 120 degrees apart
    for t in (0., .25, .5, 1.):
        angle = torch.tensor(t * 2 * math.pi / 3)
        assert torch.allclose(slerp(a, b, t), torch.stack(
            [2 * torch.cos(angle), 2 * torch.sin(angle), torch.tensor(0.)]).double(), atol=1e-6)
    assert torch.allclose(slerp(a, 2 * a, .5), 1.5 * a)
    a, b = torch.nn.functional.normalize(torch.randn(2, 5, 7, dtype=torch.float64), dim=2)      # many at once, each its own t
    shares = torch.linspace(0, 1, 5)[:, None].double()
    between, whole = slerp(a, b, shares), torch.acos((a * b).sum(1))
    assert torch.allclose((a * between).sum(1).clamp(-1, 1).acos(), shares[:, 0] * whole, atol=1e-7)
    assert torch.allclose(between.norm(dim=1), torch.ones(5).double())


def test_walks():
    points = torch.tensor([[1., 0], [0, 1], [-1, 0]])
    straight = latents.walk(points, 4)
    assert straight.shape == (9, 2)
    assert torch.allclose(straight[[0, 2, 4, 8]], torch.tensor([[1., 0], [.5, .5], [0, 1], [-1, 0]]))
    assert torch.allclose(latents.walk(points, 4, "z").norm(dim=1), torch.ones(9))
    assert latents.walk(torch.zeros(3, 8, 5), 6).shape == (13, 8, 5)
    with pytest.raises(ValueError, match="must be w or z, not x"):
        latents.walk(points, 4, "x")


def test_checkpoint_of_a_generator(tmp_path, generator):
    checkpoints.save(tmp_path / "g.safetensors", generator, CARD)
    loaded, card = latents.load_generator(tmp_path / "g.safetensors")
    assert loaded.resolution == 32 and card["recipe"] == "a test"
    assert np.array_equal(latents.sample(loaded, 2), latents.sample(generator, 2))
    checkpoints.save(tmp_path / "h.safetensors", {"weight": torch.zeros(2)}, CARD)
    with pytest.raises(ValueError, match="holds no StyleGAN generator: it lacks w_average"):
        latents.load_generator(tmp_path / "h.safetensors")


def test_projection_errors(generator):
    with pytest.raises(ValueError, match="must be 32 px square, not 16x16"):
        latents.project(generator, np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(ValueError, match="must be w or w\\+, not z"):
        latents.project(generator, np.zeros((32, 32, 3), np.uint8), space="z")
