"""Entropic transport: Sinkhorn's problem and its divergence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge import _core
from monge.entropic_solution import EntropicSolution
from monge.problem import (
    Clouds,
    Cost,
    as_array,
    cloud_problem,
    cloud_problems,
    dense_problem,
    is_real_number,
    is_whole_number,
    parse_cost,
    thread_count,
)
from monge.progress import Progress, reporter
from monge.solution import Floats, NotOptimal
from monge.solve import check_limits

#: The points of x and y and the masses a and b of one pair.
Pair = tuple[Any, Any, Any, Any]


def sinkhorn(
    x: Clouds,
    y: Clouds,
    a: Any = None,
    b: Any = None,
    *,
    epsilon: float,
    cost: Cost = "sqeuclidean",
    rtol: float = 1e-6,
    max_iterations: int = 100_000,
    method: str = "auto",
    reach: float | None = None,
    threads: int | None = None,
    time_limit: float | None = None,
    progress: Progress = None,
) -> Any:
    """Entropic optimal transport between two clouds, without a cost matrix.

    Minimises <C, P> + epsilon KL(P | a b') over the plans of a and b, where KL(P | Q) =
    sum P log(P / Q) - P + Q. The optimum is P_ij = a_i b_j exp((f_i + g_j - C_ij) / epsilon).

    Parameters
    ----------
    x, y, a, b, cost
        Clouds, masses and ground cost as for `emd`, batches included. With `reach`, totals of a
        and b may differ.
    epsilon : float
        Weight of the entropy, in the unit of the cost; at least 1e-12 of the mean cost.
    rtol : float
        Ends when the L1 error of the entropic plan's marginals, over the total mass, is at most
        this.
    max_iterations : int
        Passes over all pairs of points.
    method : str
        "sinkhorn": plain alternation. "anderson": the same, extrapolated. "newton": Newton steps
        on the semi-dual by conjugate gradients. "auto": "newton", or "anderson" with `reach`.
    reach : float, optional
        Unbalanced transport: the marginals are not constraints, but cost rho KL(P 1 | a) +
        rho KL(P' 1 | b), where rho is the ground cost of the length `reach` (reach^2 for
        "sqeuclidean"): mass is rather destroyed than carried much further than that.
    threads, time_limit, progress
        As for `emd`. The result does not depend on `threads`.

    Returns
    -------
    EntropicSolution, or a list of them for a batch
        A `Solution` with `epsilon`, `entropic_value` and a lazy plan. A limit that was hit is its
        `status`, not an error.

    Raises
    ------
    ValueError, TypeError
        For wrong shapes, types or values.

    Notes
    -----
    O(n m dim) time per pass at most; less where epsilon is small and the dimension at most 8,
    since blocks of points whose part of the plan is provably below 1e-9 are left out. O(n + m)
    memory beside a cache of at most 16 MB; in dimension 17 and more, and for ("euclidean_power",
    p), the cost matrix is kept if it takes at most 64 MiB.

    Source: M. Cuturi, Sinkhorn distances, NIPS 2013; B. Schmitzer, SIAM J. Sci. Comput. 41 (2019)
    A1443-A1481; unbalanced: L. Chizat et al., Math. Comput. 87 (2018) 2563-2609.
    """
    _refuse_greenkhorn(method)
    penalty = _penalty(reach, cost)
    problems, batch = cloud_problems(x, y, a, b, cost)
    settings = Settings(
        epsilon, rtol, max_iterations, method, penalty, threads, time_limit, progress
    )
    results = settings.solve(problems)
    solutions = [
        settings.solution(result, _given(pair, cost))
        for result, pair in zip(results, _pairs(x, y, a, b, batch, len(problems)), strict=True)
    ]
    return solutions if batch else solutions[0]


def sinkhorn_cost(
    cost_matrix: ArrayLike,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    epsilon: float,
    rtol: float = 1e-6,
    max_iterations: int = 100_000,
    method: str = "auto",
    reach: float | None = None,
    threads: int | None = None,
    time_limit: float | None = None,
    progress: Progress = None,
) -> EntropicSolution:
    """Entropic optimal transport by a cost matrix.

    Parameters
    ----------
    cost_matrix : (n, m) array
        Of any sign; +inf forbids a pair. Read in place where its rows or columns are contiguous.
    method : str
        As for `sinkhorn`, or "greenkhorn": always the one row or column that is furthest off is
        scaled (J. Altschuler, J. Weed and P. Rigollet, NIPS 2017). For n = m and mass 1 it
        reaches error delta in O(n delta^-2 log(s / l)) of its O(n)-steps, s the sum and l the
        least entry of the kernel exp(-C / epsilon).
    reach : float, optional
        The penalty rho itself, in the unit of the costs.

    Other parameters, errors and source as for `sinkhorn`.

    Returns
    -------
    EntropicSolution
        With status "infeasible" and cost inf if a row or column with mass has no allowed partner.
    """
    penalty = _penalty(reach, "cityblock")
    problem = dense_problem(cost_matrix, a, b)
    settings = Settings(
        epsilon, rtol, max_iterations, method, penalty, threads, time_limit, progress
    )
    (result,) = settings.solve([problem])
    given = {"cost_matrix": as_array(cost_matrix, "cost_matrix"), "a": _copy(a), "b": _copy(b)}
    return settings.solution(result, given)


def sinkhorn_divergence(
    x: Clouds,
    y: Clouds,
    a: Any = None,
    b: Any = None,
    *,
    epsilon: float,
    cost: Cost = "sqeuclidean",
    rtol: float = 1e-6,
    max_iterations: int = 100_000,
    method: str = "auto",
    reach: float | None = None,
    threads: int | None = None,
    time_limit: float | None = None,
    progress: Progress = None,
) -> float | NDArray[np.float64]:
    """The debiased entropic cost OT(a, b) - OT(a, a) / 2 - OT(b, b) / 2.

    OT is the `entropic_value` of `sinkhorn`. With `reach`, epsilon (m_a - m_b)^2 / 2 is added for
    total masses m_a and m_b, as in Sejourne et al. At least 0 for costs whose kernel
    exp(-C / epsilon) is positive definite, such as "euclidean" and "sqeuclidean"; exactly 0 where
    both clouds are the same points with the same masses, in any order.

    Parameters
    ----------
    x, y, a, b, epsilon, cost, rtol, max_iterations, method, reach, threads, time_limit, progress
        As for `sinkhorn`. The time limit is for each of the three transports; those of a cloud onto
        itself use the symmetric iteration, which contracts by 1/2 per pass, whatever `method` is.

    Returns
    -------
    float, or (B,) array for a batch
        In the unit of the cost times that of the masses. Negative values within rounding and
        tolerance are returned as 0.

    Raises
    ------
    ValueError, TypeError
        For wrong shapes, types or values.
    NotOptimal
        If a limit was hit; its `.solution` is that of the transport concerned.

    Notes
    -----
    Time and memory of three calls of `sinkhorn`. The error of the marginals enters to second order:
    about epsilon rtol^2. Rounding adds some 1e-16 epsilon: where epsilon is 1e12 times the costs,
    hardly a digit is left.

    Source: A. Genevay, G. Peyre and M. Cuturi, AISTATS 2018; J. Feydy et al., AISTATS 2019;
    T. Sejourne, J. Feydy, F.-X. Vialard, A. Trouve and G. Peyre, arXiv:1910.12958 (2019).
    """
    _refuse_greenkhorn(method)
    penalty = _penalty(reach, cost)
    problems, batch = cloud_problems(x, y, a, b, cost)
    settings = Settings(
        epsilon, rtol, max_iterations, method, penalty, threads, time_limit, progress
    )
    pairs = _pairs(x, y, a, b, batch, len(problems))
    crossed = _values(settings, problems, pairs, cost)
    own = np.zeros(len(pairs))
    for side in (0, 1):
        doubled = [(pair[side], pair[side], pair[2 + side], pair[2 + side]) for pair in pairs]
        problems = [cloud_problem(*pair, cost) for pair in doubled]
        own += _values(settings, problems, doubled, cost, symmetric=True)
    correction = np.zeros(len(pairs))
    if math.isfinite(penalty):
        correction += [0.5 * epsilon * (_total(a_k) - _total(b_k)) ** 2 for _, _, a_k, b_k in pairs]
    divergences = np.maximum(crossed - 0.5 * own + correction, 0)
    divergences[np.array([_same_measure(*pair) for pair in pairs], dtype=bool)] = 0
    return divergences if batch else float(divergences[0])


@dataclass(frozen=True)
class Settings:
    """How the problems of one call are solved."""

    epsilon: float
    rtol: float
    max_iterations: int
    method: str = "auto"
    penalty: float = math.inf
    threads: int | None = None
    time_limit: float | None = None
    progress: Progress = None

    def __post_init__(self) -> None:
        if not is_real_number(self.epsilon):
            raise TypeError(f"epsilon must be a number; got {self.epsilon!r}")
        if not (self.epsilon > 0 and math.isfinite(self.epsilon)):
            raise ValueError(f"epsilon must be positive and finite; got {self.epsilon!r}")
        if not (is_real_number(self.rtol) and 0 <= self.rtol <= 1):
            raise ValueError(f"rtol must be a number from 0 to 1; got {self.rtol!r}")
        if not (is_whole_number(self.max_iterations) and self.max_iterations >= 1):
            raise ValueError(
                f"max_iterations must be a whole number >= 1; got {self.max_iterations!r}"
            )
        if not isinstance(self.method, str):
            raise TypeError(f"method must be a name; got {self.method!r}")
        check_limits(self.threads, self.time_limit)

    def solve(
        self, problems: Sequence[_core.Problem], symmetric: bool = False
    ) -> list[_core.EntropicResult]:
        """What the core finds; `symmetric`: of clouds with themselves."""
        options: dict[str, bool | int | float | str] = {
            "epsilon": float(self.epsilon),
            "rtol": float(self.rtol),
            "max_iterations": int(self.max_iterations),
            "method": self.method,
            "penalty": self.penalty,
        }
        limit = None if self.time_limit is None else float(self.time_limit)
        with reporter(self.progress) as report:
            return _core.sinkhorn(
                problems, symmetric, options, thread_count(self.threads), limit, report
            )

    def solution(self, result: _core.EntropicResult, given: dict[str, Any]) -> EntropicSolution:
        """The public solution of a result; `given` is what its problem was made from."""
        threads = thread_count(self.threads)
        return EntropicSolution(result, given, float(self.epsilon), self.penalty, threads)


def proved_results(
    settings: Settings,
    problems: Sequence[_core.Problem],
    pairs: Sequence[Pair],
    cost: Cost,
    symmetric: bool = False,
) -> list[_core.EntropicResult]:
    """The results of the problems of pairs; NotOptimal unless all are within the tolerance."""
    results = settings.solve(problems, symmetric)
    for k, (result, pair) in enumerate(zip(results, pairs, strict=True)):
        if result.status != "within_tolerance":
            solution = settings.solution(result, _given(pair, cost))
            raise NotOptimal(solution, k if len(results) > 1 else None)
    return results


def _values(
    settings: Settings,
    problems: Sequence[_core.Problem],
    pairs: Sequence[Pair],
    cost: Cost,
    symmetric: bool = False,
) -> Floats:
    results = proved_results(settings, problems, pairs, cost, symmetric)
    return np.array([result.value for result in results])


def _pairs(x: Any, y: Any, a: Any, b: Any, batch: bool, size: int) -> list[Pair]:
    if not batch:
        return [(x, y, a, b)]
    return [
        (x[k], y[k], None if a is None else a[k], None if b is None else b[k]) for k in range(size)
    ]


def _given(pair: Pair, cost: Cost) -> dict[str, Any]:
    """What a pair's problem is made from, copied: the caller may reuse the arrays."""
    x, y, a, b = pair
    clouds = {"x": np.array(as_array(x, "x")), "y": np.array(as_array(y, "y"))}
    return {**clouds, "a": _copy(a), "b": _copy(b), "cost": cost}


def _copy(masses: Any) -> Floats | None:
    return None if masses is None else np.array(masses, dtype=np.float64)


def _total(masses: Any) -> float:
    return 1.0 if masses is None else float(np.sum(masses))


def _same_measure(x: Any, y: Any, a: Any, b: Any) -> bool:
    """Whether both are the same points with the same masses, in any order."""
    x, y = as_array(x, "x"), as_array(y, "y")
    if x.shape != y.shape:
        return False
    measures = []
    for points, mass in ((x, a), (y, b)):
        weights = np.full(len(points), 1 / len(points)) if mass is None else np.asarray(mass)
        table = np.column_stack([points.astype(np.float64), weights])
        measures.append(table[np.lexsort(table.T)])
    return bool(np.array_equal(measures[0], measures[1]))


def _penalty(reach: float | None, cost: Cost) -> float:
    """The KL penalty rho: the ground cost of the length `reach`."""
    if reach is None:
        return math.inf
    if not is_real_number(reach):
        raise TypeError(f"reach must be a number; got {reach!r}")
    if not reach > 0:
        raise ValueError(f"reach must be positive; got {reach!r}")
    name, power = parse_cost(cost)
    return math.pow(reach, {"sqeuclidean": 2.0, "euclidean_power": power}.get(name, 1.0))


def _refuse_greenkhorn(method: str) -> None:
    if method == "greenkhorn":
        raise ValueError('method "greenkhorn" needs a cost matrix (sinkhorn_cost); got clouds')
