"""Was this file manipulated? What detectors say of every face in a picture or clip, and what that is worth.

    report = examine("clip.mp4", [judge_from("xception.safetensors")])

A score is P(fake) at equal shares of real and fake, after a temperature fitted on validation people. A face's score is
the mean over its frames, a file's that of its most suspicious face. A file without a face has no score: that is no 0.5.
What the file's own label says stands beside the scores and enters none of them.
"""
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.special import expit, logsumexp

from dflib import checkpoints, media
from dflib.faces.crops import cut
from dflib.faces.follow import tracks
from dflib.forensics import build_detector
from dflib.forensics.attention import with_attention
from dflib.forensics.detector import Detector
from dflib.metrics.identity import identities

FRAMES = 64         # of a face that are judged, spread evenly over its time
CROP = 160          # px: the side of the crops that are judged, where a card does not say otherwise
UNMEASURED = "How often it errs was not measured."


@dataclass(frozen=True)
class Judge:
    """A detector with its temperature, a sentence with its error rates, and the side of the crops that it learned from."""
    name: str
    network: Detector
    temperature: float = 1.0
    worth: str = UNMEASURED
    crop: int = CROP

    def scores(self, crops: np.ndarray) -> np.ndarray:
        """P(fake), (N,), of crops (N, S, S, 3) uint8; for more than two classes, of anything but real."""
        logits = self.network.logits(crops) / self.temperature
        return expit(logsumexp(logits[:, 1:], axis=1) - logits[:, 0])

    @property
    def has_maps(self) -> bool:
        """Whether its network says not only whether a face was changed, but where."""
        return hasattr(self.network, "maps")

    def maps(self, picture: np.ndarray, boxes) -> np.ndarray:
        """(N, h, w) in [0, 1], larger where the faces in N boxes of a picture look changed; of a judge that has maps."""
        if not len(boxes):
            return np.zeros((0, 1, 1), np.float32)
        return self.network.maps(np.array([cut(picture, box, self.crop) for box in boxes]))


def judge_from(path) -> Judge:
    """The detector of a checkpoint that `dflib.forensics.train.export` wrote.

    Raises what `checkpoints.load` raises, and ValueError when the card does not say which network it is.
    """
    state, card = checkpoints.load(path)
    recipe = card.get("network")
    if not isinstance(recipe, dict) or "detector" not in recipe:
        raise ValueError(f"The card of {path} does not say which detector it is.")
    options = {name: value for name, value in recipe.items() if name not in ("detector", "attention")}
    network = build_detector(recipe["detector"], **options)
    if "attention" in recipe:
        network = with_attention(network, recipe["attention"])
    network = checkpoints.load_exactly(network, state, path).eval()
    scores = card["scores"]
    return Judge(Path(path).stem, network, scores.get("temperature", 1.0), scores.get("worth", UNMEASURED),
                 card.get("crop", CROP))


def followed(path) -> tuple:
    """(source, tracks) of the file at `path`: its pictures, to be gone through again and again, and every face in them."""
    source = media.read_video(path) if is_video(path) else [media.read_image(path)]
    return source, tracks(source, which="all", identity=identities)


def is_video(path) -> bool:
    return Path(path).suffix.lower() in media.VIDEOS_READ


