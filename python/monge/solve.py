"""The functions that solve: clouds, cost matrices, assignments."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge import _core
from monge.partial import leave_unmatched
from monge.problem import (
    Clouds,
    Cost,
    as_array,
    cloud_problems,
    cost_of_distance,
    dense_problem,
    is_real_number,
    is_tensor,
    thread_count,
)
from monge.progress import Progress, reporter
from monge.solution import ATTAINED, NotOptimal, Solution, from_core
from monge.warm_start import start_from

#: A solver's own option; `solvers()` lists them.
Option: TypeAlias = "bool | int | float | str"


def emd(
    x: Clouds,
    y: Clouds,
    a: Any = None,
    b: Any = None,
    *,
    cost: Cost = "euclidean",
    solver: str = "auto",
    rtol: float = 0.0,
    mass: Any = None,
    unmatched_cost: Any = None,
    potentials: Any = None,
    plan: Any = None,
    threads: int | None = None,
    time_limit: float | None = None,
    progress: Progress = None,
    **options: Option,
) -> Any:
    """The earth mover's distance: the least cost sum_ij P_ij c(x_i, y_j) of moving x onto y.

    Parameters
    ----------
    x, y : (n, d) and (m, d) arrays
        Points. (B, n, d) and (B, m, d) are a batch; so is a list of 2-D arrays of any sizes.
        float32 and float64 enter without a copy; other types become float64. Coordinates are exact
        numbers as given: costs are evaluated in double precision. Torch tensors go to
        `monge.torch.emd`, and the result is a differentiable tensor.
    a, b : (n,) and (m,) arrays, optional
        Non-negative masses of the same total (within 1e-6 relative: b is scaled to a's total;
        beyond, refused). Default 1/n and 1/m. (B, n) and (B, m) for a batch.
    cost : str or ("euclidean_power", p)
        "euclidean", "sqeuclidean", "cityblock", "chebyshev", or |x - y|_2^p.
    solver : str
        A name from `solvers()`; "auto" takes the first that serves the problem.
    rtol : float
        0: exact, certified `relative_gap` <= 1e-9. Positive: the solver may stop as soon as the
        certified relative gap is at most this.
    mass : float, optional
        Partial transport: exactly this much mass moves, at least cost; from 0 to the smaller total
        of a and b, which may then differ. (B,) for a batch, if not the same for all pairs.
    unmatched_cost : (float, float) or float, optional
        Partial transport: mass may stay, at these prices per unit of a and of b (one number: the
        same for both). The cost is sum_ij P_ij c_ij + alpha (mass of a left) + beta (mass of b
        left). Totals may differ.
    potentials : (f, g), optional
        A warm start: potentials (n,) and (m,) of an earlier solution of a similar problem; one of
        them may be None (g is what solvers start from; without it, the c-transform of f).
        ((B, n), (B, m)) for a batch. Any finite numbers give the same cost and certificate; good
        ones give them sooner. With a start, "auto" takes the first solver that can use it; on a
        line, which is merely sorted, it goes unused.
    plan : Plan, (rows, cols) or (rows, cols, mass), optional
        The plan of that solution, with its potentials: the pairs that carried mass. This is what
        makes a warm start fast: the simplex begins at this plan, if the masses still allow it, or
        near it. One per pair of a batch.
    threads : int, optional
        Default: MONGE_NUM_THREADS or all usable cores. The result does not depend on it.
    time_limit : float, optional
        Seconds, for the whole call.
    progress : callable or bool, optional
        Called as progress(phase, fraction) about 50 times a second; returning False cancels.
        True draws a bar on stderr: pip install "monge[progress]".
    **options
        The solver's own; `solvers()` lists them.

    Returns
    -------
    float, or (B,) array for a batch; a tensor for tensors
        The cost, not divided by anything. In the unit of the ground cost times that of the masses.

    Raises
    ------
    ValueError, TypeError
        For wrong shapes, types or values, and for problems that no solver serves.
    NotOptimal
        If a limit ended the solve, or the certificate does not prove an optimum; its `.solution`
        has the best plan and bound.
    MemoryError
        If the solver's working set would take more than half of the machine's memory.

    Notes
    -----
    Complexity: O(n log n) in dimension 1. Else O(n^3) at worst, in dimension 2 to 8 more like
    O(n^1.5); there O(n + m) memory from a few hundred points on (solvers "multiscale_hungarian" for
    equal sizes and masses, "multiscale_simplex"; for rtol from 3e-3 and up to 8192 points
    "spatial_auction", with n m / 16 bytes), a matrix of 8 n m bytes below and in higher dimension.
    Partial transport is one with a further row and column (solvers "multiscale_simplex" and
    "network_simplex").

    Source: Y. Rubner, C. Tomasi and L. J. Guibas, The Earth Mover's Distance as a metric for image
    retrieval, Int. J. Computer Vision 40 (2000) 99-121; there the cost is divided by the mass
    moved.
    """
    if any(is_tensor(value) for value in (x, y, a, b)):
        if progress is not None:
            raise TypeError(f"progress must be None for torch tensors; got {progress!r}")
        if potentials is not None or plan is not None:
            raise TypeError(
                "potentials and plan must be None for torch tensors: "
                "monge.torch.EMDLoss(warm_start=True) keeps them itself"
            )
        # Imported here: NumPy is all that this module needs, and all that arrays bring.
        from monge.torch import emd as differentiable_emd

        how: dict[str, Any] = {"solver": solver, "rtol": rtol, "threads": threads}
        how |= {"time_limit": time_limit, "mass": mass, "unmatched_cost": unmatched_cost}
        return differentiable_emd(x, y, a, b, cost=cost, **how | options)
    problems, batch = cloud_problems(x, y, a, b, cost)
    leave_unmatched(problems, mass, unmatched_cost, batch)
    start_from(problems, potentials, plan, batch)
    solutions = solve_problems(problems, solver, rtol, threads, time_limit, progress, options)
    for k, solution in enumerate(solutions):
        if solution.status not in ATTAINED:
            clouds = (x[k], y[k]) if batch else (x, y)  # type: ignore[index]
            raise NotOptimal(from_core(solution, *clouds), k if batch else None)
    costs = np.array([solution.cost for solution in solutions])
    return costs if batch else float(costs[0])


def wasserstein(
    x: Clouds,
    y: Clouds,
    a: Any = None,
    b: Any = None,
    *,
    p: float = 1,
    solver: str = "auto",
    rtol: float = 0.0,
    mass: Any = None,
    unmatched_cost: Any = None,
    potentials: Any = None,
    plan: Any = None,
    threads: int | None = None,
    time_limit: float | None = None,
    progress: Progress = None,
    **options: Option,
) -> Any:
    """The p-Wasserstein distance (min sum_ij P_ij |x_i - y_j|_2^p)^(1/p).

    Parameters, errors and complexity as for `emd`; `p` is at least 1, and `rtol` is the relative
    gap of the cost before the root is taken. With `unmatched_cost`, what is paid for unmatched mass
    is part of that cost.

    Returns
    -------
    float, or (B,) array for a batch; a tensor for tensors
        In the unit of the coordinates, if the masses total 1.
    """
    cost = emd(
        x,
        y,
        a,
        b,
        cost=cost_of_distance(p, options),
        solver=solver,
        rtol=rtol,
        mass=mass,
        unmatched_cost=unmatched_cost,
        potentials=potentials,
        plan=plan,
        threads=threads,
        time_limit=time_limit,
        progress=progress,
        **options,
    )
    if is_tensor(cost):
        from monge.torch.functional import root

        return root(cost, p)
    return cost ** (1 / p)


def solve(
    x: Clouds,
    y: Clouds,
    a: Any = None,
    b: Any = None,
    *,
    cost: Cost = "euclidean",
    solver: str = "auto",
    rtol: float = 0.0,
    mass: Any = None,
    unmatched_cost: Any = None,
    potentials: Any = None,
    plan: Any = None,
    threads: int | None = None,
    time_limit: float | None = None,
    progress: Progress = None,
    **options: Option,
) -> Any:
    """The optimal plan between two clouds, its potentials, and the certificate of its cost.

    Parameters and errors as for `emd`, except that a limit that was hit is not an error here: it
    is the solution's `status`.

    Returns
    -------
    Solution, or a list of them for a batch
    """
    problems, batch = cloud_problems(x, y, a, b, cost)
    leave_unmatched(problems, mass, unmatched_cost, batch)
    start_from(problems, potentials, plan, batch)
    solved = solve_problems(problems, solver, rtol, threads, time_limit, progress, options)
    if not batch:
        return from_core(solved[0], as_array(x, "x"), as_array(y, "y"))
    return [
        from_core(solution, as_array(x_k, "x"), as_array(y_k, "y"))
        for solution, x_k, y_k in zip(solved, x, y, strict=True)  # type: ignore[arg-type]
    ]


def solve_cost(
    cost_matrix: ArrayLike,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    solver: str = "auto",
    rtol: float = 0.0,
    mass: Any = None,
    unmatched_cost: Any = None,
    potentials: Any = None,
    plan: Any = None,
    threads: int | None = None,
    time_limit: float | None = None,
    progress: Progress = None,
    **options: Option,
) -> Solution:
    """The optimal transport plan by a cost matrix.

    Parameters
    ----------
    cost_matrix : (n, m) array
        C_ij, the cost per unit of mass; any sign; +inf forbids a pair. float32 and float64 are read
        in place.
    a, b : (n,) and (m,) arrays, optional
        Masses as for `emd`; default 1/n and 1/m, even if n != m.

    Other parameters and errors as for `solve`.

    Returns
    -------
    Solution
        With status "infeasible", cost inf and an empty plan if the forbidden pairs leave no plan.
    """
    problem = dense_problem(cost_matrix, a, b)
    leave_unmatched([problem], mass, unmatched_cost, batch=False)
    start_from([problem], potentials, plan, False)
    return from_core(
        solve_problems([problem], solver, rtol, threads, time_limit, progress, options)[0]
    )


def linear_sum_assignment(
    cost_matrix: ArrayLike, maximize: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Solve the linear sum assignment problem; `scipy.optimize.linear_sum_assignment`'s contract.

    Parameters
    ----------
    cost_matrix : (n, m) array
        Any shape; +inf forbids a pair (-inf when maximising).
    maximize : bool
        Find the largest total instead of the least.

    Returns
    -------
    row_ind, col_ind : arrays of min(n, m) int64
        Matched pairs, row_ind sorted; the total is cost_matrix[row_ind, col_ind].sum().

    Raises
    ------
    ValueError
        If the matrix is not 2-D, holds NaN or -inf (+inf when maximising), or forbids every
        matching.
    """
    # SciPy reads lists of whatever float() takes (Decimal, Fraction), but casts arrays safely.
    kind = None if hasattr(cost_matrix, "dtype") else np.float64
    array = np.asarray(cost_matrix, dtype=kind)
    if array.ndim != 2:
        raise ValueError(f"expected a matrix (2-D array), got a {array.ndim} array")
    if array.dtype != np.float32:
        array = array.astype(np.float64, casting="safe", copy=False)
    costs = as_array(-array if maximize else array, "cost_matrix")
    try:
        columns = _core.assign(costs)
    except ValueError:
        raise ValueError("matrix contains invalid numeric entries") from None
    if columns is None:
        raise ValueError("cost matrix is infeasible")
    rows = np.flatnonzero(columns >= 0)
    return rows, columns[rows].astype(np.int64)


