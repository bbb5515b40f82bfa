"""Entropic transport: plans against their own definition, closed forms and POT."""

import math
import pickle
import time

import monge
import numpy as np
import ot
import pytest
from grading import ground_costs
from hypothesis import given
from hypothesis import strategies as st

COSTS = ("sqeuclidean", "euclidean", "cityblock", "chebyshev", ("euclidean_power", 1.5))
METHODS = ("sinkhorn", "anderson", "newton", "auto")


def clouds(n=60, m=45, d=3, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)).astype(dtype)
    y = (rng.normal(size=(m, d)) + 0.5).astype(dtype)
    return x, y


def masses(n, seed=0, zeros=0):
    rng = np.random.default_rng(seed)
    a = rng.random(n) + 0.1
    a[:zeros] = 0
    return a / a.sum()


def entropic_plan(solution, costs, a, b):
    return a[:, None] * b * np.exp((solution.f[:, None] + solution.g - costs) / solution.epsilon)


def marginal_error(plan, a, b):
    return (np.abs(plan.sum(1) - a).sum() + np.abs(plan.sum(0) - b).sum()) / a.sum()


def check(solution, costs, a, b, rtol=1e-6):
    """The entropic plan has its marginals, the rounded one is feasible, the interval is one."""
    assert solution.status == "within_tolerance"
    plan = entropic_plan(solution, costs, a, b)
    # What a solve leaves out is at most 1e-9 of the mass on either side.
    assert marginal_error(plan, a, b) <= rtol + 4e-9
    assert solution.stats["marginal_error"] <= rtol
    rounded = solution.plan.to_dense()
    assert (rounded >= 0).all()
    assert marginal_error(rounded, a, b) <= 1e-13
    assert solution.marginal_error <= 1e-13
    assert np.abs(rounded - plan).sum() <= 4 * a.sum() * (rtol + 4e-9)
    assert solution.cost == pytest.approx((rounded * costs).sum(), rel=1e-10)
    assert solution.lower_bound <= solution.cost
    kl = solution.epsilon * (
        (plan * (solution.f[:, None] + solution.g - costs)).sum() / solution.epsilon
        - plan.sum()
        + a.sum() * b.sum()
    )
    size = np.abs(solution.f).max() + np.abs(solution.g).max()
    assert solution.entropic_value == pytest.approx((plan * costs).sum() + kl, abs=4 * rtol * size)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("d", (1, 2, 3, 5))
@pytest.mark.parametrize("part", (1, 0.03))
def test_every_cost_and_dimension_has_its_plan(cost, d, part):
    x, y = clouds(d=d)
    a, b = masses(60, zeros=2), masses(45, seed=1, zeros=3)
    costs = ground_costs(x, y, cost)
    check(monge.sinkhorn(x, y, a, b, epsilon=part * costs.mean(), cost=cost), costs, a, b)


@pytest.mark.parametrize("cost", ("sqeuclidean", "euclidean"))
def test_coarse_levels_and_truncation_change_nothing(cost):
    x, y = clouds(900, 1100, seed=3)
    a, b = masses(900), masses(1100, seed=1, zeros=5)
    costs = ground_costs(x, y, cost)
    solution = monge.sinkhorn(x, y, a, b, epsilon=0.01 * costs.mean(), cost=cost)
    assert solution.stats["resolutions"] > 1
    check(solution, costs, a, b)


@pytest.mark.parametrize("method", METHODS)
def test_all_methods_agree_with_pot(method):
    x, y = clouds(50, 70)
    a, b = masses(50), masses(70, seed=1)
    costs = ground_costs(x, y, "sqeuclidean")
    epsilon = 0.05 * costs.mean()
    plan = ot.sinkhorn(a, b, costs, epsilon, method="sinkhorn_log", stopThr=1e-12, numItermax=9999)
    for solution in (
        monge.sinkhorn(x, y, a, b, epsilon=epsilon, method=method, rtol=1e-10),
        monge.sinkhorn_cost(costs, a, b, epsilon=epsilon, method=method, rtol=1e-10),
    ):
        np.testing.assert_allclose(entropic_plan(solution, costs, a, b), plan, atol=1e-11)
        assert solution.cost == pytest.approx((plan * costs).sum(), rel=1e-8)


