"""Faces with the labels of `domains`, and true edits: the same person in the same shot with one domain changed.

    faces = cast_faces(64), expression_faces(64, people=400)        two sets that know different things
    truth = true_edits(64, people=60)                               what a perfect edit of unseen people looks like

All are rendered once into the cache, framed by `faces.portrait_matrix` (the hair is in the picture), 8 bits deep.
"""
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count, islice

import cv2
import numpy as np

from dflib.cast import renders
from dflib.cast.people.splits import split_of
from dflib.datasets.domains import (COLUMNS, DOMAINS, EDITS, EXPRESSIONS, HAIR, INDEX, cast_labels, celeba_labels,
                                    edited, expression_labels)
from dflib.faces.alignment import PORTRAIT_LOWER, PORTRAIT_ZOOM, portrait_matrix, warp
from dflib.media import difference
from dflib.pictures import resized

SIZE = 128              # side of what is rendered, pixels
TURNED = 25             # limit of the heads' yaw, degrees
FIRST = {"expressions": 20_000, "edits": 30_000, "mixed": 40_000}       # seeds: nobody of the shipped 4,000 people
AGES = {"old": 70., "young": 27.}
TONES = {"dark": .85, "light": .15}
GREY = .9               # share of grey hairs: nearly all, so that it is seen in a small picture
CHANGED = 12            # grey levels from which a pixel belongs to the region that an edit should change

# Weights of the head model's expressions, at full strength.
FEELINGS = {
    "neutral": {},
    "happy": dict(smile=.85, cheek_raise=.6, lips_part=.7, squint=.15, jaw_open=.1),
    "sad": dict(sad=1.1, frown=.3, squint=.25),
    "angry": dict(frown=1.15, squint=.6, sneer=.65, sad=.3, lips_part=.35, brow_up=-.25),
    "surprised": dict(brow_up=.9, wide=.8, jaw_open=.55, lips_part=.4),
}


@dataclass(frozen=True, eq=False)
class LabelledFaces:
    """N pictures to learn edits from."""
    images: np.ndarray          # (N, S, S, 3) uint8
    labels: np.ndarray          # (N, 12) float32, columns as in DOMAINS
    known: np.ndarray           # (N, 12) bool: what the set knows of each picture
    people: np.ndarray          # (N,) seeds
    name: str                   # says what data this is, by content

    def __len__(self):
        return len(self.images)

    def of(self, rows, name: str) -> "LabelledFaces":
        """These rows only, under another name."""
        return LabelledFaces(self.images[rows], self.labels[rows], self.known[rows], self.people[rows], name)


@dataclass(frozen=True, eq=False)
class TrueEdits:
    """N pictures and M true edits of them."""
    images: np.ndarray          # (N, S, S, 3) uint8
    labels: np.ndarray          # (N, 12) float32 of the first set: hair, sex, age, skin
    known: np.ndarray           # (N, 12) bool
    people: np.ndarray          # (N,) seeds
    age: np.ndarray             # (N,) years
    tone: np.ndarray            # (N,) 0 lightest .. 1 darkest
    row: np.ndarray             # (M,) which picture is edited
    edit: np.ndarray            # (M,) which of EDITS it is, by number
    truth: np.ndarray           # (M, S, S, 3) uint8: the perfect edit
    region: np.ndarray          # (M, S, S) bool: what should change

    def targets(self) -> np.ndarray:
        """(M, 12) float32: the label that each edit asks for."""
        names = list(EDITS)
        return np.stack([edited(self.labels[row], names[edit]) for row, edit in zip(self.row, self.edit)])


def people_of(what: str, split: str, number: int) -> list:
    """Seeds of the first `number` people of `split` in the set `what`, a key of FIRST."""
    return list(islice((seed for seed in count(FIRST[what]) if split_of(seed) == split), number))


# ---------------------------------------- what is changed, exactly
def with_feeling(shot, name: str, strength: float = 1.):
    """The shot with this expression, one of EXPRESSIONS, alone on the face. ValueError for another name."""
    from dflib import cast

    if name not in FEELINGS:
        raise ValueError(f"Unknown expression {name!r}: choose from {', '.join(FEELINGS)}.")
    weights = {part: strength * weight for part, weight in FEELINGS[name].items()}
    return replace(shot, expression=cast.expression(**weights))


def with_edit(person, shot, edit: tuple) -> tuple:
    """(person, shot) after `edit`, a key of EDITS: all else stays, hair keeps its colour when its owner grows old.

    Another sex is the person's brother or sister (`variants.with_sex`): beard and make-up go, the hair style stays.
    """
    from dflib.cast.people import variants

    edited(np.zeros(len(DOMAINS)), edit)            # ValueError for an unknown one
    what, value = edit
    if what == "hair":
        return variants.with_hair_colour(person, value, GREY if value == "grey" else 0.), shot
    if what == "gender":
        return variants.with_sex(person, value == "female"), shot
    if what == "age":
        aged = variants.with_age(person, AGES[value])
        return variants.with_hair_colour(aged, person.hair.colour, person.hair.grey), shot
    if what == "skin":
        return variants.with_tone(person, TONES[value]), shot
    return person, with_feeling(shot, value)


