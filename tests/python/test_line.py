"""`wasserstein_1d` and `monotone_map` against SciPy, POT and exact arithmetic."""

import math
import time
from fractions import Fraction

import monge
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

AGREEMENT = 1e-9


def exact_cost(u, v, a, b, p):
    """W_p^p for a whole p in rational arithmetic: walk both quantile functions."""
    left = sorted((Fraction(x), Fraction(mass)) for x, mass in zip(u, a, strict=True) if mass)
    right = sorted((Fraction(x), Fraction(mass)) for x, mass in zip(v, b, strict=True) if mass)
    scale = sum(mass for _, mass in left) / sum(mass for _, mass in right)
    right = [(x, mass * scale) for x, mass in right]
    cost, i, j = Fraction(0), 0, 0
    rest_left, rest_right = left[0][1], right[0][1]
    while True:
        moved = min(rest_left, rest_right)
        cost += moved * abs(left[i][0] - right[j][0]) ** p
        rest_left, rest_right = rest_left - moved, rest_right - moved
        if not rest_left:
            i += 1
            if i == len(left):
                return cost
            rest_left = left[i][1]
        if not rest_right:
            j += 1
            rest_right = right[j][1]


def weighted(values, masses):
    """Pairs (value, mass), not all of them without mass."""
    pairs = st.lists(st.tuples(values, masses), min_size=1, max_size=12)
    return pairs.filter(lambda one: any(mass for _, mass in one))


# Ties and atoms are common among small whole numbers; zero masses among small whole masses.
atoms = weighted(st.integers(-3, 3).map(float), st.integers(0, 4).map(float))
# float32 values: distances stay far from 1e-140, below which the points must be rescaled.
reals = weighted(st.floats(-1e3, 1e3, width=32, allow_subnormal=False), st.floats(0.01, 1))
both = st.one_of(st.tuples(atoms, atoms), st.tuples(reals, reals), st.tuples(atoms, reals))


@st.composite
def weighted_lines(draw):
    """u, v, a, b; both masses sum to 1 within rounding."""
    left, right = draw(both)
    (u, a), (v, b) = (np.array(side).T for side in (left, right))
    return u, v, a / a.sum(), b / b.sum()


def relatively(expected, scale):
    """Relative agreement; for sums that may cancel, down to 1e-12 of their terms' size `scale`."""
    return pytest.approx(expected, rel=AGREEMENT, abs=1e-12 * scale)


@given(weighted_lines(), st.sampled_from([1, 2, 3]))
def test_weighted_lines_agree_with_rational_arithmetic(line, p):
    u, v, a, b = line
    expected = exact_cost(u, v, a, b, p)
    extent = max(abs(x - y) for x in u for y in v)
    # The totals of a and b are 1 only up to rounding: at most 13 u of the mass moves otherwise.
    assert monge.wasserstein_1d(u, v, a, b, p=p) ** p == pytest.approx(
        float(expected), rel=1e-12, abs=20 * 2.0**-53 * extent**p
    )


@given(weighted_lines())
def test_weighted_lines_agree_with_scipy(line):
    u, v, a, b = line
    extent = max(abs(x - y) for x in u for y in v)
    assert monge.wasserstein_1d(u, v, a, b) == relatively(wasserstein_distance(u, v, a, b), extent)


@given(weighted_lines(), st.sampled_from([1, 2, 3]))
def test_weighted_lines_agree_with_the_solver(line, p):
    u, v, a, b = line
    cost = monge.wasserstein_1d(u, v, a, b, p=p)
    assert cost == pytest.approx(monge.wasserstein(u[:, None], v[:, None], a, b, p=p), rel=1e-12)


@given(weighted_lines(), st.sampled_from([1, 2, 3]))
def test_weighted_lines_agree_with_pot(line, p):
    ot = pytest.importorskip("ot")
    u, v, a, b = line
    extent = max(abs(x - y) for x in u for y in v)
    expected = ot.wasserstein_1d(u, v, a, b, p=p)  # the p-th power
    assert monge.wasserstein_1d(u, v, a, b, p=p) ** p == relatively(expected, extent**p)


@given(
    st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=30),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 1.5, 2, 3]),
)
def test_equal_sizes_sort(values, seed, p):
    """n = m and no masses: the mean of the distances of sorted values."""
    u = np.array(values)
    v = np.random.default_rng(seed).normal(size=len(u))
    expected = np.mean(np.abs(np.sort(u) - np.sort(v)) ** p) ** (1 / p)
    assert monge.wasserstein_1d(u, v, p=p) == pytest.approx(expected, rel=1e-12, abs=0)