def examine(path, judges, frames: int = FRAMES, seen: "tuple | None" = None) -> dict:
    """What `judges` say of the picture or video at `path`; a dict of what JSON can hold. seen: `followed(path)`, if known.

    input, kind ("picture" or "video"), label (what the file says of itself, or None), and faces, a list of: face
    (number), frames (T,), times (T,) in seconds, boxes (T, 4), scores {judge: (T,)}, score {judge: mean}. score {judge:
    highest of the faces} is None without a face. worth {judge: sentence}. remarks: of a video. Raises what reading the
    file raises.
    """
    path, video = Path(path), is_video(path)
    label = media.read_label(path)
    source, found = seen or followed(path)
    times = [float(time) for time in source.times] if video else [0.0]
    chosen = [np.unique(np.linspace(0, len(track) - 1, min(frames, len(track))).round().astype(int)) for track in found]
    crops = _cut_all(source, found, chosen, {_cropping(judge) for judge in judges})
    faces = []
    for number, (track, rows) in enumerate(zip(found, chosen)):
        scores = {judge.name: judge.scores(np.stack(crops[number, _cropping(judge)])) for judge in judges}
        faces.append({"face": number, "frames": track.frames[rows].tolist(),
                      "times": [round(times[frame], 6) for frame in track.frames[rows]],
                      "boxes": np.round(track.boxes[rows].astype(float), 2).tolist(),
                      "scores": {name: np.round(values, 6).tolist() for name, values in scores.items()},
                      "score": {name: round(float(values.mean()), 6) for name, values in scores.items()}})
    highest = {judge.name: max(face["score"][judge.name] for face in faces) for judge in judges} if faces else None
    return {"input": str(path), "kind": "video" if video else "picture", "label": asdict(label) if label else None,
            "faces": faces, "score": highest, "worth": {judge.name: judge.worth for judge in judges},
            "remarks": source.remarks if video else []}


def _cropping(judge: Judge) -> tuple:
    """How crops for it are cut: side, and whether always from the pixels as they are."""
    return judge.crop, judge.network.native


def _cut_all(source, found: list, chosen: list, croppings: set) -> dict:
    """(track, cropping) -> list of crops of each track's chosen rows: one more pass over the pictures."""
    wanted = {}
    for number, (track, rows) in enumerate(zip(found, chosen)):
        for row in rows:
            wanted.setdefault(int(track.frames[row]), []).append((number, track.boxes[row]))
    crops = {(number, cropping): [] for number in range(len(found)) for cropping in croppings}
    for frame, picture in enumerate(source):
        for number, box in wanted.get(frame, ()):
            for size, native in croppings:
                crops[number, (size, native)].append(cut(picture, box, size, native=native))
    return crops


def in_words(report: dict) -> str:
    """A report in a few lines."""
    name, faces = report["input"], report["faces"]
    lines = [f"{name}: no face found, so there is nothing to judge" if not faces else
             f"{name}: {len(faces)} face{'s' if len(faces) > 1 else ''}"]
    for face in faces:
        seen = f"{len(face['frames'])} frames judged" if report["kind"] == "video" else "judged"
        lines.append(f"  face {face['face']}, {seen}: "
                     + ", ".join(f"{judge} {score:.2f}" for judge, score in face["score"].items()))
    lines += [f"  {judge}: {sentence}" for judge, sentence in report["worth"].items() if faces]
    if report["label"]:
        lines.append(f"  The file's own label, which no score knows: {report['label']['kind']}.")
    return "\n".join(lines)


def plot(report: dict):
    """A figure of a video's scores over time, a panel for each face, the frames of its highest score marked."""
    from matplotlib.figure import Figure

    faces = report["faces"]
    figure = Figure(figsize=(8, 1 + 2 * max(1, len(faces))), layout="constrained")
    panels = figure.subplots(max(1, len(faces)), 1, squeeze=False, sharex=True)[:, 0]
    if not faces:
        panels[0].text(0.5, 0.5, "no face found", ha="center", va="center")
        panels[0].axis("off")
    for panel, face in zip(panels, faces):
        for (judge, scores), style in zip(face["scores"].items(), ("-", "--", ":", "-.") * len(face["scores"])):
            highest = int(np.argmax(scores))
            line, = panel.plot(face["times"], scores, style, label=f"{judge}, mean {face['score'][judge]:.2f}")
            panel.plot(face["times"][highest], scores[highest], "o", color=line.get_color())
            panel.annotate(f"frame {face['frames'][highest]}", (face["times"][highest], scores[highest]),
                           xytext=(4, -12), textcoords="offset points", fontsize="small")
        panel.set(ylim=(-0.03, 1.03), ylabel="P(fake)", title=f"face {face['face']}")
        panel.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")
    panels[-1].set_xlabel("seconds")
    return figure