@pytest.mark.parametrize("part", [1e-6, 1e-4, 1e-2, 1e3])
def test_greenkhorn_stays_finite_and_certifies_at_any_epsilon(part):
    """With atoms without mass, and stopped long before it converges."""
    rng = np.random.default_rng(0)
    x, y = rng.random((30, 2)), rng.random((40, 2)) + 0.2
    a, b = rng.random(30), rng.random(40)
    a[:7] = b[3] = 0
    costs = ((x[:, None] - y) ** 2).sum(-1)
    a, b = a / a.sum(), b / b.sum()
    exact = monge.solve_cost(costs, a, b).cost
    epsilon = part * costs.mean()
    with np.errstate(all="raise"):
        solution = monge.sinkhorn_cost(
            costs, a, b, epsilon=epsilon, method="greenkhorn", max_iterations=200
        )
    assert np.isfinite(solution.f).all() and np.isfinite(solution.g).all()
    assert solution.lower_bound <= exact * (1 + 1e-12) <= solution.cost * (1 + 2e-12)
    assert solution.status == "within_tolerance" or solution.stats["marginal_error"] > 1e-6


def test_greenkhorn_reaches_the_same_plan():
    x, y = clouds(20, 25)
    costs = ground_costs(x, y, "sqeuclidean")
    a, b = masses(20, zeros=1), masses(25, seed=1, zeros=1)
    epsilon = 0.2 * costs.mean()
    greedy = monge.sinkhorn_cost(costs, a, b, epsilon=epsilon, method="greenkhorn", rtol=1e-7)
    check(greedy, costs, a, b, 1e-7)
    plain = monge.sinkhorn_cost(costs, a, b, epsilon=epsilon, rtol=1e-9)
    assert greedy.entropic_value == pytest.approx(plain.entropic_value, rel=1e-9)
    assert greedy.stats["steps"] > 0


def test_diracs():
    solution = monge.sinkhorn([[0.0, 0.0]], [[3.0, 4.0]], epsilon=0.1, cost="euclidean")
    assert solution.cost == solution.lower_bound == pytest.approx(5)
    assert solution.entropic_value == pytest.approx(5)
    assert solution.plan.to_dense() == pytest.approx(1)
    assert monge.sinkhorn_divergence([[0.0]], [[3.0]], epsilon=2.0) == pytest.approx(9)


@pytest.mark.parametrize("epsilon", (0.1, 1.0, 10.0))
def test_gaussians_on_a_line(epsilon):
    """H. Janati, B. Muzellec, G. Peyre and M. Cuturi, NeurIPS 2020, theorem 1."""
    grid = np.linspace(-9, 9, 600)[:, None]
    (m1, s1), (m2, s2) = (0.3, 1.0), (-0.8, 0.7)
    a, b = (np.exp(-((grid[:, 0] - m) ** 2) / (2 * s * s)) for m, s in ((m1, s1), (m2, s2)))
    solution = monge.sinkhorn(grid, grid, a / a.sum(), b / b.sum(), epsilon=epsilon, rtol=1e-9)
    half = epsilon / 2
    root = math.sqrt(4 * s1**2 * s2**2 + half**2)
    value = (m1 - m2) ** 2 + s1**2 + s2**2 - root
    value += half * (1 - math.log(2 * half) + math.log(root + half))
    assert solution.entropic_value == pytest.approx(value, rel=1e-6)


def test_small_epsilon_brackets_the_exact_cost():
    x, y = clouds(128, 128)
    exact = monge.emd(x, y, cost="sqeuclidean")
    solution = monge.sinkhorn(x, y, epsilon=1e-3 * exact)
    assert solution.lower_bound <= exact * (1 + 1e-12)
    assert exact <= solution.cost * (1 + 1e-12)
    assert solution.relative_gap < 0.01


