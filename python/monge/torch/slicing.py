"""Sliced transport in torch's own operations: of every order of derivative, by points, masses and
directions, on any device; memory O(B k (n + m)) for k directions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from monge.torch.batch import Batch, inside
from monge.torch.ground import power_of_length


def shares(batch: Batch) -> tuple[Tensor | None, Tensor | None]:
    """Masses (B, n) and (B, m) of total 1, 0 for padding; None where none are given."""
    a, b = (
        None if side.a is None else _weights(side.a, side.x_lengths, side.x)
        for side in (batch, batch.swapped())
    )
    return a, b


def mean_costs(batch: Batch, directions: Tensor, p: float) -> Tensor:
    """The mean of W_p^p over directions (k, d): (B,)."""
    # Padding, which may hold anything, has no mass, wherever it is put.
    x, y = (
        torch.where(inside(side.x, side.x_lengths)[..., None], side.x, side.x[:, :1].detach())
        for side in (batch, batch.swapped())
    )
    # Clouds far from the origin lose nothing: the distance does not see a common translation.
    centre = x.detach().mean(1, keepdim=True)
    u, v = (directions @ (one - centre).transpose(1, 2) for one in (x, y))
    plain = batch.a is None and batch.b is None and batch.x_lengths is None
    if plain and batch.y_lengths is None and x.shape[1] == y.shape[1]:
        return _sorted_costs(u, v, p).mean(-1)
    a = _weights(batch.a, batch.x_lengths, x)[:, None]
    b = _weights(batch.b, batch.y_lengths, y)[:, None]
    return _quantile_costs(u, v, a, b, p).mean(-1)


def _weights(masses: Tensor | None, lengths: Tensor | None, points: Tensor) -> Tensor:
    """Masses (B, n) of total 1; 0 for padding."""
    if masses is None:
        masses = torch.ones(points.shape[:2], dtype=points.dtype, device=points.device)
    masses = torch.where(inside(points, lengths), masses, 0).to(points.dtype)
    return masses / masses.sum(-1, keepdim=True)


def _sorted_costs(u: Tensor, v: Tensor, p: float) -> Tensor:
    """mean |u_(i) - v_(i)|^p over the last dimension, for as many numbers of equal masses."""
    return power_of_length((u.sort(-1).values - v.sort(-1).values)[..., None], p).mean(-1)


def _quantile_costs(u: Tensor, v: Tensor, a: Tensor, b: Tensor, p: float) -> Tensor:
    """int_0^1 |F_u^-1(q) - F_v^-1(q)|^p dq over the last dimension; a and b broadcast."""
    sides = []
    for values, masses in ((u, a), (v, b)):
        ordered, order = values.sort(-1)
        sides.append((ordered, masses.expand_as(ordered).gather(-1, order).cumsum(-1)))
    (u, a_sum), (v, b_sum) = sides
    levels = torch.cat([a_sum, b_sum], -1).sort(-1).values
    widths = torch.diff(levels, dim=-1, prepend=torch.zeros_like(levels[..., :1]))
    middles = (levels - widths / 2).detach()
    ways = []
    for values, sums in ((u, a_sum), (v, b_sum)):
        index = torch.searchsorted(sums.detach().contiguous(), middles.contiguous())
        ways.append(values.gather(-1, index.clamp(max=values.shape[-1] - 1)))
    return (widths * power_of_length((ways[0] - ways[1])[..., None], p)).sum(-1)
