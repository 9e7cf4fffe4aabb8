"""Diagrams of lesson 04."""

from dflib.lesson.drawing import Diagram

DIAGRAMS = {
    "camera": Diagram(
        boxes={
            "weights": (0, 0, "data", "weights w\n(K,)"),
            "model": (1, 0, "step", "linear model\nmean + shapes · w"),
            "points": (2, 0, "data", "points X\n(68, 3)"),
            "turn": (3, 0, "step", "turn by R,\nenlarge by s"),
            "drop": (4, 0, "step", "drop the depth,\nflip y, shift by t"),
            "pixels": (4, 1, "data", "pixels x\n(68, 2)"),
            "residuals": (3, 1, "loss", "residuals r\n(136,)"),
            "landmarks": (3, 2, "truth", "landmarks l\n(68, 2)"),
            "solve": (2, 1, "step", "solve (JᵀJ + Λ) δ\n= −(Jᵀr + Λw)", 1.05),
            "state": (0.5, 1, "data", "step δ\ngrowth, turn, shift, weights", 1.3),
        },
        arrows=(
            "weights -> model",
            "model -> points",
            "points -> turn",
            "turn -> drop",
            "drop -> pixels",
            "pixels -> residuals",
            "landmarks -> residuals",
            "residuals -> solve",
            "solve -> state",
            "state |> weights",
        ),
        alt="The fit: weights make 68 points of the linear model, which are turned, enlarged, flattened and shifted to "
        "pixels; their differences from the landmarks are the residuals; a linear system gives a step of scale, "
        "rotation, shift and weights, and the loop begins again",
        caption="One turn of Gauss-Newton: from parameters to pixels above, from residuals back to parameters below.",
    )
}
