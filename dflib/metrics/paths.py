"""How smooth and how orderly a latent space is: perceptual path length and linear separability.

Both are of Karras, Laine and Aila 2019 (https://arxiv.org/abs/1812.04948), sections 4.1 and 4.2. A generator is given
in two parts: `mapping` takes z (B, D) to w (B, D'), `synthesis` takes w to pictures (B, 3, H, W) in [-1, 1]. Without a
mapping z and w are the same.
"""
import copy
import math

import numpy as np
import torch

from dflib.pictures import as_images
from dflib.metrics.features import eight_bit, face_features

EPSILON = 1e-4
FOLDS = 4           # of the points that separability is measured on


def parts_of(generator, seed: int = 0):
    """(mapping, synthesis) of a `stylegan.Generator`, in float64, with one noise for all pictures and no truncation."""
    generator = copy.deepcopy(generator).double().eval()
    randomness = torch.Generator(generator.w_average.device).manual_seed(seed)
    noise = generator.noise(1, generator=randomness)        # (1, 1, H, W) a layer, the same for the whole batch

    def synthesis(w):
        return generator.synthesise(generator.styles(w.double()), noise)

    return lambda z: generator.mapping(z.double()), synthesis


def slerp(a, b, t):
    """From a to b (…, D) along the arc between them, t of the way, a number or (…, 1) in [0, 1]; for z, of which only the
    direction matters (Shoemake 1985, https://doi.org/10.1145/325334.325242)."""
    cosine = torch.nn.functional.cosine_similarity(a, b, dim=-1).clamp(-1, 1)[..., None]
    angle = torch.acos(cosine)
    arc = (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)
    return torch.where(torch.sin(angle) < 1e-4, torch.lerp(a, b, torch.as_tensor(t).to(a)), arc)   # (anti)parallel: no one arc


def squared_distance(features=face_features):
    """A distance for `perceptual_path_length`: |f(a) - f(b)|^2 between pictures (B, 3, H, W), as (B,)."""
    def distance(a, b):
        first, second = features(torch.cat([a, b])).chunk(2)
        return (first - second).square().flatten(1).sum(dim=1)
    return distance


@torch.no_grad()
def perceptual_path_length(synthesis, mapping=None, space: str = "w", sampling: str = "full", latent: int = 512,
                           samples: int = 1000, distance=None, rejected: float = .01, batch: int = 16, device="cpu",
                           seed: int = 0) -> float:
    """Mean of d(G(t), G(t + 1e-4)) / 1e-4^2 over random paths (sec. 4.1, eq. 2 in z and eq. 3 in w).

    space: "z" walks on the sphere, "w" straight on. sampling: t uniform in [0, 1] for "full", 0 for "end". latent: D.
    distance: pictures and pictures to (B,), quadratic in small differences; by default in `face_features`, which has
    another scale than the VGG distance of the paper: compare numbers with each other, not with the paper's (pictures
    framed as lesson 03 does want `squared_distance(synthesis.judges.portrait_features)`). The paper takes 100,000 samples;
    `rejected` is the share that NVIDIA's code drops as outliers at either end.

    mapping and synthesis are called with float64 and must answer in it, because what float32 rounds off in a generator
    can be larger than what a step of 1e-4 changes; ValueError otherwise, and when synthesis gives other pictures for
    the same w: fresh noise would be all that is measured. `parts_of` takes care of both.
    """
    if space not in ("z", "w") or sampling not in ("full", "end"):
        raise ValueError(f'Paths are in "z" or "w", sampled "full" or at the "end", not {space!r} and {sampling!r}.')
    mapping, distance = mapping or (lambda z: z), distance or squared_distance()
    randomness, lengths = torch.Generator().manual_seed(seed), []
    for start in range(0, samples, batch):
        count = min(batch, samples - start)
        z = torch.randn(2, count, latent, generator=randomness, dtype=torch.float64).to(device)
        t = torch.rand(count, 1, generator=randomness, dtype=torch.float64).to(device) * (sampling == "full")
        if space == "z":
            z = torch.nn.functional.normalize(z, dim=2) * math.sqrt(latent)     # as StyleGAN does with every z
            w = mapping(torch.cat([slerp(*z, t), slerp(*z, t + EPSILON)]))
        else:
            a, b = mapping(z.flatten(0, 1)).chunk(2)
            w = torch.cat([torch.lerp(a, b, t), torch.lerp(a, b, t + EPSILON)])
        pictures = synthesis(w)
        if pictures.dtype != torch.float64:
            raise ValueError("The generator must compute in float64 (a copy of it after .double()), "
                             f"not in {str(pictures.dtype).removeprefix('torch.')}.")
        if start == 0 and not torch.allclose(pictures, synthesis(w), rtol=0, atol=1e-9):
            raise ValueError("The generator gives different pictures for the same w: give it fixed noise.")
        lengths.append(distance(*pictures.chunk(2)).cpu() / EPSILON ** 2)
    lengths = torch.cat(lengths).numpy()
    low = np.percentile(lengths, 100 * rejected, method="lower")
    high = np.percentile(lengths, 100 * (1 - rejected), method="higher")
    return float(lengths[(low <= lengths) & (lengths <= high)].mean())


