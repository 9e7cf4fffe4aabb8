"""Scores of generators against closed forms, SciPy, scikit-learn and OpenCV."""
import math

import cv2
import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.stats import wasserstein_distance
from sklearn.neighbors import NearestNeighbors
from torch.nn import functional

from dflib.metrics.attributes import AttributeNetwork
from dflib.metrics.coverage import covered, neighbour_distances, precision_recall
from dflib.metrics.features import batches, eight_bit, face_features, features_of
from dflib.metrics.frechet import FeatureStatistics, frechet_distance, frechet_gaussians, statistics_of
from dflib.metrics.identity import IdentityNetwork
from dflib.metrics.network import CROP, as_input
from dflib.metrics.paths import (conditional_entropy, linear_separability, parts_of, perceptual_path_length,
                                 separability_of, squared_distance)
from dflib.metrics.wasserstein import (doubled, halved, laplacian_pyramid, line_distances, mean_projection, patch_sets,
                                       pyramid_wasserstein, real_floor, sliced_wasserstein)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def textures(count, side=32, seed=0, sigma=2.):
    """Blurred noise, uint8."""
    rng = np.random.default_rng(seed)
    noise = [cv2.GaussianBlur(rng.normal(size=(side, side, 3)), (0, 0), sigma) for _ in range(count)]
    return np.stack([np.clip(128 + 60 * x / x.std(), 0, 255) for x in noise]).astype(np.uint8)


def channel_means(pictures):
    """Six features of each picture."""
    return torch.cat([pictures.mean((2, 3)), pictures.std((2, 3))], dim=1)


# pictures and features

def test_batches_are_the_pictures_whatever_holds_them():
    images = textures(10)
    tensor = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    for pictures in (images, tensor, tensor.double(), (images[k:k + 3] for k in range(0, 10, 3))):
        parts = list(batches(pictures, 4))
        assert max(map(len, parts)) <= 4 and torch.allclose(torch.cat(parts), tensor, atol=1e-6)
        assert parts[0].dtype == torch.float32
    for wrong in (images[0], images.astype(float), [1], tensor[:, :1], images[..., :1]):
        with pytest.raises(ValueError, match="Pictures must be uint8 arrays"):
            list(batches(wrong))


def test_features_see_eight_bits():
    assert torch.equal(eight_bit(torch.tensor([-2, -1, 1, 3.])), torch.tensor([-1, -1, 1, 1.]))
    levels = (eight_bit(torch.linspace(-1.2, 1.2, 10_000)) + 1) * 127.5
    assert len(levels.round().unique()) == 256 and torch.allclose(levels, levels.round(), atol=1e-4)
    images = textures(70)
    soft = torch.from_numpy(images).permute(0, 3, 1, 2).double() / 127.5 - 1 + .3 / 127.5
    assert np.allclose(features_of(soft, channel_means), features_of(images, channel_means), atol=1e-6)
    assert features_of(np.ones((5, 2), np.float32)).shape == (5, 2)


def test_face_features_are_what_the_networks_compute_before_their_last_layer():
    torch.manual_seed(0)
    networks = IdentityNetwork().eval(), AttributeNetwork().eval()
    images = textures(3, CROP)
    x = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    found = face_features(x, networks)
    assert found.shape == (3, 320)
    last = networks[0].layers[-1](found[:, :160])
    assert torch.allclose(functional.normalize(last), networks[0](as_input(images, centre=True)), atol=1e-5)
    last = networks[1].layers[-1](found[:, 160:])
    assert torch.allclose(last, networks[1](as_input(images, centre=False)), atol=1e-5)
    with pytest.raises(ValueError, match="must be square"):
        face_features(x[:, :, 1:], networks)


# sliced Wasserstein distance

def test_line_distances_are_those_of_scipy():
    rng = np.random.default_rng(0)
    for n, m in ((20, 20), (30, 20), (7, 12), (1, 5)):
        x, y = rng.normal(size=(3, n)), rng.normal(1, 2, size=(3, m))
        assert np.allclose(line_distances(x, y), [wasserstein_distance(a, b) for a, b in zip(x, y)], atol=1e-12)


