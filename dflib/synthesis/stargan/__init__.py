"""StarGAN: hair, sex, age, skin and expression edited by one generator. Names are resolved on first use."""
from dflib.lazy import lazily

_HOME = {"Generator": "stargan", "Discriminator": "stargan", "DOMAINS": "labels"}
__all__ = sorted(_HOME)
__getattr__, __dir__ = lazily(globals(), _HOME)
