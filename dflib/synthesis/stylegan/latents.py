"""What can be done with a trained StyleGAN: sample, mix, control the noise, project a picture, steer and walk.

Latents: z (B, D) as drawn, w (B, D) as mapped, w+ (B, L, D) one w for each of the generator's L layers. Noise is a list
of L maps (B, 1, r, r). Pictures leave as uint8 (B, H, W, 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm.auto import tqdm

from dflib import checkpoints
from dflib.metrics.paths import slerp
from dflib.pictures import as_images, as_tensor
from dflib.synthesis.stylegan.stylegan import Generator

#: Layers that the paper's figure 3 copies together: 4-8 px, 16-32 px, 64 px and more.
COARSE, MIDDLE, FINE = range(0, 4), range(4, 8), range(8, 18)
_BATCH = 16


def load_generator(path) -> tuple[Generator, dict]:
    """``(generator, card)`` of one of our checkpoints; its sizes are read off the tensors.

    Raises what ``checkpoints.load`` raises, and ValueError when the file holds no generator.
    """
    state, card = checkpoints.load(path)
    blocks = sum(name.endswith(".conv1.weight") for name in state)
    try:
        latent, limit = len(state["w_average"]), len(state["blocks.0.conv1.weight"])
        resolution = 4 * 2 ** (blocks - 1)
        generator = Generator(resolution, latent, len(state[f"blocks.{blocks - 1}.conv1.weight"]) * resolution, limit)
    except KeyError as error:
        raise ValueError(f"The checkpoint {path} holds no StyleGAN generator: it lacks {error.args[0]}.") from error
    return checkpoints.load_exactly(generator, state, path).eval().requires_grad_(False), card


def draw(generator: Generator, count: int, seed: int = 0) -> Tensor:
    """z (count, D): the same seed gives the same people on every machine, and more of them after the first ones."""
    z = np.random.default_rng(seed).standard_normal((count, generator.latent))     # torch's first rows depend on count
    return torch.from_numpy(z).float().to(generator.w_average.device)


@torch.no_grad()
def images_of(generator: Generator, ws: Tensor, noise: list[Tensor] | None = None) -> np.ndarray:
    """Pictures (B, H, W, 3) uint8 of w+ (B, L, D), in small batches; noise (1, 1, r, r) serves all, None is fresh."""
    return np.concatenate([as_images(generator.synthesise(part, noise)) for part in ws.split(_BATCH)])


@torch.no_grad()
def sample(generator: Generator, count: int, seed: int = 0, psi: float = 0.7, noise: list[Tensor] | None = None):
    """``count`` pictures (count, H, W, 3) uint8; psi 1 shows all that was learned, smaller ones what is typical."""
    ws = generator.styles(generator.mapping(draw(generator, count, seed)), psi)
    return images_of(generator, ws, noise or fixed_noise(generator, seed))


def mix(ws: Tensor, other: Tensor, layers) -> Tensor:
    """w+ (B, L, D) with ``layers`` (numbers from 0, such as COARSE) taken from ``other`` (sec. 3.1, figure 3)."""
    layers = [layer for layer in layers if layer < ws.shape[1]]
    mixed = ws.clone()
    mixed[:, layers] = other[:, layers]
    return mixed


def fixed_noise(generator: Generator, seed: int = 0, layers=None) -> list[Tensor]:
    """One set of noise maps (1, 1, r, r) for any number of pictures; zero outside ``layers``, which is all by default.

    Figure 5 of the paper: ``layers=()`` is no noise at all, COARSE and FINE put it into some layers only.
    """
    maps = generator.noise(1, generator=torch.Generator().manual_seed(seed))
    return [(m if layers is None or i in layers else torch.zeros_like(m)).to(generator.w_average.device)
            for i, m in enumerate(maps)]


# ---------------------------------------- projection
@dataclass(frozen=True, eq=False)
class Projection:
    """Where in latent space a picture was found."""

    ws: Tensor              # (1, L, D)
    image: np.ndarray       # (H, W, 3) uint8, what the generator makes of it
    losses: list            # of every step
    noise: list             # the maps it was found with


def projection_features():
    """A function from pictures (B, 3, H, W) to features (B, 96, 8, 8) of length 1; None without an identity network.

    They are taken half way through the shipped network, where places are still kept apart.
    """
    from dflib.metrics.identity import shipped

    try:
        layers = shipped().layers[:6].requires_grad_(False)
    except FileNotFoundError:
        return None
    return lambda x: F.normalize(layers(F.interpolate(x, (64, 64), mode="bilinear", antialias=True)), dim=1)


def project(generator: Generator, picture: np.ndarray, steps: int = 300, space: str = "w+", features=None,
            rate: float = 0.1, seed: int = 0, progress: bool = True) -> Projection:
    """The latent whose picture is most like ``picture`` (H, W, 3) uint8, of the generator's size.

    space: "w" stays among the faces that the generator knows, "w+" gives every layer its own w and comes closer; it spends
    the first half of its steps in w, for from the mean it would find a worse picture than w does.
    features: such as ``projection_features()``, compared beside the pixels; None compares pixels alone. The noise maps are
    held fixed, for maps that are optimised too would hide in themselves what w cannot say; early steps shake w instead
    (Karras et al. 2020, arXiv:1912.04958, app. D). ValueError for another space or size.
    """
    if space not in ("w", "w+"):
        raise ValueError(f"The space must be w or w+, not {space}.")
    if picture.shape != (generator.resolution, generator.resolution, 3):
        size = f"{picture.shape[1]}x{picture.shape[0]}"
        raise ValueError(f"The picture must be {generator.resolution} px square, not {size}.")
    device = generator.w_average.device
    target = as_tensor(picture[None]).to(device)
    wanted = None if features is None else features(target)
    noise = fixed_noise(generator, seed)
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        spread = (generator.mapping(draw(generator, 1000, seed)) - generator.w_average).square().mean().sqrt().item()
    w = generator.w_average.detach().repeat(1, 1, 1).requires_grad_()           # (1, 1, D), later (1, L, D)
    optimizer = torch.optim.Adam([w], rate, betas=(0.9, 0.99))
    losses = []
    for i in tqdm(range(steps), desc="projecting", leave=False, disable=not progress):
        if space == "w+" and i == steps // 2:
            w, rate = w.detach().repeat(1, generator.layers, 1).requires_grad_(), rate / 3      # all layers move at once
            optimizer = torch.optim.Adam([w], rate, betas=(0.9, 0.99))
        done = i / steps
        falling = 0.5 + 0.5 * np.cos(np.pi * done)
        optimizer.param_groups[0]["lr"] = rate * min(20 * (done + 1 / steps), falling)
        shake = 0.05 * spread * max(0.0, 1 - done / 0.75) ** 2
        ws = w + shake * torch.randn(w.shape, generator=rng).to(device)
        made = generator.synthesise(ws.expand(-1, generator.layers, -1), noise)
        loss = F.mse_loss(made, target)
        if features is not None:
            loss = loss + F.mse_loss(features(made), wanted) * wanted.shape[1]
        w.grad, = torch.autograd.grad(loss, w)
        optimizer.step()
        losses.append(loss.item())
    ws = w.detach().expand(-1, generator.layers, -1)
    return Projection(ws, images_of(generator, ws, noise)[0], losses, noise)


# ---------------------------------------- directions
@dataclass(frozen=True, eq=False)
class Direction:
    """Which way in w an attribute grows."""

    vector: Tensor          # (D,), of length 1
    spread: float           # deviation of w along it: one step that is neither tiny nor huge
    score: float            # how well the place along it tells the attribute: R² of a number, accuracy of a yes or no


def find_directions(w, attributes: dict) -> dict[str, Direction]:
    """Directions for known attributes of N latents: w (N, D), attributes name -> (N,) bool or numbers.

    A direction is the covariance of w and the attribute; for a yes or no that is the way from the mean w of those
    without it to the mean w of those with it. The normal of a separating hyperplane (Shen et al. 2020, arXiv:1907.10786)
    is the inverse covariance of w times this: it prefers what hardly varies in w, and then a step changes hardly anything.
    An attribute that is the same for all latents raises ValueError.
    """
    w = torch.as_tensor(w).cpu().double().numpy()
    centred = w - w.mean(axis=0)
    found = {}
    for name, values in attributes.items():
        values = np.asarray(values)
        if (values == values[0]).all():
            raise ValueError(f"The attribute {name} is the same for all {len(values)} latents: it has no direction.")
        vector = centred.T @ (values - values.mean())
        vector /= np.linalg.norm(vector)
        place = centred @ vector
        if values.dtype == bool:
            middle = (place[values].mean() + place[~values].mean()) / 2
            score = np.mean((place > middle) == values)
        else:
            score = np.corrcoef(place, values)[0, 1] ** 2
        found[name] = Direction(torch.from_numpy(vector).float(), float(place.std()), float(score))
    return found


def steer(ws: Tensor, direction: Direction, amount: float, layers=None) -> Tensor:
    """w+ (B, L, D) moved by ``amount`` spreads along a direction, in ``layers`` only (all by default)."""
    step = amount * direction.spread * direction.vector.to(ws)
    return mix(ws, ws + step, range(ws.shape[1]) if layers is None else layers)


# ---------------------------------------- walks
def walk(points: Tensor, frames: int, space: str = "w") -> Tensor:
    """From each of K points (K, D) to the next in ``frames`` steps: ((K - 1) · frames + 1, D).

    Straight lines in w (and w+, points (K, L, D)), arcs in z. ValueError for another space.
    """
    if space not in ("w", "z"):
        raise ValueError(f"The space must be w or z, not {space}.")
    between = slerp if space == "z" else torch.lerp
    steps = [between(a, b, i / frames) for a, b in zip(points, points[1:]) for i in range(frames)]
    return torch.stack([*steps, points[-1]])
