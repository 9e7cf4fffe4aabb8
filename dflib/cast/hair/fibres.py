"""How light meets hair: the two highlights of a fibre, the shade inside the hair, the shadow of the head.

After Kajiya & Kay 1989 and Marschner et al. 2003: a white highlight shifted to the root and a coloured, wider one
shifted to the tip.
"""
from typing import NamedTuple

import numba
import numpy as np

from dflib.cast.geometry.shadows import CENTRE, REACH

F32 = np.float32            # literals are float32 in the loop below: one float64 would turn all the work into float64
MAP_REACH, MAP_HEIGHT = F32(REACH), F32(CENTRE[1])


class HairLight(NamedTuple):
    """What lights N strands of K segments; all arrays float32."""
    points: np.ndarray              # (N*(K+1), 3) after the head's rotation
    pigment: np.ndarray             # (N, 3) colour times tone
    tinted: np.ndarray              # (N, 3) colour of the coloured highlight
    pale: np.ndarray                # (N, 3) and of the sky's
    tone: np.ndarray                # (N,)
    edge: np.ndarray                # (N,)
    depth: np.ndarray               # (N*(K+1),) cm below the surface of the hair
    segments: int                   # K
    centre: np.ndarray              # (3,) rotated skull centre, from which normals point outwards
    key_direction: np.ndarray       # (3,) unit, towards the key light
    key_colour: np.ndarray          # (3,)
    fill_directions: np.ndarray     # (L, 3)
    fill_colours: np.ndarray        # (L, 3)
    sky: np.ndarray                 # (3,)
    ground: np.ndarray              # (3,)
    camera_distance: np.float32     # cm
    shine: np.float32               # about 1
    shadow_map: np.ndarray          # (S, S) distance along the key light of the nearest surface, and
    shadow_basis: np.ndarray        # (3, 3) the directions of its columns, of its rows (upwards) and of the light


@numba.njit(cache=True, fastmath=True)
def shade_hair(light: HairLight, chosen: np.ndarray, out: np.ndarray) -> None:
    """Write linear RGB to the rows of out (N*K, 3) of the chosen segments (M,), numbered strand * K + k."""
    points, key, key_colour, sky, ground = light.points, light.key_direction, light.key_colour, light.sky, light.ground
    one, zero, half = F32(1), F32(0), F32(.5)
    size = light.shadow_map.shape[0]
    scale, basis = F32(size) / MAP_REACH, light.shadow_basis
    for segment in chosen:
        strand, step = segment // light.segments, segment % light.segments
        p0 = strand * (light.segments + 1) + step
        p1 = p0 + 1
        mx = (points[p0, 0] + points[p1, 0]) * half
        my = (points[p0, 1] + points[p1, 1]) * half
        mz = (points[p0, 2] + points[p1, 2]) * half
        tx, ty, tz = points[p1, 0] - points[p0, 0], points[p1, 1] - points[p0, 1], points[p1, 2] - points[p0, 2]
        inverse = one / np.sqrt(tx * tx + ty * ty + tz * tz + F32(1e-9))
        tx, ty, tz = tx * inverse, ty * inverse, tz * inverse
        nx, ny, nz = mx - light.centre[0], my - light.centre[1], mz - light.centre[2]
        inverse = one / np.sqrt(nx * nx + ny * ny + nz * nz + F32(1e-9))
        nx, ny, nz = nx * inverse, ny * inverse, nz * inverse
        vx, vy, vz = -mx, -my, light.camera_distance - mz
        inverse = one / np.sqrt(vx * vx + vy * vy + vz * vz)
        vx, vy, vz = vx * inverse, vy * inverse, vz * inverse
        lifted = my - MAP_HEIGHT
        column = int(size * half + (mx * basis[0, 0] + lifted * basis[0, 1] + mz * basis[0, 2]) * scale)
        row = int(size * half - (mx * basis[1, 0] + lifted * basis[1, 1] + mz * basis[1, 2]) * scale)
        row, column = min(max(row, 0), size - 1), min(max(column, 0), size - 1)
        behind = -(mx * key[0] + lifted * key[1] + mz * key[2]) - light.shadow_map[row, column] - F32(.15)
        lit = one if behind <= zero else np.exp(F32(-.85) * min(behind, F32(4)))
        inside = half * (light.depth[p0] + light.depth[p1])
        out_of_root = min(one, F32(step) / F32(light.segments) * F32(2.5))
        occlusion = ((F32(.30) + F32(.70) * np.exp(F32(-1.15) * inside))
                     * (F32(.72) + F32(.28) * (out_of_root + (one - light.edge[strand]) * (one - out_of_root))))
        tl = tx * key[0] + ty * key[1] + tz * key[2]
        nl = nx * key[0] + ny * key[1] + nz * key[2]
        facing = min(one, max(zero, nl * F32(.65) + F32(.35))) * lit
        diffuse = (F32(.25) + F32(.75) * np.sqrt(max(zero, one - tl * tl))) * facing
        hx, hy, hz = vx + key[0], vy + key[1], vz + key[2]
        th = (tx * hx + ty * hy + tz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz + F32(1e-9))
        shift = (light.tone[strand] - one) * half
        a1 = th + F32(.10) + shift
        a2 = th - F32(.14) + shift
        white = max(zero, one - a1 * a1) ** 40 * facing * F32(.065) * light.shine
        coloured = max(zero, one - a2 * a2) ** 10 * facing * F32(.20) * light.shine
        upward = ny * half + half
        hy = vy + one                               # the sky is reflected too: a band where hair lies level
        th = (tx * vx + ty * hy + tz * vz) / np.sqrt(vx * vx + hy * hy + vz * vz + F32(1e-9)) + shift
        sheen = max(zero, one - th * th) ** 12 * upward * F32(.10) * light.shine
        for c in range(3):
            received = key_colour[c] * diffuse + (sky[c] * upward + ground[c] * (one - upward)) * F32(.9)
            out[segment, c] = (light.pigment[strand, c] * received * F32(1.25) + white * key_colour[c]
                               + light.tinted[strand, c] * coloured * key_colour[c]
                               + light.pale[strand, c] * sheen * sky[c]) * occlusion
        for q in range(light.fill_directions.shape[0]):
            fx, fy, fz = light.fill_directions[q, 0], light.fill_directions[q, 1], light.fill_directions[q, 2]
            along = tx * fx + ty * fy + tz * fz
            fill = (max(zero, (nx * fx + ny * fy + nz * fz) * F32(.8) + F32(.2))
                    * np.sqrt(max(zero, one - along * along)) * occlusion * F32(1.25))
            for c in range(3):
                out[segment, c] += light.pigment[strand, c] * light.fill_colours[q, c] * fill
