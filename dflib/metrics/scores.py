"""How far pictures, points and verdicts are from the truth."""
import numpy as np


def psnr(image, truth):
    """Peak signal-to-noise ratio in decibels, (N,) or one number; infinite for equal pictures.

    Both are uint8 arrays (H, W, 3) or (N, H, W, 3), or tensors (N, C, H, W) in [-1, 1].
    """
    a, b, peak, answer = _pair(image, truth)
    return answer(10 * (peak ** 2 / ((a - b) ** 2).mean(dim=(1, 2, 3))).log10())


def ssim(image, truth):
    """Mean structural similarity, (N,) or one number, 1 for equal pictures; shapes as in `psnr`, sides of 11 or more.

    Wang et al. 2004 (https://doi.org/10.1109/TIP.2003.819861): Gaussian window of sigma 1.5 cut to 11 x 11, per
    channel, over the pixels whose window lies inside. With tensors it is differentiable, so 1 - ssim is a loss.
    """
    import torch
    from torch.nn.functional import conv2d

    a, b, peak, answer = _pair(image, truth)
    if min(a.shape[2:]) < 11:
        raise ValueError(f"SSIM needs pictures of at least 11 x 11 pixels, not {a.shape[3]} x {a.shape[2]}.")
    x = torch.arange(-5, 6, dtype=a.dtype, device=a.device)
    window = torch.softmax(-x ** 2 / (2 * 1.5 ** 2), 0)         # (11,), sums to 1
    n, channels, height, width = a.shape

    def blur(z):                                                # (N, C, H, W) -> (N C, 1, H - 10, W - 10)
        z = z.reshape(n * channels, 1, height, width)
        return conv2d(conv2d(z, window.view(1, 1, 11, 1)), window.view(1, 1, 1, 11))

    mean_a, mean_b = blur(a), blur(b)
    variance_a, variance_b = blur(a * a) - mean_a ** 2, blur(b * b) - mean_b ** 2
    covariance = blur(a * b) - mean_a * mean_b
    c1, c2 = (.01 * peak) ** 2, (.03 * peak) ** 2
    similarity = ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)
                  / ((mean_a ** 2 + mean_b ** 2 + c1) * (variance_a + variance_b + c2)))
    return answer(similarity.reshape(n, -1).mean(dim=1))


def landmark_error(points, truth, visible=None):
    """Normalised mean error in percent of the distance between the outer eye corners, (N,) or one number.

    points, truth: (68, 2) or (N, 68, 2) pixels. visible: (…, 68) bool, the points that count, all by default.
    """
    points, truth = np.asarray(points, np.float64), np.asarray(truth, np.float64)
    if points.shape != truth.shape or points.shape[-2:] != (68, 2):
        raise ValueError(f"Both sets of landmarks must be (68, 2) or (N, 68, 2), not {points.shape} and {truth.shape}.")
    weight = np.ones(points.shape[:-1]) if visible is None else np.asarray(visible, np.float64)
    distance = np.linalg.norm(points - truth, axis=-1)
    eyes = np.linalg.norm(truth[..., 36, :] - truth[..., 45, :], axis=-1)
    return 100 * (distance * weight).sum(-1) / weight.sum(-1) / eyes


def equal_error_rate(labels, scores) -> float:
    """Share of errors, 0..1, at the threshold where false alarms and misses are as frequent; labels (N,) are 0 or 1."""
    from sklearn.metrics import roc_curve

    false_alarms, hits, _ = roc_curve(labels, scores)
    misses = 1 - hits
    # Both rates are lines between the thresholds that occur: the crossing lies on one of them.
    k = int(np.argmax(false_alarms >= misses))
    if k == 0:
        return float(false_alarms[0])
    gap = misses - false_alarms
    share = gap[k - 1] / (gap[k - 1] - gap[k])
    return float(false_alarms[k - 1] + share * (false_alarms[k] - false_alarms[k - 1]))


def _pair(image, truth):
    """Both as (N, C, H, W) tensors, their range, and what turns an (N,) tensor into the caller's kind of number."""
    import torch

    if torch.is_tensor(image):
        if image.shape != truth.shape or image.ndim != 4:
            raise ValueError(f"Both tensors must be (N, C, H, W), not {tuple(image.shape)} and {tuple(truth.shape)}.")
        return image + 1, truth + 1, 2.0, lambda values: values     # SSIM counts brightness from black
    image, truth = np.asarray(image), np.asarray(truth)
    if image.shape != truth.shape or image.ndim not in (3, 4) or image.dtype != np.uint8 or truth.dtype != np.uint8:
        raise ValueError("Both pictures must be uint8 and (H, W, 3) or (N, H, W, 3), "
                         f"not {image.dtype} {image.shape} and {truth.dtype} {truth.shape}.")
    a, b = (torch.from_numpy(x.reshape(-1, *x.shape[-3:]).astype(np.float64)).permute(0, 3, 1, 2)
            for x in (image, truth))
    if image.ndim == 3:
        return a, b, 255.0, lambda values: float(values[0])
    return a, b, 255.0, lambda values: values.numpy()
