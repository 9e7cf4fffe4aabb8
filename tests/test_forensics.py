"""The forensic networks: sizes, the contract, and second implementations in numpy written from the papers."""
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.signal import correlate2d
from skimage import data
from skimage.color import rgb2gray
from torch import nn
from torch.nn import functional as F

from dflib.forensics import NETWORKS, build_detector, cooccurrences
from dflib.forensics.bayar import constrained
from dflib.forensics.histogram import STEP, features
from dflib.forensics.detector import central, gray
from dflib.forensics.rahmouni import statistics
from dflib.forensics.xception import equal_multiplications, multiplications

SMALL = {"xception": dict(size=64, width=0.125), "mesoinception4": dict(size=64), "meso4": dict(size=64),
         "bayar": dict(size=48, dense=32)}


def small(name, **options):
    torch.manual_seed(0)
    return build_detector(name, **{**SMALL.get(name, {}), **options})


def photographs(count=6, side=64):
    picture = data.astronaut()
    return np.stack([picture[40 * i:40 * i + side, 60 * i:60 * i + side] for i in range(count)])


# ---- the contract

@pytest.mark.parametrize("name, parameters", [("xception", 20_811_050), ("mesoinception4", 28_615), ("meso4", 27_977),
                                              ("rahmouni", 284_034), ("bayar", 45_219_998)])
def test_parameters_to_train(name, parameters):
    network = build_detector(name)
    assert sum(p.numel() for p in network.parameters() if p.requires_grad) == parameters


@pytest.mark.parametrize("name", NETWORKS)
def test_contract(name):
    network, crops = small(name), photographs(side=80)
    x = network.prepare(crops)
    assert len(x) == 6 and network.size > 0
    if name != "cooccurrences":
        assert x.shape[2:] == (network.size, network.size) and x.dtype == torch.float32
    network.eval()
    with torch.no_grad():
        logits = network(x)
    assert logits.shape == (6, 2)
    found = network.probability(crops)
    assert found.shape == (6,) and found.dtype == np.float64
    assert np.allclose(found, F.softmax(logits.double(), 1)[:, 1], atol=1e-6)
    assert network.probability(crops[:0]).shape == (0,)
    network.train()
    assert np.array_equal(network.probability(crops), network.probability(crops)) and network.training  # no dropout


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "cooccurrences"])
def test_further_classes_are_fakes(name):
    network, crops = small(name, classes=5), photographs(2)
    logits = network.logits(crops)
    assert logits.shape == (2, 5)
    assert np.allclose(network.probability(crops), 1 - np.exp(logits[:, 0]) / np.exp(logits).sum(1), atol=1e-9)


@pytest.mark.parametrize("crops, said", [
    (np.zeros((2, 8, 9, 3), np.uint8), r"not uint8 \(2, 8, 9, 3\)"), (np.zeros((8, 8, 3), np.uint8), r"\(8, 8, 3\)"),
    (np.zeros((2, 8, 8, 3)), "not float64 .*"), ([1], "not list")])
def test_what_is_no_crop(crops, said):
    with pytest.raises(ValueError, match=f"^Face crops are an array .*{said}.$"):
        small("rahmouni").probability(crops)


def test_unknown_names_and_options():
    with pytest.raises(ValueError, match="^Unknown detector 'resnet': known are bayar, cooccurrences, cozzolino"):
        build_detector("resnet")
    with pytest.raises(ValueError, match="not 1"):
        build_detector("xception", classes=1)
    with pytest.raises(ValueError, match="two classes apart, not 5"):
        build_detector("cooccurrences", classes=5)
    with pytest.raises(ValueError, match="39 px or more, not 38"):
        build_detector("bayar", size=38)


def test_half_precision_changes_little():
    network, crops = small("xception"), photographs(2)
    exact, quick = network.logits(crops), network.logits(crops, bfloat16=True)
    assert not np.array_equal(exact, quick) and np.abs(exact - quick).max() < 0.03 * np.abs(exact).max()


@pytest.mark.parametrize("name", ["bayar", "cozzolino"])
def test_half_precision_leaves_residuals_alone(name):
    network, level = small(name), torch.full((1, 1, 48, 48), 201.0)
    layer = network.residual if name == "bayar" else network.rows
    with torch.autocast("cpu", torch.bfloat16):
        network(level)
        maps = []
        layer.register_forward_hook(lambda module, inputs, output: maps.append(output))
        network(level)
    assert maps[0].dtype == torch.float32
    if name == "bayar":
        assert maps[0].abs().max() < 1e-2               # nothing is left of a flat picture


