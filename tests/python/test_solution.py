"""What `solve` returns, batches of it, and how a solve can be stopped."""

import copy
import dataclasses
import math
import pickle
import subprocess
import sys
import textwrap
import threading
import time

import monge
import numpy as np
import pytest
from grading import (
    UNIT_ROUNDOFF,
    cloud_reference,
    dense_reference,
    grade,
    grade_bound,
    grade_plan,
)


def clouds(n, m, dim, seed=0):
    rng = np.random.default_rng([seed, n, m, dim])
    return rng.normal(size=(n, dim)), rng.normal(1, 2, size=(m, dim))


def hard_costs(n):
    """C_ij = i j: every row needs a long augmenting path (Machol and Wien 1976)."""
    i = np.arange(1.0, n + 1)
    return np.multiply.outer(i, i)


def hard_optimum(n):
    """Large pairs with small: sum i (n + 1 - i) / n."""
    i = np.arange(1.0, n + 1)
    return float((i * i[::-1]).sum() / n)


HARD = 2000  # some seconds of work for the solver "hungarian"

FIELDS = ("cost", "lower_bound", "gap", "relative_gap", "marginal_error", "status", "solver")


def assert_same(one, other):
    """Two solutions are equal bit for bit."""
    for name in (*FIELDS, "stats"):
        assert getattr(one, name) == getattr(other, name), name
    for name in ("f", "g", "x", "y"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in ("rows", "cols", "mass", "shape"):
        np.testing.assert_array_equal(getattr(one.plan, name), getattr(other.plan, name))


# --- the solution itself --------------------------------------------------------------------------


def test_solution_and_plan_are_frozen():
    solution = monge.solve(*clouds(4, 4, 2))
    with pytest.raises(dataclasses.FrozenInstanceError):
        solution.cost = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        solution.plan.mass = None
    plan = solution.plan
    for array in (solution.f, solution.g, plan.rows, plan.cols, plan.mass):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_types_of_the_fields():
    solution = monge.solve(*clouds(4, 4, 2))
    for name in ("cost", "lower_bound", "gap", "relative_gap", "marginal_error"):
        assert type(getattr(solution, name)) is float
    assert type(solution.status) is type(solution.solver) is str
    assert solution.status == "optimal"


def test_emd_is_the_solution_s_cost():
    x, y = clouds(30, 30, 3)
    for cost in ("euclidean", "sqeuclidean"):
        assert monge.emd(x, y, cost=cost) == monge.solve(x, y, cost=cost).cost


def test_solve_cost_agrees_with_solve():
    x, y = clouds(30, 30, 2)
    costs = cloud_reference(x, y).costs
    assert monge.solve_cost(costs).cost == pytest.approx(monge.solve(x, y).cost, rel=1e-14)


def test_assignment():
    x = np.array([[0.0], [10.0], [20.0]])
    solution = monge.solve(x, x[[2, 0, 1]])
    assert solution.assignment.dtype == np.int32
    np.testing.assert_array_equal(solution.assignment, [1, 2, 0])
    assert solution.cost == 0


def test_no_assignment_of_a_plan_that_is_none():
    assert monge.solve([[0.0], [1.0]], [[0.0], [1.0], [2.0]]).assignment is None
    # As many triplets as rows, but two of them in one row.
    split = monge.solve([[0.0], [1.0]], [[0.0], [1.0]], [1.0, 0.0], [0.5, 0.5])
    assert len(split.plan) == 2
    assert split.assignment is None
    # Given masses that happen to make a permutation.
    matched = monge.solve([[0.0], [1.0]], [[1.0], [0.0]], [0.25, 0.75], [0.75, 0.25])
    np.testing.assert_array_equal(matched.assignment, [1, 0])


def test_dense_and_sparse_plans():
    x, y = clouds(5, 8, 1)
    plan = monge.solve(x, y).plan
    dense = plan.to_dense()
    assert dense.shape == plan.shape == (5, 8)
    assert dense.dtype == np.float64
    np.testing.assert_allclose(dense.sum(axis=1), 1 / 5, rtol=1e-14)
    np.testing.assert_allclose(dense.sum(axis=0), 1 / 8, rtol=1e-14)
    assert np.count_nonzero(dense) == len(plan)
    sparse = plan.to_scipy()
    assert sparse.shape == (5, 8)
    assert sparse.nnz == len(plan)
    np.testing.assert_array_equal(sparse.toarray(), dense)


def test_barycentric_map_of_an_assignment_is_the_assignment():
    x, y = clouds(20, 20, 3)
    solution = monge.solve(x, y)
    np.testing.assert_allclose(solution.barycentric_map(), y[solution.assignment], rtol=1e-15)


def test_barycentric_map_of_a_split_atom_is_the_mean():
    solution = monge.solve([[0.0], [5.0]], [[1.0], [3.0]], [1.0, 0.0], [0.75, 0.25])
    image = solution.barycentric_map()
    assert image[0, 0] == 0.75 * 1 + 0.25 * 3
    assert np.isnan(image[1, 0])  # no mass, no image


def test_interpolation_from_x_to_y():
    x, y = clouds(6, 9, 1)
    solution = monge.solve(x, y)
    for t, end in ((0, x[solution.plan.rows]), (1, y[solution.plan.cols])):
        points, masses = solution.interpolate(t)
        np.testing.assert_array_equal(points, end)
        np.testing.assert_array_equal(masses, solution.plan.mass)
        assert masses.sum() == pytest.approx(1, rel=1e-14)


@pytest.mark.parametrize("t", [0.25, 0.5, 0.9])
def test_interpolation_is_a_geodesic(t):
    """W_2(x, mu_t) = t W_2(x, y), and W_2(mu_t, y) = (1 - t) W_2(x, y)."""
    x, y = clouds(15, 15, 2)
    solution = monge.solve(x, y, cost="sqeuclidean")
    points, _ = solution.interpolate(t)
    whole = math.sqrt(solution.cost)
    assert monge.wasserstein(x, points, p=2) == pytest.approx(t * whole, rel=1e-12)
    assert monge.wasserstein(points, y, p=2) == pytest.approx((1 - t) * whole, rel=1e-12)


@pytest.mark.parametrize("t", [-0.1, 1.1, math.nan])
def test_interpolation_outside_of_the_way(t):
    with pytest.raises(ValueError, match="t must be from 0 to 1; got"):
        monge.solve(*clouds(3, 3, 2)).interpolate(t)


def test_maps_need_points():
    solution = monge.solve_cost(np.eye(3))
    for method in (solution.barycentric_map, lambda: solution.interpolate(0.5)):
        with pytest.raises(ValueError, match="a solution between point clouds"):
            method()


@pytest.mark.parametrize("t", ["half", None, [0.5], True])
def test_interpolation_takes_a_number(t):
    with pytest.raises(TypeError, match="t must be a number; got"):
        monge.solve(*clouds(3, 3, 2)).interpolate(t)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_narrow_points_interpolate_in_double(dtype):
    x, y = (cloud.astype(dtype) for cloud in clouds(5, 5, 3))
    solution = monge.solve(x, y)
    points, _ = solution.interpolate(0.3)
    wide = (1 - 0.3) * x.astype(np.float64)[solution.plan.rows]
    wide += 0.3 * y.astype(np.float64)[solution.plan.cols]
    np.testing.assert_array_equal(points, wide)


def test_solution_keeps_its_points():
    """What a solution says must not change because its caller reuses the arrays."""
    x, y = clouds(5, 5, 2)
    solution = monge.solve(x, y)
    before = solution.barycentric_map(), solution.interpolate(0.5)[0]
    x[:], y[:] = 0, 0
    np.testing.assert_array_equal(solution.barycentric_map(), before[0])
    np.testing.assert_array_equal(solution.interpolate(0.5)[0], before[1])


def test_arguments_are_left_alone():
    x, y = clouds(30, 30, 3)
    a = b = np.full(30, 0.1)
    copies = [array.copy() for array in (x, y, a)]
    monge.solve(x, y, a, b)
    for array, kept in zip((x, y, a), copies, strict=True):
        np.testing.assert_array_equal(array, kept)
        assert array.flags.writeable


@pytest.mark.parametrize("n", [1, 3, 500])
def test_repr_is_short(n):
    """A result that is shown at the prompt names its cost and its proof, not a thousand numbers."""
    solution = monge.solve([[0.0]] * n, [[2.5]] * n)
    for text in (repr(solution), str(solution)):
        assert len(text) < 600
        assert "Solution" in text
        assert "optimal" in text
        assert "2.5" in text
    assert len(repr(solution.plan)) < 600


@pytest.mark.parametrize(
    "duplicate",
    [lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_round_trip(duplicate):
    x, y = clouds(7, 7, 2)
    solution = monge.solve(x, y)
    twin = duplicate(solution)
    assert_same(solution, twin)
    grade(twin, cloud_reference(x, y))  # read-only arrays included


def test_solutions_can_be_compared_and_hashed():
    """Arrays have no truth value; an object that is none must not fail on == or in a set."""
    x, y = clouds(7, 7, 2)
    one, other = monge.solve(x, y), monge.solve(x, y)
    assert one == one
    assert isinstance(one == other, bool)
    assert {one: "a key"}[one] == "a key"


# --- batches --------------------------------------------------------------------------------------


def as_lists(batch):
    return [cloud.tolist() for cloud in batch]


@pytest.mark.parametrize("form", [np.asarray, list, tuple, as_lists], ids=lambda f: f.__name__)
@pytest.mark.parametrize("threads", [1, 2])
def test_batches_are_their_pairs(form, threads):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 5, 12, 3))
    solutions = monge.solve(form(x), form(y), threads=threads)
    assert isinstance(solutions, list)
    costs = monge.emd(form(x), form(y), threads=threads)
    assert costs.shape == (5,)
    assert costs.dtype == np.float64
    for k, solution in enumerate(solutions):
        assert_same(solution, monge.solve(x[k], y[k]))
        assert solution.cost == costs[k]
    roots = monge.wasserstein(form(x), form(y), p=2)
    np.testing.assert_allclose(
        roots, [monge.wasserstein(x[k], y[k], p=2) for k in range(5)], rtol=4 * UNIT_ROUNDOFF
    )


def test_ragged_batches():
    rng = np.random.default_rng(0)
    sizes = [(1, 4), (7, 7), (5, 2)]
    x = [rng.normal(size=(n, 1)) for n, _ in sizes]
    y = [rng.normal(size=(m, 1)) for _, m in sizes]
    a = [rng.dirichlet(np.ones(n)) for n, _ in sizes]
    costs = monge.emd(x, y)
    np.testing.assert_array_equal(costs, [monge.emd(*pair) for pair in zip(x, y, strict=True)])
    for masses in ({"a": a}, {"b": [np.full(m, 1 / m) for _, m in sizes]}):
        for k, solution in enumerate(monge.solve(x, y, **masses)):
            of_pair = {name: value[k] for name, value in masses.items()}
            grade(solution, cloud_reference(x[k], y[k], **of_pair))


def test_ragged_batches_of_mixed_sizes_on_any_threads():
    """Clouds of one size and of very different ones, masses given for one, both or no side."""
    rng = np.random.default_rng(0)
    sizes = [(300, 300), (1, 1), (40, 40), (2, 2), (120, 120), (7, 7)]
    x = [rng.normal(size=(n, 3)) for n, _ in sizes]
    y = [rng.normal(size=(m, 3)).astype(np.float32) for _, m in sizes]
    a = [np.full(n, 2.0) for n, _ in sizes]
    b = [None, *(np.full(m, 2.0) for _, m in sizes[1:])]
    a[0] = None
    expected = [monge.solve(*pair) for pair in zip(x, y, a, b, strict=True)]
    for threads in (1, 2, 3):
        solutions = monge.solve(x, y, a, b, threads=threads)
        for solution, one in zip(solutions, expected, strict=True):
            assert_same(solution, one)
        costs = monge.emd(tuple(x), tuple(y), tuple(a), tuple(b), threads=threads)
        np.testing.assert_array_equal(costs, [one.cost for one in expected])
    roots = monge.wasserstein(x, y, a, b, p=2)
    np.testing.assert_allclose(roots**2, monge.emd(x, y, a, b, cost="sqeuclidean"), rtol=1e-14)


@pytest.mark.skipif(
    not any(
        one["any_masses"] and one["point_clouds"] and not one["line_only"]
        for one in monge.solvers().values()
    ),
    reason="no solver of clouds with any masses is registered",
)
def test_ragged_batches_with_any_masses():
    rng = np.random.default_rng(1)
    sizes = [(1, 9), (30, 12), (25, 25)]
    x = [rng.normal(size=(n, 3)) for n, _ in sizes]
    y = [rng.normal(size=(m, 3)) for _, m in sizes]
    a = [rng.dirichlet(np.ones(n)) for n, _ in sizes]
    b = [rng.dirichlet(np.ones(m)) for _, m in sizes]
    for masses in ({}, {"a": a}, {"b": b}, {"a": a, "b": b}):
        for k, solution in enumerate(monge.solve(x, y, threads=2, **masses)):
            of_pair = {name: value[k] for name, value in masses.items()}
            grade(solution, cloud_reference(x[k], y[k], **of_pair))
            assert_same(solution, monge.solve(x[k], y[k], **of_pair))


@pytest.mark.parametrize("name", ["a", "b"])
def test_ragged_masses_are_checked_pair_by_pair(name):
    x = [np.zeros((2, 3)), np.zeros((4, 3))]
    with pytest.raises(ValueError, match=f"pair 1 of the batch: {name} must have one mass per"):
        monge.emd(x, x, **{name: [np.full(2, 0.5), np.ones(3)]})
    with pytest.raises(ValueError, match=f"{name} must have one entry per pair of the batch, 2"):
        monge.emd(x, x, **{name: [np.full(2, 0.5)]})


def test_batches_of_masses():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 4, 6, 1))
    a, b = rng.dirichlet(np.ones(6), size=(2, 4))
    costs = monge.emd(x, y, a, b)
    expected = [monge.emd(x[k], y[k], a[k], b[k]) for k in range(4)]
    np.testing.assert_array_equal(costs, expected)
    np.testing.assert_array_equal(monge.emd(list(x), y, list(a), b), expected)


