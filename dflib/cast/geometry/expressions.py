"""Expression: what a face does, each a fixed displacement of every vertex at strength 1.

The template is closed: the neutral pose opens lids along their grid row, and so a blink is again a plain displacement.
"""
import numpy as np

from dflib.cast.geometry.features import (EYE_INNER, EYE_OUTER, MOUTH_CORNER, lid_surface, lower_lid_height,
                                          upper_lid_height)
from dflib.cast.geometry.mesh import smoothstep
from dflib.cast.geometry.modes import Template, slide_on_eye
from dflib.cast.geometry.skull import MOUTH_LINE


def expression_modes(t: Template) -> dict:
    """Displacement fields of a `modes.Template`: dict of name -> (V, 3) cm, in a fixed order."""
    right = _blink(t, t.x < 0)
    left = _blink(t, t.x > 0)
    fields = dict(jaw_open=_jaw_open(t), smile=_smile(t), lips_part=_lips_part(t), brow_up=_brow_up(t), frown=_frown(t),
                  blinkR=right, blinkL=left, squint=t.field(dy=.16 * _lower_lid(t) - .14 * _upper_lid(t)),
                  pucker=_pucker(t), sad=_sad(t), sneer=_sneer(t),
                  wide=t.field(dy=.13 * _upper_lid(t) - .06 * _lower_lid(t)),
                  lid_gaze=t.field(dy=.30 * _upper_lid(t) + .13 * _lower_lid(t)), cheek_raise=_cheek_raise(t))
    for name, field in fields.items():
        for part in ("right_socket", "left_socket", "right_eye", "left_eye"):
            field[t.parts[part]] = 0
        if name not in ("blinkR", "blinkL"):                            # those slide by more than a slope can tell
            for half in (t.x < 0, t.x > 0):
                slide_on_eye(t, field, half)
        if name != "jaw_open":
            field[t.parts["upper_teeth"]] = 0
    # The eyeball is drawn back while the lid passes over it, so that the two never touch.
    fields["blinkR"][t.parts["right_eye"], 2] = -.34
    fields["blinkL"][t.parts["left_eye"], 2] = -.34
    return fields


def _upper_lid(t):
    """How far each vertex follows the edge of the upper lid (V,), 0..1."""
    return np.where(t.upper_lid, t.lid_upper_shape, 0) * t.lid_region


def _lower_lid(t):
    return np.where(t.upper_lid, 0, t.lid_lower_shape) * t.lid_region


def _face(t):
    """1 on the front of the face, 0 behind it and on teeth, eyes and ears."""
    return t.front * t.on_face


def _red(t):
    """Weight (V,) of the lips, fading above and below."""
    return t.within_mouth * np.exp(-((t.y - MOUTH_LINE) / .9) ** 2) * _face(t)


def _apple(t):
    """Weight (V,) of the cheek below the eye, which a smile pushes up."""
    return t.around(4.0, -3.4, 1.3, 1.2) * _face(t)


def _jaw_open(t):
    low = smoothstep(t.y, -4.2, -9.0)
    beside = smoothstep(t.ax, .9, 2.75)
    weight = np.where(t.upper_lip, beside * low, (1 - beside) + beside * low)
    weight = np.where(t.upper_lip & (t.ax > MOUTH_CORNER), low * smoothstep(t.ax, 0, 2.75), weight)
    weight = weight * smoothstep(t.z, -.5, 3.5) * smoothstep(t.y, -15.5, -11.8) * t.on_face
    for part, follows in (("lower_teeth", 1), ("tongue", 1), ("cavity", .45)):
        weight[t.parts[part]] += follows
    angle = .24                                                         # about the jaw's joint at y = -1, z = 0.5
    return t.field(dy=-angle * (t.z - .5) * weight * .95, dz=angle * (t.y + 1.0) * weight * .75)


