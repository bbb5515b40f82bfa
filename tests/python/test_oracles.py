"""Agreement with other programs and with closed forms.

Each oracle is independent of this package: SciPy's assignment, the HiGHS linear program, POT's
network simplex, SciPy's distance on a line, and formulas.
"""

import itertools
import math

import monge
import numpy as np
import pytest
from grading import SOLVERS, cloud_reference, dense_reference, grade, ground_costs, instance_of
from scipy.optimize import linear_sum_assignment, linprog
from scipy.sparse import coo_array
from scipy.stats import norm, wasserstein_distance

AGREEMENT = 1e-9  # relative; both sides are exact to about 1e-13
ALL_COSTS = ("euclidean", "sqeuclidean", "cityblock", "chebyshev", ("euclidean_power", 2.5))


def relatively(expected, rel=AGREEMENT):
    """pytest.approx without its absolute tolerance of 1e-12."""
    return pytest.approx(expected, rel=rel, abs=0)


def clouds(n, m, dim, dtype=np.float64, seed=0):
    rng = np.random.default_rng([seed, n, m, dim])
    return rng.normal(size=(n, dim)).astype(dtype), rng.uniform(-1, 2, (m, dim)).astype(dtype)


def serving_solvers(x, y, **arguments):
    """Solutions of all solvers that serve the problem, "auto" first; at least one must."""
    solutions = [monge.solve(x, y, **arguments)]
    for solver in SOLVERS:
        try:
            solutions.append(monge.solve(x, y, solver=solver, **arguments))
        except ValueError as refusal:
            assert "cannot serve" in str(refusal)
    assert len(solutions) > 1
    return solutions


def assignment_cost(x, y, cost):
    costs = ground_costs(x, y, cost)
    return costs[linear_sum_assignment(costs)].sum() / len(x)


def linear_program_cost(costs, a, b):
    """min <C, P> by HiGHS with its tolerances at their tightest."""
    n, m = costs.shape
    cells = np.arange(n * m)
    ones = np.ones(2 * n * m)
    rows = np.concatenate([cells // m, n + cells % m])
    constraints = coo_array((ones, (rows, np.concatenate([cells, cells]))), shape=(n + m, n * m))
    result = linprog(
        costs.ravel(),
        A_eq=constraints.tocsr()[:-1],  # the last constraint follows from the others
        b_eq=np.concatenate([a, b])[:-1],
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    assert result.status == 0
    return result.fun


@pytest.mark.parametrize("n", [1, 2, 3, 10, 100, 512])
@pytest.mark.parametrize("dim", [1, 2, 3, 6, 64])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean"])
def test_equal_clouds_agree_with_scipy(n, dim, dtype, cost):
    x, y = clouds(n, n, dim, dtype)
    assert monge.emd(x, y, cost=cost) == relatively(assignment_cost(x, y, cost))


@pytest.mark.slow
@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean"])
def test_large_equal_clouds_agree_with_scipy(cost):
    x, y = clouds(2048, 2048, 3)
    assert monge.emd(x, y, cost=cost) == relatively(assignment_cost(x, y, cost))


@pytest.mark.parametrize("cost", ALL_COSTS, ids=str)
@pytest.mark.parametrize("dim", [1, 2, 5])
def test_every_cost_and_solver_agrees_with_scipy(cost, dim):
    x, y = clouds(40, 40, dim)
    expected = assignment_cost(x, y, cost)
    for solution in serving_solvers(x, y, cost=cost):
        assert solution.cost == relatively(expected)
        grade(solution, cloud_reference(x, y, cost=cost))


@pytest.mark.parametrize("n", [1, 2, 7, 20, 1000, 1023, 1025])
def test_sizes_that_break_fixed_block_kernels(n):
    """Peers demand multiples of 1024 or data inside [0, 1]^3, and are silently wrong beyond."""
    rng = np.random.default_rng(n)
    x, y = 50 * rng.normal(size=(2, n, 3)).astype(np.float32)
    solution = monge.solve(x, y)
    assert solution.cost == relatively(assignment_cost(x, y, "euclidean"))
    assert sorted(solution.assignment) == list(range(n))


def test_concave_cost_on_a_line_is_not_sorted():
    """|x - y|^(1/2) is not convex: the monotone plan is not optimal, and must not be taken."""
    x, y = np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])
    # Monotone: 1 and 1. Best: the common point stays, and one moves by 2.
    assert monge.emd(x, y, cost=("euclidean_power", 0.5)) == relatively(math.sqrt(2) / 2)
    x, y = clouds(30, 30, 1)
    expected = assignment_cost(x, y, ("euclidean_power", 0.5))
    assert monge.emd(x, y, cost=("euclidean_power", 0.5)) == relatively(expected)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 5), (4, 3), (9, 14), (25, 25)])
