"""Putting a face from one picture into another: soft edges, matched colours, and Poisson editing.

`poisson_plain.py` has the equation of Poisson editing as it stands in the paper, solved by elimination: read it first.

All functions take pictures of one size in which the face already lies where it should be seen, and a mask of bool:

    numpy   source, target uint8 (H, W, 3) or grey (H, W), mask (H, W); or B of them, (B, H, W, 3) with (B, H, W)
    torch   source, target float (B, C, H, W) in [-1, 1], mask (B, H, W) or (B, 1, H, W), on any device

and return what they were given: uint8, rounded and clipped, or a float32 tensor, not clipped. Nothing outside the mask
is changed by `feather` and `poisson`, not by one level, and an empty mask returns the target. All raise ValueError for
pictures and masks of other kinds or of different sizes.
"""
from functools import lru_cache

import cv2
import numpy as np
import torch

from dflib.faces.masks import soft_mask
from dflib.swap.edge_solver import solve_on_mask

TOLERANCE = 1e-4        # of the solver, in pictures from -1 to 1: 0.013 grey levels
TIE = 1e-4              # gradients that differ by less are equal: 1.3 per cent of the smallest step of a uint8 picture
ROUNDS = 500            # far more than any mask has needed; a solver that gets there has failed

# Reinhard, Ashikhmin, Gooch and Shirley 2001, "Color transfer between images", equations 4 and 6
RGB_TO_LMS = ((0.3811, 0.5783, 0.0402), (0.1967, 0.7244, 0.0782), (0.0241, 0.1288, 0.8444))
LMS_TO_LAB = np.diag([3 ** -0.5, 6 ** -0.5, 2 ** -0.5]) @ np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]])


def feather(source: np.ndarray, target: np.ndarray, mask: np.ndarray, width: float) -> np.ndarray:
    """The source inside the mask, fading into the target over `width` pixels, which lie inside the mask.

    source, target: pictures of one kind, uint8 (H, W, 3) in 0..255 or float (B, C, H, W) in [-1, 1], and mask, bool, as the
    head of this file lists them; the result is of the same kind and shape. width: pixels, above 0, not necessarily whole.
    The weight of the source rises from 0 at the mask's edge to 1 along a smooth step (`faces.masks.soft_mask`); the plain
    way of M. Kowalski's FaceSwap, 2016. The border of the picture is no edge: a mask that reaches it does not fade there,
    and a full mask returns the source. Raises ValueError for a width that is not positive, and for pictures and masks of
    other kinds or of different sizes.
    """
    g, t, inside, restore = _unpack(source, target, mask)
    weight = np.stack([soft_mask(one, width) for one in inside[:, 0].cpu().numpy()])[:, None]
    return restore(torch.where(inside, t + torch.from_numpy(weight).to(t.device) * (g - t), t))


def match_color(source: np.ndarray, target: np.ndarray, mask: np.ndarray, method: str = "mean") -> np.ndarray:
    """The source, with the colours that it has under the mask changed to those that the target has under the mask.

    source, target: pictures of one kind, uint8 (H, W, 3) in 0..255 or float (B, C, H, W) in [-1, 1], and mask, bool, as the
    head of this file lists them; the result is of the source's kind and shape. Each picture of a batch has its own statistics.

    "mean" shifts each channel to the target's mean: what is darker than the skin (lips, corners of the eyes) can be shifted
    into black. "log" shifts the mean logarithm instead, which multiplies each channel by one factor, as another light or a
    filter would: lips keep their ratio to the skin and black stays black. "reinhard" moves mean and standard deviation of
    each axis of the logarithmic colour space l-alpha-beta (Reinhard et al. 2001). Statistics are taken under the mask only;
    the change found is made everywhere, so that no edge appears along the mask in the source, which `poisson` would keep.
    An empty mask changes nothing. "mean" is what M. Kowalski's FaceSwap, 2016, does; "reinhard" is "Color
    transfer between images", https://doi.org/10.1109/38.946629, its equations 4 and 6 and its matching of statistics. Raises
    ValueError for another method, for Reinhard's on pictures without three channels, and for pictures and masks of other
    kinds or of different sizes.
    """
    g, t, inside, restore = _unpack(source, target, mask)
    if method == "mean":
        result = g + _moments(t, inside)[0] - _moments(g, inside)[0]
    elif method == "log":
        g_log, t_log = _levels(g).log(), _levels(t).log()
        result = ((_moments(t_log, inside)[0] - _moments(g_log, inside)[0] + g_log).exp() - 1) / 127.5 - 1
    elif method == "reinhard":
        if g.shape[1] != 3:
            raise ValueError(f"Reinhard's colour transfer needs pictures of 3 channels, not {g.shape[1]}.")
        g_lab, t_lab = _to_lab(g), _to_lab(t)
        g_mean, g_spread = _moments(g_lab, inside)
        t_mean, t_spread = _moments(t_lab, inside)
        gain = torch.where(g_spread > 1e-6, t_spread / g_spread.clamp(min=1e-6), 1.0)      # one flat colour stays flat
        result = _from_lab(t_mean + gain * (g_lab - g_mean))
    else:
        raise ValueError(f"method must be 'mean', 'log' or 'reinhard', not {method!r}.")
    return restore(torch.where(inside.any(-1, True).any(-2, True), result, g))