@pytest.mark.parametrize("dimensions", [2, 3, 16])
def test_sliced_distance_of_a_shift_and_of_two_gaussians(dimensions):
    rng = np.random.default_rng(0)
    points, shift = rng.normal(size=(300, dimensions)), rng.normal(size=dimensions)
    expected = np.linalg.norm(shift) * mean_projection(dimensions)
    assert sliced_wasserstein(points, points + shift, 4096) == pytest.approx(expected, rel=.04)
    assert sliced_wasserstein(points, points) == 0
    # every projection of N(0, s^2 I) is N(0, s^2): the distance of quantiles is |s - t| E|N(0, 1)|
    a, b = rng.normal(0, 1, (20_000, dimensions)), rng.normal(0, 2.5, (15_000, dimensions))
    assert sliced_wasserstein(a, b, 64) == pytest.approx(1.5 * math.sqrt(2 / math.pi), rel=.02)


def test_mean_projection_and_refusals():
    assert mean_projection(1) == pytest.approx(1) and mean_projection(2) == pytest.approx(2 / math.pi)
    assert mean_projection(3) == pytest.approx(1 / 2)
    a = np.random.default_rng(0).normal(size=(50, 4))
    assert sliced_wasserstein(a, a[:20], 100, seed=1) == sliced_wasserstein(a, a[:20], 100, seed=1)
    assert sliced_wasserstein(a, a[:20], 100, seed=1) != sliced_wasserstein(a, a[:20], 100, seed=2)
    for wrong in (a[:, :3], a[0], a[:0]):
        with pytest.raises(ValueError, match="Point sets must be"):
            sliced_wasserstein(a, wrong)


def test_pyramid_is_that_of_opencv_and_adds_up():
    image = textures(1, 64)[0].astype(np.float32)
    x = torch.from_numpy(image).permute(2, 0, 1)[None]
    assert np.allclose(halved(x)[0].permute(1, 2, 0), cv2.pyrDown(image), atol=1e-3)
    assert np.allclose(doubled(x)[0].permute(1, 2, 0), cv2.pyrUp(image), atol=1e-3)
    levels = laplacian_pyramid(x.double())
    assert [level.shape[-1] for level in levels] == [64, 32, 16]
    whole = levels[2]
    for level in levels[1::-1]:
        whole = doubled(whole) + level
    assert torch.allclose(whole, x.double(), atol=1e-10)
    flat = laplacian_pyramid(torch.full((1, 3, 32, 32), .25))
    assert flat[0].abs().max() < 1e-6 and torch.allclose(flat[1], torch.tensor(.25))
    for shape in ((1, 3, 8, 8), (1, 3, 48, 48), (1, 3, 32, 64)):
        with pytest.raises(ValueError, match="square with a power of two from 16"):
            laplacian_pyramid(torch.zeros(shape))