@pytest.mark.parametrize("cost", ALL_COSTS, ids=str)
def test_masses_on_a_line_agree_with_highs(n, m, cost):
    rng = np.random.default_rng([n, m])
    x, y = clouds(n, m, 1)
    a, b = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    expected = linear_program_cost(ground_costs(x, y, cost), a, b)
    for solution in serving_solvers(x, y, a=a, b=b, cost=cost):
        assert solution.cost == relatively(expected)
        grade(solution, cloud_reference(x, y, a, b, cost))


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_cost_matrices_agree_with_highs(n):
    costs = np.random.default_rng(n).normal(size=(n, n))
    masses = np.full(n, 1 / n)
    solution = monge.solve_cost(costs)
    assert solution.cost == relatively(linear_program_cost(costs, masses, masses))
    grade(solution, dense_reference(costs))


@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean", "cityblock"])
@pytest.mark.parametrize("dim", [1, 3])
def test_agreement_with_pot(cost, dim):
    ot = pytest.importorskip("ot")
    x, y = clouds(60, 60, dim)
    masses = np.full(60, 1 / 60)
    expected = ot.emd2(masses, masses, ground_costs(x, y, cost))
    assert monge.emd(x, y, cost=cost) == relatively(expected)
    assert monge.solve_cost(ot.dist(x, y, cost)).cost == relatively(expected)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_masses_on_a_line_agree_with_pot(p):
    ot = pytest.importorskip("ot")
    rng = np.random.default_rng(p)
    x, y = clouds(50, 80, 1)
    a, b = rng.dirichlet(np.ones(50)), rng.dirichlet(np.ones(80))
    expected = ot.emd2_1d(x.ravel(), y.ravel(), a, b, metric="minkowski", p=p)
    cost = monge.emd(x, y, a, b, cost=("euclidean_power", p))
    assert cost == relatively(expected)
    assert monge.wasserstein(x, y, a, b, p=p) == relatively(expected ** (1 / p))


def test_masses_on_a_line_agree_with_scipy():
    instance = instance_of("line_masses", 200, 0)
    arguments = [instance[key] for key in ("x", "y", "a", "b")]
    expected = wasserstein_distance(*(array.ravel() for array in arguments))
    assert monge.emd(*arguments) == relatively(expected)


@pytest.mark.parametrize("dim", [1, 2, 3, 10])
@pytest.mark.parametrize("p", [1, 1.5, 2, 4])
def test_translation(dim, p):
    """The plan x_i to x_i + t is optimal for every convex cost: W_p = |t| for all p."""
    rng = np.random.default_rng(dim)
    x, shift = rng.normal(size=(40, dim)), rng.normal(size=dim)
    y = rng.permutation(x + shift)
    assert monge.wasserstein(x, y, p=p) == relatively(np.linalg.norm(shift), rel=1e-12)


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        ("euclidean", 5),
        ("sqeuclidean", 25),
        ("cityblock", 7),
        ("chebyshev", 4),
        (("euclidean_power", 3), 125),
        (("euclidean_power", 0.5), math.sqrt(5)),
    ],
    ids=str,
)
def test_two_diracs(cost, expected):
    assert monge.emd([[1, 1]], [[4, -3]], cost=cost) == relatively(expected, rel=1e-15)
    assert monge.emd([[1, 1]], [[4, -3]], [2], [2], cost=cost) == relatively(2 * expected)


def test_a_dirac_against_a_cloud():
    """All mass moves to one point: on a line, sum_j b_j |y_j - x|^p."""
    y, b = np.array([[-1.0], [0.5], [3.0]]), np.array([0.5, 0.25, 0.25])
    assert monge.emd([[1.0]], y, [1.0], b) == relatively(1 + 0.125 + 0.5, rel=1e-15)
    assert monge.wasserstein([[1.0]], y, [1.0], b, p=2) == relatively(
        math.sqrt(2 + 0.0625 + 1), rel=1e-15
    )


