"""The ruler of swaps: what a swapped clip is compared with, and what is measured in it.

Only rendered people can give it. In the same performance, under the same light, the cast can play four true swaps, the
goals of different methods (`RUNGS`):

    face        T1  the target's head and complexion with the source's face: what a colour-matched swap should look like
    skin        T2  T1 in the source's complexion, inside the face: the same for swaps in the source's own colours
    texture     T3  T1's colours on the target's own shape: the best that painting the target's head can reach
    person      T4  the source's whole head, hair and clothes: for identity only

The whole person is no goal for a method that changes the inside of a face: against it, doing nothing beats every swap that
matches colours. All columns but the openings are held against T1 (or T2, see `measure`) and made so that this truth reaches
the best value: errors are differences from what the same networks find in the truth, not from exact numbers, whose distance
would be the networks' own error.
"""
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from dflib import cast, faces, metrics
from dflib.cast.people.variants import with_complexion, with_face, with_texture
from dflib.swap.blend import match_color
from dflib.swap.scores import PART

RUNGS = ("face", "skin", "texture", "person")
EDGE = 1 / 64           # width of the seam on either side of the mask's edge, in sides of the picture
BLOCK = 12              # neighbouring frames that a bootstrap draws together: what is near in time is alike
DRAWS = 1000

# name: (heading, decimals, value of the truth). Shares of the way from no swap (0) to the truth (1): picture, structure and
# identity. Openings: correlation and slope against the target's true ones, as shares of what the same network finds in the
# truth. Sharpness: of the face against its surroundings, as a share of the truth's. Seam in grey levels a pixel, pose in
# degrees of yaw and pitch, flicker in grey levels: distances from the truth.
COLUMNS = {"picture": ("picture", 2, 1), "structure": ("structure", 2, 1), "identity": ("identity", 2, 1),
           "lips": ("lips, corr.", 2, 1), "lips_slope": ("slope", 2, 1), "lids": ("lids, corr.", 2, 1), "lids_slope": ("slope", 2, 1),
           "sharpness": ("sharpness", 2, 1), "seam": ("seam", 2, 0), "pose": ("pose, °", 2, 0), "flicker": ("flicker", 2, 0)}


def rungs(target: cast.Person, source: cast.Person) -> dict:
    """The cast's Persons who play the true swaps of RUNGS: target's performance, source's face."""
    face = with_face(target, source)
    return {"face": face, "skin": with_complexion(face, source), "texture": with_texture(target, source), "person": source}


@dataclass(frozen=True, eq=False)
class Ladder:
    """T frames of one performance as the target gives it, and its true swaps."""
    before: np.ndarray          # (T, H, W, 3) uint8: the target's clip
    marks: np.ndarray           # (T, 68, 2) pixels: the target's landmarks, exact
    masks: np.ndarray           # (T, H, W) bool: the face, in T1
    truths: dict                # of RUNGS: (T, H, W, 3) uint8
    landmarks: np.ndarray       # (T, 68, 2) pixels: T1's, exact

    def part(self, start: int, stop: int) -> "Ladder":
        """The Ladder of the frames from ``start`` to before ``stop``."""
        here = slice(start, stop)
        return Ladder(self.before[here], self.marks[here], self.masks[here], {name: clip[here] for name, clip in self.truths.items()},
                      self.landmarks[here])

    @cached_property
    def found(self) -> dict:
        """What the networks find in T1 and in the target's clip, that swaps are compared with."""
        truth = self.truths["face"]
        start, goal = (metrics.identity_embedding(clip, self.landmarks) for clip in (self.before, self._toneless(truth)))
        return {**expressions(truth, self.landmarks), "start": start, "way": goal - start}

    def _toneless(self, frames):
        """Frames whose faces have the target's colours: a likeness must not come from a tone of skin."""
        return np.array([np.where(mask[..., None], match_color(frame, before, mask, "reinhard"), frame)
                         for frame, before, mask in zip(frames, self.before, self.masks)])

    def embeddings(self, frames: np.ndarray) -> np.ndarray:
        """(T, 128) of frames (T, H, W, 3) in the target's colours, aligned by T1's landmarks."""
        return metrics.identity_embedding(self._toneless(frames), self.landmarks)


