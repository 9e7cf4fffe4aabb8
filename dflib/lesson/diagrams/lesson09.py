"""Diagrams of lesson 09."""

from dflib.lesson.drawing import Diagram

DIAGRAMS = {
    "attention": Diagram(
        boxes={
            "x": (0, 1, "data", "face crop\n(3, 128, 128)"),
            "a": (1.1, 1, "network", "Xception up to\nblock 4 of 8"),
            "f": (2.2, 1, "data", "features F\n(364, 8, 8)"),
            "m": (2.2, 0, "network", "map M\n(1, 8, 8)"),
            "p": (3.3, 1, "step", "F ⊙ M\n(364, 8, 8)"),
            "b": (4.4, 1, "network", "the rest of\nXception"),
            "o": (5.5, 1, "data", "real, fake\n(2)"),
            "t": (3.4, 0, "loss", "map loss\nto a mask, a label, nothing", 1.25),
            "c": (5.5, 0, "loss", "cross-entropy\nto the label"),
        },
        arrows=("x -> a", "a -> f", "f -> m", "f -> p", "m -> p", "p -> b", "b -> o", "m -> t", "o -> c"),
        alt="A face crop goes through half of Xception; from its features a map is made, which multiplies them on their way "
        "through the rest to two logits. The map has a loss of its own beside the cross-entropy",
        caption="Attention inside a detector. What the second half sees has passed the map; so the map has to let through what "
        "tells real from fake.",
    ),
    "appearance": Diagram(
        boxes={
            "f": (0, 0.5, "data", "features F\n(364, 8, 8)"),
            "c": (1.2, 0, "network", "separable 3 × 3\nsigmoid"),
            "r": (2.4, 0, "data", "map M\n(1, 8, 8)"),
            "k": (1.2, 1, "network", "separable 3 × 3,\nmean, linear"),
            "a": (2.4, 1, "data", "ten weights α\n(10)"),
            "s": (3.6, 1, "step", "M̄ + Σ α P\n(1, 8, 8)"),
            "p": (3.6, 0, "truth", "mean, prototypes\n(1 + 10, 8, 8)"),
        },
        arrows=("f -> c", "c -> r", "f -> k", "k -> a", "a -> s", "p -> s"),
        alt="Two ways from features to a map. Above: a separable convolution and a sigmoid. Below: ten weights, by which "
        "prototypes are added to the mean map",
        caption="Direct regression and the manipulation appearance model: every field for itself, or ten numbers for all.",
    ),
}
