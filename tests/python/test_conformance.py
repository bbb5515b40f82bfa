"""Every registered solver on every family of instances that it serves.

A solver or a family takes part by being registered; nothing is listed here a second time.
"""

import math

import monge
import numpy as np
import pytest
from grading import (
    COST_TOLERANCE,
    FAMILIES,
    GAP_TOLERANCE,
    SERVED,
    SOLVERS,
    grade,
    instance_of,
    reference_of,
    solve_instance,
)
from monge import _core

SIZES = (1, 2, 3, 17, 64, 257)
served = pytest.mark.parametrize(("solver", "family"), SERVED)


def solve_served(instance, solver, **arguments):
    solution = solve_instance(instance, solver, **arguments)
    if solution is None:
        pytest.skip(f"{solver} does not serve this size")
    return solution


def plan_size(solution, reference):
    """sum P |C|: what rounding of a cost is relative to."""
    plan = solution.plan
    return math.fsum(plan.mass * np.abs(reference.costs[plan.rows, plan.cols]))


def optimum_moved_by_rounding(rounded, exact):
    """How far rounding an instance's numbers to their dtype can have moved its optimum.

    Non-negative costs that change by a factor of at most 1 + e change the optimum by no more than
    that factor; coordinates change every cost, and the optimum by no more than the largest change.
    """
    if rounded["cost_matrix"] is not None:
        exactly = np.array_equal(rounded["cost_matrix"], exact["cost_matrix"])
        return 0 if exactly else np.finfo(np.float32).eps * exact["optimum"]
    reference = reference_of(rounded)
    return np.abs(reference.costs - reference_of(exact).costs).max() * reference.total


def test_every_solver_serves_a_family():
    assert {solver for solver, _ in SERVED} == set(SOLVERS)


def test_every_family_is_served():
    assert {family for _, family in SERVED} == set(FAMILIES)


@served
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_certificate(solver, family, n, seed, dtype):
    instance = instance_of(family, n, seed, dtype)
    solution = solve_served(instance, solver)
    reference = reference_of(instance)
    grade(solution, reference)
    assert solution.solver == solver

    if instance["optimum"] is not None:
        moved = optimum_moved_by_rounding(instance, instance_of(family, n, seed))
        rounding = COST_TOLERANCE * plan_size(solution, reference)
        assert abs(solution.cost - instance["optimum"]) <= moved + rounding


@served
def test_auto_is_as_good(solver, family):
    instance = instance_of(family, 64, 2)
    mine, auto = solve_served(instance, solver), solve_instance(instance)
    size = plan_size(auto, reference_of(instance))
    assert abs(mine.cost - auto.cost) <= COST_TOLERANCE * size


@served
@pytest.mark.parametrize("rtol", [1e-6, 0.03, 0.5])
def test_tolerance_is_kept(solver, family, rtol):
    """A solver may stop early, but no earlier than asked."""
    instance = instance_of(family, 64, 3)
    solution = solve_served(instance, solver, rtol=rtol)
    reference = reference_of(instance)
    grade(solution, reference, rtol=rtol)
    exact = solve_served(instance, solver)
    rounding = COST_TOLERANCE * plan_size(exact, reference)
    assert solution.lower_bound - rounding <= exact.cost <= solution.cost + rounding


@pytest.mark.parametrize("rtol", [0.0, 1e-3])
def test_an_auction_that_ends_too_early_is_never_within_tolerance(rtol):
    """Its last epsilon is the caller's; what that leaves unproved has to be said."""
    x, y = np.random.default_rng(0).normal(size=(2, 50, 3))
    early = {"solver": "auction", "finish": "none", "epsilon_final": 0.5, "rtol": rtol}
    solution = monge.solve(x, y, **early)
    assert solution.relative_gap > 0.1
    assert solution.status == "iteration_limit"
    with pytest.raises(monge.NotOptimal, match="iteration_limit"):
        monge.emd(x, y, **early)
    assert monge.solve(x, y, **early | {"rtol": 0.5}).status == "within_tolerance"


@served
def test_no_time_leaves_a_plan_and_a_bound(solver, family):
    """A solver that needs no time may be done all the same."""
    instance = instance_of(family, 64, 4)
    exact = solve_served(instance, solver)
    solution = solve_served(instance, solver, time_limit=0)
    assert solution.status in ("optimal", "time_limit")
    reference = reference_of(instance)
    grade(solution, reference, proved=solution.status == "optimal")
    rounding = COST_TOLERANCE * plan_size(exact, reference)
    assert solution.lower_bound - rounding <= exact.cost <= solution.cost + rounding


@served
@pytest.mark.parametrize("n", [3, 64])
def test_bound_is_tight_where_the_plan_costs_something(solver, family, n):
    """A relative gap of 0 for the sake of rounding must not hide that nothing was proved.

    Where potentials are far larger than the cost, the rounding of their sum exceeds any gap.
    """
    instance = instance_of(family, n, 0)
    reference = reference_of(instance)
    solution = solve_served(instance, solver)
    size = plan_size(solution, reference)
    if size > 0:
        assert solution.gap <= GAP_TOLERANCE * size
    else:
        assert solution.gap <= GAP_TOLERANCE * np.median(reference.costs)