@pytest.mark.parametrize("p", [1, 2, 3, 7.5])
def test_quantile_formula_of_unequal_sizes(p):
    """Both quantile functions are constant on steps of 1 / lcm(n, m)."""
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=12), rng.exponential(size=30)
    left, right = np.repeat(np.sort(u), 5), np.repeat(np.sort(v), 2)
    expected = np.mean(np.abs(left - right) ** p) ** (1 / p)
    assert monge.wasserstein_1d(u, v, p=p) == pytest.approx(expected, rel=1e-12)


def test_identical_and_permuted_values():
    u = np.random.default_rng(0).normal(size=50)
    for p in (1, 2, 3):
        assert monge.wasserstein_1d(u, u[::-1], p=p) == 0


def test_one_point():
    assert monge.wasserstein_1d([1.5], [4.0]) == 2.5
    assert monge.wasserstein_1d([1.5], [4.0], p=2) == 2.5
    assert monge.wasserstein_1d([0.0], [-1, 1, 3]) == pytest.approx(5 / 3, rel=1e-15)
    assert monge.wasserstein_1d([0.0], [-1, 3], [2], [1, 1]) == 4


def test_masses_of_any_total():
    """For masses of total s the integral runs from 0 to s: W_p grows by s^(1/p)."""
    rng = np.random.default_rng(0)
    u, v, a = rng.normal(size=9), rng.normal(size=9), rng.random(9)
    for p in (1, 2, 3):
        once, scaled = (monge.wasserstein_1d(u, v, s * a, s * a, p=p) for s in (1, 8))
        assert scaled == pytest.approx(8 ** (1 / p) * once, rel=1e-14)


def test_atoms_without_mass_change_nothing():
    u, a = [0.0, 5.0, 1.0], [0.5, 0.0, 0.5]
    v, b = [-9.0, 2.0, 3.0, 99.0], [0.0, 0.75, 0.25, 0.0]
    assert monge.wasserstein_1d(u, v, a, b) == monge.wasserstein_1d(u[::2], v[1:3], a[::2], b[1:3])
    assert monge.wasserstein_1d(u, v, a, b) == 0.5 * 2 + 0.25 * 1 + 0.25 * 2


@pytest.mark.parametrize("offset", [1e8, -1e12, 2.0**52])
def test_huge_offsets_cancel_exactly(offset):
    """Whole numbers below 2^53 are exact, and so is their difference: no digit may be lost."""
    rng = np.random.default_rng(0)
    u, v = rng.integers(0, 100, 40), rng.integers(0, 100, 40)
    near, far = (monge.wasserstein_1d(u + shift, v + shift) for shift in (0.0, offset))
    assert far == near


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.float16, np.float32, bool])
def test_types_become_numbers(dtype):
    u, v = np.array([1, 0, 1]).astype(dtype), np.array([0, 0, 1]).astype(dtype)
    assert monge.wasserstein_1d(u, v) == pytest.approx(1 / 3, rel=1e-15)


def test_unsigned_differences_do_not_wrap():
    assert monge.wasserstein_1d(np.array([0], np.uint8), np.array([255], np.uint8)) == 255


def test_strided_and_read_only_views():
    base = np.random.default_rng(0).normal(size=60)
    base.setflags(write=False)
    u, v = base[::-3], base[1::2]
    expected = wasserstein_distance(u, v)
    assert monge.wasserstein_1d(u, v) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("p", [1, 2])
def test_a_hundred_thousand_values_are_quick(p):
    """Sorting takes some 10 ms. Anything quadratic takes minutes, so the limit can be generous."""
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=100_000), rng.normal(1, 1, size=130_000)
    begin = time.process_time()
    found = monge.wasserstein_1d(u, v, p=p)
    assert time.process_time() - begin < 5
    if p == 1:
        assert found == pytest.approx(wasserstein_distance(u, v), rel=AGREEMENT)
    assert found == pytest.approx(1, abs=0.02)  # the limit for two normals a mean apart


def test_returns_a_python_float():
    assert type(monge.wasserstein_1d([0, 1], [1, 2], p=2)) is float
    assert type(monge.emd([[0.0]], [[1.0]])) is float
    assert type(monge.wasserstein([[0.0]], [[1.0]], p=3)) is float


# --- the monotone map -----------------------------------------------------------------------------


def quantile_map(u, v, a, b):
    """T(u_i) = inf {t : F_v(t) >= F_u(u_i)} in rational arithmetic, by its definition.

    F_u counts tied numbers in the order of their index.
    """
    order = sorted(range(len(v)), key=lambda j: (v[j], j))
    image = []
    for i in range(len(u)):
        reached = sum(Fraction(a[k]) for k in range(len(u)) if (u[k], k) <= (u[i], i))
        cumulative = Fraction(0)
        for j in order:
            cumulative += Fraction(b[j])
            if cumulative >= reached:
                image.append(v[j])
                break
    return np.array(image)


