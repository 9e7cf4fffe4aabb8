"""The training engine against hand-written loops, interrupted runs, two processes and TensorBoard's own reader."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from dflib import checkpoints, media
from dflib.training import Average, TrainingRun, display, events

sys.path.insert(0, str(Path(__file__).parent))
from training_worker import make_run  # noqa: E402


@pytest.fixture(autouse=True)
def small_and_single_threaded(monkeypatch):
    monkeypatch.setenv("DFLIB_SCALE", "smoke")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def weights(run):
    return {f"{name}/{key}": value for name, module in (("network", run.models["network"]), ("average", run.averaged))
            for key, value in module.state_dict().items()}


def losses(folder):
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def at_step(run, number, act):
    """Make ``run`` call ``act`` in the middle of step ``number``."""
    inner = run._step

    def step(run, i):
        if i == number:
            act()
        return inner(run, i)

    run._step = step
    return run


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    os.environ["DFLIB_SCALE"] = "smoke"
    run = make_run(tmp_path_factory.mktemp("whole") / "run")
    run.fit()
    return run


# ---- resuming

def test_interrupted_run_ends_as_an_uninterrupted_one(tmp_path, uninterrupted, capsys):
    folder, handler = tmp_path / "run", signal.getsignal(signal.SIGINT)        # ignored when tests run in the background
    first = at_step(make_run(folder), 5, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        first.fit()
    assert first.done == 6  # the step was finished
    assert "interrupted after step 6 of 12, which is saved: run the same again" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) == handler

    torch.rand(1000), np.random.rand(1000)  # whatever happened in between does not matter
    second = make_run(folder)
    second.fit()
    whole = weights(uninterrupted)
    assert all(torch.equal(tensor, whole[name]) for name, tensor in weights(second).items())
    assert losses(folder) == losses(uninterrupted.folder)
    assert [row["step"] for row in second.history] == [4, 8, 12]
    mine, theirs = (run.optimizers["network"].state_dict()["state"] for run in (second, uninterrupted))
    assert all(torch.equal(mine[i][key], theirs[i][key]) for i in theirs for key in theirs[i])


def test_no_two_steps_and_no_two_seeds_share_their_random_numbers(tmp_path):
    def drawn(seed, name):
        numbers = []

        def step(run, i):
            numbers.append((run.rng.integers(2**62), torch.rand(()).item(), np.random.rand(), random.random()))
            return {}

        TrainingRun(tmp_path / name, {"network": nn.Linear(1, 1)}, {}, step, 12, seed).fit()
        return numbers

    first = drawn(0, "a")
    assert first == drawn(0, "b")
    for source in zip(*first):                         # the run's rng, torch, numpy, random
        assert len(set(source)) == 12
    for mine, others in zip(zip(*first), zip(*drawn(1, "c"))):
        assert not set(mine) & set(others)


def test_a_run_that_is_told_to_stop_stops_as_with_ctrl_c(tmp_path, uninterrupted):
    run = make_run(tmp_path / "run")
    run.stop()                                          # even before it has begun
    with pytest.raises(KeyboardInterrupt):
        run.fit()
    assert run.done == 0
    run = make_run(tmp_path / "run")
    at_step(run, 7, run.stop)
    with pytest.raises(KeyboardInterrupt):
        run.fit()
    assert run.done == 8
    run.fit()                                           # it is not told to stop any more
    whole = weights(uninterrupted)
    assert run.done == 12 and all(torch.equal(tensor, whole[name]) for name, tensor in weights(run).items())


@pytest.mark.parametrize("crash", [6, 10])
def test_crashed_run_goes_on_from_its_last_state(tmp_path, uninterrupted, crash):
    def fail():
        raise RuntimeError("power cut")

    folder = tmp_path / "run"
    run = at_step(make_run(folder, save_seconds=0), crash, fail)
    with pytest.raises(RuntimeError, match="power cut"):
        run.fit()
    with open(folder / "metrics.jsonl", "a") as file:
        file.write('{"step": 12, "seconds": 1.0, "loss": 0.5}\n{"step": 16, "lo')  # logged after the state was saved
    resumed = make_run(folder)
    resumed.fit()
    whole = weights(uninterrupted)
    assert all(torch.equal(tensor, whole[name]) for name, tensor in weights(resumed).items())
    assert losses(folder) == losses(uninterrupted.folder)


def test_finished_run_does_nothing_and_more_steps_go_on(tmp_path, uninterrupted):
    folder = tmp_path / "run"
    make_run(folder, steps=8).fit()
    again = at_step(make_run(folder, steps=8), 7, lambda: pytest.fail("trained again"))
    assert [row["step"] for row in again.fit()] == [4, 8]
    longer = make_run(folder, steps=12)
    longer.fit()
    assert all(torch.equal(tensor, weights(uninterrupted)[name]) for name, tensor in weights(longer).items())


def test_full_disk_keeps_the_last_state(tmp_path, uninterrupted):
    folder = tmp_path / "run"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))  # the state has about 4 kB

    try:
        with pytest.raises(OSError) as caught:
            at_step(make_run(folder, save_seconds=0), 5, fill).fit()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(caught.value) == \
        f"{folder / 'state.safetensors'} could not be written (File too large): nothing was changed."
    assert not list(folder.glob(".*"))
    resumed = make_run(folder)
    resumed.fit()
    assert all(torch.equal(tensor, weights(uninterrupted)[name]) for name, tensor in weights(resumed).items())


def test_foreign_and_damaged_states(tmp_path):
    folder = tmp_path / "run"
    make_run(folder, steps=2).fit()
    other = make_run(folder)
    other.seed = 4
    with pytest.raises(ValueError) as caught:
        other.fit()
    assert str(caught.value) == f"The run in {folder} was started with seed 3, not 4: choose another folder."

    other = make_run(folder)
    other.models["network"] = nn.Linear(6, 1)
    with pytest.raises(ValueError, match="does not fit Linear: it lacks bias, weight; it has a surplus 0.bias"):
        other.fit()

    state = folder / "state.safetensors"
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(ValueError) as caught:
        make_run(folder).fit()
    assert str(caught.value) == f"The training state {state} is damaged: delete it to start from the beginning."


def test_loss_that_is_not_a_number_stops_and_keeps_the_state(tmp_path):
    def step(run, i):
        loss = run.models["network"].weight.sum() * (float("nan") if i == 7 else 1.0)
        run.update("network", loss)
        return {"loss": loss}

    network = nn.Linear(2, 1)
    run = TrainingRun(tmp_path / "run", {"network": network}, {"network": torch.optim.SGD(network.parameters(), 0.1)},
                      step, steps=20, save_seconds=0)
    with pytest.raises(FloatingPointError) as caught:
        run.fit()
    assert str(caught.value) == (f"The loss 'loss' became nan before step 8: training stopped, "
                                 f"and {tmp_path / 'run'} holds the last good state.")
    state = safetensors.torch.load_file(tmp_path / "run" / "state.safetensors")
    assert torch.isfinite(state["model/network/weight"]).all()


# ---- what a step does

def test_two_optimizers_as_in_a_gan_match_a_hand_written_loop(tmp_path):
    def models():
        torch.manual_seed(0)
        return [nn.Sequential(nn.Linear(inputs, 8), nn.Tanh(), nn.Linear(8, 1)) for inputs in (2, 1)]

    def optimizers(g, d):
        return torch.optim.Adam(g.parameters(), 0.01, (0.0, 0.99)), torch.optim.Adam(d.parameters(), 0.02, (0.0, 0.99))

    def d_loss(g, d, z, x):
        x = x.requires_grad_()
        real = d(x)
        slope, = torch.autograd.grad(real.sum(), x, create_graph=True)
        return nn.functional.softplus(-real).mean() + nn.functional.softplus(d(g(z))).mean() + slope.square().mean()

    def g_loss(g, d, z):
        return nn.functional.softplus(-d(g(z))).mean()

    noise, real = torch.randn(10, 16, 2), torch.randn(10, 16, 1) + 3

    g, d = models()

    def step(run, i):
        for _ in range(2):
            loss = d_loss(g, d, noise[i], real[i].clone())
            run.update("d", loss)
        before = [p.detach().clone() for p in d.parameters()]
        generator_loss = g_loss(g, d, noise[i])
        run.update("g", generator_loss)
        assert all(torch.equal(a, b) and b.grad is None for a, b in zip(before, d.parameters()))
        return {"d": loss, "g": generator_loss}

    opt_g, opt_d = optimizers(g, d)
    TrainingRun(tmp_path / "run", {"g": g, "d": d}, {"g": opt_g, "d": opt_d}, step, 10).fit()

    g2, d2 = models()
    opt_g, opt_d = optimizers(g2, d2)
    for i in range(10):
        for _ in range(2):
            opt_d.zero_grad()
            d_loss(g2, d2, noise[i], real[i].clone()).backward()
            opt_d.step()
        opt_g.zero_grad()
        g_loss(g2, d2, noise[i]).backward()
        opt_g.step()
    for a, b in zip([*g.parameters(), *d.parameters()], [*g2.parameters(), *d2.parameters()]):
        assert torch.allclose(a, b, atol=1e-7)


def test_average_and_schedule_have_closed_forms(tmp_path):
    point = nn.Linear(1, 1, bias=False).double()
    nn.init.zeros_(point.weight)

    def step(run, i):
        loss = point.weight.sum()  # its gradient is 1: one step goes down by the learning rate
        run.update("sgd", loss)
        return {"loss": loss}

    run = TrainingRun(tmp_path / "run", {"point": point}, {"sgd": torch.optim.SGD(point.parameters(), 0.5)}, step, 12,
                      average=Average("point", 64, 16), schedule=lambda i: 1 - i / 12)
    run.fit()
    path = -np.cumsum(0.5 * (1 - np.arange(12) / 12))
    keep = 0.5 ** (16 / 64)  # the weight halves with every 64 images
    assert point.weight.item() == pytest.approx(path[-1], rel=1e-12)
    expected = sum((1 - keep) * keep ** (11 - i) * path[i] for i in range(12))
    assert run.averaged.weight.item() == pytest.approx(expected, rel=1e-12)


def test_share_is_an_equal_part(tmp_path):
    run = make_run(tmp_path / "run")
    assert run.share([1, 2, 3]) == [1, 2, 3]
    run.processes = 2
    assert run.share([1, 2, 3, 4]) == [1, 2]
    with pytest.raises(ValueError, match="^A batch of 3 cannot be shared equally among 2 processes.$"):
        run.share([1, 2, 3])


# ---- several processes

def test_two_processes_train_the_same_weights_as_one(tmp_path, uninterrupted):
    environment = {**os.environ, "DFLIB_SCALE": "smoke", "OMP_NUM_THREADS": "1",
                   "PYTHONPATH": str(Path(__file__).parents[1])}
    result = subprocess.run(
        [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes=2", "--num_machines=1",
         "--mixed_precision=no", "--dynamo_backend=no", "--main_process_port=0",
         str(Path(__file__).with_name("training_worker.py")), str(tmp_path)],
        env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-2000:]
    first, second = (safetensors.torch.load_file(tmp_path / f"weights{rank}of2.safetensors") for rank in (0, 1))
    single = weights(uninterrupted)
    for name in single:
        assert torch.equal(first[name], second[name])
        assert torch.allclose(first[name], single[name], atol=1e-5)
    for mine, theirs in zip(losses(tmp_path / "run"), losses(uninterrupted.folder)):
        assert mine["loss"] == pytest.approx(theirs["loss"], rel=1e-5)
    assert len(list((tmp_path / "run").glob("events*"))) == 1  # only the first process writes


# ---- what a reader sees

def checker(run):
    return np.full((8, 12, 3), min(run.done * 10, 255), np.uint8)


def test_samples_lines_and_checkpoint(tmp_path, capsys):
    run = make_run(tmp_path / "run", samples=checker, sample_seconds=0)
    run.fit()
    text = capsys.readouterr().out
    assert "run: 12 steps, about 1 s on this machine" in text and "step 12/12  loss " in text
    picture = tmp_path / "run" / "samples" / "step_0000007.png"
    assert np.array_equal(media.read_image(picture), np.full((8, 12, 3), 70))
    assert media.read_label(picture).kind == "generated"

    run.export(tmp_path / "net.safetensors", "average", "test", "random points", {"loss": 1.0})
    network = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1))
    module, card = checkpoints.load(tmp_path / "net.safetensors", network)
    assert torch.equal(module[0].weight, run.averaged[0].weight)
    assert (card["steps"], card["seed"], card["scale"]) == (12, 3, "smoke")


@pytest.mark.parametrize("done, cost, seconds, said", [
    (0, None, lambda i: 7.3, "100 steps, about 12 min"), (90, None, lambda i: 7.3, "10 steps, about 73 s"),
    (0, lambda i: 3 * (i // 10 + 1), lambda i: i // 10 + 1, "100 steps, about 9 min"),          # 550 s
    (50, lambda i: 3 * (i // 10 + 1), lambda i: i // 10 + 1, "50 steps, about 7 min")])         # the last 400 of them
def test_the_time_printed_ahead_is_that_of_a_run_on_this_clock(tmp_path, monkeypatch, capsys, done, cost, seconds, said):
    make_run(tmp_path / "run", steps=done).fit()
    run, clock = make_run(tmp_path / "run", steps=100, cost=cost), [0.0]
    inner = run._step

    def step(run, i):
        clock[0] += seconds(i)
        return inner(run, i)

    run._step = step
    capsys.readouterr()
    monkeypatch.setattr(display, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    run.fit()
    assert [line for line in capsys.readouterr().out.splitlines() if "about" in line] == [f"run: {said} on this machine"]


def test_notebook_gets_one_figure_that_is_updated(tmp_path, monkeypatch):
    import IPython.display

    shown = []

    class Handle:
        def update(self, figure, metadata):
            shown.append((figure, metadata))

    def show(figure, metadata, display_id):
        shown.append((figure, metadata))
        return Handle()

    monkeypatch.setattr(display, "in_notebook", lambda: True)
    monkeypatch.setattr(display, "tqdm", lambda **_: FakeBar())
    monkeypatch.setattr(display, "_REFRESH", 0.0)
    monkeypatch.setattr(IPython.display, "display", show)
    monkeypatch.setattr(display.Display, "line", lambda self, text: None)
    make_run(tmp_path / "run", samples=checker, sample_seconds=0).fit()
    assert [metadata["image/png"]["alt"][:19] for _, metadata in shown] == [
        "losses up to step 4", "losses up to step 8", "losses up to step 1"]
    figure = shown[-1][0]
    assert len(figure.axes) == 2
    assert list(figure.axes[0].lines[0].get_xdata()) == [4, 8, 12]
    assert (figure.axes[1].images[0].get_array() == 120).all()      # the pictures of the last step, not of one before


def test_a_kernel_without_pyplot_shows_the_figure_as_a_picture():
    """Seen in a browser: without pyplot IPython printed "<Figure size ...>" instead."""
    code = ("from IPython.core.interactiveshell import InteractiveShell\n"
            "formatter = InteractiveShell.instance().display_formatter\n"
            "formatter.active_types = formatter.format_types\n"        # as in a kernel
            "from matplotlib.figure import Figure\n"
            "from dflib.training.display import _let_figures_be_pictures\n"
            "figure = Figure(figsize=(1, 1))\n"
            "figure.subplots()\n"                                      # IPython draws no empty figure
            "before = 'image/png' in formatter.format(figure)[0]\n"
            "_let_figures_be_pictures()\n"
            "print(before, 'image/png' in formatter.format(figure)[0])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert done.stdout.split() == ["False", "True"], done.stdout + done.stderr


class FakeBar:
    def update(self, count):
        pass

    def set_postfix(self, values, refresh):
        pass

    def close(self):
        pass


# ---- TensorBoard

def test_checksum_of_the_standard():
    crc = int.from_bytes(events._masked_crc(b"123456789"), "little")
    crc = (crc - 0xA282EAD8) & 0xFFFFFFFF
    assert (crc << 15 | crc >> 17) & 0xFFFFFFFF == 0xE3069283  # the check value of CRC-32C, RFC 3720


def test_tensorboard_reads_the_log(tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator",
                                 reason="tensorboard, the outside reader for this test, is not installed")
    run = make_run(tmp_path / "run", samples=checker)
    run.fit()
    log = reader.EventAccumulator(str(tmp_path / "run"))
    log.Reload()
    scalars = log.Scalars("loss")
    assert [scalar.step for scalar in scalars] == [4, 8, 12]
    assert [scalar.value for scalar in scalars] == pytest.approx([row["loss"] for row in run.history], rel=1e-6)
    pictures = log.Images("samples")
    assert [(p.step, p.height, p.width) for p in pictures] == [(1, 8, 12), (12, 8, 12)]
    assert pictures[-1].encoded_image_string.startswith(b"\x89PNG")
    assert max(scalar.step for scalar in scalars) == 12 and log.file_version == 2.0
