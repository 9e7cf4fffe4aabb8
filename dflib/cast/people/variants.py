"""Recipes for changing one thing about a person or a shot: true edits, and the same look on another head.

    with_hair_colour(person, "blond")       with_age(person, 70)        same_look(person, other)
    with_glasses(person)                    with_beard(person, "full")  with_smile(shot, .8)

Everything that is not named stays as it was, down to where each hair grows.
"""
from dataclasses import replace

import numpy as np

from dflib.cast import palette
from dflib.cast.geometry.head import head_model
from dflib.cast.people.person import BEARD_STYLES, OLDEST, YOUNGEST, Glasses, Person
from dflib.cast.people.population import MAN, WOMAN, age_offsets, brow_colour, limits
from dflib.cast.people.shots import Shot, expression

GREY = dict(grey=.7, white=.95)     # share of grey hairs by which `palette.hair_colour_name` calls hair so
# What of a head is the face itself: the modes that stay inside the mask, however turned; jaw, cheeks and skull are not.
FACE_MODES = (
    "nose_len", "nose_prot", "nose_width", "bridge_h", "bridge_w", "nose_hump", "nose_tip_up", "nose_bulb", "alae_flare", "tip_w",
    "eye_spacing", "eye_open", "eye_width", "canthal_tilt", "eye_height", "lid_hood", "eye_depth", "epicanthus", "brow_height",
    "brow_arch", "eyebag", "lid_crease", "lid_fill", "brow_ridge", "flat_mid", "mouth_width", "lip_upper", "lip_lower", "mouth_y",
    "lip_prot", "mouth_corner", "cupid", "nasolabial", "asym_nose", "asym_eye", "asym_mouth")

PLAIN_GLASSES = Glasses(colour=np.full(3, .02, np.float32), roundness=.8, height=.95, thickness=.18)


def with_hair_colour(person: Person, colour: "str | np.ndarray", grey: float = 0.) -> Person:
    """`colour` is a name in palette.HAIR, "grey", "white" or linear RGB (3,), of which a share `grey` has turned grey.

    "grey" and "white" keep the pigment of the hairs that have not. Brows follow. ValueError for an unknown name.
    """
    if isinstance(colour, str):
        if colour not in (*palette.HAIR, *GREY):
            raise ValueError(f"unknown hair colour {colour!r}; choose from {', '.join((*palette.HAIR, *GREY))}.")
        grey = max(grey, GREY.get(colour, 0.))
        colour = person.hair.colour if colour in GREY else palette.linear(palette.HAIR[colour])
    colour = np.asarray(colour, np.float32)
    return replace(person, hair=replace(person.hair, colour=colour, grey=float(grey)),
                   brows=replace(person.brows, colour=brow_colour(colour, grey)))


def with_age(person: Person, years: float) -> Person:
    """The person at another age: shape, skin, grey hair and a man's hairline. ValueError outside 18..80."""
    if not YOUNGEST <= years <= OLDEST:
        raise ValueError(f"an age must lie between {YOUNGEST:.0f} and {OLDEST:.0f} years, not {years!r}.")
    before, after = ((age - YOUNGEST) / (OLDEST - YOUNGEST) for age in (person.age, years))
    identity = person.identity + _offset(age_offsets(after)) - _offset(age_offsets(before))
    bounds = limits(person.female)
    grey = np.clip(person.hair.grey + 1.7 * (max(after - .5, 0) - max(before - .5, 0)), 0, .97)
    recession = 0. if person.female else max(0., person.hair.recession + 1.3 * (after - before))
    aged = replace(
        person, age=float(years), identity=np.clip(identity, *bounds.T).astype(np.float32),
        skin=replace(person.skin, tiredness=float(np.clip(person.skin.tiredness + .5 * (after - before), 0, 1))),
        hair=replace(person.hair, recession=recession))
    return with_hair_colour(aged, person.hair.colour, float(grey))


