"""The population: how often each kind of person occurs, and `sample_person`.

Identity weights are drawn with sigma 0.55 around nothing, moved by group offsets (sex, age, continuous axes that
depend only loosely on the tone of the skin) and softly limited, mode by mode, against deformities. All groups
overlap broadly. Nothing here is measured on real people: it is a plausible crowd, not a census.
"""
from typing import NamedTuple

import numpy as np

from dflib.cast import palette
from dflib.cast.geometry.head import head_model
from dflib.cast.geometry.mesh import smoothstep
from dflib.cast.people.person import OLDEST, YOUNGEST, Beard, Brows, Clothes, Eyes, Glasses, Hair, Makeup, Person, Skin
from dflib.cast.streams import stream

SIGMA = 0.55
LOPSIDED = 0.5          # share of the usual spread that the asymmetric modes get: more looks like a smirk
# Offsets of identity modes, added to a sampled identity.
WOMAN = dict(brow_ridge=-.7, jaw_width=-.75, chin_width=-.65, chin_len=-.55, gonion=-.7, neck_width=-1.25,
             nose_width=-.45, nose_len=-.45, nose_tip_up=.35, lip_upper=.45, lip_lower=.35, eye_open=.5,
             eye_width=.35, brow_height=.35, brow_arch=.85, cheek_full=.25, cheekbone=.25, face_len=-.35,
             forehead_slope=-.5, head_width=-.25, mouth_corner=.2, bridge_w=-.4, nose_prot=-.2, submental=-.3,
             ear_size=-.4)
MAN = dict(brow_ridge=.9, jaw_width=.65, chin_width=.6, chin_len=.55, gonion=.6, neck_width=1.3, nose_width=.3,
           nose_len=.3, bridge_w=.3, lip_upper=-.4, lip_lower=-.2, eye_open=-.3, brow_height=-.5, brow_arch=.3,
           face_len=.45, forehead_slope=.35, head_width=.1, chin_prot=.35, round=-.35, cheek_full=-.25, nose_prot=.25,
           mouth_width=.2)
YOUNG = dict(cheek_full=.3, round=.3, chin_len=-.3, face_len=-.25, eye_open=.3, lip_upper=.2, lip_lower=.2,
             nasolabial=-.5, nose_len=-.25, brow_ridge=-.3, jowl=-.2, eyebag=-.3, neck_width=-.2)
OLD = dict(nasolabial=1.4, lid_hood=1.0, ear_size=.9, nose_len=.45, submental=1.0, lip_upper=-.7, lip_lower=-.5,
           jowl=1.4, eyebag=1.3, eye_open=-.4, temple=-.7, cheek_full=-.5, nose_bulb=.4, brow_height=-.3,
           mouth_corner=.25)
AXES = dict(
    fold=dict(epicanthus=1.5, lid_fill=1.1, lid_crease=-1.2, bridge_h=-.5, canthal_tilt=.45, eye_depth=-.6,
              flat_mid=.45),
    flat_nose=dict(bridge_h=-.8, nose_prot=-.5, nose_hump=-.5, bridge_w=.3),
    broad_nose=dict(nose_width=1.0, alae_flare=.5, tip_w=.8, nose_bulb=.3),
    full_lips=dict(lip_upper=1.2, lip_lower=1.0, lip_prot=.7, cupid=.3),
    high_bridge=dict(bridge_h=.8, nose_hump=.6, nose_prot=.5, eye_depth=.4),
    cheeky=dict(cheekbone=.9, round=.4))
LIMITS = dict(
    chin_len=(-1.3, 1.1), face_len=(-1.3, 1.1), jaw_width=(-1.5, 1.4), epicanthus=(-.4, 2.2), lid_hood=(-1, 1.7),
    eye_open=(-.8, 1.5), brow_height=(-1., 1.3), mouth_y=(-1, 1.1), mouth_corner=(-.7, 1.3), brow_ridge=(-1.6, 1.6),
    nose_len=(-1.3, 1.4), nose_prot=(-1.4, 1.3), eye_spacing=(-1., 1.2), nasolabial=(-.6, 1.6),
    submental=(-.6, 1.3), gonion=(-1.2, 1.2), lip_upper=(-1.1, 2.), lip_lower=(-1., 2.), brow_arch=(-1., 1.1),
    cheek_full=(-1., 1.15), round=(-1.2, 1.2), neck_width=(-2., 1.6), nose_hump=(-1, 1.3), chin_prot=(-1.2, 1.2),
    ear_out=(-1., 1.6), temple=(-1.2, 1.5), flat_mid=(-1, 1.), lid_fill=(-.8, 1.7), lid_crease=(-1.8, 1.2),
    nose_tip_up=(-1.2, 1.4), alae_flare=(-1, 1.2), eye_width=(-1, 1.2), mouth_width=(-1.2, 1.3))