def ladder(target: cast.Person, source: cast.Person, shots: list, size: int = 128) -> Ladder:
    """Render the Ladder of the cast's Persons ``target`` and ``source`` in ``shots``."""
    people = {"before": target, **rungs(target, source)}
    clips = {name: [cast.render(person, shot, size) for shot in shots] for name, person in people.items()}
    images = {name: np.array([frame.image for frame in frames]) for name, frames in clips.items()}
    masks = np.array([frame.mask for frame in clips["face"]])
    images["skin"] = np.where(masks[..., None], images["skin"], images["before"])
    before = images.pop("before")
    return Ladder(before, np.array([frame.landmarks for frame in clips["before"]]), masks, images,
                  np.array([frame.landmarks for frame in clips["face"]]))


def openings(marks: np.ndarray) -> np.ndarray:
    """(T, 2): openings of lips and lids of exact landmarks (T, 68, 2), in distances between the outer corners of the eyes."""
    marks = np.asarray(marks, np.float64)

    def gap(upper, lower):
        return np.linalg.norm(marks[:, upper] - marks[:, lower], axis=2).mean(1)
    return np.stack([gap([61, 62, 63], [67, 66, 65]), gap([37, 38, 43, 44], [41, 40, 47, 46])], 1) / faces.interocular(marks)[:, None]


def expressions(frames: np.ndarray, marks: np.ndarray) -> dict:
    """What the attribute network sees in frames (T, H, W, 3) aligned by ``marks`` (T, 68, 2).

    "openings" (T, 2): how open mouth and eyes are, each from 0 to about 1. On the cast's held-out performances they follow
    the true openings with correlations of 0.77 to 0.89; distances between landmarks that the landmark network finds follow
    them with 0.22 to 0.69 and show a sixth of their range. "turn" (T, 2): yaw and pitch in degrees.
    """
    seen = metrics.face_attributes(frames, marks)
    return {"openings": np.stack([seen["mouth_open"], 1 - seen["eyes_closed"]], 1).astype(np.float64),
            "turn": np.stack([seen["yaw"], seen["pitch"]], 1)}


def measure(frames: np.ndarray, ladder: Ladder, against: str = "face") -> dict:
    """What `columns` needs of a swapped clip (T, H, W, 3) uint8, name -> (T, ...), a row for each frame.

    against: which of RUNGS the pictures are compared with: "face" for methods that match colours, "skin" for those that do
    not. ValueError for a clip of another shape than the ladder's.
    """
    frames = np.asarray(frames)
    if frames.shape != ladder.before.shape or frames.dtype != np.uint8:
        raise ValueError(f"The swapped clip must be uint8 {ladder.before.shape} like the target's, not {frames.dtype} {frames.shape}.")
    truth, masks, found = ladder.truths[against], ladder.masks, ladder.found
    seen = expressions(frames, ladder.landmarks)
    moved = ladder.embeddings(frames) - found["start"]

    def inside(pictures):                   # mean absolute error of each frame
        error = np.abs(pictures.astype(np.float32) - truth).mean(3)
        return (error * masks).sum((1, 2)) / masks.sum((1, 2))

    def unlike(pictures):
        parts = [slice(start, start + PART) for start in range(0, len(pictures), PART)]
        return 1 - np.concatenate([metrics.ssim(pictures[p], truth[p], masks[p]) for p in parts])
    return {"error": inside(frames), "error_before": inside(ladder.before),
            "unlike": unlike(frames), "unlike_before": unlike(ladder.before),
            "along": (moved * found["way"]).sum(1), "way": (found["way"] ** 2).sum(1),
            "openings": seen["openings"], "openings_truth": found["openings"], "openings_exact": openings(ladder.marks),
            "sharpness": sharpness(frames, masks), "sharpness_truth": sharpness(ladder.truths["face"], masks),
            "seam": seam(frames, ladder.truths["face"], masks),
            "pose": np.linalg.norm(seen["turn"] - found["turn"], axis=1),
            "flicker": np.concatenate([[np.nan], metrics.flicker(frames, truth, masks)])}


def sharpness(frames: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """(T, 2): mean absolute Laplacian of the grey levels, inside the masks and in a ring of the same width around them."""
    rows = []
    for frame, mask in zip(frames, masks):
        edges = np.abs(cv2.Laplacian(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32), cv2.CV_32F))
        wide = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=max(1, mask.shape[0] // 12)) > 0
        inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2) > 0      # without the seam
        rows.append((edges[inner].mean(), edges[wide & ~mask].mean()))
    return np.array(rows)


