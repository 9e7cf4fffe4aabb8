"""Does an outside detector take the cast for faces? scikit-image's frontal cascade on frontal renders, by group.

    python tools/judge_cast.py [--people 300] [--seed 700000]

Frontal means a yaw within 12, a pitch within 8 and a roll within 6 degrees. A render counts when the cascade, which was trained on
photographs, finds exactly one face (boxes that overlap by more than half are one face) and both true eye centres lie where a frontal face
of that box has its eyes. The same picture upside-down should not show one face at the true place, wherever its eyes are.
"""
import argparse
from dataclasses import replace
from functools import lru_cache

import numpy as np
from skimage.data import lbp_frontal_face_cascade_filename
from skimage.feature import Cascade
from tqdm import tqdm

from dflib import cast
from dflib.faces.detection import overlap

# Where the eyes lie in a box of the cascade, as shares of its side, with room for yaw and expression.
EYE_HEIGHT, RIGHT_EYE, LEFT_EYE = (0.2, 0.55), (0.15, 0.45), (0.55, 0.85)


# Strict settings of the cascade: single accidental boxes do not count, as they would on photographs of empty rooms.
SETTINGS = dict(scale_factor=1.1, step_ratio=1, min_size=(40, 40), max_size=(126, 126), min_neighbor_number=11)


@lru_cache(1)
def cascade():
    return Cascade(lbp_frontal_face_cascade_filename())


def cascade_boxes(image):
    """Boxes (N, 4), largest first."""
    found = cascade().detect_multi_scale(img=image, **SETTINGS)
    found = sorted(found, key=lambda box: -box["width"])
    return np.array([[box["c"], box["r"], box["c"] + box["width"], box["r"] + box["height"]] for box in found], float).reshape(-1, 4)


def one_face(image, landmarks):
    """The largest box (4,) if the cascade finds exactly one face and finds it at the true place, else None."""
    found = cascade_boxes(image)
    if len(found) == 0 or any(overlap(found[0], other) < 0.5 for other in found[1:]):
        return None
    middle, true_middle = (found[0, :2] + found[0, 2:]) / 2, (landmarks.min(0) + landmarks.max(0)) / 2
    return found[0] if np.linalg.norm(middle - true_middle) < (found[0, 2] - found[0, 0]) / 4 else None


def eyes_in_place(box, landmarks):
    """Whether both true eye centres lie where a frontal face of this box has its eyes."""
    eyes = np.stack([landmarks[36:42].mean(0), landmarks[42:48].mean(0)])
    (right, high), (left, low) = (eyes - box[:2]) / (box[2] - box[0])
    level = all(EYE_HEIGHT[0] < height < EYE_HEIGHT[1] for height in (high, low))
    return level and RIGHT_EYE[0] < right < RIGHT_EYE[1] and LEFT_EYE[0] < left < LEFT_EYE[1]


def judge(people, seed, size=128):
    """Arrays (people,): found upright, found upside-down, skin tone, female."""
    upright, inverted, tone, female = [], [], [], []
    for i in tqdm(range(people), desc="rendering and detecting", unit="person"):
        person, shot = cast.sample_person(seed + i), cast.sample_shot(seed + i, yaw=12, pitch=8)
        shot = replace(shot, roll=float(np.clip(shot.roll, -6, 6)))
        frame = cast.render(person, shot, size)
        box = one_face(frame.image, frame.landmarks)
        upright.append(box is not None and eyes_in_place(box, frame.landmarks))
        mirrored = frame.landmarks * (1, -1) + (0, size - 1)
        inverted.append(one_face(np.ascontiguousarray(frame.image[::-1]), mirrored) is not None)
        tone.append(person.tone)
        female.append(person.female)
    return tuple(np.array(values) for values in (upright, inverted, tone, female))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seed", type=int, default=700_000)
    options = parser.parse_args()
    upright, inverted, tone, female = judge(options.people, options.seed)
    edges = np.quantile(tone, [0, 1 / 3, 2 / 3, 1])
    third = np.clip(np.searchsorted(edges, tone, side="right") - 1, 0, 2)
    print(f"taken for one face at the true place: {100 * upright.mean():.1f} % of {len(upright)}; "
          f"upside-down, eyes not asked: {100 * inverted.mean():.1f} %")
    for name, group in (("women", female), ("men", ~female), ("lightest third", third == 0), ("middle third", third == 1),
                        ("darkest third", third == 2)):
        print(f"  {name:15s} {100 * upright[group].mean():5.1f} % of {group.sum()}")


if __name__ == "__main__":
    main()
