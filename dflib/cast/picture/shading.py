"""How the visible surface answers to light: diffuse light that bleeds through skin, two gloss lobes, wet eyes.

Light that enters skin leaves it nearby, red farthest: the diffuse light wraps around the terminator and its red and
green parts are blurred over the picture (after Jensen et al. 2001 and Penner & Borshukov 2011, simplified). Gloss is a
broad and a sharp Blinn lobe with Schlick's Fresnel term.
"""
from dataclasses import dataclass

import cv2
import numba
import numpy as np

from dflib.cast.palette import LUMINANCE
from dflib.cast.people.shots import Light
from dflib.cast.picture.camera import View
from dflib.cast.picture.pixels import Pixels

BLEED = (0.15, 0.06)                # cm that red and green light travel inside skin; blue hardly any


@dataclass
class Surface:
    """Material of P visible pixels, all float32; filled part by part."""
    normal: np.ndarray      # (P, 3) unit, in the world
    albedo: np.ndarray      # (P, 3) linear reflectance
    occlusion: np.ndarray   # (P,) 1 open .. 0 enclosed
    specular: np.ndarray    # (P,) strength of the gloss
    sharpness: np.ndarray   # (P,) exponent of the broad lobe
    lit: np.ndarray         # (P,) share of the key light that arrives
    skin: np.ndarray        # (P,) bool: light bleeds through
    cornea: np.ndarray      # (P, 3) unit normal that mirrors the lights
    wet: np.ndarray         # (P,) strength of that mirror, 0 except on the eyes
    thin: np.ndarray        # (P,) share of light that comes through from behind, 0 except on the ears

    @classmethod
    def blank(cls, normal: np.ndarray, occlusion: np.ndarray, lit: np.ndarray) -> "Surface":
        """A dull dark surface."""
        count = len(normal)
        return cls(normal, np.zeros((count, 3), np.float32), occlusion, np.zeros(count, np.float32),
                   np.full(count, 20, np.float32), lit, np.zeros(count, bool), normal.copy(),
                   np.zeros(count, np.float32), np.zeros(count, np.float32))

    def set_mouth(self, pixels: np.ndarray, look: tuple, sharpness: float) -> None:
        """Write look: albedo (N, 3), occlusion (N,), specular (N,) and the exponent of the gloss to pixels (N,)."""
        self.albedo[pixels], self.occlusion[pixels], self.specular[pixels] = look
        self.sharpness[pixels] = sharpness


def gloss_scale(base: np.ndarray) -> np.float32:
    """Gloss looks stronger on dark skin, so it is scaled by the skin's luminance; base (3,) reflectance."""
    return np.float32(1.05 * np.clip(float(base @ LUMINANCE) / 0.36, 0.05, 1) ** 0.42)


def light_arrays(light: Light) -> tuple:
    """Key direction (3,), key colour (3,), fill directions (L, 3), fill colours (L, 3), sky (3,), ground (3,)."""
    fills = [np.array([fill[part] for fill in light.fills], np.float32).reshape(-1, 3) for part in (0, 1)]
    key, colour, sky, ground = (np.asarray(value, np.float32)
                                for value in (light.direction, light.colour, light.sky, light.ground))
    return key, colour, *fills, sky, ground


def light_surface(surface: Surface, positions: np.ndarray, view: View, light: Light, base: np.ndarray) -> tuple:
    """Diffuse irradiance (P, 3) and mirrored light (P, 3) at positions (P, 3) in the world."""
    wet_gain = np.float32(0.4 + 0.6 * float(base @ LUMINANCE) / 0.35)
    return _light(positions, surface.normal, surface.cornea, surface.occlusion, surface.specular, surface.sharpness,
                  surface.lit, surface.skin, surface.wet, surface.thin, np.float32(view.distance), *light_arrays(light),
                  gloss_scale(base), wet_gain)


F32 = np.float32


