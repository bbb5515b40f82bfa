"""Clouds of many coordinates, whose costs come from matrix products, and dense assignment on lists
of candidates: both must give what plain sums and whole rows give."""

from __future__ import annotations

import monge
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

DIM = 96


def images(n: int, seed: int, dtype: type = np.float64, levels: int = 256) -> np.ndarray:
    """8-bit images: smooth random fields, so that distances differ as those of pictures do."""
    rng = np.random.default_rng(seed)
    basis = rng.normal(size=(8, DIM))
    field = rng.normal(size=(n, 8)) @ basis + 0.3 * rng.normal(size=(n, DIM))
    scaled = (field - field.min()) / (field.max() - field.min())
    return np.floor((levels - 1) * scaled + 0.5).astype(dtype)


def best_cost(costs: np.ndarray) -> float:
    rows, cols = linear_sum_assignment(costs)
    return float(costs[rows, cols].mean())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cost", ["sqeuclidean", "euclidean", ("euclidean_power", 3)])
@pytest.mark.parametrize("n", [60, 300])
def test_assignment_of_images(cost, dtype, n):
    x, y = images(n, 1, dtype), images(n, 2, dtype)
    expected = cdist(x.astype(float), y.astype(float)) ** {"sqeuclidean": 2, "euclidean": 1}.get(
        cost, 3
    )
    solution = monge.solve(x, y, cost=cost)
    assert solution.status == "optimal"
    assert solution.relative_gap <= 1e-12
    assert solution.cost == pytest.approx(best_cost(expected), rel=1e-12)
    assert np.all(solution.f[:, None] + solution.g <= expected * (1 + 1e-12) + 1e-12)


@pytest.mark.parametrize(
    ("offset", "scale", "apart"),
    [(1e8, 1, 0), (0, 1e-12, 0), (0, 1, 1e4), (0, 1e12, 0), (0, 1e-30, 0), (0, 1e30, 0)],
)
def test_far_and_tiny_clouds(offset, scale, apart):
    x = offset + scale * images(220, 3)
    y = offset + scale * (images(220, 4) + apart)
    costs = cdist(x, y, "sqeuclidean")
    solution = monge.solve(x, y, cost="sqeuclidean")
    assert solution.status == "optimal"
    assert solution.relative_gap <= 1e-9
    assert solution.cost == pytest.approx(best_cost(costs), rel=1e-12)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_ties_and_duplicates(levels):
    x, y = images(250, 5, levels=levels), images(250, 6, levels=levels)
    y[::2] = x[::2]
    solution = monge.solve(x, y, cost="sqeuclidean")
    assert solution.status == "optimal"
    assert solution.relative_gap <= 1e-12
    assert solution.cost == pytest.approx(best_cost(cdist(x, y, "sqeuclidean")), rel=1e-12)


def test_identical_clouds_cost_nothing():
    x = images(256, 7) / 255
    for cost in ("euclidean", "sqeuclidean"):
        solution = monge.solve(x, x[::-1], cost=cost)
        assert (solution.cost, solution.relative_gap) == (0, 0)
        assert np.array_equal(solution.assignment, np.arange(256)[::-1])


@pytest.mark.parametrize("shape", [(80, 130), (130, 80)])
def test_masses_and_sizes(shape):
    n, m = shape
    x, y = images(n, 8), images(m, 9)
    rng = np.random.default_rng(0)
    a, b = rng.random(n), rng.random(m)
    points = monge.solve(x, y, a / a.sum(), b / b.sum(), cost="euclidean")
    matrix = monge.solve_cost(cdist(x, y), a / a.sum(), b / b.sum())
    assert points.relative_gap <= 1e-12
    assert points.cost == pytest.approx(matrix.cost, rel=1e-12)


def test_threads_and_strides_change_nothing():
    x, y = images(400, 10), images(400, 11)
    one = monge.solve(x, y, cost="sqeuclidean", threads=1)
    many = monge.solve(x, y, cost="sqeuclidean", threads=3)
    fortran = monge.solve(np.asfortranarray(x), y[::-1][::-1], cost="sqeuclidean", threads=2)
    for other in (many, fortran):
        assert other.cost == one.cost
        assert np.array_equal(other.assignment, one.assignment)
        assert np.array_equal(other.g, one.g)
        assert np.array_equal(other.f, one.f)


def test_cancelled():
    x, y = images(700, 12), images(700, 13)
    solution = monge.solve(x, y, cost="sqeuclidean", time_limit=0)
    assert solution.status == "time_limit"
    assert solution.lower_bound <= solution.cost