@pytest.mark.parametrize("part", [10.0**k for k in range(-6, 4)])
def test_no_epsilon_overflows(part):
    x, y = clouds(40, 40)
    costs = ground_costs(x, y, "sqeuclidean")
    for solution in (
        monge.sinkhorn(x, y, epsilon=part * costs.mean(), max_iterations=5000),
        monge.sinkhorn_cost(costs, epsilon=part * costs.mean(), max_iterations=5000),
    ):
        numbers = [solution.cost, solution.lower_bound, solution.entropic_value, *solution.f]
        assert np.isfinite([*numbers, *solution.g]).all()
        assert solution.lower_bound <= solution.cost
        assert solution.marginal_error <= 1e-12
        if part >= 1e-3:
            assert solution.status == "within_tolerance"


@pytest.mark.parametrize(("offset", "scale"), ((1e8, 1.0), (0.0, 1e-12), (0.0, 1e9)))
def test_offsets_and_scales(offset, scale):
    x, y = (np.round(points * 64) / 64 for points in clouds())
    plain = monge.sinkhorn(x, y, epsilon=0.25)
    moved = monge.sinkhorn(x * scale + offset, y * scale + offset, epsilon=0.25 * scale**2)
    assert moved.entropic_value == pytest.approx(plain.entropic_value * scale**2, rel=1e-7)
    assert moved.cost == pytest.approx(plain.cost * scale**2, rel=1e-5)


@pytest.mark.parametrize("scale", (1e-60, 1e-20, 1e60))
@pytest.mark.parametrize("method", ("sinkhorn", "anderson", "newton"))
@pytest.mark.parametrize("d", (2, 5))
def test_scales_beyond_single_precision(scale, method, d):
    x, y = clouds(d=d)
    plain = monge.sinkhorn(x, y, epsilon=0.25, method=method)
    scaled = monge.sinkhorn(x * scale, y * scale, epsilon=0.25 * scale**2, method=method)
    assert scaled.status == "within_tolerance"
    assert scaled.entropic_value == pytest.approx(plain.entropic_value * scale**2, rel=1e-7)
    np.testing.assert_allclose(scaled.f - scaled.f[0], (plain.f - plain.f[0]) * scale**2, rtol=1e-3)


def test_float32_and_strided_arrays():
    x, y = clouds(dtype=np.float32)
    expected = monge.sinkhorn(x, y, epsilon=0.3)
    wide = np.zeros((60, 6), dtype=np.float32)
    wide[:, ::2] = x
    for same in (
        monge.sinkhorn(wide[:, ::2], y, epsilon=0.3),
        monge.sinkhorn(x.astype(np.float64), y.astype(np.float64), epsilon=0.3),
    ):
        assert same.entropic_value == expected.entropic_value
        np.testing.assert_array_equal(same.f, expected.f)
    costs = ground_costs(x, y, "sqeuclidean")
    rows = monge.sinkhorn_cost(costs, epsilon=0.3)
    columns = monge.sinkhorn_cost(np.asfortranarray(costs), epsilon=0.3)
    np.testing.assert_array_equal(rows.f, columns.f)
    assert columns.cost == rows.cost
    assert rows.entropic_value == pytest.approx(expected.entropic_value, rel=1e-9)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("background", (0, -0.4242))
@pytest.mark.parametrize("cost", ("sqeuclidean", "euclidean"))
def test_images_that_are_mostly_background(cost, background, dtype):
    rng = np.random.default_rng(0)
    x, y = (
        np.where(rng.random((n, 150)) < part, rng.random((n, 150)), background).astype(dtype)
        for n, part in ((290, 0.15), (70, 0.7))
    )
    y[:3] = x[:3]
    a, b = np.full(290, 1 / 290), masses(70)
    costs = ground_costs(x, y, cost)
    epsilon = 0.05 * costs.mean()
    one, two = (
        monge.sinkhorn(x, y, a, b, epsilon=epsilon, cost=cost, threads=threads)
        for threads in (1, 2)
    )
    check(one, costs, a, b)
    np.testing.assert_array_equal(one.f, two.f)
    transposed = monge.sinkhorn(y, x, b, a, epsilon=epsilon, cost=cost)  # y as rows: not sparse
    assert transposed.entropic_value == pytest.approx(one.entropic_value, rel=1e-6)


