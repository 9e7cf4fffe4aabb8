"""The panels of lesson 05: a swapped clip, and what lies between two decoders."""

import time

import numpy as np

from dflib.lesson.widgets import Panel, choice, slider, switch
from dflib.pictures import as_images


def swap_explorer(method, frames):
    """Lesson 05's panel: frames of a target's clip, swapped, with another mask, other colours, another edge. It begins with the
    decoder's square, pasted.

    ``method``: a `dflib.swap.deepfake.DeepFake` that has met the clip; ``frames``: (number, picture (H, W, 3) uint8) pairs.
    """
    from dflib.swap import deepfake

    def draw(frame, blend_by, colour, shrink, by_shape, finished, view):
        number, picture = frames[frame]
        seen, own = method.places[number]
        start = time.perf_counter()
        face, mask = deepfake.converted(
            method.model, picture, seen, own if by_shape else seen, method.source_number, method.target_number
        )
        parts = deepfake.not_skin(seen, picture.shape) if finished else ()
        result = deepfake.blended(face, picture, mask, colour, blend_by, shrink / 100, finished, parts)
        milliseconds = 1000 * (time.perf_counter() - start)
        changed = (result != picture).any(2)
        if view == "what was changed":
            result = np.where(changed[..., None], result, 255).astype(np.uint8)
        both = np.concatenate([picture, np.full((len(picture), 4, 3), 255, np.uint8), result], 1)
        return both, f"frame {number} · {int(changed.sum())} px changed · {milliseconds:.0f} ms"

    controls = {
        "frame": slider("frame", 0, len(frames) - 1, len(frames) // 2),
        "blend_by": choice("edge", deepfake.BLENDS, "none"),
        "colour": choice("colours", deepfake.COLOURS, "none"),
        "shrink": slider("mask smaller, % of width", 0, 25, 0),
        "by_shape": switch("placed by the source's shape", method.by_shape),
        "finished": switch("eyes keep their colours, all is sharpened", False),
        "view": choice("view", ["whole picture", "what was changed"]),
    }
    return Panel(
        draw,
        controls,
        question="Which edge and which colours hide the swap best, frame for frame?",
        alt="A frame of the target's clip, and the same frame with the source's face",
        width=560,
    )


def morph_explorer(model, crops, masks, person=0, size=256):
    """Lesson 05's second panel: one face through two decoders, and what lies between them.

    ``model``: a SwapAutoencoder; ``crops`` (N, S, S, 3) uint8 and ``masks`` (N, S, S) bool: aligned faces of ``person``.
    """
    import torch
    from torch.func import functional_call
    from dflib.swap import train

    levels = (
        torch.from_numpy(np.concatenate([crops, 255 * masks[..., None].astype(np.uint8)], 3))
        .permute(0, 3, 1, 2)
        .float()
    )
    pictures, hulls = train.unpacked(levels)
    own, other = model.decoders[person], model.decoders[(person + 1) % model.people]

    @torch.no_grad()
    def draw(face, share, what):
        codes = model.encode(train.masked(pictures[face : face + 1], hulls[face : face + 1]), person)
        maps = model.encoder.spread(codes)
        if what == "pictures":
            made = torch.lerp(own(maps), other(maps), share)
        else:
            weights = {name: torch.lerp(one, other.state_dict()[name], share) for name, one in own.state_dict().items()}
            made = functional_call(own, weights, (maps,))
        shown = as_images(made[:1])[0]
        factor = max(1, size // len(shown))
        both = np.concatenate([crops[face], shown], 1).repeat(factor, 0).repeat(factor, 1)
        return (
            both,
            f"face {face} · {1 - share:.0%} of the own decoder, {share:.0%} of the other · mean level {shown.mean():.0f}",
        )

    controls = {
        "face": slider("face", 0, len(crops) - 1, 0),
        "share": slider("other decoder", 0.0, 1.0, 0.5),
        "what": choice("mixed are", ["pictures", "weights"]),
    }
    return Panel(
        draw,
        controls,
        question="What lies halfway between two decoders, if pictures are mixed, and if weights are?",
        alt="A face, and what two decoders together make of it",
        width=512,
    )