def test_batches_of_mixed_dimension_and_precision():
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(6, 2)), rng.normal(size=(9, 5)).astype(np.float32)]
    y = [rng.normal(size=(6, 2)).astype(np.float32), rng.normal(size=(9, 5)).astype(np.float32)]
    for solution, *pair in zip(monge.solve(x, y), x, y, strict=True):
        grade(solution, cloud_reference(*pair))


def test_batches_of_one_and_of_none():
    x, y = clouds(5, 5, 2)
    assert monge.emd(x[None], y[None]).shape == (1,)
    assert monge.emd(x[None], y[None])[0] == monge.emd(x, y)
    assert monge.emd(np.empty((0, 5, 2)), np.empty((0, 5, 2))).shape == (0,)
    assert monge.solve(np.empty((0, 5, 2)), np.empty((0, 5, 2))) == []


def test_threads_do_not_change_a_batch():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 40, 50, 3))
    for one, two in zip(monge.solve(x, y, threads=1), monge.solve(x, y, threads=2), strict=True):
        assert_same(one, two)


def test_limits_of_a_batch_are_for_all_of_it():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 6, 40, 3))
    statuses = {solution.status for solution in monge.solve(x, y, time_limit=0)}
    assert statuses == {"time_limit"}
    with pytest.raises(monge.NotOptimal) as caught:
        monge.emd(x, y, time_limit=0)
    assert caught.value.solution.status == "time_limit"


