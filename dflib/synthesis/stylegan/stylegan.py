"""The style-based generator (Karras, Laine, Aila, CVPR 2019, arXiv:1812.04948) and its discriminator, in paper order.

Exact reformulations make it fast (tests prove each equal in double precision): nearest upsampling followed by a 3x3
convolution is one 4x4 transposed convolution of stride 2; a 3x3 convolution followed by average pooling is one 4x4
convolution of stride 2; blurring is its own gradient; instance normalisation with a style is group normalisation with
one group a map; R1 shares the forward pass of the real pictures with the loss.

Shapes: B pictures, L = 2·log2(resolution) - 2 synthesis layers, C channels, latents of D numbers.
"""

from __future__ import annotations

import math
from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SQRT2 = math.sqrt(2.0)


def channels_at(resolution: int, base: int = 16384, limit: int = 512) -> int:
    """Feature maps at a resolution; the defaults are the paper's (512 up to 32 px, 16 at 1024 px)."""
    return min(limit, base // resolution)


def resolutions_to(resolution: int) -> list[int]:
    """4, 8, … up to ``resolution``; ValueError when that is no power of two from 8 upwards."""
    if resolution < 8 or resolution & (resolution - 1):
        raise ValueError(f"The resolution must be a power of two from 8 upwards, not {resolution}.")
    return [2 ** i for i in range(2, resolution.bit_length())]


# ---------------------------------------- layers with an equalised learning rate (Karras et al. 2018, sec. 4.1)
class Linear(nn.Module):
    """Fully connected layer whose weights have unit variance and are scaled by He's constant in every forward pass.

    The multiplier slows the learning of weights and bias alike. Runs in float32 even under autocast: bf16's eight bits
    are too few for styles and scores.
    """

    def __init__(self, inputs: int, outputs: int, gain: float = SQRT2, lr_multiplier: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = gain / math.sqrt(inputs) * lr_multiplier
        self.bias_scale = lr_multiplier

    def forward(self, x: Tensor) -> Tensor:                                     # (B, inputs) -> (B, outputs)
        with torch.autocast(x.device.type, enabled=False):
            return F.linear(x.to(self.weight), self.weight * self.scale, self.bias * self.bias_scale)


class Conv(nn.Module):
    """Convolution with an equalised learning rate; ``resample``, "up", "down" or None, is fused into the kernel."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, gain: float = SQRT2, bias: bool = True,
                 resample: str | None = None):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale = gain / math.sqrt(inputs * kernel * kernel)
        self.resample = resample

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight * self.scale
        if self.resample == "up":                                               # nearest x2, then convolve
            transposed = four_by_four(weight.flip(2, 3)).transpose(0, 1)        # (I, O, 4, 4)
            return F.conv_transpose2d(x, transposed, self.bias, stride=2, padding=1)
        if self.resample == "down":                                             # convolve, then average 2x2
            return F.conv2d(x, four_by_four(weight) / 4, self.bias, stride=2, padding=1)
        return F.conv2d(x, weight, self.bias, padding=weight.shape[-1] // 2)


def four_by_four(weight: Tensor) -> Tensor:
    """(O, I, 3, 3) -> (O, I, 4, 4): the kernel convolved with a 2x2 box, which absorbs the resampling."""
    padded = F.pad(weight, (1, 1, 1, 1))
    return padded[..., 1:, 1:] + padded[..., :-1, 1:] + padded[..., 1:, :-1] + padded[..., :-1, :-1]


class Blur(torch.autograd.Function):
    """Low-pass filter [1, 2, 1] / 4 in both directions, zero outside the picture (sec. 2: bilinear resampling).

    The kernel is symmetric, so the gradient is the same blur; torch's own way to differentiate a grouped convolution
    twice is far slower.
    """

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:                                      # (B, C, H, W) -> (B, C, H, W)
        line = torch.tensor([1.0, 2.0, 1.0], dtype=x.dtype, device=x.device) / 4
        return F.conv2d(x, torch.outer(line, line).expand(x.shape[1], 1, 3, 3), padding=1, groups=x.shape[1])

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return Blur.apply(gradient)


blur = Blur.apply


def leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


# ---------------------------------------- generator
class Mapping(nn.Module):
    """f: Z -> W, eight fully connected layers (fig. 1b); z is first normalised to a root mean square of one."""

    def __init__(self, latent: int = 512, layers: int = 8):
        super().__init__()
        self.layers = nn.ModuleList(Linear(latent, latent, lr_multiplier=0.01) for _ in range(layers))

    def forward(self, z: Tensor) -> Tensor:                                     # (B, D) -> (B, D)
        w = z / torch.sqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for layer in self.layers:
            w = leaky(layer(w))
        return w


def adain(x: Tensor, scale: Tensor, bias: Tensor, eps: float = 1e-8) -> Tensor:
    """Adaptive instance normalisation, eq. 1: x (B, C, H, W) is normalised map by map, then styled by (B, C) each."""
    batch, channels, height, width = x.shape
    maps = x.reshape(1, batch * channels, height, width)                        # one group a map: one pass does both
    return F.group_norm(maps, batch * channels, scale.flatten(), bias.flatten(), eps).reshape(x.shape)


class StyledLayer(nn.Module):
    """What follows every convolution: noise, bias, leaky ReLU, AdaIN with a style from w (fig. 1b)."""

    eps = 1e-8                                                                  # of the instance normalisation

    def __init__(self, channels: int, latent: int):
        super().__init__()
        self.noise_strength = nn.Parameter(torch.zeros(channels))               # "B" in fig. 1b, starts at zero
        self.bias = nn.Parameter(torch.zeros(channels))
        self.style = Linear(latent, 2 * channels, gain=1.0)                     # "A" in fig. 1b

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:           # (B, C, H, W), (B, D), (B, 1, H, W)
        bias, strength = self.bias[:, None, None].to(x), self.noise_strength[:, None, None].to(x)
        x = leaky(torch.addcmul(x + bias, noise.to(x), strength))
        scale, bias = self.style(w).chunk(2, dim=1)
        return adain(x, scale + 1, bias, self.eps)


class Constant(nn.Module):
    """The learned input of the synthesis network, initialised to ones (sec. 2); its bias is the first layer's."""

    def __init__(self, channels: int):
        super().__init__()
        self.value = nn.Parameter(torch.ones(1, channels, 4, 4))

    def forward(self, w: Tensor) -> Tensor:                                     # (B, D) -> (B, C, 4, 4)
        return self.value.expand(len(w), -1, -1, -1)


class SynthesisBlock(nn.Module):
    """Two styled layers at one resolution; the first block starts from the constant instead of a convolution."""

    blur = staticmethod(blur)

    def __init__(self, inputs: int | None, channels: int, latent: int):
        super().__init__()
        if inputs is None:
            self.start = Constant(channels)
        else:
            self.conv0 = Conv(inputs, channels, bias=False, resample="up")
        self.layer0 = StyledLayer(channels, latent)
        self.conv1 = Conv(channels, channels, bias=False)
        self.layer1 = StyledLayer(channels, latent)
        self.to_rgb = Conv(channels, 3, kernel=1, gain=1.0)

    def forward(self, x: Tensor | None, w: Tensor, noise: tuple[Tensor, Tensor]) -> Tensor:   # w (B, 2, D)
        x = self.start(w[:, 0]) if x is None else self.blur(self.conv0(x))
        x = self.layer0(x, w[:, 0], noise[0])
        return self.layer1(self.conv1(x), w[:, 1], noise[1])


class Generator(nn.Module):
    """``Generator(resolution=64)(z)`` -> pictures (B, 3, resolution, resolution) of about [-1, 1].

    resolution: a power of two from 8; latent: numbers in z and w; base, limit: see :func:`channels_at`.
    """

    def __init__(self, resolution: int = 64, latent: int = 512, base: int = 16384, limit: int = 512):
        super().__init__()
        self.resolution, self.latent = resolution, latent
        self.resolutions = resolutions_to(resolution)
        self.layers = 2 * len(self.resolutions)
        self.mapping = Mapping(latent)
        widths = [channels_at(r, base, limit) for r in self.resolutions]
        self.blocks = nn.ModuleList(
            SynthesisBlock(inputs, outputs, latent) for inputs, outputs in zip([None, *widths[:-1]], widths))
        self.register_buffer("w_average", torch.zeros(latent))

    def forward(self, z: Tensor, psi: float = 1.0, cutoff: int = 8, noise: list[Tensor] | None = None,
                resolution: int | None = None, fade: float = 1.0) -> Tensor:
        """z (B, D) -> pictures; psi, cutoff: as in :meth:`styles`; the rest as in :meth:`synthesise`."""
        return self.synthesise(self.styles(self.mapping(z), psi, cutoff), noise, resolution, fade)

    def styles(self, w: Tensor, psi: float = 1.0, cutoff: int = 8) -> Tensor:
        """w (B, D) -> one copy a layer (B, L, D); the first ``cutoff`` are pulled towards the mean w by psi.

        This is the truncation of app. B; training leaves psi at 1.
        """
        ws = w[:, None].repeat(1, self.layers, 1)
        if psi != 1.0:
            ws[:, :cutoff] = torch.lerp(self.w_average.to(ws), ws[:, :cutoff], psi)
        return ws

    def mixed_styles(self, w1: Tensor, w2: Tensor, crossover: int | Tensor) -> Tensor:
        """Style mixing (sec. 3.1), two w's (B, D) -> (B, L, D): layers before the crossover follow w1, the others w2.

        crossover: a number of layers, or one for every picture (B,); it may fall between the two layers of a block.
        """
        layer = torch.arange(self.layers, device=w1.device)[None, :, None]
        crossover = torch.as_tensor(crossover, device=w1.device).reshape(-1, 1, 1)
        return torch.where(layer < crossover, w1[:, None], w2[:, None])

    def noise(self, batch: int, resolution: int | None = None,
              generator: torch.Generator | None = None) -> list[Tensor]:
        """Fresh noise: one map (B, 1, H, W) for every layer up to a resolution; each channel has its own strength."""
        device = generator.device if generator else self.w_average.device
        sizes = [r for r in self.resolutions if r <= (resolution or self.resolution) for _ in range(2)]
        return [torch.randn(batch, 1, r, r, generator=generator, device=device) for r in sizes]

    def synthesise(self, ws: Tensor, noise: list[Tensor] | None = None, resolution: int | None = None,
                   fade: float = 1.0) -> Tensor:
        """Styles (B, L, D) -> pictures (B, 3, r, r).

        noise: one map a layer, fresh when None. resolution: where to stop while growing progressively, one of
        ``resolutions`` (else ValueError); fade: weight in [0, 1] of the newest resolution against the doubled picture
        of the one before (Karras et al. 2018, fig. 2).
        """
        resolution = resolution or self.resolution
        if resolution not in self.resolutions:
            raise ValueError(f"The resolution must be one of {self.resolutions}, not {resolution}.")
        noise = self.noise(len(ws), resolution) if noise is None else noise
        x = previous = None
        for i in range(self.resolutions.index(resolution) + 1):
            previous, x = x, self.blocks[i](x, ws[:, 2 * i:2 * i + 2], (noise[2 * i], noise[2 * i + 1]))
        image = self.blocks[i].to_rgb(x)
        if fade < 1.0 and i > 0:
            older = F.interpolate(self.blocks[i - 1].to_rgb(previous), scale_factor=2, mode="nearest")
            image = torch.lerp(older.to(image), image, fade)
        return image

    @torch.no_grad()
    def track_average(self, w: Tensor, beta: float = 0.995) -> None:
        """Moves the running mean of w towards this batch's mean; truncation needs it (app. B)."""
        self.w_average.lerp_(w.mean(dim=0).to(self.w_average), 1 - beta)


# ---------------------------------------- discriminator (Karras et al. 2018, with blurred resampling)
class DiscriminatorBlock(nn.Module):
    """3x3 convolution in -> in, blur, 3x3 convolution in -> out with average pooling."""

    blur = staticmethod(blur)

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.from_rgb = Conv(3, inputs, kernel=1)
        self.conv0 = Conv(inputs, inputs)
        self.conv1 = Conv(inputs, outputs, resample="down")

    def forward(self, x: Tensor) -> Tensor:                                     # (B, in, H, W) -> (B, out, H/2, W/2)
        return leaky(self.conv1(self.blur(leaky(self.conv0(x)))))


def minibatch_deviation(x: Tensor, group: int = 4) -> Tensor:
    """Appends one map: the deviation over groups of pictures, averaged over channels and pixels (2018, sec. 3).

    As in the official code the pictures of a group lie B / group apart; a batch that 4 does not divide makes smaller
    groups.
    """
    batch, channels, height, width = x.shape
    group = max(size for size in range(1, group + 1) if batch % size == 0)
    grouped = x.reshape(group, batch // group, channels, height, width)
    variance = grouped.to(torch.promote_types(x.dtype, torch.float32)).var(dim=0, unbiased=False)
    deviation = torch.sqrt(variance + 1e-8).mean(dim=(1, 2, 3)).to(x.dtype)     # (B / group,)
    return torch.cat([x, deviation.repeat(group)[:, None, None, None].expand(-1, 1, height, width)], dim=1)


class Discriminator(nn.Module):
    """``Discriminator(resolution=64)(images)`` -> scores (B,), positive for "real"; arguments as the generator's."""

    def __init__(self, resolution: int = 64, base: int = 16384, limit: int = 512):
        super().__init__()
        self.resolution, self.resolutions = resolution, resolutions_to(resolution)
        widths = [channels_at(r, base, limit) for r in reversed(self.resolutions)]
        self.blocks = nn.ModuleList(DiscriminatorBlock(*pair) for pair in zip(widths, widths[1:]))
        self.from_rgb = Conv(3, widths[-1], kernel=1)                           # used only while growing, at 4 and 8 px
        self.conv = Conv(widths[-1] + 1, widths[-1])
        self.dense = Linear(16 * widths[-1], widths[-1])
        self.score = Linear(widths[-1], 1, gain=1.0)

    def forward(self, images: Tensor, fade: float = 1.0) -> Tensor:
        """images (B, 3, r, r), r one of ``resolutions`` (else ValueError); fade as in the generator."""
        if images.shape[-1] not in self.resolutions:
            raise ValueError(f"The pictures must have a side of {self.resolutions}, not {images.shape[-1]}.")
        from_rgb = [*(block.from_rgb for block in self.blocks), self.from_rgb]         # one for each resolution, largest first
        start = len(self.blocks) - self.resolutions.index(images.shape[-1])
        x = leaky(from_rgb[start](images))
        for i in range(start, len(self.blocks)):
            x = self.blocks[i](x)
            if i == start and fade < 1.0:
                x = torch.lerp(leaky(from_rgb[i + 1](F.avg_pool2d(images, 2))), x, fade)
        x = leaky(self.conv(minibatch_deviation(x)))
        return self.score(leaky(self.dense(x.flatten(1)))).squeeze(1)


# ---------------------------------------- losses (non-saturating, with R1: Mescheder et al. 2018)
def generator_loss(discriminator: Discriminator, fakes: Tensor, fade: float = 1.0) -> Tensor:
    """Mean of softplus(-D(G(z))): Goodfellow's non-saturating loss."""
    return F.softplus(-discriminator(fakes, fade)).mean()


def discriminator_loss(discriminator: Discriminator, reals: Tensor, fakes: Tensor, gamma: float = 10.0,
                       fade: float = 1.0) -> tuple[Tensor, Tensor]:
    """Mean of softplus(D(fake)) + softplus(-D(real)), and R1, gamma/2 · mean |grad D(real)|^2; add the two.

    One forward pass of the real pictures serves both, in float32 even under autocast, because the penalty's small
    gradients are differentiated again; gamma 0 skips the penalty.
    """
    reals = reals.detach().requires_grad_(gamma > 0)
    with torch.autocast(reals.device.type, enabled=False) if gamma else nullcontext():
        real_scores = discriminator(reals, fade)
    loss = F.softplus(discriminator(fakes.detach(), fade)).mean() + F.softplus(-real_scores).mean()
    if gamma == 0:
        return loss, loss.new_zeros(())
    with torch.autocast(reals.device.type, enabled=False):
        gradient, = torch.autograd.grad(real_scores.sum(), reals, create_graph=True)
    return loss, gamma / 2 * gradient.square().sum(dim=(1, 2, 3)).mean()
