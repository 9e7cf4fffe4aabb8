"""From light to picture: exposure, the film's shoulder and tone curve, lens blur and the sensor's noise."""
import cv2
import numba
import numpy as np

SHOULDER = np.float32(0.45)         # linear value above which highlights are compressed, towards
WHITE = np.float32(0.98)
CONTRAST = np.float32(0.40)
SATURATION = np.float32(1.14)


def target_luminance(tone: float) -> float:
    """Linear luminance 0..1 to which a face of skin `tone` is exposed: darker skin is kept darker, but not too dark."""
    return 0.285 * (1 - tone) ** 1.1 + 0.088


def develop(light: np.ndarray, exposure: float, factor: int, blur: float, noise: float,
            rng: np.random.Generator) -> np.ndarray:
    """Linear light (S*factor, S*factor, 3) -> picture (S, S, 3) uint8.

    factor: pixels averaged along each side; blur: sigma in pixels of the result; noise: sigma, 1 is the full range.
    """
    picture = _tone(light, np.float32(exposure), factor)
    if blur > 0:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    picture += rng.standard_normal(picture.shape, np.float32) * np.float32(noise)
    return np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)


@numba.njit(cache=True, fastmath=True)
def _tone(light, exposure, factor):
    size = light.shape[0] // factor
    out = np.empty((size, size, 3), np.float32)
    share = np.float32(1 / factor ** 2)
    for j in range(size):
        for i in range(size):
            for d in range(3):
                total = np.float32(0)
                for b in range(factor):
                    for a in range(factor):
                        value = light[j * factor + b, i * factor + a, d] * exposure
                        if value > SHOULDER:
                            value = WHITE - (WHITE - SHOULDER) * np.exp((SHOULDER - value) / (WHITE - SHOULDER))
                        total += max(value, np.float32(0))
                value = (total * share) ** np.float32(1 / 2.2)
                out[j, i, d] = value + CONTRAST * (value - np.float32(.42)) * value * (np.float32(1) - value)
            grey = np.float32(.3) * out[j, i, 0] + np.float32(.59) * out[j, i, 1] + np.float32(.11) * out[j, i, 2]
            for d in range(3):
                out[j, i, d] = grey + (out[j, i, d] - grey) * SATURATION
    return out