def poisson(source: np.ndarray, target: np.ndarray, mask: np.ndarray, mixed: bool = False) -> np.ndarray:
    """The picture that has the source's gradients inside the mask and equals the target outside it.

    source, target: pictures of one kind, uint8 (H, W, 3) in 0..255 or float (B, C, H, W) in [-1, 1], and mask, bool, as the
    head of this file lists them; the result is of the same kind and shape, uint8 rounded and clipped, float not clipped.

    Poisson editing of Pérez, Gangnet and Blake 2003, https://doi.org/10.1145/882262.882269; numbers of equations in this
    file are theirs: (7), the discrete form of (5), is solved. `mixed` takes the stronger of the two pictures' gradients at
    each pair of neighbours (13), so that the target's texture shows through.

    The gradients across the edge of the mask are used too: the source must be sound one pixel beyond the mask. Where
    it is not (a rendered face on black), pass `shrink(mask)`. Neighbours outside the picture do not exist (7), so a mask
    may touch the border: nothing is prescribed there. A full mask touches no known pixel and leaves the mean free; it
    gets the target's. The result is within about 0.02 grey levels of the exact solution, before rounding. Raises ValueError
    for pictures and masks of other kinds or of different sizes, RuntimeError should the solver not converge.
    """
    g, t, inside, restore = _unpack(source, target, mask)
    result = t.clone()
    one_by_one = g.device.type == "cpu"         # each mask in its own box; elsewhere all at once
    for some in torch.arange(len(g)).split(1 if one_by_one else len(g)):
        part = slice(int(some[0]), int(some[-1]) + 1)
        if inside[part].any():
            _edit(g[part], t[part], inside[part], mixed, result[part])
    full = inside.flatten(1).all(1)
    if full.any():
        result[full] += (t[full] - result[full]).mean((-2, -1), keepdim=True)
    return restore(result)


def shrink(mask: np.ndarray, pixels: int = 1) -> np.ndarray:
    """The mask (H, W) bool without what lies within `pixels` of its edge; the border of the picture is no edge.

    Raises ValueError for another kind of mask and for fewer than one pixel.
    """
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.dtype != bool or pixels < 1:
        raise ValueError(f"shrink takes a bool mask (H, W) and at least one pixel, not {mask.dtype} {mask.shape} and "
                         f"{pixels}.")
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return cv2.erode(mask.astype(np.uint8), cross, iterations=int(pixels), borderValue=1).astype(bool)


# ---- Poisson's equation ----

def _neighbours(picture):
    """The four pairs of slices (pixels, their neighbours) of a picture (..., H, W), those inside the picture only."""
    first, last, every = slice(None, -1), slice(1, None), slice(None)
    for here, there in (((..., first, every), (..., last, every)), ((..., every, first), (..., every, last))):
        yield here, there
        yield there, here


def _edit(g, t, inside, mixed, result):
    """Write the edited picture into `result` (B, C, H, W), a copy of the target; at least one mask is not empty."""
    top, bottom, left, right = _bounding_box(inside)
    height, width = inside.shape[-2:]
    y, x = max(top - 1, 0), max(left - 1, 0)            # with one row and column of known pixels around, where they exist
    near = (..., slice(y, bottom + 1), slice(x, right + 1))
    inner = (..., slice(top - y, bottom - y), slice(left - x, right - x))
    box = (..., slice(top, bottom), slice(left, right))
    degree, force = _equations(g[near], t[near], inside[near], mixed)
    ends = (top == 0, bottom == height, left == 0, right == width)
    correction = _solve(degree[inner], force[inner], inside[box], ends)
    result[box] = torch.where(inside[box], g[box] + correction, t[box])


