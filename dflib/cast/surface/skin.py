"""Skin as optical density: melanin, blood and paint laid over each other on the texture grid.

Reflectance is exp(-density), as for light that crosses an absorbing layer (Beer-Lambert), so pigments multiply and
no mixture leaves the range of real colours. The coefficients are chosen by eye.
"""
from typing import NamedTuple

import numba
import numpy as np

from dflib.cast import palette
from dflib.cast.geometry.mesh import smoothstep
from dflib.cast.people.person import Person
from dflib.cast.people.styles import hairline
from dflib.cast.surface.skinmaps import maps, surface

MELANIN = np.array([.42, .72, .95], np.float32)     # density of one unit of local melanin, and of blood
BLOOD = np.array([.10, .42, .36], np.float32)
LIP = np.array([.15, .50, .37], np.float32)         # of the red of the lips: darker blood under a thin skin
SCALP_COVER = {"bald": 0., "buzz": .80, "thin": .5, "coily": .90}   # how much a style darkens the scalp
OTHER_COVER = .92


def base_density(tone: float, blood: float, warmth: float) -> np.ndarray:
    """Optical density (3,) of the average skin: melanin saturating in the blue, eumelanin, blood."""
    return (np.array([.36, .61, .76]) + blood * np.array([.06, .30, .27])
            + np.array([.20, .47, .80 + .20 * warmth]) * (1 - np.exp(-3.0 * tone))
            + np.array([1.35, 1.52, 1.50]) * tone ** 2)


def base_colour(person: Person) -> np.ndarray:
    """(3,) float32 linear reflectance of the person's average skin."""
    skin = person.skin
    blood = .16 + .32 * skin.ruddiness * (1 - .4 * person.tone)
    return np.exp(-base_density(person.tone, blood, skin.warmth)).astype(np.float32)


class Pigment(NamedTuple):
    """What one person has of each: the arguments of the pixel loops below, all floats."""
    tone: float
    blush: float
    roughness: float
    tiredness: float
    freckles: float
    crease: float
    oiliness: float
    ageing: float
    lipstick: float
    eyeshadow: float
    lashes: float
    brows: float
    stubble: float
    full: float             # 1 for a full beard, and so on
    goatee: float
    moustache: float
    scalp: float            # cover of the scalp by hair
    shave: float            # of a bald head's remaining shadow


def skin_texture(person: Person) -> np.ndarray:
    """The person's skin on the texture grid: (rows', cols', 8) float32.

    Channels: linear albedo red, green, blue; specular strength; gloss exponent; height in cm; lips 0..1; haired
    scalp 0..1.
    """
    m, s, skin, beard, hair = maps(), surface(), person.skin, person.beard, person.hair
    bald = hair.style == "bald"
    pigment = Pigment(
        tone=person.tone, blush=skin.blush, roughness=skin.roughness, tiredness=skin.tiredness,
        freckles=skin.freckles, crease=skin.crease, oiliness=skin.oiliness, ageing=person.ageing,
        lipstick=person.makeup.lipstick, eyeshadow=person.makeup.eyeshadow,
        lashes=.80 if person.female else .60, brows=person.brows.density, stubble=beard.stubble,
        full=float(beard.style == "full"), goatee=float(beard.style == "goatee"),
        moustache=float(beard.style == "moustache"), scalp=SCALP_COVER.get(hair.style, OTHER_COVER),
        shave=hair.shave if bald else 0.)
    pigment = Pigment(*(float(value) for value in pigment))
    base = base_colour(person)
    scalp = _scalp(person, m, s)
    out = np.empty(s.x.shape + (8,), np.float32)
    density = np.empty(s.x.shape + (3,), np.float32)
    _lay_pigment(m, pigment, (-np.log(base)).astype(np.float32), MELANIN, BLOOD, LIP,
                 density)
    _add_moles(density, skin.moles, s)
    np.exp(-density, out=density)
    hair_colour = np.asarray(hair.colour, np.float32) * (1 - .5 * hair.grey) + .125 * hair.grey
    _paint(m, pigment, density, base, scalp, np.asarray(person.makeup.lip_colour, np.float32)
           * float(base @ palette.LUMINANCE / .38) ** .35, np.asarray(person.makeup.eyeshadow_colour, np.float32),
           np.asarray(person.brows.colour, np.float32), hair_colour.astype(np.float32), out)
    return out


def _scalp(person, m, s):
    """0..1 where hair grows, with a ragged edge at the hairline; thinning hair leaves the crown bare."""
    line = hairline(person.hair, person.seed, s.angle[:1], s.x)         # every row has the same angles
    scalp = smoothstep(s.y + .10 * m.fine + .07 * m.pores, line - .55, line + 1.15)
    if person.hair.style == "thin":
        scalp = scalp * (1 - .85 * smoothstep(s.y, 5.0, 7.5) * smoothstep(s.angle, 2.9, 1.9))
    return scalp.astype(np.float32)


def _add_moles(density, moles, s):
    for x, y, radius in moles:
        near = np.nonzero((abs(s.x - x) < 3 * radius) & (abs(s.y - y) < 3 * radius) & (s.front > 0))
        distance = ((s.x[near] - x) ** 2 + (s.y[near] - y) ** 2) / radius ** 2
        spot = 1.5 * np.clip(1.3 * np.exp(-distance), 0, 1) * s.front[near]
        density[near] += spot[:, None] * MELANIN


