"""The face enhancer: what it begins as, where its faces land, and that it knows where in the face it is."""
import cv2
import numpy as np
import torch
import torch.nn.functional as F

from dflib import cast, faces
from dflib.swap import deepfake
from dflib.swap.autoencoder import SwapAutoencoder
from dflib.swap.enhance import Enhancer


def test_with_nothing_to_add_it_enlarges_as_opencv_does():
    torch.manual_seed(0)
    picture = torch.rand(1, 3, 24, 16) * 2 - 1
    model = Enhancer(8)
    torch.nn.init.zeros_(model.to_rgb.weight)
    torch.nn.init.zeros_(model.to_rgb.bias)
    with torch.no_grad():
        made = model(picture)[0].permute(1, 2, 0).numpy()
    wanted = cv2.resize(picture[0].permute(1, 2, 0).numpy(), (32, 48), interpolation=cv2.INTER_CUBIC)
    assert made.shape == (48, 32, 3) and np.allclose(made, wanted, atol=1e-5)


def test_every_part_counts_and_the_place_too():
    torch.manual_seed(0)
    model, flat = Enhancer(8), torch.zeros(2, 3, 32, 32)
    made = model(flat)
    made.square().mean().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.parameters())
    added = made[0, :, 8:-8, 8:-8].detach()
    assert (added - added.mean((1, 2), keepdim=True)).abs().max() > 1e-4        # grey everywhere, and yet not the same everywhere


def test_an_enlarged_face_lands_where_the_small_one_does():
    """Half a pixel of the network's picture beside it would be seen here."""
    frame = cast.render(cast.sample_person(311), cast.neutral_shot(yaw=15), 128)
    marks = frame.landmarks.astype(float)
    crop, hull = deepfake.cut(frame.image, marks, 64)[:2]

    def pasted(enhancer, moved=0):
        def drawn(faces_, *_):
            return torch.from_numpy(np.roll(crop, moved, 1)).permute(2, 0, 1)[None] / 127.5 - 1
        model = SwapAutoencoder(64, 4, aligned=True).eval()
        model.forward = drawn
        return deepfake.converted(model, frame.image, marks, marks, 0, 1, enhancer)
    (small, mask), (large, same) = pasted(None), pasted(lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False))
    beside = pasted(None, 1)[0]
    inside = mask & faces.hull_mask(marks, mask.shape)

    def error(one, other):
        return np.abs(one.astype(float) - other)[inside].mean()
    assert np.mean(mask != same) < 0.01
    assert error(small, large) < 0.2 * error(small, beside)
    assert error(large, frame.image) < 0.6 * error(beside, frame.image)
