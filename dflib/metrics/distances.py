"""How far pictures, points and verdicts are from the truth."""
import numpy as np


def psnr(image, truth, mask=None):
    """Peak signal-to-noise ratio in decibels, (N,) or one number; infinite for equal pictures.

    Both are uint8 arrays (H, W, 3) or (N, H, W, 3), or tensors (N, C, H, W) in [-1, 1]. mask: bool (H, W) or (N, H, W),
    array or tensor like the pictures; with it only the pixels inside count. ValueError for a mask without a pixel.
    """
    a, b, inside, peak, answer = _pair(image, truth, mask)
    squares = (a - b) ** 2
    if inside is None:
        return answer(10 * (peak ** 2 / squares.mean(dim=(1, 2, 3))).log10())
    return answer(10 * (peak ** 2 / _mean_inside(squares, inside)).log10())


def ssim(image, truth, mask=None):
    """Mean structural similarity, (N,) or one number, 1 for equal pictures; shapes as in `psnr`, sides of 11 or more.

    Wang et al. 2004 (https://doi.org/10.1109/TIP.2003.819861): Gaussian window of sigma 1.5 cut to 11 x 11, per
    channel, over the pixels whose window lies inside. With tensors it is differentiable, so 1 - ssim is a loss.

    With a mask only what lies inside it counts: local means and variances are taken over the part of each window that
    is inside, and the mean is over the mask's pixels. Where a window lies wholly inside, that is Wang's value.
    """
    import torch

    a, b, inside, peak, answer = _pair(image, truth, mask)
    if min(a.shape[2:]) < 11:
        raise ValueError(f"SSIM needs pictures of at least 11 x 11 pixels, not {a.shape[3]} x {a.shape[2]}.")
    rows, columns = (_windows(n, inside is not None).to(a) for n in a.shape[2:])

    def blur(z):                                    # (N, C, H, W) -> (N, C, H - 10, W - 10), as large with a mask
        return rows @ z @ columns.T                 # in double several times as fast as a convolution

    if inside is None:
        local = blur
    else:
        weight = inside.to(a.dtype)
        share = blur(weight).clamp(min=torch.finfo(a.dtype).tiny)

        def local(z):
            return blur(z * weight) / share

    mean_a, mean_b = local(a), local(b)
    variance_a, variance_b = local(a * a) - mean_a ** 2, local(b * b) - mean_b ** 2
    covariance = local(a * b) - mean_a * mean_b
    c1, c2 = (.01 * peak) ** 2, (.03 * peak) ** 2
    similarity = ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)
                  / ((mean_a ** 2 + mean_b ** 2 + c1) * (variance_a + variance_b + c2)))
    return answer(similarity.flatten(1).mean(dim=1) if inside is None else _mean_inside(similarity, inside))


def _windows(n, beyond):
    """Matrix (n - 10, n) that averages a line of n pixels under Gaussian windows; (n, n), cut at the ends, if `beyond`."""
    import torch

    distance = torch.arange(n, dtype=torch.float64) - torch.arange(n)[:, None]
    window = torch.exp(-distance ** 2 / (2 * 1.5 ** 2)) * (distance.abs() <= 5)
    window = window / window[5].sum()               # the window of pixel 5 is the first whole one
    return window if beyond else window[5:n - 5]


def flicker(frames, truth, mask=None):
    """How much the error changes from each frame to the next, (T - 1,) or (0,): mean absolute, in grey levels.

    frames, truth: clips uint8 (T, H, W, 3); mask (T, H, W) bool: pixels count that are inside in both frames. A constant
    error, however large, does not flicker. ValueError for other shapes and for masks that share no pixel.
    """
    frames, truth = np.asarray(frames), np.asarray(truth)
    mask = np.ones(frames.shape[:3], bool) if mask is None else np.asarray(mask)
    if frames.shape != truth.shape or frames.ndim != 4 or mask.shape != frames.shape[:3] or mask.dtype != bool:
        raise ValueError(f"Flicker needs two clips (T, H, W, 3) and a bool mask (T, H, W), not {frames.shape}, "
                         f"{truth.shape} and {mask.dtype} {mask.shape}.")
    found = []
    for t in range(1, len(frames)):
        both = mask[t] & mask[t - 1]
        if not both.any():
            raise ValueError(f"The masks of frames {t - 1} and {t} share no pixel.")
        errors = [frames[s][both].astype(np.int16) - truth[s][both] for s in (t - 1, t)]
        found.append(np.abs(errors[1] - errors[0]).mean())
    return np.array(found)


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


def _mean_inside(values, inside):
    """Means (N,) of values (N, C, H, W) over the channels and the pixels inside (N, 1, H, W)."""
    import torch
    return torch.where(inside, values, 0).sum((1, 2, 3)) / (inside.sum((1, 2, 3)) * values.shape[1])


def _pair(image, truth, mask=None):
    """Both as (N, C, H, W) tensors, mask (N, 1, H, W) or None, their range, and what turns an (N,) tensor into the
    caller's kind of number."""
    import torch

    if torch.is_tensor(image):
        if image.shape != truth.shape or image.ndim != 4:
            raise ValueError(f"Both tensors must be (N, C, H, W), not {tuple(image.shape)} and {tuple(truth.shape)}.")
        inside = None if mask is None else _inside(mask, image)
        return image + 1, truth + 1, inside, 2.0, lambda values: values     # SSIM counts brightness from black
    image, truth = np.asarray(image), np.asarray(truth)
    if image.shape != truth.shape or image.ndim not in (3, 4) or image.dtype != np.uint8 or truth.dtype != np.uint8:
        raise ValueError("Both pictures must be uint8 and (H, W, 3) or (N, H, W, 3), "
                         f"not {image.dtype} {image.shape} and {truth.dtype} {truth.shape}.")
    a, b = (torch.from_numpy(x.reshape(-1, *x.shape[-3:]).astype(np.float64)).permute(0, 3, 1, 2)
            for x in (image, truth))
    inside = None if mask is None else _inside(torch.from_numpy(np.array(mask)), a)
    if image.ndim == 3:
        return a, b, inside, 255.0, lambda values: float(values[0])
    return a, b, inside, 255.0, lambda values: values.numpy()


def _inside(mask, pictures):
    """A bool mask (H, W) or (N, H, W) for pictures (N, C, H, W), as (N, 1, H, W)."""
    import torch

    n, _, height, width = pictures.shape
    if mask.dtype != torch.bool or mask.shape not in ((height, width), (n, height, width)):
        raise ValueError(f"The mask must be bool (H, W) or (N, H, W) like the pictures, not {mask.dtype} {tuple(mask.shape)}.")
    mask = mask.to(pictures.device).expand(n, height, width)
    if not mask.flatten(1).any(1).all():
        raise ValueError("The mask of a picture holds no pixel, so there is nothing to compare.")
    return mask[:, None]
