"""Goodfellow's game: its theorems, its losses, small players for points of the plane, and a DCGAN for faces of 32 px."""
from dflib.lazy import lazily

_HOME = {
    "gaussian": "theory", "optimal_discriminator": "theory", "game_value": "theory", "jensen_shannon": "theory",
    "kullback_leibler": "theory", "wasserstein": "theory", "mean_gradients": "theory",
    "discriminator_loss": "losses", "minimax_loss": "losses", "non_saturating_loss": "losses",
    "GENERATOR_LOSSES": "losses", "r1_penalty": "losses",
    "Perceptron": "points", "MODES": "points", "SPREAD": "points", "CENTRES": "points", "ring": "points", "coverage": "points",
    "Rules": "points", "Moment": "points", "EXTENT": "points", "LATENT": "points", "play": "points", "REAL": "points",
    "FAKE": "points", "moment_image": "points", "descend": "points",
    "play_many": "many",
    "FaceGenerator": "gan", "FaceDiscriminator": "gan",
    "SHEET": "train", "SIDE": "train", "Recipe": "train", "RECIPES": "train", "gan_run": "train", "faces_of": "train",
    "latents_of": "train", "on_arc": "train", "people_of": "train",
    "training_data": "train", "SHIPPED": "train",
}
__all__ = sorted(_HOME)
__getattr__, __dir__ = lazily(globals(), _HOME)
