"""Diagrams: drawn whole, readable, and true to the networks that they show."""

import re

import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from dflib.lesson import drawing
from dflib.lesson.drawing import Diagram, diagram, diagrams, draw

ALL = {f"0{lesson}.{key}": plan for lesson in range(7) for key, plan in diagrams(f"0{lesson}").items()}


@pytest.mark.parametrize("name", ALL)
def test_every_word_is_inside_its_box_and_no_boxes_overlap(name):
    plan = ALL[name]
    figure = draw(plan)
    FigureCanvasAgg(figure).draw()
    axes = figure.axes[0]
    boxes = [patch.get_window_extent() for patch in axes.patches[: len(plan.boxes)]]
    lines = [line for box in plan.boxes.values() for line in box[3].split("\n")]
    owners = [number for number, box in enumerate(plan.boxes.values()) for _ in box[3].split("\n")]
    assert [text.get_text() for text in axes.texts[: len(lines)]] == lines
    for text, owner in zip(axes.texts, owners):
        found, box = text.get_window_extent(), boxes[owner]
        assert box.x0 < found.x0 and found.x1 < box.x1 and box.y0 < found.y0 and found.y1 < box.y1, text.get_text()
    assert not any(one.overlaps(other) for k, one in enumerate(boxes) for other in boxes[:k])
    legend = figure.axes[1]
    for number, text in enumerate(legend.texts):
        assert text.get_window_extent().x1 < figure.bbox.x1
        assert number == 0 or text.get_window_extent().x0 > legend.texts[number - 1].get_window_extent().x1
    assert plan.alt.strip() and len(axes.patches) == len(plan.boxes) + len(plan.arrows)


def test_what_cannot_be_drawn_is_refused():
    boxes = {"a": (0, 0, "data", "a"), "b": (1, 0, "network", "b")}
    with pytest.raises(ValueError, match="The arrow 'a -> c' should connect two of a, b"):
        draw(Diagram(boxes, ("a -> c",), "x"))
    with pytest.raises(ValueError, match="A box is one of data, .*, not 'cloud'"):
        draw(Diagram({"a": (0, 0, "cloud", "a")}, (), "x"))
    with pytest.raises(ValueError, match="Lesson 03 has no diagram 'critic', but: generator, discriminator"):
        diagram("03.critic")
    with pytest.raises(ValueError, match="Lesson 97 has no diagram 'x', but: none"):
        diagram("97.x")


def test_an_arrow_with_corners_ends_above_the_box_it_names():
    plan = Diagram({"a": (0, 0, "data", "a"), "b": (1, 1, "data", "b")}, ("a |> b",), "x")
    path = draw(plan).axes[0].patches[2].get_path().vertices
    for corner in ((0, drawing.BOX[1] / 2), (0, drawing.ROW / 2), (drawing.COLUMN, drawing.ROW / 2)):
        assert abs(path - corner).sum(1).min() < 1e-6


def seen_shapes(network, *inputs):
    """Shapes, without the batch, of everything that the parts of a network give."""
    found = set()
    hooks = [
        part.register_forward_hook(lambda _, __, out: found.add(tuple(out.shape[1:])) if torch.is_tensor(out) else None)
        for part in network.modules()
    ]
    with torch.no_grad():
        network(*inputs)
    for hook in hooks:
        hook.remove()
    return found


def drawn_shapes(name, kinds, **symbols):
    """Shapes "(B, …)" written in boxes of some kinds, with the symbols put in, without the batch."""

    def number(word):
        word, _, by = word.partition("/")
        times = int(word) if word.isdigit() else int(word[:-1] or 1) * symbols[word[-1]]  # 24, C, 8w, S/2
        return times // int(by or 1)

    texts = [re.search(r"\(B(.*)\)", box[3]) for box in ALL[name].boxes.values() if box[2] in kinds]
    return {tuple(map(number, re.findall(r"[\w/]+", found[1]))) for found in texts if found}


def test_the_shapes_are_those_of_the_networks():
    from dflib.faces.network import LandmarkNetwork
    from dflib.swap.autoencoder import SwapAutoencoder
    from dflib.synthesis import stargan
    from dflib.synthesis.gan import FaceDiscriminator, FaceGenerator
    from dflib.synthesis.stylegan import Generator

    g, d = FaceGenerator().eval(), FaceDiscriminator().eval()
    seen = seen_shapes(g, torch.zeros(1, 64)) | seen_shapes(d, torch.zeros(1, 3, 32, 32))
    assert drawn_shapes("02.dcgan", ("network", "data")) <= seen
    network = LandmarkNetwork(4).eval()
    assert drawn_shapes("01.landmarks", ("network",), w=4) <= seen_shapes(network, torch.zeros(1, 3, 96, 96))
    swap = SwapAutoencoder(64, width=8).eval()
    assert drawn_shapes("05.training", ("network",), w=8) <= seen_shapes(swap.encoder, torch.zeros(1, 3, 64, 64))
    style = Generator(64, latent=12, base=64, limit=8).eval()
    seen = seen_shapes(style, torch.zeros(1, 12)) | {tuple(style.blocks[0].start.value.shape[1:])}
    assert drawn_shapes("03.generator", ("network", "step", "data"), C=8, D=12) <= seen
    star = stargan.Generator((7, 5), width=8)
    seen = seen_shapes(star.main[1:], torch.zeros(1, 8, 64, 64)) | {(8, 64, 64)}
    assert drawn_shapes("06.generator", ("network",), w=8, S=64) <= seen
    critic = stargan.Discriminator(128, 12, width=8)
    assert drawn_shapes("06.critic", ("network",), w=8, S=128) <= seen_shapes(critic, torch.zeros(1, 3, 128, 128))