def test_threads_do_not_change_the_answer():
    x, y = clouds(1500, 1300)
    one, two = (monge.sinkhorn(x, y, epsilon=0.1, threads=threads) for threads in (1, 2))
    np.testing.assert_array_equal(one.f, two.f)
    np.testing.assert_array_equal(one.g, two.g)
    assert (one.cost, one.lower_bound) == (two.cost, two.lower_bound)
    divergences = [
        monge.sinkhorn_divergence(x, y, epsilon=0.1, threads=threads) for threads in (1, 2)
    ]
    assert divergences[0] == divergences[1]


def test_ties_duplicates_and_one_point():
    x = np.repeat([[0.0, 0.0], [1.0, 1.0]], 20, axis=0)
    y = np.array([[0.0, 1.0]])
    solution = monge.sinkhorn(x, y, epsilon=0.5)
    assert solution.cost == pytest.approx(1)
    assert solution.relative_gap <= 1e-9
    check(
        monge.sinkhorn(x, x, epsilon=0.01), ground_costs(x, x, "sqeuclidean"), *[masses_of(40)] * 2
    )
    same = monge.sinkhorn(np.zeros((30, 2)), np.zeros((20, 2)), epsilon=1.0)
    assert same.cost == same.lower_bound == 0


def masses_of(n):
    return np.full(n, 1 / n)


def test_masses_that_do_not_total_one():
    x, y = clouds()
    a, b = 7 * masses(60), 7 * masses(45, seed=1)
    costs = ground_costs(x, y, "sqeuclidean")
    check(monge.sinkhorn(x, y, a, b, epsilon=0.5), costs, a, b)


def test_the_lazy_plan_is_the_dense_one():
    x, y = clouds()
    a = masses(60, zeros=2)
    solution = monge.sinkhorn(x, y, a, epsilon=0.3, rtol=1e-2)
    dense = solution.plan.to_dense()
    rng = np.random.default_rng(1)
    v, w = rng.normal(size=(45, 2)), rng.normal(size=60)
    np.testing.assert_allclose(solution.plan.apply(v), dense @ v, atol=1e-14)
    np.testing.assert_allclose(solution.plan.apply(w, transpose=True), dense.T @ w, atol=1e-14)
    row_sums, col_sums = solution.plan.marginals()
    np.testing.assert_allclose(row_sums, a, atol=1e-15)
    np.testing.assert_allclose(col_sums, 1 / 45, atol=1e-15)
    image = solution.barycentric_map()
    np.testing.assert_allclose(image[2:], (dense @ y)[2:] / a[2:, None], atol=1e-12)
    assert np.isnan(image[:2]).all()
    assert solution.assignment is None
    np.testing.assert_array_equal(solution.plan.to_scipy().toarray(), dense)
    copy = pickle.loads(pickle.dumps(solution))
    assert (copy.cost, copy.epsilon) == (solution.cost, solution.epsilon)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(solution.plan)).to_dense(), dense)
    with pytest.raises(ValueError, match=r"values must have shape \(45,\)"):
        solution.plan.apply(w)


def test_batches_are_their_pairs():
    x, y = (np.stack([clouds(seed=s)[side] for s in range(3)]) for side in (0, 1))
    batch = monge.sinkhorn(x, y, epsilon=0.3)
    for k, solution in enumerate(batch):
        single = monge.sinkhorn(x[k], y[k], epsilon=0.3)
        np.testing.assert_array_equal(solution.g, single.g)
        assert solution.cost == single.cost
    divergences = monge.sinkhorn_divergence(list(x), list(y), epsilon=0.3)
    expected = [monge.sinkhorn_divergence(x[k], y[k], epsilon=0.3) for k in range(3)]
    np.testing.assert_array_equal(divergences, expected)
    with pytest.raises(ValueError, match="pair 1 of the batch"):
        monge.sinkhorn([x[0], x[1] * np.nan], [y[0], y[1]], epsilon=0.3)