# Whole masses of equal totals are summed without rounding. All positive: the map of an atom without
# mass at the left end is not defined by its quantile.
@st.composite
def lines_of_whole_masses(draw):
    n, m = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    values = st.integers(-5, 5).map(float)
    u, v = (draw(st.lists(values, min_size=size, max_size=size)) for size in (n, m))
    total = 24
    masses = []
    for size in (n, m):
        cuts = draw(
            st.lists(st.integers(1, total - 1), min_size=size - 1, max_size=size - 1, unique=True)
        )
        masses.append(np.diff([0, *sorted(cuts), total]).astype(float))
    return u, v, *masses


@given(lines_of_whole_masses())
def test_map_is_the_quantile_map(line):
    np.testing.assert_array_equal(monge.monotone_map(*line), quantile_map(*line))


@given(lines_of_whole_masses())
def test_map_is_monotone_and_stays_within_v(line):
    u, v = np.array(line[0]), line[1]
    image = monge.monotone_map(*line)
    order = np.argsort(u, kind="stable")
    assert (np.diff(image[order]) >= 0).all()
    assert set(image) <= set(v)
    assert image.dtype == np.float64
    assert image[order[-1]] == max(v)  # all mass is below the last quantile


@pytest.mark.parametrize("n", [1, 2, 3, 10, 1000])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_map_carries_u_to_v_when_sizes_are_equal(n, dtype):
    rng = np.random.default_rng(n)
    u, v = rng.normal(size=(2, n)).astype(dtype)
    image = monge.monotone_map(u, v)
    expected = np.empty(n)
    expected[np.argsort(u)] = np.sort(v)
    np.testing.assert_array_equal(image, expected)


def test_map_with_masses_without_ties():
    """(n, m) = (3, 2), masses 1/4, 1/2, 1/4 against 1/2, 1/2: the middle atom is split."""
    image = monge.monotone_map([5.0, -1.0, 2.0], [8.0, 7.0], [0.25, 0.25, 0.5], [0.5, 0.5])
    np.testing.assert_array_equal(image, [8.0, 7.0, 8.0])


def test_map_of_random_masses_is_the_quantile_map():
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=60), rng.normal(size=45)
    a, b = rng.dirichlet(np.ones(60)), rng.dirichlet(np.ones(45))
    # The totals differ by rounding, which only the last atom can notice.
    image, expected = monge.monotone_map(u, v, a, b), v[np.argsort(v)]
    reached = np.cumsum(a[np.argsort(u)])[:-1]
    positions = np.searchsorted(np.cumsum(b[np.argsort(v)]), reached)
    np.testing.assert_array_equal(image[np.argsort(u)][:-1], expected[positions])
    assert image[np.argmax(u)] == v.max()


def test_map_costs_what_the_plan_costs():
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=200), rng.gamma(2, size=200)
    for p in (1, 2, 3):
        cost = np.mean(np.abs(u - monge.monotone_map(u, v)) ** p) ** (1 / p)
        assert cost == pytest.approx(monge.wasserstein_1d(u, v, p=p), rel=1e-12)


def test_map_of_ties_follows_the_index():
    np.testing.assert_array_equal(monge.monotone_map([1, 1, 1], [3, 1, 2]), [1, 2, 3])
    np.testing.assert_array_equal(monge.monotone_map([0, 1], [7, 7]), [7, 7])


def test_map_of_an_atom_without_mass():
    """It goes where the mass before it ends."""
    image = monge.monotone_map([0, 1, 2], [10, 20], [0.5, 0, 0.5], [0.5, 0.5])
    np.testing.assert_array_equal(image, [10, 10, 20])


def test_map_of_thirds_leaves_no_slivers():
    """1/3 + 1/3 + 1/3 and 1/6 six times agree in every third, though not in every bit."""
    v = np.arange(6.0)
    np.testing.assert_array_equal(monge.monotone_map([0, 1, 2], v), [1, 3, 5])
    np.testing.assert_array_equal(monge.monotone_map(v, [0, 1, 2]), [0, 0, 1, 1, 2, 2])
    for n in range(1, 60):
        u = np.arange(float(n))
        np.testing.assert_array_equal(monge.monotone_map(np.repeat(u, 7), u), np.repeat(u, 7))
        assert math.isclose(monge.wasserstein_1d(np.repeat(u, 7), u), 0, abs_tol=1e-13)