def test_central_crops():
    crops = photographs(2, 10)
    assert np.array_equal(central(crops, 4), crops[:, 3:7, 3:7])
    assert np.array_equal(central(crops, 14)[:, 2:12, 2:12], crops)
    assert np.array_equal(central(crops, 14)[:, 1, 2:12], crops[:, 1])        # mirrored at the border
    assert np.abs(gray(crops) - 255 * np.stack([rgb2gray(c) for c in crops])).max() < 22   # other weights, same idea
    assert np.abs(gray(crops) - crops @ np.array([0.299, 0.587, 0.114])).max() <= 0.51


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "cooccurrences"])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_gradients_on_flat_pictures_are_finite(name, level):
    network = small(name)
    x = network.prepare(np.full((2, 64, 64, 3), level, np.uint8)).requires_grad_()
    F.cross_entropy(network(x), torch.tensor([0, 1])).backward()
    for gradient in [x.grad, *(p.grad for p in network.parameters())]:
        assert torch.isfinite(gradient).all()


# ---- co-occurrences, as a histogram and as a network

def counted(picture):
    """Shares of words along the rows, counted one by one with whole numbers."""
    words = Counter()
    for line in picture.astype(int).tolist():
        value = []
        for i in range(len(line) - 3):
            residual = line[i] - 3 * line[i + 1] + 3 * line[i + 2] - line[i + 3]
            nearest = min((-1, 0, 1), key=lambda v: abs(residual - STEP * v))
            value.append(nearest)
        words.update(tuple(value[i:i + 4]) for i in range(len(value) - 3))
    total = sum(words.values())
    order = [(a, b, c, d) for a in (-1, 0, 1) for b in (-1, 0, 1) for c in (-1, 0, 1) for d in (-1, 0, 1)]
    return [words[word] / total for word in order]


def grays():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (20, 31)).astype(np.uint8)
    soft = (128 + 3 * rng.normal(size=(20, 31))).astype(np.uint8)
    return [noise, soft, gray(photographs(1, 31))[0][:20], np.full((20, 31), 7, np.uint8)]


def test_cooccurrences_are_what_counting_gives():
    for picture in grays():
        found = cooccurrences(picture)
        assert found.shape == (162,)
        assert np.allclose(found[:81], counted(picture), rtol=0, atol=1e-15)
        assert np.allclose(found[81:], counted(picture.T), rtol=0, atol=1e-15)
        assert found[:81].sum() == pytest.approx(1) and found[81:].sum() == pytest.approx(1)
        assert np.array_equal(np.roll(cooccurrences(picture.T), 81), found)
    assert found[40] == found[121] == 1            # a flat picture: only (0, 0, 0, 0)


def test_fast_features_are_the_same():
    pictures = np.stack(grays())
    assert np.array_equal(features(pictures), [cooccurrences(picture) for picture in pictures])
    view = np.stack([pictures] * 2, axis=-1)[..., 0]                              # not contiguous
    assert np.array_equal(features(view), features(pictures))
    assert features(pictures[:0]).shape == (0, 162)
    assert np.array_equal(features(pictures[:, :7, :7])[1], cooccurrences(pictures[1, :7, :7]))


@pytest.mark.parametrize("picture", [np.zeros((6, 9), np.uint8), np.zeros((9, 9)), np.zeros((9, 9, 3), np.uint8), "a"])
def test_what_has_no_cooccurrences(picture):
    with pytest.raises(ValueError, match="^Co-occurrences need a grey picture"):
        cooccurrences(picture)


def test_hard_maximum_is_the_histogram_and_softmax_is_near():
    pictures = np.stack(grays())
    network = small("cozzolino", steepness=None)
    x = torch.from_numpy(pictures).float()[:, None]
    with torch.no_grad():
        found = network.double().descriptor(x.double()).numpy()
        assert np.abs(found - features(pictures)).max() < 1e-15
        single = network.float().descriptor(x).numpy()
        assert np.abs(single - features(pictures)).max() < 1e-7
        network.steepness = 50.0
        assert np.abs(network.double().descriptor(x.double()).numpy() - features(pictures)).max() < 1e-10
        network.steepness = 1.0
        assert np.abs(network(x.double()).numpy()).max() < 1                      # and it still is a network
        assert np.abs(network.descriptor(x.double()).numpy() - features(pictures)).max() > 1e-3


def test_machine_and_network_that_starts_from_it_agree():
    clean = photographs(6, 60)
    rng = np.random.default_rng(0)
    noisy = np.clip(clean + rng.normal(0, 6, clean.shape), 0, 255).astype(np.uint8)
    crops, labels = np.concatenate([clean, noisy]), np.repeat([0, 1], 6)
    machine = small("cooccurrences").fit(crops, labels)
    found = machine.probability(crops)
    assert (found[labels == 1] > 0.5).all() and (found[labels == 0] < 0.5).all()
    network = small("cozzolino", steepness=None).start_from(machine)
    assert np.allclose(network.logits(crops), machine.logits(crops), rtol=0, atol=1e-3)
    network.steepness = 50.0
    assert np.allclose(network.logits(crops), machine.logits(crops), rtol=0, atol=1e-3)
    with pytest.raises(ValueError, match="real faces and fakes"):
        machine.fit(clean, np.zeros(6))
    with pytest.raises(ValueError, match="two classes"):
        small("cozzolino", classes=5).start_from(machine)


