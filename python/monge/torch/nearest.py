"""The column of least c(x_i, y_j) - g_j: by the core for tensors on the CPU, by torch elsewhere."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from monge.sliced import UNIT_LENGTH
from monge.torch.batch import Batch, inside
from monge.torch.host import as_cost, counts, pairs_of_clouds, threads_here
from monge.transforms import c_transform

#: How far the totals of two clouds' masses may be apart, over the larger; the core's number.
MASS_TOLERANCE = 1e-6


def check_finite(points: Tensor, lengths: Tensor | None, argument: str) -> None:
    """Raises ValueError for NaN or infinity in points (B, n, d), and for wrong lengths."""
    counts(lengths, points.shape[0], points.shape[1], argument)
    if not bool(torch.isfinite(points[inside(points, lengths)]).all()):
        raise ValueError(f"{argument} must have finite coordinates; got NaN or infinity")


def check_masses(masses: Tensor | None, lengths: Tensor | None, argument: str) -> None:
    """Raises ValueError for masses (B, n) that are not finite and >= 0, or have no total."""
    if masses is None:
        return
    held = torch.where(inside(masses, lengths), masses.detach(), 0)
    wrong = ~(held.isfinite() & (held >= 0))
    if bool(wrong.any()):
        first = float(held[wrong][0])
        raise ValueError(f"{argument} must have finite masses >= 0; got {first:.10g}")
    if not bool((held.sum(-1) > 0).all()):
        raise ValueError(f"{argument} must have a positive total mass; got 0")


def check_totals(batch: Batch) -> None:
    """Raises ValueError where totals of a and b differ by more than the core lets pass."""
    if batch.a is None and batch.b is None:
        return
    sides = ((batch.a, batch.x_lengths), (batch.b, batch.y_lengths))
    a, b = (
        torch.ones(1, dtype=torch.float64, device=batch.x.device)
        if masses is None
        else torch.where(inside(masses, lengths), masses.detach(), 0).double().sum(-1)
        for masses, lengths in sides
    )
    a, b = torch.broadcast_tensors(a, b)
    wrong = (a - b).abs() > MASS_TOLERANCE * torch.maximum(a, b)
    if bool(wrong.any()):
        raise ValueError(
            "the total masses of a and b must agree within 1e-6 relative; got "
            f"{float(a[wrong][0]):.10g} and {float(b[wrong][0]):.10g} (omitted masses total 1)"
        )


def check_directions(rows: Tensor) -> None:
    """Raises ValueError for directions (k, d) that are no unit vectors."""
    lengths = torch.linalg.vector_norm(rows.detach(), dim=1)
    wrong = ~((lengths - 1).abs() <= UNIT_LENGTH)
    if bool(wrong.any()):
        raise ValueError(
            "projections must have rows of length 1; "
            f"got length {float(lengths[wrong][0]):.10g} in row {int(wrong.nonzero()[0])}"
        )


def check_potential(g: Tensor, lengths: Tensor | None) -> None:
    """Raises ValueError for NaN or infinity in g (B, m)."""
    if not bool(torch.isfinite(g[inside(g, lengths)]).all()):
        raise ValueError("g must be finite; got NaN or infinity")


def _largest(points: Tensor, lengths: Tensor | None) -> float:
    entries = points[inside(points, lengths)]
    return float(entries.abs().max()) or 1.0 if entries.numel() else 1.0


def columns_by_core(
    x: Tensor,
    y: Tensor,
    g: Tensor | None,
    lengths: tuple[Tensor | None, Tensor | None],
    cost: str,
    power: float,
) -> Tensor:
    """For each point of x that column, the first of several, in a tree where that pays: (B, n)."""
    columns = np.zeros(x.shape[:2], dtype=np.int64)
    ground, threads = as_cost(cost, power), threads_here(None)
    pairs = pairs_of_clouds(x, y, None, g, *lengths)
    for found, (x_k, y_k, _, g_k) in zip(columns, pairs, strict=True):
        potential = np.zeros(len(y_k)) if g_k is None else g_k
        found[: len(x_k)] = c_transform(potential, x_k, y_k, cost=ground, threads=threads)[1]
    return torch.from_numpy(columns)


def columns_in_blocks(
    x: Tensor,
    y: Tensor,
    g: Tensor | None,
    lengths: tuple[Tensor | None, Tensor | None],
    cost: str,
    power: float,
) -> Tensor:
    """For each point of x that column, in torch's own operations on blocks of rows: (B, n)."""
    size, n, m = x.shape[0], x.shape[1], y.shape[1]
    norm = {"cityblock": 1.0, "chebyshev": torch.inf}.get(cost, 2.0)
    exponent = {"sqeuclidean": 2.0, "euclidean_power": power}.get(cost, 1.0)
    columns = x.new_zeros((size, n), dtype=torch.int64)
    if g is None:
        # The unit of length matters to no nearest point, but squares of tiny or huge ones would
        # vanish.
        unit = max(_largest(x, lengths[0]), _largest(y, lengths[1]))
        x, y = x / unit, y / unit
    else:
        x, y, g = x.double(), y.double(), g.double()
    padding = ~inside(y, lengths[1])[:, None]
    rows = max(1, 2**24 // max(1, size * m))
    for start in range(0, n, rows):
        block = torch.cdist(
            x[:, start : start + rows], y, p=norm, compute_mode="donot_use_mm_for_euclid_dist"
        )
        if g is not None:
            block = block**exponent - g[:, None]
        columns[:, start : start + rows] = block.masked_fill_(padding, torch.inf).argmin(-1)
    return columns
