"""Entropic transport as differentiable tensors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from monge.problem import Cost, is_real_number, parse_cost
from monge.torch import ops
from monge.torch.batch import Batch, Clouds, Lengths, as_batch, inside
from monge.torch.envelope import refuse_tangents
from monge.torch.ground import ground_cost
from monge.torch.host import literal_of
from monge.torch.nearest import check_finite


def sinkhorn_divergence(
    x: Clouds,
    y: Clouds,
    a: Any = None,
    b: Any = None,
    *,
    epsilon: float,
    cost: Cost = "sqeuclidean",
    debias: bool = True,
    lengths: Lengths = None,
    rtol: float = 1e-6,
    max_iterations: int = 10_000,
    threads: int | None = None,
    time_limit: float | None = None,
) -> Tensor:
    """The debiased entropic cost OT(x, y) - OT(x, x) / 2 - OT(y, y) / 2 as a tensor.

    Parameters
    ----------
    x, y, a, b, lengths, threads, time_limit
        As for `emd`. Differentiable by x, y, a and b, once: by the envelope theorem.
    epsilon, cost, rtol, max_iterations
        As for `monge.sinkhorn_divergence`, except that 10,000 passes are the limit by default.
    debias : bool
        False: OT(x, y) alone, min <C, P> + epsilon KL(P | a b').

    Returns
    -------
    () tensor, or (B,) for a batch
        At least 0 up to the tolerance for costs such as "euclidean" and "sqeuclidean".

    Raises
    ------
    ValueError, TypeError
        For wrong shapes, types or values.
    NotOptimal
        If a limit was hit.

    Complexity and sources: as for `monge.sinkhorn_divergence`; the gradient takes O(n m d) time and
    bounded memory beside it.
    """
    batch = as_batch(x, y, a, b, lengths)
    how = _how(rtol, max_iterations, threads, time_limit)
    value = _solve(batch, epsilon, cost, False, how)[0]
    if debias:
        for side in (batch, batch.swapped()):
            value = value - _solve(_with_itself(side), epsilon, cost, True, how)[0] / 2
    return batch.unbatch(value)


@torch.no_grad()
def entropic_potentials(
    batch: Batch, *, epsilon: float, cost: Cost, debias: bool
) -> tuple[Tensor, Tensor]:
    """The potentials (B, n) and (B, m): the gradient of the value by masses, up to a constant."""
    how = _how(1e-6, 10_000, None, None)
    _, f, g = _solve(batch, epsilon, cost, False, how)
    if not debias:
        return f, g
    own = [
        _solve(_with_itself(side), epsilon, cost, True, how)[1] for side in (batch, batch.swapped())
    ]
    return f - own[0], g - own[1]


def _how(rtol: float, max_iterations: int, threads: int | None, time_limit: float | None) -> str:
    settings: dict[str, Any] = {"rtol": rtol, "max_iterations": max_iterations}
    return literal_of(settings | {"threads": threads, "time_limit": time_limit})


def _with_itself(side: Batch) -> Batch:
    return Batch(side.x, side.x, side.a, side.a, side.x_lengths, side.x_lengths, side.single)


def _solve(
    batch: Batch, epsilon: float, cost: Cost, symmetric: bool, how: str
) -> tuple[Tensor, Tensor, Tensor]:
    if not is_real_number(epsilon):
        raise TypeError(f"epsilon must be a number; got {epsilon!r}")
    name, power = parse_cost(cost)
    lists = (batch.a, batch.b, batch.x_lengths, batch.y_lengths)
    settings = (name, power, float(epsilon), symmetric, how)
    refuse_tangents(batch.x, batch.y, batch.a, batch.b)
    return ops.entropic(batch.x, batch.y, *lists, *settings)


@torch.no_grad()
def mean_cost(batch: Batch, cost: Cost) -> float:
    """The mean of c(x_i, y_j) over all pairs of points of all pairs of clouds; O(B n m d) time."""
    name, power = parse_cost(cost)
    check_finite(batch.x, batch.x_lengths, "x")
    check_finite(batch.y, batch.y_lengths, "y")
    batch = batch.to(torch.float64)  # squares of small numbers vanish in single precision
    total, count = 0.0, 0
    rows = max(1, 2**22 // max(1, batch.y.numel()))
    x_held = inside(batch.x, batch.x_lengths)
    y_held = inside(batch.y, batch.y_lengths)
    for start in range(0, batch.x.shape[1], rows):
        part = slice(start, start + rows)
        costs = ground_cost(batch.x[:, part, None] - batch.y[:, None], name, power)
        held = x_held[:, part, None] & y_held[:, None]
        total += float(torch.where(held, costs, 0).sum(dtype=torch.float64))
        count += int(held.sum())
    return total / max(1, count)
