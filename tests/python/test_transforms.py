"""c-transforms, Legendre transforms, what they tell of potentials, and the maps of potentials."""

import dataclasses

import monge
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

COSTS = ["euclidean", "sqeuclidean", "cityblock", "chebyshev", ("euclidean_power", 1.5)]


def cost_matrix(x, y, cost):
    difference = np.abs(x[:, None].astype(float) - y[None].astype(float))
    if cost == "cityblock":
        return difference.sum(axis=2)
    if cost == "chebyshev":
        return difference.max(axis=2)
    squared = (difference**2).sum(axis=2)
    power = {"euclidean": 1, "sqeuclidean": 2}.get(cost) if isinstance(cost, str) else cost[1]
    return squared ** (power / 2)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize(
    ("n", "m", "dim"),
    [(1, 1, 1), (7, 5, 2), (40, 900, 3), (600, 700, 2), (600, 700, 3), (600, 500, 9)],
)
def test_c_transform_is_the_row_minimum(cost, n, m, dim):
    rng = np.random.default_rng(n)
    x, y, g = rng.normal(size=(n, dim)), rng.normal(size=(m, dim)), rng.normal(size=m)
    for potential in (g, 0.01 * g, np.zeros(m), -np.linalg.norm(y, axis=1)):
        reduced = cost_matrix(x, y, cost) - potential
        f, argmin = monge.c_transform(potential, x, y, cost=cost)
        np.testing.assert_allclose(f, reduced.min(axis=1), rtol=1e-12, atol=1e-13)
        chosen = reduced[np.arange(n), argmin]
        np.testing.assert_allclose(chosen, reduced.min(axis=1), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("size", [20, 800])
def test_ties_go_to_the_lowest_index(size):
    """Whole coordinates: all sums are exact, ties are many, and the tree must see all of them."""
    rng = np.random.default_rng(0)
    x, y = (rng.integers(0, 4, (size, 3)).astype(float) for _ in range(2))
    g = rng.integers(0, 3, size).astype(float)
    f, argmin = monge.c_transform(g, x, y, cost="sqeuclidean")
    reduced = cost_matrix(x, y, "sqeuclidean") - g
    np.testing.assert_array_equal(f, reduced.min(axis=1))
    np.testing.assert_array_equal(argmin, reduced.argmin(axis=1))


def test_c_transform_of_potentials_gives_them_back():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 300, 3))
    solution = monge.solve(x, y)
    f, argmin = monge.c_transform(solution.g, x, y)
    np.testing.assert_allclose(f, solution.f, atol=1e-12)
    assert (argmin == solution.assignment).mean() > 0.3  # the others are tied with their partner


def test_c_transform_of_lines_types_and_threads():
    rng = np.random.default_rng(0)
    x, y, g = rng.normal(size=2000), rng.normal(size=1500), rng.normal(size=1500)
    f, argmin = monge.c_transform(g, x, y)
    reduced = np.abs(x[:, None] - y) - g
    np.testing.assert_allclose(f, reduced.min(axis=1), atol=1e-13)
    f32, _ = monge.c_transform(g, x.astype(np.float32), y.astype(np.float32))
    np.testing.assert_allclose(f32, f, atol=1e-6)
    for k in (1, 3):
        np.testing.assert_equal(monge.c_transform(g, x, y, threads=k), (f, argmin))