def _smile(t):
    """Corners drawn up, out and back round the teeth; the cheeks rise over a deeper nasolabial fold."""
    y, ax, face = t.y, t.ax, _face(t)
    corner = t.around(MOUTH_CORNER + .15, MOUTH_LINE, 1.15, 1.10) * smoothstep(ax, 5.2, 3.3) * face
    pad = t.around(3.95, -4.5, .95, 1.15) * face
    apple, red = _apple(t), _red(t)
    beside_fold = ax - (2.15 + np.clip(-3.9 - y, 0, 3.2) * .47)
    fold = np.exp(-(beside_fold / .34) ** 2) * t.between(-7.4, -6.2, -4.3, -3.5) * face
    ridge = np.exp(-((beside_fold - .75) / .55) ** 2) * t.between(-7.2, -5.8, -4.6, -3.6) * face
    wing = t.around(1.45, -3.95, .5, .5) * face
    thinner = np.where(t.upper_lip, -.10 * np.minimum(t.up_lip, 1.5), .17 * np.minimum(t.down_lip, 1.5)) * red
    return t.field(
        dx=t.sign * (.56 * corner + .10 * pad + .08 * wing),
        dy=(.80 * corner + .34 * apple + .26 * pad + .10 * wing + .14 * _lower_lid(t) - .03 * _upper_lid(t)
            - .05 * red + thinner),
        dz=-.38 * corner + .32 * apple + .20 * pad - .12 * red - .11 * fold + .12 * ridge)


def _lips_part(t):
    dy = np.where(t.upper_lip, .27, -.19) * _red(t) * (abs(t.y - MOUTH_LINE) < 2.5)
    for part in ("lower_teeth", "tongue"):
        dy[t.parts[part]] -= .1
    return t.field(dy=dy)


def _brow_up(t):
    return t.field(dy=.55 * t.around(3.0, 2.3, 2.6, .9) * _face(t) + .08 * _upper_lid(t))


def _frown(t):
    return t.field(dx=-t.sign * .22 * t.around(1.5, 2.0, 1.0, .8) * _face(t),
                   dy=-.34 * t.around(1.9, 2.0, 1.4, .8) * _face(t) - .06 * _upper_lid(t),
                   dz=.12 * t.around(.9, 2.0, .35, .6) * _face(t) - .08 * t.around(0, 2.0, .25, .5) * t.front)


def _blink(t, half):
    s = t.lid_position
    travel = upper_lid_height(s) + lower_lid_height(s) * .80 + .10 * np.sqrt(np.clip(s * (1 - s) * 4, 0, 1))
    follow = smoothstep(t.above_lid, 2.1, .30) * t.lid_region
    down = np.where(t.upper_lid, -travel * follow, .10 * _lower_lid(t)) * half
    along = np.clip(t.ax, EYE_INNER, EYE_OUTER)
    y = t.neutral[:, 1]
    slide = lid_surface(along, y + down) - lid_surface(along, y)        # the lid stays on the eye
    on_lid = np.where(t.upper_lid, smoothstep(t.above_lid, 1.05, .3), 0)
    unfold = .12 * np.exp(-((t.above_lid - .5) / .16) ** 2)             # a closed lid has no crease
    return t.field(dy=down, dz=(slide + .10 * _upper_lid(t) + unfold) * on_lid * t.by_eye * half * t.front * t.not_eye)


def _pucker(t):
    roll = np.clip(np.where(t.upper_lip, t.up_lip, t.down_lip), 0, 1)
    return t.field(dx=-t.sign * .75 * t.around(2.3, MOUTH_LINE, 1.2, .9) * _face(t),
                   dy=np.where(t.upper_lip, .12, -.12) * _red(t) * roll,
                   dz=.45 * t.around(0, MOUTH_LINE, 1.5, .9) * _face(t))


def _sad(t):
    corner = t.around(MOUTH_CORNER, MOUTH_LINE, 1.15, 1.0) * _face(t)
    return t.field(dx=t.sign * .05 * corner,
                   dy=(-.50 * corner + .30 * t.around(1.4, 2.1, .9, .8) * _face(t)
                       - .12 * t.around(4.5, 2.2, 1, .7) * _face(t) - .07 * _upper_lid(t)))


def _sneer(t):
    lip = np.where(t.upper_lip, 1, 0) * t.within_mouth * t.around(1.2, MOUTH_LINE, 1.2, 1.2)
    return t.field(dy=(.28 * t.around(1.5, -4.0, .8, .8) + .22 * lip) * _face(t))


def _cheek_raise(t):
    apple = _apple(t)
    return t.field(dx=t.sign * .10 * apple, dy=.20 * _lower_lid(t) + .24 * apple,
                   dz=.22 * apple - .06 * t.around(5.0, -.2, .5, .5) * _face(t))
