"""How a learning rate changes while a network learns."""
import math


def warm_cosine(steps: int, warm_up: int = 50):
    """Factor of the rate in step i, a function: a straight rise over `warm_up` steps, then half a cosine down to 0."""
    return lambda i: min(1.0, (i + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * i / steps))
