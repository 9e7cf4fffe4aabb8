"""The DeepFakes network: one encoder that all people share, and a decoder for each person.

After the program *faceswap* ("original" model), which follows the reddit user who named the method in 2017:

    code = encoder(face)                one network: what the faces of both people have in common
    face of person i = decoder_i(code)  one network per person: what belongs to that person alone

Trained to give each person's own faces back, it swaps when a face goes through the other person's decoder. At full width
and 64 px it has 69,662,976 + 2 x 6,199,747 = 82,062,470 parameters, as the original. ``width`` 128 is the original's; a
smaller one divides all channels.

What is not in the original is ``aligned``: the input is masked, and codes are standardised per person (a batch norm without
weights), so that their mean and variance are the same for all people. What each is worth: data/cure.
"""
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from dflib import checkpoints

SLOPE = 0.1             # of the leaky ReLU
LIMIT = 8               # no layer has more than LIMIT times `width` channels
WINDOW, STRIDE = 7, 2   # pixels of the square over which DSSIM takes its moments, and from one square to the next


def down(inputs: int, outputs: int) -> nn.Module:
    """(B, inputs, H, W) -> (B, outputs, H/2, W/2)."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 5, stride=2, padding=2), nn.LeakyReLU(SLOPE))


def up(inputs: int, outputs: int) -> nn.Module:
    """(B, inputs, H, W) -> (B, outputs, 2H, 2W): four times the channels, rearranged into pixels (Shi et al. 2016)."""
    return nn.Sequential(nn.Conv2d(inputs, 4 * outputs, 3, padding=1), nn.LeakyReLU(SLOPE), nn.PixelShuffle(2))


class Encoder(nn.Module):
    """Faces (B, 3, S, S) -> codes (B, 8 width); ``spread`` takes codes on to maps (B, 4 width, 8, 8)."""

    def __init__(self, size: int, width: int):
        super().__init__()
        channels = [3] + [width * min(2 ** i, LIMIT) for i in range((size // 4).bit_length() - 1)]
        self.convolutions = nn.Sequential(*(down(*pair) for pair in zip(channels, channels[1:])))    # down to 4 x 4
        self.dense = nn.Linear(16 * channels[-1], 8 * width)
        self.spreading = nn.Linear(8 * width, 16 * 8 * width)
        self.up = up(8 * width, 4 * width)

    def forward(self, faces: Tensor) -> Tensor:
        return self.dense(self.convolutions(faces).flatten(1))

    def spread(self, codes: Tensor) -> Tensor:
        return self.up(self.spreading(codes).unflatten(1, (-1, 4, 4)))


class Decoder(nn.Module):
    """Maps (B, 4 width, 8, 8) -> faces (B, 3, S, S) in [-1, 1]."""

    def __init__(self, size: int, width: int, finest: int = 1):
        super().__init__()
        channels = [max(finest, 4 * width // 2 ** i) for i in range((size // 8).bit_length())]
        self.ups = nn.Sequential(*(up(*pair) for pair in zip(channels, channels[1:])))
        self.to_rgb = nn.Conv2d(channels[-1], 3, 5, padding=2)

    def forward(self, maps: Tensor) -> Tensor:
        return 2 * torch.sigmoid(self.to_rgb(self.ups(maps)).float()) - 1


class SwapAutoencoder(nn.Module):
    """``SwapAutoencoder()(faces, source=0, target=1)``: faces of person 0 as person 1 would look, (B, 3, S, S) in [-1, 1].

    size: pixels of a side, a power of two from 16. width: channels of the first layer, 128 in the original. people: number
    of decoders. aligned: standardise codes per person. finest: no layer of a decoder has fewer channels; a narrow network
    needs them where it draws lashes and teeth. ``self.colours`` (people, 2, 3) holds mean and spread of each
    person's skin, by which inputs are standardised (see `standardised`); as made it changes nothing.

    Raises ValueError for sizes that it cannot have.
    """

    def __init__(self, size: int = 64, width: int = 128, people: int = 2, aligned: bool = False, finest: int = 1):
        super().__init__()
        if size < 16 or size & (size - 1):
            raise ValueError(f"The side of the faces must be a power of two from 16, not {size}.")
        if width < 1 or people < 1:
            raise ValueError(f"A swap needs at least one channel and one person, not {width} and {people}.")
        self.size, self.width, self.people, self.aligned = size, width, people, aligned
        self.encoder = Encoder(size, width)
        self.norms = nn.ModuleList(nn.BatchNorm1d(8 * width, affine=False) for _ in range(people if aligned else 0))
        self.decoders = nn.ModuleList(Decoder(size, width, finest) for _ in range(people))
        self.register_buffer("colours", torch.tensor([[0.0] * 3, [1.0] * 3]).repeat(people, 1, 1))

    def encode(self, faces: Tensor, person: int) -> Tensor:
        """Codes (B, 8 width) of faces (B, 3, S, S) of one person. ValueError for other faces and unknown people."""
        if faces.ndim != 4 or faces.shape[1:] != (3, self.size, self.size):
            raise ValueError(f"Faces must have the shape (B, 3, {self.size}, {self.size}), not {tuple(faces.shape)}.")
        codes = self.encoder(self.standardised(faces, self._known(person)))
        return self.norms[person](codes) if self.aligned else codes

    def decode(self, codes: Tensor, person: int) -> Tensor:
        """Faces (B, 3, S, S) in [-1, 1] of one person from codes (B, 8 width), whoever they came from."""
        return self.decoders[self._known(person)](self.encoder.spread(codes))

    def forward(self, faces: Tensor, source: int, target: int) -> Tensor:
        """Faces of the person `source` through the decoder of the person `target`; equal numbers reconstruct."""
        return self.decode(self.encode(faces, source), target)

    def standardised(self, faces: Tensor, person: int) -> Tensor:
        """Faces whose skin has mean 0 and spread 1 over the person's pictures; what is masked, exactly 0, stays 0."""
        mean, spread = self.colours[person][..., None, None]
        return torch.where((faces != 0).any(1, keepdim=True), (faces - mean) / spread, 0.0)

    def _known(self, person: int) -> int:
        if not 0 <= person < self.people:
            raise ValueError(f"There is no person {person}: this network knows {self.people}, counted from 0.")
        return person


