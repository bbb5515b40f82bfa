"""Partial transport: a given mass moves, or unmatched mass has a price.

`grade_partial` checks everything that a solution says of itself in plain NumPy; HiGHS and POT say
what the optimum is.
"""

import math
import pickle

import monge
import numpy as np
import pytest
from grading import FAMILIES, UNIT_ROUNDOFF, ground_costs, instance_of
from hypothesis import given
from hypothesis import strategies as st
from monge import NotOptimal
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack

SOLVERS = tuple(name for name, can in monge.solvers().items() if can["partial"])
GAP = 1e-9
SMALL = 1e-12  # rounding of sums, relative to their terms


def masses_of(a, b, shape):
    n, m = shape
    a = np.full(n, 1 / n) if a is None else np.asarray(a, dtype=np.float64)
    b = np.full(m, 1 / m) if b is None else np.asarray(b, dtype=np.float64)
    return a, b


def grade_partial(solution, costs, a=None, b=None, mass=None, unmatched_cost=None, rtol=0.0):
    """Plan, cost, potentials and bound are what the solution says they are; and optimal."""
    costs = np.asarray(costs, dtype=np.float64)
    a, b = masses_of(a, b, costs.shape)
    total_a, total_b = math.fsum(a), math.fsum(b)
    plan = solution.plan
    moved = math.fsum(plan.mass)
    scale = (min(total_a, total_b) if mass is None else mass) or 1

    # The plan.
    assert plan.shape == costs.shape
    assert (plan.mass > 0).all()
    assert len(np.unique(plan.rows.astype(np.int64) * costs.shape[1] + plan.cols)) == len(plan)
    assert len(plan) <= sum(costs.shape) - 1
    row_sums = np.bincount(plan.rows, plan.mass, len(a))
    col_sums = np.bincount(plan.cols, plan.mass, len(b))
    assert (row_sums <= a + SMALL * scale).all()
    assert (col_sums <= b + SMALL * scale).all()
    assert mass is None or math.isclose(moved, mass, rel_tol=SMALL, abs_tol=0)
    assert solution.marginal_error <= SMALL
    np.testing.assert_allclose(solution.unmatched_a, a - row_sums, atol=1e-15 * max(total_a, 1))
    np.testing.assert_allclose(solution.unmatched_b, b - col_sums, atol=1e-15 * max(total_b, 1))
    assert (solution.unmatched_a >= 0).all()
    assert (solution.unmatched_b >= 0).all()

    # Its cost.
    terms = plan.mass * costs[plan.rows, plan.cols]
    cost, size = math.fsum(terms), math.fsum(np.abs(terms))
    if unmatched_cost is not None:
        payments = [
            0 if left <= 1e-15 * max(total_a, total_b) else price * left
            for price, left in zip(unmatched_cost, (total_a - moved, total_b - moved), strict=True)
        ]
        cost += math.fsum(payments)
        size += sum(
            price * total
            for price, total, payment in zip(
                unmatched_cost, (total_a, total_b), payments, strict=True
            )
            if payment
        )
        assert solution.unmatched_cost == tuple(unmatched_cost)
    assert abs(solution.cost - cost) <= SMALL * size

    # The potentials and their bound.
    f, g = solution.f, solution.g
    alpha, beta = solution.unmatched_cost
    finite = np.isfinite(costs)
    slack = (
        64 * UNIT_ROUNDOFF * (np.abs(np.where(finite, costs, 0)) + np.abs(g) + np.abs(f)[:, None])
    )
    assert ((f[:, None] + g)[finite] <= (costs + slack)[finite]).all()
    assert (f <= alpha).all()
    assert (g <= beta).all()
    if mass is None:
        bound = math.fsum(np.concatenate([a * f, b * g]))
    else:
        assert beta == 0
        bound = math.fsum(np.concatenate([[alpha * mass], a * (f - alpha), b * g]))
    sizes = math.fsum(np.concatenate([a * np.abs(f), b * np.abs(g)])) + abs(alpha) * scale
    assert abs(solution.lower_bound - bound) <= 64 * UNIT_ROUNDOFF * (sizes + size)
    assert solution.gap == solution.cost - solution.lower_bound
    assert solution.relative_gap <= max(GAP, rtol)
    assert solution.status == "optimal" or rtol > 0


