"""Identity: ways in which one head differs from another, each a fixed displacement of every vertex.

A mode is a smooth field over the template, so identity is linear; one unit is about one standard deviation.
"""
from dataclasses import dataclass

import numpy as np

from dflib.cast.geometry.features import (EYE_INNER, EYE_OUTER, LID_DOWN, LID_UP, MOUTH_CORNER, along_lid, lid_surface,
                                          lower_lid_height, lower_lip_height, nasolabial_line, upper_lid_height,
                                          upper_lip_height)
from dflib.cast.geometry.mesh import bump, smoothstep
from dflib.cast.geometry.skull import MOUTH_LINE

# What the average head has of each mode: folded into the mean, so that identity 0 is a pleasant average.
AVERAGE = dict(
    brow_ridge=-.3, cheek_full=.12, round=.08, chin_len=-.6, chin_width=.4, face_len=-.55, brow_height=.35,
    eye_open=-.25, eye_width=.35, mouth_corner=1.5, mouth_width=-.25, lip_upper=.25, lip_lower=.2, jaw_width=-.25,
    neck_width=-.7, nose_tip_up=.25, nose_prot=-.35, nose_len=-.35, lip_prot=.25, mouth_y=.6, lid_crease=.3,
    cranium_h=.3, forehead_width=.2, temple=.5, ear_size=-.6, nasolabial=-.4, gonion=-.2)

# Modes that shape the lids alone and leave the eyeball where it is.
LID_SHAPES = ("lid_hood", "lid_crease", "lid_fill", "eyebag", "epicanthus", "eye_open", "eye_width", "canthal_tilt")


@dataclass
class Template:
    """Everything that fields are written in: one value for each vertex, (V,) each unless said otherwise."""
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    side: np.ndarray            # -1 on the lower copy of a slit
    neutral: np.ndarray         # (V, 3) positions before identity
    parts: dict                 # name -> slice
    face_count: int             # vertices of the skin, lids and lips; the parts follow

    def __post_init__(self):
        x, y, z, count = self.x, self.y, self.z, len(self.x)
        self.ax = ax = abs(x)
        self.sign = np.tanh(x / 0.3)
        self.front = smoothstep(z, -1, 3)
        self.head = smoothstep(y, -16, -11)                             # 0 on the torso
        self.not_eye, self.on_face = np.ones(count), np.ones(count)
        for name in ("right_eye", "left_eye", "right_socket", "left_socket"):
            self.not_eye[self.parts[name]] = 0
        self.on_face[self.face_count:] = 0
        self.upper_lid = np.where(self.side < 0, False, y >= -1e-9)
        self.above_lid = np.maximum(y, 0)
        self.lid_position = s = along_lid(ax)
        self.by_eye = smoothstep(ax, EYE_INNER - .5, EYE_INNER + .2) * smoothstep(ax, EYE_OUTER + .7, EYE_OUTER - .2)
        self.lid_upper_shape = upper_lid_height(s) / LID_UP * smoothstep(self.above_lid, 2.1, .30)
        self.lid_lower_shape = lower_lid_height(s) / LID_DOWN * smoothstep(-np.minimum(y, 0), 1.3, .12)
        self.lid_region = self.by_eye * (abs(y) < 2.4) * self.not_eye * self.front
        self.on_lid = (smoothstep(abs(y), 1.3, .35) * smoothstep(ax, EYE_INNER - .6, EYE_INNER - .1)
                       * smoothstep(ax, EYE_OUTER + .7, EYE_OUTER + .1) * self.front * self.on_face)
        eye_x = np.clip(abs(self.neutral[:, 0]), EYE_INNER + .15, EYE_OUTER - .15)
        eye_y, step = np.clip(self.neutral[:, 1], -.55, .55), .15           # a wide step: the slope must vary slowly
        self.eye_slope = ((lid_surface(eye_x + step, eye_y) - lid_surface(eye_x - step, eye_y)) / (2 * step),
                          (lid_surface(eye_x, eye_y + step) - lid_surface(eye_x, eye_y - step)) / (2 * step))
        self.upper_lip = (self.side >= 0) & (y > MOUTH_LINE - .02)
        self.up_lip = np.clip(y - MOUTH_LINE, 0, 3) / np.maximum(upper_lip_height(ax), .08)     # 1 at the lip's border
        self.down_lip = np.clip(MOUTH_LINE - y, 0, 3) / np.maximum(lower_lip_height(ax), .08)
        self.within_mouth = np.clip(1 - (ax / MOUTH_CORNER) ** 2, 0, 1) ** .6

    def around(self, cx: float, cy: float, sx: float, sy: float) -> np.ndarray:
        """Gaussian (V,) of |x| and y, the same on both sides of the face and without a crease between them."""
        return bump(np.hypot(self.x, .2), self.y, cx, cy, sx, sy)

    def between(self, low: float, low_full: float, high_full: float, high: float) -> np.ndarray:
        """Ramp (V,) in y: 0 below `low`, 1 from `low_full` to `high_full`, 0 above `high`."""
        return smoothstep(self.y, low, low_full) * smoothstep(self.y, high, high_full)

    def field(self, dx: "float | np.ndarray" = 0, dy: "float | np.ndarray" = 0,
              dz: "float | np.ndarray" = 0) -> np.ndarray:
        """Displacement (V, 3) from components that are numbers or (V,)."""
        return np.stack([np.zeros_like(self.x) + d for d in (dx, dy, dz)], 1)


