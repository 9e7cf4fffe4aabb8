"""The set's manipulations: each a `manipulate.Method` run over a Film, and the controls beside them.

Three networks learn from training actors only (`starts`): what *Deepfakes* and *NeuralTextures* begin with, and what sharpens the
first's pictures. The rest each actor teaches for themselves.
"""
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import torch

from dflib import cast, checkpoints, faces, media
from dflib.datasets.domains import DARK_FROM, HAIR, HAIR_OF, OLD_FROM
from dflib.faces.alignment import TEMPLATE, similarity, warp
from dflib.faces.points import INNER
from dflib.studies.forensics_set import enhancing, network, plan, textures
from dflib.studies.forensics_set.film import Film, film, learned_faces, true_frames
from dflib.swap import autoencoder, blend, neural_textures
from dflib.swap.deepfake import DeepFake
from dflib.swap.enhance import Enhancer
from dflib.swap.face2face import Face2Face
from dflib.swap.faceswap import FaceSwap
from dflib.swap.neural_textures import NeuralTextures
from dflib.synthesis.stargan import edit
from dflib.synthesis.stylegan import latents
from dflib.synthesis.stylegan.framing import LOWER, ZOOM

LEARNED_FROM = {"swap": 60, "textures": 20, "enhancer": 60}     # training actors from whom the starts learn
PASTE = 64          # pixels at which a face is pasted back, and an enlarged clip is seen: the networks'
THRESHOLD = 8       # levels of 255 that a pixel must differ by to count as changed
PSI, WALK = 0.7, 0.35       # of the generator's people, and how far each walks in w towards another


@dataclass(frozen=True, eq=False)
class Starts:
    """What everybody's learning begins with, and how long it is."""
    swap: autoencoder.SwapAutoencoder       # as of `network.train`
    textures: neural_textures.Start         # as of `textures.train`
    enhancer: Enhancer                      # as of `enhancing.train`
    decoder_steps: int = 400
    texture_steps: int = neural_textures.STEPS
    bf16: bool = True


def starts(actors) -> Starts:
    """The shipped Starts; without them, those learned from the first training actors, now or in an earlier run."""
    try:
        paths = {name: checkpoints.shipped(f"forensics-{name}") for name in LEARNED_FROM}
    except FileNotFoundError:
        return learned(actors)
    empty = {"textures": neural_textures.Start(), "enhancer": Enhancer()}
    return Starts(autoencoder.load(paths["swap"])[0],
                  **{name: checkpoints.load(paths[name], model)[0].eval() for name, model in empty.items()})


def learned(actors, **how) -> Starts:
    """Starts trained on the clips of training actors among ``actors``, or taken from those runs in the cache; how: see `runs`."""
    swap, textured, enhanced = runs(actors, **how)
    lengths = {name: value for name, value in how.items() if name in Starts.__dataclass_fields__}
    return Starts(swap.models["autoencoder"], textured.models["start"], enhanced.models["enhancer"], **lengths)


def runs(actors, swap_recipe=network.Recipe(), start_steps: int = textures.STEPS, enhancer_steps: int = enhancing.STEPS,
         **lengths) -> tuple:
    """The finished TrainingRuns of `learned`: the swap's, the textures', the enhancer's. lengths: numbers in Starts."""
    teachers = [actor for pair in plan.pairs_of(actors)["train"] for actor in pair]
    swap = network.train([learned_faces(film(actor), swap_recipe.size) for actor in teachers[:LEARNED_FROM["swap"]]], swap_recipe)
    without = Starts(swap.models["autoencoder"], None, None, **lengths)
    textured = textures.train([film(actor) for actor in teachers[:LEARNED_FROM["textures"]]], start_steps, bf16=without.bf16)
    return swap, textured, enhancer_of(without, teachers[:LEARNED_FROM["enhancer"]], enhancer_steps)


def enhancer_of(begin: Starts, actors, steps: int = enhancing.STEPS):
    """The finished run of `enhancing.train` on the clips of ``actors``, behind the decoders that they have with ``begin``."""
    examples = [enhancing.examples_of(film(actor), decoder_of(begin, film(actor))) for actor in actors]
    return enhancing.train(examples, steps, bf16=begin.bf16)


def decoder_of(begin: Starts, one: Film) -> autoencoder.SwapAutoencoder:
    """`network.own` of a Film's actor."""
    return network.own(begin.swap, one.actor.id, learned_faces(one, begin.swap.size), begin.decoder_steps, begin.bf16)


def available() -> tuple:
    """The METHODS whose networks are there: *Attributes* needs lesson 06's checkpoint."""
    try:
        checkpoints.shipped("stargan-64")
    except FileNotFoundError:
        return tuple(method for method in plan.METHODS if method != "Attributes")
    return plan.METHODS


def manipulated(task: plan.Task, films: dict, begin: "Starts | None" = None) -> np.ndarray:
    """The kept frames (KEPT, S, S, 3) uint8 of a Task. films: id -> Film, of those who take part; begin: for methods that learn."""
    target = films[task.target.id]
    if task.method == "real":
        return target.frames[target.kept]
    if task.method in ("TrueSwap", "TrueReenactment"):
        return true_frames(task.target, task.source, task.method)
    if task.method == "Recompressed":
        return np.array(media.compress(list(target.frames[target.kept]), plan.COMPRESSIONS["c23"]))
    if task.method == "PastedBack":
        return np.array([pasted_back(target.frames[n], target.landmarks[n]) for n in target.kept])
    if task.method == "Enlarged":
        return np.array([enlarged(reduced(target.frames[n], target.landmarks[n])) for n in target.kept])
    if task.method == "Synthesis":
        return synthesised(task.target.person)
    source = films[(task.source or task.target).id]
    return changed(method_of(task, source, target, begin), source, target)


