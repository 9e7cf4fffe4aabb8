"""NeuralTextures in small: a texture of learned features on the target's fitted head, turned into a picture by a small network.

Thies, Zollhöfer, Nießner, "Deferred neural rendering", SIGGRAPH 2019 (https://arxiv.org/abs/1904.12356), in its order:

1. the head model gives every pixel of a face its place (u, v) on the skin, whatever pose and expression (sec. 3.1);
2. a texture of FEATURES numbers at each (u, v), the sum of several resolutions, is learned, not painted (sec. 4.1);
3. a U-Net turns the features that a frame samples, and the frame with its lower face blanked out, into colours (sec. 4.2);
4. both are trained to give back the frames of the target's own clip (sec. 4.3), and nothing else;
5. to reenact, the model takes the source's expression (as in `face2face`) and the same texture is sampled at its new places.

As in FaceForensics++ only the lower face is replaced. One clip is little to learn a renderer from. Where one serves many people
(`Start`) it has learned from others what skin, lips and teeth look like, and goes on from there with each target's own texture.
"""
from dataclasses import replace

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from dflib.cast.geometry.raster import interpolate, rasterise
from dflib.pictures import as_images, as_tensor
from dflib.swap import blend, fit
from dflib.swap.face2face import LIPS, OUTER, Face2Face, mirrored, polygon
from dflib.swap.sharpen import match_sharpness

FEATURES, SIDES = 12, (8, 16, 32, 64)       # of the texture, and the resolutions that add up
JAW, NOSE = slice(3, 14), slice(31, 36)     # landmarks around the lower face
REACH = 0.06                                # how far it is replaced beyond them, in widths of the face
STEPS, BATCH, RATES = 80, 4, {"texture": 3e-2, "renderer": 2e-3}
SIDE = 80                                   # pixels of the picture that the network makes
MOUTH = 3.0                                 # how much more a pixel of the mouth counts than one of the cheeks


class Texture(nn.Module):
    """Features at (u, v) in [-1, 1], (B, H, W, 2) -> (B, FEATURES, H, W)."""

    def __init__(self):
        super().__init__()
        self.levels = nn.ParameterList(torch.zeros(1, FEATURES, side, side) for side in SIDES)

    def forward(self, uv: Tensor) -> Tensor:
        return sum(F.grid_sample(level.expand(len(uv), -1, -1, -1), uv, align_corners=False) for level in self.levels)


