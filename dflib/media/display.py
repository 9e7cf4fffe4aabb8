"""From a decoded frame to the picture that is displayed: colours, shape of the pixels, turning and mirroring.

Everything becomes 8-bit RGB as BT.709 and sRGB screens show it. High dynamic range (BT.2100: PQ and HLG) is tone-mapped,
wider gamuts (BT.2020, Display P3) are converted; what they hold beyond sRGB is clipped.
"""

from fractions import Fraction

import cv2
import numpy as np

# Codes of ITU-T H.273: colour primaries (table 2), transfer characteristics (table 3) and matrices (table 4).
_BT709, _UNSPECIFIED, _PQ, _HLG = 1, 2, 16, 18
_TO_BT709 = {  # linear RGB of these primaries -> of BT.709; the rows sum to 1, white stays white
    9: np.array([[1.6605, -0.5877, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1188]]),  # BT.2020: BT.2087
    12: np.array([[1.2249, -0.2249, 0.0], [-0.0421, 1.0421, 0.0], [-0.0196, -0.0786, 1.0982]]),  # Display P3, D65
}
_WHITE = 203  # cd/m² of a white page in HDR, BT.2408
_KNEE = 0.6  # of white: what is darker is shown as it is, what is brighter is compressed
_HD = 720  # lines from which a video that does not say its colours has those of BT.709, otherwise of BT.601


def as_displayed(frame, pixel_aspect, matrix) -> np.ndarray:
    """A decoded PyAV ``frame`` as (H, W, 3) uint8 RGB.

    ``pixel_aspect`` is width by height of one pixel, ``matrix`` the video's, as from `display_matrix`.
    """
    height, width = frame.height, frame.width
    if pixel_aspect > 1:  # never made smaller: no detail is lost
        width = round(width * pixel_aspect)
    else:
        height = round(height / pixel_aspect)
    form = {"width": width, "height": height}
    if frame.colorspace == _UNSPECIFIED and frame.height >= _HD:
        form["src_colorspace"] = _BT709
    if range_and_gamut(frame):
        image = _to_srgb(frame.to_ndarray(format="rgb48le", **form), frame.color_trc, frame.color_primaries)
    else:
        image = frame.to_ndarray(format="rgb24", **form)
    return np.ascontiguousarray(_placed(image, matrix))


def range_and_gamut(frame) -> str:
    """What has to be converted in the frame's colours, in words; empty for the usual ones."""
    curve = {_PQ: "in high dynamic range (PQ)", _HLG: "in high dynamic range (HLG)"}.get(frame.color_trc, "")
    return curve or ("in a wide colour gamut" if frame.color_primaries in _TO_BT709 else "")


def display_matrix(frame) -> tuple:
    """(a, b, c, d): a pixel (x, y) of the frame is shown at (a x + c y, b x + d y), each -1, 0 or 1, up to a shift.

    From the container's matrix (ISO 14496-12, 8.3.2), rounded to the nearest quarter turn. It is the same for all frames
    of a video: ask one, since PyAV's ``side_data`` keeps each frame that was asked in memory until Python tidies up.
    """
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return 1, 0, 0, 1
    a, b, _, c, d = np.frombuffer(bytes(data), "<i4")[:5]
    if abs(int(b)) + abs(int(c)) > abs(int(a)) + abs(int(d)):
        return 0, int(np.sign(b)), int(np.sign(c)), 0
    return int(np.sign(a)) or 1, 0, 0, int(np.sign(d)) or 1


def placing(matrix) -> str:
    """What `display_matrix` does, in words; empty when nothing."""
    a, b, c, d = matrix
    words = {(1, 0, 0, 1): "", (0, 1, -1, 0): "turned by 90°", (-1, 0, 0, -1): "turned by 180°", (0, -1, 1, 0): "turned by 270°"}
    return words.get((a, b, c, d), "mirrored" if a or d else "turned and mirrored")


def _placed(image, matrix):
    a, b, c, d = matrix
    if b or c:
        image = image.swapaxes(0, 1)
    return image[:: -1 if (b or d) < 0 else 1, :: -1 if (a or c) < 0 else 1]


def fitted(image, size) -> np.ndarray:
    """The picture in the middle of a black one of ``size`` (height, width), as large as fits."""
    if image.shape[:2] == tuple(size):
        return image
    scale = min(Fraction(new, old) for new, old in zip(size, image.shape))
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    whole = np.zeros((*size, 3), np.uint8)
    whole[top:top + height, left:left + width] = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return whole


def _to_srgb(coded, transfer, primaries) -> np.ndarray:
    """(H, W, 3) uint16 R'G'B' with this transfer curve and these primaries -> uint8 sRGB."""
    levels = np.arange(65536, dtype=np.float32) / 65535
    curve = {_PQ: _pq, _HLG: _hlg}.get(transfer, _srgb_to_linear)
    light = curve(levels).astype(np.float32)[coded]  # 1 is white
    if primaries in _TO_BT709:
        light = cv2.transform(light, _TO_BT709[primaries].astype(np.float32))
    light = np.maximum(light, 0)
    if transfer in (_PQ, _HLG):
        brightest = light.max(axis=2, keepdims=True)
        over = np.maximum(brightest - _KNEE, 0) / (1 - _KNEE)
        shown = np.minimum(brightest, _KNEE) + (1 - _KNEE) * (1 - np.exp(-over))  # smooth at the knee, never above 1
        light = light * (shown / np.maximum(brightest, 1e-6))  # one factor for the three: hues stay
    return _SRGB[(np.minimum(light, 1) * (len(_SRGB) - 1) + 0.5).astype(np.uint16)]


def _pq(coded):
    """SMPTE ST 2084: the display's light, where 1 is a white page."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = coded.astype(float) ** (1 / m2)
    return 10000 / _WHITE * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)


def _hlg(coded):
    """BT.2100 HLG for a display of 1000 cd/m², where 1 is a white page.

    Its system gamma of 1.2 belongs to the luminance; taken for each channel, as here, saturated colours come out a
    little stronger.
    """
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - c) / a) + b) / 12)
    return 1000 / _WHITE * scene**1.2


def _srgb_to_linear(coded):
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def _srgb_table():
    light = np.linspace(0, 1, 65536)
    coded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * coded).astype(np.uint8)


_SRGB = _srgb_table()  # linear light of 16 bits -> sRGB of 8
