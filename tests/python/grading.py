"""An independent grade of any solution, in plain NumPy, and the lists that the tests iterate over.

Nothing here shares code with the package: costs are computed by their textbook formulas, sums of
products with `math.fsum`, which rounds once.

Tolerances. u = 2^-53 is the unit roundoff. A cost of d coordinates is a chain of at most d + 2
operations, a power p multiplies its relative error by p, and `sqrt` and `pow` add a rounding or
two: the core's C_ij and ours differ by at most 2 (d + 4) max(1, p) u C_ij. What `grade` allows is
built from that and from the rounding of the sums that it checks.
"""

import math
from dataclasses import dataclass

import monge
import numpy as np
from monge import _core
from monge.solution import from_core
from monge.solve import solve_problems

UNIT_ROUNDOFF = 2.0**-53
MARGINAL_TOLERANCE = 1e-12  # of the total mass
COST_TOLERANCE = 1e-12  # of sum P |C|
GAP_TOLERANCE = 1e-9  # what an exact solve promises

FAMILIES = tuple(_core.instance_families())
SOLVERS = tuple(monge.solvers())


def ground_costs(x, y, cost):
    """C_ij = c(x_i, y_j) in double, from coordinates taken as exact numbers."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    differences = np.abs(x[:, None, :] - y[None, :, :])
    name, power = (cost, None) if isinstance(cost, str) else cost
    if name == "cityblock":
        return differences.sum(axis=2)
    if name == "chebyshev":
        return differences.max(axis=2)
    squares = (differences**2).sum(axis=2)
    if name == "sqeuclidean":
        return squares
    if name == "euclidean":
        return np.sqrt(squares)
    if name == "euclidean_power":
        return np.sqrt(squares) ** power
    raise ValueError(f"no reference formula for cost {cost!r}: write it here")


@dataclass(frozen=True)
class Reference:
    """A problem as NumPy arrays: what a solution is graded against."""

    costs: np.ndarray  # C_ij; +inf forbids
    cost_error: np.ndarray  # how far the core's C_ij may be from ours
    a: np.ndarray
    b: np.ndarray  # of a's total
    line: bool = False  # points in dimension 1
    assignment: bool = False  # the surplus of the larger side stays free

    @property
    def rows_may_stay_free(self):
        return self.assignment and self.costs.shape[0] > self.costs.shape[1]

    @property
    def cols_may_stay_free(self):
        return self.assignment and self.costs.shape[0] < self.costs.shape[1]

    @property
    def total(self):
        return min(math.fsum(self.a), math.fsum(self.b))


def _masses(a, b, n, m):
    a = np.full(n, 1 / n) if a is None else np.asarray(a, dtype=np.float64)
    b = np.full(m, 1 / m) if b is None else np.asarray(b, dtype=np.float64)
    return a, b * (math.fsum(a) / math.fsum(b))


def cloud_reference(x, y, a=None, b=None, cost="euclidean"):
    """The transport between two clouds."""
    dim = np.shape(x)[1]
    power = 1 if isinstance(cost, str) else cost[1]
    costs = ground_costs(x, y, cost)
    error = 2 * (dim + 4) * max(1, power) * UNIT_ROUNDOFF * costs
    return Reference(costs, error, *_masses(a, b, len(x), len(y)), line=dim == 1)


def dense_reference(costs, a=None, b=None):
    """The transport by a cost matrix."""
    costs = np.asarray(costs, dtype=np.float64)
    return Reference(costs, np.zeros(costs.shape), *_masses(a, b, *costs.shape))


def assignment_reference(costs):
    """The assignment by a cost matrix."""
    costs = np.asarray(costs, dtype=np.float64)
    n, m = costs.shape
    return Reference(costs, np.zeros(costs.shape), np.ones(n), np.ones(m), assignment=True)


def _weighted(masses, values):
    """sum masses * values and sum masses * |values|; what has no mass may be infinite."""
    held = masses > 0
    terms = masses[held] * values[held]
    return math.fsum(terms), math.fsum(np.abs(terms))


def grade_plan(solution, reference):
    """The plan is feasible and costs what `cost` says. Returns sum P |C|."""
    n, m = reference.costs.shape
    plan = solution.plan
    assert plan.shape == (n, m)
    assert plan.rows.dtype == plan.cols.dtype == np.int32
    assert plan.mass.dtype == np.float64
    assert len(plan.rows) == len(plan.cols) == len(plan.mass) == len(plan)
    assert ((plan.rows >= 0) & (plan.rows < n)).all()
    assert ((plan.cols >= 0) & (plan.cols < m)).all()
    assert (np.isfinite(plan.mass) & (plan.mass >= 0)).all()
    cells = plan.rows.astype(np.int64) * m + plan.cols
    assert len(np.unique(cells)) == len(plan)
    for array in (plan.rows, plan.cols, plan.mass):
        assert not array.flags.writeable

    total, error = reference.total, 0.0
    for indices, masses, may_stay_free in (
        (plan.rows, reference.a, reference.rows_may_stay_free),
        (plan.cols, reference.b, reference.cols_may_stay_free),
    ):
        sums = np.bincount(indices, weights=plan.mass, minlength=len(masses))
        excess = np.maximum(sums - masses, 0) if may_stay_free else np.abs(sums - masses)
        assert excess.max() <= MARGINAL_TOLERANCE * total
        error += math.fsum(excess) / total
    assert math.isclose(math.fsum(plan.mass), total, rel_tol=MARGINAL_TOLERANCE)
    assert error <= MARGINAL_TOLERANCE
    assert abs(solution.marginal_error - error) <= MARGINAL_TOLERANCE

    cost, size = _weighted(plan.mass, reference.costs[plan.rows, plan.cols])
    assert solution.cost == cost or abs(solution.cost - cost) <= COST_TOLERANCE * size
    return size


def grade_bound(solution, reference):
    """The potentials are feasible and prove `lower_bound`. Returns sum a |f| + sum b |g|.

    On a line the core finds row minima by divide and conquer, whose every level may miss a minimum
    by the rounding of two numbers C - g.
    """
    f, g, costs = solution.f, solution.g, reference.costs
    assert f.shape == costs.shape[:1]
    assert g.shape == costs.shape[1:]
    assert f.dtype == g.dtype == np.float64
    assert not f.flags.writeable
    assert not g.flags.writeable
    assert np.isfinite(g).all()
    assert not np.isnan(f).any()
    finite = np.isfinite(costs)
    size = np.abs(np.where(finite, costs, 0)) + np.abs(g)
    rounding = reference.cost_error + 4 * UNIT_ROUNDOFF * size
    if reference.line:
        rounding = rounding + 4 * math.log2(len(f) + 1) * UNIT_ROUNDOFF * size.max()
    assert ((f[:, None] + g)[finite] <= (costs + rounding)[finite]).all()
    if reference.rows_may_stay_free:
        assert (f <= 0).all()
    if reference.cols_may_stay_free:
        assert (g <= 0).all()
    if not reference.assignment:
        # Centred. The mean was rounded before it was subtracted; it was of the size of the costs.
        mean = _weighted(reference.b, g)[0] / reference.total
        assert abs(mean) <= 4 * UNIT_ROUNDOFF * (
            size.max() + np.abs(f[np.isfinite(f)]).max(initial=0)
        )

    dual_f, size_f = _weighted(reference.a, f)
    dual_g, size_g = _weighted(reference.b, g)
    if math.isinf(dual_f):
        assert solution.lower_bound == dual_f
        return math.inf
    # A bound that rounding put above the cost is lowered to the cost: by at most 8 u of all sizes.
    sizes = size_f + size_g + (abs(solution.cost) if math.isfinite(solution.cost) else 0)
    assert abs(solution.lower_bound - (dual_f + dual_g)) <= 10 * UNIT_ROUNDOFF * sizes
    return size_f + size_g


def grade(solution, reference, proved=True, rtol=0.0):
    """Everything that a solution says of itself is true; if `proved`, its optimality as well."""
    primal_size = grade_plan(solution, reference)
    dual_size = grade_bound(solution, reference)
    cost, lower_bound, gap = solution.cost, solution.lower_bound, solution.gap
    assert math.isfinite(cost) or not proved
    if math.isfinite(cost):
        assert gap == cost - lower_bound
        assert gap >= 0
        rounding = 8 * UNIT_ROUNDOFF * (primal_size + dual_size)
        if solution.relative_gap == 0:
            assert gap <= rounding * (1 + 1e-9)
        else:
            assert gap >= rounding * (1 - 1e-9)
            expected = gap / max(abs(cost), abs(lower_bound))
            assert math.isclose(solution.relative_gap, expected, rel_tol=1e-15)
    else:
        assert gap == solution.relative_gap == math.inf
    assert solution.solver in SOLVERS
    assert all(isinstance(value, float) for value in solution.stats.values())
    if proved:
        n, m = reference.costs.shape
        assert solution.status in ("optimal", "within_tolerance")
        assert solution.relative_gap <= max(GAP_TOLERANCE, rtol)
        assert solution.status == "optimal" or rtol > 0
        assert len(solution.plan) <= n + m - 1


def instance_of(family, n, seed, dtype=np.float64):
    """An instance, its coordinates or costs rounded to `dtype`: exact numbers from then on."""
    instance = _core.generate_instance(family, n, seed)
    for argument in ("x", "y", "cost_matrix"):
        if instance[argument] is not None:
            instance[argument] = instance[argument].astype(dtype)
    return instance


def reference_of(instance):
    """An instance as a `Reference`."""
    if instance["cost_matrix"] is None:
        return cloud_reference(*(instance[key] for key in ("x", "y", "a", "b", "cost")))
    if instance["assignment"]:
        return assignment_reference(instance["cost_matrix"])
    return dense_reference(*(instance[key] for key in ("cost_matrix", "a", "b")))


def solve_instance(instance, solver="auto", threads=None, rtol=0.0, time_limit=None):
    """The solution of an instance; None if the solver refuses to serve such problems."""
    try:
        if instance["assignment"]:
            problem = _core.Problem.dense(instance["cost_matrix"], None, None, True)
            how = (solver, rtol, threads, time_limit, None, {})
            return from_core(solve_problems([problem], *how)[0])
        how = {"solver": solver, "threads": threads, "rtol": rtol, "time_limit": time_limit}
        masses = {"a": instance["a"], "b": instance["b"]}
        if instance["cost_matrix"] is not None:
            return monge.solve_cost(instance["cost_matrix"], **masses, **how)
        clouds = {"x": instance["x"], "y": instance["y"], "cost": instance["cost"]}
        return monge.solve(**clouds, **masses, **how)
    except ValueError as refusal:
        if "cannot serve" not in str(refusal):
            raise
        return None


def serves(solver, family):
    """Whether the solver serves any small instance of the family."""
    return any(solve_instance(instance_of(family, n, 0), solver) is not None for n in (1, 2, 3))


SERVED = tuple(
    (solver, family) for solver in SOLVERS for family in FAMILIES if serves(solver, family)
)