def method_of(task: plan.Task, source: Film, target: Film, begin: "Starts | None"):
    """The `manipulate.Method` of a Task."""
    name = task.method.removeprefix("Self")
    if name == "Deepfakes":
        both = network.joined(decoder_of(begin, source), decoder_of(begin, target))
        # with the spread matched too, soft pictures look oily; with a smaller mask, eyes and lips of turned heads stay the target's
        return DeepFake(both, 0, 1, colour="mean", shrink=0.0, enhancer=begin.enhancer)
    if name == "NeuralTextures":
        return NeuralTextures(start=begin.textures, steps=begin.texture_steps, seed=task.target.person, bf16=begin.bf16)
    if name == "Attributes":
        return edit.Edit(stargan(), [edit_of(task.target)])
    return {"FaceSwap": FaceSwap, "Face2Face": Face2Face}[name]()


def changed(method, source: Film, target: Film) -> np.ndarray:
    """The kept frames of ``target`` after ``method``, which sees both whole clips; frames without a face stay."""
    one, other = source.follow(), target.follow()

    def follow(picture):
        found = one(picture)
        return found if found[0] is not None else other(picture)
    method.learn(source.recording(), target.recording(), follow, progress=False)
    method.prepare(target.runs, progress=False)
    seen = np.isfinite(target.landmarks[:, 0, 0])
    return np.array([method.changed(n, target.frames[n]) if seen[n] else target.frames[n] for n in target.kept])


# ---------------------------------------- attributes
@lru_cache(maxsize=1)
def stargan():
    """Lesson 06's network."""
    return edit.load()[0]


def edit_of(actor: plan.Actor) -> tuple:
    """The edit (a key of `domains.EDITS`) that an actor's clip gets: drawn by lot from those that would change the person."""
    about = cast.sample_person(actor.person).attributes
    own = HAIR_OF.get(about["hair_colour"])
    edits = [("hair", name.split()[0]) for name in HAIR if own and name != own]
    edits += [("gender", "male" if about["female"] else "female"), ("age", "young" if about["age"] >= OLD_FROM else "old"),
              ("skin", "light" if about["tone"] >= DARK_FROM else "dark")]
    kinds = list(dict.fromkeys(kind for kind, _ in edits))
    rng = np.random.default_rng(actor.person)
    kind = kinds[rng.integers(len(kinds))]
    chosen = [one for one in edits if one[0] == kind]
    return chosen[rng.integers(len(chosen))]


# ---------------------------------------- synthesis
@lru_cache(maxsize=1)
def generator():
    """Lesson 03's network."""
    return latents.load_generator(checkpoints.shipped("stylegan-64"))[0]


def synthesised(seed: int) -> np.ndarray:
    """A person of the generator's, who walks a little in w, enlarged to the set's size: (KEPT, S, S, 3) uint8."""
    gan = generator()
    one, other = gan.mapping(latents.draw(gan, 2, seed))
    way = latents.walk(torch.stack([one, torch.lerp(one, other, WALK)]), plan.KEPT - 1)
    return np.array([enlarged(picture) for picture in latents.images_of(gan, gan.styles(way, PSI), latents.fixed_noise(gan, seed))])


def reduced(image, landmarks) -> np.ndarray:
    """A face as the generator's are framed, (PASTE, PASTE, 3) uint8; the middle of the picture where no face was found."""
    if np.isnan(landmarks[0, 0]):
        return cv2.resize(image, (PASTE, PASTE), interpolation=cv2.INTER_AREA)
    wanted = ((TEMPLATE - 0.5) * ZOOM + 0.5 + (0.0, LOWER)) * PASTE - 0.5
    return warp(image, similarity(landmarks[INNER], wanted), (PASTE, PASTE), cv2.BORDER_REFLECT)


def enlarged(picture) -> np.ndarray:
    """A network's small picture at the set's size."""
    return cv2.resize(picture, (plan.SIZE, plan.SIZE), interpolation=cv2.INTER_CUBIC)


# ---------------------------------------- controls and masks
def pasted_back(image, landmarks):
    """A face cut out, resampled to the swap network's size and back, and blended in: the pipeline's traces without a fake."""
    if np.isnan(landmarks[0, 0]):
        return image
    matrix = faces.alignment_matrix(landmarks, PASTE)
    face = warp(warp(image, matrix, (PASTE, PASTE)), faces.inverse(matrix), image.shape[1::-1])
    inside = faces.hull_mask(landmarks, image.shape)
    return blend.feather(face, image, inside, max(2.0, 0.08 * np.count_nonzero(inside.any(0))))


def masks_of(fake: np.ndarray, original: np.ndarray) -> np.ndarray:
    """Where fakes (T, H, W, 3) differ from their originals by more than THRESHOLD in a channel, (T, H/2, W/2) bool.

    Specks are removed. A pixel of the half size stands for four, and is set where two of them are.
    """
    different = np.abs(fake.astype(np.int16) - original).max(3) > THRESHOLD
    whole = np.array([cv2.medianBlur(mask.astype(np.uint8), 3) for mask in different])
    count, height, width = whole.shape
    return whole.reshape(count, height // 2, 2, width // 2, 2).sum((2, 4)) >= 2