def program_cost(costs, a=None, b=None, mass=None, unmatched_cost=None):
    """The optimum by HiGHS, written down as the problem is."""
    a, b = masses_of(a, b, costs.shape)
    n, m = costs.shape
    cells = np.flatnonzero(np.isfinite(costs).ravel())
    constant = 0
    objective = costs.ravel()[cells]
    if unmatched_cost is not None:
        alpha, beta = unmatched_cost
        objective = objective - alpha - beta
        constant = alpha * math.fsum(a) + beta * math.fsum(b)
    where = np.arange(len(cells))
    sums = vstack(
        [
            coo_array((np.ones(len(cells)), (cells // m, where)), shape=(n, len(cells))),
            coo_array((np.ones(len(cells)), (cells % m, where)), shape=(m, len(cells))),
        ]
    )
    result = linprog(
        objective,
        A_ub=sums.tocsr(),
        b_ub=np.concatenate([a, b]),
        A_eq=None if mass is None else np.ones((1, len(cells))),
        b_eq=None if mass is None else [mass],
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    assert result.status == 0
    return result.fun + constant


def clouds(n, m, dim=2, seed=0):
    rng = np.random.default_rng([seed, n, m, dim])
    return rng.normal(size=(n, dim)), rng.uniform(-1, 2, (m, dim))


def unequal_masses(n, m, seed=0):
    rng = np.random.default_rng([seed, n, m])
    a, b = rng.uniform(0, 1, n), rng.uniform(0, 3, m)
    a[::5] = 0
    b[::7] = 0
    a[n // 2] = b[m // 2] = 0.5
    return a, b


def choices(costs, a, b):
    """What to leave: a few masses, and a few prices of the size of the costs."""
    a, b = masses_of(a, b, costs.shape)
    most, typical = min(math.fsum(a), math.fsum(b)), float(np.median(costs[np.isfinite(costs)]))
    typical = abs(typical)
    yield from ({"mass": share * most} for share in (0.0, 0.3, 0.85, 1.0))
    for alpha, beta in ((0.5, 0.4), (0.05, 0.0), (0.0, 2.0), (0, 0), (30, 70)):
        yield {"unmatched_cost": (alpha * typical, beta * typical)}


# Agreement with HiGHS ----------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("n", [1, 2, 13])
def test_families_agree_with_a_linear_program(solver, family, n):
    instance = instance_of(family, n, 3)
    masses = {"a": instance["a"], "b": instance["b"]}
    dense = instance["cost_matrix"] is not None
    if dense and not monge.solvers()[solver]["cost_matrix"]:
        pytest.skip("clouds only")
    most_dim = monge.solvers()[solver]["max_dim"]
    if dense:
        costs = instance["cost_matrix"]
    else:
        costs = ground_costs(instance["x"], instance["y"], instance["cost"])
        if most_dim is not None and instance["x"].shape[1] > most_dim:
            pytest.skip("low dimension only")
    # Only distances of clouds are kept: HiGHS has absolute tolerances.
    scale = np.abs(costs[np.isfinite(costs)]).max() or 1
    for left in choices(costs, **masses):
        if dense:
            solution = monge.solve_cost(costs, **masses, **left, solver=solver)
        else:
            solution = monge.solve(
                instance["x"], instance["y"], cost=instance["cost"], **masses, **left, solver=solver
            )
        if solution.status == "infeasible":
            assert np.isinf(costs).any()
            continue
        grade_partial(solution, costs, **masses, **left)
        scaled = dict(left)
        if "unmatched_cost" in left:
            scaled["unmatched_cost"] = [price / scale for price in left["unmatched_cost"]]
        expected = program_cost(costs / scale, **masses, **scaled)
        total = max([1, *(math.fsum(one) for one in masses.values() if one is not None)])
        assert solution.cost / scale == pytest.approx(expected, rel=1e-8, abs=1e-9 * total)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 20), (20, 1), (23, 40), (90, 70)])
@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean"])
def test_unequal_totals_agree_with_a_linear_program(solver, n, m, cost):
    x, y = clouds(n, m)
    a, b = unequal_masses(n, m)
    costs = ground_costs(x, y, cost)
    for left in choices(costs, a, b):
        solution = monge.solve(x, y, a, b, cost=cost, solver=solver, **left)
        grade_partial(solution, costs, a, b, **left)
        assert solution.cost == pytest.approx(program_cost(costs, a, b, **left), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_negative_and_forbidden_costs_agree_with_a_linear_program(seed):
    rng = np.random.default_rng(seed)
    costs = rng.normal(size=(15, 22)) - 0.5
    costs[rng.random(costs.shape) < 0.4] = np.inf
    a, b = unequal_masses(15, 22, seed)
    for left in choices(costs, a, b):
        solution = monge.solve_cost(costs, a, b, **left)
        if solution.status == "infeasible":
            continue
        grade_partial(solution, costs, a, b, **left)
        assert solution.cost == pytest.approx(program_cost(costs, a, b, **left), rel=1e-8, abs=1e-9)


def test_both_solvers_agree_on_more_points():
    x, y = clouds(900, 1300, 3)
    a, b = unequal_masses(900, 1300)
    costs = ground_costs(x, y, "euclidean")
    for left in choices(costs, a, b):
        of_each = [monge.solve(x, y, a, b, solver=solver, **left) for solver in SOLVERS]
        for solution in of_each:
            grade_partial(solution, costs, a, b, **left)
        assert of_each[0].cost == pytest.approx(of_each[1].cost, rel=1e-12, abs=0)


# Agreement with POT ------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(("n", "m"), [(30, 30), (25, 60)])
def test_agrees_with_pot(n, m, share):
    ot = pytest.importorskip("ot")
    x, y = clouds(n, m)
    a, b = unequal_masses(n, m)
    costs = ground_costs(x, y, "sqeuclidean")
    mass = share * min(a.sum(), b.sum())
    expected = (ot.partial.partial_wasserstein(a, b, costs, m=mass) * costs).sum()
    assert monge.solve_cost(costs, a, b, mass=mass).cost == pytest.approx(expected, rel=1e-9)
    assert monge.emd(x, y, a, b, cost="sqeuclidean", mass=mass) == pytest.approx(expected, rel=1e-9)


# What must hold whatever the numbers -------------------------------------------------------------


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 12),
    m=st.integers(1, 12),
    levels=st.sampled_from([1, 2, 5, 1000]),
    share=st.one_of(st.just(0.0), st.floats(1e-9, 1)),
)
def test_ties_and_any_share_are_certified(seed, n, m, levels, share):
    rng = np.random.default_rng(seed)
    costs = rng.integers(0, levels, (n, m)).astype(float)
    a, b = rng.integers(0, 4, n).astype(float), rng.integers(0, 4, m).astype(float)
    a[0] = b[-1] = 1
    mass = share * min(a.sum(), b.sum())
    solution = monge.solve_cost(costs, a, b, mass=mass)
    grade_partial(solution, costs, a, b, mass=mass)
    prices = (share * levels, 0.3 * levels)
    grade_partial(
        monge.solve_cost(costs, a, b, unmatched_cost=prices), costs, a, b, unmatched_cost=prices
    )
    # The prices that a given mass implies make its plan optimal.
    alpha, beta = solution.unmatched_cost
    if alpha >= 0:
        priced = monge.solve_cost(costs, a, b, unmatched_cost=(alpha, beta))
        paid = alpha * (a.sum() - mass) + beta * (b.sum() - mass)
        assert priced.cost == pytest.approx(solution.cost + paid, rel=1e-9, abs=1e-9)


def test_cost_is_convex_in_the_mass_and_alpha_is_its_slope():
    x, y = clouds(40, 50)
    a, b = unequal_masses(40, 50)
    masses = np.linspace(0, min(a.sum(), b.sum()), 30)
    solutions = [monge.solve(x, y, a, b, mass=mass) for mass in masses]
    costs = np.array([solution.cost for solution in solutions])
    slopes = np.diff(costs) / np.diff(masses)
    assert costs[0] == 0
    assert (np.diff(slopes) >= -1e-12).all()
    alphas = np.array([solution.unmatched_cost[0] for solution in solutions])
    assert (alphas[1:-1] >= slopes[:-1] - 1e-12).all()
    assert (alphas[1:-1] <= slopes[1:] + 1e-12).all()


def test_transposition():
    x, y = clouds(60, 45)
    a, b = unequal_masses(60, 45)
    for left, swapped in (
        ({"mass": 5.0}, {"mass": 5.0}),
        ({"unmatched_cost": (0.7, 0.1)}, {"unmatched_cost": (0.1, 0.7)}),
    ):
        one, other = monge.emd(x, y, a, b, **left), monge.emd(y, x, b, a, **swapped)
        assert one == pytest.approx(other, rel=1e-12)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("offset", "scale"), [(1e8, 1.0), (0.0, 1e-12), (0.0, 1e12)])