def portrait(seed: int, wanted=(), size: int = SIZE) -> np.ndarray:
    """(size, size, 3) uint8: a person of `true_edits`, or one of the cast in their first shot, after all edits `wanted`."""
    from dflib import cast

    person, shot = cast.sample_person(seed), cast.sample_shot(seed, yaw=TURNED)
    for edit in wanted:
        person, shot = with_edit(person, shot, edit)
    return resized(_framed(cast.render(person, shot, size=SIZE).image, _landmarks(seed)), size)


@lru_cache(256)
def _landmarks(seed):
    from dflib import cast

    return cast.render(cast.sample_person(seed), cast.sample_shot(seed, yaw=TURNED), size=SIZE).landmarks


def changes(label, known, edit: tuple) -> bool:
    """Whether ``edit`` asks a picture with ``label`` (12,) for something else; nobody's unknown hair is dyed."""
    column, value = EDITS[edit]
    if INDEX[column] >= COLUMNS[0]:
        return True
    return bool(known[INDEX[column]] and label[INDEX[column]] != value)


def region_of(truth: np.ndarray, images: np.ndarray) -> np.ndarray:
    """(M, S, S) bool: where true edits (M, S, S, 3) differ from their pictures, single pixels left out."""
    changed = (difference(truth, images) > CHANGED).astype(np.uint8)
    return np.array([cv2.medianBlur(change, 3) for change in changed]) > 0


# ---------------------------------------- the sets
def cast_faces(size: int, split: str = "train", people: "int | None" = None) -> LabelledFaces:
    """The shipped people of `split`, or of `people` rendered ones, who look ahead, with hair, sex, age and skin known."""
    from dflib.datasets import RenderedFaces

    data = RenderedFaces.render(people, size=SIZE, yaw=TURNED, split=split) if people else RenderedFaces(split=split)
    rows = np.flatnonzero(np.abs(data.attribute("yaw")) <= TURNED)
    landmarks = data.landmarks
    images = np.stack([_framed(data.image(row), landmarks[row], size) for row in rows])
    attributes = {name: data.attribute(name)[rows] for name in ("hair_colour", "female", "age", "tone")}
    return LabelledFaces(images, *cast_labels(attributes), data.people[rows],
                         f"{people or 'shipped'} people of the cast, {split}, {size} px")


def celeba_faces(root, size: int, pictures: int = 20_000, split: str = "train") -> LabelledFaces:
    """The first `pictures` of CelebA's `split` in the folder `root`, cut to their central square as in the paper.

    Raises what `datasets.CelebA` raises.
    """
    from dflib.datasets import CelebA

    data = CelebA(root, split, size)
    rows = range(min(pictures, len(data)))
    labels, known = celeba_labels(data.attributes[rows], data.attribute_names)
    people = np.arange(len(rows)) if data.identities is None else data.identities[rows]
    return LabelledFaces(data.images(rows), labels, known, people, f"CelebA, {split}, {size} px")


def confounded(faces: LabelledFaces, first: str, second: str) -> LabelledFaces:
    """`faces` without the pictures that have the domain ``first`` and not ``second``: blond hair only on women, say."""
    kept = (faces.labels[:, INDEX[first]] == 0) | (faces.labels[:, INDEX[second]] == 1)
    return faces.of(kept, f"{faces.name}, {first} only where {second}")


def expression_faces(size: int, people: int, split: str = "train") -> LabelledFaces:
    """`people` people, each with the five expressions in shots of their own, and nothing but the expression known."""
    made = _rendered("expressions", split, people, _render_expressions)
    labels, known = expression_labels([EXPRESSIONS[k] for k in made["expression"]])
    images = np.stack([resized(image, size) for image in made["images"]])
    return LabelledFaces(images, labels, known, made["person"], f"expressions of {people} people, {split}, {size} px")


def mixed_faces(size: int, people: int, split: str = "train") -> LabelledFaces:
    """One picture of each of `people` people whose domains were all drawn anew, independently; everything is known.

    Nothing goes together here as it does in the cast (grey hair with age, say): what judges should learn from.
    """
    made = _rendered("mixed", split, people, _render_mixed)
    images = np.stack([resized(image, size) for image in made["images"]])
    return LabelledFaces(images, made["labels"], made["known"], made["person"],
                         f"{people} mixed people, {split}, {size} px")


def apart_faces(size: int, people: int, after: int = 0) -> LabelledFaces:
    """`people` of `mixed_faces` for training, those ``after`` the first so many, and of the first set's columns only.

    Beside the cast they show a critic what the cast never does, grey hair on the young, say.
    """
    faces = mixed_faces(size, after + people)
    chosen = faces.of(np.arange(after, len(faces)), f"{people} people drawn apart, after {after}, {size} px")
    chosen.labels[:, COLUMNS[0]:], chosen.known[:, COLUMNS[0]:] = 0, False
    return chosen


