"""SciPy's contract, and the matrices on which other assignment solvers have failed."""

import itertools
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from monge import linear_sum_assignment
from numpy.testing import assert_array_equal

INF = math.inf


def total(costs, pairs):
    """The cost of a matching; checks that it is one, in SciPy's form."""
    costs = np.asarray(costs)
    rows, cols = pairs
    size = min(costs.shape)
    assert rows.dtype == cols.dtype == np.int64
    assert rows.shape == cols.shape == (size,)
    assert (np.diff(rows) > 0).all()
    assert len(set(cols.tolist())) == size
    return costs[rows, cols].sum()


def brute_force(costs, best=min):
    """The best total over all matchings of the smaller side."""
    costs = np.asarray(costs)
    if costs.shape[0] > costs.shape[1]:
        costs = costs.T
    n, m = costs.shape
    return best(
        costs[np.arange(n), list(cols)].sum() for cols in itertools.permutations(range(m), n)
    )


TICKETS = [[250, 400, 350], [400, 600, 350], [200, 400, 250]]
BULLDOZERS = [[90, 75, 75, 80], [35, 85, 55, 65], [125, 95, 90, 105], [45, 110, 95, 115]]

SMALL = {
    "tickets": (TICKETS, 950),
    "bulldozers": (BULLDOZERS, 275),
    "one": ([[7]], 7),
    "negative": ([[-1, -2], [-3, -5]], -6),
    "zeros": ([[0, 0], [0, 0]], 0),
    "wide": ([[10, 1, 8], [9, 2, 7]], 8),
    "tall": ([[10, 9], [1, 2], [8, 7]], 8),
    "inf in a wide matrix": ([[INF, 11, 8], [8, INF, 7]], 16),
    "inf in a tall matrix": ([[INF, 8], [11, INF], [8, 7]], 16),
    "inf off the only matching": ([[1, INF, INF], [INF, 2, INF], [INF, INF, 3]], 6),
    "forced detour": ([[1, 2, INF], [1, INF, INF], [INF, 1, 9]], 12),
    "integers as 1e32": ([[1, 1e32], [1e32, 1]], 2),
    "a big M": ([[1e6, 2, 1e6], [3, 1e6, 1e6], [1e6, 1e6, 4]], 9),
    "1e32 that must be paid": ([[1e32, 1], [1e32, 2]], 1e32),
    "near the largest double": ([[8e307, 0], [0, 8e307]], 0),
}


@pytest.mark.parametrize(("costs", "expected"), SMALL.values(), ids=SMALL)
@pytest.mark.parametrize("transpose", [False, True])
def test_small_matrices(costs, expected, transpose):
    costs = np.array(costs, dtype=float)
    assert brute_force(costs) == expected
    costs = costs.T if transpose else costs
    assert total(costs, linear_sum_assignment(costs)) == expected
    assert total(costs, linear_sum_assignment(-costs, maximize=True)) == expected


def test_worked_examples_by_hand():
    """Austin to Edmonton, Boston to Fargo, Chicago to Denver: the only matching for 950.

    Bulldozers 1 to 4 may go to D, C, B, A, or as well to B, D, C, A.
    """
    assert_array_equal(linear_sum_assignment(TICKETS)[1], [1, 2, 0])
    assert linear_sum_assignment(BULLDOZERS)[1].tolist() in ([3, 2, 1, 0], [1, 3, 2, 0])


def test_returns_sorted_int64_rows():
    rows, cols = linear_sum_assignment([[4, 1, 3], [2, 0, 5], [3, 2, 2]])
    assert_array_equal(rows, [0, 1, 2])
    assert_array_equal(cols, [1, 0, 2])
    assert rows.dtype == cols.dtype == np.int64
    rows, cols = linear_sum_assignment([[9], [1], [5]])
    assert_array_equal(rows, [1])
    assert_array_equal(cols, [0])


@pytest.mark.parametrize(
    "shape", [(0, 0), (0, 3), (2, 0)], ids=lambda shape: "x".join(map(str, shape))
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_empty(shape, dtype):
    for indices in linear_sum_assignment(np.empty(shape, dtype)):
        assert indices.shape == (0,)
        assert indices.dtype == np.int64


def test_empty_list_of_rows():
    rows, cols = linear_sum_assignment([[]])
    assert len(rows) == len(cols) == 0


@pytest.mark.parametrize("n", [1, 2, 8, 63, 64, 65, 200])
@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0, 1e-300])
@pytest.mark.parametrize("maximize", [False, True])
def test_constant_matrices_give_the_identity(n, value, maximize):
    """SciPy promises this order of ties; users' code came to depend on it."""
    rows, cols = linear_sum_assignment(np.full((n, n), value), maximize)
    assert_array_equal(rows, np.arange(n))
    assert_array_equal(cols, np.arange(n))


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (64, 70), (70, 64)])
def test_constant_rectangles_match_as_scipy_does(shape):
    ours = linear_sum_assignment(np.ones(shape))
    for mine, theirs in zip(
        ours, scipy.optimize.linear_sum_assignment(np.ones(shape)), strict=True
    ):
        assert_array_equal(mine, theirs)


