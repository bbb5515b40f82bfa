"""Laws that hold for every input, on drawn examples."""

import itertools
import math

import monge
import numpy as np
import pytest
from grading import cloud_reference, dense_reference, grade
from hypothesis import given
from hypothesis import strategies as st

# Costs are sums of at most 24 terms of chains of some 10 operations, each with a rounding of 1e-16.
# Laws whose two sides see differently rounded points are compared on the scale of the points.
ROUNDING = 1e-12

# float32 values: distances stay far from 1e-140, below which the points must be rescaled.
coordinates = st.one_of(
    st.integers(-3, 3).map(float), st.floats(-100, 100, width=32, allow_subnormal=False)
)
powers = st.sampled_from([1, 1.5, 2, 3])


def cloud(n, dim):
    row = st.lists(coordinates, min_size=dim, max_size=dim)
    return st.lists(row, min_size=n, max_size=n).map(np.array)


@st.composite
def equal_clouds(draw, count):
    """`count` clouds of one size and dimension."""
    n, dim = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    return [draw(cloud(n, dim)) for _ in range(count)]


@st.composite
def weighted_lines(draw, count):
    """`count` clouds of the line of any sizes, with whole masses of total 60."""
    lines = []
    for _ in range(count):
        n = draw(st.integers(1, 8))
        cuts = sorted(draw(st.lists(st.integers(0, 60), min_size=n - 1, max_size=n - 1)))
        lines.append((draw(cloud(n, 1)), np.diff([0, *cuts, 60]).astype(float)))
    return lines


def scale_of(*clouds):
    return max(np.abs(points).max() for points in clouds) * math.sqrt(clouds[0].shape[1])


def near(expected, scale):
    return pytest.approx(expected, rel=1e-11, abs=ROUNDING * scale)


@given(equal_clouds(2), powers)
def test_symmetry(clouds, p):
    x, y = clouds
    there, back = monge.wasserstein(x, y, p=p), monge.wasserstein(y, x, p=p)
    assert there >= 0
    assert there == near(back, scale_of(x, y))


@given(equal_clouds(1), powers, st.randoms(use_true_random=False))
def test_identity(clouds, p, random):
    """A cloud in another order is the same measure: 0, not merely something small."""
    (x,) = clouds
    order = list(range(len(x)))
    random.shuffle(order)
    assert monge.wasserstein(x, x[order], p=p) == 0


@given(equal_clouds(2))
def test_zero_only_for_the_same_points(clouds):
    x, y = clouds
    same = sorted(map(tuple, x.tolist())) == sorted(map(tuple, y.tolist()))
    assert (monge.emd(x, y) == 0) == same


@given(equal_clouds(3), powers)
def test_triangle_inequality(clouds, p):
    x, y, z = clouds
    direct = monge.wasserstein(x, z, p=p)
    around = monge.wasserstein(x, y, p=p) + monge.wasserstein(y, z, p=p)
    assert direct <= around * (1 + 1e-11) + ROUNDING * scale_of(x, y, z)


@given(weighted_lines(3), powers)
def test_metric_on_weighted_lines(lines, p):
    (x, a), (y, b), (z, c) = lines
    direct = monge.wasserstein(x, z, a, c, p=p)
    assert direct == near(monge.wasserstein(z, x, c, a, p=p), scale_of(x, z))
    around = monge.wasserstein(x, y, a, b, p=p) + monge.wasserstein(y, z, b, c, p=p)
    assert direct <= around * (1 + 1e-11) + ROUNDING * scale_of(x, y, z)
    assert monge.wasserstein(x, x, a, a, p=p) == 0


@given(equal_clouds(2), powers, st.sampled_from([0.001, 0.5, 3, -7, 1e6]))
def test_scaling(clouds, p, scale):
    """W_p(s A, s B) = |s| W_p(A, B)."""
    x, y = clouds
    expected = abs(scale) * monge.wasserstein(x, y, p=p)
    # Rounding moves a point by u |s x| at most, and W_p by no more than points move.
    assert monge.wasserstein(scale * x, scale * y, p=p) == near(
        expected, abs(scale) * scale_of(x, y)
    )


@given(equal_clouds(2), st.sampled_from([2.0**-3, 2.0, 2.0**10]))
def test_powers_of_two_scale_exactly(clouds, factor):
    x, y = clouds
    for cost in ("euclidean", "cityblock", "chebyshev"):
        assert monge.emd(factor * x, factor * y, cost=cost) == factor * monge.emd(x, y, cost=cost)
    squared = monge.emd(factor * x, factor * y, cost="sqeuclidean")
    assert squared == factor**2 * monge.emd(x, y, cost="sqeuclidean")