def test_c_transform_refuses_misuse():
    with pytest.raises(ValueError, match=r"g must have one number per point of y, 2; got 1"):
        monge.c_transform([1.0], [0.0], [0.0, 1.0])
    with pytest.raises(ValueError, match=r"g must have finite numbers; got inf at g\[1\]"):
        monge.c_transform([1.0, np.inf], [0.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="cost must be one of"):
        monge.c_transform([1.0], [0.0], [0.0], cost="cosine")


@given(st.integers(1, 30), st.integers(1, 25), st.integers(0, 1000))
def test_legendre_on_a_line_is_the_maximum(n, m, seed):
    rng = np.random.default_rng(seed)
    x, s = np.sort(rng.normal(size=n)), np.sort(rng.normal(size=m))
    if len(np.unique(x)) < n or len(np.unique(s)) < m:
        return
    v = rng.normal(size=n) if seed % 2 else np.round(x) ** 2
    if seed % 3 == 0 and n > 1:
        v[rng.integers(n)] = np.inf
    expected = (s[:, None] * x - v).max(axis=1)
    found = monge.legendre_transform(v, x, dual_grids=[s])
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_legendre_in_space_is_the_maximum():
    rng = np.random.default_rng(0)
    grids = [np.sort(rng.normal(size=k)) for k in (5, 6, 4)]
    duals = [np.sort(rng.normal(size=k)) for k in (3, 7, 2)]
    v = rng.normal(size=(5, 6, 4))
    v[1, 2] = np.inf
    points = np.stack(np.meshgrid(*grids, indexing="ij"), axis=-1).reshape(-1, 3)
    slopes = np.stack(np.meshgrid(*duals, indexing="ij"), axis=-1).reshape(-1, 3)
    expected = (slopes @ points.T - v.ravel()).max(axis=1).reshape(3, 7, 2)
    found = monge.legendre_transform(v, *grids, dual_grids=duals)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_array_equal(
        found, monge.legendre_transform(v, *grids, dual_grids=duals, threads=1)
    )


def test_legendre_closed_forms():
    x = np.linspace(-2, 2, 401)
    np.testing.assert_allclose(monge.legendre_transform(x**2 / 2, x), x**2 / 2, atol=1e-12)
    np.testing.assert_allclose(
        monge.legendre_transform(np.abs(x), x), 2 * np.maximum(np.abs(x) - 1, 0), atol=1e-12
    )
    # twice: the convex hull
    v = (x**2 - 1) ** 2
    slopes = np.linspace(-30, 30, 60001)
    twice = monge.legendre_transform(
        monge.legendre_transform(v, x, dual_grids=[slopes]), slopes, dual_grids=[x]
    )
    np.testing.assert_allclose(twice, np.where(np.abs(x) < 1, 0, v), atol=1e-2)


def test_legendre_is_the_c_transform_of_squared_distances():
    grid = np.linspace(-1, 1, 30)
    points = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, 2)
    g = np.sin(3 * points[:, 0]) * points[:, 1]
    f, _ = monge.c_transform(g, points, points, cost="sqeuclidean")
    square = (points**2).sum(axis=1)
    h = monge.legendre_transform(((square - g) / 2).reshape(30, 30), grid, grid)
    np.testing.assert_allclose(square - 2 * h.ravel(), f, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (([1.0, 2.0], [0.0]), "one axis per grid"),
        (([1.0, 2.0], [1.0, 0.0]), "ascending"),
        (([1.0, np.nan], [0.0, 1.0]), "finite or inf"),
        (([1.0, -np.inf], [0.0, 1.0]), "finite or inf"),
        (([np.inf], [0.0]), "finite or inf"),
    ],
)
def test_legendre_refuses_misuse(arguments, match):
    with pytest.raises(ValueError, match=match):
        monge.legendre_transform(*arguments)


@given(st.integers(1, 40), st.integers(1, 3), st.sampled_from([0, 0.5, 1, 2]))
def test_lipschitz_finds_the_worst_pair(n, dim, constant):
    rng = np.random.default_rng(n)
    x, v = rng.normal(size=(n, dim)), rng.normal(size=n)
    excess = v[None] - v[:, None] - constant * cost_matrix(x, x, "euclidean")
    holds, worst = monge.is_lipschitz(v, x, constant=constant)
    assert holds == (excess.max() <= 1e-12)
    if not holds:
        assert worst.excess == pytest.approx(excess.max(), rel=1e-12)
        assert excess[worst.i, worst.j] == pytest.approx(excess.max(), rel=1e-12)


