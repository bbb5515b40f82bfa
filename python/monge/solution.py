"""What `solve` returns: plan, potentials and certificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from monge import _core
from monge.problem import is_real_number

if TYPE_CHECKING:
    import matplotlib.axes
    import scipy.sparse

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]


#: The statuses of an answer that is as good as it was asked for.
ATTAINED = ("optimal", "within_tolerance")


class NotOptimal(RuntimeError):
    """A solve ended before its answer was proved, or found that there is none.

    Attributes
    ----------
    solution : Solution
        What was reached: its `status` says why it ended, `lower_bound` and `cost` bound the
        optimum from both sides.
    pair : int or None
        Which pair of a batch it was, the first one if there are several.
    """

    def __init__(self, solution: Solution, pair: int | None = None) -> None:
        super().__init__(
            ("" if pair is None else f"pair {pair} of the batch: ")
            + f"the solve ended with status {solution.status!r}: "
            f"cost {solution.cost:.10g}, lower bound {solution.lower_bound:.10g}, "
            f"relative gap {solution.relative_gap:.3g}"
        )
        self.solution = solution
        self.pair = pair

    def __reduce__(self) -> tuple[Any, ...]:
        return NotOptimal, (self.solution, self.pair)


class _Sealed:
    """Read-only arrays, through pickling and copying too; equality is identity."""

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:  # type: ignore[attr-defined]
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def __reduce__(self) -> tuple[Any, ...]:
        names = self.__dataclass_fields__  # type: ignore[attr-defined]
        return type(self), tuple(getattr(self, name) for name in names)


@dataclass(frozen=True, eq=False)
class Plan(_Sealed):
    """A transport plan as triplets: mass[k] moves from row rows[k] to column cols[k].

    At most n + m - 1 triplets from an exact solver. `rows` and `cols` are int32, `mass` float64,
    all read-only.
    """

    rows: Indices = field(repr=False)
    cols: Indices = field(repr=False)
    mass: Floats = field(repr=False)
    shape: tuple[int, int]

    def __len__(self) -> int:
        return len(self.mass)

    def to_dense(self) -> Floats:
        """The plan as an (n, m) array. O(n m) memory."""
        dense = np.zeros(self.shape)
        np.add.at(dense, (self.rows, self.cols), self.mass)
        return dense

    def to_scipy(self) -> scipy.sparse.coo_array:
        """The plan as a `scipy.sparse.coo_array`. Needs SciPy."""
        from scipy.sparse import coo_array

        return coo_array((self.mass, (self.rows, self.cols)), shape=self.shape)


@dataclass(frozen=True, eq=False)
class Solution(_Sealed):
    """A plan and the proof of its cost.

    Attributes
    ----------
    cost : float
        sum_ij P_ij C_ij, not divided by anything; with `unmatched_cost` given, plus alpha times
        the mass of a that is left and beta times that of b. inf if `status` is "infeasible".
    lower_bound : float
        sum_i a_i f_i + sum_j b_j g_j: no plan costs less. Computed from the problem and `g` alone,
        not by the solver. Where a mass s moves, less alpha (sum a - s) + beta (sum b - s), with
        alpha and beta of `unmatched_cost`.
    gap, relative_gap : float
        cost - lower_bound, and that over max(|cost|, |lower_bound|); the relative gap is 0 where
        the gap is within the rounding of the two sums.
    marginal_error : float
        L1 distance of the plan's marginals from a and b, over the total mass. Of a partial
        transport: by how much they exceed a and b, and the plan's mass misses the one asked for,
        over that (or over the smaller total).
    plan : Plan
    f, g : (n,) and (m,) arrays
        Potentials with f_i + g_j <= C_ij, up to the rounding of C_ij - g_j; of a transport,
        centred: sum_j b_j g_j = 0. Of a partial transport also f_i <= alpha and g_j <= beta, with
        equality where mass is left.
    status : str
        "optimal", "within_tolerance", "iteration_limit", "time_limit", "cancelled" or "infeasible".
        "optimal" is what the certificate proves to a relative gap of 1e-9.
    solver : str
        The solver that ran.
    stats : mapping of str to float
        The solver's counters.
    x, y : (n, d) and (m, d) arrays, or None
        Copies of the clouds; None for a cost matrix.
    unmatched_cost : (float, float), or None
        Of a partial transport, (alpha, beta): the prices per unit that were given, or, where a mass
        s moves, those at which its plan is optimal if any mass may stay. Then beta is 0, and alpha
        the marginal cost d cost / d s. None where all mass moves.
    unmatched_a, unmatched_b : (n,) and (m,) arrays, or None
        The mass that a partial transport leaves where it is.
    """

    cost: float
    lower_bound: float
    gap: float
    relative_gap: float
    marginal_error: float
    plan: Plan = field(repr=False)
    f: Floats = field(repr=False)
    g: Floats = field(repr=False)
    status: str
    solver: str
    stats: Mapping[str, float] = field(repr=False)
    x: NDArray[Any] | None = field(default=None, repr=False)
    y: NDArray[Any] | None = field(default=None, repr=False)
    unmatched_cost: tuple[float, float] | None = field(default=None, repr=False)
    unmatched_a: Floats | None = field(default=None, repr=False)
    unmatched_b: Floats | None = field(default=None, repr=False)

    @property
    def assignment(self) -> Indices | None:
        """(n,) int32 array: row i goes to column assignment[i]; None if no permutation.

        Of a partial transport: -1 where row i stays; None unless every row and every column is
        matched to one other as a whole, or not at all.
        """
        if self.unmatched_a is not None and self.unmatched_b is not None:
            return self._partial_assignment(self.unmatched_a, self.unmatched_b)
        n, m = self.plan.shape
        if n != m or len(self.plan) != n:
            return None
        columns = np.full(n, -1, dtype=np.int32)
        columns[self.plan.rows] = self.plan.cols
        if len(np.unique(self.plan.cols)) != n or (columns < 0).any():
            return None
        return columns

    def _partial_assignment(self, left_a: Floats, left_b: Floats) -> Indices | None:
        rows, cols = self.plan.rows, self.plan.cols
        if len(np.unique(rows)) != len(rows) or len(np.unique(cols)) != len(cols):
            return None
        if left_a[rows].any() or left_b[cols].any():
            return None
        columns = np.full(self.plan.shape[0], -1, dtype=np.int32)
        columns[rows] = cols
        return columns

    def barycentric_map(self) -> Floats:
        """(n, d) array: the mean of the points that row i's mass goes to; NaN for rows that send
        none.

        For an assignment it is y[assignment]. Only for solutions between point clouds.
        """
        _, y = self._clouds()
        weights = np.zeros(self.plan.shape[0])
        np.add.at(weights, self.plan.rows, self.plan.mass)
        image = np.zeros((self.plan.shape[0], y.shape[1]))
        np.add.at(image, self.plan.rows, self.plan.mass[:, None] * y[self.plan.cols])
        with np.errstate(invalid="ignore"):
            return np.asarray(image / weights[:, None])

    def interpolate(self, t: float) -> tuple[Floats, Floats]:
        """McCann's displacement interpolation at time t, from 0 (x) to 1 (y).

        Returns points (k, d) and masses (k,), one per triplet of the plan: each mass on its
        straight way, at (1 - t) x_i + t y_j. Only for solutions between point clouds.

        R. J. McCann, A convexity principle for interacting gases, Adv. Math. 128 (1997) 153-179.
        """
        if not is_real_number(t):
            raise TypeError(f"t must be a number; got {t!r}")
        if not 0 <= t <= 1:
            raise ValueError(f"t must be from 0 to 1; got {t!r}")
        x, y = (np.asarray(points, dtype=np.float64) for points in self._clouds())
        return (1 - t) * x[self.plan.rows] + t * y[self.plan.cols], self.plan.mass

    def plot(self, ax: matplotlib.axes.Axes | None = None) -> matplotlib.axes.Axes:
        """Draw both clouds and the plan's arrows, the darker the more mass; returns the axes.

        Clouds of dimension 1 to 3; for 3, `ax` must have been made with projection="3d". Needs
        Matplotlib: pip install "monge[plot]".
        """
        from monge.plot import plot_solution

        return plot_solution(self, ax)

    def _clouds(self) -> tuple[NDArray[Any], NDArray[Any]]:
        if self.x is None or self.y is None:
            raise ValueError("this needs a solution between point clouds; got one of a cost matrix")
        return self.x, self.y


def from_core(core: _core.Solution, x: Any = None, y: Any = None) -> Solution:
    """The public solution of a core one, whose arrays are moved out."""
    rows, cols, mass, f, g = core.take_arrays()
    partial = core.unmatched_cost is not None
    left_a, left_b = core.take_unmatched() if partial else (None, None)
    return Solution(
        cost=core.cost,
        lower_bound=core.lower_bound,
        gap=core.gap,
        relative_gap=core.relative_gap,
        marginal_error=core.marginal_error,
        plan=Plan(rows, cols, mass, (len(f), len(g))),
        f=f,
        g=g,
        status=core.status,
        solver=core.solver,
        stats=core.stats,
        x=None if x is None else np.array(x),  # the caller may reuse the arrays
        y=None if y is None else np.array(y),
        unmatched_cost=core.unmatched_cost,
        unmatched_a=left_a,
        unmatched_b=left_b,
    )