def _equations(g, t, inside, mixed):
    """|N_p| (1, 1, H, W) and the right-hand side (B, C, H, W), both for the correction h of f = g + h.

    With v_pq = g_p - g_q + e_pq, (7) becomes  |N_p| h_p - sum_{q inside} h_q = sum_{q outside} (t - g)_q + sum_q e_pq :
    the discrete form of (5), Laplace's equation for the correction, when e = 0. Its terms are differences of pictures,
    small numbers that float32 holds well.
    """
    known = torch.where(inside, 0.0, t - g)
    degree, force = torch.zeros_like(g[:1, :1]), torch.zeros_like(g)
    for here, there in _neighbours(g):
        degree[here] += 1
        force[here] += known[there]
        if mixed:
            ours, theirs = g[here] - g[there], t[here] - t[there]
            force[here] += torch.where(theirs.abs() > ours.abs() + TIE, theirs - ours, 0.0)      # (13)
    return degree, force * inside


def _laplacian(u, degree, inside):
    """The left-hand side of (7) for u (B, C, H, W), which is 0 outside the mask."""
    result = degree * u
    for here, there in _neighbours(u):
        result[here] -= u[there]
    return result.mul_(inside)


def _solve(degree, force, inside, ends):
    """The solution (B, C, h, w) of (7) in a box around the masks, by the method that suits the device and the mask."""
    height, width = inside.shape[-2:]
    if force.device.type == "cpu" and not all(ends):
        mask = inside[0, 0].numpy()
        edges = np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1])
        if edges < height * width / 8:                  # a speckled mask is nearly all edge
            vectors, values = _eigenvectors(width, *ends[2:])
            return torch.from_numpy(solve_on_mask(force[0].numpy(), mask, ends[:2], vectors.numpy(), values.numpy(),
                                                  TOLERANCE, ROUNDS))[None]
    return _conjugate_gradients(degree, force, inside.float(), ends)


def _conjugate_gradients(degree, force, inside, ends):
    """The solution (B, C, H, W) of (7), 0 outside the mask; every picture and channel is a system of its own.

    Preconditioned with the exact solution on the whole rectangle: for a mask that is a rectangle this is the solution at
    once; for a face about ten rounds, because only the mask's edge is wrong.
    """
    solve = _rectangle(degree, *ends)

    def dot(a, b):
        return (a * b).sum((-2, -1), keepdim=True)

    u, r = torch.zeros_like(force), force
    z = solve(r) * inside
    p, rz = z, dot(r, z)
    for _ in range(ROUNDS):
        q = _laplacian(p, degree, inside)
        pq = dot(p, q)
        step = torch.where(pq > 0, rz / pq, 0.0)        # 0 / 0: this system is solved
        u = u + step * p
        r = r - step * q
        z = solve(r) * inside
        if z.abs().max() < TOLERANCE:
            return u + z                                # one free step of plain iteration
        before, rz = rz, dot(r, z)
        p = z + torch.where(before > 0, rz / before, 0.0) * p
    raise RuntimeError(f"Poisson editing has not converged in {ROUNDS} rounds.")


def _rectangle(degree, top, bottom, left, right):
    """A function that solves (7) on a whole rectangle, r (B, C, H, W) -> u, by its eigenvectors.

    The 5-point Laplacian is a sum of one along the columns and one along the rows. With their orthonormal eigenvectors S
    and eigenvalues l:  u = Sy ((Sy' r Sx) / (ly + lx)) Sx'.  As matrix products this needs no size without large prime
    factors and no rule for each kind of end, and runs in batches on any device; a box of 221 x 171 costs 3.1 ms a
    picture on one core, with scipy.fft 3.3 ms. The ends that lie on the picture's border are named True.
    """
    sy, ly = (x.to(degree.device) for x in _eigenvectors(degree.shape[-2], top, bottom))
    sx, lx = (x.to(degree.device) for x in _eigenvectors(degree.shape[-1], left, right))
    total = ly[:, None] + lx
    # a mask that touches all four borders without being full: its constant is held by the mask, not by the rectangle
    gain = 1 / torch.where(total > 1e-9, total, (ly[-1] + lx[-1]) / degree.numel())
    return lambda r: sy @ ((sy.T @ r @ sx) * gain) @ sx.T


