"""Exact transport on a line."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge import _core
from monge.compat.pot.masses import (
    Array,
    Misuse,
    as_masses,
    balanced,
    float_type,
    given,
)
from monge.compat.pot.matrix import proved
from monge.problem import Cost, as_array, is_real_number, line_problem, power_cost
from monge.solution import Plan
from monge.solve import solve

METRICS = ("sqeuclidean", "minkowski", "cityblock", "euclidean")


class PlanTuple(NamedTuple):
    """A plan as its triplets."""

    data: Array
    rows: NDArray[np.int32]
    cols: NDArray[np.int32]


def emd_1d(
    x_a: ArrayLike,
    x_b: ArrayLike,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    metric: str = "sqeuclidean",
    p: float = 1.0,
    dense: bool = True,
    log: bool = False,
    check_marginals: bool = True,
) -> Any:
    """The optimal transport plan between numbers.

    Parameters
    ----------
    x_a, x_b : (n,) or (n, 1), and (m,) or (m, 1) arrays
        Positions.
    a, b : (n,) and (m,) arrays, optional
        Masses; an empty list or None is uniform, 1/n and 1/m. b is scaled to a's total.
    metric : str
        "sqeuclidean", "euclidean", "cityblock", or "minkowski": |x - y|^p.
    p : float
        For "minkowski". Below 1, where the monotone plan of POT is not optimal, the problem is
        solved as one between clouds.
    dense : bool
        Return an array; otherwise a `scipy.sparse.coo_array` of at most n + m - 1 entries.
    log : bool
        Return a dictionary too.
    check_marginals : bool
        Refuse sums of a and b that differ by more than 1.5e-6.

    Returns
    -------
    plan : (n, m) array or coo_array
        float32 if x_a is, else float64.
    log : dict, if asked for
        "cost" (float); "perms_x_a" and "perms_x_b": the indices of the plan's entries.

    Raises
    ------
    Misuse, ValueError, TypeError
        For wrong shapes, types, metrics and values.

    Notes
    -----
    Time O(n log n + m log m), and O(n m) to write a dense plan.
    """
    plan, cost = _line_plan(x_a, x_b, a, b, metric, p, check_marginals)
    dtype = float_type(x_a)
    G = plan.to_dense().astype(dtype, copy=False) if dense else plan.to_scipy().astype(dtype)
    if not log:
        return G
    return G, {"cost": cost, "perms_x_a": plan.rows, "perms_x_b": plan.cols}


def emd2_1d(
    x_a: ArrayLike,
    x_b: ArrayLike,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    metric: str = "sqeuclidean",
    p: float = 1.0,
    dense: bool = True,
    log: bool = False,
) -> Any:
    """The cost of the optimal transport plan between numbers.

    Parameters and errors as for `emd_1d`.

    Returns
    -------
    float; or (float, {"G": plan}) with `log`
    """
    if log:
        G, entries = emd_1d(x_a, x_b, a, b, metric, p, dense, log=True)
        return entries["cost"], {"G": G}
    return _line_plan(x_a, x_b, a, b, metric, p, check_marginals=True)[1]


def wasserstein_1d(
    u_values: ArrayLike,
    v_values: ArrayLike,
    u_weights: ArrayLike | None = None,
    v_weights: ArrayLike | None = None,
    p: float = 1,
    require_sort: bool = True,
    return_plans: bool | str = False,
) -> Any:
    """The p-Wasserstein distance between numbers, to the power p; one per column.

    Parameters
    ----------
    u_values, v_values : (n, ...) and (m, ...) arrays
        Positions. All axes but the first are a batch.
    u_weights, v_weights : (n,) or (n, ...), and (m,) or (m, ...) arrays, optional
        Masses of equal total (1e-6 relative: v_weights are scaled to it; beyond, refused);
        default 1/n and 1/m.
    p : float
        At least 1.
    require_sort : bool
        Without effect: unsorted values are sorted, and sorted ones stay.
    return_plans : bool or "coo_tuple"
        Return the plans too: a list, one `scipy.sparse.coo_array` or (data, rows, cols) per column.

    Returns
    -------
    cost : (...) array, or a scalar for 1-D values
        W_p^p; float32 if u_values is, else float64.
    plans : list, if asked for

    Raises
    ------
    Misuse, ValueError, TypeError
        For wrong shapes, types and values.
    """
    if is_real_number(p) and not p >= 1:
        raise Misuse(f"p must be at least 1; got {p!r}")
    if return_plans not in (False, True, "coo_tuple"):
        raise Misuse(f'return_plans must be True, False or "coo_tuple"; got {return_plans!r}')
    u, v = as_array(u_values, "u_values"), as_array(v_values, "v_values")
    if u.ndim == 0 or u.shape[1:] != v.shape[1:]:
        raise Misuse(
            "u_values and v_values must have shapes (n, ...) and (m, ...) that agree beyond the "
            f"first axis; got {u.shape} and {v.shape}"
        )
    dtype = float_type(u)
    columns = [
        _columns(u, "u_values"),
        _columns(v, "v_values"),
        _weight_columns(u_weights, u, "u_weights"),
        _weight_columns(v_weights, v, "v_weights"),
    ]
    if return_plans is False:
        costs = [
            _core.line_cost(line_problem(x, y, a, b, p))
            for x, y, a, b in zip(*columns, strict=True)
        ]
        return _shaped(costs, u, dtype)
    solved = [
        proved(solve(x[:, None], y[:, None], a, b, cost=power_cost(p)))
        for x, y, a, b in zip(*columns, strict=True)
    ]
    costs = [solution.cost for solution in solved]
    plans: list[Any] = []
    for solution in solved:
        plan = solution.plan
        if return_plans == "coo_tuple":
            plans.append(PlanTuple(plan.mass.astype(dtype), plan.rows, plan.cols))
        else:
            plans.append(plan.to_scipy().astype(dtype))
    return _shaped(costs, u, dtype), plans


def _line_plan(
    x_a: Any, x_b: Any, a: Any, b: Any, metric: str, p: float, check_marginals: bool
) -> tuple[Plan, float]:
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}; got {metric!r}")
    x, y = _on_line(x_a, "x_a"), _on_line(x_b, "x_b")
    source = as_masses(a, "a", len(x))
    target = balanced(source, as_masses(b, "b", len(y)), check_marginals)
    solution = proved(solve(x, y, source, target, cost=_cost(metric, p)))
    return solution.plan, solution.cost


def _cost(metric: str, p: float) -> Cost:
    if metric == "sqeuclidean":
        return "sqeuclidean"
    if metric == "minkowski" and p != 1:
        return "euclidean_power", p
    return "euclidean"


def _on_line(value: Any, argument: str) -> Array:
    """Positions as (n, 1)."""
    positions = as_array(value, argument)
    if not (positions.ndim == 1 or (positions.ndim == 2 and positions.shape[1] == 1)):
        raise Misuse(f"{argument} must have shape (n,) or (n, 1); got {positions.shape}")
    return positions.reshape(-1, 1)


def _columns(values: Array, argument: str) -> list[Array]:
    if len(values) == 0:
        raise Misuse(f"{argument} must have at least one number; got shape {values.shape}")
    return list(values.reshape(len(values), -1).T)


def _weight_columns(weights: Any, values: Array, argument: str) -> list[Any]:
    """The masses of each column of values: their own, or the same for all."""
    columns = values[0].size
    if not given(weights):
        return [None] * columns
    array = as_array(weights, argument)
    if array.shape == values.shape:
        return _columns(array, argument)
    if array.shape == values.shape[:1]:
        return [array] * columns
    raise Misuse(
        f"{argument} must have shape {values.shape[:1]} or {values.shape}; got {array.shape}"
    )


def _shaped(costs: list[float], values: Array, dtype: np.dtype[Any]) -> Any:
    """The costs in the shape of a row of values; [()] makes a scalar of a 0-D array."""
    return np.array(costs, dtype=dtype).reshape(values.shape[1:])[()]