def identity_modes(t: Template) -> dict:
    """Displacement fields of a Template: dict of name -> (V, 3) cm, in a fixed order."""
    fields = {**_skull(t), **_nose(t), **_eyes(t), **_mouth(t), **_ageing(t), **_ears(t), **_asymmetry(t), **_soft(t)}
    for name, field in fields.items():
        if name.startswith("lip") or name in ("cupid", "mouth_width"):
            for part in ("upper_teeth", "lower_teeth", "cavity", "tongue"):
                field[t.parts[part]] = 0
        _carry_eyes(t, field, shapes_lids=name in LID_SHAPES)
    return fields


def _carry_eyes(t, field, shapes_lids):
    """Move each eyeball as the mean of its lids' edges, and the lids with it; a mode of the lids alone leaves it."""
    edge = (abs(t.y) < 1e-6) & (t.ax > EYE_INNER) & (t.ax < EYE_OUTER) & (t.front > .99) & (t.on_face > 0)
    for name, half in (("right", t.x < 0), ("left", t.x > 0)):
        carried = np.zeros(3) if shapes_lids else field[edge & half].mean(0)
        field[t.parts[f"{name}_eye"]] = field[t.parts[f"{name}_socket"]] = carried
        slide_on_eye(t, field, half, carried, keep_depth=shapes_lids)


def slide_on_eye(t: Template, field: np.ndarray, half: np.ndarray, carried: np.ndarray = np.zeros(3),
                 keep_depth: bool = False) -> None:
    """Correct the depth of `field` (V, 3) in place: lids of one half slide over an eyeball moved by `carried` (3,).

    To first order a lid that moves sideways by d must move in depth by slope times d, or the eye would come through.
    With `keep_depth` the field's own depth is added to that, otherwise it is replaced.
    """
    lid = t.on_lid * half
    relative = field - carried
    slide = carried[2] + t.eye_slope[0] * t.sign * relative[:, 0] + t.eye_slope[1] * relative[:, 1]
    field[:, 2] += lid * (slide if keep_depth else slide - field[:, 2])