# --- layouts --------------------------------------------------------------------------------------

LAYOUTS = {
    "Fortran order": np.asfortranarray,
    "strided": lambda cloud: np.repeat(np.repeat(cloud, 3, 0), 2, 1)[::3, ::2],
    "negative strides": lambda cloud: cloud[::-1, ::-1].copy()[::-1, ::-1],
    "big-endian": lambda cloud: cloud.astype(cloud.dtype.newbyteorder(">")),
    "lists": lambda cloud: cloud.tolist(),
    "unmasked": np.ma.masked_array,
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("dim", [1, 3])
def test_every_layout_reads_the_same(layout, dim):
    """Whole numbers, so that float32 and the float64 of a list are the same."""
    rng = np.random.default_rng(0)
    for dtype in (np.float64, np.float32):
        x, y = rng.integers(-50, 50, size=(2, 25, dim)).astype(dtype)
        assert monge.emd(layout(x), layout(y)) == monge.emd(x, y)
        assert monge.emd(layout(x), y) == monge.emd(x, layout(y)) == monge.emd(x, y)
        costs = cloud_reference(x, y).costs.astype(dtype)
        assert monge.solve_cost(layout(costs)).cost == monge.solve_cost(costs).cost


def test_mixed_precision_is_exact():
    """float32 against float64: no coordinate may be rounded to float32."""
    x, y = np.array([[1.0]], np.float32), np.array([[1 + 1e-12]])
    assert monge.emd(x, y) == monge.emd(y, x) == y[0, 0] - 1


# --- infeasible -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "costs",
    [
        [[math.inf]],
        [[1, math.inf], [2, math.inf]],
        [[math.inf, math.inf], [1, 2]],
        [[1, math.inf, math.inf], [1, math.inf, math.inf], [1, 1, 1]],
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_infeasible(costs, dtype):
    solution = monge.solve_cost(np.array(costs, dtype))
    assert solution.status == "infeasible"
    assert solution.cost == solution.gap == solution.relative_gap == math.inf
    assert len(solution.plan) == 0
    assert solution.assignment is None
    assert not solution.plan.to_dense().any()
    assert not np.isnan(solution.lower_bound)


# --- limits ---------------------------------------------------------------------------------------


def test_time_limit_leaves_a_plan_and_a_bound():
    """Whatever was reached: a feasible plan costs at least the optimum, the bound at most."""
    costs, optimum = hard_costs(HARD), hard_optimum(HARD)
    for time_limit in (0, 0.01, 0.3):
        begin = time.process_time()  # which other processes do not spend
        solution = monge.solve_cost(costs, solver="hungarian", time_limit=time_limit)
        assert time.process_time() - begin < time_limit + 2
        assert solution.status == "time_limit"
        grade(solution, dense_reference(costs), proved=False)
        rounding = 100 * HARD * UNIT_ROUNDOFF * optimum
        assert solution.lower_bound - rounding <= optimum <= solution.cost + rounding
        assert solution.gap > 0


def test_emd_raises_what_solve_reports():
    x, y = clouds(300, 300, 3)
    with pytest.raises(monge.NotOptimal, match="time_limit") as caught:
        monge.emd(x, y, time_limit=0)
    solution = caught.value.solution
    assert isinstance(caught.value, RuntimeError)
    assert solution.status == "time_limit"
    grade(solution, cloud_reference(x, y), proved=False)
    optimum = monge.emd(x, y)
    assert solution.lower_bound <= optimum <= solution.cost
    assert f"cost {solution.cost:.10g}" in str(caught.value)
    assert f"lower bound {solution.lower_bound:.10g}" in str(caught.value)
    with pytest.raises(monge.NotOptimal):
        monge.wasserstein(x, y, p=2, time_limit=0)
    assert solution.interpolate(1)[0].shape == (300, 3)


def test_a_batch_says_which_pair_was_not_proved():
    x, y = clouds(300, 300, 3)
    easy = np.zeros((1, 3))
    with pytest.raises(monge.NotOptimal, match=r"pair 1 of the batch: .* 'time_limit'") as caught:
        monge.emd([easy, x], [easy, y], time_limit=0, threads=1)
    assert caught.value.pair == 1
    assert pickle.loads(pickle.dumps(caught.value)).pair == 1
    with pytest.raises(monge.NotOptimal, match=r"^the solve ended") as caught:
        monge.emd(x, y, time_limit=0)
    assert caught.value.pair is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_line_keeps_to_its_limits(dtype):
    """Its points are sorted in no time, but not always in none."""
    x, y = (points.astype(dtype) for points in clouds(900, 1000, 1))
    a = np.arange(900) % 4 / (900 * 1.5)
    optimum = monge.emd(x, y, a)
    late = monge.solve(x, y, a, time_limit=0)
    cancelled = monge.solve(x, y, a, progress=lambda phase, fraction: False)
    for solution, status in ((late, "time_limit"), (cancelled, "cancelled")):
        assert (solution.status, solution.solver) == (status, "sorting_1d")
        grade(solution, cloud_reference(x, y, a), proved=False)
        assert solution.lower_bound < optimum < solution.cost
    with pytest.raises(monge.NotOptimal, match="time_limit"):
        monge.emd(x, y, a, time_limit=0)


def test_time_limit_with_forbidden_pairs_hides_nothing():
    """A plan that a limit left may use forbidden pairs; then its cost says so."""
    costs = hard_costs(400)
    costs[np.random.default_rng(0).random(costs.shape) < 0.5] = math.inf
    costs[np.arange(400), np.arange(400)] = 1e6
    optimum = monge.solve_cost(costs)
    assert optimum.status == "optimal"
    solution = monge.solve_cost(costs, time_limit=0)
    assert solution.status == "time_limit"
    reference = dense_reference(costs)
    grade_plan(solution, reference)
    grade_bound(solution, reference)
    assert solution.lower_bound <= optimum.cost <= solution.cost
    assert solution.relative_gap > 0


def test_not_optimal_can_be_pickled():
    """Processes send their exceptions to each other."""
    x, y = clouds(50, 50, 3)
    with pytest.raises(monge.NotOptimal) as caught:
        monge.emd(x, y, time_limit=0)
    twin = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(twin, monge.NotOptimal)
    assert str(twin) == str(caught.value)
    assert_same(twin.solution, caught.value.solution)


def test_enough_time_changes_nothing():
    x, y = clouds(60, 60, 3)
    assert_same(monge.solve(x, y, time_limit=3600), monge.solve(x, y))
    assert_same(monge.solve(x, y, progress=lambda phase, fraction: True), monge.solve(x, y))


# --- progress, cancelling, interrupts -------------------------------------------------------------


def test_progress_is_told_phase_and_fraction():
    calls = []
    monge.solve_cost(hard_costs(600), progress=lambda *call: calls.append(call))
    assert calls
    for phase, fraction in calls:
        assert phase
        assert isinstance(phase, str)
        assert 0 <= fraction <= 1


def test_progress_that_returns_false_cancels():
    costs, optimum, calls = hard_costs(HARD), hard_optimum(HARD), []

    def third_time(phase, fraction):
        calls.append(phase)
        return len(calls) < 3

    solution = monge.solve_cost(costs, solver="hungarian", progress=third_time)
    assert solution.status == "cancelled"
    assert len(calls) == 3  # not called again after it said no
    grade(solution, dense_reference(costs), proved=False)
    rounding = 100 * HARD * UNIT_ROUNDOFF * optimum
    assert solution.lower_bound - rounding <= optimum <= solution.cost + rounding
    with pytest.raises(monge.NotOptimal, match="cancelled"):
        monge.emd(*clouds(800, 800, 2), progress=lambda phase, fraction: False)


@pytest.mark.parametrize("answer", [None, True, 0, "", np.float64(0)])
def test_only_false_cancels(answer):
    """A callback that returns nothing in particular goes on; 0 is no False."""
    solution = monge.solve_cost(hard_costs(300), progress=lambda phase, fraction: answer)
    assert solution.status == "optimal"


@pytest.mark.parametrize("error", [KeyError("mine"), KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_exceptions_of_progress_come_through(error):
    calls = []

    def fail(phase, fraction):
        calls.append(phase)
        raise error

    begin = time.process_time()
    with pytest.raises(type(error)) as caught:
        monge.solve_cost(hard_costs(HARD), solver="hungarian", progress=fail)
    assert caught.value is error
    assert len(calls) == 1
    assert time.process_time() - begin < 2


def test_exceptions_of_progress_come_through_a_batch():
    def fail(phase, fraction):
        raise LookupError("mine")

    x, y = np.random.default_rng(0).normal(size=(2, 4, 500, 3))
    for threads in (1, 2):
        with pytest.raises(LookupError, match="mine"):
            monge.solve(x, y, threads=threads, progress=fail)


def test_progress_is_called_on_the_calling_thread():
    threads = set()
    x, y = np.random.default_rng(0).normal(size=(2, 8, 400, 3))
    progress = lambda phase, fraction: threads.add(threading.get_ident())  # noqa: E731
    monge.solve(x, y, threads=2, progress=progress)
    assert threads == {threading.get_ident()}


#: Interrupts itself. How soon it stops is counted in its own processor time, which is the same
#: however busy the machine is.
INTERRUPTED = """
    import os, signal, sys, threading, time
    import numpy as np
    import monge
    signal.signal(signal.SIGINT, signal.default_int_handler)
    i = np.arange(1.0, 6001.0, dtype=np.float32)
    costs = np.multiply.outer(i, i)
    x = np.random.default_rng(0).random((6000, 3))
    wide = np.random.default_rng(0).random((12000, 512), np.float32)
    sent = []
    def interrupt():
        time.sleep(0.7)
        sent.append(time.process_time())
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        {call}
        print("finished")
    except KeyboardInterrupt:
        late = time.process_time() - sent[0]
        print("interrupted", late if late > 1.5 else "at once", monge.emd([[0.0]], [[1.0]]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    "call",
    [
        "monge.solve_cost(costs, solver='hungarian')",
        "monge.linear_sum_assignment(costs)",
        "monge.emd(x, x[::-1] + 1, solver='hungarian', cost='sqeuclidean')",
        # Seconds of forming costs, before and after the search.
        "monge.emd(wide, wide[::-1] + 1, solver='hungarian', threads=1)",
    ],
)
def test_keyboard_interrupt_stops_a_long_solve(call):
    program = textwrap.dedent(INTERRUPTED).format(call=call)
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=600
    )
    assert run.stdout == "interrupted at once 1.0\n"


# --- threads of Python ----------------------------------------------------------------------------


def test_two_threads_solve_at_once():
    problems = [clouds(150, 150, 3, seed) for seed in range(12)]
    expected = [monge.solve(*problem) for problem in problems]
    found = {}

    def work(keys):
        for k in keys:
            found[k] = monge.solve(*problems[k], threads=1 + k % 2)

    workers = [threading.Thread(target=work, args=(range(start, 12, 2),)) for start in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for k, solution in enumerate(expected):
        assert_same(found[k], solution)


def test_other_threads_run_during_a_solve():
    """Callbacks take the interpreter's lock about 50 times a second; in between it is free.

    Were it held, this thread would wake at most once per callback.
    """
    costs, wakes, calls, found = hard_costs(HARD), 0, 0, []

    def goes_on(phase, fraction):
        nonlocal calls
        calls += 1
        return wakes <= 20 + 3 * calls

    worker = threading.Thread(
        target=lambda: found.append(monge.solve_cost(costs, solver="hungarian", progress=goes_on))
    )
    worker.start()
    while worker.is_alive():
        time.sleep(0.001)
        wakes += 1
    assert found[0].status == "cancelled", (wakes, calls)


FORKED = """
    import os
    import numpy as np
    import monge
    x, y = np.random.default_rng(0).normal(size=(2, 1000, 3))
    count = lambda: len(os.listdir("/proc/self/task"))
    before = count()
    expected = monge.emd(x, y, threads=2)
    assert count() == before
    child = os.fork()
    if child == 0:
        os._exit(0 if monge.emd(x, y, threads=2) == expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert monge.emd(x, y, threads=2) == expected
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads in /proc")
def test_no_thread_outlives_a_solve_and_fork_is_safe():
    """1000 points in 3-D are above the work that is left to one thread."""
    program = textwrap.dedent(FORKED)
    subprocess.run([sys.executable, "-c", program], check=True, timeout=600)