COSTS = np.random.default_rng(0).integers(0, 50, (7, 7))

READINGS = {
    "list": COSTS.tolist(),
    "tuple": tuple(map(tuple, COSTS.tolist())),
    "int8": COSTS.astype(np.int8),
    "int64": COSTS.astype(np.int64),
    "uint64": COSTS.astype(np.uint64),
    "float16": COSTS.astype(np.float16),
    "float32": COSTS.astype(np.float32),
    "big-endian": COSTS.astype(">f8"),
    "Fortran order": np.asfortranarray(COSTS, dtype=float),
    "Fortran order float32": np.asfortranarray(COSTS, dtype=np.float32),
    "strided": np.repeat(np.repeat(COSTS.astype(float), 2, 0), 3, 1)[::2, ::3],
    "negative strides": np.ascontiguousarray(COSTS[::-1, ::-1], dtype=float)[::-1, ::-1],
    "unaligned": np.frombuffer(b"\0" + COSTS.astype(float).tobytes(), np.uint8)[1:]
    .view(np.float64)
    .reshape(7, 7),
    "a field of a record": np.array(
        [[(value, 0) for value in row] for row in COSTS], dtype=[("cost", "f8"), ("tag", "i1")]
    )["cost"],
}


@pytest.mark.parametrize("costs", READINGS.values(), ids=READINGS)
@pytest.mark.parametrize("maximize", [False, True])
def test_every_layout_and_type_reads_the_same(costs, maximize):
    expected = brute_force(COSTS, max if maximize else min)
    assert total(COSTS, linear_sum_assignment(costs, maximize=maximize)) == expected


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_read_only_views_of_all_strides(shape, dtype):
    base = np.random.default_rng(1).normal(size=(40, 40)).astype(dtype)
    base.setflags(write=False)
    before = base.copy()
    n, m = shape
    for step_n, step_m in itertools.product((-3, -1, 1, 4), repeat=2):
        view = base[::step_n, ::step_m][:n, :m]
        for costs in (view, view.T):
            ours = total(costs, linear_sum_assignment(costs))
            theirs = total(costs, scipy.optimize.linear_sum_assignment(costs))
            assert ours == pytest.approx(theirs, rel=1e-6 if dtype == np.float32 else 1e-12)
    assert_array_equal(base, before)


def test_broadcast_views_have_stride_zero():
    costs = np.broadcast_to(np.array([5.0, 1.0, 3.0]), (3, 3))
    assert total(costs, linear_sum_assignment(costs)) == 9
    assert total(costs.T, linear_sum_assignment(costs.T)) == 9


def test_the_argument_is_left_alone():
    costs = np.random.default_rng(2).normal(size=(20, 20))
    before = costs.copy()
    linear_sum_assignment(costs)
    linear_sum_assignment(costs, maximize=True)
    assert_array_equal(costs, before)


def test_booleans_are_zero_and_one():
    costs = ~np.eye(4, dtype=bool)
    assert_array_equal(linear_sum_assignment(costs)[1], range(4))
    assert total(costs, linear_sum_assignment(costs, maximize=True)) == 4


def test_float32_is_not_rounded_again():
    """Costs one unit in the last place of float32 apart."""
    costs = np.full((5, 5), 1, np.float32)
    shift = np.roll(np.eye(5, dtype=bool), 2, axis=1)
    costs[shift] = np.nextafter(np.float32(1), np.float32(0))
    assert_array_equal(linear_sum_assignment(costs)[1], shift.argmax(axis=1))


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e-10, 1e10, 1e300])
def test_tiny_and_huge_costs(scale):
    """Solvers with a fixed epsilon give the identity once costs are below 1e-10."""
    costs = np.random.default_rng(3).permutation(36).reshape(6, 6)
    assert total(costs, linear_sum_assignment(scale * costs)) == brute_force(costs)


BAD = {
    "vector": ([1, 2, 3], ValueError, r"expected a matrix \(2-D array\), got a 1 array"),
    "scalar": (3, ValueError, r"expected a matrix \(2-D array\), got a 0 array"),
    "none": (None, ValueError, r"expected a matrix \(2-D array\), got a 0 array"),
    "cube": (np.zeros((2, 2, 2)), ValueError, r"expected a matrix \(2-D array\), got a 3 array"),
    "ragged": ([[1, 2], [3]], ValueError, "inhomogeneous shape"),
    "strings": (np.eye(3).astype(str), TypeError, "Cannot cast array data"),
    "complex": (np.eye(3) * 1j, TypeError, "Cannot cast array data"),
    "objects": (np.eye(3).astype(object), TypeError, "Cannot cast array data"),
    "dates": (np.zeros((2, 2), "M8[s]"), TypeError, "Cannot cast array data"),
    "long double": (np.eye(3, dtype=np.longdouble), TypeError, "Cannot cast array data"),
    "nan": (np.diag([np.nan, 1, 1]), ValueError, "matrix contains invalid numeric entries"),
    "-inf": (np.diag([1, -INF, 1]), ValueError, "matrix contains invalid numeric entries"),
    "nan in float32": (np.full((2, 2), np.nan, np.float32), ValueError, "invalid numeric entries"),
    "inf column": ([[INF, 1], [INF, 2]], ValueError, "cost matrix is infeasible"),
    "inf last column": ([[1, INF], [2, INF]], ValueError, "cost matrix is infeasible"),
    "inf row": ([[INF, INF], [1, 2]], ValueError, "cost matrix is infeasible"),
    "all inf": (np.full((3, 5), INF), ValueError, "cost matrix is infeasible"),
    "two rows want one column": (
        [[1, INF, INF], [1, INF, INF], [1, 1, 1]],
        ValueError,
        "cost matrix is infeasible",
    ),
    "inf in float32": (np.full((1, 1), INF, np.float32), ValueError, "cost matrix is infeasible"),
}
LONG_DOUBLE_IS_DOUBLE = np.finfo(np.longdouble).eps == np.finfo(np.float64).eps