def _skull(t):
    x, y, z, ax, sign, front, head = t.x, t.y, t.z, t.ax, t.sign, t.front, t.head
    chin = t.around(0, -10.1, 2.0, 1.6)
    return dict(
        head_width=t.field(dx=.30 * x / 7 * head),
        face_len=t.field(dy=np.minimum(y, 0) * .040 * smoothstep(y, -40, -11)),
        cranium_h=t.field(dy=.45 * smoothstep(y, 2, 11)),
        head_depth=t.field(dz=.35 * z / 9 * head),
        jaw_width=t.field(
            dx=sign * .40 * np.exp(-((y + 7.2) / 2.4) ** 2) * smoothstep(z, -3, 0) * smoothstep(ax, 1.5, 5)),
        chin_len=t.field(dy=-.36 * smoothstep(y, -7.8, -10.5) * smoothstep(z, 1, 7) * smoothstep(y, -16, -11.5)),
        chin_prot=t.field(dz=.38 * chin * front),
        chin_width=t.field(dx=sign * .32 * t.around(2.2, -10.4, 1.4, 1.6) * front),
        cheekbone=t.field(dx=sign * .28 * t.around(6.2, -1.6, 1.5, 1.4), dz=.20 * t.around(4.6, -2, 1.3, 1.1) * front),
        cheek_full=t.field(dx=sign * .42 * t.around(5.4, -5.2, 1.5, 2.0) * front,
                           dz=.26 * t.around(4.0, -5.2, 1.6, 1.7) * front),
        forehead_slope=t.field(dz=-.5 * smoothstep(y, 2.5, 9) * front),
        forehead_width=t.field(dx=sign * .30 * t.around(6.5, 5, 3, 2.5)),
        brow_ridge=t.field(dz=.18 * t.around(2.6, 2.0, 2.0, .6) * front),
        temple=t.field(dx=sign * .22 * t.around(7, 2.5, 1.5, 1.6) * front),
        gonion=t.field(
            dx=sign * .25 * np.exp(-((y + 6.6) / 1.2) ** 2) * smoothstep(z, -1.5, .8) * smoothstep(z, 5, 2),
            dy=-.3 * np.exp(-((y + 6.8) / 1.4) ** 2) * smoothstep(z, 5, 2) * front),
        submental=t.field(
            dy=-.55 * np.exp(-((z - 5.8) / 1.8) ** 2) * smoothstep(y, -10.4, -11.2) * smoothstep(y, -13.5, -12),
            dz=.45 * smoothstep(y, -11, -12) * smoothstep(y, -15, -13) * front),
        neck_width=t.field(
            dx=sign * .40 * smoothstep(y, -8.5, -11.5) * smoothstep(y, -20, -16) * smoothstep(ax, 0, 5),
            dz=.2 * smoothstep(y, -12, -13) * smoothstep(y, -19, -16) * front))


def _nose(t):
    y, ax, sign, front = t.y, t.ax, t.sign, t.front

    def ridge(width, cy, sy):
        return np.exp(-(ax / width) ** 2) * bump(0, y, 0, cy, 1, sy) * front

    return dict(
        nose_len=t.field(dy=-.26 * np.exp(-(ax / 2.1) ** 4) * t.between(-5.6, -4.4, -3.4, 0) * front),
        nose_prot=t.field(dz=.26 * np.exp(-ax ** 2) * smoothstep(y, .5, -3.2) * smoothstep(y, -4.7, -4.2) * front),
        nose_width=t.field(dx=sign * .22 * t.around(1.4, -3.9, .8, .7) * front),
        bridge_h=t.field(dz=.22 * ridge(.7, -.4, 1.1)),
        bridge_w=t.field(dx=sign * .14 * t.around(.7, -1, .5, 1.5) * front),
        nose_hump=t.field(dz=.15 * ridge(.6, -1.4, .6)),
        nose_tip_up=t.field(dy=.22 * t.around(0, -3.6, .9, .6) * front, dz=.05 * t.around(0, -4.1, .7, .4) * front),
        nose_bulb=t.field(dz=.14 * t.around(.5, -3.4, .5, .45) * front,
                          dx=sign * .10 * t.around(.7, -3.4, .5, .5) * front),
        alae_flare=t.field(dz=.16 * t.around(1.35, -3.9, .35, .4) * front,
                           dy=.10 * t.around(1.4, -4.1, .4, .3) * front))