def test_gaussian_quantiles():
    """Quantiles of N(0, 1) and N(3, 4) map by x to 3 + 2 x: W_2^2 = mean (3 + x)^2 of the sample.

    As n grows, this tends to Gelbrich's (3 - 0)^2 + (2 - 1)^2 = 10.
    """
    q = norm.ppf((np.arange(4000) + 0.5) / 4000)
    rng = np.random.default_rng(0)
    x, y = rng.permutation(q)[:, None], rng.permutation(3 + 2 * q)[:, None]
    cost = monge.emd(x, y, cost="sqeuclidean")
    assert cost == relatively(np.mean((3 + q) ** 2), rel=1e-12)
    assert cost == relatively(10, rel=1e-3)


@pytest.mark.parametrize("dim", [2, 3])
def test_linear_map_of_a_symmetric_positive_matrix(dim):
    """x to A x is the gradient of a convex function: optimal for the squared cost (Brenier)."""
    rng = np.random.default_rng(dim)
    x, root = rng.normal(size=(80, dim)), rng.normal(size=(dim, dim))
    y = x @ (root @ root.T)
    order = rng.permutation(80)
    expected = np.mean(((x - y) ** 2).sum(axis=1))
    solution = monge.solve(x, y[order], cost="sqeuclidean")
    assert solution.cost == relatively(expected, rel=1e-12)
    np.testing.assert_array_equal(order[solution.assignment], np.arange(80))


def test_uniform_masses_of_unequal_sizes_repeat_points():
    """On a line, n against 2 n points is n doubled points against 2 n."""
    x, y = clouds(30, 60, 1)
    for cost in ALL_COSTS:
        doubled = assignment_cost(np.repeat(x, 2, axis=0), y, cost)
        assert monge.emd(x, y, cost=cost) == relatively(doubled)


@pytest.mark.parametrize("big", [1e6, 1e9, 1e16, 1e32])
def test_big_costs_as_forbidden_pairs(big):
    """Users write 1e6 or 1e32 for "never": the small costs must still be solved, and proved."""
    for n, seed in itertools.product((3, 5, 8, 17), range(8)):
        forbidden = instance_of("dense_forbidden", n, seed)["cost_matrix"]
        expected = forbidden[linear_sum_assignment(forbidden)].sum() / n
        costs = np.where(np.isinf(forbidden), big, forbidden)
        solution = monge.solve_cost(costs)
        assert solution.cost == relatively(expected)
        assert solution.lower_bound == relatively(expected)


# --- the tree that searches and certifies clouds of many points ----------------------------------


@pytest.mark.parametrize("cost", ALL_COSTS, ids=str)
@pytest.mark.parametrize(("scale", "offset"), [(1, 0), (1, 1e8), (1e-12, 0), (1, -3e4)])
@pytest.mark.parametrize("solver", ["spatial_auction", "hungarian"])
def test_many_points_far_from_the_origin(solver, scale, offset, cost):
    """Enough pairs for the tree, where a bound that rounds badly would hide the best column."""
    rng = np.random.default_rng(5)
    x, y = (offset + scale * rng.random((700, 3)) for _ in range(2))
    solution = monge.solve(x, y, cost=cost, solver=solver)
    grade(solution, cloud_reference(x, y, cost=cost))
    assert solution.cost == relatively(assignment_cost(x, y, cost))


# --- unequal sizes and masses beyond the line -----------------------------------------------------

needs_any_masses = pytest.mark.skipif(
    not any(one["any_masses"] and not one["line_only"] for one in monge.solvers().values()),
    reason="no registered solver serves unequal masses beyond the line",
)


@needs_any_masses
@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 6), (7, 2), (12, 15), (20, 20)])
@pytest.mark.parametrize("cost", ALL_COSTS, ids=str)
def test_masses_in_space_agree_with_highs(n, m, cost):
    rng = np.random.default_rng([n, m])
    x, y = clouds(n, m, 3)
    a, b = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    expected = linear_program_cost(ground_costs(x, y, cost), a, b)
    for solution in serving_solvers(x, y, a=a, b=b, cost=cost):
        assert solution.cost == relatively(expected)
        grade(solution, cloud_reference(x, y, a, b, cost))


@needs_any_masses
def test_constant_costs_of_unequal_sizes():
    """Sizes at which POT once returned a plan of zeros: the cost is the constant."""
    for n, m in ((292, 2), (5, 960)):
        assert monge.solve_cost(np.ones((n, m))).cost == relatively(1, rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(5, 960), (292, 2)])
def test_very_unequal_sizes_on_a_line(n, m):
    x, y = clouds(n, m, 1)
    expected = wasserstein_distance(x.ravel(), y.ravel())
    solution = monge.solve(x, y)
    assert solution.cost == relatively(expected)
    grade(solution, cloud_reference(x, y))