OTHER_LIMITS = (-1.4, 1.5)
# Without these a strong-jawed woman with short hair, or a soft-browed man, is read as the other sex.
SEX_LIMITS = {
    True: dict(brow_ridge=(-1.6, .15), jaw_width=(-1.5, .1), chin_width=(-1.4, .2), gonion=(-1.2, .2),
               neck_width=(-2., -.6), chin_len=(-1.3, .4), brow_height=(-.3, 1.3)),
    False: dict(brow_ridge=(-.1, 1.6), jaw_width=(-.5, 1.4), chin_width=(-.4, 1.5), gonion=(-.4, 1.2),
                neck_width=(.2, 1.8), lip_upper=(-1.1, 1.2), brow_height=(-1., .7), eye_open=(-.8, .9))}


class Axes(NamedTuple):
    """Strength of each of AXES, about -0.5..1.3; lids, nose, lips and cheeks vary within every tone of skin."""
    fold: float
    flat_nose: float
    broad_nose: float
    full_lips: float
    high_bridge: float
    cheeky: float


def sample_person(seed: int) -> Person:
    """The Person of this seed, the same on every machine. ValueError for a seed that is no whole number of 0 or more."""
    rng = stream(seed, "person")
    female = bool(rng.random() < .5)
    years = rng.beta(1.25, 2.0)                     # 0 youngest .. 1 oldest
    tone = float(.03 + .97 * rng.beta(1., 1.05))
    axes = _axes(stream(seed, "axes"), tone)
    dark_hair = tone > .47 + .05 * rng.normal() or axes.fold > .45
    darkish_hair = tone > .33 + .05 * rng.normal()
    eyes = _eyes(stream(seed, "eyes"), female, dark_hair, darkish_hair)
    hair = _hair(stream(seed, "hair"), female, years, tone, axes, dark_hair, darkish_hair)
    teeth = np.array([.74, .70, .60]) * stream(seed, "teeth").uniform(.85, 1.05)
    return Person(
        seed=int(seed), female=female, age=float(YOUNGEST + (OLDEST - YOUNGEST) * years), tone=tone,
        identity=_identity(stream(seed, "identity"), female, years, axes),
        skin=_skin(stream(seed, "skin"), years, tone), makeup=_makeup(stream(seed, "makeup"), female, hair.style),
        hair=hair, brows=_brows(stream(seed, "brows"), female, hair), eyes=eyes,
        beard=_beard(stream(seed, "beard"), female), clothes=_clothes(stream(seed, "clothes")),
        glasses=_glasses(stream(seed, "glasses"), years),
        teeth=(teeth * [1, 1 - .03 * years, 1 - .12 * years]).astype(np.float32))


def age_offsets(years: float) -> dict:
    """Offsets {mode: weight} of an age given as 0 youngest .. 1 oldest."""
    young, old = np.clip(1 - 2.6 * years, 0, 1), np.clip((years - .36) * 1.9, 0, 1.15)
    return {name: young * YOUNG.get(name, 0) + old * OLD.get(name, 0) for name in {**YOUNG, **OLD}}


def limits(female: bool) -> np.ndarray:
    """(K, 2) lower and upper limit of every identity weight for a woman or a man."""
    table = {**LIMITS, **SEX_LIMITS[bool(female)]}
    return np.array([table.get(name, OTHER_LIMITS) for name in head_model().identity_names])


def _axes(rng, tone):
    u = rng.normal(size=6)
    fold = 1.25 / (1 + np.exp(-(1.6 * u[0] - .6 - 5.5 * abs(tone - .30))))
    fold = 0. if fold < .22 else fold
    dark, middle = smoothstep(tone, .45, .85), np.exp(-((tone - .45) / .2) ** 2)
    return Axes(
        fold=float(fold),
        flat_nose=float(np.clip(.35 * u[1] + .55 * fold + .5 * smoothstep(tone, .5, .85), -.3, 1.)),
        broad_nose=float(np.clip(.35 * u[2] + .95 * dark + .15 * fold, -.5, 1.35)),
        full_lips=float(np.clip(.4 * u[3] + .85 * smoothstep(tone, .4, .85), -.5, 1.3)),
        high_bridge=float(np.clip((.45 * u[4] + .55 * middle + .2 * (tone < .3)) * (1 - fold), -.3, 1.1)),
        cheeky=float(np.clip(.4 * u[5] + .5 * fold, -.4, 1.)))


