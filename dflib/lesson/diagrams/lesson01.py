"""Diagrams of lesson 01."""

from dflib.lesson.drawing import Diagram

DIAGRAMS = {
    "detector": Diagram(
        boxes={
            "picture": (0, 0, "data", "picture\n(B, 3, H, W)"),
            "fine": (1, 0, "network", "down\n(B, 3w, H/8, W/8)"),
            "middle": (2, 0, "network", "down\n(B, 5w, H/16, W/16)"),
            "coarse": (3, 0, "network", "down\n(B, 6w, H/32, W/32)"),
            "up_middle": (2, 1, "network", "up\n(B, 5w, H/16, W/16)"),
            "up_fine": (1, 1, "network", "up\n(B, 3w, H/8, W/8)"),
            "cells": (0, 1, "data", "5 numbers a cell\n(B, 5, H/8, W/8)"),
            "focal": (0, 2, "loss", "a face's centre?\nfocal loss"),
            "truth": (1, 2, "truth", "true boxes\na bell at each centre"),
            "absolute": (2, 2, "loss", "offset and size\nabsolute error"),
        },
        arrows=(
            "picture -> fine",
            "fine -> middle",
            "middle -> coarse",
            "coarse -> up_middle",
            "up_middle -> up_fine",
            "middle -> up_middle: added",
            "fine -> up_fine: added",
            "up_fine -> cells",
            "cells -> focal",
            "cells |> absolute",
            "truth -> focal",
            "truth -> absolute",
        ),
        alt="The detector: a picture goes down through stages to a thirty-second of its size and up again to an eighth, "
        "stages of one size being added; five numbers come out for each cell, whether a face is centred there, and the "
        "offset and size of its box; a focal loss and an absolute error hold them against the true boxes",
        caption="The detector (w = 16): one pass over the whole picture, an answer for each cell of 8 by 8 pixels.",
    ),
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
            "bells": (-1, 2, "truth", "a bell around\neach true point"),
            "heat_loss": (-1, 1, "loss", "cross-entropy\nof each map"),
            "present": (4, 0, "network", "mean, linear\n(B, 1)"),
            "present_loss": (4, 1, "loss", "cross-entropy\nface or not"),
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
            "heat -> heat_loss",
            "bells -> heat_loss",
            "down3 -> present",
            "present -> present_loss",
        ),
        alt="The landmark network: a crop of 96 pixels goes down through three stages to 6 by 6 cells and up again to "
        "24 by 24, each stage on the way up adding the one of its size on the way down; 68 heat maps come out, whose "
        "mean positions are the points, held against the true ones; each map is also held against a bell around its true "
        "point, and the coarsest stage says whether there is an upright face at all",
        caption="The landmark network (w = 20): down for the whole face, up for the exact place, fine maps handed across.",
    )
}