def test_offsets_and_scales(solver, offset, scale):
    x, y = clouds(80, 60)
    a, b = unequal_masses(80, 60)
    moved_x, moved_y = x * scale + offset, y * scale + offset
    costs = ground_costs(moved_x, moved_y, "euclidean")
    for left in ({"mass": 4.0}, {"unmatched_cost": (0.4 * scale, 0.2 * scale)}):
        solution = monge.solve(moved_x, moved_y, a, b, solver=solver, **left)
        grade_partial(solution, costs, a, b, **left)


def test_single_precision_and_strides():
    x, y = clouds(70, 90, 3)
    x32, y32 = x.astype(np.float32), y.astype(np.float32)
    left = {"mass": 0.4}
    exact = monge.emd(x32.astype(np.float64), y32.astype(np.float64), **left)
    assert monge.emd(x32, y32, **left) == pytest.approx(exact, rel=1e-12)
    assert monge.emd(x[::2], y[::-1], **left) == monge.emd(x[::2].copy(), y[::-1].copy(), **left)
    costs = ground_costs(x, y, "euclidean")
    assert monge.solve_cost(costs.T, **left).cost == monge.solve_cost(costs.T.copy(), **left).cost


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_number_of_threads_does_not_matter(solver):
    x, y = clouds(500, 700, 3)
    for left in ({"mass": 0.6}, {"unmatched_cost": (0.3, 0.1)}):
        one, two = (monge.solve(x, y, solver=solver, threads=k, **left) for k in (1, 2))
        assert one.cost == two.cost
        np.testing.assert_array_equal(one.f, two.f)
        np.testing.assert_array_equal(one.g, two.g)
        np.testing.assert_array_equal(one.plan.rows, two.plan.rows)
        np.testing.assert_array_equal(one.plan.mass, two.plan.mass)


