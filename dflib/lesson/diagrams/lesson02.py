"""Diagrams of lesson 02."""

from dflib.lesson.drawing import Diagram

DIAGRAMS = {
    "dcgan": Diagram(
        boxes={
            "z": (0, 0, "random", "noise z\n(B, 64)"),
            "g1": (1, 0, "network", "transposed conv\n(B, 128, 4, 4)"),
            "g2": (2, 0, "network", "transposed conv\n(B, 64, 8, 8)"),
            "g3": (3, 0, "network", "transposed conv\n(B, 32, 16, 16)"),
            "g4": (4, 0, "network", "transposed conv\nand tanh"),
            "fake": (4, 1, "data", "generated\n(B, 3, 32, 32)"),
            "real": (4, 3, "truth", "people of the cast\n(B, 3, 32, 32)"),
            "d1": (3, 2, "network", "conv, stride 2\n(B, 32, 16, 16)"),
            "d2": (2, 2, "network", "conv, stride 2\n(B, 64, 8, 8)"),
            "d3": (1, 2, "network", "conv, stride 2\n(B, 128, 4, 4)"),
            "logit": (0, 2, "data", "logit\n(B,)"),
            "lossD": (0, 3, "loss", "D: tell them apart\n(−log D − log(1 − D))"),
            "lossG": (0, 1, "loss", "G: be called real\n(−log D)"),
        },
        arrows=(
            "z -> g1",
            "g1 -> g2",
            "g2 -> g3",
            "g3 -> g4",
            "g4 -> fake",
            "fake -> d1",
            "real -> d1",
            "d1 -> d2",
            "d2 -> d3",
            "d3 -> logit",
            "logit -> lossD",
            "logit -> lossG",
        ),
        alt="A DCGAN: noise of 64 numbers becomes 128 maps of 4 by 4, and three transposed convolutions double them to "
        "a picture of 32 pixels; generated and real pictures go through three strided convolutions that halve them, to "
        "one logit a picture, which feeds the loss of the discriminator and that of the generator",
        caption="Above the generator, from left to right; below the discriminator, its mirror image, from right to left.",
    )
}
