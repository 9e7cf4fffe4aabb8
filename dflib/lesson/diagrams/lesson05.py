"""Diagrams of lesson 05."""

from dflib.lesson.drawing import Diagram

DIAGRAMS = {
    "training": Diagram(
        boxes={
            "a": (0, 0, "data", "Ana, warped\n(B, 3, 64, 64)"),
            "b": (0, 1, "data", "Ben, warped\n(B, 3, 64, 64)"),
            "E": (1.1, 0.5, "network", "encoder E\nshared"),
            "z": (2.1, 0.5, "data", "code z\n(B, 8w)"),
            "spread": (3.1, 0.5, "network", "spread\n(B, 4w, 8, 8)"),
            "DA": (4.2, 0, "network", "decoder of Ana\n8 → 64 px"),
            "DB": (4.2, 1, "network", "decoder of Ben\n8 → 64 px"),
            "lossA": (5.2, 0, "loss", "difference\nfrom Ana, unbent"),
            "lossB": (5.2, 1, "loss", "difference\nfrom Ben, unbent"),
        },
        arrows=("a -> E", "b -> E", "E -> z", "z -> spread", "spread -> DA", "spread -> DB", "DA -> lossA", "DB -> lossB"),
        alt="Training: warped pictures of Ana and of Ben go through one shared encoder to a code, which is spread to small "
        "maps; Ana's go on through her decoder, Ben's through his, and each result is compared with the unbent picture "
        "of the same person",
        caption="Training, equation (1): both share everything but the last part. Ana's codes go to her decoder and Ben's "
        "to his; nobody's code ever meets the other's decoder.",
    ),
    "swap": Diagram(
        boxes={
            "b": (0, 0, "data", "Ben's frame\n(3, 64, 64)"),
            "E": (1.1, 0, "network", "encoder E\nshared"),
            "z": (2.2, 0, "data", "code z\npose, expression, light?", 1.15),
            "spread": (3.3, 0, "network", "spread\n(4w, 8, 8)"),
            "DA": (4.4, 0, "network", "decoder of Ana\n8 → 64 px"),
            "out": (5.5, 0, "data", "Ana's face,\nBen's moment?"),
        },
        arrows=("b -> E", "E -> z", "z -> spread", "spread -> DA", "DA -> out"),
        alt="The swap: a frame of Ben goes through the shared encoder, and its code through the decoder of Ana; "
        "whether her face in his pose comes out is the question",
        caption="The swap, equation (2): a path that training has never taken.",
    ),
}