@pytest.mark.parametrize("offset", [0, 1e8])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_norms_are_lipschitz_and_nothing_steeper(offset, dtype):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(700, 3)) + offset).astype(dtype)
    v = np.linalg.norm(x.astype(float) - offset, axis=1).astype(dtype)
    assert monge.is_lipschitz(v, x)
    if offset == 0:
        check = monge.is_lipschitz(1.01 * v, x)
        assert not check
        assert check.worst.excess > 0.001


def test_potentials_are_lipschitz_and_c_concave():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 200, 2))
    for cost in COSTS:
        solution = monge.solve(x, y, cost=cost)
        assert monge.is_c_concave(solution.f, x, y, cost=cost)
        broken = solution.f.copy()
        broken[17] -= 0.5
        holds, worst = monge.is_c_concave(broken, x, y, cost=cost)
        assert not holds
        assert worst.i == 17
        assert 0.1 < worst.excess <= 0.5 + 1e-9
    assert monge.is_lipschitz(monge.solve(x, y).f, x)


def test_checks_refuse_misuse():
    with pytest.raises(ValueError, match="constant"):
        monge.is_lipschitz([0.0], [0.0], constant=-1)
    with pytest.raises(ValueError, match="one number per point"):
        monge.is_lipschitz([0.0], [0.0, 1.0])
    with pytest.raises(ValueError, match=r"f must be finite; got .*nan.* at f\[0\]"):
        monge.is_c_concave([np.nan], [0.0], [1.0])
    with pytest.raises(ValueError, match="tolerance"):
        monge.is_lipschitz([0.0], [0.0], tolerance=-1)


@pytest.mark.parametrize("p", [1.25, 1.5, 2, 3])
def test_gradient_of_a_shift_s_potential_is_the_shift(p):
    """f(x) = x . s |s|^(p-2) is a potential of the shift by -s for |x - y|^p / p."""
    x, s = np.random.default_rng(0).normal(size=(50, 3)), np.array([0.3, -1.0, 2.0])
    gradient = np.broadcast_to(s * np.linalg.norm(s) ** (p - 2), x.shape)
    np.testing.assert_allclose(
        monge.transport_map_from_gradient(x, gradient, p=p), x - s, rtol=0, atol=1e-12
    )
    still = monge.transport_map_from_gradient(x, np.zeros_like(x), p=p)
    np.testing.assert_array_equal(still, x)


def test_gradient_maps_refuse_misuse():
    with pytest.raises(ValueError, match="p must be finite and greater than 1"):
        monge.transport_map_from_gradient([[0.0]], [[1.0]], p=1)
    with pytest.raises(ValueError, match="gradient must have the shape"):
        monge.transport_map_from_gradient([[0.0]], [1.0])


def plan_cost(plan, x, y):
    return float(plan.mass @ np.linalg.norm(x[plan.rows] - y[plan.cols], axis=1))


def marginals(plan):
    n, m = plan.shape
    return np.bincount(plan.rows, plan.mass, n), np.bincount(plan.cols, plan.mass, m)


@pytest.mark.parametrize("seed", range(4))
def test_rays_of_a_line_become_the_monotone_plan(seed):
    """Any optimal plan of sources left of all targets, in a plane: one ray."""
    rng = np.random.default_rng(seed)
    direction = np.array([3.0, 4.0]) / 5
    u, v = rng.random(12), 2 + rng.random(12)
    x, y = u[:, None] * direction, v[:, None] * direction
    order = rng.permutation(12)  # every matching is optimal here
    solved = monge.solve(x, y)
    plan = monge.Plan(
        np.arange(12, dtype=np.int32), order.astype(np.int32), np.full(12, 1 / 12), (12, 12)
    )
    arranged = monge.ray_monotone_plan(dataclasses.replace(solved, plan=plan))
    by_row = arranged.cols[np.argsort(arranged.rows)]
    np.testing.assert_array_equal(by_row[np.argsort(u)], np.argsort(v))
    assert plan_cost(arranged, x, y) == pytest.approx(solved.cost, rel=1e-12)


