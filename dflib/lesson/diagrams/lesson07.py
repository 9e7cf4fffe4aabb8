"""Diagrams of lesson 07."""

from dflib.lesson.drawing import Diagram

DIAGRAMS = {
    "set": Diagram(
        boxes={
            "cast": (0, 1, "random", "130 actors\nperson, performance", 1.05),
            "real": (1.2, 1, "data", "original\n(32, 160, 160, 3)"),
            "methods": (2.3, 0, "network", "five methods\n(three of them learn)", 1.3),
            "truths": (2.3, 2, "truth", "controls\nTrueSwap, PastedBack …", 1.3),
            "fake": (3.6, 0, "data", "fake\ntarget_source"),
            "mask": (3.6, 1, "step", "mask\n|fake − original| > 8", 1.1),
            "code": (5.5, 2, "step", "H.264, once\nraw, c23, c40"),
            "coded": (6.6, 2, "data", "videos\n.mp4"),
        },
        arrows=("cast -> real", "real -> methods", "real -> truths", "methods -> fake", "fake -> code", "fake -> mask", "real -> mask",
                "real -> code", "truths -> code", "code -> coded"),
        alt="Actors are rendered to originals; five methods turn them into fakes, and controls are made beside them; every "
        "clip is coded once, and the mask is taken from fake and original before that",
        caption="How the set is made. Originals are coded as the fakes are, once; of the controls only Recompressed is coded twice.",
    ),
    "face2face": Diagram(
        boxes={
            "source": (0, 0, "data", "source's frame\n(H, W, 3)"),
            "target": (0, 1, "data", "target's frame\n(H, W, 3)"),
            "fit_s": (1.1, 0, "step", "fit the model\nlesson 04"),
            "fit_t": (1.1, 1, "step", "fit the model\nlesson 04"),
            "mix": (2.3, 0, "step", "target's shape, pose,\nsource's expression", 1.2),
            "place": (3.5, 0, "step", "vertices\nold and new"),
            "frame": (3.5, 1, "data", "target's frame\n(H, W, 3)"),
            "warp": (4.7, 0, "step", "warp the frame\nalong the model"),
            "clip": (3.5, 2, "data", "target's clip\n(T, H, W, 3)"),
            "mouth": (4.7, 1, "step", "mouth's inside from\nthe best frame", 1.1),
            "out": (4.7, 2, "data", "fake\n(H, W, 3)"),
        },
        arrows=("source -> fit_s", "target -> fit_t", "fit_s -> mix", "fit_t -> mix", "mix -> place", "place -> warp", "frame -> warp",
                "warp -> mouth", "clip -> mouth", "mouth -> out"),
        alt="Face2Face: the model is fitted to source and target; a face with the target's shape and pose and the source's "
        "expression gives new vertices; the target's frame is warped from the old to the new ones, and the inside of the "
        "mouth comes from the target's best-fitting frame",
        caption="Face2Face in small. Nothing is learned: geometry moves the target's own pixels.",
    ),
    "neural_textures": Diagram(
        boxes={
            "vertices": (0, 0, "step", "new vertices\nas in Face2Face"),
            "uv": (1.1, 0, "step", "places on the skin\nuv (80, 80, 2)"),
            "texture": (2.3, 1, "network", "texture\n12 features"),
            "sample": (2.3, 0, "step", "sample\n(12, 80, 80)"),
            "frame": (3.4, 1, "data", "frame, lower face\nblanked (4, 80, 80)", 1.05),
            "unet": (3.4, 0, "network", "U-Net\n55,379 parameters"),
            "made": (4.5, 0, "data", "lower face\n(3, 80, 80)"),
            "loss": (4.5, 1, "loss", "own frames again\ncolours and slopes"),
        },
        arrows=("vertices -> uv", "uv -> sample", "texture -> sample", "sample -> unet", "frame -> unet", "unet -> made", "made -> loss"),
        alt="NeuralTextures: vertices give every pixel its place on the skin, a learned texture is sampled there, and a small "
        "U-Net turns the features and the blanked frame into the lower face, which in training is compared with the frame's own",
        caption="NeuralTextures in small. It learns to give back the target's own frames; to reenact, only the vertices change.",
    ),
}
