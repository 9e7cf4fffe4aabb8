"""The state of a training run in one safetensors file: tensors by name, everything else as JSON in its header."""

import json

import safetensors
import safetensors.torch

from dflib.checkpoints import load_exactly
from dflib.files import check_readable, write_bytes


def write_state(path, models: dict, optimizers: dict, progress: dict) -> None:
    """Write ``models`` and ``optimizers`` (by name) with the JSON object ``progress``, whole or not at all."""
    tensors, numbers = {}, {}
    for name, module in models.items():
        tensors.update({f"model/{name}/{key}": value for key, value in module.state_dict().items()})
    for name, optimizer in optimizers.items():
        state = optimizer.state_dict()
        numbers[name] = {"kind": type(optimizer).__name__, "state": {}}
        for index, values in state["state"].items():
            for key, value in values.items():
                if hasattr(value, "detach"):
                    tensors[f"optimizer/{name}/{index}/{key}"] = value
                else:
                    numbers[name]["state"].setdefault(str(index), {})[key] = value
    # clone: tied weights share memory, which the format does not allow
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    header = {"progress": json.dumps(progress), "optimizers": json.dumps(numbers)}
    write_bytes(path, safetensors.torch.save(tensors, header))


def read_state(path, models: dict, optimizers: dict, seed: int) -> dict:
    """Load the state at ``path`` into ``models`` and ``optimizers``, and return its progress.

    Optimisers get their moments back; their rate and other settings are those of today. Raises
    ValueError when the file is damaged or belongs to a run of other models, optimisers or another ``seed``.
    """
    check_readable(path, "training state")
    try:
        with safetensors.safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            progress, numbers = (json.loads(file.metadata()[key]) for key in ("progress", "optimizers"))
    except (safetensors.SafetensorError, KeyError, TypeError) as error:
        raise ValueError(f"The training state {path} is damaged: delete it to start from the beginning.") from error
    if progress["seed"] != seed:
        raise ValueError(f"The run in {path.parent} was started with seed {progress['seed']}, not {seed}: "
                         "choose another folder.")
    if set(numbers) != set(optimizers):
        raise ValueError(f"The run in {path.parent} has the optimisers {', '.join(numbers)}, "
                         f"not {', '.join(optimizers)}: choose another folder.")
    for name, optimizer in optimizers.items():
        if numbers[name].get("kind", type(optimizer).__name__) != type(optimizer).__name__:
            raise ValueError(f"The run in {path.parent} was trained with {numbers[name]['kind']} for {name!r}, "
                             f"not with {type(optimizer).__name__}: choose another folder.")
    for name, module in models.items():
        load_exactly(module, _below(tensors, f"model/{name}/"), path)
    for name, optimizer in optimizers.items():
        state = {int(index): dict(values) for index, values in numbers[name]["state"].items()}
        for key, tensor in _below(tensors, f"optimizer/{name}/").items():
            index, key = key.split("/")
            state.setdefault(int(index), {})[key] = tensor
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return progress


def _below(tensors: dict, prefix: str) -> dict:
    """The entries of ``tensors`` whose names begin with ``prefix``, without it."""
    return {name[len(prefix):]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