def test_limits_are_a_status_and_leave_an_interval():
    x, y = clouds(1500, 1500)
    exact = monge.emd(x, y, cost="sqeuclidean")
    few = monge.sinkhorn(x, y, epsilon=1e-3, method="sinkhorn", max_iterations=3)
    assert few.status == "iteration_limit"
    assert few.stats["marginal_error"] > 1e-6
    assert few.stats["epsilon_reached"] == 1e-3
    begin = time.process_time()
    late = monge.sinkhorn(x, y, epsilon=1e-5, rtol=0, time_limit=0.05)
    assert late.status == "time_limit"
    assert late.stats["epsilon_reached"] >= 1e-5
    assert time.process_time() - begin < 5
    stopped = monge.sinkhorn(x, y, epsilon=1e-5, progress=lambda *_: False)
    assert stopped.status == "cancelled"
    for solution in (few, late, stopped):
        assert solution.lower_bound <= exact * (1 + 1e-12) <= solution.cost * (1 + 2e-12)
        assert solution.marginal_error <= 1e-12
    with pytest.raises(monge.NotOptimal) as caught:
        monge.sinkhorn_divergence(x, y, epsilon=1e-3, method="sinkhorn", max_iterations=3)
    assert caught.value.solution.status == "iteration_limit"


def test_forbidden_pairs():
    costs = np.array([[1.0, np.inf, 2.0], [3.0, 1.0, np.inf], [np.inf, 2.0, 1.0]])
    solution = monge.sinkhorn_cost(costs, epsilon=0.5)
    assert solution.status == "within_tolerance"
    plan = np.exp((solution.f[:, None] + solution.g - costs) / 0.5) / 9
    assert marginal_error(plan, masses_of(3), masses_of(3)) <= 1e-6
    costs[0] = np.inf
    nothing = monge.sinkhorn_cost(costs, epsilon=0.5)
    assert (nothing.status, nothing.cost) == ("infeasible", math.inf)


@pytest.mark.parametrize("method", ("sinkhorn", "anderson", "auto"))
@pytest.mark.parametrize("reach", (0.3, 2.0))
def test_unbalanced_agrees_with_pot(method, reach):
    x, y = clouds(40, 50, d=2)
    a, b = masses(40), 1.5 * masses(50, seed=1)
    costs = ground_costs(x, y, "sqeuclidean")
    epsilon, rho = 0.3, reach**2
    solution = monge.sinkhorn(
        x, y, a, b, epsilon=epsilon, reach=reach, method=method, rtol=1e-11, max_iterations=10**6
    )
    assert solution.status == "within_tolerance"
    plan = ot.unbalanced.sinkhorn_unbalanced(
        a, b, costs, epsilon, rho, reg_type="kl", stopThr=1e-13, numItermax=100_000
    )
    np.testing.assert_allclose(solution.plan.to_dense(), plan, atol=1e-9)
    np.testing.assert_allclose(entropic_plan(solution, costs, a, b), plan, atol=1e-9)

    def kl(p, q):
        present = p > 0
        return (p[present] * np.log(p[present] / q[present])).sum() - p.sum() + q.sum()

    objective = (plan * costs).sum() + rho * (kl(plan.sum(1), a) + kl(plan.sum(0), b))
    assert solution.cost == pytest.approx(objective, rel=1e-7)
    assert solution.lower_bound <= solution.cost
    value = objective + epsilon * kl(plan, np.outer(a, b))
    assert solution.entropic_value == pytest.approx(value, rel=1e-7)
    dense = monge.sinkhorn_cost(costs, a, b, epsilon=epsilon, reach=rho, rtol=1e-11)
    assert dense.entropic_value == pytest.approx(value, rel=1e-7)


