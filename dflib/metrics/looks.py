"""Training data of the scoring networks: people of the cast whose hair, make-up, beard and glasses change."""
from dataclasses import dataclass

import numpy as np

from dflib.cast import renders
from dflib.metrics.network import CROP, crops

SHOTS = 8                       # per person
LOOKS = (0, 0, 0, 1, 1, 1, 2, 2)  # look of each shot
PEOPLE_PER_FILE = 50
DONOR_STRIDE = 10_000_019       # look k > 0 is borrowed from people seeded person + k * DONOR_STRIDE, + 1, ...
SHOT_STRIDE = 1_000_003
# attributes of a frame that are kept
KNOWN = ("female", "age", "tone", "glasses", "lipstick", "eyeshadow", "hair_colour", "beard", "yaw", "pitch")


@dataclass(frozen=True, eq=False)
class Looks:
    """N = people x 8 canonical crops; rows of one person follow each other."""
    images: np.ndarray      # (N, 80, 80, 3) uint8
    person: np.ndarray      # (N,) int64 seeds
    look: np.ndarray        # (N,) int64, 0 is the person's own
    truth: dict             # name -> (N,) bool, float32 or str

    def of(self, rows) -> "Looks":
        """These rows only."""
        return Looks(self.images[rows], self.person[rows], self.look[rows],
                     {name: values[rows] for name, values in self.truth.items()})


def with_other_look(person, number: int):
    """The person with hair, make-up, beard, glasses and clothes of somebody else of the same sex."""
    from dflib.cast import sample_person
    from dflib.cast.people import variants

    donor, seed = None, person.seed + number * DONOR_STRIDE
    while donor is None or donor.female != person.female:
        donor, seed = sample_person(seed), seed + 1
    return variants.same_look(person, donor)


def render_looks(seeds) -> Looks:
    """Eight shots of each person in three looks, rendered at 128 px and kept in the cache, with a progress bar."""
    whole = renders.kept_people("looks", "", seeds, PEOPLE_PER_FILE, (LOOKS, DONOR_STRIDE, SHOT_STRIDE, KNOWN, CROP), _render)
    return Looks(whole.pop("images"), whole.pop("person"), whole.pop("look"), whole)


def _render(seeds, tick):
    from dflib import cast

    index = cast.head_model().expression_index
    images, rows = np.empty((len(seeds) * SHOTS, CROP, CROP, 3), np.uint8), []
    for seed in seeds:
        person = cast.sample_person(seed)
        looks = [person] + [with_other_look(person, number) for number in range(1, max(LOOKS) + 1)]
        for k, look in enumerate(LOOKS):
            shot = cast.sample_shot(seed + k * SHOT_STRIDE, yaw=40, pitch=15)
            frame = cast.render(looks[look], shot, size=128)
            images[len(rows)] = crops(frame.image, frame.landmarks)[0]
            known, weights = frame.attributes, shot.expression
            rows.append({
                "person": seed, "look": look, **{name: known[name] for name in KNOWN},
                "smile": weights[index["smile"]], "mouth_open": weights[index["jaw_open"]],
                "eyes_closed": (weights[index["blinkR"]] + weights[index["blinkL"]]) > 1})
        tick(1)
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return {"images": images, **{name: values.astype(np.float32) if values.dtype.kind == "f" else values
                                 for name, values in columns.items()}}
