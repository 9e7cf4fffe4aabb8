"""Diagrams of lesson 01."""

from dflib.lesson.drawing import Diagram

DIAGRAMS = {
    "landmarks": Diagram(
        boxes={
            "crop": (0, 0, "data", "crop\n(B, 3, 96, 96)"),
            "down1": (1, 0, "network", "down\n(B, 2w, 24, 24)"),
            "down2": (2, 0, "network", "down\n(B, 4w, 12, 12)"),
            "down3": (3, 0, "network", "down\n(B, 8w, 6, 6)"),
            "up2": (2, 1, "network", "up\n(B, 4w, 12, 12)"),
            "up1": (1, 1, "network", "up\n(B, 2w, 24, 24)"),
            "heat": (0, 1, "data", "heat maps\n(B, 68, 24, 24)"),
            "mean": (0, 2, "step", "soft-argmax\nmean position"),
            "points": (1, 2, "data", "68 points\n(B, 68, 2) px"),
            "loss": (2, 2, "loss", "distance\nto the truth"),
            "truth": (3, 2, "truth", "true points\n(B, 68, 2) px"),
        },
        arrows=(
            "crop -> down1",
            "down1 -> down2",
            "down2 -> down3",
            "down3 -> up2",
            "up2 -> up1",
            "down2 -> up2: added",
            "down1 -> up1: added",
            "up1 -> heat",
            "heat -> mean",
            "mean -> points",
            "points -> loss",
            "truth -> loss",
        ),
        alt="The landmark network: a crop of 96 pixels goes down through three stages to 6 by 6 cells and up again to "
        "24 by 24, each stage on the way up adding the one of its size on the way down; 68 heat maps come out, whose "
        "mean positions are the points, held against the true ones",
        caption="The landmark network: down for the whole face, up for the exact place, and fine maps handed across.",
    )
}