@given(equal_clouds(1), powers, st.lists(coordinates, min_size=4, max_size=4))
def test_translation(clouds, p, shift):
    """W_p(A, A + t) = |t| for every p."""
    (x,) = clouds
    shift = np.array(shift[: x.shape[1]])
    y = x + shift
    assert monge.wasserstein(x, y, p=p) == near(np.linalg.norm(shift), scale_of(x, y))


@given(equal_clouds(2), st.lists(coordinates, min_size=4, max_size=4))
def test_squared_cost_splits_off_the_means(clouds, shift):
    """W_2^2(A, B + t) = W_2^2(A, B) + |t|^2 - 2 <t, mean A - mean B>: t moves no plan."""
    x, y = clouds
    shift = np.array(shift[: x.shape[1]])
    moved = monge.emd(x, y + shift, cost="sqeuclidean")
    means = x.mean(axis=0) - y.mean(axis=0)
    expected = monge.emd(x, y, cost="sqeuclidean") + shift @ shift - 2 * shift @ means
    assert moved == near(expected, scale_of(x, y, y + shift) ** 2 * 12)


@given(equal_clouds(4), powers)
def test_unions_are_subadditive(clouds, p):
    """W_p^p(A + A', B + B') <= (W_p^p(A, B) + W_p^p(A', B')) / 2 for unions of equal sizes."""
    x, y, other_x, other_y = clouds
    cost = ("euclidean_power", p)
    together = monge.emd(np.vstack([x, other_x]), np.vstack([y, other_y]), cost=cost)
    apart = (monge.emd(x, y, cost=cost) + monge.emd(other_x, other_y, cost=cost)) / 2
    assert together <= apart * (1 + ROUNDING)


@given(equal_clouds(2))
def test_distances_grow_with_the_power(clouds):
    """Jensen: W_p <= W_q for p <= q."""
    x, y = clouds
    distances = [monge.wasserstein(x, y, p=p) for p in (1, 1.5, 2, 3)]
    for lower, upper in itertools.pairwise(distances):
        assert lower <= upper * (1 + 1e-11)


@given(equal_clouds(2))
def test_norms_are_ordered(clouds):
    """|z|_inf <= |z|_2 <= |z|_1 cost by cost, hence for the optima."""
    x, y = clouds
    costs = [monge.emd(x, y, cost=cost) for cost in ("chebyshev", "euclidean", "cityblock")]
    for lower, upper in itertools.pairwise(costs):
        assert lower <= upper * (1 + ROUNDING)


@given(equal_clouds(2))
def test_means_are_a_lower_bound(clouds):
    """|mean A - mean B| <= W_1(A, B), by Jensen."""
    x, y = clouds
    distance = np.linalg.norm(x.mean(axis=0) - y.mean(axis=0))
    assert distance <= monge.emd(x, y) + ROUNDING * scale_of(x, y)


@st.composite
def whole_costs(draw):
    n = draw(st.integers(1, 6))
    row = st.lists(st.integers(-9, 9), min_size=n, max_size=n)
    return np.array(draw(st.lists(row, min_size=n, max_size=n)))


@given(whole_costs())
def test_small_whole_problems_agree_with_brute_force(costs):
    n = len(costs)
    rows = range(n)
    best = min(costs[rows, list(cols)].sum() for cols in itertools.permutations(rows))
    solution = monge.solve_cost(costs)
    grade(solution, dense_reference(costs))
    assert costs[rows, solution.assignment].sum() == best


@given(equal_clouds(2), st.sampled_from(["euclidean", "sqeuclidean", "cityblock", "chebyshev"]))
def test_float32_and_float64_of_the_same_numbers_agree(clouds, cost):
    """The drawn numbers are float32: given as such, or widened, they are the same points."""
    x, y = clouds
    x32, y32 = x.astype(np.float32), y.astype(np.float32)
    np.testing.assert_array_equal(x32, x)
    narrow = monge.solve(x32, y32, cost=cost)
    assert narrow.cost == monge.emd(x, y, cost=cost)
    grade(narrow, cloud_reference(x, y, cost=cost))


@given(equal_clouds(2), powers)
def test_every_drawn_answer_is_certified(clouds, p):
    x, y = clouds
    cost = ("euclidean_power", p)
    grade(monge.solve(x, y, cost=cost), cloud_reference(x, y, cost=cost))


@given(weighted_lines(2), powers)
def test_every_drawn_answer_on_a_line_is_certified(lines, p):
    (x, a), (y, b) = lines
    cost = ("euclidean_power", p)
    grade(monge.solve(x, y, a, b, cost=cost), cloud_reference(x, y, a, b, cost))