def test_unbalanced_diracs():
    m1, m2, c, epsilon, rho = 0.7, 1.9, 4.0, 0.5, 2.25
    solution = monge.sinkhorn([[0.0]], [[2.0]], [m1], [m2], epsilon=epsilon, reach=1.5, rtol=1e-13)
    moved = (m1 * m2) ** ((epsilon + rho) / (epsilon + 2 * rho)) * math.exp(
        -c / (epsilon + 2 * rho)
    )
    assert solution.plan.to_dense().item() == pytest.approx(moved, rel=1e-10)


@pytest.mark.parametrize("method", ("sinkhorn", "anderson"))
@pytest.mark.parametrize("epsilon", (1e-2, 0.1, 1.0, 1e3))
@pytest.mark.parametrize("rho", (1e-3, 1e-2, 1.0, 10.0))
def test_unbalanced_has_the_optimum_where_hardly_any_mass_moves(method, epsilon, rho):
    """Where all of it stays, an error that is weighed by what moves is 0 from the start."""
    moved = math.exp(-1 / (epsilon + 2 * rho))
    value = epsilon * (1 - moved) + 2 * rho * (1 - moved)
    for solution in (
        monge.sinkhorn_cost([[1.0]], epsilon=epsilon, reach=rho, method=method),
        monge.sinkhorn([[0.0]], [[1.0]], epsilon=epsilon, reach=math.sqrt(rho), method=method),
    ):
        assert solution.status == "within_tolerance"
        assert solution.entropic_value == pytest.approx(value, rel=1e-6)


def test_unbalanced_with_a_point_out_of_reach():
    x, y = clouds(30, 30, d=2)
    y[0] = 1e3
    solution = monge.sinkhorn(x, y, epsilon=0.1, reach=1.0, max_iterations=2000)
    assert solution.status == "within_tolerance"
    near = monge.sinkhorn(
        x, y[1:], np.full(30, 1 / 30), np.full(29, 1 / 30), epsilon=0.1, reach=1.0
    )
    # The point out of reach is destroyed, at price rho = 1, and the entropy of its row of the
    # reference is paid at epsilon.
    assert solution.entropic_value == pytest.approx(near.entropic_value + 1.1 / 30, rel=1e-5)


def test_the_divergence_is_made_of_three_values():
    x, y = clouds()
    a, b = masses(60, zeros=1), masses(45, seed=1)
    for reach, b_total in ((None, 1.0), (0.8, 1.7)):
        weights = b_total * b

        def value(u, v, p, q, reach=reach):
            return monge.sinkhorn(u, v, p, q, epsilon=0.4, rtol=1e-9, reach=reach).entropic_value

        expected = value(x, y, a, weights)
        expected -= 0.5 * (value(x, x, a, a) + value(y, y, weights, weights))
        expected += 0.5 * 0.4 * (1 - b_total) ** 2 if reach else 0
        found = monge.sinkhorn_divergence(x, y, a, weights, epsilon=0.4, reach=reach, rtol=1e-9)
        assert found == pytest.approx(expected, rel=1e-6)


