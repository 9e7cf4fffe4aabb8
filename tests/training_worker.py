"""Trains a small network and writes its weights, one file per process. Run alone or under a launcher."""

import sys
from pathlib import Path

import safetensors.torch
import torch
from torch import nn

from dflib.training import Average, TrainingRun


def make_run(folder, steps=12, **keywords):
    """A regression with Adam and an average, on data drawn from run.rng."""
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1))
    points = torch.randn(256, 6, generator=torch.Generator().manual_seed(2))
    values = points.square().sum(1, keepdim=True)

    def step(run, i):
        batch = run.share(torch.from_numpy(run.rng.permutation(256)[:32]))
        loss = (run.models["network"](points[batch]) - values[batch]).square().mean()
        run.update("network", loss)
        return {"loss": loss}

    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    return TrainingRun(folder, {"network": network}, {"network": optimizer}, step, steps, seed=3, log_every=4,
                       average=Average("network", 100, 32), **keywords)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    run = make_run(folder / "run")
    if run.accelerator.process_index == 1:  # the processes must not depend on starting with the same weights
        nn.init.zeros_(run.models["network"][0].weight)
    run.fit()
    weights = {f"{name}/{key}": value for name, module in (("network", run.models["network"]), ("average", run.averaged))
               for key, value in module.state_dict().items()}
    safetensors.torch.save_file(weights, folder / f"weights{run.accelerator.process_index}of{run.processes}.safetensors")
