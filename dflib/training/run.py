"""One training run: GAN, autoencoder, detector or landmark network alike.

    def step(run, i):                                    # i = 0, 1, …, steps - 1
        indices = run.share(run.rng.permutation(len(data))[:64])      # this process's part of the batch
        loss = network(images[indices]).square().mean()
        run.update("network", loss)
        return {"loss": loss}

    run = TrainingRun(folder, {"network": network}, {"network": optimizer}, step, steps=1000)
    run.fit()

The same script runs on several devices under ``accelerate launch``. Whatever is random in step i depends only on
(seed, i, process), so a run that is interrupted and resumed ends with the same weights as one that is not.
"""

import copy
import json
import math
import random
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch.optim.swa_utils import get_ema_multi_avg_fn

from dflib import checkpoints
from dflib.files import write_bytes
from dflib.media import write_image
from dflib.scale import device
from dflib.training import record
from dflib.training.display import Display
from dflib.training.events import EventWriter
from dflib.training.state import read_state, write_state


class Average(NamedTuple):
    """Which model ``run.averaged`` follows, as an exponential moving average of its weights (Karras et al. 2018, section 6)."""

    model: str          # its name among the models
    half_life: float    # in images; the paper's is 10,000
    images: int         # of a step, over all processes


_limit = math.inf       # seconds after which ``fit`` stops, see `limited`


@contextmanager
def limited(seconds: float):
    """Inside ``with limited(400):`` every ``fit`` stops after so many seconds as if by Ctrl-C: for machines lent by the minute."""
    global _limit
    before, _limit = _limit, seconds
    try:
        yield
    finally:
        _limit = before


