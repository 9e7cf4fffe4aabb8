"""Named colours of hair, eyes, lipstick: sRGB as people name them, linear reflectance as the renderer needs them."""
import numpy as np

LUMINANCE = np.array([0.30, 0.59, 0.11], np.float32)   # weights of linear RGB used throughout the cast

HAIR = dict(black=(30, 25, 23), dark_brown=(50, 33, 24), brown=(78, 50, 33), light_brown=(120, 82, 52),
            blond=(190, 150, 100), pale_blond=(220, 190, 145), red=(140, 62, 30))
GREY_HAIR = dict(grey=(140, 137, 134), white=(205, 203, 200))
EYES = dict(dark_brown=(50, 27, 15), brown=(92, 54, 28), hazel=(118, 90, 48), green=(98, 115, 80),
            blue=(96, 130, 165), grey=(120, 132, 140))
LIPSTICKS = dict(red=(170, 50, 60), rose=(190, 90, 95), berry=(140, 40, 60), coral=(200, 110, 100),
                 mauve=(165, 70, 85))


def linear(rgb: tuple) -> np.ndarray:
    """sRGB-like 0..255 (3,) to linear 0..1 float32, with a plain 2.2 power."""
    return (np.asarray(rgb, np.float64) / 255).astype(np.float32) ** np.float32(2.2)


def from_hsv(hue: float, saturation: float, value: float) -> np.ndarray:
    """Hue, saturation, value in 0..1 to linear RGB (3,) float32."""
    sector = (float(hue) % 1.0) * 6
    rgb = [value * (1 - saturation * min(max(min(k, 4 - k), 0), 1))
           for k in ((5 + sector) % 6, (3 + sector) % 6, (1 + sector) % 6)]
    return np.asarray(rgb, np.float32) ** np.float32(2.2)


def _nearest(colour, table):
    """Name of the table's colour nearest in shade and lightness (a cube root is close to how we see it)."""
    seen = np.cbrt([colour, *(linear(rgb) for rgb in table.values())])
    return list(table)[int(np.argmin(((seen[0] - seen[1:]) ** 2).sum(1)))]


def hair_colour_name(colour: np.ndarray, grey: float = 0.0) -> str:
    """'black' … 'red' for the pigment, 'grey' above half grey, 'white' above 0.85."""
    if grey > 0.5:
        return "white" if grey > 0.85 else "grey"
    return _nearest(colour, HAIR)


def eye_colour_name(colour: np.ndarray) -> str:
    """The nearest name in EYES."""
    return _nearest(colour, EYES)