def with_sex(person: Person, female: bool) -> Person:
    """The person's brother or sister: shape, brows and lashes change; beard and make-up go; the hair stays."""
    if bool(female) == person.female:
        return person
    identity = person.identity + _offset(WOMAN if female else MAN) - _offset(MAN if female else WOMAN)
    return replace(
        person, female=bool(female), identity=np.clip(identity, *limits(female).T).astype(np.float32),
        brows=replace(person.brows, thickness=.82 if female else 1.12),
        eyes=replace(person.eyes, lashes=1.2 if female else .7), beard=replace(person.beard, style="", stubble=0.),
        makeup=replace(person.makeup, lipstick=0., eyeshadow=0.))


def with_tone(person: Person, tone: float) -> Person:
    """Lighter or darker skin on the same head, 0..1. ValueError outside."""
    if not 0 <= tone <= 1:
        raise ValueError(f"a tone must lie between 0 (lightest) and 1 (darkest), not {tone!r}.")
    return replace(person, tone=float(tone))


def with_glasses(person: Person, glasses: "Glasses | None" = PLAIN_GLASSES) -> Person:
    """With these glasses, or without any for None."""
    return replace(person, glasses=glasses)


def with_beard(person: Person, style: str, stubble: float = 0.) -> Person:
    """With the beard `style` ('' for none) and 0..0.9 of stubble. ValueError for an unknown style."""
    if style not in BEARD_STYLES:
        raise ValueError(f"unknown beard {style!r}; choose from {', '.join(map(repr, BEARD_STYLES))}.")
    return replace(person, beard=replace(person.beard, style=style, stubble=float(stubble)))


def same_look(person: Person, other: Person) -> Person:
    """`person` with the hair, make-up, glasses and clothes of `other`, and the beard if both are men.

    What is left to tell them apart is the face itself. Where single hairs grow stays `person`'s own.
    """
    beard = other.beard if not person.female and not other.female else person.beard
    return replace(person, hair=other.hair, makeup=other.makeup, glasses=other.glasses, clothes=other.clothes,
                   beard=beard, brows=replace(person.brows, colour=other.brows.colour))


def with_face(target: Person, source: Person) -> Person:
    """What a perfect face swap shows: `target` with the face of `source`, and with their own head and complexion.

    The source's are nose, eyes, brows and mouth in shape and colour, teeth, lashes, beard, make-up, moles and lid folds; the
    target's are skull, jaw, cheeks, ears and neck, tone and kind of skin, age, hair, clothes and glasses.
    """
    identity = target.identity.copy()
    own = [head_model().identity_index[name] for name in FACE_MODES]
    identity[own] = source.identity[own]
    return with_texture(replace(target, identity=identity), source)


def with_texture(target: Person, source: Person) -> Person:
    """`with_face` on the target's own shape: the best that can be reached by painting the target's head anew."""
    skin = replace(target.skin, moles=source.skin.moles, crease=source.skin.crease)
    return replace(target, female=source.female, skin=skin, makeup=source.makeup, eyes=source.eyes, beard=source.beard,
                   teeth=source.teeth, brows=replace(source.brows, seed=_brow_seed(source)))


def with_complexion(person: Person, other: Person) -> Person:
    """`person` with tone, age and all that is the skin's of `other`, but for moles and lid folds."""
    skin = replace(other.skin, moles=person.skin.moles, crease=person.skin.crease)
    return replace(person, tone=other.tone, age=other.age, skin=skin)


def _brow_seed(person):
    return person.seed if person.brows.seed is None else person.brows.seed


def with_expression(shot: Shot, **weights: float) -> Shot:
    """The shot with the named expressions set, the others kept; ValueError for an unknown name."""
    named, vector = expression(**weights), np.array(shot.expression, np.float32)
    for name in weights:
        k = head_model().expression_index[name]
        vector[k] = named[k]
    return replace(shot, expression=vector)


def with_smile(shot: Shot, strength: float) -> Shot:
    """The shot with a smile of 0 none .. 1 full, lips parting and cheeks rising as it grows."""
    return with_expression(shot, smile=strength, cheek_raise=.6 * strength, jaw_open=.1 * max(0., strength - .5),
                           lips_part=max(0., 1.3 * strength - .4), pucker=0., sad=0., frown=0., sneer=0.)


def _offset(offsets):
    """(K,) identity weights of offsets {mode: weight}."""
    vector = np.zeros(len(head_model().identity_names))
    for name, weight in offsets.items():
        vector[head_model().identity_index[name]] = weight
    return vector
