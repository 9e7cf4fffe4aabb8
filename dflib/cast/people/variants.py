"""Recipes for changing one thing about a person or a shot: true edits, and the same look on another head.

    with_hair_colour(person, "blond")       with_age(person, 70)        same_look(person, other)
    with_glasses(person)                    with_beard(person, "full")  with_smile(shot, .8)

Everything that is not named stays as it was, down to where each hair grows.
"""
from dataclasses import replace

import numpy as np

from dflib.cast import palette
from dflib.cast.geometry.head import head_model
from dflib.cast.people.person import BEARD_STYLES, OLDEST, YOUNGEST, Glasses
from dflib.cast.people.population import MAN, WOMAN, age_offsets, brow_colour, limits
from dflib.cast.people.shots import expression

PLAIN_GLASSES = Glasses(colour=np.full(3, .02, np.float32), roundness=.8, height=.95, thickness=.18)


def with_hair_colour(person, colour, grey=0.):
    """`colour` is a name in palette.HAIR or linear RGB (3,); brows follow. ValueError for an unknown name."""
    if isinstance(colour, str):
        if colour not in palette.HAIR:
            raise ValueError(f"unknown hair colour {colour!r}; choose from {', '.join(palette.HAIR)}.")
        colour = palette.linear(palette.HAIR[colour])
    colour = np.asarray(colour, np.float32)
    return replace(person, hair=replace(person.hair, colour=colour, grey=float(grey)),
                   brows=replace(person.brows, colour=brow_colour(colour, grey)))


def with_age(person, years):
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


def with_sex(person, female):
    """The person's brother or sister: shape, brows and lashes change; beard and make-up go; the hair stays."""
    if bool(female) == person.female:
        return person
    identity = person.identity + _offset(WOMAN if female else MAN) - _offset(MAN if female else WOMAN)
    return replace(
        person, female=bool(female), identity=np.clip(identity, *limits(female).T).astype(np.float32),
        brows=replace(person.brows, thickness=.82 if female else 1.12),
        eyes=replace(person.eyes, lashes=1.2 if female else .7), beard=replace(person.beard, style="", stubble=0.),
        makeup=replace(person.makeup, lipstick=0., eyeshadow=0.))


def with_tone(person, tone):
    """Lighter or darker skin on the same head, 0..1. ValueError outside."""
    if not 0 <= tone <= 1:
        raise ValueError(f"a tone must lie between 0 (lightest) and 1 (darkest), not {tone!r}.")
    return replace(person, tone=float(tone))


def with_glasses(person, glasses=PLAIN_GLASSES):
    """With these glasses, or without any for None."""
    return replace(person, glasses=glasses)


def with_beard(person, style, stubble=0.):
    """With the beard `style` ('' for none) and 0..0.9 of stubble. ValueError for an unknown style."""
    if style not in BEARD_STYLES:
        raise ValueError(f"unknown beard {style!r}; choose from {', '.join(map(repr, BEARD_STYLES))}.")
    return replace(person, beard=replace(person.beard, style=style, stubble=float(stubble)))


def same_look(person, other):
    """`person` with the hair, make-up, glasses and clothes of `other`, and the beard if both are men.

    What is left to tell them apart is the face itself. Where single hairs grow stays `person`'s own.
    """
    beard = other.beard if not person.female and not other.female else person.beard
    return replace(person, hair=other.hair, makeup=other.makeup, glasses=other.glasses, clothes=other.clothes,
                   beard=beard, brows=replace(person.brows, colour=other.brows.colour))


def with_expression(shot, **weights):
    """The shot with the named expressions set, the others kept; ValueError for an unknown name."""
    named, vector = expression(**weights), np.array(shot.expression, np.float32)
    for name in weights:
        k = head_model().expression_index[name]
        vector[k] = named[k]
    return replace(shot, expression=vector)


def with_smile(shot, strength):
    """The shot with a smile of 0 none .. 1 full, lips parting and cheeks rising as it grows."""
    return with_expression(shot, smile=strength, cheek_raise=.6 * strength, jaw_open=.1 * max(0., strength - .5),
                           lips_part=max(0., 1.3 * strength - .4), pucker=0., sad=0., frown=0., sneer=0.)


def _offset(offsets):
    """(K,) identity weights of offsets {mode: weight}."""
    vector = np.zeros(len(head_model().identity_names))
    for name, weight in offsets.items():
        vector[head_model().identity_index[name]] = weight
    return vector
