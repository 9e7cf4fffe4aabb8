"""Inside of the mouth: two rows of teeth with gaps and gums, the tongue and the dark behind them."""
import numpy as np

from dflib.cast.geometry.mesh import smoothstep
from dflib.cast.palette import LUMINANCE
from dflib.cast.people.person import Person
from dflib.cast.picture.slits import Margins

UPPER_WIDTHS = np.array([0.86, 0.66, 0.76, 0.70, 0.66, 0.66])      # cm, from the middle outwards
LOWER_WIDTHS = np.array([0.56, 0.60, 0.70, 0.68, 0.66, 0.66])
GUM = np.array([0.36, 0.13, 0.125])
TONGUE = np.array([0.44, 0.15, 0.125])
DARK = np.array([0.07, 0.018, 0.016])


def teeth_surface(person: Person, base: np.ndarray, local: np.ndarray, places: np.ndarray, margins: Margins,
                  widths: np.ndarray) -> tuple:
    """Albedo (P, 3), occlusion (P,) and specular strength (P,) of one row of teeth.

    local (P, 2): cm from the middle, and height 0 at the root .. 1 at the biting edge; places (P, 3): in the head's
    frame, and the Margins of the lips, which shade them; widths: of the row's teeth; base (3,): the skin's mean
    reflectance, to which the brightness of the teeth is tied.
    """
    from_middle, v = np.abs(local[:, 0]), local[:, 1]
    edges = np.concatenate([[0], np.cumsum(widths)])
    tooth = np.clip(np.searchsorted(edges, from_middle, side="right") - 1, 0, len(widths) - 1)
    u = (from_middle - edges[tooth]) / widths[tooth]
    middle = 1 - 4 * (u - 0.5) ** 2
    to_side = np.minimum(u, 1 - u) * widths[tooth]
    corner = np.maximum(0, 0.10 - to_side) / 0.10 * smoothstep(v, 0.55, 1.0)      # biting corners are rounded
    gap = np.exp(-(to_side / (0.028 + 0.03 * smoothstep(v, 0.7, 0.35))) ** 2)
    gum_line = 0.40 - 0.14 * middle
    gum = smoothstep(v, gum_line + 0.05, gum_line - 0.04)
    edge = 0.99 - 0.10 * corner ** 2 - 0.04 * (tooth == 1) - 0.02 * (tooth > 2)
    inside = smoothstep(v, edge, edge - 0.05)

    white = person.teeth * min(1.0, float(base @ LUMINANCE) * (1.55 + 2.0 * person.tone) / 0.60)
    value = ((1 - 0.34 * gap) * (1 - 0.55 * smoothstep(from_middle, 0.8, 2.4)) * (0.80 + 0.20 * middle))
    neck_yellow = smoothstep(v, 0.75, 0.30)[:, None] * np.array([0.02, 0.08, 0.20])
    albedo = value[:, None] * white * (1 - neck_yellow)
    albedo = albedo * (1 - gum[:, None]) + gum[:, None] * GUM
    albedo = albedo * inside[:, None] + (1 - inside[:, None]) * np.array([0.03, 0.01, 0.01])
    occlusion = (0.30 + 0.62 * smoothstep(v, 0.15, 0.75)) * (1 - 0.35 * smoothstep(from_middle, 0.8, 2.2))
    below_upper, above_lower, _, _ = margins.distances(places)
    occlusion *= 0.35 + 0.65 * smoothstep(below_upper, -0.10, 0.35)
    occlusion *= 0.60 + 0.40 * smoothstep(above_lower, -0.10, 0.25)
    return albedo, occlusion, 0.9 * inside * (1 - gum)


def soft_surface(is_tongue: np.ndarray, places: np.ndarray, margins: Margins) -> tuple:
    """Albedo (P, 3), occlusion (P,) and specular strength (P,) of the tongue and of the walls behind it.

    is_tongue (P,) bool: on the tongue's own mesh, which lies low; places (P, 3) and margins as for the teeth. In a wide
    open mouth the back of the tongue rises over the lower lip, whatever lies behind it in the mesh.
    """
    below_upper, above_lower, _, _ = margins.distances(places)
    gap = np.maximum(below_upper + above_lower, 0.05)
    x = np.abs(places[:, 0])
    crest = np.minimum(0.46 * gap, 0.9) * np.sqrt(np.clip(1 - (x / 1.75) ** 2, 0, 1))   # height of the tongue
    tongue = np.maximum(smoothstep(above_lower, crest + 0.10, crest - 0.10) * (gap > 0.25), is_tongue)
    furrow = np.exp(-(x / 0.14) ** 2)
    rounded = 0.45 + 0.55 * smoothstep(crest - above_lower, -0.05, 0.45)
    albedo = tongue[:, None] * TONGUE * (1 - 0.22 * furrow)[:, None] + (1 - tongue)[:, None] * DARK
    occlusion = np.where(tongue > 0.5, 0.52 * rounded, 0.16 + 0.10 * smoothstep(x, 0.3, 1.8))
    occlusion = occlusion * (0.35 + 0.65 * smoothstep(np.minimum(below_upper, above_lower), -0.05, 0.35))
    return albedo, occlusion, 0.30 * tongue
