"""NeuralTextures in small: the texture's lookups, the network's size, and a clip that it learns to give back."""
from dataclasses import replace

import numpy as np
import pytest
import torch

from dflib import cast, media, metrics
from dflib.cast import expression
from dflib.swap.neural_textures import FEATURES, SIDE, NeuralTextures, Renderer, Start, Texture, loss_of, lower_face


@pytest.fixture(scope="module")
def frames():
    words = [dict(), dict(jaw_open=.5, lips_part=.3), dict(smile=.6), dict(jaw_open=.8)]
    return [cast.render(cast.sample_person(4208), replace(cast.neutral_shot(yaw=4 * n - 6), seed=n, expression=expression(**word)), 128)
            for n, word in enumerate(words)]


def learned(frames, steps, **options):
    method = NeuralTextures(smoothing=0, steps=steps, **options)
    clip, waiting = media.Recording("a", [frame.image for frame in frames], 8), iter(frames)
    method.learn(clip, clip, lambda image: (next(waiting).landmarks, True), progress=False)
    method.prepare([(0, np.array([frame.landmarks for frame in frames]))], progress=False)
    return method


def test_the_network_is_small_and_keeps_the_size():
    network = Renderer()
    assert sum(p.numel() for p in network.parameters()) == 55_379 <= 60_000
    assert network(torch.zeros(2, FEATURES + 4, SIDE, SIDE)).shape == (2, 3, SIDE, SIDE)


def test_the_texture_is_looked_up_by_place():
    texture = Texture()
    with torch.no_grad():
        texture.levels[0][0, 0] = torch.arange(8.).expand(8, 8)         # grows to the right, in the coarsest level
        texture.levels[3][0, 1, 63, 0] = 1.                             # one texel, below at the left, in the finest
    at = torch.tensor([[[[-1 + 1 / 8, 0.], [1 - 1 / 8, 0.], [-1 + 1 / 64, 1 - 1 / 64]]]])
    found = texture(at)[0, :, 0].detach()
    assert torch.allclose(found[0, :2], torch.tensor([0., 7.])) and float(found[1, 2]) == pytest.approx(1.)
    assert float(found[1, :2].abs().max()) == 0


def test_it_learns_to_give_its_clip_back_and_touches_nothing_else(frames):
    """Reenacted with its own expressions a clip must come back; a hundred steps are enough to beat a blurred lower face."""
    method = learned(frames, 100)
    own = np.array([frame.image for frame in frames])
    made = np.array([method.changed(number, image) for number, image in enumerate(own)])
    masks = np.array([lower_face(frame.landmarks, (128, 128)) for frame in frames])
    flat = np.array([np.where(mask[..., None], image[mask].mean(0), image) for image, mask in zip(own, masks)]).astype(np.uint8)
    assert (metrics.psnr(made, own, masks) > metrics.psnr(flat, own, masks) + 4).all()
    for number, frame in enumerate(frames):
        away = frame.landmarks[27:31, 1].mean()                         # the bridge of the nose and all above it
        assert np.array_equal(made[number, :int(away)], own[number, :int(away)])


def test_the_same_seed_learns_the_same_and_a_start_is_copied(frames):
    start = Start()
    before = {name: value.clone() for name, value in start.state_dict().items()}
    first, again = (learned(frames[:2], 3, start=start) for _ in range(2))
    assert torch.equal(first.network.texture.levels[0], again.network.texture.levels[0])
    assert all(torch.equal(value, before[name]) for name, value in start.state_dict().items())
    assert not torch.equal(first.network.renderer.last[1].weight, start.renderer.last[1].weight)
    other = learned(frames[:2], 3, start=start, seed=1)
    assert not torch.equal(first.network.texture.levels[0], other.network.texture.levels[0])


def test_a_start_sees_a_texture_of_ones_own_beside_the_common_one():
    torch.manual_seed(0)
    start, own = Start(), Texture()
    uv, around = torch.zeros(1, 16, 16, 2), torch.zeros(1, 4, 16, 16)
    uv[:, 8:] = 2                                                       # no skin there
    with torch.no_grad():
        plain, zero = start(uv, around), start(uv, around, own)
        own.levels[0].fill_(0.5)
        added = start(uv, around, own)
        start.texture.levels[0].add_(0.5)
        assert torch.equal(plain, zero) and not torch.equal(plain, added) and torch.allclose(start(uv, around), added)
        start.texture.levels[0].fill_(0)
        start.texture.levels[1].fill_(9)
        uv[:] = 2
        assert torch.equal(start(uv, around), start(uv, around, own))  # without skin no texture is seen


def test_the_loss_counts_what_it_is_told_to():
    wanted, counted = torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 8, 8)
    counted[..., 4:] = 1
    made = wanted.clone()
    made[..., :4] = 1
    assert float(loss_of(made, wanted, counted)) == pytest.approx(0.25)  # only the step at the border of what counts
    made[:] = 1
    assert float(loss_of(made, wanted, counted)) == pytest.approx(1)    # flat: no slopes differ
    made[..., 6] = 0
    assert float(loss_of(made, wanted, counted)) == pytest.approx(0.75 + 2 * 8 / 32)