def test_patches_are_normalised_parts_of_the_levels():
    images = textures(6)
    sets = patch_sets(images, 20, np.random.default_rng(0))
    assert {side: values.shape for side, values in sets.items()} == {32: (120, 147), 16: (120, 147)}
    colours = sets[16].reshape(120, 3, 49)
    assert np.allclose(colours.mean((0, 2)), 0, atol=1e-5) and np.allclose(colours.std((0, 2)), 1, atol=1e-5)
    # Up to brightness and contrast each green patch occurs in its own picture, and every place is drawn.
    level = laplacian_pyramid(next(batches(images)))[1].numpy()
    places = set()
    for k, patch in enumerate(colours[:, 1]):
        windows = np.lib.stride_tricks.sliding_window_view(level[k // 20, 1], (7, 7)).reshape(100, 49)
        match = np.corrcoef(patch, windows)[0, 1:]
        assert match.max() > 1 - 1e-4
        places.add(int(match.argmax()))
    assert len(places) > 60 and {p // 10 for p in places} == set(range(10)) == {p % 10 for p in places}


def test_patch_distance_finds_the_scale_that_differs():
    def distance(a, b):
        return pyramid_wasserstein(a, b, patches=64, directions=256)

    real = textures(120, sigma=2.)
    floor = real_floor(real, distance)
    assert set(floor) == {32, 16, "mean"} and floor["mean"] == pytest.approx((floor[32] + floor[16]) / 2)
    assert floor == real_floor(real, distance) and 0 < floor["mean"] < 60
    # Fine noise changes the finest level alone.
    noisy = np.clip(textures(60, sigma=2., seed=1) + np.random.default_rng(1).normal(0, 60, (60, 32, 32, 3)), 0, 255)
    score = distance(real[:60], noisy.astype(np.uint8))
    assert score[32] > 3 * floor[32] and score[16] < score[32]
    other = distance(real[:60], textures(60, sigma=6., seed=1))
    assert other["mean"] > 3 * floor["mean"]
    with pytest.raises(ValueError, match="pictures of one size, not 32 and 16"):
        distance(real[:4], textures(4, 16))
    with pytest.raises(ValueError, match="at least 2 pictures"):
        real_floor(real[:1])


def test_real_floor_takes_two_halves_that_share_nothing():
    halves = real_floor(np.arange(11), lambda a, b: (set(a), set(b)))
    assert len(halves[0]) == len(halves[1]) == 5 and not halves[0] & halves[1]


# Fréchet distance

def test_streamed_statistics_are_those_of_numpy():
    x = np.random.default_rng(0).normal(1e4, 1, size=(101, 5))       # far from zero: sums of squares would cancel
    found = FeatureStatistics()
    for part in (x[:1], x[1:40], torch.from_numpy(x[40:])):
        found.update(part)
    assert found.count == 101 and np.allclose(found.mean, x.mean(0), rtol=1e-13)
    assert np.allclose(found.covariance, np.cov(x.T), atol=1e-9)
    with pytest.raises(ValueError, match="at least 2 pictures, not 1"):
        FeatureStatistics().update(x[:1]).covariance
    with pytest.raises(ValueError, match=r"must be \(B, D\)"):
        found.update(x[0])


def covariance(d, rank, rng):
    factor = rng.normal(size=(d, rank))
    return factor @ factor.T / rank


def test_frechet_distance_of_gaussians():
    rng = np.random.default_rng(0)
    a, b, shift = covariance(12, 30, rng), covariance(12, 30, rng), rng.normal(size=12)
    expected = shift @ shift + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert frechet_gaussians(shift, a, 0 * shift, b) == pytest.approx(expected, rel=1e-9)
    assert frechet_gaussians(0 * shift, b, shift, a) == pytest.approx(expected, rel=1e-9)
    # closed form when both share their axes: the deviations differ
    p, q = np.diag([4., 9., 0.]), np.diag([1., 16., 25.])
    assert frechet_gaussians(np.zeros(3), p, np.ones(3), q) == pytest.approx(3 + 1 + 1 + 25, rel=1e-12)
    # a singular covariance against itself, where roots of rounded eigenvalues leave 1e-7
    thin = 100 * covariance(60, 5, rng)
    assert frechet_gaussians(np.zeros(60), thin, np.zeros(60), thin) < 1e-10


def test_frechet_distance_of_pictures():
    real, fake = textures(90), textures(80, seed=1, sigma=4.)
    x, y = features_of(real, channel_means), features_of(fake, channel_means)
    expected = (((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(np.cov(x.T) + np.cov(y.T))
                - 2 * np.trace(sqrtm(np.cov(x.T) @ np.cov(y.T)).real))
    assert frechet_distance(real, fake, channel_means) == pytest.approx(expected, rel=1e-6)
    kept = statistics_of(real, channel_means)
    assert statistics_of(kept) is kept and frechet_distance(kept, y) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(real, real, channel_means) < 1e-10
    assert real_floor(real, lambda a, b: frechet_distance(a, b, channel_means)) < expected / 3


# precision and recall

def test_neighbours_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(700, 8)), rng.normal(.5, .8, size=(600, 8))
    radii = [NearestNeighbors(n_neighbors=4).fit(x).kneighbors(x)[0][:, 3] for x in (real, fake)]
    assert np.allclose(neighbour_distances(torch.from_numpy(real), 3), radii[0], atol=1e-12)

    def share(points, reference, radius):
        distances, rows = NearestNeighbors(n_neighbors=len(reference)).fit(reference).kneighbors(points)
        return (distances <= radius[rows]).any(axis=1).mean()

    found = precision_recall(real, fake)
    assert found.precision == share(fake, real, radii[0]) and found.recall == share(real, fake, radii[1])
    assert .1 < found.recall < found.precision < 1


def test_precision_and_recall_of_toys_with_known_answers():
    rng = np.random.default_rng(0)
    modes = np.eye(4)[np.arange(400) % 4] * 100 + rng.normal(size=(400, 4))
    one = modes[::4]                                            # what a collapsed generator makes
    assert precision_recall(modes, one) == (1, .25)
    assert precision_recall(one, modes) == (.25, 1)
    assert precision_recall(modes, modes) == (1, 1)
    assert precision_recall(modes, modes + 1000) == (0, 0)
    # Balls on the integer line reach to the 3rd nearest: 2 for inner points, 3 for the ends; just outside is out.
    line = torch.arange(10.)[:, None].double()
    assert neighbour_distances(line, 3).tolist() == [3, 2, 2, 2, 2, 2, 2, 2, 2, 3]
    assert covered(torch.tensor([[-3.], [-3.01], [12.], [12.01]]).double(), line, 3) == .5
    assert precision_recall(textures(8), textures(8), features=channel_means) == (1, 1)
    with pytest.raises(ValueError, match="3 nearest others need at least 4 pictures, not 3"):
        precision_recall(modes[:3], modes)


# path length

def plain_distance(a, b):
    return (a - b).square().flatten(1).sum(1)


def test_path_length_of_a_linear_generator():
    """G(w) = A w: 2 |A|^2 on straight lines between Gaussians, E[angle^2] |A|^2 on the sphere."""
    torch.manual_seed(0)
    matrix = torch.randn(12, 3, dtype=torch.float64)
    size = float(matrix.square().sum())

    def synthesis(w):
        return (w @ matrix.T).view(-1, 3, 2, 2)

    settings = {"latent": 3, "samples": 20_000, "distance": plain_distance, "batch": 5000}
    for sampling in ("full", "end"):
        found = perceptual_path_length(synthesis, space="w", sampling=sampling, rejected=0, **settings)
        assert found == pytest.approx(2 * size, rel=.03)
        # In three dimensions angles have the density sin / 2, so the mean of their squares is (pi^2 - 4) / 2.
        found = perceptual_path_length(synthesis, space="z", sampling=sampling, rejected=0, **settings)
        assert found == pytest.approx((math.pi ** 2 - 4) / 2 * size, rel=.03)
    # w is what the mapping says: three times as large, nine times as long, in either space
    for space in ("z", "w"):
        once, thrice = (perceptual_path_length(synthesis, mapping, space, rejected=0, **settings)
                        for mapping in (None, lambda z: 3 * z))
        assert thrice == pytest.approx(9 * once, rel=1e-9)
    # The longest and the shortest tenth are left out.
    seen = []

    def distance(a, b):
        seen.append(plain_distance(a, b))
        return seen[-1]

    found = perceptual_path_length(synthesis, rejected=.1, **{**settings, "samples": 1001, "distance": distance})
    lengths = torch.cat(seen).sort().values / 1e-8
    assert found == pytest.approx(float(lengths[100:-100].mean()), rel=1e-12)


def test_path_length_full_and_end_of_a_curved_generator():
    """G(w) = w^2 for each number: 8 D over whole paths, 16 D at their ends."""
    def synthesis(w):
        return w.square().view(-1, 3, 2, 2)

    for sampling, expected in (("full", 8), ("end", 16)):
        found = perceptual_path_length(synthesis, sampling=sampling, latent=12, samples=20_000, rejected=0,
                                       distance=plain_distance, batch=5000)
        assert found == pytest.approx(expected * 12, rel=.04)


def test_path_length_is_repeatable_and_refuses_fresh_noise():
    def synthesis(w):
        return w.view(-1, 3, 2, 2)

    settings = {"latent": 12, "samples": 50, "distance": squared_distance(channel_means)}
    first = perceptual_path_length(synthesis, seed=3, **settings)
    assert first == perceptual_path_length(synthesis, seed=3, **settings) > 0
    assert first != perceptual_path_length(synthesis, seed=4, **settings)
    with pytest.raises(ValueError, match="give it fixed noise"):
        perceptual_path_length(lambda w: synthesis(w + .01 * torch.randn_like(w)), **settings)
    with pytest.raises(ValueError, match="must compute in float64 .* not in float32"):
        perceptual_path_length(lambda w: synthesis(w.float()), **settings)
    with pytest.raises(ValueError, match='Paths are in "z" or "w"'):
        perceptual_path_length(synthesis, space="x", **settings)


def test_paths_through_a_stylegan(monkeypatch):
    from dflib.synthesis.stylegan import Generator

    torch.manual_seed(0)
    generator = Generator(resolution=16, latent=16, base=64, limit=16)
    with torch.no_grad():
        for block in generator.blocks:
            block.layer0.noise_strength.fill_(.5)
    networks = IdentityNetwork().double().eval(), AttributeNetwork().double().eval()
    mapping, synthesis = parts_of(generator, seed=1)
    z = torch.randn(2, 16)
    noise = generator.noise(1, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(synthesis(mapping(z)).float(), generator(z, noise=noise), atol=1e-4)
    settings = {"latent": 16, "samples": 16, "distance": squared_distance(lambda x: face_features(x, networks))}
    lengths = [perceptual_path_length(synthesis, mapping, space, **settings) for space in "zw"]
    # A step ten times as short gives the same length; rounding in float32 would multiply it.
    monkeypatch.setattr("dflib.metrics.paths.EPSILON", 1e-5)
    shorter = [perceptual_path_length(synthesis, mapping, space, **settings) for space in "zw"]
    assert lengths == pytest.approx(shorter, rel=.02)
    with pytest.raises(ValueError, match="give it fixed noise"):
        copied = generator.double()
        perceptual_path_length(lambda w: copied.synthesise(copied.styles(w)), mapping, **settings)


# separability

def test_conditional_entropy_by_hand():
    x = np.repeat([True, True, False, False], [30, 10, 20, 40])
    y = np.repeat([True, False, True, False], [30, 10, 20, 40])

    def h(p):
        return -p * math.log(p) - (1 - p) * math.log(1 - p)
    assert conditional_entropy(x, y) == pytest.approx(.4 * h(3 / 4) + .6 * h(1 / 3))
    assert conditional_entropy(y, y) == 0 == conditional_entropy(~y, y)
    assert conditional_entropy(np.ones(100, bool), y) == pytest.approx(math.log(2))


def test_separability_of_toys_with_known_answers():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(20_000, 4))
    z[:, 0] += np.sign(z[:, 0])                 # a gap between the two signs, where the hyperplane finds room
    sure = np.abs(rng.normal(.4, .01, len(z)))

    def seen(labels, confidence=sure):
        return .5 + np.where(labels, confidence, -confidence)

    straight, diagonal = z[:, 0] > 0, z[:, 0] * z[:, 1] > 0
    flipped = straight ^ (np.arange(len(z)) % 10 == 0)
    assert linear_separability(z, {"straight": seen(straight)})[0] == pytest.approx(1, abs=.005)
    # No line tells anything about the sign of a product: all of log 2 is left, for each such attribute.
    assert linear_separability(z, {"a": seen(diagonal), "b": seen(~diagonal)})[0] == pytest.approx(4, rel=.01)
    # One label in ten is wrong: the entropy of a coin of one in ten
    entropy = -.1 * math.log(.1) - .9 * math.log(.9)
    score, entropies = linear_separability(z, {"straight": seen(straight), "flipped": seen(flipped)}, keep=1.)
    assert entropies["flipped"] == pytest.approx(entropy, rel=.01)
    assert score == pytest.approx(math.exp(entropy), rel=.01)
    # The unsure half is dropped, here the one with the wrong labels.
    order = rng.permutation(len(z)) < len(z) // 2
    half = seen(np.where(order, straight, diagonal), np.where(order, .4, .1))
    assert linear_separability(z, {"half": half})[0] == pytest.approx(1, abs=.005)
    assert linear_separability(z, {"half": half}, keep=1.)[0] > 1.2
    assert linear_separability(z, {"all": np.ones(len(z))}) == (1, {"all": 0})
    with pytest.raises(ValueError, match="20000 latents but half has the shape"):
        linear_separability(z, {"half": half[:5]})


def test_separability_is_asked_of_points_that_were_not_fitted():
    """As many dimensions as points, labels drawn by lot: on its own points a hyperplane would be right about all."""
    rng = np.random.default_rng(1)
    lot = rng.random(400)
    score, entropies = linear_separability(rng.normal(size=(400, 400)), {"lot": lot}, keep=1.)
    assert score == pytest.approx(2, abs=.03) and entropies["lot"] > .98 * math.log(2)
    few = np.where(np.arange(400) < 3, 1., 0.)              # too few for four folds: all of their entropy
    entropy = -3 / 400 * math.log(3 / 400) - 397 / 400 * math.log(397 / 400)
    assert linear_separability(rng.normal(size=(400, 5)), {"few": few}, keep=1.)[1]["few"] == pytest.approx(entropy)


def test_separability_tells_an_entangled_space_from_a_straight_one():
    """z is a turned and folded w: the sign of w's first number is a plane in w, not in z."""
    def mapping(z):
        return torch.cat([z[:, :1] * z[:, 1:2], z[:, 1:]], dim=1)

    def synthesis(w):
        return torch.tanh(w).view(-1, 3, 2, 2)

    def attributes(pictures):
        return {"first": ((pictures[:, 0, 0, 0] + 1) / 2).numpy(), "last": ((pictures[:, 2, 1, 1] + 1) / 2).numpy()}

    scores = separability_of(synthesis, mapping, attributes, latent=12, samples=6000, batch=1000)
    assert scores["w"] == pytest.approx(1, abs=.02) and scores["z"] == pytest.approx(2, rel=.02)
    assert scores == separability_of(synthesis, mapping, attributes, latent=12, samples=6000, batch=1000)