def permuted(instance, rng):
    n, m = reference_of(instance).costs.shape
    rows, cols = rng.permutation(n), rng.permutation(m)
    new = dict(instance)
    for key, order in (("x", rows), ("y", cols), ("a", rows), ("b", cols)):
        if instance[key] is not None:
            new[key] = instance[key][order]
    if instance["cost_matrix"] is not None:
        new["cost_matrix"] = instance["cost_matrix"][np.ix_(rows, cols)]
    return new, reference_of(instance).costs[np.ix_(rows, cols)], 1, 0


def transposed(instance, rng):
    new = dict(instance, x=instance["y"], y=instance["x"], a=instance["b"], b=instance["a"])
    if instance["cost_matrix"] is not None:
        new["cost_matrix"] = instance["cost_matrix"].T
    return new, reference_of(instance).costs.T, 1, 0


def scaled(instance, rng):
    scale = rng.uniform(2, 1000)
    new = dict(instance)
    factor = scale
    if instance["cost_matrix"] is not None:
        new["cost_matrix"] = scale * instance["cost_matrix"]
    else:
        new["x"], new["y"] = scale * instance["x"], scale * instance["y"]
        if instance["cost"] == "sqeuclidean":
            factor = scale**2
        elif not isinstance(instance["cost"], str):
            factor = scale ** instance["cost"][1]
    return new, factor * reference_of(instance).costs, factor, 0


def translated(instance, rng):
    shift = rng.normal(size=instance["x"].shape[1])
    new = dict(instance, x=instance["x"] + shift, y=instance["y"] + shift)
    return new, reference_of(instance).costs, 1, 0


def with_potentials_added(instance, rng):
    """C_ij + r_i + s_j costs sum a r + sum b s more; a side that may stay free is left alone."""
    reference = reference_of(instance)
    n, m = reference.costs.shape
    r = np.zeros(n) if reference.rows_may_stay_free else rng.normal(size=n)
    s = np.zeros(m) if reference.cols_may_stay_free else rng.normal(size=m)
    costs = instance["cost_matrix"] + r[:, None] + s
    offset = math.fsum(reference.a * r) + math.fsum(reference.b * s)
    return dict(instance, cost_matrix=costs), costs, 1, offset


def applicable_to(family):
    dense = instance_of(family, 1, 0)["cost_matrix"] is not None
    return (permuted, transposed, scaled, with_potentials_added if dense else translated)


@pytest.mark.parametrize(
    ("solver", "family", "transform"),
    [(*pair, transform) for pair in SERVED for transform in applicable_to(pair[1])],
)
@pytest.mark.parametrize("n", [2, 33])
def test_invariance(solver, family, transform, n):
    instance = instance_of(family, n, 5)
    solution = solve_served(instance, solver)
    new, expected_costs, factor, offset = transform(instance, np.random.default_rng(n))
    changed = solve_served(new, solver)
    reference = reference_of(new)
    grade(changed, reference)
    # Rounding the transformed input moves the optimum by at most the largest change of a cost.
    finite = np.isfinite(expected_costs)
    moved = np.abs(reference.costs[finite] - expected_costs[finite]).max() * reference.total
    sizes = factor * plan_size(solution, reference_of(instance)) + plan_size(changed, reference)
    rounding = COST_TOLERANCE * sizes
    assert abs(changed.cost - (factor * solution.cost + offset)) <= moved + rounding


@served
def test_threads_do_not_change_a_bit(solver, family):
    """1100 rows are more than the 2e6 multiply-adds below which work stays on one thread."""
    instance = instance_of(family, 1100, 0)
    one, two = (solve_served(instance, solver, threads=threads) for threads in (1, 2))
    for name in ("cost", "lower_bound", "gap", "relative_gap", "marginal_error", "status", "stats"):
        assert getattr(one, name) == getattr(two, name), name
    for name in ("rows", "cols", "mass"):
        np.testing.assert_array_equal(getattr(one.plan, name), getattr(two.plan, name))
    np.testing.assert_array_equal(one.f, two.f)
    np.testing.assert_array_equal(one.g, two.g)


@pytest.mark.parametrize("family", FAMILIES)
def test_instances_are_reproducible_and_seeded(family):
    first, again = (_core.generate_instance(family, 9, 3) for _ in range(2))
    for key in ("x", "y", "cost_matrix", "a", "b"):
        np.testing.assert_array_equal(first[key], again[key])


def test_unknown_family_is_refused_by_name():
    with pytest.raises(
        ValueError, match=r'the family of instances must be one of .*; got "nothing"'
    ):
        _core.generate_instance("nothing", 3, 0)
