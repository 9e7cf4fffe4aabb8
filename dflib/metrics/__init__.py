"""Distances and scores: pictures and points against the truth, who is shown, and what can be seen of them.

    psnr, ssim, flicker, equal_error_rate       formulas
    identity_embedding, identity_similarity, person_embedding     a network that tells the cast's people apart
    face_attributes                                   a network that names age, hair, pose, expression and more
    sliced_wasserstein, pyramid_wasserstein, frechet_distance, precision_recall     two sets of pictures
    inception_features, imagenet_features             what they may look at beside the course's own networks
    perceptual_path_length, linear_separability       how well a generator's latents are laid out
    auc, balanced_accuracy, log_loss; interval, paired_difference, holm; fit_temperature, reliability, under_prior
                                                      real or fake, how surely, and with what probability
    iinc, pbca, iou, true_detect_rate                 maps of what was changed, detection at a rate of false alarms

Names are resolved on first use; torch is imported by what needs it.
"""
from dflib.lazy import lazily

_HOME = {
    "psnr": "distances", "ssim": "distances", "flicker": "distances", "equal_error_rate": "distances",
    "identity_embedding": "identity", "identity_similarity": "identity", "person_embedding": "identity",
    "face_attributes": "attributes",
    "sliced_wasserstein": "wasserstein", "pyramid_wasserstein": "wasserstein", "real_floor": "wasserstein",
    "frechet_distance": "frechet", "inception_features": "frechet", "imagenet_features": "efficientnet",
    "precision_recall": "coverage",
    "auc": "classification", "balanced_accuracy": "classification", "log_loss": "classification",
    "interval": "classification", "paired_difference": "classification", "holm": "classification",
    "fit_temperature": "classification", "reliability": "classification", "under_prior": "classification",
    "iinc": "localisation", "pbca": "localisation", "iou": "localisation", "true_detect_rate": "localisation",
    "perceptual_path_length": "paths", "linear_separability": "paths", "separability_of": "paths",
}
__all__ = sorted(_HOME)
__getattr__, __dir__ = lazily(globals(), _HOME)
