"""What each visible pixel of the head is made of: skin, clothes, ears, lids, lips, teeth, tongue and eyes."""
import numba
import numpy as np

from dflib.cast.geometry.head import EAR, EYE, INNER_LIP, LID, MOUTH, SKIN, TEETH, head_model
from dflib.cast.geometry.mesh import smoothstep
from dflib.cast.geometry.raster import sample_texture
from dflib.cast.people.person import Clothes, Person
from dflib.cast.picture import mouth
from dflib.cast.picture.camera import View
from dflib.cast.picture.eyes import eye_surface
from dflib.cast.picture.pixels import Pixels
from dflib.cast.picture.shading import Surface
from dflib.cast.picture.slits import Margins
from dflib.cast.surface.skinmaps import TEXTURE_SCALE

NO_SKIN = np.float32(1e9)


def neckline(clothes: Clothes, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Height y (cm, template) of the edge of the clothes at template x, z."""
    height, dip, width = clothes.neckline
    return height - dip * np.exp(-(x / width) ** 2) * smoothstep(z, 0, 3)


def dress(surface: Surface, pixels: Pixels, person: Person, base: np.ndarray, texture: np.ndarray,
          expressive: np.ndarray, gaze: np.ndarray, view: View, bump: float) -> tuple:
    """Fill `surface` for Pixels; returns the skin's texture (P, 8) (zero elsewhere) and clothed (P,) bool.

    texture (h, w, 8): see skin.skin_texture; base (3,): the skin's mean reflectance; expressive (V, 3): the head before
    its rotation by the View; bump: pixels per cm, scaled down for small pictures.
    """
    material = pixels.material
    painted = sample_texture(texture, pixels.local, TEXTURE_SCALE, material == SKIN)
    skin = np.flatnonzero(material == SKIN)
    surface.albedo[:] = painted[:, :3]
    surface.specular[:], surface.sharpness[:] = painted[:, 3], painted[:, 4]
    surface.skin[:] = (material == SKIN) | (material == EAR) | (material == LID) | (material == INNER_LIP)
    _roughen(surface, pixels, skin, painted[:, 5], bump)
    clothed = _clothe(surface, pixels, skin, person.clothes)
    _ears(surface, pixels, base)
    _rims(surface, pixels, base)
    _mouth(surface, pixels, person, base, expressive, view)
    _eyes(surface, pixels, person, base, expressive, gaze, view.head)
    return painted, clothed


def _roughen(surface, pixels, skin, height, bump):
    """Tilt normals by the differences of the texture's height (P,) cm to the left and upper neighbour."""
    image = np.full(pixels.shape, NO_SKIN, np.float32)
    image.ravel()[pixels.index[skin]] = height[skin]
    _tilt(surface.normal, image, pixels.index, skin, np.float32(bump))


@numba.njit(cache=True, fastmath=True)
def _tilt(normals, height, index, skin, bump):
    width = height.shape[1]
    for p in skin:
        row, column = divmod(index[p], width)
        if row == 0 or column == 0:
            continue
        here, left, above = height[row, column], height[row, column - 1], height[row - 1, column]
        if left == NO_SKIN or above == NO_SKIN:
            continue
        x = normals[p, 0] - min(max((here - left) * bump, np.float32(-.3)), np.float32(.3))
        y = normals[p, 1] + min(max((here - above) * bump, np.float32(-.3)), np.float32(.3))
        z = normals[p, 2]
        inverse = 1 / np.sqrt(x * x + y * y + z * z)
        normals[p, 0], normals[p, 1], normals[p, 2] = x * inverse, y * inverse, z * inverse


def _clothe(surface, pixels, skin, clothes):
    """Cloth below the neckline; returns clothed (P,) bool."""
    clothed = np.zeros(len(pixels.index), bool)
    low = skin[pixels.template[skin, 1] <= clothes.neckline[0] + 0.2]
    x, y, z = pixels.template[low].T
    below = neckline(clothes, x, z) - y
    low, x, y, below = (a[below > 0.12] for a in (low, x, y, below))
    value = (1 + 0.05 * np.sin(x * 13) * np.sin(y * 13)) * (1 - 0.16 * np.exp(-((below - 0.55) / 0.35) ** 4))
    if clothes.stripe > 0:
        value = np.where(np.sin(y * clothes.stripe) < 0, value * 0.6, value)
    surface.albedo[low] = clothes.colour * value[:, None]
    surface.specular[low], surface.sharpness[low], surface.skin[low] = 0.02, 10, False
    clothed[low] = True
    return clothed


def _ears(surface, pixels, base):
    ear = np.flatnonzero(pixels.material == EAR)
    conch, rim = pixels.local[ear].T
    surface.albedo[ear] = (base * (1, 0.91, 0.89) * (1 - np.array([0.42, 0.52, 0.52]) * conch[:, None])
                           * (1 + 0.04 * rim[:, None]))
    surface.occlusion[ear] *= 1 - 0.45 * conch
    surface.specular[ear], surface.sharpness[ear], surface.thin[ear] = 0.22, 22, 0.30


def _rims(surface, pixels, base):
    """Edges of the lids (wet and pink above the lower lashes) and the inner side of the lips."""
    lid = np.flatnonzero(pixels.material == LID)
    facing_up = np.where(surface.normal[lid, 1] < 0.1, 0.5, 1.0)
    surface.albedo[lid] = base * (1, 0.78, 0.73) * facing_up[:, None]
    surface.specular[lid], surface.sharpness[lid] = 0.8 * facing_up, 60
    lip = np.flatnonzero(pixels.material == INNER_LIP)
    surface.albedo[lip] = base * (0.48, 0.224, 0.224) + (0.045, 0.012, 0.012)
    surface.specular[lip], surface.sharpness[lip] = 0.25, 40
    surface.occlusion[lip] = np.minimum(surface.occlusion[lip], 0.7)


def _mouth(surface, pixels, person, base, expressive, view):
    head = head_model()
    inside = np.flatnonzero((pixels.material == TEETH) | (pixels.material == MOUTH))
    if not len(inside):
        return
    margins = Margins.of(expressive, head.slits["mouth"])
    places = view.unturn(pixels.position[inside])
    is_tooth = pixels.material[inside] == TEETH
    is_lower = pixels.first_vertex[inside] >= head.parts["lower_teeth"].start
    for row, widths in ((is_tooth & ~is_lower, mouth.UPPER_WIDTHS), (is_tooth & is_lower, mouth.LOWER_WIDTHS)):
        look = mouth.teeth_surface(person, base, pixels.local[inside[row]], places[row], margins, widths)
        surface.set_mouth(inside[row], look, sharpness=45)
    soft = ~is_tooth
    look = mouth.soft_surface(pixels.local[inside[soft], 0] > 0.5, places[soft], margins)
    surface.set_mouth(inside[soft], look, sharpness=30)
    surface.lit[inside] *= np.where(is_tooth, 0.8, 0.5)


def _eyes(surface, pixels, person, base, expressive, gaze, head_rotation):
    head = head_model()
    for name, side in (("right_eye", -1), ("left_eye", 1)):
        part = head.parts[name]
        eye = np.flatnonzero((pixels.material == EYE) & (pixels.first_vertex >= part.start)
                             & (pixels.first_vertex < part.stop))
        if not len(eye):
            continue
        look = eye_surface(person, base, pixels.local[eye], pixels.interpolate(expressive, eye),
                           Margins.of(expressive, head.slits[name], side), gaze, surface.normal[eye], head_rotation)
        surface.albedo[eye], surface.occlusion[eye] = look.albedo, look.occlusion
        surface.lit[eye] = (0.55 * surface.lit[eye] + 0.45) * look.shadow
        surface.cornea[eye], surface.wet[eye] = look.cornea, look.gloss
