"""Partial transport: `partial_wasserstein` (the plan) and `partial_wasserstein2` (its cost)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from monge.compat.pot.masses import Array, Misuse, NotProvided, as_masses, float_type
from monge.compat.pot.matrix import proved
from monge.problem import as_array
from monge.solution import Solution
from monge.solve import solve_cost

#: They steer POT's algorithm.
WITHOUT_EFFECT = frozenset({"numItermax", "numThreads", "potentials_init"})


def partial_wasserstein(
    a: ArrayLike,
    b: ArrayLike,
    M: Any,
    m: float | None = None,
    nb_dummies: int = 1,
    log: bool = False,
    **kwargs: Any,
) -> Any:
    """The plan of least cost that moves the mass m; sums of a and b may differ.

    Parameters
    ----------
    a, b : (n,) and (m,) arrays
        Masses; an empty list or None is uniform.
    M : (n, m) array
        Costs of any sign; +inf forbids a pair.
    m : float, optional
        From 0 to the smaller sum of a and b, which is the default.
    log : bool
        Return a dictionary too.
    nb_dummies, numItermax, numThreads, potentials_init
        Without effect: they steer POT's algorithm. Other keywords are refused.

    Returns
    -------
    plan : (n, m) array
        float32 if the first of a, b and M that is given is, else float64.
    log : dict, if asked for
        "partial_w_dist" and "cost" (float), "u" and "v" (potentials u_i + v_j <= M_ij as in
        `monge.Solution`; those of POT are of another shift).

    Raises
    ------
    Misuse, ValueError, TypeError
        For wrong shapes, types, masses and costs, and where forbidden pairs leave no plan.
    NotOptimal
        If the certificate does not prove the optimum.

    Notes
    -----
    No large cost stands for what must not happen, so costs of very different sizes are solved to
    the last digits. Complexity as for `monge.solve_cost`.
    """
    solution, dtype = _solve(a, b, M, m, kwargs)
    plan = solution.plan.to_dense().astype(dtype, copy=False)
    return (plan, _log(solution, dtype)) if log else plan


def partial_wasserstein2(
    a: ArrayLike,
    b: ArrayLike,
    M: Any,
    m: float | None = None,
    nb_dummies: int = 1,
    log: bool = False,
    **kwargs: Any,
) -> Any:
    """The cost of the plan of `partial_wasserstein`, as a float.

    Parameters as for `partial_wasserstein`; with `log` also its dictionary, and the plan as "T".
    """
    solution, dtype = _solve(a, b, M, m, kwargs)
    if not log:
        return solution.cost
    return solution.cost, _log(solution, dtype) | {"T": solution.plan.to_dense().astype(dtype)}


def _solve(
    a: Any, b: Any, M: Any, m: float | None, kwargs: dict[str, Any]
) -> tuple[Solution, np.dtype[Any]]:
    unknown = sorted(set(kwargs) - WITHOUT_EFFECT)
    if unknown:
        raise NotProvided(
            f"{unknown[0]} is not provided for partial transport; monge.solve_cost has "
            "unmatched_cost for a price of unmatched mass"
        )
    costs: Array = as_array(M, "M")
    if costs.ndim != 2:
        raise Misuse(f"M must have shape (n, m); got shape {costs.shape}")
    source, target = as_masses(a, "a", costs.shape[0]), as_masses(b, "b", costs.shape[1])
    mass = min(source.sum(), target.sum()) if m is None else m
    solution = proved(solve_cost(costs, source, target, mass=mass))
    if solution.status == "infeasible":
        raise Misuse(f"M must leave a plan of mass {mass}; every one uses a forbidden pair")
    return solution, float_type(a, b, costs)


def _log(solution: Solution, dtype: np.dtype[Any]) -> dict[str, Any]:
    return {
        "partial_w_dist": solution.cost,
        "cost": solution.cost,
        "u": solution.f.astype(dtype),
        "v": solution.g.astype(dtype),
    }