class SeparateEncoders(SwapAutoencoder):
    """The ablation: an encoder for each person. Nothing asks their codes to mean the same, so the swap is arbitrary."""

    def __init__(self, size: int = 64, width: int = 128, people: int = 2, aligned: bool = False, finest: int = 1):
        super().__init__(size, width, people, aligned, finest)
        self.others = nn.ModuleList(Encoder(size, width) for _ in range(people - 1))

    def encode(self, faces: Tensor, person: int) -> Tensor:
        codes = self._encoder(person)(self.standardised(faces, self._known(person)))
        return self.norms[person](codes) if self.aligned else codes

    def decode(self, codes: Tensor, person: int) -> Tensor:
        return self.decoders[self._known(person)](self._encoder(person).spread(codes))

    def _encoder(self, person):
        return self.encoder if person == 0 else self.others[person - 1]


def unpacked(faces: Tensor) -> tuple:
    """Pictures (B, 3, S, S) in [-1, 1] and masks (B, 1, S, S) from 0 to 1 of (B, 4 or 5, S, S) levels."""
    return faces[:, :3] / 127.5 - 1, faces[:, 3:4] / 255


def masked(pictures: Tensor, masks: Tensor) -> Tensor:
    """What the encoder sees: the pictures inside the masks, and 0 outside."""
    return torch.where(masks > 0.5, pictures, 0.0)


class PatchCritic(nn.Module):
    """Which patches are real? Pictures (B, 3, S, S) and a person -> scores (B, 1, S/8, S/8), above 0 for real.

    Each score sees 38 x 38 pixels (Isola et al. 2017, "Image-to-image translation", section 3.2.2), so it judges texture:
    sharpness, grain, lashes. Spectral norms (Miyato et al. 2018) keep it from running away from the decoders.
    """

    def __init__(self, people: int, width: int = 24):
        super().__init__()
        channels = (3, width, 2 * width, 4 * width)
        self.convolutions = nn.Sequential(*(
            nn.Sequential(spectral_norm(nn.Conv2d(*pair, 4, stride=2, padding=1)), nn.LeakyReLU(0.2))
            for pair in zip(channels, channels[1:])))
        self.scores = spectral_norm(nn.Conv2d(channels[-1], people, 3, padding=1))      # one map for each person

    def forward(self, pictures: Tensor, person: int) -> Tensor:
        return self.scores(self.convolutions(pictures))[:, person:person + 1].float()


# ---------------------------------------- losses
def mae(made: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference of pictures (B, 3, S, S), weighted with mask (B, 1, S, S); the original's loss."""
    return ((made - wanted).abs() * mask).sum() / (3 * mask.sum()).clamp(min=1)


def dssim(made: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """(1 - SSIM) / 2 (Wang et al. 2004, eq. 13), weighted with mask (B, 1, S, S), for pictures in [-1, 1].

    A windowed measure: it sees edges of teeth and lids that a mean over pixels hardly counts.
    """
    def mean(x):
        return F.avg_pool2d(x, WINDOW, STRIDE)

    made, wanted = (made + 1) / 2, (wanted + 1) / 2
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    a, b = mean(made), mean(wanted)
    va, vb, cov = mean(made * made) - a * a, mean(wanted * wanted) - b * b, mean(made * wanted) - a * b
    ssim = (2 * a * b + c1) * (2 * cov + c2) / ((a * a + b * b + c1) * (va + vb + c2))
    edge = WINDOW // 2
    inner = mask[..., edge:-edge:STRIDE, edge:-edge:STRIDE]
    return ((1 - ssim) / 2 * inner).sum() / (3 * inner.sum()).clamp(min=1)


def gradient(made: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference of the slopes from pixel to pixel, d/dx and d/dy, weighted with mask (B, 1, S, S).

    A blurred edge costs `mae` little and this as much as the edge is high: it is what keeps eyes and lips sharp
    (Mathieu, Couprie, LeCun 2016, "Deep multi-scale video prediction beyond mean square error", eq. 6 with alpha 1).
    """
    error = made - wanted
    return mae(error[..., 1:], error[..., :-1], mask[..., 1:]) + mae(error[..., 1:, :], error[..., :-1, :], mask[..., 1:, :])


def load(path: "str | Path") -> tuple:
    """(SwapAutoencoder, card) from a checkpoint, whatever its width, size and number of people.

    Raises FileNotFoundError, and ValueError for a file that holds no SwapAutoencoder.
    """
    state, card = checkpoints.load(path)
    try:
        width, people = len(state["encoder.convolutions.0.0.weight"]), len(state["colours"])
        size = 4 * 2 ** sum(name.startswith("encoder.convolutions") and name.endswith("weight") for name in state)
    except (KeyError, TypeError) as error:
        raise ValueError(f"The checkpoint {path} holds no SwapAutoencoder.") from error
    finest = state["decoders.0.to_rgb.weight"].shape[1]
    model = SwapAutoencoder(size, width, people, aligned="norms.0.running_mean" in state, finest=finest)
    return checkpoints.load_exactly(model, state, path).eval(), card