# Ends of the range -------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
def test_all_of_equal_totals_is_the_balanced_optimum(solver):
    x, y = clouds(50, 35)
    balanced = monge.solve(x, y)
    for left in ({"mass": 1.0}, {"unmatched_cost": (1e15, 1e15)}, {"unmatched_cost": (0, 1e300)}):
        solution = monge.solve(x, y, solver=solver, **left)
        assert solution.cost == pytest.approx(balanced.cost, rel=1e-12)
        assert solution.relative_gap <= GAP
        grade_partial(solution, ground_costs(x, y, "euclidean"), **left)


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_smaller_side_is_used_up(solver):
    x, y = clouds(30, 30)
    a, b = np.full(30, 1.0), np.full(30, 2.5)
    costs = ground_costs(x, y, "euclidean")
    solution = monge.solve(x, y, a, b, mass=30, solver=solver)
    grade_partial(solution, costs, a, b, mass=30)
    assert not solution.unmatched_a.any()
    priced = monge.solve(x, y, a, b, unmatched_cost=(1e6, 1e6), solver=solver)
    assert priced.cost == pytest.approx(solution.cost + 1e6 * 45, rel=1e-15)
    grade_partial(priced, costs, a, b, unmatched_cost=(1e6, 1e6))


@pytest.mark.parametrize("solver", SOLVERS)
def test_nothing_moves(solver):
    x, y = clouds(30, 20)
    for left in ({"mass": 0}, {"unmatched_cost": (0, 0)}):
        solution = monge.solve(x, y, solver=solver, **left)
        assert solution.cost == solution.lower_bound == solution.relative_gap == 0
        assert len(solution.plan) == 0
        assert (solution.assignment == -1).all()
        assert math.fsum(solution.unmatched_a) == pytest.approx(1)


@pytest.mark.parametrize("solver", SOLVERS)
def test_identical_clouds_and_duplicates(solver):
    x = np.repeat(clouds(12, 1)[0], 3, axis=0)
    for left in ({"mass": 0.5}, {"mass": 1}, {"unmatched_cost": (0.3, 0.3)}):
        solution = monge.solve(x, x, solver=solver, **left)
        grade_partial(solution, ground_costs(x, x, "euclidean"), **left)
        assert solution.cost == 0


