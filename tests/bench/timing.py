"""How long one way of doing something takes beside another, on a machine that does other things as well."""
import time


def fastest(*ways, rounds=5):
    """Shortest CPU time in seconds of each of `ways`, called in turn: a busy machine slows all, and the shortest least.

    The first round compiles and fills caches, and counts only if it is the fastest.
    """
    best = [float("inf")] * len(ways)
    for _ in range(rounds + 1):
        for k, way in enumerate(ways):
            began = time.process_time()         # of this process: other work on the machine does not count
            way()
            best[k] = min(best[k], time.process_time() - began)
    return best