@pytest.mark.parametrize("name", BAD)
def test_bad_matrices_are_refused_as_scipy_does(name):
    costs, error, message = BAD[name]
    if name == "long double" and LONG_DOUBLE_IS_DOUBLE:
        pytest.skip("long double is double here")
    for solve in (linear_sum_assignment, scipy.optimize.linear_sum_assignment):
        with pytest.raises(error, match=message):
            solve(costs)


def test_maximising_turns_the_forbidden_sign_round():
    assert total([[1, -INF], [3, 2]], linear_sum_assignment([[1, -INF], [3, 2]], True)) == 3
    with pytest.raises(ValueError, match="matrix contains invalid numeric entries"):
        linear_sum_assignment([[1, INF], [3, 2]], maximize=True)
    with pytest.raises(ValueError, match="cost matrix is infeasible"):
        linear_sum_assignment([[-INF, -INF], [3, 2]], maximize=True)


def test_sparse_matrices_are_not_read():
    """SciPy fails here too, in words that depend on its version."""
    sparse = pytest.importorskip("scipy.sparse")
    for costs in (sparse.eye(3), sparse.eye_array(3)):
        with pytest.raises((TypeError, ValueError)):
            linear_sum_assignment(costs)


entries = st.one_of(
    st.integers(-5, 5).map(float),
    st.floats(-1e6, 1e6, width=32),
    st.just(INF),
)


@given(
    hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=7), elements=entries),
    st.sampled_from([np.float64, np.float32]),
    st.booleans(),
)
def test_hypothesis_against_scipy(costs, dtype, maximize):
    costs = (-costs if maximize else costs).astype(dtype)
    try:
        expected = scipy.optimize.linear_sum_assignment(costs, maximize)
    except ValueError as refusal:
        with pytest.raises(ValueError, match=str(refusal)):
            linear_sum_assignment(costs, maximize)
        return
    # Sums of at most seven numbers below 1e6, in double on both sides.
    costs = costs.astype(np.float64)
    ours, theirs = total(costs, linear_sum_assignment(costs, maximize)), total(costs, expected)
    assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("density", [0.03, 0.06, 0.3])
def test_sparse_feasibility_agrees_with_scipy(density):
    """Integer costs, so totals are exact; about the density where matchings begin to exist."""
    feasible = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        costs = rng.integers(1, 100, (60, 60)).astype(float)
        costs[rng.random((60, 60)) > density] = INF
        try:
            expected = scipy.optimize.linear_sum_assignment(costs)
        except ValueError:
            with pytest.raises(ValueError, match="cost matrix is infeasible"):
                linear_sum_assignment(costs)
        else:
            feasible += 1
            assert total(costs, linear_sum_assignment(costs)) == total(costs, expected)
    assert feasible == 20 if density == 0.3 else feasible < 20


@pytest.mark.parametrize("shape", [(300, 300), (120, 400), (400, 120)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_larger_matrices_agree_with_scipy(shape, dtype):
    rng = np.random.default_rng(4)
    for costs in (rng.random(shape), rng.integers(0, 20, shape), rng.lognormal(0, 3, shape)):
        costs = costs.astype(dtype)
        ours = total(costs.astype(float), linear_sum_assignment(costs))
        theirs = total(costs.astype(float), scipy.optimize.linear_sum_assignment(costs))
        assert ours == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize("n", [2, 3, 50])
def test_products_the_worst_case_of_augmenting_paths(n):
    """C_ij = i j needs the longest paths (Machol and Wien 1976); large goes with small."""
    i = np.arange(1, n + 1)
    costs = np.multiply.outer(i, i)
    assert total(costs, linear_sum_assignment(costs)) == (i * i[::-1]).sum()
    assert total(costs, linear_sum_assignment(costs, maximize=True)) == (i * i).sum()


def test_lists_of_what_float_takes():
    for kind in (Decimal, Fraction):
        costs = [[kind(4), kind(1)], [kind(2), kind(0)]]
        for one, peer in zip(
            linear_sum_assignment(costs), scipy.optimize.linear_sum_assignment(costs), strict=True
        ):
            assert one.tolist() == peer.tolist()
        with pytest.raises(TypeError, match="Cannot cast array data"):
            linear_sum_assignment(np.array(costs))
