"""Sliced distances against NumPy, POT and closed forms; their order, gradients and maxima."""

import math

import monge
import numpy as np
import ot
import pytest
from hypothesis import given
from hypothesis import strategies as st


def unit_rows(count, dim, seed=0):
    rows = np.random.default_rng(seed).normal(size=(count, dim))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def clouds(n, m, dim, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, dim)), rng.normal(size=(m, dim)) + 0.3


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 5), st.sampled_from([1, 1.5, 2, 3]))
def test_agrees_with_the_mean_of_lines(n, m, dim, p):
    x, y = clouds(n, m, dim, seed=n)
    rng = np.random.default_rng(m)
    directions = unit_rows(9, dim, seed=dim)
    for masses in ((None, None), (rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m)))):
        mean = np.mean([monge.wasserstein_1d(x @ t, y @ t, *masses, p=p) ** p for t in directions])
        value = monge.sliced_wasserstein(x, y, *masses, p=p, projections=directions)
        assert value == pytest.approx(mean ** (1 / p), rel=1e-11)


@pytest.mark.parametrize(("n", "m"), [(200, 200), (130, 77)])
@pytest.mark.parametrize("p", [1, 2])
def test_agrees_with_pot(n, m, p):
    x, y = clouds(n, m, 3)
    directions = unit_rows(20, 3)
    expected = ot.sliced_wasserstein_distance(x, y, projections=directions.T, p=p)
    value = monge.sliced_wasserstein(x, y, projections=directions, p=p)
    assert value == pytest.approx(expected, rel=1e-9)


def test_a_shift_has_a_closed_form():
    """W_p of a line and its shift is the shift: |t . v| in direction t."""
    x, _ = clouds(500, 1, 3)
    shift, directions = np.array([1.0, -2.0, 0.5]), unit_rows(30, 3)
    for p in (1, 2, 3):
        expected = np.mean(np.abs(directions @ shift) ** p) ** (1 / p)
        value = monge.sliced_wasserstein(x, x + shift, p=p, projections=directions)
        assert value == pytest.approx(expected, rel=1e-12)


def test_the_estimate_is_within_its_error():
    """E (t . v)^2 = |v|^2 / d over the sphere."""
    x, _ = clouds(10, 1, 3)
    shift = np.array([1.0, -2.0, 0.5])
    exact = np.linalg.norm(shift) / math.sqrt(3)
    for seed in range(20):
        value, error = monge.sliced_wasserstein(
            x, x + shift, n_projections=400, seed=seed, return_error=True
        )
        assert 0.01 < error < 0.05
        assert abs(value - exact) < 4 * error


def test_error_is_that_of_the_root():
    x, y = clouds(50, 60, 4)
    directions = unit_rows(64, 4)
    costs = np.array(
        [monge.sliced_wasserstein(x, y, p=3, projections=t[None]) ** 3 for t in directions]
    )
    value, error = monge.sliced_wasserstein(x, y, p=3, projections=directions, return_error=True)
    of_mean = costs.std(ddof=1) / 8
    assert error == pytest.approx(of_mean * costs.mean() ** (1 / 3 - 1) / 3, rel=1e-9)
    assert value == pytest.approx(costs.mean() ** (1 / 3), rel=1e-12)
    assert monge.sliced_wasserstein(x, y, n_projections=1, return_error=True)[1] == math.inf
    assert monge.sliced_wasserstein(x, x, return_error=True) == (0, 0)


def test_permuted_clouds_are_at_distance_zero():
    x, _ = clouds(333, 1, 7)
    assert monge.sliced_wasserstein(x, x[::-1]) == 0


def test_batches_and_ragged_batches():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 20, 2)), rng.normal(size=(3, 30, 2))
    values = monge.sliced_wasserstein(x, y)
    assert values.shape == (3,)
    assert values.tolist() == [monge.sliced_wasserstein(x[k], y[k]) for k in range(3)]
    ragged = monge.sliced_wasserstein([x[0], x[1, :5]], [y[0], y[1]])
    assert ragged[0] == values[0]
    values, errors = monge.sliced_wasserstein(x, y, return_error=True)
    assert errors.shape == (3,)
    best, directions = monge.max_sliced_wasserstein(x, y, return_direction=True)
    assert best.shape == (3,) and directions.shape == (3, 2)


@pytest.mark.parametrize("weighted", [False, True])
def test_threads_give_the_same_bits(weighted):
    x, y = clouds(3000, 2500, 3)
    masses = (np.full(3000, 1 / 3000), np.full(2500, 1 / 2500)) if weighted else (None, None)
    for function in (monge.sliced_wasserstein, monge.max_sliced_wasserstein):
        one, three = (function(x, y, *masses, n_projections=40, threads=k) for k in (1, 3))
        assert one == three
    directions = unit_rows(21, 3)
    one, three = (monge.sliced_gradient(x, y, projections=directions, threads=k) for k in (1, 3))
    for left, right in zip(one, three, strict=True):
        np.testing.assert_array_equal(left, right)