def test_whole_atoms_move_or_stay():
    x, y = clouds(40, 55)
    solution = monge.solve(x, y, np.full(40, 0.1), np.full(55, 0.1), mass=0.1 * 7)
    columns = solution.assignment
    assert (columns >= 0).sum() == 7
    assert len(np.unique(columns[columns >= 0])) == 7
    np.testing.assert_array_equal(columns[solution.plan.rows], solution.plan.cols)
    assert set(np.flatnonzero(solution.unmatched_a)) == set(np.flatnonzero(columns < 0))
    assert monge.solve(x, y, mass=0.5).assignment is None
    halves = monge.solve([[0.0]], [[1.0], [3.0]], mass=0.5)
    np.testing.assert_array_equal(halves.plan.cols, [0])
    assert halves.assignment is None  # half of the row stays


def test_closed_form_on_a_line():
    x, y = np.array([[0.0], [10.0]]), np.array([[1.0], [14.0]])
    assert monge.emd(x, y, mass=0.5) == 0.5
    assert monge.emd(x, y, mass=0.75) == 0.5 + 0.25 * 4
    # The pair at distance 1 is cheaper than two prices of 1.5, that at distance 4 is not.
    solution = monge.solve(x, y, unmatched_cost=1.5)
    assert solution.cost == 0.5 * 1 + 0.5 * 3
    np.testing.assert_array_equal(solution.assignment, [0, -1])
    np.testing.assert_array_equal(solution.unmatched_b, [0, 0.5])
    assert monge.wasserstein(x, y, p=2, mass=1) == pytest.approx(math.sqrt(0.5 + 8))


# Costs of many sizes -----------------------------------------------------------------------------


@pytest.mark.parametrize("never", [1e32, 1e200, np.inf])
def test_costs_that_stand_for_never_do_not_drown_the_others(never):
    rng = np.random.default_rng(5)
    costs = rng.random((30, 30))
    free = np.add.outer(np.arange(30), np.arange(30)) % 3 == 0
    costs[~free] = never
    np.fill_diagonal(costs, rng.random(30))
    without = np.where(costs < 1, costs, np.inf)
    for left in ({"mass": 0.5}, {"mass": 1.0}, {"unmatched_cost": (0.1, 0.2)}):
        solution = monge.solve_cost(costs, **left)
        grade_partial(solution, costs, **left)
        expected = program_cost(without, **left)
        assert solution.cost == pytest.approx(expected, rel=1e-8)


def test_forbidden_pairs_can_leave_no_plan():
    costs = np.array([[1.0, np.inf], [2.0, np.inf]])
    assert monge.solve_cost(costs, mass=0.5).cost == 0.5
    solution = monge.solve_cost(costs, mass=0.6)
    assert solution.status == "infeasible"
    assert solution.cost == np.inf
    assert len(solution.plan) == 0
    everything = np.full((2, 3), np.inf)
    assert monge.solve_cost(everything, mass=0).cost == 0
    assert monge.solve_cost(everything, unmatched_cost=(1, 2)).cost == pytest.approx(3)


def test_little_of_much_moves():
    x, y = clouds(40, 40)
    a, b = np.full(40, 1e6), np.full(40, 3e5)
    solution = monge.solve(x, y, a, b, mass=1e-3)
    grade_partial(solution, ground_costs(x, y, "euclidean"), a, b, mass=1e-3)


# Batches -----------------------------------------------------------------------------------------


def test_batches_and_ragged_lists():
    rng = np.random.default_rng(0)
    x, y = rng.random((4, 20, 2)), rng.random((4, 25, 2))
    shares = np.array([0.1, 0.2, 0.9, 1.0])
    costs = monge.emd(x, y, mass=shares)
    for k, share in enumerate(shares):
        assert costs[k] == monge.emd(x[k], y[k], mass=share)
    np.testing.assert_array_equal(
        monge.emd(list(x), [one[: 10 + k] for k, one in enumerate(y)], mass=0.5),
        [monge.emd(x[k], y[k][: 10 + k], mass=0.5) for k in range(4)],
    )
    solutions = monge.solve(x, y, unmatched_cost=(0.1, 0.2))
    for k, solution in enumerate(solutions):
        grade_partial(solution, ground_costs(x[k], y[k], "euclidean"), unmatched_cost=(0.1, 0.2))


