"""The panels of lesson 02: two densities on a line, the game on it, the game on the ring, and the latents of faces."""

import math

import numpy as np

from dflib.lesson.figures import BLUE, INK, ORANGE, PALE
from dflib.lesson.widgets import Panel, choice, slider

LINE = np.linspace(-12, 12, 961)  # where densities are computed
MEANS = np.linspace(-6, 6, 61)  # where q could stand
FLAT = 1e-6  # the smallest gradient that is drawn


def line_explorer():
    """Real p = N(0, 1); the mean and width of q by sliders: D*, the value of the game, the divergence, both gradients."""
    from dflib.synthesis import gan

    p = gan.gaussian(LINE)

    def felt(mean, width):
        """(log p/q, q, JSD, the two gradients by the mean), all from logarithms, which do not round to zero."""
        logit = math.log(width) + 0.5 * ((LINE - mean) / width) ** 2 - 0.5 * LINE**2
        q = gan.gaussian(LINE, mean, width)
        return logit, q, gan.jensen_shannon(p, q, LINE), gan.mean_gradients(logit, q, LINE)

    figure, left, right = _halves((-7, 7), (-6, 6))
    bell, belief = _bells(left, p), left.plot([], [], color=INK, linewidth=1.5, label="D*")[0]
    styles = ((INK, ":", "JSD"), (ORANGE, "-", "|gradient|, minimax"), (BLUE, "--", "|gradient|, non-saturating"))
    lines = [right.plot([], [], style, color=colour, label=name)[0] for colour, style, name in styles]
    dots = [right.plot([], [], "o", color=colour, markersize=5)[0] for colour, _, _ in styles]
    right.set(ylim=(-6, 5), xlabel="mean of q", yticks=(-6, -3, 0), yticklabels=("1e-6", "1e-3", "1"))
    left.legend(frameon=False, fontsize=8, loc="upper left", ncols=3, columnspacing=1, handlelength=1.5)
    right.legend(frameon=False, fontsize=8, loc="upper left")
    curves = {}  # width -> divergence and sizes of the gradients at MEANS, (3, 61)

    def draw(mean, width):
        logit, q, divergence, gradients = felt(mean, width)
        if width not in curves:
            found = [(other[2], *other[3]) for other in (felt(where, width) for where in MEANS)]
            curves[width] = np.log10(np.abs(found).clip(FLAT)).T
        bell.set_xy(np.stack([LINE, q], 1))
        belief.set_data(LINE, 1 / (1 + np.exp(-logit)))
        for line, dot, values, now in zip(lines, dots, curves[width], (divergence, *gradients)):
            line.set_data(MEANS, values)
            dot.set_data([mean], [math.log10(max(abs(now), FLAT))])
        return _drawn(figure), (
            f"V = {divergence * 2 - math.log(4):.3f} · JSD = {divergence:.3f} of at most {math.log(2):.3f} nats · "
            f"gradient by the mean: minimax {gradients[0]:.2g}, non-saturating {gradients[1]:.2g}"
        )

    controls = {"mean": slider("mean of q", -6.0, 6.0, 1.5, 0.1), "width": slider("width of q", 0.3, 2.0, 0.7, 0.1)}
    return Panel(
        draw,
        controls,
        question="Push q away from p: which of the three curves still tells it the way back?",
        alt="Two bell curves with the best discriminator between them; beside them how the divergence and the two gradients "
        "depend on the mean of q",
        width=640,
    )


