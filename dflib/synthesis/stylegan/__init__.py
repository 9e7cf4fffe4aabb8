"""StyleGAN (Karras, Laine, Aila, CVPR 2019): networks, the ablation A to F, training, and what can be done with latents."""
from dflib.lazy import lazily

_HOME = {"Generator": "stylegan", "Discriminator": "stylegan"}
__all__ = sorted(_HOME)
__getattr__, __dir__ = lazily(globals(), _HOME)
