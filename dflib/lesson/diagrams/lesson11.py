"""Diagrams of lesson 11."""

from dflib.lesson.drawing import Diagram

DIAGRAMS = {
    "challenge": Diagram(
        boxes={
            "train": (0, 0, "data", "training parts\nmetadata.json"),
            "network": (1.2, 0, "network", "your detector"),
            "public": (0, 1, "data", "public videos\n(no labels)"),
            "frames": (1.2, 1, "step", "P(fake) of frames\nmean of a video", 1.05),
            "csv": (2.45, 1, "data", "submission\n(filename,label)"),
            "board": (3.65, 1, "loss", "public log loss\nseen every day"),
            "private": (0, 2, "data", "private videos\n(on the last day)"),
            "final": (2.45, 2, "data", "the same, frozen\n(filename,label)"),
            "last": (3.65, 2, "loss", "private log loss\nseen once"),
            "key": (4.75, 1.5, "truth", "the key\nteacher only"),
        },
        arrows=("train -> network", "network -> frames", "public -> frames", "private -> frames", "frames -> csv", "frames -> final",
                "csv -> board", "final -> last", "key -> board", "key -> last"),
        alt="A detector learns from training parts. It gives every frame of the public videos a probability, and the means over "
        "videos are a submission, which is scored with the teacher's key by the public log loss. On the last day the same frozen "
        "detector judges private videos, which are scored once, by the private log loss",
        caption="A challenge. What is chosen with the help of the public log loss is chosen on too few videos; the private one "
        "says so.",
    ),
}
