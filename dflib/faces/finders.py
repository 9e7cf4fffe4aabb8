"""What finds faces, named by content: part of the name of whatever is kept in the cache of faces that were found."""
from dflib import checkpoints

FOLLOWING = 3       # raised when faces are found, followed or cut otherwise by the same networks


def finders(backend: str = "dflib", identity: bool = False) -> tuple:
    """The networks that find and follow faces, by the checksums of their weights, and the way that they are used.

    backend: "dflib" or "face-alignment", see `landmarking.backend_used`; identity: whether people are told apart by looks.
    """
    networks = ["detector"] + ["landmarks"] * (backend == "dflib") + ["identity"] * identity
    return backend, [checkpoints.read_card(checkpoints.shipped(network))["sha256"] for network in networks], FOLLOWING