@numba.njit(cache=True, fastmath=True)
def _lay_pigment(m, p, base, melanin, blood, lip_pigment, density):
    """Fill density (rows', cols', 3): base skin, blood and melanin where they gather."""
    light = 1 - p.tone
    for r in range(density.shape[0]):
        for c in range(density.shape[1]):
            lip, upper = m.lip[r, c], m.upper_lip[r, c]
            wrinkle = m.wrinkle[r, c] * p.ageing
            lines = .06 * m.fine[r, c] + .05 * m.lip_lines[r, c]
            red = (m.blush[r, c] * (.20 + .55 * p.blush) * (.45 + .5 * light) + .035 * m.coarse[r, c]
                   + .035 * m.middle[r, c] + .03 * m.fine[r, c] + .35 * m.under_nose[r, c] + .30 * m.nose_wing[r, c]
                   + .25 * m.ear_root[r, c] + (.10 + .20 * p.tiredness) * m.socket[r, c] + .25 * wrinkle)
            lips = lip * ((.86 + .25 * p.blush) * (1 - .45 * p.tone) + 1.5 * lines + .16 * upper)
            brown = (.02 * (m.coarse[r, c] + m.middle[r, c] + m.fine[r, c])
                     + .03 * m.pores[r, c] * (.6 + p.roughness) + .10 * m.forehead[r, c] * (.4 + p.tone)
                     - .06 * m.blush[r, c] * p.tone + m.socket[r, c] * (.06 + .22 * p.tiredness) * (.6 + .7 * p.tone)
                     + .20 * m.crease[r, c] * p.crease + .12 * m.muzzle[r, c] * p.tone
                     + .62 * p.freckles * m.freckles[r, c] + .55 * wrinkle
                     + lip * (.05 + .10 * upper + (.10 + .25 * upper) * p.tone))
            if p.ageing > .5:
                brown += .45 * (p.ageing - .5) * m.age_spots[r, c]
            red = min(max(red, -.5), 2.5)
            for k in range(3):
                density[r, c, k] = base[k] + red * blood[k] + brown * melanin[k] + lips * lip_pigment[k]


@numba.njit(cache=True, fastmath=True)
def _paint(m, p, albedo, base, scalp, lipstick, eyeshadow, brow, hair, out):
    """Lay make-up, lines, brows, stubble, beard and scalp over albedo (rows', cols', 3); fill out (rows', cols', 8)."""
    slit, nostril, cut = (.66, .86, .86), (.74, .86, .88), (.24, .27, .31)
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            lip, pores, fine = m.lip[r, c], m.pores[r, c], m.fine[r, c]
            lines = .06 * fine + .05 * m.lip_lines[r, c]
            gloss = .85 * lip * p.lipstick
            shade = .5 * m.lid_shadow[r, c] * p.eyeshadow
            brows = min(max(.50 * m.brow[r, c] * p.brows * (1 + .3 * pores), 0.), .85)
            grown = m.beard[r, c] + m.moustache[r, c]
            stubble = min(max(p.stubble * grown * (.30 + .16 * pores + .04 * fine), 0.), .8)
            beard = max(p.full * max(m.beard[r, c], m.moustache[r, c]),
                        p.goatee * max(m.goatee[r, c], m.moustache[r, c]), p.moustache * m.moustache[r, c])
            cover = 0.
            if scalp[r, c] > 0:                     # a power is dear, and most of the face has none
                cover = min(max(scalp[r, c] ** 1.15 * p.scalp * (1 + .10 * pores), 0.), .95)
            shaved = min(max(.20 * p.shave * scalp[r, c] * (1 + .3 * pores), 0.), 1.)
            for k in range(3):
                a = albedo[r, c, k]
                a += gloss * (lipstick[k] * (1 - .14 * m.upper_lip[r, c] + lines) - a)
                a += shade * (1.5 * eyeshadow[k] * base[k] - a)
                a *= (1 - .75 * slit[k] * m.mouth_slit[r, c]) * (1 - nostril[k] * m.nostril[r, c])
                a *= 1 - p.lashes * m.lash_line[r, c]
                a += brows * (.8 * brow[k] + .06 * base[k] - a)
                a += stubble * (.45 * brow[k] + cut[k] * base[k] - a)
                a += .8 * beard * (.7 * brow[k] - a)
                a += cover * (.55 * hair[k] + .02 * base[k] - a)
                a += shaved * (.5 * hair[k] + .2 * base[k] - a)
                out[r, c, k] = min(max(a, .002), .95)
            haired = scalp[r, c] if p.scalp > 0 else 0.
            out[r, c, 3] = ((.17 + .20 * m.oily[r, c] * p.oiliness + .04 * fine) * (1 - .7 * beard)
                            * (1 - .6 * haired) + .34 * lip * (1 + 1.2 * p.lipstick))
            out[r, c, 4] = 16 + 40 * lip
            out[r, c, 5] = (.0070 * (.4 + p.roughness) * pores * (.6 + .6 * m.oily[r, c]) + .004 * fine
                            - .026 * p.ageing * m.wrinkle[r, c] + .006 * lip * m.lip_lines[r, c])
            out[r, c, 6] = lip
            out[r, c, 7] = haired