def line_game_explorer(path, logits, at, steps):
    """The game on the line at any moment. path (T, 2): mean and width of q; logits (T, N) of D at the points ``at`` (N,)."""
    from dflib.synthesis import gan

    p, path = gan.gaussian(LINE), np.asarray(path)
    figure, left, right = _halves((-4, 4), (-1, 2))
    bell = _bells(left, p)
    best = left.plot([], [], color=PALE, linewidth=4, label="p / (p + q)")[0]
    belief = left.plot([], [], "--", color=INK, linewidth=1.5, label="D now")[0]
    trail, here = right.plot([], [], color=ORANGE, linewidth=1)[0], right.plot([], [], "o", color=ORANGE)[0]
    right.plot(0, 1, "*", color=BLUE, markersize=12)
    right.set(ylim=(0.4, 1.4), xlabel="mean of q", ylabel="width of q")
    left.legend(frameon=False, fontsize=8, loc="upper left", ncols=2)

    def draw(moment):
        mean, width = path[moment]
        q = gan.gaussian(LINE, mean, width)
        bell.set_xy(np.stack([LINE, q], 1))
        with np.errstate(invalid="ignore"):  # far out, where both densities round to 0
            best.set_data(LINE, gan.optimal_discriminator(p, q))
        belief.set_data(at, 1 / (1 + np.exp(-logits[moment])))
        trail.set_data(*path[: moment + 1].T)
        here.set_data([mean], [width])
        divergence = gan.jensen_shannon(p, q, LINE)
        return _drawn(figure), (
            f"step {steps[moment]}: q has mean {mean:.2f} and width {width:.2f}, JSD(p, q) = {divergence:.4f} nats"
        )

    return Panel(
        draw,
        {"moment": slider("moment", 0, len(path) - 1, len(path) - 1)},
        question="Does q walk straight to p, or does D mislead it on the way?",
        alt="Left: the two densities and the discriminator. Right: the path of q's mean and width, and a star where p is",
        width=640,
    )


def ring_explorer(games, size=384):
    """Lesson 02's panel: games on the ring of eight Gaussians, at any moment of their training.

    ``games``: name -> moments of `dflib.synthesis.gan.play`, the same steps in all; ``size``: pixels of the picture.
    """
    from dflib.synthesis.gan import MODES, moment_image

    def draw(game, moment):
        now = games[game][moment]
        return moment_image(
            now, size
        ), f"{game}, step {now.step}: {now.modes} of {MODES} modes, {now.good:.0%} good samples"

    controls = {
        "game": choice("game", list(games)),
        "moment": slider("moment", 0, min(map(len, games.values())) - 1, 0),
    }
    return Panel(
        draw,
        controls,
        question="Which players chase each other round the ring, and whose discriminator comes to rest?",
        alt="Samples of a generator among eight circles, on the discriminator's belief",
        width=384,
    )


def latent_explorer(generator, people=48):
    """A walk between two people of a trained generator, and one of the 64 numbers set by hand: both, and what is between."""
    import torch

    from dflib.pictures import as_images
    from dflib.synthesis.gan import latents_of, on_arc

    z = latents_of(generator, people)

    def draw(first, second, way, number, value):
        between = on_arc(z[first], z[second], way)
        between[number] += value
        with torch.no_grad():
            images = as_images(generator(torch.stack([z[first], between, z[second]])))
        gap = np.full((images.shape[1], 1, 3), 255, np.uint8)
        row = np.concatenate([images[0], gap, images[1], gap, images[2]], axis=1).repeat(6, 0).repeat(6, 1)
        return row, f"{way:.0%} of the way from person {first} to person {second}, and {value:+.1f} on number {number} of z"

    controls = {
        "first": slider("first person", 0, people - 1, 0),
        "second": slider("second person", 0, people - 1, 6),
        "way": slider("way", 0.0, 1.0, 0.0, 0.05),
        "number": slider("number of z", 0, generator.latent - 1, 0),
        "value": slider("added to it", -4.0, 4.0, 0.0, 0.1),
    }
    return Panel(
        draw,
        controls,
        question="Is there a number of z that changes the mouth and nothing else?",
        alt="Two generated people, and between them whoever lies on the way from one latent to the other",
        width=590,
    )


def _halves(left, right):
    """A figure that is drawn again and again, and its two axes side by side, with these limits of x."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 2.5), dpi=100)
    pair = figure.add_axes((0.05, 0.2, 0.42, 0.77)), figure.add_axes((0.58, 0.2, 0.4, 0.77))
    pair[0].set(xlim=left, ylim=(0, 1.4), xlabel="x", yticks=(0, 0.5, 1))
    pair[1].set(xlim=right)
    return figure, *pair


def _bells(axes, p):
    """p as it is, and q's polygon to be moved."""
    axes.fill(LINE, p, color=BLUE, alpha=0.3, label="p, real")
    return axes.fill([0], [0], color=ORANGE, alpha=0.4, label="q, generated")[0]


def _drawn(figure):
    """The figure as (H, W, 3) uint8."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