def _identity(rng, female, years, axes):
    """(K,) float32 weights: own variation, group offsets, soft limits."""
    model = head_model()
    weights = np.clip(rng.normal(size=len(model.identity_names)), -1.9, 1.9) * SIGMA
    weights[[name.startswith("asym") for name in model.identity_names]] *= LOPSIDED
    sex = np.clip(.95 + .25 * rng.normal(), .5, 1.4)

    def add(offsets, strength):
        for name, offset in offsets.items():
            weights[model.identity_index[name]] += offset * strength
    add(WOMAN if female else MAN, sex)
    add(age_offsets(years), 1.)
    for name, strength in axes._asdict().items():
        add(AXES[name], strength)
    return soft_limit(weights, limits(female)).astype(np.float32)


def soft_limit(weights: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Weights (K,) squeezed smoothly into bounds (K, 2): a little livelier in the middle, never beyond."""
    middle, half = bounds.mean(1), (bounds[:, 1] - bounds[:, 0]) / 2
    return middle + half * np.tanh(1.3 * (weights - middle) / half)


def _skin(rng, years, tone):
    moles = tuple((rng.uniform(-5, 5), rng.uniform(-9, 5), rng.uniform(.07, .13)) for _ in range(rng.integers(0, 3)))
    freckled = rng.random() < .25 and tone < .4
    freckles = rng.uniform(.3, .9)
    return Skin(ruddiness=rng.random(), warmth=rng.normal() * .6, blush=rng.random(), roughness=rng.random(),
                tiredness=float(np.clip(.15 + .5 * years + .22 * rng.normal(), 0, 1)),
                freckles=freckles if freckled else 0., moles=moles, crease=rng.uniform(.3, 1),
                oiliness=rng.uniform(.3, 1.1))


def _makeup(rng, female, style):
    short = style in ("crop", "coily", "buzz", "bald", "curly")     # short hair goes with make-up a little more often
    wears = rng.random(2) < (.7 if short else .5)
    strengths = rng.uniform(.25, .85, 2)
    lips = list(palette.LIPSTICKS.values())[rng.integers(len(palette.LIPSTICKS))]
    shadow = [(.5, .4, .42), (.35, .3, .3), (.6, .42, .38), (.35, .4, .5)][rng.integers(4)]
    return Makeup(lipstick=strengths[0] if female and wears[0] else 0., lip_colour=palette.linear(lips),
                  eyeshadow=strengths[1] if female and wears[1] else 0.,
                  eyeshadow_colour=np.array(shadow, np.float32))


def _style_weights(female, years, tone, fold):
    """Shares {style: weight}: tight curls grow commoner with darker skin, thinning hair with a man's age."""
    curly = float(smoothstep(tone, .5, .78)) * (fold < .5)
    straight = 1 - .8 * curly
    if female:
        return dict(bob=.12 * (1 - .5 * curly), side_bob=.06 * straight, long=.15 * straight,
                    wavy=.16 * (1 - .5 * curly), bun=.10, pony=.10, fringe=.10 * straight, pixie=.05 * straight,
                    long_curly=.06 + .16 * curly,
                    part=.04 * straight, afro=.26 * curly, braids=.14 * curly, locs=.07 * curly, coily=.07 * curly,
                    curly=.04, crop=.02 * (1 - curly))
    return dict(buzz=.13 + .12 * curly, crop=.22 * (1 - .7 * curly), part=.17 * straight,
                slick=.08 * (1 - .6 * curly), rough=.10 * straight, quiff=.12 * straight, curly=.07 + .05 * curly,
                undercut=.05 * straight, afro=.10 * curly, locs=.07 * curly, coily=.38 * curly,
                bald=.03 + .05 * curly + .10 * years, thin=.28 * (years > .6), long=.01, wavy=.01)


def _hair_colour(rng, dark_hair, darkish_hair):
    if dark_hair:
        shares = dict(black=.62, dark_brown=.38)
    elif darkish_hair:
        shares = dict(black=.12, dark_brown=.28, brown=.32, light_brown=.17, blond=.07, red=.04)
    else:
        shares = dict(black=.05, dark_brown=.18, brown=.25, light_brown=.20, blond=.17, pale_blond=.08, red=.07)
    name = rng.choice(list(shares), p=list(shares.values()))
    return np.clip(palette.linear(palette.HAIR[name]) * np.clip(1 + .15 * rng.normal(), .6, 1.4), .004, .8)


def _hair(rng, female, years, tone, axes, dark_hair, darkish_hair):
    shares = _style_weights(female, years, tone, axes.fold)
    p = np.array(list(shares.values()))
    style = str(rng.choice(list(shares), p=p / p.sum()))
    colour = _hair_colour(rng, dark_hair, darkish_hair).astype(np.float32)
    greying = np.clip((years - .45) * 2.6 * rng.uniform(.3, 1.3), 0, .97)
    dyed = rng.random() < (.35 if female else .06)
    return Hair(
        style=style, colour=colour, grey=0. if dyed else float(greying), length=rng.uniform(.85, 1.2),
        clump=rng.uniform(.45, 1), mess=rng.uniform(0, .5) ** 1.3, fade=rng.uniform(.35, .8),
        peak=max(0., rng.normal() * .6), recession=0. if female else max(0., .25 * rng.normal() + years * 1.3 - .35),
        hairline=.35 * rng.normal() - (.25 if female else 0), volume=rng.uniform(.6, 1.25),
        sweep=float(rng.choice([-1, 1])) * rng.uniform(.3, 1), fringe=rng.uniform(-.5, .5), bob=rng.random(),
        parting=float(rng.choice([0, 2.2, -2.2, 3.0, -3.0])) + .3 * rng.normal(), curl=rng.uniform(.5, 1.2),
        bun_height=rng.uniform(0, 62), shave=rng.random(), shine=rng.uniform(.5, 1.2), density=1.)


def brow_colour(hair_colour: np.ndarray, grey: float) -> np.ndarray:
    """Brows follow the hair, never lighter than light brown, and grey more slowly."""
    plain = np.minimum(np.asarray(hair_colour) * .85, palette.linear((112, 80, 56)))
    return ((1 - .6 * grey) * plain + .6 * grey * palette.linear((120, 117, 113))).astype(np.float32)


def _brows(rng, female, hair):
    return Brows(colour=brow_colour(hair.colour, hair.grey), density=rng.uniform(.7, 1.25) * (.9 if female else 1.1),
                 thickness=rng.uniform(.65, 1.0) if female else rng.uniform(.9, 1.35))


def _eyes(rng, female, dark_hair, darkish_hair):
    if dark_hair:
        shares = dict(dark_brown=.75, brown=.25)
    elif darkish_hair:
        shares = dict(dark_brown=.4, brown=.35, hazel=.17, green=.08)
    else:
        shares = dict.fromkeys(palette.EYES, 1 / len(palette.EYES))
    name = rng.choice(list(shares), p=list(shares.values()))
    colour = palette.linear(palette.EYES[name]) * np.clip(1 + .15 * rng.normal(), .6, 1.4)
    return Eyes(colour=colour.astype(np.float32), pupil=rng.uniform(.16, .26),
                lashes=rng.uniform(.9, 1.5) if female else rng.uniform(.5, .9))


def _beard(rng, female):
    stubbled, stubble, length = rng.random() < .6, rng.uniform(.2, .9), rng.uniform(.35, 1.2)
    style = str(rng.choice(["", "full", "goatee", "moustache"], p=[.68, .17, .1, .05]))
    if female:
        return Beard(style="", stubble=0., length=length)
    return Beard(style=style, stubble=stubble if stubbled else .12 * stubble, length=length)


def _clothes(rng):
    cut = rng.choice(["round", "deep", "scoop", "high"], p=[.45, .25, .20, .10])
    height, dip, width = dict(round=(-14.3, rng.uniform(.8, 1.5), rng.uniform(2.5, 4.5)),
                              deep=(-14.2, rng.uniform(3.2, 4.4), rng.uniform(2., 2.8)),
                              scoop=(-15.1, rng.uniform(1.2, 2.2), rng.uniform(3.5, 4.5)),
                              high=(-13.0, .1, 3.))[cut]
    hue, saturation, value = rng.random(), np.clip(rng.beta(1.2, 2.6), 0, .75), rng.uniform(.12, .92)
    if rng.random() < .3:                           # black, grey, white
        saturation *= .15
    striped, stripe = rng.random() < .2, rng.uniform(2, 6)
    colour = np.clip(palette.from_hsv(hue, saturation, value), .008, .75).astype(np.float32)
    return Clothes(neckline=(height + rng.uniform(-.4, .3), dip, width), colour=colour,
                   stripe=stripe if striped else 0.)


def _glasses(rng, years):
    if rng.random() > .08 + .12 * years:
        return None
    colour = np.full(3, .02) if rng.random() < .6 else rng.uniform(.05, .5) * np.array([1, .8, .5])
    return Glasses(colour=colour.astype(np.float32), roundness=float(rng.choice([.55, .8, 1.0])),
                   height=rng.uniform(.8, 1.05), thickness=rng.uniform(.12, .3))
