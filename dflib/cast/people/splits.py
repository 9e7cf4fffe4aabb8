"""Which people train, validate and test: one rule for every set, whatever is rendered of them and however often."""
SPLITS = ("train", "val", "test")


def split_of(person: int) -> str:
    """Split of a person by seed: seeds that end in 8 are for validation ("val"), in 9 for testing, all others "train".

    One person is in one split everywhere, so that nothing leaks from one set, network or lesson to another.
    """
    return {8: "val", 9: "test"}.get(person % 10, "train")
