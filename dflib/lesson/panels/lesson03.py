"""The panels of lesson 03: mixing, truncation and noise, and attribute directions of a trained StyleGAN.

Every panel maps its people to w once, when it is made, and answers a move with one pass through the synthesis network
and what it writes below the picture: the likeness is the identity network's cosine, and ms is how long both took.
"""

import time

import numpy as np
import torch

from dflib.synthesis.stylegan import judges, latents
from dflib.lesson.showing import row
from dflib.lesson.widgets import Panel, slider, switch

PEOPLE = 200  # whom a panel can show, numbered from 0
GROUPS = {"coarse": latents.COARSE, "middle": latents.MIDDLE, "fine": latents.FINE}
SHOWN = ("age", "tone", "female", "smile", "yaw", "glasses")  # attributes whose value the direction panel writes


def style_mixer(generator, first=0, second=1, people=PEOPLE):
    """The first person with some layers of the second (the paper's figure 3): both, and the mixture between them."""
    w, noise = _people(generator, people)

    def draw(first, second, start, stop, psi):
        begun = time.perf_counter()
        ws = generator.styles(w[[first, second]], psi)
        layers = range(start - 1, stop)
        mixed = latents.mix(ws[:1], ws[1:], layers)
        one, between, other = latents.images_of(generator, torch.cat([ws[:1], mixed, ws[1:]]), noise)
        likeness = judges.portrait_similarity(np.stack([one, other]), between[None])
        which = _named(generator, layers)
        return row([one, between, other]), (
            f"person {first} with {which} of person {second} · likeness to the first {likeness[0]:.2f}, "
            f"to the second {likeness[1]:.2f} · {_since(begun)}"
        )

    controls = {
        "first": slider("first person", 0, people - 1, first),
        "second": slider("second person", 0, people - 1, second),
        "start": slider("from layer", 1, generator.layers, 5),
        "stop": slider("to layer", 1, generator.layers, 8),
        "psi": slider("psi", 0.0, 1.5, 0.7),
    }
    return Panel(
        draw,
        controls,
        question="Which layers must the second person lend to give the first one another hair colour, but not another face?",
        alt="Two people, and between them the first one with some styles of the second",
        width=576,
    )


def truncation_explorer(generator, first=0, shown=4, people=PEOPLE):
    """Some people under any truncation, with noise in some layers only (figures 5 and 8)."""
    w, _ = _people(generator, people)
    noises = {}

    def draw(first, psi, cutoff, seed, **on):
        begun = time.perf_counter()
        layers = tuple(i for name, group in GROUPS.items() if on[name] for i in group)
        if (seed, layers) not in noises:
            noises[seed, layers] = latents.fixed_noise(generator, seed, layers)
        images = latents.images_of(
            generator, generator.styles(w[first : first + shown], psi, cutoff), noises[seed, layers]
        )
        spread = images.astype(np.float32).std(axis=0).mean()
        names = [name for name in GROUPS if on[name]]
        return row(images), (
            f"psi {psi:.2f} on the first {cutoff} layers · noise: {', '.join(names) or 'none'} · "
            f"people differ by {spread:.0f} grey levels · {_since(begun)}"
        )

    controls = {
        "first": slider("first person", 0, people - shown, first),
        "psi": slider("psi", -1.0, 1.8, 0.7),
        "cutoff": slider("truncated layers", 0, generator.layers, min(8, generator.layers)),
        "seed": slider("noise seed", 0, 20, 0),
    }
    controls |= {name: switch(f"noise, {name} layers", True) for name in GROUPS}
    return Panel(
        draw,
        controls,
        question="Who is left when psi goes to 0, and what does each group's noise draw?",
        alt="Generated people under a truncation and with some of the noise",
        width=576,
    )


def direction_explorer(generator, directions, person=0, people=PEOPLE):
    """One person before and after steps along directions in w; ``directions``: name -> `latents.Direction`."""
    w, noise = _people(generator, people)

    def draw(person, psi, start, stop, **amounts):
        begun = time.perf_counter()
        ws = steered = generator.styles(w[person : person + 1], psi)
        for name, amount in amounts.items():
            if amount:
                steered = latents.steer(steered, directions[name], amount, range(start - 1, stop))
        images = latents.images_of(generator, torch.cat([ws, steered]), noise)
        seen, likeness = judges.attributes_of(images), judges.portrait_similarity(*images[:, None])[0]
        changes = " · ".join(f"{name} {seen[name][0]:.2g} → {seen[name][1]:.2g}" for name in SHOWN)
        return row(images), f"{changes} · likeness {likeness:.2f} · {_since(begun)}"

    controls = {
        "person": slider("person", 0, people - 1, person),
        "psi": slider("psi", 0.0, 1.5, 0.7),
        "start": slider("from layer", 1, generator.layers, 1),
        "stop": slider("to layer", 1, generator.layers, generator.layers),
    }
    controls |= {name: slider(name, -4.0, 4.0, 0.0) for name in directions}
    return Panel(
        draw,
        controls,
        question="Which direction changes more than its name says?",
        alt="A person, and the same one moved along directions of attributes",
        width=448,
    )


@torch.no_grad()
def _people(generator, count):
    """(w (count, D), noise maps): the same people in every panel, and as `latents.sample` numbers them."""
    return generator.mapping(latents.draw(generator, count)), latents.fixed_noise(generator)


def _named(generator, layers) -> str:
    """'layers 5–8 (16–32 px)'."""
    if not len(layers):
        return "no layers"
    low, high = (generator.resolutions[layer // 2] for layer in (layers[0], layers[-1]))
    return (f"layers {layers[0] + 1}–{layers[-1] + 1} " if len(layers) > 1 else f"layer {layers[0] + 1} ") + (
        f"({low}–{high} px)" if high > low else f"({low} px)"
    )


def _since(begun) -> str:
    return f"{1000 * (time.perf_counter() - begun):.0f} ms"