def test_offsets_lose_nothing_and_scales_scale():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 100, (2, 60, 3)).astype(float)
    near = monge.sliced_wasserstein(x, y)
    assert monge.sliced_wasserstein(x + 1e8, y + 1e8) == near
    assert monge.sliced_wasserstein(1e-12 * x, 1e-12 * y) == pytest.approx(1e-12 * near, rel=1e-12)


def test_types_strides_and_read_only_arrays():
    x, y = clouds(40, 40, 3)
    x, y = x.astype(np.float32), y.astype(np.float32)
    expected = monge.sliced_wasserstein(x, y)
    wide = np.zeros((80, 6), np.float32)
    wide[::2, ::2] = x
    view = wide[::2, ::2]
    view.setflags(write=False)
    assert monge.sliced_wasserstein(view, y) == expected
    assert monge.sliced_wasserstein(x, y.astype(float)) == monge.sliced_wasserstein(
        x.astype(float), y
    )


def float_error(x, y):
    """What the docstring allows: 2 (d + 3) 2^-24 R."""
    origin = x[0].astype(float)
    far = max(np.linalg.norm(cloud.astype(float) - origin, axis=1).max() for cloud in (x, y))
    return 2 * (x.shape[1] + 3) * 2.0**-24 * far


@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.integers(1, 9),
    st.sampled_from([1, 1.5, 2, 3]),
    st.sampled_from([1e-44, 1e-36, 1e-30, 1e-12, 1, 1e12, 1e30, 3e37]),
    st.sampled_from([0, 3, 1e8]),
    st.booleans(),
)
def test_floats_are_within_the_bound_stated(n, m, dim, p, scale, offset, weighted):
    rng = np.random.default_rng(n)
    x, y = rng.uniform(-1, 1, (n, dim)), rng.uniform(-1, 1, (m, dim))
    if offset * scale > 1e37:
        offset = 0
    x, y = ((scale * (one + offset)).astype(np.float32) for one in (x, y))
    masses = (rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))) if weighted else ()
    directions = unit_rows(7, dim, seed=m)
    if p > 2 and not 1e-30 < scale < 1e30:
        p = 2  # its powers leave the range of double's sums
    value = monge.sliced_wasserstein(x, y, *masses, p=p, projections=directions)
    exact = monge.sliced_wasserstein(
        x.astype(float), y.astype(float), *masses, p=p, projections=directions
    )
    assert abs(value - exact) <= float_error(x, y) + 1e-12 * exact
    assert monge.sliced_wasserstein(x, x[::-1], projections=directions, p=p) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_points_are_as_by_numpy(dtype):
    """Enough of them for every means of sorting, among them many ties."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30_000, 3)).astype(dtype), rng.normal(size=(30_000, 3)).astype(dtype)
    x[::2] = np.round(x[::2])
    directions = unit_rows(5, 3)
    u, v = (np.sort(directions @ cloud.astype(float).T, axis=1) for cloud in (x, y))
    for p in (1, 2):
        expected = np.mean(np.abs(u - v) ** p) ** (1 / p)
        value = monge.sliced_wasserstein(x, y, p=p, projections=directions)
        tolerance = 1e-13 if dtype == np.float64 else float_error(x, y)
        assert value == pytest.approx(expected, abs=tolerance)


def test_floats_give_the_same_bits_on_any_number_of_threads():
    x, y = (cloud.astype(np.float32) for cloud in clouds(3000, 2500, 30))
    directions = unit_rows(70, 30)
    for function in (monge.sliced_order, monge.sliced_gradient):
        one, three = (function(x, y, projections=directions, threads=k) for k in (1, 3))
        for left, right in zip(one, three, strict=True):
            np.testing.assert_array_equal(left, right)
    values = [monge.sliced_wasserstein(x, y, projections=directions, threads=k) for k in (1, 3)]
    assert values[0] == values[1]
    assert one[0].mean() ** 0.5 == pytest.approx(values[0], rel=1e-12)


def test_dimension_one_is_the_line():
    u, v = clouds(50, 70, 1)
    expected = monge.wasserstein_1d(u[:, 0], v[:, 0], p=2)
    assert monge.sliced_wasserstein(u, v, n_projections=3) == pytest.approx(expected, rel=1e-12)
    assert monge.max_sliced_wasserstein(u, v) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("dtype", "rounding"), [(np.float64, 1e-14), (np.float32, 4e-6)])
def test_order_sorts_every_projection(dtype, rounding):
    x, y = (cloud.astype(dtype) for cloud in clouds(100, 80, 4))
    x[:50] = x[50:]  # ties
    directions = unit_rows(11, 4)
    x_order, y_order = monge.sliced_order(x, y, directions)
    assert x_order.shape == (11, 100) and y_order.shape == (11, 80)
    assert x_order.dtype == np.int32
    for k, t in enumerate(directions):
        assert sorted(x_order[k]) == list(range(100))
        assert (np.diff((x @ t)[x_order[k]]) >= -rounding).all()
        assert (np.diff((y @ t)[y_order[k]]) >= -rounding).all()
        place = np.argsort(x_order[k])
        assert (place[:50] < place[50:]).all()  # tied points by index


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_is_that_of_finite_differences(p, weighted):
    x, y = clouds(12, 12 if not weighted else 9, 3)
    rng = np.random.default_rng(5)
    masses = (rng.dirichlet(np.ones(12)), rng.dirichlet(np.ones(len(y)))) if weighted else ()
    directions = unit_rows(6, 3)
    costs, of_x, of_y = monge.sliced_gradient(x, y, *masses, projections=directions, p=p)

    def value(x, y):
        return monge.sliced_wasserstein(x, y, *masses, projections=directions, p=p) ** p

    assert costs.mean() == pytest.approx(value(x, y), rel=1e-12)
    step = 1e-6
    for array, gradient, of in ((x, of_x, 0), (y, of_y, 1)):
        for i, a in ((0, 0), (3, 2), (8, 1)):
            moved = array.copy()
            moved[i, a] += step
            back = array.copy()
            back[i, a] -= step
            pair = ((moved, y), (back, y)) if of == 0 else ((x, moved), (x, back))
            slope = (value(*pair[0]) - value(*pair[1])) / (2 * step)
            assert gradient[i, a] == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_gradient_of_floats_is_that_of_doubles(p):
    x, y = (cloud.astype(np.float32) for cloud in clouds(40, 30, 5))
    directions = unit_rows(6, 5)
    found = monge.sliced_gradient(x, y, projections=directions, p=p)
    expected = monge.sliced_gradient(x.astype(float), y.astype(float), projections=directions, p=p)
    assert not np.array_equal(found[0], expected[0])
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-7)


def test_max_sliced_of_a_shift_is_its_length():
    x, _ = clouds(200, 1, 20)
    shift = np.linspace(-1, 2, 20)
    value, direction = monge.max_sliced_wasserstein(x, x + shift, return_direction=True)
    assert value == pytest.approx(np.linalg.norm(shift), rel=1e-9)
    np.testing.assert_allclose(np.abs(direction), np.abs(shift) / np.linalg.norm(shift), atol=1e-4)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_max_sliced_is_attained_and_above_all_directions(p):
    x, y = clouds(60, 45, 3, seed=2)
    value, direction = monge.max_sliced_wasserstein(x, y, p=p, return_direction=True)
    attained = monge.wasserstein_1d(x @ direction, y @ direction, p=p)
    assert value == pytest.approx(attained, rel=1e-12)
    assert np.linalg.norm(direction) == pytest.approx(1, rel=1e-12)
    others = [monge.wasserstein_1d(x @ t, y @ t, p=p) for t in unit_rows(300, 3, seed=9)]
    assert value >= max(others)
    without = monge.max_sliced_wasserstein(x, y, p=p, max_iterations=0)
    assert without <= value


def test_max_sliced_finds_the_axis_that_differs():
    """Equal means: only the spread along one axis differs."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 5))
    y = x * np.array([1, 1, 3, 1, 1])
    value, direction = monge.max_sliced_wasserstein(x, y, return_direction=True)
    assert abs(direction[2]) > 0.99
    assert value >= monge.wasserstein_1d(x[:, 2], y[:, 2], p=2) * (1 - 1e-12)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"p": 0.5}, "p must be"),
        ({"n_projections": 0}, "n_projections must be"),
        ({"n_projections": 1.5}, "n_projections must be"),
        ({"seed": -1}, "seed must be"),
        ({"projections": np.ones((4, 3))}, "length 1; got length 1.732050808 in row 0"),
        ({"projections": np.eye(2)}, r"shape \(n_projections, d\), d = 3; got shape \(2, 2\)"),
        ({"projections": np.empty((0, 3))}, "shape"),
        ({"threads": 0}, "threads"),
        ({"a": [1.0, -1.0]}, "a must"),
    ],
)
def test_misuse_is_refused(change, match):
    with pytest.raises((ValueError, TypeError), match=match):
        monge.sliced_wasserstein(np.zeros((2, 3)), np.ones((2, 3)), **change)


def test_misuse_of_points_is_refused():
    with pytest.raises(ValueError, match="finite"):
        monge.sliced_wasserstein([[np.nan, 0.0]], [[0.0, 0.0]])
    with pytest.raises(ValueError, match="dimension"):
        monge.sliced_wasserstein(np.zeros((2, 3)), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="n_starts"):
        monge.max_sliced_wasserstein(np.zeros((2, 3)), np.ones((2, 3)), n_starts=0)
    with pytest.raises(ValueError, match="batch"):
        monge.sliced_order(np.zeros((1, 2, 3)), np.zeros((1, 2, 3)), np.eye(3))