@lru_cache(maxsize=64)
def _eigenvectors(n, free_start, free_end):
    """Orthonormal eigenvectors (n, n), in columns, and eigenvalues (n,) of the difference -u[x-1] + 2 u[x] - u[x+1].

    An end is held at 0 one pixel outside, or free: the missing neighbour does not count. Both held: the discrete sine
    transform DST-I. Both free: the cosine transform DCT-II. One free: the sine half-way between.
    """
    x, k = np.arange(n)[:, None], np.arange(n)
    if free_start and free_end:
        angle = np.pi * k / n
        vectors = np.cos(angle * (x + 0.5))
    elif free_start or free_end:
        angle = np.pi * (k + 0.5) / (n + 0.5)
        vectors = np.sin(angle * (x + 1))
        vectors = vectors[::-1] if free_start else vectors
    else:
        angle = np.pi * (k + 1) / (n + 1)
        vectors = np.sin(angle * (x + 1))
    vectors = vectors / np.linalg.norm(vectors, axis=0)
    return (torch.from_numpy(vectors.astype(np.float32)),
            torch.from_numpy((4 * np.sin(angle / 2) ** 2).astype(np.float32)))     # 2 - 2 cos, without cancellation


def _bounding_box(inside):
    """(top, bottom, left, right) around all masks (B, 1, H, W) together, ends exclusive."""
    seen = inside.any(0)[0]
    rows, columns = (torch.nonzero(seen.any(axis)).flatten() for axis in (1, 0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


# ---- colours ----

def _moments(picture, inside):
    """Mean and standard deviation (B, C, 1, 1) of a picture (B, C, H, W) where the mask (B, 1, H, W) is set; 0 for none."""
    count = inside.sum((-2, -1), keepdim=True).clamp(min=1)
    mean = torch.where(inside, picture, 0.0).sum((-2, -1), keepdim=True) / count
    variance = torch.where(inside, (picture - mean) ** 2, 0.0).sum((-2, -1), keepdim=True) / count
    return mean, variance.sqrt()


def _times(matrix, picture):
    """A matrix (3, 3) applied to the colours of a picture (B, 3, H, W)."""
    matrix = torch.as_tensor(np.asarray(matrix, np.float32), device=picture.device)
    return torch.einsum("ij,bjhw->bihw", matrix, picture)


def _levels(picture):
    """Levels 1 to 256 of a picture in [-1, 1]: one more than in a file, since black has no logarithm."""
    return ((picture + 1) * 127.5).clamp(0, 255) + 1


def _to_lab(picture):
    """l-alpha-beta of a picture in [-1, 1]."""
    return _times(LMS_TO_LAB, _times(RGB_TO_LMS, _levels(picture)).log10())


def _from_lab(lab):
    """The inverse of `_to_lab`."""
    levels = _times(np.linalg.inv(RGB_TO_LMS), 10 ** _times(np.linalg.inv(LMS_TO_LAB), lab))
    return (levels - 1) / 127.5 - 1


# ---- kinds of pictures ----

def _unpack(source, target, mask):
    """Source and target (B, C, H, W) float32, mask (B, 1, H, W) bool, and the function that turns a result back."""
    if all(isinstance(x, torch.Tensor) for x in (source, target, mask)):
        if mask.ndim == 3:
            mask = mask[:, None]
        floats = source.is_floating_point() and target.is_floating_point()
        if source.ndim != 4 or not floats or mask.dtype != torch.bool:
            raise ValueError("Tensors must be float pictures (B, C, H, W) and a bool mask (B, H, W).")
        if source.shape != target.shape or mask.shape != (len(source), 1, *source.shape[2:]) or not mask.numel():
            raise ValueError(f"Source {tuple(source.shape)}, target {tuple(target.shape)} and mask {tuple(mask.shape)} "
                             "differ in size.")
        return source.float(), target.float(), mask, lambda result: result
    source, target, mask = (np.asarray(x) for x in (source, target, mask))
    if source.dtype != np.uint8 or target.dtype != np.uint8 or mask.dtype != bool or mask.ndim not in (2, 3):
        raise ValueError(f"Pictures must be uint8 and the mask bool (H, W) or (B, H, W), not {source.dtype}, "
                         f"{target.dtype} and {mask.dtype} {mask.shape}.")
    if source.shape != target.shape or source.shape not in (mask.shape, (*mask.shape, 3)) or not mask.size:
        raise ValueError(f"Source {source.shape}, target {target.shape} and mask {mask.shape} differ in size.")
    height, width = mask.shape[-2:]

    def tensor(picture):
        planes = np.array(picture, np.float32).reshape(-1, height, width, *source.shape[mask.ndim:] or (1,))
        return torch.from_numpy(planes).permute(0, 3, 1, 2).contiguous() / 127.5 - 1

    def picture(result):
        levels = ((result + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        return np.ascontiguousarray(levels.permute(0, 2, 3, 1).numpy()).reshape(source.shape)

    return tensor(source), tensor(target), torch.from_numpy(np.array(mask)).reshape(-1, 1, height, width), picture