def solvers() -> dict[str, dict[str, Any]]:
    """The registered solvers: name -> what it serves, and its options with default and meaning.

    In the order in which "auto" prefers them, for clouds whose n m is within `auto_pairs`, and an
    `rtol` of at least `auto_rtol`.
    """
    return _core.solvers()


def check_limits(threads: int | None, time_limit: float | None) -> None:
    """Raises TypeError or ValueError for what is no limit of a call."""
    thread_count(threads)
    if time_limit is not None and not (is_real_number(time_limit) and time_limit >= 0):
        raise ValueError(f"time_limit must be a number of seconds >= 0; got {time_limit!r}")


def solve_problems(
    problems: list[_core.Problem],
    solver: str,
    rtol: float,
    threads: int | None,
    time_limit: float | None,
    progress: Progress,
    options: dict[str, Option],
) -> list[_core.Solution]:
    """What the core finds, whatever its status."""
    if not isinstance(solver, str):
        raise TypeError(f"solver must be a name; got {solver!r}")
    if not (is_real_number(rtol) and 0 <= rtol < 1):
        raise ValueError(f"rtol must be a number from 0 to 1; got {rtol!r}")
    check_limits(threads, time_limit)
    plain: dict[str, Option] = {}
    for name, value in options.items():
        plain[name] = value.item() if isinstance(value, np.generic) else value
        if not isinstance(plain[name], (bool, int, float, str)):
            raise TypeError(f"option {name!r} must be a number, a text or a bool; got {value!r}")
    with reporter(progress) as report:
        return _core.solve(
            problems,
            solver,
            plain,
            float(rtol),
            thread_count(threads),
            None if time_limit is None else float(time_limit),
            report,
        )
