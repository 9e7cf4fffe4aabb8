"""The attention layer: its place and size, the maps of the appearance model, its losses by hand."""
import copy

import numpy as np
import pytest
import torch
from skimage import data
from sklearn.decomposition import PCA
from torch.nn import functional as F

from dflib.forensics import build_detector
from dflib.forensics.attention import (AppearanceModel, Attention, AttentionDetector, DirectRegression, at_grid,
                                       features_after, map_loss, principal_maps)


def xception(**options):
    torch.manual_seed(0)
    return build_detector("xception", **{"size": 128, "width": 0.125, **options})


def photographs(count=3, side=128):
    picture = data.astronaut()
    return np.stack([picture[40 * i:40 * i + side, 60 * i:60 * i + side] for i in range(count)])


def masks(count=30, side=8):
    """Blobs in a few places: soft, with both halves of the picture correlated."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side]
    return np.stack([np.exp(-((x - rng.normal(4, 1)) ** 2 + (y - rng.normal(4, 1)) ** 2) / rng.uniform(2, 9))
                     for _ in range(count)])


def test_size_in_the_papers_place():
    backbone = build_detector("xception")
    assert features_after(backbone, "block7") == (728, 19, 19)
    network = AttentionDetector(backbone)
    assert sum(p.numel() for p in network.parameters()) == 20_818_330
    assert len(list(network.parameters())) == len(set(map(id, network.parameters())))


@pytest.mark.parametrize("kind", ["regression", "appearance"])
def test_map_multiplies_the_features(kind):
    plain, backbone = xception(), xception()
    network = AttentionDetector(backbone, maps=None if kind == "regression" else masks())
    crops = photographs()           # statistics are those of the batch, so that untrained layers let something through
    x = network.prepare(crops)
    with torch.no_grad():
        before = x                                      # block by block, the multiplication written out
        before = F.relu(plain.bn1(plain.conv1(before)))
        before = F.relu(plain.bn2(plain.conv2(before)))
        for i in range(1, 8):
            before = getattr(plain, f"block{i}")(before)
        found = network.backbone.block7[1].make_map(before)
        after = before * found
        for i in range(8, 13):
            after = getattr(plain, f"block{i}")(after)
        after = plain.bn4(plain.conv4(F.relu(plain.bn3(plain.conv3(after)))))
        expected = plain.fc(F.relu(after).mean((2, 3)))
        logits, maps = network.with_map(x)
    assert maps.shape == (3, 8, 8) and torch.allclose(maps, found[:, 0], atol=1e-6)
    assert torch.allclose(logits, expected, atol=1e-6) and not torch.allclose(logits, plain(x), atol=1e-4)
    with torch.no_grad():
        shown = network.eval().with_map(x)[1]
    assert np.array_equal(network.maps(crops), shown.clamp(0, 1))
    assert network.probability(crops).shape == (3,)
    copy.deepcopy(network)                              # nothing with a gradient is kept


def test_regression_is_a_separable_convolution_and_a_sigmoid():
    layer = DirectRegression(5)
    x = torch.randn(2, 5, 6, 7)
    spatial, across = layer.convolution.conv1.weight, layer.convolution.pointwise.weight
    kernel = spatial[:, 0] * across[0, :, 0, 0][:, None, None]                # both in one 3 x 3 convolution
    assert torch.allclose(layer(x), torch.sigmoid(F.conv2d(x, kernel[None], padding=1)), atol=1e-6)


def test_prototypes_are_principal_components_with_both_signs():
    maps = masks()
    mean, prototypes = principal_maps(maps)
    assert mean.shape == (8, 8) and prototypes.shape == (10, 8, 8)
    theirs = PCA(10, svd_solver="full").fit(maps.reshape(30, 64))
    assert np.allclose(mean.ravel(), theirs.mean_)
    expected = theirs.components_ * np.sqrt(theirs.explained_variance_)[:, None]
    signs = np.sign((prototypes.reshape(10, 64) * expected).sum(1))
    assert np.allclose(prototypes.reshape(10, 64), signs[:, None] * expected, atol=1e-9)
    assert prototypes.min() < -0.05 and prototypes.max() > 0.05              # unclipped
    with pytest.raises(ValueError, match="^10 prototypes need 11 maps at least, not 10.$"):
        principal_maps(maps[:10])


def test_appearance_model_combines_them():
    mean, prototypes = principal_maps(masks())
    layer = AppearanceModel(6, mean, prototypes)
    x = torch.randn(4, 6, 8, 8)
    assert torch.allclose(layer(x), torch.tensor(mean, dtype=torch.float32).expand(4, 1, 8, 8))      # at first
    with torch.no_grad():
        layer.weights.bias[2] = 1.5
    assert np.allclose(layer(x).detach().numpy()[3, 0], mean + 1.5 * prototypes[2], atol=1e-5)
    assert {"mean", "prototypes"} <= set(layer.state_dict())
    with pytest.raises(ValueError, match=r"maps are \(8, 8\), the features here \(9, 8\)"):
        layer(torch.randn(1, 6, 9, 8))


@pytest.mark.parametrize("name, block, shape", [
    ("xception", "block3", (91, 8, 8)), ("xception", "block4.rep.1", (91, 8, 8)), ("bayar", "conv3", (48, 11, 11)),
    ("mesoinception4", "stage2", (12, 32, 32)), ("rahmouni", "conv1", (32, 64, 64)),
    ("efficientnet-lite0", "network.blocks.5", (80, 4, 4))])
def test_any_block_of_any_network(name, block, shape):
    options = {"xception": dict(width=0.125, size=128), "bayar": dict(dense=16, size=71)}.get(name, dict(size=64))
    torch.manual_seed(0)
    backbone = build_detector(name, **options)
    assert features_after(backbone, block) == shape
    network = AttentionDetector(backbone, block)
    assert len(network.state_dict()) == len(build_detector(name, **options).state_dict()) + 2
    logits, maps = network.with_map(network.prepare(photographs(2)))
    assert logits.shape == (2, 2) and maps.shape == (2, *shape[1:])
    (F.cross_entropy(logits, torch.tensor([0, 1])) + maps.mean()).backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())
    assert isinstance(backbone.get_submodule(block)[1], Attention)


@pytest.mark.parametrize("block, said", [("block13", "has no block 'block13'"), ("fc", "'fc' of Xception gives no")])
def test_blocks_that_do_not_work(block, said):
    with pytest.raises(ValueError, match=said):
        AttentionDetector(xception(), block)


def test_constraint_of_the_backbone_is_kept():
    network = AttentionDetector(build_detector("bayar", size=48, dense=8), "conv3")
    with torch.no_grad():
        network.backbone.residual.weight += 1
    network.constrain()
    assert (network.backbone.residual.weight[..., 2, 2] == -1).all()


def test_losses_by_hand():
    found = torch.tensor([[[0.1, 0.3], [0.0, 0.2]], [[0.9, 0.5], [0.1, 0.1]]])      # one real, one fake
    labels = torch.tensor([0, 1])
    truth = torch.tensor([[[0.0, 0], [0, 0]], [[1.0, 0], [0, 0.5]]])
    assert map_loss(found, labels, "supervised", truth).item() == pytest.approx((0.6 + 0.1 + 0.5 + 0.1 + 0.4) / 8)
    assert map_loss(found, labels, "weak").item() == pytest.approx((0.15 + 0.15) / 2)
    assert map_loss(found, torch.tensor([0, 5]), "weak").item() == pytest.approx((0.15 + 0.15) / 2)
    assert map_loss(-found, torch.tensor([0, 0]), "weak").item() == pytest.approx((0.15 + 0.4) / 2)   # |M|
    assert map_loss(found, labels, "unsupervised").item() == 0
    with pytest.raises(ValueError, match="known are supervised, weak, unsupervised"):
        map_loss(found, labels, "strong")


def test_masks_at_the_grid():
    mask = np.zeros((2, 64, 64), bool)
    mask[0, :8, :8], mask[1, :, :4] = True, True
    found = at_grid(mask, 8)
    assert found.dtype == np.float32 and found[0, 0, 0] == 1 and found[0].sum() == 1
    assert np.allclose(found[1, :, 0], 0.5) and found[1].sum() == 4
    assert np.allclose(at_grid(mask, 19).mean((1, 2)), mask.mean((1, 2)), atol=5e-3)