def seam(frames: np.ndarray, truth: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """(T,): mean length of the difference of the gradients of frames and truth along the masks' edges, grey levels a pixel."""
    rows, reach = [], max(1, round(EDGE * masks.shape[1]))
    for frame, goal, mask in zip(frames, truth, masks):
        error = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32) - cv2.cvtColor(goal, cv2.COLOR_RGB2GRAY)
        slope = np.hypot(cv2.Sobel(error, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(error, cv2.CV_32F, 0, 1, scale=1 / 8))
        mask = np.pad(mask.astype(np.uint8), reach, mode="edge")            # a mask that is cut by the border has no edge there
        kernel = np.ones((2 * reach + 1,) * 2, np.uint8)
        band = (cv2.dilate(mask, kernel) > cv2.erode(mask, kernel))[reach:-reach, reach:-reach]
        rows.append(slope[band].mean())
    return np.array(rows)


def columns(rows: dict) -> dict:
    """COLUMNS of what `measure` gave, of any choice of its frames."""
    total = {name: values.sum(0) for name, values in rows.items()}
    sharp, truth = (total[name][0] / total[name][1] for name in ("sharpness", "sharpness_truth"))
    found = {"picture": 1 - total["error"] / total["error_before"], "structure": 1 - total["unlike"] / total["unlike_before"],
             "identity": total["along"] / total["way"]}
    for k, name in enumerate(("lips", "lids")):
        exact, made, best = (rows[key][:, k] for key in ("openings_exact", "openings", "openings_truth"))
        (corr, slope), (ceiling, steepest) = (_line(exact, values) for values in (made, best))
        found |= {name: min(1.0, corr / ceiling), f"{name}_slope": slope / steepest}
    flicker = rows["flicker"][np.isfinite(rows["flicker"])]
    return {**found, "sharpness": sharp / truth, "seam": rows["seam"].mean(), "pose": rows["pose"].mean(),
            "flicker": flicker.mean() if len(flicker) else np.nan}


def _line(x, y):
    """(correlation, slope of y on x) of two series, 0 where nothing varies."""
    x, y = x - x.mean(), y - y.mean()
    return (x @ y) / max(np.sqrt((x @ x) * (y @ y)), 1e-12), (x @ y) / max(x @ x, 1e-12)


def summary(clips: list, draws: int = DRAWS, seed: int = 0) -> dict:
    """name -> (mean over the clips, lower and upper end of its 90 % interval), for each of COLUMNS.

    clips: of each pair of people what `measure` gave. The interval is a bootstrap's: pairs are drawn anew, and in each of
    them blocks of BLOCK neighbouring frames; with fewer than six pairs it says little about other people.
    """
    rng, found = np.random.default_rng(seed), []
    for _ in range(draws):
        chosen = []
        for number in rng.integers(len(clips), size=len(clips)):
            rows = clips[number]
            length = len(rows["error"])
            starts = rng.integers(max(1, length - BLOCK + 1), size=-(-length // BLOCK))
            frames = (starts[:, None] + np.arange(min(BLOCK, length))).ravel()
            chosen.append(columns({name: values[frames] for name, values in rows.items()}))
        found.append([np.mean([one[name] for one in chosen]) for name in COLUMNS])
    means = [np.mean([columns(rows)[name] for rows in clips]) for name in COLUMNS]
    low, high = np.nanpercentile(found, (5, 95), axis=0)
    return {name: (float(mean), float(a), float(b)) for name, mean, a, b in zip(COLUMNS, means, low, high)}


def table(rows: dict) -> str:
    """A table in Markdown of rows {what: summary}: values, and below each row's the ends of its interval."""
    lines = [f"| | {' | '.join(heading for heading, _, _ in COLUMNS.values())} |", "|---|" + "---:|" * len(COLUMNS)]
    for what, values in rows.items():
        cells = [f"{mean:.{places}f}<br>{low:.{places}f} … {high:.{places}f}"
                 for (mean, low, high), (_, places, _) in zip((values[name] for name in COLUMNS), COLUMNS.values())]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines)
