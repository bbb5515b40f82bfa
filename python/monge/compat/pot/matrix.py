"""Exact transport by a cost matrix: `emd` (the plan) and `emd2` (its cost)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge.compat.pot.masses import (
    Array,
    Floats,
    Misuse,
    as_masses,
    balanced,
    float_type,
    given,
)
from monge.problem import as_array
from monge.solution import ATTAINED, NotOptimal, Solution
from monge.solve import solve_cost

#: Who passes less wants an early end.
DEFAULT_ITERATIONS = 100000

#: POT's codes of how a solve ended.
INFEASIBLE, OPTIMAL = 0, 1


def emd(
    a: ArrayLike | None,
    b: ArrayLike | None,
    M: Any,
    numItermax: int = DEFAULT_ITERATIONS,
    log: bool = False,
    center_dual: bool = True,
    numThreads: int | str = 1,
    check_marginals: bool = True,
    potentials_init: Any = None,
) -> Any:
    """The optimal transport plan by a cost matrix.

    Parameters
    ----------
    a, b : (n,) and (m,) arrays
        Masses; an empty list or None is uniform, 1/n and 1/m. b is scaled to a's total.
    M : (n, m) array, or a SciPy sparse array
        Costs; +inf forbids a pair, and so does leaving it out of a sparse array. The memory is
        that of a dense matrix either way.
    log : bool
        Return a dictionary too.
    center_dual : bool
        Shift the potentials so that <a, u> = <b, v>. Otherwise they are `monge.Solution`'s.
    check_marginals : bool
        Refuse sums of a and b that differ by more than 1.5e-6.
    numItermax
        Without effect: there is no limit of iterations. Below POT's default, a UserWarning says so.
    numThreads, potentials_init
        Without effect: they steer POT's algorithm.

    Returns
    -------
    plan : (n, m) array, or `scipy.sparse.coo_array` if M is sparse
        float32 if the first of a, b and M that is given is, else float64.
    log : dict, if asked for
        "cost" (float), "u" and "v" (potentials, u_i + v_j <= M_ij, also where masses are 0),
        "result_code" (1 optimal, 0 infeasible) and "warning" (None, or what is wrong).

    Raises
    ------
    Misuse, ValueError, TypeError
        For wrong shapes, types, masses and costs.
    NotOptimal
        If the certificate does not prove the optimum.

    Notes
    -----
    An infeasible problem (forbidden pairs leave no plan) warns, and has an empty plan and cost inf.
    Complexity as for `monge.solve_cost`.
    """
    _warn_of_no_limit(numItermax)
    solved = _solve(a, b, M, check_marginals, center_dual)
    plan = solved.plan()
    if not log:
        return plan
    return plan, solved.log()


def emd2(
    a: ArrayLike | None,
    b: Any,
    M: Any,
    processes: int = 1,
    numItermax: int = DEFAULT_ITERATIONS,
    log: bool = False,
    return_matrix: bool = False,
    center_dual: bool = True,
    numThreads: int | str = 1,
    check_marginals: bool = True,
    potentials_init: Any = None,
) -> Any:
    """The cost of the optimal transport plan by a cost matrix.

    Parameters
    ----------
    a, b : (n,) and (m,) arrays
        As for `emd`. b may be (m, k): k targets, one after the other.
    return_matrix : bool
        Put the plan into the dictionary as "G"; implies one.
    processes
        Without effect, as are those of `emd`.

    Other parameters, errors and notes as for `emd`.

    Returns
    -------
    float; or [float, dict] with `log` or `return_matrix`; a list of these if b is (m, k)
        The dictionary is `emd`'s.
    """

    def value(target: Any) -> Any:
        solved = _solve(a, target, M, check_marginals, center_dual)
        if not (log or return_matrix):
            return solved.solution.cost
        entries = solved.log()
        if return_matrix:
            entries["G"] = solved.plan()
        return [solved.solution.cost, entries]

    _warn_of_no_limit(numItermax)
    if given(b) and np.ndim(b) == 2:
        return [value(target) for target in as_array(b, "b").T]
    return value(b)


@dataclass(frozen=True)
class _Solved:
    """A solution as POT hands it out."""

    solution: Solution
    u: Floats
    v: Floats
    dtype: np.dtype[Any]
    sparse: bool

    def plan(self) -> Any:
        if self.sparse:
            return self.solution.plan.to_scipy().astype(self.dtype)
        return self.solution.plan.to_dense().astype(self.dtype, copy=False)

    def log(self) -> dict[str, Any]:
        infeasible = self.solution.status == "infeasible"
        return {
            "cost": self.solution.cost,
            "u": self.u.astype(self.dtype),
            "v": self.v.astype(self.dtype),
            "warning": NO_PLAN if infeasible else None,
            "result_code": INFEASIBLE if infeasible else OPTIMAL,
        }


NO_PLAN = "the problem is infeasible: every plan uses a forbidden pair"


def _warn_of_no_limit(numItermax: int) -> None:
    if numItermax < DEFAULT_ITERATIONS:
        warnings.warn(
            f"numItermax={numItermax} has no effect: the solve runs until its answer is proved",
            UserWarning,
            stacklevel=3,
        )


def _solve(a: Any, b: Any, M: Any, check_marginals: bool, center_dual: bool) -> _Solved:
    costs, sparse = _cost_matrix(M)
    if costs.ndim != 2:
        raise Misuse(f"M must have shape (n, m); got shape {costs.shape}")
    n, m = costs.shape
    source = as_masses(a, "a", n)
    target = balanced(source, as_masses(b, "b", m), check_marginals)
    solution = proved(solve_cost(costs, source, target))
    if solution.status == "infeasible":
        warnings.warn(NO_PLAN, UserWarning, stacklevel=3)
    u, v = solution.f, solution.g
    if center_dual:
        u, v = centred(u, v, source, target)
    return _Solved(solution, u, v, float_type(a, b, None if sparse else costs), sparse)


def _cost_matrix(M: Any) -> tuple[Array, bool]:
    """The dense matrix, and whether it came sparse: then what is not stored is forbidden."""
    if not hasattr(M, "tocoo"):
        return as_array(M, "M"), False
    entries = M.tocoo(copy=True)
    entries.sum_duplicates()
    dense: NDArray[np.float64] = np.full(entries.shape, np.inf)
    dense[entries.row, entries.col] = entries.data
    return dense, True


def centred(u: Floats, v: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """The potentials, shifted so that both masses earn the same: <a, u> = <b, v>."""
    held_a, held_b = a > 0, b > 0  # what has no mass may have an infinite potential
    excess = b[held_b] @ v[held_b] - a[held_a] @ u[held_a]
    shift = excess / (a.sum() + b.sum())
    return np.asarray(u + shift), np.asarray(v - shift)


def proved(solution: Solution) -> Solution:
    """The solution, if it is optimal by its certificate, or infeasible."""
    if solution.status == "infeasible":
        return solution
    if solution.status not in ATTAINED:
        raise NotOptimal(solution)
    return solution