@numba.njit(cache=True, fastmath=True)
def _light(positions, normals, corneas, occlusion, specular, sharpness, lit, skin, wet, thin, distance, key, key_colour,
           fills, fill_colours, sky, ground, gloss, wet_gain):
    count = positions.shape[0]
    diffuse = np.empty((count, 3), np.float32)
    mirrored = np.empty((count, 3), np.float32)
    wrap = (F32(.34), F32(.17), F32(.12))       # how far red, green, blue light reach around skin's terminator
    bounce = F32(.70)                           # exponent for red: light between folds of skin turns red
    penumbra = F32(.65)                         # exponent for red: so do the edges of shadows
    blood = (F32(1), F32(.22), F32(.12))        # what is left of light behind an ear
    one, zero = F32(1), F32(0)
    for p in range(count):
        nx, ny, nz = normals[p, 0], normals[p, 1], normals[p, 2]
        vx, vy, vz = -positions[p, 0], -positions[p, 1], distance - positions[p, 2]
        inverse = one / np.sqrt(vx * vx + vy * vy + vz * vz)
        vx, vy, vz = vx * inverse, vy * inverse, vz * inverse
        open_, strength, power, is_skin, arriving = max(occlusion[p], zero), specular[p], sharpness[p], skin[p], lit[p]
        up = ny * F32(.5) + F32(.5)
        rim = one - min(one, max(zero, nx * vx + ny * vy + nz * vz))
        rim = rim * rim * rim * rim * strength * open_ * F32(.30)
        for c in range(3):
            ambient = sky[c] * up + ground[c] * (one - up)
            diffuse[p, c] = ambient * (open_ ** bounce if is_skin and c == 0 else open_)
            mirrored[p, c] = rim * ambient
        for q in range(-1, fills.shape[0]):
            towards, colour = (key, key_colour) if q < 0 else (fills[q], fill_colours[q])
            lx, ly, lz = towards[0], towards[1], towards[2]
            nl = nx * lx + ny * ly + nz * lz
            spot = zero
            if nl > 0 and strength > 0 or wet[p] > 0:
                hx, hy, hz = vx + lx, vy + ly, vz + lz
                inverse = one / np.sqrt(hx * hx + hy * hy + hz * hz + F32(1e-9))
                hx, hy, hz = hx * inverse, hy * inverse, hz * inverse
                if nl > 0 and strength > 0:
                    nh = max(zero, nx * hx + ny * hy + nz * hz)
                    away = one - max(zero, vx * hx + vy * hy + vz * hz)
                    fresnel = F32(.03) + F32(.97) * away * away * away * away * away
                    if nh > F32(.6):                            # the exponents leave nothing below
                        sharp = nh
                        for _ in range(8):                      # nh to the power of 256
                            sharp *= sharp
                        lobes = (power + F32(2)) * F32(.1) * nh ** power + F32(1.1) * sharp
                        spot = fresnel * lobes * strength * gloss * nl
                if wet[p] > 0:
                    eh = corneas[p, 0] * hx + corneas[p, 1] * hy + corneas[p, 2] * hz
                    t = min(max((eh - F32(.990)) / F32(.006), zero), one)
                    spot += wet[p] * t * t * (F32(3) - F32(2) * t) * (F32(.60) if q < 0 else F32(.18)) * wet_gain
            through = thin[p] * max(zero, F32(.25) - nl)
            for c in range(3):
                diffuse[p, c] += through * colour[c] * blood[c]
                if q < 0:
                    reach = wrap[c] if is_skin else F32(.08)
                    shade = arriving ** penumbra if is_skin and c == 0 and 0 < arriving < 1 else arriving
                    diffuse[p, c] += colour[c] * max(zero, (nl + reach) / (one + reach)) * shade
                    mirrored[p, c] += spot * colour[c] * arriving * F32(2)
                else:
                    diffuse[p, c] += colour[c] * max(zero, nl * F32(.75) + F32(.25)) * open_
                    mirrored[p, c] += spot * colour[c] * open_ * F32(1.5)
    return diffuse, mirrored


def bleed(diffuse: np.ndarray, pixels: Pixels, skin: np.ndarray, shape: tuple, pixels_per_cm: float) -> None:
    """Spread red and green light of skin pixels over their neighbours; changes diffuse (P, 3) in place.

    pixels (P,): flat indices into the raster of `shape`; skin (P,) bool.
    """
    skin = np.flatnonzero(skin)
    where = pixels[skin]
    weight = np.zeros(shape, np.float32)
    weight.ravel()[where] = 1
    for channel, reach in enumerate(BLEED):
        sigma = reach * pixels_per_cm
        if sigma <= 0.4:
            continue
        image = np.zeros(shape, np.float32)
        image.ravel()[where] = diffuse[skin, channel]
        blurred = cv2.GaussianBlur(image, (0, 0), sigma) / (cv2.GaussianBlur(weight, (0, 0), sigma) + 1e-4)
        diffuse[skin, channel] = blurred.ravel()[where]
