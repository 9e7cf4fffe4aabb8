"""Weights in and out: safetensors with a JSON card beside them, and weights that others have published.

Nothing is ever unpickled. A card says where weights come from and carries the sha256 of their file, which is
verified at every load. Both files are written before either gets its name, so a crash or a full disk leaves the
old pair.
"""

import hashlib
import json
import pickle
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError

from dflib.files import check_readable, replacing
from dflib.paths import CHECKPOINTS, data_missing
from dflib.scale import current, hardware

#: What a card must say. ``scale`` and ``hardware`` are filled in by ``save`` when they are left out, and it adds
#: ``sha256``, ``precision`` and ``parameters``. ``wall_time`` is in seconds, ``scores`` a dict of numbers.
CARD_FIELDS = ("recipe", "scale", "steps", "seed", "data", "hardware", "wall_time", "scores")
PRECISIONS = ("float32", "float16", "int8")
EIGHT_FROM, FACTOR = 32, ":factor"     # numbers of an output from which int8 pays; how the names of factors end


def save(path, weights, card: dict, precision: str = "float32") -> dict:
    """Write ``weights`` (a module or a dict of tensors) to ``path`` (.safetensors) and its card to ``path`` (.json).

    ``precision`` is one of PRECISIONS: "float16" stores floating-point tensors in half the size, "int8" large weights in a
    quarter (`rounded`) and the rest in float16; ``load`` gives all of them back as float32. Returns the completed card.
    Raises ValueError for another precision, a wrong suffix or a card without one of CARD_FIELDS, FileNotFoundError for a
    missing folder, OSError for a full disk.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise ValueError(f"{path} cannot be written: the name of a checkpoint must end in .safetensors.")
    if precision not in PRECISIONS:
        raise ValueError(f"Unknown precision {precision!r}: there are {', '.join(PRECISIONS)}.")
    card = {"scale": current().name, "hardware": hardware(), **card}
    missing = [field for field in CARD_FIELDS if field not in card]
    if missing:
        raise ValueError(f"The card for {path} does not say: {', '.join(missing)}.")
    state = weights.state_dict() if isinstance(weights, torch.nn.Module) else weights
    # clone: tied weights share memory, which the format does not allow
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()}
    count = sum(tensor.numel() for tensor in state.values())
    if precision == "int8":
        state = rounded(state)
    if precision != "float32":
        state = {name: tensor.half() if tensor.is_floating_point() and not name.endswith(FACTOR) else tensor
                 for name, tensor in state.items()}
    data = safetensors.torch.save(state)
    card = {**card, "precision": precision, "sha256": hashlib.sha256(data).hexdigest(), "parameters": count}
    text = json.dumps(card, indent=2, allow_nan=False) + "\n"
    with replacing(card_path(path)) as temporary_card, replacing(path) as temporary:
        temporary_card.write_text(text, encoding="utf-8")
        temporary.write_bytes(data)
    return card


def load(path, module: "torch.nn.Module | None" = None):
    """``(weights, card)`` from ``path``: a dict of tensors on the CPU, or ``module`` with the weights loaded into it.

    Raises FileNotFoundError when file or card is missing, ValueError when the file does not match the sha256 on its
    card, or when its tensors do not fit ``module`` exactly (nothing is loaded then).
    """
    path = check_readable(path, "checkpoint")
    card = read_card(path)
    data = path.read_bytes()  # read once, so that what is verified is what is loaded
    if hashlib.sha256(data).hexdigest() != card.get("sha256"):
        raise ValueError(f"The checkpoint {path} does not match the sha256 on its card: it is damaged or was changed.")
    try:
        state = safetensors.torch.load(data)
    except SafetensorError as error:
        raise ValueError(f"The checkpoint {path} is not a safetensors file.") from error
    if card.get("precision") in ("float16", "int8"):
        state = {name: tensor.float() if tensor.dtype == torch.float16 else tensor for name, tensor in state.items()}
    if card.get("precision") == "int8":
        state = unrounded(state)
    if module is None:
        return state, card
    return load_exactly(module, state, path), card


def rounded(state: dict) -> dict:
    """``state`` with each weight of EIGHT_FROM numbers an output or more as int8, and a factor for each output beside it.

    The largest number of an output becomes ±127 (Jacob et al. 2018, "Quantization and training of neural networks for
    efficient integer-arithmetic-only inference", section 2.1, with zero point 0), so that no number moves by more than 1/254
    of it.
    """
    found = {}
    for name, tensor in state.items():
        if not tensor.is_floating_point() or tensor.ndim < 2 or tensor[0].numel() < EIGHT_FROM:
            found[name] = tensor
            continue
        factor = tensor.float().flatten(1).abs().amax(1).clamp(min=1e-30) / 127
        found |= {name: (tensor / factor.view(-1, *[1] * (tensor.ndim - 1))).round().to(torch.int8), name + FACTOR: factor}
    return found


def unrounded(state: dict) -> dict:
    """What `rounded` was given, as nearly as it can be said."""
    return {name: tensor.float() * state[name + FACTOR].view(-1, *[1] * (tensor.ndim - 1)) if name + FACTOR in state else tensor
            for name, tensor in state.items() if not name.endswith(FACTOR)}


def load_exactly(module: torch.nn.Module, state: dict, path) -> torch.nn.Module:
    """Load ``state`` into ``module`` and return it; raise ValueError naming what is missing, surplus or misshapen."""
    own = module.state_dict()
    problems = [f"{word} {', '.join(sorted(names)[:3])}{' and more' if len(names) > 3 else ''}"
                for word, names in (("lacks", own.keys() - state.keys()), ("has a surplus", state.keys() - own.keys()))
                if names]
    problems += [f"has {name} as {tuple(state[name].shape)} instead of {tuple(own[name].shape)}"
                 for name in sorted(own.keys() & state.keys()) if own[name].shape != state[name].shape][:3]
    if problems:
        raise ValueError(f"The checkpoint {path} does not fit {type(module).__name__}: it {'; it '.join(problems)}.")
    module.load_state_dict(state)
    return module


def card_path(path) -> Path:
    """Where the card of the checkpoint at ``path`` lies."""
    return Path(path).with_suffix(".json")


def read_card(path) -> dict:
    """The card of the checkpoint at ``path``. Raises FileNotFoundError, or ValueError when it is no JSON object."""
    where = check_readable(card_path(path), "card")
    try:
        card = json.loads(where.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"The card {where} is not valid JSON.") from error
    if not isinstance(card, dict):
        raise ValueError(f"The card {where} is not a JSON object.")
    return card


def shipped(name: str) -> Path:
    """The path of the checkpoint ``name`` that comes with the course; FileNotFoundError names those there are."""
    path = CHECKPOINTS / f"{name}.safetensors"
    if not path.is_file():
        if data_missing():
            raise FileNotFoundError(data_missing())
        known = ", ".join(sorted(file.stem for file in CHECKPOINTS.glob("*.safetensors"))) or "none"
        raise FileNotFoundError(f"There is no shipped checkpoint {name!r} (shipped: {known}).")
    return path


def read_published(path) -> dict:
    """The contents of a .safetensors file, or of a torch file (``weights_only=True``: tensors and plain containers).

    Raises FileNotFoundError, or ValueError when the file is empty, damaged, or holds objects that only unpickling,
    and so running code that comes with the file, could restore.
    """
    path = check_readable(path, "weights file")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load(path.read_bytes())
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(f"The weights file {path} is damaged, or holds more than tensors: "
                         "reading it could run foreign code, so it is refused.") from error
    except Exception as error:  # whichever a damaged file meets first in its reader: OSError, IndexError, struct.error, …
        raise ValueError(f"The weights file {path} is damaged or of an unknown format.") from error
