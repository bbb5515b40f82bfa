"""Starts from an earlier solution: they change how long a solve takes, never what it answers."""

import monge
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from monge.solution import Plan

WARM = [name for name, one in monge.solvers().items() if one["warm_potentials"]]
COLD = [name for name in monge.solvers() if name not in WARM]


def clouds(n=600, m=None, dim=3, seed=0):
    random = np.random.default_rng(seed)
    return random.random((n, dim)), random.random((m or n, dim))


def moved(x, step=1e-3, seed=1):
    return x + step * np.random.default_rng(seed).standard_normal(x.shape)


def work(solution):
    """Pivots, or rows scanned on the way."""
    stats = solution.stats
    return stats["pivots"] if "pivots" in stats else stats["path_scans"]


def start_of(solution):
    return {"potentials": (solution.f, solution.g), "plan": solution.plan}


@pytest.mark.parametrize("solver", WARM)
@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean", "cityblock"])
def test_an_earlier_solution_gives_the_same_answer(solver, cost):
    x, y = clouds(60)
    earlier = monge.solve(x, y, cost=cost, solver=solver)
    cold = monge.solve(moved(x), y, cost=cost, solver=solver)
    warm = monge.solve(moved(x), y, cost=cost, solver=solver, **start_of(earlier))
    assert warm.status == "optimal"
    assert warm.relative_gap <= 1e-9
    assert warm.cost == pytest.approx(cold.cost, rel=1e-12)
    assert warm.marginal_error <= 1e-12


