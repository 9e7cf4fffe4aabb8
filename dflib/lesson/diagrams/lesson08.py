"""Diagrams of lesson 08."""

from dflib.lesson.drawing import Diagram

DIAGRAMS = {
    "histogram": Diagram(
        boxes={
            "x": (0, 0, "data", "grey pixels\n(128, 128)"),
            "r": (1.1, 0, "step", "residual\n1, −3, 3, −1"),
            "q": (2.2, 0, "step", "round, clip\nto −1, 0, 1"),
            "h": (3.3, 0, "step", "count words\n(81 + 81)"),
            "s": (4.4, 0, "network", "a plane\n(162 → 1)"),
            "x2": (0, 1, "data", "grey pixels\n(1, 128, 128)"),
            "r2": (1.1, 1, "network", "convolution\n4 filters of 7"),
            "q2": (2.2, 1, "network", "1 × 1 convolution\n(81), maximum"),
            "h2": (3.3, 1, "step", "mean over\nall places"),
            "s2": (4.4, 1, "network", "linear layer\n(162 → 2)"),
        },
        arrows=("x -> r", "r -> q", "q -> h", "h -> s", "x2 -> r2", "r2 -> q2", "q2 -> h2", "h2 -> s2"),
        alt="Two rows of five boxes. Above: pixels, residual, rounding and clipping, counting, a plane. Below, stage by "
        "stage: pixels, a convolution, a one by one convolution with a maximum, a mean, a linear layer",
        caption="Co-occurrences with a support vector machine, and the same as a network: stage for stage the same numbers.",
    ),
    "bayar": Diagram(
        boxes={
            "x": (0, 0, "data", "grey pixels\n(1, 128, 128)"),
            "c": (1.1, 0, "network", "constrained\n12 filters of 5 × 5"),
            "e": (2.2, 0, "network", "two convolutions\n(48, 12, 12)"),
            "d": (3.3, 0, "network", "dense layers\n4096, 4096"),
            "o": (4.3, 0, "data", "logits\nreal, fake"),
            "k": (1.1, 1, "step", "after every step:\ncentre −1, rest 1"),
        },
        arrows=("x -> c", "c -> e", "e -> d", "d -> o", "k -> c"),
        alt="Pixels go through a constrained convolution, two convolutions and dense layers to two logits; after every step "
        "the constraint is put back onto the first convolution",
        caption="Bayar and Stamm: whatever is learned, the first layer can see nothing but errors of prediction.",
    ),
    "inception": Diagram(
        boxes={
            "x": (0, 1.5, "data", "maps\n(C, H, W)"),
            "a": (1.1, 0, "network", "1 × 1"),
            "b": (1.1, 1, "network", "1 × 1"),
            "c": (1.1, 2, "network", "1 × 1"),
            "d": (1.1, 3, "network", "1 × 1"),
            "b2": (2.2, 1, "network", "3 × 3"),
            "c2": (2.2, 2, "network", "3 × 3\n(2 px apart)"),
            "d2": (2.2, 3, "network", "3 × 3\n(3 px apart)"),
            "y": (3.6, 1.1, "data", "side by side\n(a + b + c + d, H, W)"),
        },
        arrows=("x -> a", "x -> b", "x -> c", "x -> d", "b -> b2", "c -> c2", "d -> d2", "a -> y", "b2 -> y", "c2 -> y", "d2 -> y"),
        alt="One input goes into four branches: a one by one convolution alone, and three followed by three by three "
        "convolutions whose taps lie one, two and three pixels apart; the results are put side by side",
        caption="A block of MesoInception-4: four looks of different reach at the same place. A ReLU follows each convolution.",
    ),
    "separable": Diagram(
        boxes={
            "x": (0, 0.5, "data", "maps\n(C, H, W)"),
            "f": (1.2, 0, "network", "3 × 3, all channels\n(9 C D)"),
            "g": (1.2, 1, "network", "3 × 3 a channel\n(9 C)"),
            "p": (2.4, 1, "network", "1 × 1\n(C D)"),
            "y": (3.4, 0.5, "data", "maps\n(D, H, W)"),
        },
        arrows=("x -> f", "f -> y", "x -> g", "g -> p", "p -> y"),
        alt="Two ways from C to D maps: one full three by three convolution with 9 C D multiplications a place, or a three by "
        "three filter for each channel with 9 C and then a one by one convolution with C D",
        caption="A full and a depthwise-separable convolution; in brackets the multiplications at one place.",
    ),
}