def test_a_solution_survives_pickling():
    solution = monge.solve(*clouds(10, 12), mass=0.5)
    copy = pickle.loads(pickle.dumps(solution))
    np.testing.assert_array_equal(copy.unmatched_a, solution.unmatched_a)
    assert copy.unmatched_cost == solution.unmatched_cost
    assert not copy.unmatched_b.flags.writeable
    assert monge.solve(*clouds(10, 12)).unmatched_a is None


# Limits and misuse -------------------------------------------------------------------------------


def test_a_relative_gap_is_kept():
    x, y = clouds(600, 600, 3)
    exact = monge.emd(x, y, mass=0.7)
    solution = monge.solve(x, y, mass=0.7, rtol=0.01)
    assert solution.relative_gap <= 0.01
    assert exact <= solution.cost * (1 + 1e-12)
    assert solution.cost <= exact * 1.011


def test_a_time_limit_leaves_a_feasible_plan():
    x, y = clouds(3000, 3000, 3)
    for left in ({"mass": 0.5}, {"unmatched_cost": (0.2, 0.2)}):
        solution = monge.solve(x, y, time_limit=0.0, **left)
        assert solution.status == "time_limit"
        assert solution.marginal_error <= SMALL
        assert solution.lower_bound <= solution.cost
        with pytest.raises(NotOptimal):
            monge.emd(x, y, time_limit=0.0, **left)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"mass": -0.1}, r"mass must be from 0 to the smaller .* 1; got -0.1"),
        ({"mass": 1.1}, r"mass must be from 0 to the smaller .* 1; got 1.1"),
        ({"mass": 1e-13}, r"mass must be 0 or at least 1e-12 of the larger .*; got 1e-13"),
        ({"mass": math.nan}, r"mass must be from 0 .*; got -?nan"),
        ({"mass": math.inf}, r"mass must be from 0 .*; got inf"),
        ({"mass": [0.1, 0.2]}, r"mass must be a number; got shape \(2,\)"),
        ({"unmatched_cost": (-1, 0)}, r"unmatched_cost must have prices from 0 to 1e300; got -1"),
        ({"unmatched_cost": (0, -2)}, r"unmatched_cost must have prices from 0 to 1e300; got -2"),
        ({"unmatched_cost": (0, math.nan)}, r"unmatched_cost must have prices .*; got -?nan"),
        ({"unmatched_cost": (math.inf, 1)}, r"unmatched_cost must have prices .*; got inf"),
        ({"mass": 0.5, "unmatched_cost": (1, 1)}, r"must not both be given; got mass 0.5"),
    ],
)
def test_wrong_values_are_refused(wrong, message):
    x, y = clouds(5, 6)
    with pytest.raises(ValueError, match=message):
        monge.emd(x, y, **wrong)
    with pytest.raises(ValueError, match=message):
        monge.solve_cost(ground_costs(x, y, "euclidean"), **wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"mass": "much"}, "mass must be a number"),
        ({"mass": True}, "mass must be a number"),
        ({"unmatched_cost": (1, 2, 3)}, r"pair of numbers .*; got \(1, 2, 3\)"),
        ({"unmatched_cost": ("a", 2)}, "pair of numbers"),
        ({"unmatched_cost": True}, "pair of numbers"),
    ],
)
def test_wrong_types_are_refused(wrong, message):
    x, y = clouds(5, 6)
    with pytest.raises(TypeError, match=message):
        monge.solve(x, y, **wrong)


def test_solvers_that_move_all_mass_say_so():
    x, y = clouds(6, 6)
    for solver, can in monge.solvers().items():
        if can["partial"]:
            continue
        with pytest.raises(ValueError, match=r"cannot serve .* moves.*: it moves all mass"):
            monge.solve(x[:, :1], y[:, :1], mass=0.5, solver=solver)


def test_a_batch_names_the_pair():
    x, y = np.zeros((3, 4, 2)), np.ones((3, 4, 2))
    with pytest.raises(ValueError, match="pair 2 of the batch: mass must be from 0"):
        monge.emd(x, y, mass=[0.1, 0.2, 1.5])
    with pytest.raises(ValueError, match=r"mass must be a number, or \(3,\) for this batch"):
        monge.emd(x, y, mass=[0.1, 0.2])