@pytest.mark.parametrize("sizes", [(600, 600), (500, 700)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_plan_saves_most_work(sizes, dtype):
    x, y = (points.astype(dtype) for points in clouds(*sizes))
    later = moved(x).astype(dtype)
    earlier = monge.solve(x, y)
    cold = monge.solve(later, y)
    warm = monge.solve(later, y, **start_of(earlier))
    assert warm.solver == cold.solver
    assert warm.solver.startswith("multiscale_")
    assert work(warm) < 0.4 * work(cold)
    assert warm.cost == pytest.approx(cold.cost, rel=1e-12)


def test_potentials_alone_save_work_too():
    x, y = clouds()
    earlier, cold = monge.solve(x, y), monge.solve(moved(x), y)
    for potentials in ((earlier.f, earlier.g), (None, earlier.g), (earlier.f, None)):
        warm = monge.solve(moved(x), y, potentials=potentials)
        assert work(warm) < 0.7 * work(cold)
        assert warm.cost == pytest.approx(cold.cost, rel=1e-12)


def test_changed_masses_start_from_the_old_plan():
    x, y = clouds(500, 700)
    random = np.random.default_rng(3)
    a, b = random.random(500) + 0.1, random.random(700) + 0.1
    a, b = a / a.sum(), b / b.sum()
    earlier = monge.solve(x, y, a, b)
    later = a * (1 + 1e-3 * random.random(500))
    later /= later.sum()
    cold, warm = (monge.solve(x, y, later, b, **how) for how in ({}, start_of(earlier)))
    assert warm.cost == pytest.approx(cold.cost, rel=1e-12)
    assert warm.stats["pivots"] < 0.5 * cold.stats["pivots"]
    # One cloud with some of its atoms gone.
    a[::7], earlier_plan = 0, earlier.plan
    gone = monge.solve(x, y, a / a.sum(), b, potentials=(earlier.f, earlier.g), plan=earlier_plan)
    assert gone.cost == pytest.approx(monge.emd(x, y, a / a.sum(), b), rel=1e-12)


@pytest.mark.parametrize("solver", [name for name in WARM if not name.startswith("multiscale_")])
def test_cost_matrices_start_from_earlier_solutions(solver):
    random = np.random.default_rng(0)
    matrix = random.random((80, 80))
    earlier = monge.solve_cost(matrix, solver=solver)
    later = matrix + 1e-3 * random.random((80, 80))
    later[0, 1] = np.inf
    for costs in (later, np.asfortranarray(later), later[::-1, ::-1]):
        warm = monge.solve_cost(costs, solver=solver, **start_of(earlier))
        assert warm.cost == pytest.approx(monge.solve_cost(costs).cost, rel=1e-12)
        assert warm.relative_gap <= 1e-9


def test_forbidden_pairs_of_the_plan_are_passed_over():
    matrix = np.random.default_rng(0).random((30, 40))
    earlier = monge.solve_cost(matrix)
    matrix[earlier.plan.rows[::3], earlier.plan.cols[::3]] = np.inf
    warm = monge.solve_cost(matrix, **start_of(earlier))
    assert warm.status == "optimal"
    assert warm.cost == pytest.approx(monge.solve_cost(matrix).cost, rel=1e-12)


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(
    g=st.lists(finite, min_size=6, max_size=6),
    f=st.lists(finite, min_size=5, max_size=5),
    pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=20),
    use=st.sampled_from(["f", "g", "both"]),
)
def test_any_finite_start_gives_the_optimum(f, g, pairs, use):
    x, y = clouds(5, 6)
    potentials = (None if use == "g" else f, None if use == "f" else g)
    plan = tuple(np.array(pairs, dtype=np.int64).reshape(-1, 2).T)
    expected = monge.emd(x, y)
    for solver in ("multiscale_simplex", "network_simplex"):
        solution = monge.solve(x, y, solver=solver, potentials=potentials, plan=plan)
        assert solution.relative_gap <= 1e-9
        assert solution.cost == pytest.approx(expected, rel=1e-12)


def test_batches_take_a_start_for_each_pair():
    x, y = (np.stack(side) for side in zip(*(clouds(300, seed=k) for k in range(3)), strict=True))
    earlier = monge.solve(x, y, solver="multiscale_simplex")
    f, g = np.stack([one.f for one in earlier]), np.stack([one.g for one in earlier])
    how = {"potentials": (f, g), "plan": [one.plan for one in earlier]}
    later = moved(x)
    warm = monge.solve(later, y, solver="multiscale_simplex", **how)
    cold = monge.solve(later, y, solver="multiscale_simplex")
    for one, other in zip(warm, cold, strict=True):
        assert one.cost == pytest.approx(other.cost, rel=1e-12)
        assert one.stats["pivots"] < 0.4 * other.stats["pivots"]
    assert monge.emd(later, y, **how) == pytest.approx([one.cost for one in cold], rel=1e-12)
    squares = monge.emd(later, y, cost="sqeuclidean") ** 0.5
    assert monge.wasserstein(later, y, p=2, **how) == pytest.approx(squares, rel=1e-12)


def test_a_line_is_sorted_all_the_same():
    x, y = clouds(600, dim=1)
    assert monge.solve(x, y, potentials=(np.zeros(600), None)).solver == "sorting_1d"


def test_equal_on_one_and_two_threads():
    x, y = clouds(900)
    start = start_of(monge.solve(x, y))
    one, two = (monge.solve(moved(x), y, threads=k, **start) for k in (1, 2))
    assert np.array_equal(one.g, two.g)
    assert np.array_equal(one.plan.cols, two.plan.cols)


@pytest.mark.parametrize("solver", COLD)
def test_solvers_that_cannot_use_a_start_refuse_it(solver):
    x, y = clouds(5, dim=1)
    with pytest.raises(ValueError, match="it takes no potentials to start from"):
        monge.solve(x, y, solver=solver, potentials=(None, np.zeros(5)))


@pytest.mark.parametrize(
    ("start", "error", "message"),
    [
        ({"potentials": np.zeros(5)}, TypeError, "potentials must be a pair"),
        ({"potentials": (None, None)}, ValueError, "must hold f or g"),
        ({"potentials": (np.zeros(4), None)}, ValueError, "f of the potentials must have one"),
        ({"potentials": (None, np.zeros((5, 1)))}, ValueError, r"shapes \(n,\) and \(m,\)"),
        ({"potentials": (None, np.zeros(0))}, ValueError, r"shapes \(n,\) and \(m,\)"),
        ({"potentials": (None, [0, 0, np.nan, 0, 0])}, ValueError, "must be finite; got nan"),
        ({"potentials": ("abcde", None)}, TypeError, "real numbers"),
        ({"plan": ([0], [0])}, ValueError, "come with potentials"),
        ({"plan": 3}, TypeError, "plan must be a solution's plan"),
        ({"plan": ([0.5], [0])}, TypeError, "whole numbers"),
        ({"plan": ([-1], [0])}, ValueError, "from 0 to 2147483647; got -1"),
        ({"plan": ([0, 1], [0], [1.0])}, ValueError, "one number per pair"),
        ({"plan": ([0], [0], [np.nan])}, ValueError, "mass of the plan must be finite"),
        ({"plan": ([0], [0], [-0.5])}, ValueError, "finite and >= 0; got -0.5"),
    ],
)
def test_wrong_starts_are_refused(start, error, message):
    x, y = clouds(5)
    with pytest.raises(error, match=message):
        monge.solve(x, y, **start)


def test_wrong_starts_of_a_batch_are_refused():
    x, y = np.zeros((2, 5, 3)), np.ones((2, 5, 3))
    plan = Plan(np.zeros(1, np.int32), np.zeros(1, np.int32), np.ones(1), (5, 5))
    potentials = (None, np.zeros((2, 5)))
    for start, error, message in (
        ({"potentials": (None, np.zeros((3, 5)))}, ValueError, "per pair of the batch, 2; got 3"),
        ({"potentials": potentials, "plan": plan}, TypeError, "per pair of the batch; got Plan"),
        ({"potentials": (None, np.zeros((2, 4)))}, ValueError, "pair 0 of the batch"),
        ({"potentials": potentials, "plan": [plan, 3]}, TypeError, "pair 1 of the batch"),
    ):
        with pytest.raises(error, match=message):
            monge.solve(x, y, **start)