def test_machine_is_that_of_scikit_learn():
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    rng = np.random.default_rng(1)
    noise = rng.normal(0, rng.uniform(0, 6, (6, 1, 1, 1)), (6, 64, 64, 3))
    crops = np.clip(photographs(6) + noise, 0, 255).astype(np.uint8)
    labels = np.array([0, 1, 0, 1, 1, 1])
    machine = small("cooccurrences").fit(crops, labels)
    seen = [cooccurrences(picture) for picture in gray(central(crops, 128))]
    theirs = make_pipeline(StandardScaler(), LinearSVC(class_weight="balanced", dual=False, max_iter=10_000))
    theirs.fit(seen, labels)
    assert np.allclose(machine.logits(crops)[:, 1], theirs.decision_function(seen), atol=1e-8)


# ---- Bayar and Stamm

def holds(weight):
    outside = weight.clone()
    outside[..., 2, 2] = 0
    return bool((weight[..., 2, 2] == -1).all()) and torch.allclose(outside.sum((-2, -1)), torch.ones(()), atol=1e-5)


def test_constraint_after_steps_and_after_loading():
    network = small("bayar").eval()                          # without dropout
    x = network.prepare(photographs(4))
    assert holds(network.residual.weight)
    assert network.residual(torch.full((1, 1, 9, 9), 200.0)).abs().max() < 1e-2         # nothing left of a flat picture
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    start = network.residual.weight.clone()
    for _ in range(3):
        F.cross_entropy(network(x) / 100, torch.tensor([0, 1, 0, 1])).backward()
        optimizer.step()
        assert not holds(network.residual.weight)
        network.constrain()
        assert holds(network.residual.weight)
    assert not torch.allclose(start, network.residual.weight, atol=1e-3)
    state = {**network.state_dict(), "residual.weight": 3 * torch.randn(12, 1, 5, 5)}
    other = small("bayar")
    other.load_state_dict(state)
    assert holds(other.residual.weight)
    expected = state["residual.weight"].clone()
    expected[..., 2, 2] = 0
    expected /= expected.sum((-2, -1), keepdim=True)
    expected[..., 2, 2] = -1
    assert torch.allclose(other.residual.weight, expected, rtol=1e-4)


