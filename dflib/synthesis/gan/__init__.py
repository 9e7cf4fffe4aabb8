"""Goodfellow's game: its theorems, its losses, small players for points of the plane, and a DCGAN for faces of 32 px."""
from dflib.lazy import lazily

_HOME = {
    "gaussian": "theory", "optimal_discriminator": "theory", "game_value": "theory", "jensen_shannon": "theory",
    "discriminator_loss": "losses", "minimax_loss": "losses", "non_saturating_loss": "losses", "GENERATOR_LOSSES": "losses", "r1_penalty": "losses",
    "Perceptron": "ring", "MODES": "ring", "SPREAD": "ring", "CENTRES": "ring", "ring": "ring", "coverage": "ring", "Rules": "ring", "Moment": "ring", "EXTENT": "ring", "LATENT": "ring", "play": "ring", "REAL": "ring", "FAKE": "ring", "moment_image": "ring", "descend": "ring",
    "FaceGenerator": "gan", "FaceDiscriminator": "gan",
    "SHEET": "train", "SIDE": "train", "BATCH": "train", "RATES": "train", "HALF_LIFE": "train", "STEPS": "train", "face_run": "train", "faces_of": "train", "train": "train",
}
__all__ = sorted(_HOME)
__getattr__, __dir__ = lazily(globals(), _HOME)
