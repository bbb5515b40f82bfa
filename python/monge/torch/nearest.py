"""Nearest points: the core's search for tensors on the CPU, torch's operations elsewhere."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from monge.torch.batch import inside
from monge.torch.host import counts, pairs_of_clouds, threads_here
from monge.transforms import c_transform


def check_finite(points: Tensor, lengths: Tensor | None, argument: str) -> None:
    """Raises ValueError for NaN or infinity in points (B, n, d), and for wrong lengths."""
    counts(lengths, points.shape[0], points.shape[1], argument)
    if not bool(torch.isfinite(points[inside(points, lengths)]).all()):
        raise ValueError(f"{argument} must have finite coordinates; got NaN or infinity")


def _largest(points: Tensor, lengths: Tensor | None) -> float:
    entries = points[inside(points, lengths)]
    return float(entries.abs().max()) or 1.0 if entries.numel() else 1.0


def nearest_by_core(
    x: Tensor, y: Tensor, x_lengths: Tensor | None, y_lengths: Tensor | None, norm: float
) -> Tensor:
    """For each point of x the nearest of y, in a tree where that pays: (B, n)."""
    columns = np.zeros(x.shape[:2], dtype=np.int64)
    cost, threads = "euclidean" if norm == 2 else "cityblock", threads_here(None)
    pairs = pairs_of_clouds(x, y, None, None, x_lengths, y_lengths)
    for found, (x_k, y_k, *_) in zip(columns, pairs, strict=True):
        g = np.zeros(len(y_k))
        found[: len(x_k)] = c_transform(g, x_k, y_k, cost=cost, threads=threads)[1]
    return torch.from_numpy(columns)


def nearest_in_blocks(
    x: Tensor, y: Tensor, x_lengths: Tensor | None, y_lengths: Tensor | None, norm: float
) -> Tensor:
    """For each point of x the nearest of y, in torch's own operations: (B, n)."""
    size, n, m = x.shape[0], x.shape[1], y.shape[1]
    columns = x.new_zeros((size, n), dtype=torch.int64)
    # The unit of length matters to no nearest point, but squares of tiny or huge ones would vanish.
    unit = max(_largest(x, x_lengths), _largest(y, y_lengths))
    x, y = x / unit, y / unit
    padding = ~inside(y, y_lengths)[:, None]
    rows = max(1, 2**24 // max(1, size * m))
    for start in range(0, n, rows):
        block = torch.cdist(
            x[:, start : start + rows], y, p=norm, compute_mode="donot_use_mm_for_euclid_dist"
        )
        columns[:, start : start + rows] = block.masked_fill_(padding, torch.inf).argmin(-1)
    return columns