@given(st.integers(0, 10**6), st.integers(1, 12), st.sampled_from(("sqeuclidean", "euclidean")))
def test_the_divergence_is_not_negative_and_0_on_equal_clouds(seed, n, cost):
    x, y = clouds(n, n + 1, d=2, seed=seed)
    a = masses(n, seed)
    assert monge.sinkhorn_divergence(x, y, epsilon=0.3, cost=cost) > 0
    order = np.random.default_rng(seed).permutation(n)
    assert monge.sinkhorn_divergence(x, x[order], a, a[order], epsilon=0.3, cost=cost) == 0
    near = monge.sinkhorn_divergence(x, x + 1e-3, epsilon=0.3, cost=cost)
    assert 0 <= near <= 0.02


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilon": 0.0}, "epsilon must be positive and finite; got 0.0"),
        ({"epsilon": math.nan}, "epsilon must be positive"),
        ({"epsilon": 1e-20}, "epsilon must be at least 1e-12 of the mean cost"),
        ({"epsilon": 1.0, "rtol": -1}, "rtol must be a number from 0 to 1; got -1"),
        ({"epsilon": 1.0, "max_iterations": 0}, "max_iterations must be a whole number >= 1"),
        ({"epsilon": 1.0, "method": "magic"}, 'option "method" must be one of'),
        ({"epsilon": 1.0, "method": "greenkhorn"}, "needs a cost matrix"),
        ({"epsilon": 1.0, "reach": -1.0}, "reach must be positive; got -1.0"),
        ({"epsilon": 1.0, "reach": 1.0, "method": "newton"}, "is for balanced transport"),
        ({"epsilon": 1.0, "threads": 0}, "threads must be a whole number"),
    ],
)
@pytest.mark.parametrize("function", (monge.sinkhorn, monge.sinkhorn_divergence))
def test_bad_options_are_named(function, options, message):
    x, y = clouds(5, 6)
    with pytest.raises(ValueError, match=message):
        function(x, y, **options)


def test_bad_types_and_masses_are_named():
    x, y = clouds(5, 6)
    with pytest.raises(TypeError, match="epsilon must be a number; got '1'"):
        monge.sinkhorn(x, y, epsilon="1")
    with pytest.raises(TypeError, match="reach must be a number"):
        monge.sinkhorn(x, y, epsilon=1.0, reach="far")
    with pytest.raises(ValueError, match="total masses of a and b"):
        monge.sinkhorn(x, y, np.ones(5), np.ones(6), epsilon=1.0)
    with pytest.raises(ValueError, match="cost_matrix must have shape"):
        monge.sinkhorn_cost(np.ones(3), epsilon=1.0)


def test_penalties_do_not_cancel():
    """Marginals next to the masses cost little, and never less than nothing."""
    random = np.random.default_rng(0)
    x, y = np.full((60, 2), 3.0), np.full((17, 2), 3.0)
    a, b = random.random(60), random.random(17)
    a, b = a / a.sum(), b / b.sum()
    for reach in (1.0, 70.0, 1e4):
        solution = monge.sinkhorn(x, y, a, b, epsilon=0.3, cost=("euclidean_power", 3), reach=reach)
        assert 0 <= solution.cost <= 1e-20 * solution.penalty  # exponentials are right to 4e-11
        assert solution.lower_bound <= solution.cost


def test_what_of_a_batch_did_not_converge_is_named():
    random = np.random.default_rng(0)
    x, y = random.random((3, 20, 2)), random.random((3, 20, 2))
    x[0] = y[0]
    settings = {"epsilon": 1e-4, "rtol": 1e-9, "max_iterations": 3}
    with pytest.raises(monge.NotOptimal, match=r"pair 0 of the batch: .*iteration_limit") as caught:
        monge.sinkhorn_divergence(x, y, **settings)
    assert caught.value.pair == 0
    with pytest.raises(monge.NotOptimal, match=r"^the solve ended") as caught:
        monge.sinkhorn_divergence(x[0], y[1], **settings)
    assert caught.value.pair is None


def test_few_points_converge_at_small_epsilon():
    """An atom that a stage leaves in the wrong place takes 1e5 passes to come away from it."""
    converged = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        for n, m in ((60, 5), (30, 40)):
            x, y, a = random.random((n, 2)), random.random((m, 2)), random.random(n)
            masses = (None, None) if m == 5 else (a / a.sum(), np.full(m, 1 / m))
            mean = np.square(x[:, None] - y).sum(-1).mean()
            for epsilon in (1e-4 * mean, 1e-5 * mean):
                solution = monge.sinkhorn(x, y, *masses, epsilon=epsilon, max_iterations=3000)
                converged += solution.status == "within_tolerance"
    assert converged >= 66  # of 80: 78 or so, where stages that end at 5 % give 37
