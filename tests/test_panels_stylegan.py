"""Panels of lesson 03 and their judges, on a small untrained generator and on rendered faces."""
import numpy as np
import pytest
import torch

from dflib import faces
from dflib.datasets import RenderedFaces
from dflib.lesson.panels import lesson03 as panels
from dflib.lesson.showing import GAP
from dflib.synthesis.stylegan import framing, judges, latents
from dflib.synthesis.stylegan import Generator


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    g = Generator(32, latent=12, base=256, limit=16).eval().requires_grad_(False)
    for name, parameter in g.named_parameters():
        if name.endswith("noise_strength"):
            parameter.data += 0.5
    g.w_average += 0.3 * torch.randn(12)
    return g


def styles(generator, numbers, psi=0.7):
    return generator.styles(generator.mapping(latents.draw(generator, panels.PEOPLE))[numbers], psi)


def parts(panel, count):
    """The pictures side by side in a panel's picture, which gaps of white separate."""
    side = panel.picture.shape[0]
    assert panel.picture.shape == (side, count * side + (count - 1) * GAP, 3)
    return [panel.picture[:, k * (side + GAP):][:, :side] for k in range(count)]


def test_mixer_takes_the_layers_that_it_names_from_the_second_person(generator):
    panel = panels.style_mixer(generator, 3, 5)
    noise, ws = latents.fixed_noise(generator), styles(generator, [3, 5])
    panel.set(start=2, stop=5)
    mixed = latents.images_of(generator, latents.mix(ws[:1], ws[1:], (1, 2, 3, 4)), noise)[0]
    one, other = (latents.images_of(generator, ws[k:k + 1], noise)[0] for k in (0, 1))
    for found, wanted in zip(parts(panel, 3), (one, mixed, other)):
        assert np.abs(found.astype(int) - wanted).max() <= 1          # of a batch, rounded elsewhere
    assert panel.line.startswith("person 3 with layers 2–5 (4–16 px) of person 5 · likeness to the first 0.")
    panel.set(start=8, stop=8)
    assert "layer 8 (32 px)" in panel.line
    panel.set(start=6, stop=2, first=7)
    one, between, _ = parts(panel, 3)
    assert "person 7 with no layers" in panel.line and (one == between).all() and not panel.error


def test_truncation_narrows_and_noise_goes_by_group(generator):
    panel = panels.truncation_explorer(generator, 2)
    panel.set(psi=0.0, cutoff=generator.layers)
    assert all((part == parts(panel, 4)[0]).all() for part in parts(panel, 4))
    assert panel.line.startswith("psi 0.00 on the first 8 layers · noise: coarse, middle, fine · people differ by 0 grey")
    panel.set(psi=1.0, coarse=False, middle=False, fine=False, first=9)
    quiet = latents.images_of(generator, styles(generator, range(9, 13), 1.0), latents.fixed_noise(generator, 0, ()))
    assert np.abs(np.stack(parts(panel, 4)).astype(int) - quiet).max() <= 1 and "noise: none" in panel.line
    before = panel.picture
    panel["seed"].value = 4
    assert (panel.picture == before).all()          # there is no noise that a seed could change
    panel["middle"].value = True
    assert (panel.picture != before).any() and "noise: middle ·" in panel.line and not panel.error


def test_directions_add_up_and_layers_limit_them(generator):
    torch.manual_seed(1)
    vectors = torch.nn.functional.normalize(torch.randn(2, 12))
    directions = {name: latents.Direction(vector, 0.5, 1.0) for name, vector in zip(("age", "smile"), vectors)}
    panel = panels.direction_explorer(generator, directions, 6)
    one, same = parts(panel, 2)
    assert (one == same).all() and "likeness 1.00" in panel.line
    panel.set(age=2.0, smile=-1.0, start=3, stop=4)
    ws = styles(generator, [6])
    ws[:, 2:4] += 2 * 0.5 * directions["age"].vector - 0.5 * directions["smile"].vector
    wanted = latents.images_of(generator, ws, latents.fixed_noise(generator))[0]
    assert np.abs(parts(panel, 2)[1].astype(int) - wanted).max() <= 1
    assert panel.line.startswith("age ") and "→" in panel.line and not panel.error


def test_judges_see_the_crops_that_they_know():
    """A face as the generator is trained on it, cut again, is the crop that faces.align makes of the render."""
    rendered = RenderedFaces("test")
    rows = np.flatnonzero(np.abs(rendered.attribute("yaw")) <= framing.TURNED)[:12]
    trained_on = framing.aligned_faces(rendered, 128)[:12]
    for row, found in zip(rows, judges._known_images(trained_on)):
        wanted, _ = faces.align(rendered.image(row), rendered.landmarks[row], 80)
        inner = np.s_[15:65, 15:65]         # beyond the render's border the two continue differently
        assert np.abs(found[inner].astype(int) - wanted[inner]).mean() < 2
    seen = judges.attributes_of(trained_on)
    assert np.abs(seen["yaw"] - rendered.attribute("yaw")[rows]).mean() < 4
    assert judges.portrait_similarity(trained_on, trained_on).min() > 0.999
    assert judges.portrait_similarity(trained_on[:1], trained_on[1:2])[0] < 0.9


def test_features_are_of_the_known_crop_in_the_precision_that_is_given():
    from dflib.metrics.features import face_features
    pictures = torch.rand(2, 3, 64, 64, dtype=torch.float64) * 2 - 1
    found = judges.portrait_features(pictures)
    assert found.shape == (2, 320) and found.dtype == torch.float64
    assert torch.allclose(found, face_features(framing.known_crop(pictures)))
    assert not torch.allclose(found, face_features(pictures))
    above = torch.zeros(1, 3, 64, 64)
    above[..., :2, :] = 1                   # outside what is cut out
    assert framing.known_crop(above).abs().max() == 0 and framing.known_crop(above.flip(2)).abs().max() == 1