def _eyes(t):
    y, ax, sign, front, above = t.y, t.ax, t.sign, t.front, t.above_lid
    on_lid = t.by_eye * front * t.not_eye
    upper_band = t.by_eye * (y > 0) * front * t.not_eye

    return dict(
        eye_spacing=t.field(dx=sign * .16 * t.around(3.1, .2, 2.2, 1.8) * front),
        eye_open=t.field(dy=np.where(t.upper_lid, .09 * t.lid_upper_shape, -.05 * t.lid_lower_shape) * t.lid_region),
        eye_width=t.field(dx=sign * .13 * (t.around(EYE_OUTER, 0, .8, .8) - .6 * t.around(EYE_INNER, 0, .5, .6))
                          * front * t.not_eye),
        canthal_tilt=t.field(dy=.16 * (t.lid_position - .5) * smoothstep(abs(y), 1.8, .4) * on_lid),
        eye_height=t.field(dy=.16 * t.around(3.1, .3, 2.4, 1.9) * front),
        lid_hood=t.field(dz=.16 * np.exp(-((above - .85) / .25) ** 2) * on_lid * (y >= 0),
                         dy=-.16 * np.exp(-((above - .75) / .3) ** 2) * upper_band * smoothstep(ax, 2.3, 4)),
        eye_depth=t.field(dz=-.22 * t.around(3.1, .2, 1.9, 1.2) * front),
        epicanthus=t.field(dy=-.14 * t.around(EYE_INNER + .35, .4, .45, .45) * front * (y > 0) * t.not_eye,
                           dz=.22 * t.around(1.5, .3, .6, .7) * front * t.not_eye),
        brow_height=t.field(dy=.24 * t.around(3.2, 2.3, 2.4, .8) * front),
        brow_arch=t.field(dy=(.20 * t.around(4.2, 2.5, 1.0, .7) - .14 * t.around(1.4, 2.0, .8, .7)) * front))


def _mouth(t):
    y, ax, sign, front = t.y, t.ax, t.sign, t.front
    red = t.within_mouth * front
    near = abs(y - MOUTH_LINE) < 2.2
    bow = np.exp(-((ax - .45) / .25) ** 2) - np.exp(-(ax / .2) ** 2)
    up, down, is_up = t.up_lip, t.down_lip, t.upper_lip
    return dict(
        mouth_width=t.field(dx=sign * .30 * t.around(2.5, MOUTH_LINE, 1.3, 1.1) * front),
        lip_upper=t.field(
            dy=np.where(is_up, .20 * np.minimum(up, 1) * np.exp(-np.maximum(up - 1, 0) ** 2 / .9), 0) * red * near,
            dz=np.where(is_up, .13 * np.exp(-((up - .4) / .5) ** 2), 0) * red),
        lip_lower=t.field(
            dy=np.where(is_up, 0, -.20 * np.minimum(down, 1) * np.exp(-np.maximum(down - 1, 0) ** 2 / .9)) * red * near,
            dz=np.where(is_up, 0, .16 * np.exp(-((down - .45) / .5) ** 2)) * red * near),
        mouth_y=t.field(dy=.20 * t.around(0, MOUTH_LINE, 3.2, 1.3) * front),
        lip_prot=t.field(dz=.24 * t.around(0, MOUTH_LINE, 2.0, 1.2) * front),
        mouth_corner=t.field(dy=.14 * t.around(2.5, MOUTH_LINE, .8, .8) * front),
        cupid=t.field(dy=np.where(is_up, .07 * bow * np.exp(-((up - 1) / .5) ** 2), 0) * front * (ax < 2)),
        nasolabial=t.field(dz=-.12 * np.exp(-((ax - nasolabial_line(y)) / .36) ** 2)
                           * t.between(-7.6, -6.6, -4.2, -3.4) * front),
        round=t.field(
            dx=sign * .34 * np.exp(-((y + 5.2) / 3.0) ** 2) * smoothstep(ax, 1.5, 5.5) * smoothstep(t.z, -2.5, 1.5),
            dz=.14 * t.around(3.6, -6.2, 2.2, 2.2) * front))