class TrainingRun:
    """Trains ``models`` in ``folder``, from where the last ``fit`` stopped.

    folder      made if missing; holds state.safetensors, metrics.jsonl, samples/ and a log for TensorBoard
    models      name -> module; moved to the device; all processes start with the first one's weights
    optimizers  name -> torch optimiser over parameters of the models
    step        step(run, i) -> dict of losses (numbers or one-element tensors): does one step by calling ``update``
    samples     samples(run) -> (H, W, 3) uint8, a picture to look at; called now and then, in the first process only
    average     an Average: ``run.averaged`` follows one of the models as a moving average of its weights
    schedule    schedule(i) -> factor of every optimiser's learning rate in step i
    about       what the run is (see `record.describe`): kept in the folder, which refuses a run of anything else
    cost        cost(i) -> time of step i relative to that of others (default: equal), for the time that is printed ahead
    """

    def __init__(self, folder, models: dict, optimizers: dict, step, steps: int, seed: int = 0, *, about=None, samples=None,
                 average=None, schedule=None, cost=None, log_every: int = 10, save_seconds: float = 60.0,
                 sample_seconds: float = 30.0):
        self.folder, self.models, self.optimizers = Path(folder), models, optimizers
        self.steps, self.seed, self.done = steps, seed, 0
        self.history: list = []  # rows of metrics.jsonl: step, seconds, mean of each loss since the row before
        self.rng = None  # numpy Generator, anew in each step, equal in all processes: use it to choose the batch
        self.about, self._step, self._samples, self._schedule, self._cost = about, step, samples, schedule, cost
        self._log_every, self._save_seconds, self._sample_seconds = log_every, save_seconds, sample_seconds
        on_cpu = device().type == "cpu"
        self.accelerator = Accelerator(cpu=on_cpu, mixed_precision="no" if on_cpu else "bf16")
        self.device, self.processes = self.accelerator.device, self.accelerator.num_processes
        self.averaged = None
        if average:
            self.averaged = copy.deepcopy(models[average.model]).eval().requires_grad_(False)
            self._averaged_name = average.model
            self._average_step = get_ema_multi_avg_fn(0.5 ** (average.images / average.half_life))
        self._pending: dict = {}  # losses of the steps since the last row
        self._seconds = 0.0  # spent training, over all sessions of this run
        self._stop = False

    # ---- for the step function

    def share(self, batch):
        """This process's part of ``batch`` (anything with a length that can be sliced), an equal one for each.

        Raises ValueError when the processes do not divide its length.
        """
        part, rest = divmod(len(batch), self.processes)
        if rest:
            raise ValueError(f"A batch of {len(batch)} cannot be shared equally among {self.processes} processes.")
        rank = self.accelerator.process_index
        return batch[rank * part:(rank + 1) * part]

    def update(self, name: str, loss: torch.Tensor) -> None:
        """One step of optimiser ``name`` down the gradient of ``loss``, averaged over the processes.

        Only that optimiser's parameters get gradients, so a generator's loss leaves the discriminator alone.
        Gradients are averaged here and not by DistributedDataParallel, which cannot differentiate twice (R1,
        gradient penalty) nor run a model several times before one update.
        """
        optimizer = self.optimizers[name]
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        gradients = [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, gradients)]
        for parameter, gradient in zip(parameters, self._mean(gradients)):
            parameter.grad = gradient
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    # ---- training

    def fit(self) -> list:
        """Train up to ``steps``, and return the history. Saves every ``save_seconds``, at the end, and on Ctrl-C.

        Ctrl-C (the stop button of a notebook) lets the current step finish, saves, and raises KeyboardInterrupt;
        calling ``fit`` again, in this program or in a later one, goes on there. Raises ValueError when the folder
        holds a run of another recipe, data, models or seed, FloatingPointError when a loss is no longer finite (the last
        saved state is kept), OSError when the disk is full.
        """
        self._move_to_device()
        changed = record.check(self.folder, self.about) if self.about else []
        self._restore()
        if self.done >= self.steps:
            return self.history
        first = self.accelerator.is_main_process
        display = Display(self.folder.name, self.done, self.steps, self._cost) if first else None
        events = EventWriter(self.folder) if first else None
        for line in changed if first else ():
            display.line(f"{self.folder.name}: {line}")
        previous = self._catch_interrupts()
        began = saved = time.monotonic()
        sampled, before = -math.inf, self._seconds
        try:
            while self.done < self.steps and not self._stopped():
                self._one_step()
                now = time.monotonic()
                self._seconds = before + now - began
                last = self.done == self.steps
                if display and self._samples and (last or now - sampled > self._sample_seconds):
                    self._show_samples(display, events)     # before the curves are drawn, beside which they stand
                    sampled = now
                if self.done % self._log_every == 0 or last:
                    self._log(display, events)
                if now - began > _limit:
                    self._stop = True
                if display:
                    display.advance(self.done)
                    if now - saved > self._save_seconds:
                        self.save_state()
                        saved = now
            if display:
                self.save_state()
            self.accelerator.wait_for_everyone()
            if self._stop:
                if display:
                    display.line(f"interrupted after step {self.done} of {self.steps}, which is saved: "
                                 "run the same again to go on from there")
                raise KeyboardInterrupt
        finally:
            self._stop = False
            if previous is not None:
                signal.signal(signal.SIGINT, previous)
            if display:
                display.close()
                events.close()
        return self.history

    def stop(self) -> None:
        """What Ctrl-C does, from another thread (a timer): ``fit`` finishes its step, saves and raises KeyboardInterrupt."""
        self._stop = True

    def export(self, path, model: str, recipe: str, data: str, scores: dict, precision: str = "float32") -> dict:
        """Write the weights of ``model`` ("average" for the averaged one) as a checkpoint; return its card."""
        module = self.averaged if model == "average" else self.models[model]
        return checkpoints.save(path, module, {"recipe": recipe, "steps": self.done, "seed": self.seed, "data": data,
                                               "wall_time": round(self._seconds, 1), "scores": scores}, precision)

    # ---- one step

    def _one_step(self) -> None:
        # Everything random is set anew from (seed, step): there is no state of a generator to save and restore.
        self.rng = np.random.default_rng([self.seed, self.done])
        words = [self.seed, self.done, self.accelerator.process_index]
        self._seed_generators(int(np.random.SeedSequence(words).generate_state(1)[0]))
        if self._schedule:
            for optimizer in self.optimizers.values():
                for group in optimizer.param_groups:
                    group["lr"] = group["initial_lr"] * self._schedule(self.done)
        with self.accelerator.autocast():
            losses = self._step(self, self.done)
        for name, value in losses.items():
            self._pending.setdefault(name, []).append(value.detach() if torch.is_tensor(value) else value)
        self._mean_buffers()
        if self.averaged is not None:
            self._follow()
        self.done += 1

    def _seed_generators(self, seed: int) -> None:
        random.seed(seed)
        np.random.seed(seed)
        torch.default_generator.manual_seed(seed)  # torch.manual_seed costs 2 ms on a machine without CUDA
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    @torch.no_grad()
    def _follow(self) -> None:
        """averaged <- keep · averaged + (1 - keep) · model; buffers are copied."""
        source = self.models[self._averaged_name]
        self._average_step(list(self.averaged.parameters()), list(source.parameters()), None)   # all in one kernel
        for mean, buffer in zip(self.averaged.buffers(), source.buffers()):
            mean.copy_(buffer)

    # ---- several processes

    def _mean(self, tensors: list) -> list:
        """The mean of each tensor over the processes, in one message."""
        if self.processes == 1:
            return tensors
        flat = self.accelerator.reduce(torch.cat([tensor.flatten() for tensor in tensors]), reduction="mean")
        return [part.view_as(t) for part, t in zip(flat.split([t.numel() for t in tensors]), tensors)]

    @torch.no_grad()
    def _mean_buffers(self) -> None:
        """Running statistics of batch norms differ by process, because the data does; their mean is kept."""
        if self.processes > 1:
            buffers = [b for model in self.models.values() for b in model.buffers() if b.is_floating_point()]
            for buffer, mean in zip(buffers, self._mean(buffers) if buffers else []):
                buffer.copy_(mean)

    def _stopped(self) -> bool:
        """Whether any process was told to stop: they have to leave the loop at the same step."""
        if self.processes > 1:
            flag = torch.tensor(float(self._stop), device=self.device)
            self._stop = bool(self.accelerator.reduce(flag, reduction="sum"))
        return self._stop

    def _catch_interrupts(self):
        """From now on Ctrl-C only sets a flag, for a step that is cut in half could not be resumed exactly."""
        if threading.current_thread() is not threading.main_thread():
            return None

        def stop(*_):
            if self._stop:  # the second time: at once, back to what was saved last
                raise KeyboardInterrupt
            self._stop = True

        return signal.signal(signal.SIGINT, stop)

    # ---- log

    def _log(self, display, events) -> None:
        names = list(self._pending)
        means = torch.tensor([sum(map(float, self._pending[name])) / len(self._pending[name]) for name in names],
                             dtype=torch.float64 if self.device.type == "cpu" else torch.float32, device=self.device)
        means = self._mean([means])[0].tolist() if names else []
        self._pending = {}
        for name, mean in zip(names, means):
            _finite(name, mean, self)
        self.history.append({"step": self.done, "seconds": round(self._seconds, 3), **dict(zip(names, means))})
        if display:
            with open(self.folder / "metrics.jsonl", "a", encoding="utf-8") as file:
                file.write(json.dumps(self.history[-1]) + "\n")
            events.scalars(self.done, dict(zip(names, means)))
            display.losses(self.history)

    def _show_samples(self, display, events) -> None:
        with torch.no_grad(), self.accelerator.autocast():
            picture = self._samples(self)
        (self.folder / "samples").mkdir(exist_ok=True)
        write_image(self.folder / "samples" / f"step_{self.done:07d}.png", picture, note=f"training step {self.done}")
        events.image(self.done, "samples", picture)
        display.picture(picture)

    # ---- state

    def save_state(self) -> None:
        """Write everything needed to go on after step ``done`` into one file, all of it or nothing."""
        for name, values in self._pending.items():
            self._pending[name] = [_finite(name, float(value), self) for value in values]
        progress = {"done": self.done, "seed": self.seed, "seconds": self._seconds, "pending": self._pending}
        write_state(self.folder / record.STATE, self._all_models(), self.optimizers, progress)

    def _restore(self) -> None:
        """Go back to what ``save_state`` wrote last, if there is anything."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path, rows = self.folder / record.STATE, []
        if path.exists():
            progress = read_state(path, self._all_models(), self.optimizers, self.seed)
            self.done, self._seconds, self._pending = progress["done"], progress["seconds"], progress["pending"]
            rows = [row for row in self._read_history() if row["step"] <= self.done]
        self.history = rows
        self.accelerator.wait_for_everyone()  # before the first process writes what the others still read
        if self.accelerator.is_main_process:
            text = "".join(json.dumps(row) + "\n" for row in rows)
            write_bytes(self.folder / "metrics.jsonl", text.encode())
            if self.about:
                record.keep(self.folder, self.about)

    def _move_to_device(self) -> None:
        for module in self._all_models().values():
            module.to(self.device)
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", group["lr"])
        if self.processes > 1:
            with torch.no_grad():
                for module in self._all_models().values():
                    for tensor in module.state_dict().values():
                        tensor.copy_(broadcast(tensor.contiguous()))

    def _all_models(self) -> dict:
        return self.models if self.averaged is None else {**self.models, "average": self.averaged}

    def _read_history(self) -> list:
        path = self.folder / "metrics.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]  # a crash may have cut the last one


def _finite(name: str, value: float, run) -> float:
    if not math.isfinite(value):
        raise FloatingPointError(f"The loss {name!r} became {value} before step {run.done}: training stopped, "
                                 f"and {run.folder} holds the last good state.")
    return value