def test_rays_on_a_lattice_keep_cost_and_marginals():
    rng = np.random.default_rng(1)
    x, y = (rng.integers(0, 6, (60, 2)).astype(float) for _ in range(2))
    solution = monge.solve(x, y)
    plan = monge.ray_monotone_plan(solution)
    assert plan_cost(plan, x, y) == pytest.approx(solution.cost, rel=1e-12)
    for left, right in zip(marginals(plan), marginals(solution.plan), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-15)
    assert plan.rows.dtype == plan.cols.dtype == np.int32
    again = monge.ray_monotone_plan(dataclasses.replace(solution, plan=plan))
    assert plan_cost(again, x, y) == pytest.approx(solution.cost, rel=1e-12)


def test_masses_of_two_parallel_rays_are_arranged_on_each():
    """Sources left of all targets, every source to every target: optimal, and not monotone."""
    rng = np.random.default_rng(2)
    x = np.column_stack([rng.random(8), np.repeat([0.0, 1.0], 4)])
    y = np.column_stack([2 + rng.random(8), np.repeat([0.0, 1.0], 4)])
    a, b = rng.dirichlet(np.ones(4), 2) / 2, rng.dirichlet(np.ones(4), 2) / 2
    cells = [
        (4 * k + i, 4 * k + j, 2 * a[k, i] * b[k, j])
        for k in range(2)
        for i in range(4)
        for j in range(4)
    ]
    rows, cols, mass = (np.array(part) for part in zip(*cells, strict=True))
    mixed = monge.Plan(rows.astype(np.int32), cols.astype(np.int32), mass, (8, 8))
    cost = plan_cost(mixed, x, y)
    solution = dataclasses.replace(monge.solve(x, y), plan=mixed, cost=cost)
    plan = monge.ray_monotone_plan(solution)
    assert plan_cost(plan, x, y) == pytest.approx(cost, rel=1e-12)
    for left, right in zip(marginals(plan), marginals(mixed), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-15)
    for k in range(2):
        on_ray = plan.rows // 4 == k
        order = np.lexsort((y[plan.cols[on_ray], 0], x[plan.rows[on_ray], 0]))
        assert (np.diff(y[plan.cols[on_ray][order], 0]) >= 0).all()
        assert on_ray.sum() <= 7


def test_what_stays_takes_part_in_the_ray_over_it():
    """0 -> 2 while 1 stays becomes 0 -> 1, 1 -> 2: nothing is overtaken."""
    x, y = np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[1.0, 0.0], [2.0, 0.0]])
    solution = monge.solve(x, y)
    jump = monge.Plan(
        np.array([0, 1], np.int32), np.array([1, 0], np.int32), np.full(2, 0.5), (2, 2)
    )
    plan = monge.ray_monotone_plan(dataclasses.replace(solution, plan=jump))
    assert plan.cols[np.argsort(plan.rows)].tolist() == [0, 1]


def test_rays_apart_are_left_alone():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 80, 3))
    solution = monge.solve(x, y)
    plan = monge.ray_monotone_plan(solution)
    np.testing.assert_array_equal(
        plan.cols[np.argsort(plan.rows)], solution.plan.cols[np.argsort(solution.plan.rows)]
    )


def test_rays_refuse_other_costs():
    x, y = np.random.default_rng(0).normal(size=(2, 10, 2))
    with pytest.raises(ValueError, match="euclidean"):
        monge.ray_monotone_plan(monge.solve(x, y, cost="sqeuclidean"))
    with pytest.raises(ValueError, match="cost matrix"):
        monge.ray_monotone_plan(monge.solve_cost(np.eye(3)))