@pytest.mark.parametrize("total", [0.0, 1e-30, -1e-4, 1e-3])
def test_sums_near_zero_are_not_divided_by(total):
    weight = torch.randn(3, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    weight[..., 2, 2] = 0
    weight -= (weight.sum((-2, -1), keepdim=True) - total) / 25
    weight[..., 2, 2] = 5
    weight[..., 0, 0] += total - weight.sum((-2, -1)) + 5
    found = constrained(weight)
    assert holds(found) and found.abs().max() < weight.abs().max() + 1
    assert holds(constrained(torch.zeros(1, 1, 5, 5)))
    assert torch.equal(constrained(found), found)       # loading what was saved changes nothing


def test_first_dense_layer_may_be_narrower():
    narrow = build_detector("bayar", dense=256)
    assert sum(p.numel() for p in narrow.parameters()) == 45_219_998 - (4096 - 256) * (6912 + 1 + 4096)


# ---- Rahmouni

def test_statistics_against_numpy():
    maps = torch.randn(3, 5, 6, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x = maps.numpy().reshape(3, 5, 42)
    expected = np.concatenate([x.mean(2), x.min(2), x.max(2), x.var(2)], axis=1)
    assert np.allclose(statistics(maps), expected, rtol=0, atol=1e-12)


def test_rahmouni_against_numpy():
    network, crops = small("rahmouni", size=20).eval(), photographs(1, 20)
    weights = {name: value.detach().double().numpy() for name, value in network.state_dict().items()}
    maps = [gray(crops)[0] / 255]
    for layer in ("conv1", "conv2"):
        maps = convolved(maps, weights[f"{layer}.weight"], weights[f"{layer}.bias"])
        maps = np.maximum(maps, 0)
    flat = maps.reshape(len(maps), -1)
    x = np.concatenate([flat.mean(1), flat.min(1), flat.max(1), flat.var(1)])
    x = np.maximum(weights["dense.weight"] @ x + weights["dense.bias"], 0)
    expected = weights["classifier.weight"] @ x + weights["classifier.bias"]
    assert np.allclose(network.logits(crops)[0], expected, rtol=0, atol=1e-5)


# ---- MesoNet

def convolved(maps, weight, bias, hole=1):
    """Maps (C, H, W), kernels (O, C, k, k) with holes -> (O, H, W), zeros outside."""
    k = weight.shape[-1]
    spread = np.zeros((*weight.shape[:2], hole * (k - 1) + 1, hole * (k - 1) + 1))
    spread[..., ::hole, ::hole] = weight
    return np.stack([sum(correlate2d(m, kernel, "same") for m, kernel in zip(maps, kernels)) + b
                     for kernels, b in zip(spread, bias)])


def pooled(maps, n):
    c, h, w = maps.shape
    return maps[:, :h // n * n, :w // n * n].reshape(c, h // n, n, w // n, n).max((2, 4))


@pytest.mark.parametrize("name", ["meso4", "mesoinception4"])
def test_meso_against_numpy(name):
    network = small(name).eval()
    generator = torch.Generator().manual_seed(1)
    for norm in network.norms:
        for tensor in (norm.weight.data, norm.running_var, norm.bias.data, norm.running_mean):
            tensor.copy_(0.2 + 0.01 * torch.rand(tensor.shape, generator=generator))      # so small that epsilon counts
    w = {key: value.detach().double().numpy() for key, value in network.state_dict().items()}
    crops = photographs(1, 96)

    def norm(maps, i):
        scale = w[f"norms.{i}.weight"] / np.sqrt(w[f"norms.{i}.running_var"] + 1e-3)
        shift = w[f"norms.{i}.bias"] - w[f"norms.{i}.running_mean"] * scale
        return maps * scale[:, None, None] + shift[:, None, None]

    def stage(maps, name, inception):
        if not inception:
            return np.maximum(convolved(maps, w[f"{name}.weight"], w[f"{name}.bias"]), 0)
        parts = []
        for i in range(4):
            part = np.maximum(convolved(maps, w[f"{name}.narrow.{i}.weight"], w[f"{name}.narrow.{i}.bias"]), 0)
            if i:
                wide = (w[f"{name}.wide.{i - 1}.{kind}"] for kind in ("weight", "bias"))
                part = np.maximum(convolved(part, *wide, i), 0)
            parts.append(part)
        return np.concatenate(parts)

    seen = np.asarray(Image.fromarray(crops[0]).resize((64, 64), Image.Resampling.NEAREST))     # as Keras does it
    maps = seen.transpose(2, 0, 1) / 255
    assert np.allclose(network.prepare(crops)[0], maps, atol=1e-6)
    for i, pool in enumerate((2, 2, 2, 4)):
        maps = pooled(norm(stage(maps, f"stage{i + 1}", name == "mesoinception4" and i < 2), i), pool)
    x = w["dense.weight"] @ maps.ravel() + w["dense.bias"]
    x = np.where(x > 0, x, 0.1 * x)
    real = w["classifier.weight"] @ x + w["classifier.bias"]
    assert np.allclose(network.logits(crops)[0], [real[0], 0], rtol=0, atol=1e-5)
    assert network.probability(crops)[0] == pytest.approx(1 - 1 / (1 + np.exp(-real[0])), abs=1e-6)    # 1 - P(real)


# ---- Xception

def test_xception_width_size_and_full_convolutions():
    with torch.device("meta"):
        whole, half = build_detector("xception"), build_detector("xception", width=0.5)
        full = build_detector("xception", separable=False)
        assert whole.eval().features(torch.zeros(1, 3, 299, 299)).shape == (1, 2048, 10, 10)
    assert half.block4.rep[1].pointwise.weight.shape == (364, 364, 1, 1)
    count = {name: sum(p.numel() for p in network.parameters()) for name, network in
             (("whole", whole), ("half", half), ("full", full))}
    assert count["half"] == pytest.approx(count["whole"] / 4, rel=0.05)
    assert count["full"] > 8 * count["whole"]
    assert sum(isinstance(module, nn.Conv2d) for module in full.modules()) == 40      # 36 and four skips


def test_multiplications_of_a_layer_and_of_a_network():
    from dflib.forensics.xception import SeparableConv2d, full_convolution

    with torch.device("meta"):
        assert multiplications(SeparableConv2d(32, 64), (1, 32, 10, 10)) == 100 * (9 * 32 + 32 * 64)
        assert multiplications(full_convolution(32, 64), (1, 32, 10, 10)) == 100 * 9 * 32 * 64
        whole = multiplications(build_detector("xception"), (1, 3, 299, 299))
    assert whole == pytest.approx(8.4e9, rel=0.01)          # the number that is reported for this network


def test_full_convolutions_at_equal_multiplications():
    width = equal_multiplications(64, 0.25)
    few, many = (multiplications(small("xception", width=w, separable=separable), (1, 3, 64, 64))
                 for w, separable in ((width, False), (0.25, True)))
    assert 0.25 / 4 < width < 0.25 / 2 and few == pytest.approx(many, rel=0.05)