def true_edits(size: int, people: int, split: str = "test") -> TrueEdits:
    """Every edit of EDITS that asks for something else, of one picture of each of `people` people of `split`.

    An edit whose truth shows no difference (`neutral` for a face at rest) is none and left out.
    """
    made = _rendered("edits", split, people, _render_edits, per_file=10)
    images, truth = (np.stack([resized(image, size) for image in made[name]]) for name in ("images", "truth"))
    row = np.searchsorted(made["person"], made["edited_person"])
    region = region_of(truth, images[row])
    seen = region.any(axis=(1, 2))
    return TrueEdits(images, made["labels"], made["known"], made["person"], made["age"], made["tone"],
                     row[seen], made["edit"][seen], truth[seen], region[seen])


def _rendered(what, split, people, render, per_file=50):
    depends = (SIZE, TURNED, AGES, TONES, GREY, FEELINGS, list(EDITS), PORTRAIT_ZOOM, PORTRAIT_LOWER)
    return renders.kept_people("edits", f"{what}-{split}", people_of(what, split, people), per_file, depends, render)


def _framed(image, landmarks, size=SIZE):
    return warp(image, portrait_matrix(landmarks, size), (size, size), cv2.BORDER_REFLECT)


def _render_expressions(seeds, tick):
    from dflib import cast

    rng, images, person = np.random.default_rng(seeds[0]), [], []
    for seed in seeds:
        shown = cast.sample_person(seed)
        for k, name in enumerate(EXPRESSIONS):
            shot = with_feeling(cast.sample_shot(seed + k * 1_000_003, yaw=TURNED), name, rng.uniform(.75, 1.1))
            frame = cast.render(shown, shot, size=SIZE)
            images.append(_framed(frame.image, frame.landmarks))
            person.append(seed)
        tick(1)
    return {"images": np.array(images), "person": np.array(person),
            "expression": np.tile(np.arange(len(EXPRESSIONS)), len(seeds))}


def mixed(person, rng) -> tuple:
    """(person, expression, label (12,)) with every domain drawn anew; nobody's age or skin is near where labels change."""
    from dflib.cast.people import variants

    female, old, dark = rng.random(3) < .5
    hair, feeling = rng.choice(HAIR), rng.choice(EXPRESSIONS)
    person = variants.with_age(variants.with_sex(person, female), rng.uniform(54, 78) if old else rng.uniform(20, 44))
    person = variants.with_tone(person, rng.uniform(.58, .95) if dark else rng.uniform(.05, .42))
    person, _ = with_edit(person, None, ("hair", hair.split()[0]))
    label = np.zeros(len(DOMAINS), np.float32)
    label[[INDEX["female"], INDEX["old"], INDEX["dark skin"]]] = female, old, dark
    label[[INDEX[hair], INDEX[feeling]]] = 1
    return person, str(feeling), label


def _render_mixed(seeds, tick):
    from dflib import cast

    rng, images, labels, known = np.random.default_rng(seeds[0]), [], [], []
    for seed in seeds:
        person, feeling, label = mixed(cast.sample_person(seed), rng)
        shot = with_feeling(cast.sample_shot(seed, yaw=TURNED), feeling, rng.uniform(.75, 1.1))
        frame = cast.render(person, shot, size=SIZE)
        images.append(_framed(frame.image, frame.landmarks))
        bald = person.hair.style == "bald"
        label[:len(HAIR)] *= not bald
        labels.append(label)
        known.append(np.arange(len(DOMAINS)) >= (len(HAIR) if bald else 0))
        tick(1)
    return {"images": np.array(images), "labels": np.array(labels), "known": np.array(known),
            "person": np.array(seeds)}


def _render_edits(seeds, tick):
    from dflib import cast

    columns = {name: [] for name in ("images", "labels", "known", "person", "age", "tone", "edited_person", "edit",
                                     "truth")}

    def add(**values):
        for name, value in values.items():
            columns[name].append(value)

    for seed in seeds:
        person, shot = cast.sample_person(seed), cast.sample_shot(seed, yaw=TURNED)
        frame = cast.render(person, shot, size=SIZE)
        labels, known = cast_labels({name: [value] for name, value in frame.attributes.items()})
        add(images=_framed(frame.image, frame.landmarks), labels=labels[0], known=known[0], person=seed, age=person.age,
            tone=person.tone)
        for number, edit in enumerate(EDITS):
            if changes(labels[0], known[0], edit):
                truth = cast.render(*with_edit(person, shot, edit), size=SIZE)
                add(edited_person=seed, edit=number, truth=_framed(truth.image, frame.landmarks))   # framed alike
        tick(1)
    return {name: np.array(values) for name, values in columns.items()}
