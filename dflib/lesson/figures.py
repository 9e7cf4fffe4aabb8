"""The course's colours, and pictures of ground truth that several lessons draw: parts, depth, normals, landmarks."""

import cv2
import numpy as np

# The palette of Okabe and Ito (2008), which colour-blind readers can tell apart.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW = "#56B4E9", "#CC79A7", "#F0E442"
INK, GREY, PALE = "#222222", "#8C8C8C", "#C8C8C8"

# One colour a part, from the same palette, with greys and tints.
PART_COLOURS = {
    "background": (235, 235, 235),
    "skin": (230, 159, 0),
    "neck": (190, 130, 20),
    "ear": (240, 228, 66),
    "eye": (0, 114, 178),
    "brow": (90, 60, 30),
    "lip": (213, 94, 0),
    "mouth": (120, 30, 40),
    "hair": (70, 70, 70),
    "beard": (130, 110, 90),
    "glasses": (204, 121, 167),
    "clothes": (0, 158, 115),
}


def parts_image(labels, names):
    """Labels (H, W) uint8 that index ``names`` -> a coloured uint8 picture (H, W, 3)."""
    return np.array([PART_COLOURS[name] for name in names], np.uint8)[labels]


def depth_image(depth, reach=12.0):
    """Depth (H, W) in cm, 0 where nothing is -> a grey uint8 picture: near is bright, nothing is black.

    The grey levels are spent on the nearest ``reach`` cm, which hold a face; what lies behind is one dark grey.
    """
    seen = depth > 0
    near = depth[seen].min() if seen.any() else 0.0
    share = np.clip((depth - near) / reach, 0, 1)
    return np.where(seen, 255 - 200 * share, 0).astype(np.uint8)


def normals_image(normals):
    """Unit normals (H, W, 3), 0 where nothing is -> uint8 colours: red right, green up, blue towards the camera."""
    seen = (normals != 0).any(-1, keepdims=True)
    return np.where(seen, 127.5 * (normals + 1), 255).astype(np.uint8)


def marked_image(image, landmarks, visible=None, scale=2):
    """The picture, ``scale`` times larger, with a dot for each landmark (N, 2); a ring where ``visible`` (N,) is false."""
    canvas = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    visible = np.ones(len(landmarks), bool) if visible is None else visible
    radius = max(1, len(canvas) // 128)
    for (x, y), seen in zip((landmarks + 0.5) * scale - 0.5, visible):
        centre = int(round(x * 16)), int(round(y * 16))
        cv2.circle(canvas, centre, radius * 16 + 12, (0, 0, 0), -1 if seen else 2, cv2.LINE_AA, shift=4)
        cv2.circle(canvas, centre, radius * 16, (86, 220, 255), -1 if seen else 1, cv2.LINE_AA, shift=4)
    return canvas


# First landmark of each stroke and the one after its last, its colour, and whether it is closed.
STROKES = ((0, 17, INK, False), (17, 22, BLUE, False), (22, 27, BLUE, False), (27, 31, GREEN, False), (31, 36, GREEN, False),
           (36, 42, PURPLE, True), (42, 48, PURPLE, True), (48, 60, VERMILION, True), (60, 68, VERMILION, True))


def landmark_map(image, landmarks):
    """A matplotlib Figure of a face (H, W, 3) uint8, paled, with the numbers of its landmarks (68, 2) in a colour a part."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 7), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(image // 3 + 170)
    (left, top), (right, bottom), room = landmarks.min(0), landmarks.max(0), len(image) / 25
    axes.set(xlim=(left - room, right + room), ylim=(bottom + room, top - room))
    axes.set_axis_off()
    for first, end, colour, closed in STROKES:
        points = landmarks[first:end]
        axes.plot(*np.concatenate([points, points[:closed]]).T, "o-", color=colour, linewidth=0.8, markersize=4)
        for number, point in enumerate(points, first):
            away = (point - points.mean(0)) * (-1 if first == 60 else 1)        # the inner lips' numbers stand inside
            if first in (17, 22, 27):
                away = np.array([1.0, 0.0] if first == 27 else [0.0, -1.0])     # beside the nose, above the brows
            across, down = 11 * away / max(np.linalg.norm(away), 1e-6)
            axes.annotate(str(number), point, xytext=(across, -down), textcoords="offset points", color=colour, fontsize=9,
                          ha="center", va="center", weight="bold")
    return figure


def truth_images(frame):
    """The five pictures of a cast Frame and their titles: picture, landmarks, parts, depth, normals."""
    from dflib import cast

    return (
        [
            frame.image,
            marked_image(frame.image, frame.landmarks, frame.visible),
            parts_image(frame.labels, cast.LABELS),
            depth_image(frame.depth),
            normals_image(frame.normals),
        ],
        ["picture", "landmarks", "parts", "depth", "normals"],
    )


def surface_image(image, placed, triangles, share=0.55):
    """The picture with a fitted face over it, shaded by its slope; ``placed`` (V, 3) comes from ``fit.place``."""
    from dflib.cast.geometry.raster import rasterise
    from dflib.swap.texture import facing

    x, y, z = np.ascontiguousarray(placed.T, np.float32)
    seen = rasterise(x + np.float32(0.5), y + np.float32(0.5), -z, triangles, *image.shape[:2]).triangle
    slope = np.append(facing(placed, triangles), 0)[seen]  # -1, nothing, takes the appended 0
    shade = (np.clip(slope, 0, 1)[..., None] * (120, 190, 235)).astype(np.float32)
    return np.where((seen >= 0)[..., None], (1 - share) * image + share * shade, image).astype(np.uint8)
