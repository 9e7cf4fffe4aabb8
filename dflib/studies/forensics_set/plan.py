"""Who is in the forensics set: actors, splits, pairs and file names, all from the number of actors and a seed."""
import json
from dataclasses import dataclass

import numpy as np

from dflib.cast.people.splits import SPLITS, split_of

SHARES = {"train": 60, "val": 10, "test": 60}       # of 130 actors; pairs, not clips, are what is independent
FIRST, APART = 2_000_000, 100_000                   # seed of the first actor, and how far sets of another seed lie off
WHOLE, KEPT, FPS, SIZE = 96, 32, 12.5, 160          # frames of a clip, those of its middle that are kept; a second; pixels
COMPRESSIONS = {"raw": 0, "c23": 23, "c40": 40}     # crf; 0 is lossless
METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures", "Attributes", "Synthesis")
ALONE = ("Attributes", "Synthesis")                 # of METHODS: those in which nobody else takes part
CONTROLS = ("TrueSwap", "TrueReenactment", "SelfDeepfakes", "SelfFaceSwap", "Recompressed", "PastedBack", "Enlarged")


@dataclass(frozen=True)
class Actor:
    """One person and the one performance that they give in this set."""
    id: str                 # three digits or more, drawn by lot: the order tells nothing
    person: int             # seed of the cast's person
    performance: int        # seed of `cast.perform`
    split: str


@dataclass(frozen=True)
class Task:
    """One video of the set: the target's kept frames, changed by a method, or as they are."""
    folder: str             # original_sequences/youtube, manipulated_sequences/<method> or control_sequences/<control>
    method: str             # "real", one of METHODS or one of CONTROLS
    target: Actor
    source: "Actor | None"  # None where nobody else takes part

    @property
    def name(self) -> str:
        """As in FaceForensics++: 000, or target_source."""
        return self.target.id if self.source is None else f"{self.target.id}_{self.source.id}"


def actors_of(count: int, seed: int = 0) -> list:
    """``count`` Actors, an even number in each split, in order of their ids. ValueError for fewer than six or an odd number."""
    if count < 6 or count % 2:
        raise ValueError(f"A set has an even number of actors from 6, for pairs in three splits, not {count}.")
    sizes = {split: max(2, 2 * round(count * SHARES[split] / 2 / sum(SHARES.values()))) for split in ("val", "test")}
    sizes["train"] = count - sum(sizes.values())
    rng, first = np.random.default_rng([seed, count]), FIRST + APART * seed
    people = {split: [person for person in range(first, first + 10 * count) if split_of(person) == split][:sizes[split]]
              for split in SPLITS}
    everybody = [(person, split) for split in SPLITS for person in people[split]]
    digits = max(3, len(str(count - 1)))
    ids = rng.permutation(count)
    performances = first + rng.permutation(10 * count)[:count]
    actors = [Actor(f"{ids[i]:0{digits}d}", person, int(performances[i]), split) for i, (person, split) in enumerate(everybody)]
    return sorted(actors, key=lambda actor: actor.id)


def strangers(count: int, seed: int = 0) -> list:
    """``count`` Actors, all of the test split, who are in no set of `actors_of` with this seed."""
    first = FIRST + APART * seed + APART // 2
    people = [person for person in range(first, first + 10 * count) if split_of(person) == "test"][:count]
    digits = max(3, len(str(count - 1)))
    return [Actor(f"{number:0{digits}d}", person, first + number, "test") for number, person in enumerate(people)]


def pairs_of(actors) -> dict:
    """split -> list of pairs of Actors: everybody is in one pair, whose other half is of the same split."""
    found = {}
    for split in SPLITS:
        members = [actor for actor in actors if actor.split == split]
        order = np.random.default_rng([len(members), members[0].person]).permutation(len(members))
        found[split] = [(members[a], members[b]) for a, b in order.reshape(-1, 2)]
    return found


def in_turn(actors) -> list:
    """All pairs, in an order in which every split grows at the same rate: a set that is half made is a smaller set."""
    placed = [((number + 0.5) / len(pairs), SPLITS.index(split), pair) for split, pairs in pairs_of(actors).items()
              for number, pair in enumerate(pairs)]
    return [pair for _, _, pair in sorted(placed, key=lambda one: one[:2])]


def tasks_of(pairs, methods=METHODS, controls=CONTROLS) -> list:
    """Every Task of these pairs, pair by pair: originals, both directions by each method, controls of the people held out.

    *Enlarged*, what *Synthesis* is compared with, is there for all.
    """
    tasks = []
    for pair in pairs:
        for target, source in (pair, pair[::-1]):
            tasks.append(Task("original_sequences/youtube", "real", target, None))
            tasks += [Task(f"manipulated_sequences/{method}", method, target, None if method in ALONE else source)
                      for method in methods]
            tasks += [Task(f"control_sequences/{control}", control, target, source if control.startswith("True") else None)
                      for control in controls if target.split != "train" or control == "Enlarged"]
    return tasks


def write_lists(root, actors, pairs: "list | None" = None) -> None:
    """splits/{train,val,test}.json as in FaceForensics++, and actors.json: from whom and what everything is rendered again.

    pairs: those that are listed, by default all of `pairs_of` the actors.
    Of each actor it says who that is (`Person.attributes`), the seeds, and of the kept frames the turn and nod of the head in
    degrees, (lowest, mean, highest), and the unit vector (x right, y up, z to the viewer) from the head towards the key light.
    """
    from dflib import cast
    from dflib.files import write_bytes
    from dflib.studies.forensics_set.film import kept_shots

    def about(actor):
        shots = kept_shots(actor)
        turns = {name: [round(float(of([getattr(shot, name) for shot in shots])), 1) for of in (np.min, np.mean, np.max)]
                 for name in ("yaw", "pitch")}
        return {"person": actor.person, "performance": actor.performance, "split": actor.split, **turns,
                "light": [round(float(x), 3) for x in shots[0].light.direction], **cast.sample_person(actor.person).attributes}

    (root / "splits").mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        chosen = pairs_of(actors)[split] if pairs is None else [pair for pair in pairs if pair[0].split == split]
        lists = [[one.id, other.id] for one, other in chosen]
        write_bytes(root / "splits" / f"{split}.json", (json.dumps(lists) + "\n").encode())
    rows = ",\n".join(f" {json.dumps(actor.id)}: {json.dumps(about(actor))}" for actor in sorted(actors, key=lambda actor: actor.id))
    head = json.dumps({"whole": WHOLE, "kept": KEPT, "fps": FPS, "size": SIZE})[:-1]
    write_bytes(root / "actors.json", f'{head}, "actors": {{\n{rows}}}}}\n'.encode())