def linear_separability(latents, probabilities: dict, keep: float = .5, seed: int = 0):
    """exp(sum of H(Y|X)) over attributes, and {attribute: H(Y|X) in nats} (sec. 4.2).

    latents (N, D); probabilities: name -> (N,) what a classifier says of each picture, 0..1. For each attribute the
    `keep` share it is surest of is labelled Y, and X is what a linear support vector machine tells of Y from the
    latent. It is fitted four times, each time without another quarter of the points, and asked about that quarter: on
    its own points a machine with D weights is right about anything, if they are few. 1 means that a hyperplane separates
    every attribute; each that no hyperplane tells anything about multiplies the score by up to 2. An attribute that
    fewer than four have, or lack, counts with all its entropy, which is near 0 then.
    """
    latents = np.asarray(latents, np.float64)
    entropies = {}
    for name, probability in probabilities.items():
        probability = np.asarray(probability, np.float64)
        if probability.shape != (len(latents),):
            raise ValueError(f"There are {len(latents)} latents but {name} has the shape {probability.shape}.")
        surest = np.argsort(-np.abs(probability - .5), kind="stable")[:round(keep * len(latents))]
        entropies[name] = _unexplained(latents[surest], probability[surest] > .5, seed)
    return math.exp(sum(entropies.values())), entropies


def _unexplained(latents, labels, seed) -> float:
    """H(labels | what a linear machine that was fitted to others predicts from latents), nats."""
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.svm import LinearSVC

    if min(labels.sum(), (~labels).sum()) < FOLDS:
        return conditional_entropy(np.zeros(len(labels), bool), labels)
    # The primal problem for many points, the dual for many dimensions: one solution, the faster way to it.
    machine = LinearSVC(dual=len(latents) < latents.shape[1], random_state=seed)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    return conditional_entropy(cross_val_predict(machine, latents, labels, cv=folds), labels)


def conditional_entropy(x, y) -> float:
    """H(Y|X) in nats of two rows of yes or no, (N,) bool each."""
    counts = np.array([[np.sum((x == a) & (y == b)) for b in (False, True)] for a in (False, True)], np.float64)
    joint, given = counts / len(x), counts.sum(axis=1, keepdims=True) / len(x)
    share = np.divide(joint, given, out=np.ones_like(joint), where=joint > 0)
    return max(0., float(-(joint * np.log(share)).sum()))


@torch.no_grad()
def separability_of(synthesis, mapping=None, attributes=None, latent: int = 512, samples: int = 1000, batch: int = 64,
                    device="cpu", seed: int = 0) -> dict:
    """{"z": score, "w": score} of a generator by `linear_separability`, on one set of pictures.

    attributes: pictures (B, 3, H, W) in [-1, 1] to {name: (B,) probabilities}; by default the yes-or-no attributes of
    the shipped network, which knows faces framed as `faces.align` does, where the paper has 40 of CelebA. The paper
    takes 200,000 samples; with few the machine knows little and both scores rise: take at least ten times D.
    """
    mapping, attributes = mapping or (lambda z: z), attributes or shipped_attributes
    randomness, zs, ws, found = torch.Generator().manual_seed(seed), [], [], []
    for start in range(0, samples, batch):
        z = torch.randn(min(batch, samples - start), latent, generator=randomness)
        w = mapping(z.to(device))
        found.append(attributes(eight_bit(synthesis(w))))
        zs.append(z)
        ws.append(w.float().cpu())
    probabilities = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    return {"z": linear_separability(torch.cat(zs), probabilities, seed=seed)[0],
            "w": linear_separability(torch.cat(ws), probabilities, seed=seed)[0]}


def shipped_attributes(pictures) -> dict:
    """Pictures (B, 3, H, W) in [-1, 1] to {name: (B,) probability} of the shipped network's yes-or-no attributes."""
    from dflib.metrics.attributes import YES_NO, face_attributes

    images = as_images(pictures)
    found = face_attributes(images)
    return {name: found[name] for name in YES_NO}
