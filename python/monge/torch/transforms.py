"""The c-transform of potentials as differentiable tensors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from monge.problem import Cost, parse_cost
from monge.torch import ops
from monge.torch.batch import Batch, Clouds, Lengths, as_batch, inside, numbers_like
from monge.torch.ground import ground_cost


def c_transform(
    g: Any, x: Clouds, y: Clouds, *, cost: Cost = "euclidean", lengths: Lengths = None
) -> tuple[Tensor, Tensor]:
    """The c-transform of g: f_i = min_j (c(x_i, y_j) - g_j), and the j that attains it.

    The layer of semi-dual training: sum a f + sum b g bounds the transport cost from below for any
    g, and its gradient by g is the difference of masses.

    Parameters
    ----------
    g : (m,) tensor, or (B, m) for a batch, or a list
        Finite numbers, one per point of y.
    x, y, lengths
        As for `emd`.
    cost : str or ("euclidean_power", p)
        As for `monge.emd`.

    Returns
    -------
    f : (n,) tensor, or (B, n)
        In the common type of g and the points; 0 for padding. Differentiable by g, x and y through
        the pairs that attain it, as often as the cost is.
    argmin : (n,) int64 tensor, or (B, n)
        The lowest j among equals on the CPU; 0 for padding. On a GPU in float32, j may be another
        whose value is within float32's rounding of the least.

    Raises
    ------
    ValueError, TypeError
        For wrong shapes, types or values.

    Complexity: O(n m d) time at worst, O(n + m) memory beyond blocks of bounded size. Source:
    C. Villani, Topics in Optimal Transportation (2003), section 2.4.
    """
    name, power = parse_cost(cost)
    batch = as_batch(x, y, None, None, lengths)
    points = batch.y[0] if batch.single else batch.y
    potential = numbers_like("g", g, points, "number")
    if potential is None:
        raise TypeError("g must be numbers, one per point of y; got None")
    dtype = torch.promote_types(points.dtype, potential.dtype)
    potential = (potential[None] if batch.single else potential).to(dtype)
    batch = batch.to(dtype)
    ways, columns = least_ways(batch, potential, name, power)
    values = ground_cost(ways, name, power) - potential.gather(1, columns)
    f = torch.where(inside(batch.x, batch.x_lengths), values, 0)
    return batch.unbatch(f), batch.unbatch(columns)


def least_ways(
    batch: Batch, g: Tensor | None, cost: str, power: float = 1.0
) -> tuple[Tensor, Tensor]:
    """x_i - y_j (B, n, d) for the y_j of least c(x_i, y_j) - g_j, 0 for padding; and those j."""
    points = batch.x.detach(), batch.y.detach()
    potential = None if g is None else g.detach()
    columns = ops.c_transform(*points, potential, batch.x_lengths, batch.y_lengths, cost, power)
    ways = batch.x - batch.y.gather(1, columns[..., None].expand_as(batch.x))
    return torch.where(inside(batch.x, batch.x_lengths)[..., None], ways, 0), columns
