"""Entropic transport: Sinkhorn's problem, its divergence, and plans that are never formed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge import _core
from monge.problem import (
    Clouds,
    Cost,
    as_array,
    cloud_problem,
    cloud_problems,
    dense_problem,
    is_real_number,
    parse_cost,
    thread_count,
)
from monge.progress import Progress, reporter
from monge.solution import Floats, Indices, NotOptimal, Solution
from monge.solve import check_limits

if TYPE_CHECKING:
    import scipy.sparse


class EntropicPlan:
    """A scaled kernel plus a matrix of rank one, never formed unless asked for.

    Of a balanced transport, the feasible plan nearest to the entropic one: rows, then columns with
    too much mass are scaled down, and what is missing is filled in by the product of the deficits
    (J. Altschuler, J. Weed and P. Rigollet, NIPS 2017, algorithm 2). Of an unbalanced one, the
    entropic plan as it is.

    Attributes
    ----------
    shape : (int, int)
    cost : float
        sum_ij P_ij C_ij.
    row_sums, col_sums : (n,) and (m,) arrays
        The marginals.
    """

    def __init__(self, problem: _core.Problem, solution: EntropicSolution) -> None:
        self._problem = problem
        self._penalty = solution.penalty
        self._threads = solution._threads
        self._graded = _core.grade_plan(
            problem, solution.f, solution.g, solution.epsilon, self._penalty, self._threads
        )
        self.cost = self._graded.cost
        self.row_sums = self._graded.row_sums
        self.col_sums = self._graded.col_sums
        self.shape = (len(self.row_sums), len(self.col_sums))

    def __repr__(self) -> str:
        return f"EntropicPlan(shape={self.shape})"

    def __len__(self) -> int:
        """The number of its entries, n m."""
        return self.shape[0] * self.shape[1]

    def marginals(self) -> tuple[Floats, Floats]:
        """Row sums (n,) and column sums (m,)."""
        return self.row_sums, self.col_sums

    def apply(self, values: ArrayLike, *, transpose: bool = False) -> Floats:
        """P @ values, or P.T @ values: one streamed pass, O(n + m) memory.

        Parameters
        ----------
        values : (m,) or (m, k) array; (n,) or (n, k) if `transpose`
        transpose : bool

        Returns
        -------
        (n,) or (n, k) array; (m,) or (m, k) if `transpose`
        """
        array = as_array(values, "values").astype(np.float64)
        expected = self.shape[0] if transpose else self.shape[1]
        if array.ndim not in (1, 2) or len(array) != expected:
            raise ValueError(
                f"values must have shape ({expected},) or ({expected}, k); got shape {array.shape}"
            )
        columns = np.ascontiguousarray(array.reshape(expected, -1))
        out = _core.apply_plan(
            self._problem, self._graded, columns, transpose, self._penalty, self._threads
        )
        return out.reshape(-1, *array.shape[1:])

    def to_dense(self) -> Floats:
        """The plan as an (n, m) array. O(n m) memory."""
        return _core.dense_plan(self._problem, self._graded, self._penalty, self._threads)

    def to_scipy(self) -> scipy.sparse.coo_array:
        """The plan as a `scipy.sparse.coo_array`, formed densely first. Needs SciPy."""
        from scipy.sparse import coo_array

        return coo_array(self.to_dense())

    @cached_property
    def _triplets(self) -> tuple[Indices, Indices, Floats]:
        dense = self.to_dense()
        rows, cols = np.nonzero(dense)
        return rows.astype(np.int32), cols.astype(np.int32), dense[rows, cols]

    @property
    def rows(self) -> Indices:
        """Rows of the entries that are not 0; forms the plan densely."""
        return self._triplets[0]

    @property
    def cols(self) -> Indices:
        """Columns of the entries that are not 0; forms the plan densely."""
        return self._triplets[1]

    @property
    def mass(self) -> Floats:
        """The entries that are not 0; forms the plan densely."""
        return self._triplets[2]


class EntropicSolution(Solution):
    """What `sinkhorn` returns: a `Solution` whose plan and certificate are computed when asked for.

    Attributes
    ----------
    f, g : (n,) and (m,) arrays
        Entropic potentials: P_ij = a_i b_j exp((f_i + g_j - C_ij) / epsilon).
    epsilon : float
    entropic_value : float
        The regularised optimum <C, P> + epsilon KL(P | a b'), KL(P | Q) = sum P log(P / Q) - P + Q;
        unbalanced: plus rho KL(P 1 | a) + rho KL(P' 1 | b), rho = `penalty`. From the dual.
    penalty : float
        inf for a balanced transport.
    plan : EntropicPlan
        Feasible (balanced), lazy.
    cost : float
        <C, plan>: an upper bound of the unregularised optimum. Unbalanced: plus the penalties.
    lower_bound : float
        A lower bound of the same, from the c-transform of g.
    gap, relative_gap, marginal_error : float
        Of the interval and of `plan`, as in `Solution`; unbalanced: what the plan's marginals
        differ by from a and b.
    status : str
        "within_tolerance" where the entropic plan's marginals are within rtol, else what stopped
        the solve. `stats["marginal_error"]` has their L1 error over the mass: that of the entropic
        plan, before it is rounded. Where a limit ended the solve while epsilon was still larger
        (`stats["epsilon_reached"]`), it is inf and `entropic_value` NaN: never measured.

    The clouds are copied; a cost matrix is not, and must stay as it is while plan, cost and bound
    are still to be computed.
    """

    def __init__(
        self,
        core: _core.EntropicResult,
        problem: dict[str, Any],
        epsilon: float,
        penalty: float,
        threads: int,
    ) -> None:
        f, g = core.take_potentials()
        stats = core.stats
        stats["marginal_error"] = core.error
        self._fill(
            {
                "f": f,
                "g": g,
                "status": core.status,
                "solver": "sinkhorn",
                "stats": stats,
                "x": problem.get("x"),
                "y": problem.get("y"),
                "epsilon": epsilon,
                "penalty": penalty,
                "entropic_value": core.value,
                "_given": problem,
                "_threads": threads,
            }
        )

    f: Floats
    g: Floats
    epsilon: float
    penalty: float
    entropic_value: float
    _given: dict[str, Any]
    _threads: int

    def _fill(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            if isinstance(value, np.ndarray) and name in ("f", "g"):
                value.setflags(write=False)
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        names: tuple[str, ...] = (
            "f",
            "g",
            "status",
            "solver",
            "stats",
            "x",
            "y",
            "epsilon",
            "penalty",
        )
        names += ("entropic_value", "_given", "_threads")
        return _restored, ({name: getattr(self, name) for name in names},)

    def __repr__(self) -> str:
        return (
            f"EntropicSolution(entropic_value={self.entropic_value:.10g}, "
            f"epsilon={self.epsilon:.6g}, status={self.status!r}, "
            f"stats={dict(self.stats)})"
        )

    @cached_property
    def _problem(self) -> _core.Problem:
        given = self._given
        if "cost_matrix" in given:
            return dense_problem(given["cost_matrix"], given["a"], given["b"])
        return cloud_problem(given["x"], given["y"], given["a"], given["b"], given["cost"])

    @cached_property
    def plan(self) -> EntropicPlan:  # type: ignore[override]
        return EntropicPlan(self._problem, self)

    @cached_property
    def _masses(self) -> tuple[Floats, Floats]:
        n, m = len(self.f), len(self.g)
        a, b = self._given["a"], self._given["b"]
        a = np.full(n, 1 / n) if a is None else np.asarray(a, dtype=np.float64)
        b = np.full(m, 1 / m) if b is None else np.asarray(b, dtype=np.float64)
        return a, b * (a.sum() / b.sum()) if math.isinf(self.penalty) else b

    @cached_property
    def cost(self) -> float:
        if self.status == "infeasible":
            return math.inf
        if math.isinf(self.penalty):
            return self.plan.cost
        penalties = [
            _kl(sums, mass) for sums, mass in zip(self.plan.marginals(), self._masses, strict=True)
        ]
        return self.plan.cost + self.penalty * sum(penalties)

    @cached_property
    def lower_bound(self) -> float:
        bound = _core.dual_bound(self._problem, self.g, self.penalty, self._threads)
        # Where both are the optimum, rounding may have them the wrong way round.
        size = self._masses[0].sum() * (np.abs(self.f).max() + np.abs(self.g).max())
        return min(bound, self.cost) if bound - self.cost <= 1e-14 * size else bound

    @property
    def gap(self) -> float:
        return self.cost - self.lower_bound

    @property
    def relative_gap(self) -> float:
        size = max(abs(self.cost), abs(self.lower_bound))
        return self.gap / size if size > 0 and math.isfinite(size) else self.gap

    @cached_property
    def marginal_error(self) -> float:
        differences = [
            np.abs(sums - mass).sum()
            for sums, mass in zip(self.plan.marginals(), self._masses, strict=True)
        ]
        return float(sum(differences) / self._masses[0].sum())

    @property
    def assignment(self) -> None:
        """None: an entropic plan is no permutation."""
        return None

    def barycentric_map(self) -> Floats:
        """(n, d) array: the mean of the points that row i's mass goes to; NaN for rows without
        mass. One streamed pass. Only for solutions between point clouds.
        """
        _, y = self._clouds()
        y = np.asarray(y, dtype=np.float64)
        centre = y.mean(axis=0)  # clouds far from the origin keep their digits
        with np.errstate(invalid="ignore", divide="ignore"):
            image = self.plan.apply(y - centre) / self.plan.row_sums[:, None]
        return np.asarray(image + centre)


def _restored(values: dict[str, Any]) -> EntropicSolution:
    solution = EntropicSolution.__new__(EntropicSolution)
    solution._fill(values)
    return solution


def _kl(p: Floats, q: Floats) -> float:
    """sum p log(p / q) - p + q, 0 where both are 0."""
    present = p > 0
    terms = p[present] * np.log(p[present] / q[present])
    return float(terms.sum() - p.sum() + q.sum())


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
    if method == "greenkhorn":
        raise ValueError('method "greenkhorn" needs a cost matrix (sinkhorn_cost); got clouds')
    penalty = _penalty(reach, cost)
    problems, batch = cloud_problems(x, y, a, b, cost)
    results = _sinkhorn(
        problems,
        False,
        epsilon,
        rtol,
        max_iterations,
        method,
        penalty,
        threads,
        time_limit,
        progress,
    )
    solutions = []
    for k, result in enumerate(results):
        one = (x[k], y[k]) if batch else (x, y)  # type: ignore[index]
        masses = [None if mass is None else (mass[k] if batch else mass) for mass in (a, b)]
        given = {
            "x": np.array(as_array(one[0], "x")),  # the caller may reuse the arrays
            "y": np.array(as_array(one[1], "y")),
            "a": None if masses[0] is None else np.array(masses[0], dtype=np.float64),
            "b": None if masses[1] is None else np.array(masses[1], dtype=np.float64),
            "cost": cost,
        }
        solutions.append(
            EntropicSolution(result, given, float(epsilon), penalty, thread_count(threads))
        )
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
    (result,) = _sinkhorn(
        [problem],
        False,
        epsilon,
        rtol,
        max_iterations,
        method,
        penalty,
        threads,
        time_limit,
        progress,
    )
    given = {
        "cost_matrix": as_array(cost_matrix, "cost_matrix"),
        "a": None if a is None else np.array(a, dtype=np.float64),
        "b": None if b is None else np.array(b, dtype=np.float64),
    }
    return EntropicSolution(result, given, float(epsilon), penalty, thread_count(threads))


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
    if method == "greenkhorn":
        raise ValueError('method "greenkhorn" needs a cost matrix (sinkhorn_cost); got clouds')
    penalty = _penalty(reach, cost)
    problems, batch = cloud_problems(x, y, a, b, cost)
    size = len(problems)
    clouds = [(x[k], y[k]) for k in range(size)] if batch else [(x, y)]  # type: ignore[index]
    masses = [
        tuple(None if mass is None else (mass[k] if batch else mass) for mass in (a, b))
        for k in range(size)
    ]

    def values(some: list[_core.Problem], symmetric: bool, sides: str) -> Floats:
        results = _sinkhorn(
            some,
            symmetric,
            epsilon,
            rtol,
            max_iterations,
            method,
            penalty,
            threads,
            time_limit,
            progress,
        )
        for k, result in enumerate(results):
            if result.status == "within_tolerance":
                continue
            pair = {"x": 0, "y": 1}
            given = {
                "x": np.array(as_array(clouds[k][pair[sides[0]]], "x")),
                "y": np.array(as_array(clouds[k][pair[sides[1]]], "y")),
                "a": masses[k][pair[sides[0]]],
                "b": masses[k][pair[sides[1]]],
                "cost": cost,
            }
            raise NotOptimal(
                EntropicSolution(result, given, float(epsilon), penalty, thread_count(threads))
            )
        return np.array([result.value for result in results])

    crossed = values(problems, False, "xy")
    own = np.zeros(size)
    for side, name in enumerate(("xx", "yy")):
        own_problems = [
            cloud_problem(clouds[k][side], clouds[k][side], masses[k][side], masses[k][side], cost)
            for k in range(size)
        ]
        own += values(own_problems, True, name)
    correction = np.zeros(size)
    if math.isfinite(penalty):
        totals = [
            [1.0 if mass is None else float(np.sum(mass)) for mass in pair] for pair in masses
        ]
        correction = np.array([0.5 * epsilon * (ma - mb) ** 2 for ma, mb in totals])
    divergences = np.maximum(crossed - 0.5 * own + correction, 0)
    for k in range(size):
        if _same_measure(*clouds[k], *masses[k]):
            divergences[k] = 0
    return divergences if batch else float(divergences[0])


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


def _sinkhorn(
    problems: list[_core.Problem],
    symmetric: bool,
    epsilon: float,
    rtol: float,
    max_iterations: int,
    method: str,
    penalty: float,
    threads: int | None,
    time_limit: float | None,
    progress: Progress,
) -> list[_core.EntropicResult]:
    if not is_real_number(epsilon):
        raise TypeError(f"epsilon must be a number; got {epsilon!r}")
    if not (epsilon > 0 and math.isfinite(epsilon)):
        raise ValueError(f"epsilon must be positive and finite; got {epsilon!r}")
    if not (is_real_number(rtol) and 0 <= rtol <= 1):
        raise ValueError(f"rtol must be a number from 0 to 1; got {rtol!r}")
    whole = isinstance(max_iterations, (int, np.integer)) and not isinstance(max_iterations, bool)
    if not (whole and max_iterations >= 1):
        raise ValueError(f"max_iterations must be a whole number >= 1; got {max_iterations!r}")
    if not isinstance(method, str):
        raise TypeError(f"method must be a name; got {method!r}")
    check_limits(threads, time_limit)
    with reporter(progress) as report:
        return _core.sinkhorn(
            problems,
            symmetric,
            {
                "epsilon": float(epsilon),
                "rtol": float(rtol),
                "max_iterations": int(max_iterations),
                "method": method,
                "penalty": penalty,
            },
            thread_count(threads),
            None if time_limit is None else float(time_limit),
            report,
        )