@pytest.mark.parametrize("left", [{"mass": 0.4}, {"unmatched_cost": (0.2, 0.3)}])
@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean"])
def test_tensors_have_gradients(left, cost):
    """By central differences: the cost is piecewise smooth in points, and linear in masses."""
    torch = pytest.importorskip("torch")
    x, y = (torch.from_numpy(one) for one in clouds(7, 9, seed=3))
    rng = np.random.default_rng(4)
    a, b = (torch.from_numpy(rng.uniform(0.05, 0.2, size)) for size in (7, 9))
    arguments = [one.requires_grad_() for one in (x, y, a, b)]
    assert torch.autograd.gradcheck(
        lambda *all: monge.emd(*all, cost=cost, **left), arguments, eps=1e-7, atol=1e-5
    )
    value = monge.emd(x, y, a, b, cost=cost, **left)
    arrays = [one.detach().numpy() for one in arguments]
    assert value.item() == monge.emd(*arrays, cost=cost, **left)
    points = torch.autograd.grad(value, x)[0]
    left_whole = monge.solve(*arrays, cost=cost, **left).unmatched_a == arrays[2]
    assert left_whole.any()
    assert (points[torch.from_numpy(left_whole)] == 0).all()


def test_batches_of_tensors_with_padding():
    torch = pytest.importorskip("torch")
    import monge.torch as mt

    lists = [[torch.from_numpy(one) for one in clouds(n, n + 2, seed=n)] for n in (5, 8)]
    each = [mt.emd(*pair, mass=0.5) for pair in lists]
    ragged = mt.emd([x for x, _ in lists], [y for _, y in lists], mass=0.5)
    assert torch.equal(ragged, torch.stack(each))
    loss = mt.EMDLoss(unmatched_cost=0.1, reduction="none")
    values = loss([x for x, _ in lists], [y for _, y in lists])
    for k, (x, y) in enumerate(lists):
        expected = monge.emd(x.numpy(), y.numpy(), unmatched_cost=0.1)
        assert values[k].item() == pytest.approx(expected, rel=1e-12)
    root = mt.WassersteinLoss(2, mass=0.5)(*lists[0])
    assert root.item() == pytest.approx(monge.wasserstein(*lists[0], p=2, mass=0.5).item())


def test_what_tensors_may_leave_is_checked():
    torch = pytest.importorskip("torch")
    x = torch.rand(4, 2)
    with pytest.raises(TypeError, match="mass must be a number for torch tensors"):
        monge.emd(x, x, mass=torch.tensor(0.5))
    with pytest.raises(TypeError, match="unmatched_cost must be a pair of numbers"):
        monge.wasserstein(x, x, unmatched_cost="much")
    with pytest.raises(ValueError, match="mass and unmatched_cost must not both be given"):
        monge.emd(x, x, mass=0.5, unmatched_cost=1)
    with pytest.raises(ValueError, match="mass must be from 0"):
        monge.emd(x, x, mass=1.5)
    with pytest.raises(ValueError, match="unmatched_cost"):
        monge.emd(x, x, unmatched_cost=math.inf)
    from monge.torch import EMDLoss

    with pytest.raises(ValueError, match="warm_start must be False with mass or unmatched_cost"):
        EMDLoss(warm_start=True, mass=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("left", [{"mass": 0.5}, {"unmatched_cost": (0.01, 0.01)}, {"mass": 0.01}])
def test_many_points(left):
    rng = np.random.default_rng(0)
    x, y = rng.random((20000, 3)), rng.random((20000, 3))
    a, b = rng.random(20000) / 10000, rng.random(20000) / 8000
    solution = monge.solve(x, y, a, b, **left)
    assert solution.solver == "multiscale_simplex"
    assert solution.relative_gap <= GAP
    assert solution.marginal_error <= SMALL


def test_a_partial_transport_has_no_warm_start():
    rng = np.random.default_rng(0)
    x, y = rng.random((6, 2)), rng.random((5, 2))
    whole = monge.solve(x, y)
    with pytest.raises(ValueError, match="a transport that may leave mass must have no warm start"):
        monge.solve(x, y, mass=0.5, potentials=(whole.f, whole.g))