def _ageing(t):
    y, ax, sign, front, above = t.y, t.ax, t.sign, t.front, t.above_lid
    lid = t.by_eye * front * t.not_eye
    return dict(
        jowl=t.field(dx=sign * .16 * t.around(4.6, -8.9, 1.2, 1.0) * front,
                     dy=-.34 * t.around(3.6, -9.6, 1.3, 1.0) * front,
                     dz=.14 * t.around(3.4, -8.8, .9, .9) * front - .08 * t.around(2.2, -9.2, .4, .8) * front),
        eyebag=t.field(dz=(.10 * np.exp(-((y + .72 - .04 * (ax - 3)) / .22) ** 2)
                           - .10 * np.exp(-((y + 1.10) / .18) ** 2)) * lid),
        lid_crease=t.field(dz=(.06 * np.exp(-((above - .26) / .14) ** 2) - .13 * np.exp(-((above - .52) / .13) ** 2))
                           * lid * (y >= 0)),
        lid_fill=t.field(dz=.24 * np.exp(-((above - .80) / .42) ** 2) * lid * (y >= 0),
                         dy=-.10 * np.exp(-((above - .55) / .3) ** 2) * lid * (y > 0)),
        tip_w=t.field(dx=sign * .14 * t.around(.7, -3.5, .5, .5) * front, dz=-.05 * t.around(0, -3.5, .5, .5) * front),
        flat_mid=t.field(dz=(.16 * t.around(3.6, -1.8, 1.3, 1.3) - .28 * t.around(0, -1.8, 1.2, 2.2)) * front))


def _ears(t):
    size, out = t.field(), t.field()
    for name in ("right_ear", "left_ear"):
        part = t.parts[name]
        points = t.neutral[part]
        size[part] = (points - points.mean(0)) * .10
        out[part, 0] = np.sign(points[:, 0]) * .22 * smoothstep(-points[:, 2], -1, 2)
    return dict(ear_size=size, ear_out=out)


def _asymmetry(t):
    x, y, ax, front = t.x, t.y, t.ax, t.front
    return dict(
        asym_jaw=t.field(dx=.16 * smoothstep(y, -5, -10) * t.head * front),
        asym_nose=t.field(dx=.12 * np.exp(-(ax / 1.5) ** 2) * smoothstep(y, 0, -3) * smoothstep(y, -5.2, -4.4) * front),
        asym_eye=t.field(dy=.06 * t.sign * t.around(3.1, .5, 1.8, 1.6) * front),
        asym_mouth=t.field(dy=.10 * np.tanh(x) * t.around(2.2, MOUTH_LINE, 1.2, 1) * front))


def _soft(t):
    """Slow waves over the head that belong to no feature: what still differs when all features agree."""
    random = np.random.default_rng(5)
    outward = np.stack([t.x, .3 * t.y, t.z], 1)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True) + 1e-6
    weaker_in_the_middle = (t.head * (1 - .7 * np.exp(-(t.x / 1.2) ** 2)))[:, None]
    spread = 1.3 * np.hypot(t.x, 1.5)
    fields = {}
    for mode in range(6):
        wave = 0
        for _ in range(5):
            frequency, phase = random.normal(size=2) * .40, random.uniform(0, 6.28)
            wave = wave + np.cos(frequency[0] * spread + frequency[1] * t.y + phase) * random.normal() * .11
        fields[f"soft{mode}"] = outward * wave[:, None] * weaker_in_the_middle
    return fields
