"""Diagrams of lesson 03."""

from dflib.lesson.drawing import Diagram

DIAGRAMS = {
    "generator": Diagram(
        boxes={
            "z": (0, 0, "random", "latent z\n(B, D)"),
            "f": (1, 0, "network", "mapping f\n8 layers"),
            "w": (2, 0, "data", "w\n(B, D)"),
            "A": (3, 0, "network", "affine layers A\na style per AdaIN"),
            "picture": (4, 0, "data", "picture\n(B, 3, 64, 64)"),
            "constant": (0, 1, "network", "learned constant\n(B, C, 4, 4)"),
            "ada1": (1, 1, "step", "+ noise, AdaIN\n(B, C, 4, 4)"),
            "conv1": (2, 1, "network", "conv 3 × 3\n(B, C, 4, 4)"),
            "ada2": (3, 1, "step", "+ noise, AdaIN\n(B, C, 4, 4)"),
            "rgb": (4, 1, "network", "to RGB\nconv 1 × 1"),
            "up": (0, 2, "network", "double, conv, blur\n(B, C, 8, 8)"),
            "ada3": (1, 2, "step", "+ noise, AdaIN\n(B, C, 8, 8)"),
            "conv3": (2, 2, "network", "conv 3 × 3\n(B, C, 8, 8)"),
            "ada4": (3, 2, "step", "+ noise, AdaIN\n(B, C, 8, 8)"),
            "more": (4, 2, "network", "16, 32, 64 px\nas at 8 px"),
            "noise": (2, 3, "random", "noise maps\n(one per AdaIN)"),
        },
        arrows=(
            "z -> f",
            "f -> w",
            "w -> A",
            "A |> ada1",
            "A -> ada2",
            "constant -> ada1",
            "ada1 -> conv1",
            "conv1 -> ada2",
            "ada2 |> up",
            "up -> ada3",
            "ada3 -> conv3",
            "conv3 -> ada4",
            "ada4 -> more",
            "more -> rgb",
            "rgb -> picture",
            "noise |> ada3",
            "noise |> ada4",
        ),
        alt="The style-based generator. Above, z goes through the mapping network of eight layers to w, and affine layers "
        "make a style of it for each AdaIN. Below, a learned constant of 4 by 4, noise and AdaIN, a convolution, noise "
        "and AdaIN again; the next block doubles the size and does the same at 8 by 8; further blocks up to 64 pixels; "
        "a convolution to RGB gives the picture. Noise maps enter at every layer",
        caption="The generator, after figure 1 of the paper. Styles and noise enter at every AdaIN; some of their arrows "
        "are drawn.",
    ),
    "discriminator": Diagram(
        boxes={
            "picture": (0, 0, "data", "picture\n(B, 3, 64, 64)"),
            "rgb": (1, 0, "network", "from RGB\nconv 1 × 1"),
            "block": (2, 0, "network", "conv, blur, conv\n(B, C, 64, 64)"),
            "halve": (3, 0, "step", "halve\n(B, C, 32, 32)"),
            "more": (4, 0, "network", "32, 16, 8 px\nas at 64 px"),
            "spread": (4, 1, "step", "+ one map\nspread of a group"),
            "conv": (3, 1, "network", "conv 3 × 3\n(B, C, 4, 4)"),
            "dense": (2, 1, "network", "two dense layers\n(B, C), then one"),
            "score": (1, 1, "data", "score\n(B,)"),
            "loss": (0, 1, "loss", "softplus and R1\nreal up, fake down"),
        },
        arrows=(
            "picture -> rgb",
            "rgb -> block",
            "block -> halve",
            "halve -> more",
            "more -> spread",
            "spread -> conv",
            "conv -> dense",
            "dense -> score",
            "score -> loss",
        ),
        alt="The discriminator. A picture of 64 by 64 goes through a 1 by 1 convolution from RGB, then two convolutions with a "
        "blur between them, and is halved; three more such blocks lead from 32 to 4 pixels. There one map is added, the "
        "standard deviation over groups of pictures; a convolution and two dense layers give one score for each picture, "
        "from which the loss is computed",
        caption="The discriminator: the progressive GAN's, with blurred resampling.",
    ),
}
