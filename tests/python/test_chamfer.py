"""The chamfer discrepancy against all pairs and SciPy's trees."""

import monge
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree


def by_all_pairs(x, y, p):
    """Value and lowest nearest indices, from the differences themselves."""
    squared = ((x[:, None].astype(float) - y[None].astype(float)) ** 2).sum(axis=2)
    value = (squared.min(axis=1) ** (p / 2)).mean() + (squared.min(axis=0) ** (p / 2)).mean()
    return value, squared.argmin(axis=1), squared.argmin(axis=0)


@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(1, 10),
    st.sampled_from([1, 1.5, 2, 3]),
    st.sampled_from([np.float32, np.float64]),
)
def test_agrees_with_all_pairs(n, m, dim, p, dtype):
    rng = np.random.default_rng(n + 100 * m)
    x, y = (rng.integers(0, 3, (k, dim)).astype(dtype) for k in (n, m))  # many ties
    expected, nearest_y, nearest_x = by_all_pairs(x, y, p)
    assert monge.chamfer(x, y, p=p) == pytest.approx(expected, rel=1e-13)
    value, of_x, of_y = monge.chamfer(x, y, p=p, return_indices=True)
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_array_equal(of_x, nearest_y)
    np.testing.assert_array_equal(of_y, nearest_x)


@pytest.mark.parametrize("dim", [1, 2, 3, 8, 9])
@pytest.mark.parametrize("kind", ["normal", "lattice", "far"])
def test_many_points_agree_with_all_pairs(dim, kind):
    """Sizes at which trees take part; lattices tie everywhere, offsets lose nothing."""
    rng = np.random.default_rng(dim)
    x, y = rng.normal(size=(700, dim)), rng.normal(size=(600, dim))
    if kind == "lattice":
        x, y = np.round(x), np.round(y)
    if kind == "far":
        x, y = np.round(1000 * x) + 1e8, np.round(1000 * y) + 1e8
    expected, nearest_y, nearest_x = by_all_pairs(x, y, 2)
    value, of_x, of_y = monge.chamfer(x, y, return_indices=True)
    assert value == pytest.approx(expected, rel=1e-13)
    assert monge.chamfer(x, y) == pytest.approx(expected, rel=1e-13)
    np.testing.assert_array_equal(of_x, nearest_y)
    np.testing.assert_array_equal(of_y, nearest_x)


def test_large_clouds_agree_with_scipy():
    rng = np.random.default_rng(0)
    x, y = rng.random((9000, 3)), rng.random((5000, 3))
    expected = (cKDTree(y).query(x)[0] ** 2).mean() + (cKDTree(x).query(y)[0] ** 2).mean()
    assert monge.chamfer(x, y) == pytest.approx(expected, rel=1e-12)


def test_batches():
    rng = np.random.default_rng(0)
    x, y = rng.random((4, 30, 3)), rng.random((4, 20, 3))
    values = monge.chamfer(x, y)
    assert values.tolist() == [monge.chamfer(x[k], y[k]) for k in range(4)]
    values, of_x, of_y = monge.chamfer([x[0], x[1, :3]], [y[0], y[1]], return_indices=True)
    assert [len(one) for one in of_x] == [30, 3] and [len(one) for one in of_y] == [20, 20]


def test_identical_clouds_and_one_point():
    x = np.random.default_rng(0).normal(size=(100, 3))
    assert monge.chamfer(x, x[::-1]) == 0
    assert monge.chamfer([[0.0, 0.0]], [[3.0, 4.0]]) == 50
    assert monge.chamfer([[0.0, 0.0]], [[3.0, 4.0]], p=1) == 10


def test_threads_give_the_same_bits():
    rng = np.random.default_rng(0)
    x, y = rng.random((3000, 3)), rng.random((2000, 3))
    for with_indices in (False, True):
        one, three = (monge.chamfer(x, y, return_indices=with_indices, threads=k) for k in (1, 3))
        np.testing.assert_equal(one, three)


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="p must be"):
        monge.chamfer([[0.0]], [[1.0]], p=0)
    with pytest.raises(ValueError, match="finite"):
        monge.chamfer([[np.inf]], [[1.0]])
    with pytest.raises(ValueError, match="threads"):
        monge.chamfer([[0.0]], [[1.0]], threads=0)
