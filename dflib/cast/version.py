"""The version of the cast's pictures: a number that is raised by hand, and what was rendered under it."""

# Raised by whoever changes a picture, the truth of one, or who and what a seed stands for: tests/test_cast_version.py
# renders stored pictures again and says so. Names every set and every entry of the cache that was rendered.
VERSION = 1
# data/cast was rendered before the version was stated, and names the hash of the source instead. Its shards stay as they
# are: what is rendered today is the same but for single levels (data/cast/README.md has the comparison).
EARLIER = {"5b4a34ec231f296d48c275b8dd8ee580483a75bf7690e5da51d90bc3afd6ee90": 1}


def version_of(stated: "int | str") -> "int | str":
    """The version that a set means by what it states as its cast; a hash of unknown source stays what it is."""
    return EARLIER.get(stated, stated)