@pytest.mark.parametrize("cost", ["sqeuclidean", "euclidean", "cityblock"])
def test_c_transform_and_chamfer(cost):
    x, y = images(150, 14) / 255, images(170, 15) / 255
    y[3] = y[4]  # ties: the lowest column
    g = 0.1 * np.random.default_rng(1).random(170)
    g[3] = g[4]
    reduced = cdist(x, y, cost) - g
    f, argmin = monge.c_transform(g, x, y, cost=cost)
    assert np.allclose(f, reduced.min(axis=1), rtol=0, atol=1e-12)
    assert np.array_equal(argmin, reduced.argmin(axis=1))
    if cost != "cityblock":
        distances = cdist(x, y, cost)
        expected = distances.min(axis=0).mean() + distances.min(axis=1).mean()
        assert monge.chamfer(x, y, p=2 if cost == "sqeuclidean" else 1) == pytest.approx(
            expected, rel=1e-12
        )


@pytest.mark.parametrize("cost", ["sqeuclidean", "euclidean"])
def test_sinkhorn_is_that_of_the_matrix(cost):
    x, y = images(120, 16) / 255, images(140, 17) / 255
    costs = cdist(x, y, cost)
    epsilon = 0.05 * costs.mean()
    points = monge.sinkhorn(x, y, epsilon=epsilon, cost=cost, rtol=1e-10)
    matrix = monge.sinkhorn_cost(costs, epsilon=epsilon, rtol=1e-10)
    assert points.status == matrix.status == "within_tolerance"
    assert points.entropic_value == pytest.approx(matrix.entropic_value, rel=1e-10)
    assert points.cost == pytest.approx(matrix.cost, rel=1e-9)
    assert points.lower_bound <= points.cost
    assert np.allclose(points.plan.to_dense(), matrix.plan.to_dense(), rtol=1e-6, atol=1e-12)
    values = np.random.default_rng(0).random(120)
    dense = points.plan.to_dense()
    assert np.allclose(points.plan.to_dense().sum(axis=1), 1 / 120, rtol=1e-12)
    assert np.allclose(values @ dense, dense.T @ values)


def test_sinkhorn_divergence_of_identical_clouds_is_zero():
    x = images(100, 18) / 255
    assert monge.sinkhorn_divergence(x, x, epsilon=0.1, cost="euclidean") == pytest.approx(
        0, abs=1e-9
    )


def crowded(n: int, seed: int) -> np.ndarray:
    """All rows want the same few columns: lists of 16 hold no perfect matching."""
    rng = np.random.default_rng(seed)
    return rng.random((n, n)) + 10.0 * (np.arange(n) >= 20)


def banded(n: int) -> np.ndarray:
    """Only entries near the diagonal are admitted: few matchings, some lists complete."""
    i = np.arange(n)
    costs = np.random.default_rng(2).random((n, n))
    costs[np.abs(i[:, None] - i) > 3] = np.inf
    return costs


DENSE = {
    "uniform": lambda: np.random.default_rng(0).random((600, 600)),
    "crowded": lambda: crowded(520, 1),
    "banded": lambda: banded(520),
    "integers": lambda: np.random.default_rng(3).integers(0, 5, (520, 520)).astype(float),
    "rank one": lambda: np.outer(np.arange(250.0), np.arange(250.0)),
    "line": lambda: np.abs(np.arange(250.0)[:, None] - np.arange(250.0) ** 2 / 250),
    "never": lambda: np.where(np.random.default_rng(4).random((260, 260)) < 0.9, 1e32, 1.0),
    "negative": lambda: -np.random.default_rng(5).exponential(size=(300, 300)),
}


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dense_assignment(name, dtype):
    costs = DENSE[name]().astype(dtype)
    solution = monge.solve_cost(costs, solver="hungarian")
    assert solution.status == "optimal"
    assert solution.relative_gap <= 1e-9
    rows, cols = linear_sum_assignment(costs)
    assert solution.cost == pytest.approx(float(costs.astype(float)[rows, cols].mean()), rel=1e-9)
    ours = monge.linear_sum_assignment(np.asfortranarray(costs))
    assert costs[ours].astype(float).sum() == pytest.approx(costs[rows, cols].astype(float).sum())


def test_constant_matrix_gives_the_identity():
    assert np.array_equal(monge.linear_sum_assignment(np.ones((520, 520)))[1], np.arange(520))


def test_infeasible_rows_of_a_long_matrix():
    costs = np.random.default_rng(6).random((300, 300))
    costs[:5] = np.inf
    costs[:5, :4] = 1
    with pytest.raises(ValueError, match="infeasible"):
        monge.linear_sum_assignment(costs)