class Renderer(nn.Module):
    """Features, colours around and mask (B, FEATURES + 4, H, W) -> colours (B, 3, H, W) in [-1, 1]; 55,379 parameters."""

    def __init__(self, widths=(16, 24, 32)):
        super().__init__()
        a, b, c = widths
        self.first = nn.Sequential(conv(FEATURES + 4, a), conv(a, a))               # (B, a, H, W)
        self.second = nn.Sequential(conv(a, b, 2), conv(b, b))                      # (B, b, H/2, W/2)
        self.third = nn.Sequential(conv(b, c, 2), conv(c, c), conv(c, b))           # (B, b, H/4, W/4)
        self.fourth = nn.Sequential(conv(2 * b, b), conv(b, a))                     # (B, a, H/2, W/2)
        self.last = nn.Sequential(conv(2 * a, a), nn.Conv2d(a, 3, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        first = self.first(x)
        second = self.second(first)
        third = F.interpolate(self.third(second), scale_factor=2)
        fourth = F.interpolate(self.fourth(torch.cat([third, second], 1)), scale_factor=2)
        return torch.tanh(self.last(torch.cat([fourth, first], 1)))


def conv(channels: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, out, 3, stride, 1), nn.LeakyReLU(0.2))


class Start(nn.Module):
    """Where a target's learning starts: the renderer, and a texture, that suit everybody."""

    def __init__(self):
        super().__init__()
        self.texture, self.renderer = Texture(), Renderer()

    def forward(self, uv: Tensor, around: Tensor, own: "Texture | None" = None) -> Tensor:
        """Colours (B, 3, H, W) of places uv (B, H, W, 2), beyond [-1, 1] where no skin is, and around (B, 4, H, W), the frame
        blanked and the blanked part. own: a Texture that is added."""
        features = self.texture(uv) if own is None else self.texture(uv) + own(uv)
        covered = (uv.abs() <= 1).all(3)[:, None]
        seen = torch.cat([features * covered, around], 1).contiguous(memory_format=torch.channels_last)
        return self.renderer(seen).float()


def loss_of(made: Tensor, wanted: Tensor, counted: Tensor) -> Tensor:
    """Mean absolute difference of colours and of slopes, (B, 3, H, W), weighted with counted (B, 1, H, W)."""
    loss = ((made - wanted).abs() * counted).sum() / (3 * counted.sum())
    for axis in (2, 3):
        slopes = (made.diff(dim=axis) - wanted.diff(dim=axis)).abs()
        loss = loss + (slopes * counted.narrow(axis, 1, counted.shape[axis] - 1)).sum() / (3 * counted.sum())
    return loss


class NeuralTextures(Face2Face):
    """A `manipulate.Method` that learns the target's texture in ``prepare``: some seconds of one core.

    start: a trained Start (it is copied); without one, texture and renderer learn from nothing, and ten times ``steps`` are
    hardly enough. ``seed`` of the training. bf16: multiply in bfloat16, where the processor has instructions for it.
    """

    kind = "composite"
    note = "expression changed: neural texture"

    def __init__(self, smoothing=1.5, start: "Start | None" = None, steps: int = STEPS, seed: int = 0, bf16: bool = False):
        super().__init__(smoothing)
        self.start, self.steps, self.seed, self.bf16 = start, steps, seed, bf16
        x, y, z = self.model.mean.T
        around = np.arctan2(x, z - z.min() + 1)                                     # of a cylinder about the head
        self.uv = np.stack([2 * (c - c.min()) / np.ptp(c) - 1 for c in (around, -y)], 1).astype(np.float32)     # (V, 2)

    def prepare(self, runs: list, progress: bool = True) -> None:
        """Fit the model to the target's faces (runs as for Face2Face), then learn texture and network from its own frames."""
        uv, around, wanted, counted = self.examples(runs, progress)
        torch.manual_seed(self.seed)
        self.network = Start().to(memory_format=torch.channels_last)
        if self.start is not None:
            self.network.load_state_dict(self.start.state_dict())
        optimizer = torch.optim.Adam([{"params": getattr(self.network, name).parameters(), "lr": rate}
                                      for name, rate in RATES.items()], betas=(0.5, 0.99))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
        for _ in tqdm(range(self.steps), "learning the texture", unit="step", leave=False, disable=not progress):
            rows = torch.randint(len(uv), (BATCH,))
            with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
                made = self.network(uv[rows], around[rows])
            loss = loss_of(made, wanted[rows], counted[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()

    def examples(self, runs: list, progress: bool = True) -> tuple:
        """What is learned from: `_seen` of the target's own frames, (N, …) each: places, around, colours, and what counts."""
        super().prepare(runs, progress)
        own = [self._seen(image, self.fits[number], self.fits[number]) for number, image in self.gallery.items()]
        return tuple(torch.cat(parts) for parts in zip(*(part[:4] for part in own)))

    def changed(self, number: int, image: np.ndarray) -> np.ndarray:
        """Frame ``number`` of the target, ``image`` (H, W, 3) uint8, with the source's expression in the lower face."""
        now = self.fits[number]
        then = replace(now, weights=self._transferred(now.weights, self.played[mirrored(number, len(self.played))]))
        uv, around, _, _, matrix, mask = self._seen(image, now, then)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            made = as_images(self.network(uv, around))[0]
        size = image.shape[1::-1]
        whole = cv2.warpAffine(made, matrix, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
        whole = match_sharpness(whole, image, mask)
        return blend.feather(whole, image, mask, max(2.0, REACH * np.count_nonzero(mask.any(0))))

    def _seen(self, image, now, then):
        """What network and loss need of a frame whose face moves from Fit ``now`` to ``then``, cut to its lower face.

        uv (1, SIDE, SIDE, 2), 2 where no skin is seen; the frame blanked and the blanked part (1, 4, SIDE, SIDE); the frame's
        own colours (1, 3, SIDE, SIDE); what counts (1, 1, SIDE, SIDE), the blanked part and its mouth more; the matrix (2, 3)
        from the frame to the cut; the blanked part in the frame (H, W) bool.
        """
        old, new = (fit.place(self.model, one)[0] for one in (now, then))
        marks = [placed[self.model.landmark_vertices, :2] for placed in (old, new)]
        mask = lower_face(marks[0], image.shape[:2]) | lower_face(marks[1], image.shape[:2])
        centre, reach = cut_out(marks[0])
        scale = SIDE / (2 * reach)
        matrix = np.array([[scale, 0, SIDE / 2 - 0.5 - scale * centre[0]], [0, scale, SIDE / 2 - 0.5 - scale * centre[1]]])
        x, y, z = np.ascontiguousarray(np.column_stack([new[:, :2] @ matrix[:, :2].T + matrix[:, 2], new[:, 2]]).T, np.float32)
        triangles = np.ascontiguousarray(self.model.triangles, np.int32)
        seen = rasterise(x + np.float32(0.5), y + np.float32(0.5), -z, triangles, SIDE, SIDE)
        index = np.flatnonzero(seen.triangle.ravel() >= 0)
        uv = np.full((SIDE * SIDE, 2), 2, np.float32)
        uv[index] = interpolate(seen.triangle.ravel()[index], seen.weights.reshape(-1, 2)[index], triangles, self.uv)
        cut = cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
        blanked = cv2.warpAffine(mask.astype(np.uint8), matrix, (SIDE, SIDE), flags=cv2.INTER_NEAREST).astype(np.float32)
        colours, blanked = as_tensor(cut[None]), torch.from_numpy(blanked)[None, None]
        around = torch.cat([colours * (1 - blanked), blanked], 1)
        mouth = polygon(marks[1][LIPS][OUTER] @ matrix[:, :2].T + matrix[:, 2], (SIDE, SIDE)).astype(np.float32)
        counted = blanked * (1 + MOUTH * torch.from_numpy(cv2.dilate(mouth, np.ones((5, 5), np.uint8)))[None, None])
        return torch.from_numpy(uv).view(1, SIDE, SIDE, 2), around, colours, counted, matrix, mask


def lower_face(marks: np.ndarray, shape: tuple) -> np.ndarray:
    """(H, W) bool: below the nose, down to the jaw and a little beyond, of landmarks (68, 2)."""
    inside = polygon(np.concatenate([marks[JAW], marks[NOSE][::-1]]), shape)
    grown = round(REACH * np.ptp(marks[:17, 0]))
    return cv2.dilate(inside.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grown + 1,) * 2)) > 0


def cut_out(marks: np.ndarray) -> tuple:
    """Centre (2,) and half the side of the square around the lower face of landmarks (68, 2)."""
    low, high = marks[JAW].min(0), marks[JAW].max(0)
    return (low + high) / 2, 0.65 * (high - low).max()
