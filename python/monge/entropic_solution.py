"""What `sinkhorn` returns: potentials, a lazy plan, and a certificate computed on request."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from monge import _core
from monge.divergences import relative_entropy
from monge.problem import as_array, cloud_problem, dense_problem
from monge.solution import Floats, Indices, Solution

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
        self._solution = solution
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

    def __reduce__(self) -> tuple[Any, ...]:
        return _plan_of, (self._solution,)

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
    _values: Mapping[str, Any]

    def _fill(self, values: Mapping[str, Any]) -> None:
        """Sets what all else is computed from."""
        object.__setattr__(self, "_values", values)
        for name, value in values.items():
            if name in ("f", "g"):
                value.setflags(write=False)
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._values,)

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
            float(relative_entropy(sums, mass))
            for sums, mass in zip(self.plan.marginals(), self._masses, strict=True)
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


def _plan_of(solution: EntropicSolution) -> EntropicPlan:
    return solution.plan
