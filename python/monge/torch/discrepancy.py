"""Chamfer and sliced Wasserstein discrepancies of clouds.

Both are sums over pairs of points that sorting or a search for nearest points selects; the
selection is constant almost everywhere, so that autograd through the selected pairs gives the
gradient, of every order that torch has. They run on the device of the clouds; on the CPU the core
selects.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from monge.problem import power_cost, whole_number
from monge.sliced import random_directions
from monge.torch import ops, sliced_on_device, slicing
from monge.torch.batch import Batch, Clouds, Lengths, as_batch, inside, lift
from monge.torch.envelope import follows_operators
from monge.torch.functional import root
from monge.torch.ground import power_of_length
from monge.torch.nearest import check_directions, check_finite, check_masses, check_totals
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
        As for `emd`. Differentiable by all four; the gradient by masses is that of their shares
        of the total.
    p : float
        At least 1.
    n_projections, seed : int
        How many random directions, and what draws them: one seed is one set of directions, on
        every device, and may be several whole numbers. The standard error falls with the square
        root of their number.
    projections : (n_projections, d) tensor, optional
        Directions to use instead, unit rows.

    Returns
    -------
    () tensor, or (B,) for a batch
        Where it is 0, its gradient is 0.

    Complexity: O(k n log n + k n d) for k directions. Memory O(B (n + m) d) on the CPU; where
    masses or directions ask for gradients, or second derivatives are asked for, torch's own
    operations take O(B k (n + m)).
    Source: J. Rabin, G. Peyre, J. Delon, M. Bernot, Wasserstein barycenter and its application to
    texture mixing, SSVM 2011.
    """
    power_cost(p)
    batch = as_batch(x, y, a, b, lengths)
    dim = batch.x.shape[-1]
    if projections is None:
        whole_number(n_projections, "n_projections", 1)
        for one in seed if isinstance(seed, (list, tuple)) else (seed,):
            whole_number(one, "seed", 0)
        drawn = random_directions(int(n_projections), dim, seed)
        rows = torch.as_tensor(drawn, dtype=batch.x.dtype, device=batch.x.device)
    else:
        rows = lift("projections", projections, batch.x.device).to(batch.x.dtype)
        if rows.ndim != 2 or rows.shape[1] != dim or len(rows) == 0:
            raise ValueError(
                f"projections must have shape (n_projections, {dim}); got {tuple(rows.shape)}"
            )
        check_directions(rows)
    check_finite(batch.x.detach(), batch.x_lengths, "x")
    check_finite(batch.y.detach(), batch.y_lengths, "y")
    check_masses(batch.a, batch.x_lengths, "a")
    check_masses(batch.b, batch.y_lengths, "b")
    check_totals(batch)
    with torch.autocast(batch.x.device.type, enabled=False):
        values = _sliced_means(batch, rows, p)
    if batch.a is not None:
        held = torch.where(inside(batch.x, batch.x_lengths), batch.a.detach(), 0)
        values = held.sum(-1).to(values.dtype) * values
    return batch.unbatch(root(values, p))


def _sliced_means(batch: Batch, directions: Tensor, p: float) -> Tensor:
    """The mean of W_p^p over directions: (B,)."""
    tracking = torch.is_grad_enabled()
    fixed = (batch.a, batch.b, directions)
    if tracking and any(one is not None and one.requires_grad for one in fixed):
        return slicing.mean_costs(batch, directions, p)
    if not follows_operators(batch.x, batch.y, *fixed):
        return slicing.mean_costs(batch, directions, p)
    shares = slicing.shares(batch)
    found = sliced_on_device.mean_costs(batch, directions, shares, p)
    if found is not None:
        return found
    if batch.x.device.type != "cpu":
        return slicing.mean_costs(batch, directions, p)
    slopes = tracking and (batch.x.requires_grad or batch.y.requires_grad)
    clouds = batch.x, batch.y, *shares, batch.x_lengths, batch.y_lengths
    means: Tensor = ops.sliced(*clouds, directions, float(p), slopes)[0]
    return means
