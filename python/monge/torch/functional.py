"""Differentiable transport costs as functions; the modules in `losses` are these with settings."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from monge.partial import plain_slack
from monge.problem import Cost, cost_of_distance, parse_cost
from monge.torch import ops
from monge.torch.batch import (
    Batch,
    Clouds,
    Lengths,
    as_batch,
    as_counts,
    check_device,
    lift,
    split_lengths,
)
from monge.torch.envelope import refuse_tangents
from monge.torch.host import Outputs, literal_of


def _how(
    solver: str,
    rtol: float,
    threads: int | None,
    time_limit: float | None,
    options: dict[str, Any],
    slack: dict[str, Any] | None = None,
) -> str:
    """How to solve, as the one text that an operator takes."""
    how = {"solver": solver, "rtol": rtol, "threads": threads, "time_limit": time_limit}
    return literal_of(how | options | (slack or {}))


def emd(
    x: Clouds,
    y: Clouds,
    a: Any = None,
    b: Any = None,
    *,
    cost: Cost = "euclidean",
    lengths: Lengths = None,
    solver: str = "auto",
    rtol: float = 0.0,
    mass: float | None = None,
    unmatched_cost: Any = None,
    threads: int | None = None,
    time_limit: float | None = None,
    **options: Any,
) -> Tensor:
    """The earth mover's distance as a differentiable tensor: `monge.emd` for tensors.

    Parameters
    ----------
    x, y : (n, d) and (m, d) tensors
        Points. (B, n, d) and (B, m, d) are a batch, and so is a list of (n, d) tensors of any
        sizes. float32 and float64 on the CPU are read in place; float16 and bfloat16 are lifted to
        float32, integers to float64. Tensors on another device are solved through host memory.
    a, b : (n,) and (m,) tensors, optional
        Non-negative masses of one total (within 1e-6 relative: b is scaled); default 1/n and 1/m.
        (B, n) and (B, m) for a batch.
    cost : str or ("euclidean_power", p)
        As for `monge.emd`.
    lengths : (B,) tensor or list, or a pair of them, optional
        Of a padded batch, how many points of each cloud are points: of x and y alike, or
        (x_lengths, y_lengths), either of which may be None. Padding may hold anything, gets
        gradient 0, and default masses are 1/length.
    mass, unmatched_cost : optional
        Partial transport, as for `monge.emd`: plain numbers, the same for all pairs, by which the
        cost has no gradient. Unmatched points get gradient 0.
    solver, rtol, threads, time_limit, **options
        As for `monge.emd`. Inside a DataLoader's worker process, `threads` is 1 by default.

    Returns
    -------
    () tensor, or (B,) for a batch
        The cost, not divided by anything, on the device of x and in its type (after lifting).
        Differentiable by x, y, a and b: docs/torch.md says what each gradient is.

    Raises
    ------
    ValueError, TypeError
        For wrong shapes, types or values.
    NotOptimal
        If a limit ended the solve.

    Complexity and source: as for `monge.emd`; memory O(B (n + m) d) beyond the solver's own.
    """
    batch = as_batch(x, y, a, b, lengths)
    how: dict[str, Any] = {"solver": solver, "rtol": rtol, "threads": threads}
    how |= {"time_limit": time_limit, "mass": mass, "unmatched_cost": unmatched_cost, **options}
    return batch.unbatch(transport(batch, cost, (None, None, None), **how)[0])


def transport(
    batch: Batch,
    cost: Cost,
    start: tuple[Tensor | None, Tensor | None, Tensor | None],
    *,
    solver: str,
    rtol: float,
    threads: int | None,
    time_limit: float | None,
    mass: Any = None,
    unmatched_cost: Any = None,
    **options: Any,
) -> Outputs:
    """All that the operator returns: cost, rows, cols, mass, f and g; from a warm start, if any."""
    name, power = parse_cost(cost)
    slack = plain_slack(mass, unmatched_cost)
    how = _how(solver, rtol, threads, time_limit, options, slack)
    lists = (batch.a, batch.b, batch.x_lengths, batch.y_lengths)
    refuse_tangents(batch.x, batch.y, batch.a, batch.b)
    return ops.transport(batch.x, batch.y, *lists, name, power, how, *start)


def root(value: Tensor, p: float) -> Tensor:
    """value^(1/p) of values >= 0; at 0 its gradient is 0, not infinite."""
    if p == 1:
        return value
    positive = value > 0
    return torch.where(positive, torch.where(positive, value, 1) ** (1 / p), 0)


def wasserstein(
    x: Clouds,
    y: Clouds,
    a: Any = None,
    b: Any = None,
    *,
    p: float = 1,
    lengths: Lengths = None,
    solver: str = "auto",
    rtol: float = 0.0,
    mass: float | None = None,
    unmatched_cost: Any = None,
    threads: int | None = None,
    time_limit: float | None = None,
    **options: Any,
) -> Tensor:
    """The p-Wasserstein distance (min sum_ij P_ij |x_i - y_j|_2^p)^(1/p) as a tensor.

    Parameters, errors and complexity as for `emd`; `p` is at least 1. Where the distance is 0, its
    gradient is 0.
    """
    cost = emd(
        x,
        y,
        a,
        b,
        cost=cost_of_distance(p, options),
        lengths=lengths,
        solver=solver,
        rtol=rtol,
        mass=mass,
        unmatched_cost=unmatched_cost,
        threads=threads,
        time_limit=time_limit,
        **options,
    )
    return root(cost, p)


def transport_cost(
    cost_matrix: Any,
    a: Any = None,
    b: Any = None,
    *,
    lengths: Lengths = None,
    solver: str = "auto",
    rtol: float = 0.0,
    threads: int | None = None,
    time_limit: float | None = None,
    **options: Any,
) -> Tensor:
    """The least cost <C, P> of transport by a cost matrix, differentiable by C, a and b.

    Parameters
    ----------
    cost_matrix : (n, m) or (B, n, m) tensor
        Costs per unit of mass; any sign; +inf forbids a pair.
    a, b : (n,) and (m,) tensors, or (B, n) and (B, m), optional
        Masses as for `emd`; default 1/n and 1/m, even if n != m.
    lengths : (B,) tensor or list, or a pair of them, optional
        How many rows and columns of padded matrices count.

    Other parameters and errors as for `emd`; NotOptimal also where forbidden pairs leave no plan.

    Returns
    -------
    () tensor, or (B,) for a batch
        Its gradient by the matrix is the optimal plan.
    """
    costs, single = _matrices("cost_matrix", cost_matrix)
    a, b = (_row(name, one, single) for name, one in (("a", a), ("b", b)))
    for name, masses, size in (("a", a, costs.shape[1]), ("b", b, costs.shape[2])):
        if masses is not None and tuple(masses.shape) != (costs.shape[0], size):
            raise ValueError(
                f"{name} must have one mass per {'row' if name == 'a' else 'column'}, {size}; got "
                f"shape {tuple(masses.shape)} for cost matrices of shape {tuple(costs.shape)}"
            )
    check_device(costs, a=a, b=b)
    counts = [_counts(one, costs, single) for one in split_lengths(lengths)]
    how = _how(solver, rtol, threads, time_limit, options)
    refuse_tangents(costs, a, b)
    values = ops.transport_cost(costs, a, b, *counts, how)[0]
    return values[0] if single else values


def match(
    cost_matrix: Any, *, maximize: bool = False, threads: int | None = None
) -> tuple[Tensor, Tensor]:
    """The cheapest one-to-one matching of rows and columns, as indices: assignment as a layer.

    For losses that must not depend on the order of a set: match predictions with targets by any
    cost, then compare matched pairs; the gradient flows through the pairs, not through the choice.

    Parameters
    ----------
    cost_matrix : (n, m) or (B, n, m) tensor
        Any sign, +inf forbids a pair. If n != m, |n - m| rows or columns stay unmatched.
    maximize : bool
        Find the largest total instead of the least (-inf then forbids).
    threads : int, optional
        As for `emd`.

    Returns
    -------
    rows, cols : (min(n, m),) int64 tensors, or (B, min(n, m)) for a batch
        Matched pairs, rows sorted: SciPy's convention. On the device of the costs.

    Raises
    ------
    ValueError
        For NaN or -inf (+inf when maximising).
    NotOptimal
        If the forbidden pairs leave no matching.

    Complexity: O(n^2 m) per matrix at worst. Source: R. Jonker and A. Volgenant, A shortest
    augmenting path algorithm for dense and sparse linear assignment problems, Computing 38 (1987).
    """
    costs, single = _matrices("cost_matrix", cost_matrix)
    costs = costs.detach()
    how = _how("auto", 0.0, threads, None, {})
    rows, cols = ops.assignment(-costs if maximize else costs, how)
    return (rows[0], cols[0]) if single else (rows, cols)


def assign(x: Clouds, y: Clouds, *, cost: Cost = "euclidean", threads: int | None = None) -> Tensor:
    """The optimal permutation between clouds of equal sizes: x_i goes to y[columns_i].

    Parameters as for `emd`, without masses. O(n) memory where the solver has that, unlike `match`.

    Returns
    -------
    columns : (n,) int64 tensor, or (B, n) for a batch
    """
    batch = as_batch(x, y, None, None, None)
    if batch.x.shape != batch.y.shape or batch.x_lengths is not None:
        raise ValueError(
            "x and y must have equal numbers of points; got shapes "
            f"{tuple(batch.x.shape)} and {tuple(batch.y.shape)}"
        )
    name, power = parse_cost(cost)
    how = _how("auto", 0.0, threads, None, {})
    x_points, y_points = batch.x.detach(), batch.y.detach()
    _, rows, cols, *_ = ops.transport(x_points, y_points, *[None] * 4, name, power, how)
    n = x_points.shape[1]
    columns = torch.zeros_like(rows[:, :n]).scatter(1, rows[:, :n], cols[:, :n])
    return batch.unbatch(columns)


def _matrices(argument: str, value: Any) -> tuple[Tensor, bool]:
    """Matrices as a batch, and whether it was one."""
    matrices = lift(argument, value)
    if matrices.ndim not in (2, 3):
        raise ValueError(
            f"{argument} must have shape (n, m), or (B, n, m) for a batch; "
            f"got shape {tuple(matrices.shape)}"
        )
    single = matrices.ndim == 2
    return (matrices[None] if single else matrices), single


def _row(argument: str, masses: Any, single: bool) -> Tensor | None:
    if masses is None:
        return None
    tensor = lift(argument, masses)
    return tensor[None] if single else tensor


def _counts(lengths: Any, costs: Tensor, single: bool) -> Tensor | None:
    if lengths is None:
        return None
    counts = as_counts(lengths, costs.device)
    if single or tuple(counts.shape) != (costs.shape[0],) or counts.is_floating_point():
        raise ValueError(
            "lengths must be one whole number per matrix of a batch (B, n, m); got shape "
            f"{tuple(counts.shape)} of {counts.dtype} for matrices of shape {tuple(costs.shape)}"
        )
    return counts
