"""`monge.compat.scipy` does what SciPy does."""

import inspect
import re

import monge
import monge.compat.scipy as compat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

stats = pytest.importorskip("scipy.stats")

any_masses = pytest.mark.skipif(
    not any(
        one["any_masses"] and one["point_clouds"] and not one["line_only"]
        for one in monge.solvers().values()
    ),
    reason="no solver of clouds with any masses is registered",
)


@pytest.mark.parametrize("name", ["wasserstein_distance", "wasserstein_distance_nd"])
def test_signatures_are_scipy_s(name):
    ours, theirs = (
        [(one.name, one.default) for one in inspect.signature(function).parameters.values()]
        for function in (getattr(compat, name), getattr(stats, name))
    )
    assert theirs[: len(ours)] == ours  # decorators add options: axis, nan_policy, keepdims


def test_linear_sum_assignment_is_monge_s():
    assert compat.linear_sum_assignment is monge.linear_sum_assignment


@given(st.integers(1, 15), st.integers(1, 15), st.integers(0, 10**6), st.booleans(), st.booleans())
def test_lines_agree_with_scipy(n, m, seed, ties, weighted):
    rng = np.random.default_rng(seed)
    u, v = rng.normal(size=n), rng.normal(size=m)
    if ties:
        u, v = np.round(u), np.round(v)
    # Each side is normalised by itself, so totals may differ.
    weights = (rng.random(n) + 0.1, 7 * rng.random(m) + 0.1) if weighted else (None, None)
    expected = stats.wasserstein_distance(u, v, *weights)
    assert compat.wasserstein_distance(u, v, *weights) == pytest.approx(
        expected, rel=1e-9, abs=1e-14
    )
    assert compat.wasserstein_distance_nd(u, v, *weights) == compat.wasserstein_distance(
        u, v, *weights
    )


@pytest.mark.parametrize("one_sided", [0, 1])
def test_weights_on_one_side(one_sided):
    weights = [None, None]
    weights[one_sided] = [1, 0, 3]
    u, v = [0, 1, 3], [5, 6, 8]
    assert compat.wasserstein_distance(u, v, *weights) == pytest.approx(
        stats.wasserstein_distance(u, v, *weights), rel=1e-14
    )


@pytest.mark.parametrize("n", [1, 2, 10])
@pytest.mark.parametrize("d", [1, 2, 5])
def test_clouds_agree_with_scipy(n, d):
    u, v = np.random.default_rng([n, d]).normal(size=(2, n, d))
    expected = stats.wasserstein_distance_nd(u, v)
    assert compat.wasserstein_distance_nd(u, v) == pytest.approx(expected, rel=1e-9)
    assert compat.wasserstein_distance_nd(u.tolist(), v.tolist()) == pytest.approx(expected)
    equal = np.full(n, 3.0)
    assert compat.wasserstein_distance_nd(u, v, equal) == pytest.approx(expected, rel=1e-9)


@any_masses
@pytest.mark.parametrize(("n", "m"), [(1, 4), (6, 9)])
def test_weighted_clouds_agree_with_scipy(n, m):
    rng = np.random.default_rng([n, m])
    u, v = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))
    weights = rng.random(n) + 0.1, 5 * rng.random(m) + 0.1
    for given_weights in (weights, (None, None), (weights[0], None)):
        expected = stats.wasserstein_distance_nd(u, v, *given_weights)
        ours = compat.wasserstein_distance_nd(u, v, *given_weights)
        assert ours == pytest.approx(expected, rel=1e-8)  # SciPy's tolerance


BAD_LINES = {
    "empty": ([], [1]),
    "empty v": ([1], []),
    "length": ([1, 2], [1], [1, 2, 3]),
    "length v": ([1, 2], [1], None, [1, 2]),
    "negative": ([1, 2], [1], [-1, 2]),
    "no mass": ([1, 2], [1], [0, 0]),
    "infinite mass": ([1, 2], [1], [1, np.inf]),
}
BAD_CLOUDS = {
    "rank": (np.zeros((2, 2, 2)), np.zeros((2, 2, 2))),
    "ranks": ([1, 2], [[1], [2]]),
    "dimensions": ([[1, 2]], [[1]]),
    "empty clouds": (np.zeros((0, 2)), np.zeros((1, 2))),
    "weights of clouds": ([[1, 2]], [[1, 2]], [1, 2]),
}


@pytest.mark.parametrize("case", [*BAD_LINES, *BAD_CLOUDS])
def test_errors_are_scipy_s(case):
    arguments = BAD_LINES[case] if case in BAD_LINES else BAD_CLOUDS[case]
    on_lines = ("wasserstein_distance", "wasserstein_distance_nd")
    for name in on_lines if case in BAD_LINES else on_lines[1:]:
        with pytest.raises(ValueError) as theirs:
            getattr(stats, name)(*arguments)
        with pytest.raises(ValueError, match=f"^{re.escape(str(theirs.value))}$"):
            getattr(compat, name)(*arguments)


@pytest.mark.parametrize(
    ("u", "v"),
    [
        ([1, 2, np.inf], [1, 1]),
        ([1, 2, np.inf], [-np.inf, 1]),
        ([1, -np.inf, np.inf], [1, 1]),
        ([1, 2, np.inf], [1, np.inf]),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_infinite_values_as_scipy(u, v):
    np.testing.assert_equal(
        compat.wasserstein_distance(u, v), float(stats.wasserstein_distance(u, v))
    )


@pytest.mark.parametrize(("both", "expected"), [(False, np.inf), (True, np.nan)])
def test_points_at_infinity_as_scipy(both, expected):
    u, v = np.array([[1.0, np.inf]]), np.array([[1.0, np.inf if both else 0.0]])
    for function in (compat.wasserstein_distance_nd, stats.wasserstein_distance_nd):
        np.testing.assert_equal(float(function(u, v)), expected)


def test_nan_is_refused():
    for function in (compat.wasserstein_distance, compat.wasserstein_distance_nd):
        with pytest.raises(ValueError, match="finite"):
            function([np.nan], [1.0])
