"""Chamfer and sliced Wasserstein discrepancies of clouds, in torch's own operations.

Both are sums over pairs of points that sorting or a search for nearest points selects; the
selection is constant almost everywhere, so that autograd through the selected pairs gives the
gradient, of every order that torch has. They run on the device of the clouds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from monge.problem import is_whole_number, power_cost
from monge.sliced import random_directions
from monge.torch import sliced_on_device
from monge.torch.batch import Batch, Clouds, Lengths, as_batch, inside, lift
from monge.torch.functional import root
from monge.torch.ground import power_of_length
from monge.torch.nearest import check_finite, check_masses
from monge.torch.transforms import least_ways


def _mean(values: Tensor, lengths: Tensor | None) -> Tensor:
    """The mean of values (B, n) over points, without padding."""
    held = inside(values, lengths)
    return torch.where(held, values, 0).sum(-1) / held.sum(-1)


def chamfer(x: Clouds, y: Clouds, *, p: float = 2, lengths: Lengths = None) -> Tensor:
    """The chamfer discrepancy mean_i min_j |x_i - y_j|^p + mean_j min_i |x_i - y_j|^p.

    Not a distance between measures: many points may share one nearest point, and clouds of other
    densities on the same support count as close. Differentiable by x and y.

    Parameters
    ----------
    x, y, lengths
        As for `emd`.
    p : float
        At least 1; 2 takes squared Euclidean distances.

    Returns
    -------
    () tensor, or (B,) for a batch

    Complexity: O(n m d) time, memory O(n + m) beyond blocks of bounded size.
    """
    power_cost(p)
    batch = as_batch(x, y, None, None, lengths)
    total = torch.zeros((), dtype=batch.x.dtype, device=batch.x.device)
    for side in (batch, batch.swapped()):
        ways, _ = least_ways(side, None, "euclidean")
        total = total + _mean(power_of_length(ways, p), side.x_lengths)
    return batch.unbatch(total)


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


def sliced_wasserstein(
    x: Clouds,
    y: Clouds,
    a: Any = None,
    b: Any = None,
    *,
    p: float = 2,
    n_projections: int = 128,
    seed: Any = 0,
    projections: Any = None,
    lengths: Lengths = None,
) -> Tensor:
    """The sliced Wasserstein distance: (mean over directions of W_p^p on the line)^(1/p).

    Parameters
    ----------
    x, y, a, b, lengths
        As for `emd`. Differentiable by all four; masses enter by their shares of the total.
    p : float
        At least 1.
    n_projections, seed : int
        How many random directions, and what draws them: one seed is one set of directions, on
        every device. The standard error falls with the square root of their number.
    projections : (n_projections, d) tensor, optional
        Directions to use instead, unit rows.

    Returns
    -------
    () tensor, or (B,) for a batch
        Where it is 0, its gradient is 0.

    Complexity: O(k n log n + k n d) for k directions, memory O(B k (n + m)).
    Source: J. Rabin, G. Peyre, J. Delon, M. Bernot, Wasserstein barycenter and its application to
    texture mixing, SSVM 2011.
    """
    power_cost(p)
    batch = as_batch(x, y, a, b, lengths)
    dim = batch.x.shape[-1]
    if projections is None:
        if not (is_whole_number(n_projections) and n_projections >= 1):
            raise ValueError(f"n_projections must be a whole number >= 1; got {n_projections!r}")
        drawn = random_directions(int(n_projections), dim, seed)
        rows = torch.as_tensor(drawn, dtype=batch.x.dtype, device=batch.x.device)
    else:
        rows = lift("projections", projections, batch.x.device).to(batch.x.dtype)
        if rows.ndim != 2 or rows.shape[1] != dim or len(rows) == 0:
            raise ValueError(
                f"projections must have shape (n_projections, {dim}); got {tuple(rows.shape)}"
            )
    check_finite(batch.x.detach(), batch.x_lengths, "x")
    check_finite(batch.y.detach(), batch.y_lengths, "y")
    check_masses(batch.a, batch.x_lengths, "a")
    check_masses(batch.b, batch.y_lengths, "b")
    with torch.autocast(batch.x.device.type, enabled=False):
        values = _sliced_means(batch, rows, p)
    if batch.a is not None:
        held = torch.where(inside(batch.x, batch.x_lengths), batch.a.detach(), 0)
        values = held.sum(-1).to(values.dtype) * values
    return batch.unbatch(root(values, p))


def _sliced_means(batch: Batch, rows: Tensor, p: float) -> Tensor:
    """The mean of W_p^p over directions: (B,)."""
    a, b = (
        None if side.a is None else _weights(side.a, side.x_lengths, side.x)
        for side in (batch, batch.swapped())
    )

    def by_torch(x: Tensor, y: Tensor) -> Tensor:
        return _sliced_costs(replace(batch, x=x, y=y), rows, p).mean(-1)

    found = sliced_on_device.mean_costs(batch, rows, (a, b), p, by_torch)
    return by_torch(batch.x, batch.y) if found is None else found


def _sliced_costs(batch: Batch, rows: Tensor, p: float) -> Tensor:
    """W_p^p on each direction, in torch's own operations: (B, k)."""
    # Padding, which may hold anything, has no mass, wherever it is put.
    x, y = (
        torch.where(inside(side.x, side.x_lengths)[..., None], side.x, side.x[:, :1].detach())
        for side in (batch, batch.swapped())
    )
    # Clouds far from the origin lose nothing: the distance does not see a common translation.
    centre = x.detach().mean(1, keepdim=True)
    u, v = (rows @ (one - centre).transpose(1, 2) for one in (x, y))
    plain = batch.a is None and batch.b is None and batch.x_lengths is None
    if plain and batch.y_lengths is None and x.shape[1] == y.shape[1]:
        return _sorted_costs(u, v, p)
    a = _weights(batch.a, batch.x_lengths, x)[:, None]
    b = _weights(batch.b, batch.y_lengths, y)[:, None]
    return _quantile_costs(u, v, a, b, p)
