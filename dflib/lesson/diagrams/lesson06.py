"""Diagrams of lesson 06."""

from dflib.lesson.drawing import Diagram

DIAGRAMS = {
    "training": Diagram(
        boxes={
            "target": (0, 0, "random", "target c\nan edit, and legal"),
            "x": (0, 1, "data", "picture x\n(B, 3, S, S)"),
            "own": (2.1, 1.5, "data", "own label c′\n(B, n)"),
            "G": (1.1, 0.5, "network", "generator G\n(x, c)"),
            "fake": (2.1, 0.5, "data", "fake G(x, c)\n(B, 3, S, S)"),
            "D": (3.2, 0, "network", "critic D\ntwo heads"),
            "adv": (4.3, -0.5, "loss", "adversarial (1)\nreal or not?"),
            "cls": (4.3, 0.5, "loss", "class (3)\nis it c?"),
            "again": (3.2, 1.5, "network", "the same G\nback to c′"),
            "rec": (4.3, 1.5, "loss", "reconstruction (4)\nx again?"),
        },
        arrows=("target -> G", "x -> G", "G -> fake", "fake -> D", "D -> adv", "D -> cls", "fake -> again", "own -> again",
                "again -> rec"),
        alt="A step of the generator: a picture and a legal target label go through the generator to a fake. The critic "
        "judges the fake, whether it is real and whether it has the target's class. The same generator, with the picture's "
        "own label, turns the fake back, and the result is compared with the picture",
        caption="What the generator learns from. The critic learns beside it, to tell fakes from pictures (1) and to read "
        "the labels of pictures (2).",
    ),
    "generator": Diagram(
        boxes={
            "x": (0, 0, "data", "picture\n(B, 3, S, S)"),
            "c": (0, 1, "data", "label, replicated\n(B, n, S, S)"),
            "first": (1.1, 0.5, "network", "conv 7 × 7\n(B, w, S, S)"),
            "down1": (2.1, 0.5, "network", "conv 4 × 4, half\n(B, 2w, S/2, S/2)", 1.05),
            "down2": (3.2, 0.5, "network", "conv 4 × 4, half\n(B, 4w, S/4, S/4)", 1.05),
            "res": (3.2, 1.9, "network", "6 residual blocks\n(B, 4w, S/4, S/4)", 1.05),
            "up1": (2.1, 1.9, "network", "up 4 × 4, double\n(B, 2w, S/2, S/2)", 1.05),
            "up2": (1.1, 1.9, "network", "up 4 × 4, double\n(B, w, S, S)"),
            "last": (0, 1.9, "network", "conv 7 × 7, tanh\n(B, 3, S, S)"),
        },
        arrows=("x -> first", "c -> first", "first -> down1", "down1 -> down2", "down2 -> res", "res -> up1", "up1 -> up2",
                "up2 -> last"),
        alt="The generator: picture and replicated label are joined and go through a 7 by 7 convolution, two convolutions "
        "that halve the size, six residual blocks at a quarter of the size, two transposed convolutions that double it, "
        "and a 7 by 7 convolution with tanh",
        caption="The generator, after table 4 of the paper; w is 64 there. Every convolution but the last has an instance norm behind "
        "it, and none has a bias.",
    ),
    "critic": Diagram(
        boxes={
            "x": (0, 0.5, "data", "picture\n(B, 3, S, S)"),
            "first": (1.1, 0.5, "network", "conv 4 × 4, half\n(B, w, S/2, S/2)", 1.05),
            "more": (2.25, 0.5, "network", "and so on: half the\nside, twice the maps", 1.1),
            "maps": (3.4, 0.5, "network", "conv 4 × 4, half\n(B, 32w, 2, 2)", 1.05),
            "source": (4.5, 0, "network", "conv 3 × 3\n(B, 1, 2, 2)"),
            "classes": (4.5, 1, "network", "conv 2 × 2\nn logits"),
        },
        arrows=("x -> first", "first -> more", "more -> maps", "maps -> source", "maps -> classes"),
        alt="The critic: 4 by 4 convolutions halve the picture and double the maps until 2 by 2 places are left; from there a "
        "3 by 3 convolution says of each place how real it is, and a 2 by 2 convolution gives a logit for each column of the label",
        caption="The critic, after table 5 of the paper; w is 64 there, and six convolutions halve a picture of 128 px. A leaky ReLU "
        "follows each, and nothing is normalised. Above: how real each place is; below: a logit for each column of the label.",
    ),
}
