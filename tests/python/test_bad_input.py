"""Misuse raises ValueError or TypeError, whose message names the argument, the rule and what came.

The tables pair an input with the parts that its message must have, in order.
"""

import re
from decimal import Decimal
from fractions import Fraction

import monge
import numpy as np
import pytest
import scipy.sparse
from grading import SOLVERS, ground_costs

NAN, INF = np.nan, np.inf
X = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 4.0]])
Y = np.array([[1.0, 1.0], [2.0, 2.0], [0.0, 3.0]])
C = ground_costs(X, Y, "euclidean")
EQUAL = [1 / 3, 1 / 3, 1 / 3]


def refused(error, parts, function, *arguments, **options):
    """The call must raise exactly `error`, with all parts of the message in their order."""
    with pytest.raises((TypeError, ValueError, MemoryError)) as caught:
        function(*arguments, **options)
    message = str(caught.value)
    assert type(caught.value) is error, message
    assert re.search(".*".join(re.escape(part) for part in parts), message, re.DOTALL), message


def put(array, index, value):
    changed = np.array(array)
    changed[index] = value
    return changed


# Not numbers, whatever they are passed as: what NumPy reads -> what the message says came.
NOT_NUMBERS = {
    "none": (None, "dtype object (NoneType)"),
    "strings": ([["a", "b"]], "dtype <U1 (list)"),
    "bytes": ([[b"a", b"b"]], "dtype |S1 (list)"),
    "a string": ("cloud", "dtype <U5 (str)"),
    "objects": (X.astype(object), "dtype object (ndarray)"),
    "decimals": ([[Decimal(1), Decimal(2)]], "dtype object (list)"),
    "fractions": ([[Fraction(1, 2), Fraction(2)]], "dtype object (list)"),
    "complex": (X * 1j, "dtype complex128 (ndarray)"),
    "dates": (X.astype("M8[s]"), "dtype datetime64[s] (ndarray)"),
    "durations": (X.astype("m8[s]"), "dtype timedelta64[s] (ndarray)"),
    "a dict": ({"points": X}, "dtype object (dict)"),
    "a generator": ((row for row in X), "dtype object (generator)"),
    "a record": (np.zeros((3, 2), dtype=[("re", float)]), "(ndarray)"),
}

CLOUD_FUNCTIONS = [monge.emd, monge.wasserstein, monge.solve]
clouds_of = pytest.mark.parametrize("function", CLOUD_FUNCTIONS)

CLOUDS = {
    "nan in x": (
        put(X, (1, 0), NAN),
        Y,
        ValueError,
        ["x must have finite coordinates", "nan at x[1, 0]"],
    ),
    "inf in x": (
        put(X, (2, 1), INF),
        Y,
        ValueError,
        ["x must have finite coordinates", "inf at x[2, 1]"],
    ),
    "-inf in y": (
        X,
        put(Y, (0, 0), -INF),
        ValueError,
        ["y must have finite coordinates", "-inf at y[0, 0]"],
    ),
    "nan in float32": (
        X.astype(np.float32),
        np.full((3, 2), NAN, np.float32),
        ValueError,
        ["y must have finite"],
    ),
    "vector x": (
        X[:, 0],
        Y,
        ValueError,
        ["x must have shape (n, d)", "shape (3,)", "wasserstein_1d"],
    ),
    "vector y": (X, Y[0], ValueError, ["y must have shape (n, d)", "shape (2,)"]),
    "scalar x": (1.5, Y, ValueError, ["x must have shape (n, d)", "shape ()"]),
    "four axes": (np.zeros((1, 1, 3, 2)), Y, ValueError, ["x must have shape", "(1, 1, 3, 2)"]),
    "other dimension": (
        X,
        Y[:, :1],
        ValueError,
        ["y must have the dimension of x, 2", "dimension 1"],
    ),
    "no x": (np.empty((0, 2)), Y, ValueError, ["x must have from 1", "points", "got 0"]),
    "no y": (X, np.empty((0, 2)), ValueError, ["y must have from 1", "points", "got 0"]),
    "no points at all": ([], [], ValueError, ["x must have shape (n, d)", "shape (0,)"]),
    "dimension 0": (np.empty((3, 0)), np.empty((3, 0)), ValueError, ["x", "coordinates", "got 0"]),
    "ragged rows": ([[1.0, 2.0], [3.0]], Y, ValueError, ["x must be a regular array of numbers"]),
    "clouds of unequal sizes as lists": (
        [[[0, 1]], [[2, 3], [4, 5]]],
        Y,
        ValueError,
        ["x", "regular"],
    ),
    "masked": (
        np.ma.masked_array(X, mask=X > 3),
        Y,
        TypeError,
        ["x must have no masked entries", "masked"],
    ),
    "sparse": (scipy.sparse.csr_matrix(X), Y, TypeError, ["x must be a dense array", "csr_matrix"]),
    "sparse array": (
        X,
        scipy.sparse.coo_array(Y),
        TypeError,
        ["y must be a dense array", "coo_array"],
    ),
    "1e200": (1e200 * X, Y, ValueError, ["extent of x and y must be", "1e140", "got 4", "rescale"]),
    "1e308 twice": (
        np.array([[1e308, 0]]),
        np.array([[-1e308, 0]]),
        ValueError,
        ["extent of x and y", "rescale"],
    ),
    "1e-200": (
        1e-200 * X,
        1e-200 * Y,
        ValueError,
        ["extent of x and y must be", "1e-140", "e-200"],
    ),
}


@clouds_of
@pytest.mark.parametrize(("x", "y", "error", "parts"), CLOUDS.values(), ids=CLOUDS)
def test_clouds(function, x, y, error, parts):
    refused(error, parts, function, x, y)


@clouds_of
@pytest.mark.parametrize("argument", ["x", "y"])
@pytest.mark.parametrize(("value", "came"), NOT_NUMBERS.values(), ids=NOT_NUMBERS)
def test_clouds_that_are_not_numbers(function, argument, value, came):
    parts = [f"{argument} must hold real numbers", came]
    refused(TypeError, parts, function, **{"x": X, "y": Y, argument: value})


@clouds_of
def test_what_is_big_or_small_and_yet_allowed(function):
    """Only distances count: far away is fine, and so is one point 1e200 away from zero."""
    for x, y in (
        (1e100 * X, 1e100 * Y),
        (1e-100 * X, 1e-100 * Y),
        ([[1e200]], [[1e200]]),
        ([[1e-200]], [[1e-200]]),
        (X, X),
    ):
        function(x, y)


# --- masses ---------------------------------------------------------------------------------------

MASSES = {
    "negative": (
        [0.5, -0.5, 1],
        None,
        ValueError,
        ["a must have finite masses >= 0", "-0.5 at a[1]"],
    ),
    "nan": (None, [NAN, 0.5, 0.5], ValueError, ["b must have finite masses >= 0", "nan at b[0]"]),
    "inf": ([INF, 1, 1], None, ValueError, ["a must have finite masses >= 0", "inf at a[0]"]),
    "all zero": ([0, 0, 0], None, ValueError, ["a must have a positive total mass", "0"]),
    "all zero b": (None, [0, 0, 0], ValueError, ["b must have a positive total mass", "0"]),
    "both zero": ([0, 0, 0], [0, 0, 0], ValueError, ["a must have a positive total mass"]),
    "too few": ([0.5, 0.5], None, ValueError, ["a must have one mass per point, 3", "got 2"]),
    "too many": (None, [0.25] * 4, ValueError, ["b must have one mass per point, 3", "got 4"]),
    "none at all": ([], None, ValueError, ["a must have one mass per point, 3", "none"]),
    "a matrix": ([EQUAL], None, ValueError, ["a must have shape (n,)", "shape (1, 3)"]),
    "a column": (None, [[1], [1], [1]], ValueError, ["b must have shape (n,)", "shape (3, 1)"]),
    "a number": (1.0, None, ValueError, ["a must have shape (n,)", "shape ()"]),
    "other totals": (
        [1, 1, 1],
        None,
        ValueError,
        ["total masses of a and b must agree within 1e-6", "3 and 1"],
    ),
    "totals 2e-6 off": (
        EQUAL,
        [1 / 3 + 2e-6, 1 / 3, 1 / 3],
        ValueError,
        ["total masses of a and b must agree within 1e-6 relative", "1 and 1.000002"],
    ),
    "overflowing total": (
        [1e308] * 3,
        [1e308] * 3,
        ValueError,
        ["a must have a", "total mass", "inf"],
    ),
    "strings": (["1", "1", "1"], None, TypeError, ["a must hold real numbers", "dtype <U1 (list)"]),
    "complex": (None, [1j, 1, 1], TypeError, ["b must hold real numbers", "dtype complex128"]),
    "objects": ([None, 1, 1], None, TypeError, ["a must hold real numbers", "dtype object"]),
    "masked": (
        np.ma.masked_array(EQUAL, mask=[1, 0, 0]),
        None,
        TypeError,
        ["a must have no masked entries"],
    ),
    "sparse": (
        None,
        scipy.sparse.csr_matrix([EQUAL]),
        TypeError,
        ["b must be a dense array", "csr_matrix"],
    ),
    "ragged": ([[1], [1, 2]], None, ValueError, ["a must be a regular array"]),
}

MASS_FUNCTIONS = {
    "emd": lambda a, b: monge.emd(X, Y, a, b),
    "emd on a line": lambda a, b: monge.emd(X[:, :1], Y[:, :1], a, b),
    "wasserstein": lambda a, b: monge.wasserstein(X, Y, a, b),
    "solve": lambda a, b: monge.solve(X, Y, a, b),
    "solve_cost": lambda a, b: monge.solve_cost(C, a, b),
    "wasserstein_1d": lambda a, b: monge.wasserstein_1d(X[:, 0], Y[:, 0], a, b),
    "monotone_map": lambda a, b: monge.monotone_map(X[:, 0], Y[:, 0], a, b),
}


@pytest.mark.parametrize("function", MASS_FUNCTIONS.values(), ids=MASS_FUNCTIONS)
@pytest.mark.parametrize(("a", "b", "error", "parts"), MASSES.values(), ids=MASSES)
def test_masses(function, a, b, error, parts):
    refused(error, parts, function, a, b)


@pytest.mark.parametrize("function", MASS_FUNCTIONS.values(), ids=MASS_FUNCTIONS)
@pytest.mark.parametrize("off", [-9e-7, -1e-12, 1e-12, 9e-7])
def test_totals_that_almost_agree_are_rescaled(function, off):
    """float32 weights of a softmax sum to 1 within about 1e-7: b is scaled to a's total."""
    a = np.full(3, 1 / 3)
    expected, scaled = function(a, a), function(a, a * (1 + off))
    if isinstance(expected, monge.Solution):
        np.testing.assert_allclose(scaled.plan.to_dense().sum(axis=0), a, rtol=1e-15)
        expected, scaled = expected.cost, scaled.cost
    np.testing.assert_allclose(scaled, expected, rtol=1e-14)


def test_softmax_weights_in_float32():
    """The weights that make other solvers return a plan of zeros and a warning."""
    logits = np.random.default_rng(0).normal(size=(2, 500)).astype(np.float32)
    a, b = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert a.dtype == np.float32
    assert a.astype(float).sum() != b.astype(float).sum()
    u, v = np.random.default_rng(1).normal(size=(2, 500))
    solution = monge.solve(u[:, None], v[:, None], a, b)
    assert solution.status == "optimal"
    np.testing.assert_allclose(solution.plan.to_dense().sum(axis=1), a, rtol=1e-9)


def test_integer_masses_and_costs_are_numbers():
    """Other solvers return a plan of zeros for integer costs."""
    assert monge.solve_cost([[0, 1], [1, 0]], [1, 1], [1, 1]).cost == 0
    assert monge.solve_cost([[2, 1], [1, 2]], [1, 1], [1, 1]).cost == 2
    assert monge.emd([[0], [4]], [[1], [7]], [2, 1], [1, 2]) == 1 + 7 + 3


# --- batches --------------------------------------------------------------------------------------

B = np.stack([X, Y])
BATCHES = {
    "y is no batch": ({"x": B, "y": Y}, ValueError, ["y must be a batch", "(B, n, d)", "(3, 2)"]),
    "x is no batch": ({"x": X, "y": B}, ValueError, ["x must be a batch", "(B, n, d)", "(3, 2)"]),
    "sizes": ({"x": B, "y": B[:1]}, ValueError, ["y must have one entry per pair", "2", "got 1"]),
    "lists": (
        {"x": [X, Y], "y": [X]},
        ValueError,
        ["y must have one entry per pair", "2", "got 1"],
    ),
    "masses": (
        {"x": B, "y": B, "a": EQUAL},
        ValueError,
        ["a must have one entry per pair", "2", "got 3"],
    ),
    "masses of one": (
        {"x": B, "y": B, "b": [EQUAL, [1]]},
        ValueError,
        ["pair 1 of the batch", "b must have one mass per point, 3", "got 1"],
    ),
    "masses are a number": ({"x": B, "y": B, "a": 0.5}, ValueError, ["a must", "got 0.5"]),
    "nan in one": (
        {"x": [X, put(X, (0, 0), NAN)], "y": B},
        ValueError,
        ["pair 1 of the batch", "x must have finite coordinates", "nan at x[0, 0]"],
    ),
    "other dimension": (
        {"x": [X, X[:, :1]], "y": B},
        ValueError,
        ["pair 1 of the batch", "y must have the dimension of x, 1", "dimension 2"],
    ),
    "a list of vectors and clouds": (
        {"x": [X, X[0]], "y": B},
        ValueError,
        ["pair 1", "x must have shape (n, d)", "shape (2,)"],
    ),
    "strings in one": (
        {"x": [X, X.astype(str)], "y": B},
        TypeError,
        ["pair 1", "x must hold real numbers"],
    ),
}


@clouds_of
@pytest.mark.parametrize(("arguments", "error", "parts"), BATCHES.values(), ids=BATCHES)
def test_batches(function, arguments, error, parts):
    refused(error, parts, function, **arguments)


# --- costs and cost matrices ----------------------------------------------------------------------

COSTS = {
    "unknown": ("manhattan", ValueError, ["cost must be one of", '"euclidean"', 'got "manhattan"']),
    "empty": ("", ValueError, ["cost must be one of", 'got ""']),
    "no power": ("euclidean_power", ValueError, ["cost must name its power", "got no power"]),
    "power 0": (
        ("euclidean_power", 0),
        ValueError,
        ["power of cost", "finite and positive", "got 0"],
    ),
    "power -1": (("euclidean_power", -1.0), ValueError, ["power of cost", "positive", "got -1"]),
    "power nan": (("euclidean_power", NAN), ValueError, ["power of cost", "positive", "got nan"]),
    "power inf": (("euclidean_power", INF), ValueError, ["power of cost", "positive", "got inf"]),
    "power text": (("euclidean_power", "2"), TypeError, ["power of cost must be a number", "'2'"]),
    "power true": (
        ("euclidean_power", True),
        TypeError,
        ["power of cost must be a number", "True"],
    ),
    "power 1000": (
        ("euclidean_power", 1000),
        ValueError,
        ["cost across the extent", "1e-300 to 1e300", "rescale"],
    ),
    "not a power": (
        ("euclidean", 2),
        ValueError,
        ["cost must be ('euclidean_power', p)", "euclidean"],
    ),
    "three": (
        ("euclidean_power", 1, 2),
        TypeError,
        ["cost must be one of", "got ('euclidean_power'"],
    ),
    "none": (None, TypeError, ["cost must be one of", "got None"]),
    "a function": (np.subtract, TypeError, ["cost must be one of", "got <ufunc"]),
}


@pytest.mark.parametrize("function", [monge.emd, monge.solve])
@pytest.mark.parametrize(("cost", "error", "parts"), COSTS.values(), ids=COSTS)
def test_costs(function, cost, error, parts):
    refused(error, parts, function, X, Y, cost=cost)


POWERS = {
    "below 1": (0.5, ValueError, ["p must be finite and at least 1", "0.5"]),
    "zero": (0, ValueError, ["p must be finite and at least 1", "0"]),
    "negative": (-2, ValueError, ["p must be finite and at least 1", "-2"]),
    "nan": (NAN, ValueError, ["p must be finite and at least 1", "nan"]),
    "inf": (INF, ValueError, ["p must be finite and at least 1", "inf"]),
    "text": ("2", TypeError, ["p must be a number", "'2'"]),
    "none": (None, TypeError, ["p must be a number", "None"]),
    "true": (True, TypeError, ["p must be a number", "True"]),
    "complex": (1j, TypeError, ["p must be a number", "1j"]),
    "an array": ([1, 2], TypeError, ["p must be a number", "[1, 2]"]),
    "complex scalar": (np.complex128(2), TypeError, ["p must be a number"]),
}


@pytest.mark.parametrize(("p", "error", "parts"), POWERS.values(), ids=POWERS)
def test_powers(p, error, parts):
    refused(error, parts, monge.wasserstein, X, Y, p=p)
    refused(error, parts, monge.wasserstein_1d, X[:, 0], Y[:, 0], p=p)


@pytest.mark.parametrize("p", [3, 10, 40])
@pytest.mark.parametrize("distance", [1e-110, 1e-35])
def test_powers_that_vanish_are_refused_or_right(p, distance):
    """|x - y|^p underflows where |x - y| is a fine number: the answer must not silently be 0."""
    for function, points in (
        (monge.wasserstein, ([[0.0]], [[distance]])),
        (monge.wasserstein_1d, ([0.0], [distance])),
    ):
        try:
            answer = function(*points, p=p)
        except ValueError as refusal:
            assert "rescale" in str(refusal)
        else:
            assert answer == pytest.approx(distance, rel=1e-9, abs=0)


MATRICES = {
    "nan": (put(C, (0, 1), NAN), ValueError, ["cost_matrix must have no NaN", "nan at", "[0, 1]"]),
    "-inf": (
        put(C, (2, 2), -INF),
        ValueError,
        ["cost_matrix must have no", "-inf", "-inf at", "[2, 2]"],
    ),
    "1e301": (
        put(C, (1, 1), 1e301),
        ValueError,
        ["cost_matrix", "at most 1e300", "1e+301", "[1, 1]"],
    ),
    "vector": ([1.0, 2.0], ValueError, ["cost_matrix must have shape (n, m)", "shape (2,)"]),
    "cube": (np.zeros((2, 2, 2)), ValueError, ["cost_matrix must have shape (n, m)", "(2, 2, 2)"]),
    "scalar": (1.0, ValueError, ["cost_matrix must have shape (n, m)", "shape ()"]),
    "no rows": (np.empty((0, 3)), ValueError, ["cost_matrix must have", "rows", "got 0"]),
    "no columns": (np.empty((3, 0)), ValueError, ["cost_matrix must have", "columns", "got 0"]),
    "ragged": ([[1, 2], [3]], ValueError, ["cost_matrix must be a regular array"]),
    "masked": (
        np.ma.masked_array(C, mask=C > 2),
        TypeError,
        ["cost_matrix must have no masked entries"],
    ),
    "sparse": (
        scipy.sparse.csr_array(C),
        TypeError,
        ["cost_matrix must be a dense array", "csr_array"],
    ),
}


@pytest.mark.parametrize(("matrix", "error", "parts"), MATRICES.values(), ids=MATRICES)
def test_cost_matrices(matrix, error, parts):
    refused(error, parts, monge.solve_cost, matrix)


@pytest.mark.parametrize(("value", "came"), NOT_NUMBERS.values(), ids=NOT_NUMBERS)
def test_cost_matrices_that_are_not_numbers(value, came):
    refused(TypeError, ["cost_matrix must hold real numbers", came], monge.solve_cost, value)


# --- the line -------------------------------------------------------------------------------------

LINES = {
    "nan": ([0, NAN], [1, 2], ValueError, ["must have finite coordinates", "nan at"]),
    "inf": ([0, 1], [1, INF], ValueError, ["must have finite coordinates", "inf at"]),
    "a matrix": (X, [1, 2], ValueError, ["u must have shape (n,)", "shape (3, 2)"]),
    "a column": ([1, 2], [[1], [2]], ValueError, ["v must have shape (n,)", "shape (2, 1)"]),
    "a number": (1, [1, 2], ValueError, ["u must have shape (n,)", "shape ()"]),
    "empty": ([], [1, 2], ValueError, ["must have from 1", "points", "got 0"]),
    "empty v": ([1, 2], [], ValueError, ["must have from 1", "points", "got 0"]),
    "strings": (["1"], [1], TypeError, ["u must hold real numbers", "dtype <U1 (list)"]),
    "complex": ([1], [1j], TypeError, ["v must hold real numbers", "dtype complex128"]),
    "dates": (
        np.array(["2020-01-01"], "M8"),
        [1],
        TypeError,
        ["u must hold real numbers", "datetime"],
    ),
    "masked": (
        np.ma.masked_array([1, 2], [0, 1]),
        [1],
        TypeError,
        ["u must have no masked entries"],
    ),
    "sparse": ([1], scipy.sparse.csr_matrix([[1]]), TypeError, ["v must be a dense array"]),
    "1e200": ([0], [1e200], ValueError, ["extent", "1e140", "got 1e+200", "rescale"]),
    "1e-200": ([0], [1e-200], ValueError, ["extent", "1e-140", "got 1e-200", "rescale"]),
}


@pytest.mark.parametrize("function", [monge.wasserstein_1d, monge.monotone_map])
@pytest.mark.parametrize(("u", "v", "error", "parts"), LINES.values(), ids=LINES)
def test_lines(function, u, v, error, parts):
    refused(error, parts, function, u, v)


@pytest.mark.parametrize("function", [monge.wasserstein_1d, monge.monotone_map])
def test_messages_about_a_line_use_its_names(function):
    """The caller passed u and v; x and y are names of another function."""
    refused(
        ValueError, ["u must have finite coordinates", "nan at u[1]"], function, [0, NAN], [1, 2]
    )
    refused(ValueError, ["v must have from 1"], function, [1, 2], [])
    refused(ValueError, ["extent of u and v"], function, [0], [1e200])


# --- how to solve ---------------------------------------------------------------------------------

SOLVING = {
    "unknown solver": (
        {"solver": "simplex"},
        ValueError,
        ["solver must be one of", *SOLVERS, "simplex"],
    ),
    "solver none": ({"solver": None}, TypeError, ["solver must be a name", "None"]),
    "solver 1": ({"solver": 1}, TypeError, ["solver must be a name", "1"]),
    "unknown option": (
        {"solver": "hungarian", "epsilon": 1},
        ValueError,
        ['options of solver "hungarian" must be', '"row_reduction_scans"', 'got "epsilon"'],
    ),
    "option of no type": (
        {"solver": "hungarian", "row_reduction_scans": [1]},
        TypeError,
        ["'row_reduction_scans' must be a number", "[1]"],
    ),
    "option none": (
        {"solver": "hungarian", "row_reduction_scans": None},
        TypeError,
        ["'row_reduction_scans' must be", "None"],
    ),
    "option text": (
        {"solver": "hungarian", "row_reduction_scans": "4"},
        ValueError,
        ['"row_reduction_scans" must be a number', '"4"'],
    ),
    "option true": (
        {"solver": "hungarian", "row_reduction_scans": True},
        ValueError,
        ['"row_reduction_scans" must be a number', "true"],
    ),
    "option too small": (
        {"solver": "hungarian", "row_reduction_scans": -1},
        ValueError,
        ['"row_reduction_scans" must be', "at least 0", "-1"],
    ),
    "option too large": (
        {"solver": "hungarian", "row_reduction_scans": 10**30},
        ValueError,
        ['"row_reduction_scans" must be', "at most 1000000"],
    ),
    "option nan": (
        {"solver": "hungarian", "row_reduction_scans": NAN},
        ValueError,
        ['"row_reduction_scans" must be', "nan"],
    ),
    "rtol negative": ({"rtol": -1e-9}, ValueError, ["rtol must be a number from 0 to 1", "-1e-09"]),
    "rtol 1": ({"rtol": 1.0}, ValueError, ["rtol must be", "1.0"]),
    "rtol nan": ({"rtol": NAN}, ValueError, ["rtol must be a number", "nan"]),
    "rtol text": ({"rtol": "0"}, ValueError, ["rtol must be a number", "'0'"]),
    "rtol none": ({"rtol": None}, ValueError, ["rtol must be a number", "None"]),
    "rtol true": ({"rtol": True}, ValueError, ["rtol must be a number", "True"]),
    "threads 0": ({"threads": 0}, ValueError, ["threads must be a whole number", "got 0"]),
    "threads -1": ({"threads": -1}, ValueError, ["threads must be a whole number", "-1"]),
    "threads 2.0": ({"threads": 2.0}, ValueError, ["threads must be a whole number", "2.0"]),
    "threads 5000": ({"threads": 5000}, ValueError, ["threads must be", "4096", "5000"]),
    "threads text": ({"threads": "2"}, ValueError, ["threads must be a whole number", "'2'"]),
    "threads true": ({"threads": True}, ValueError, ["threads must be a whole number", "True"]),
    "time_limit -1": (
        {"time_limit": -1},
        ValueError,
        ["time_limit must be a number", ">= 0", "-1"],
    ),
    "time_limit nan": ({"time_limit": NAN}, ValueError, ["time_limit must be a number", "nan"]),
    "time_limit text": ({"time_limit": "1"}, ValueError, ["time_limit must be a number", "'1'"]),
    "progress": ({"progress": "yes"}, TypeError, ["progress must be callable", "'yes'"]),
}


@pytest.mark.parametrize(
    "function",
    [
        *(lambda f=f, **kw: f(X, Y, **kw) for f in CLOUD_FUNCTIONS),
        lambda **kw: monge.solve_cost(C, **kw),
    ],
    ids=[*(f.__name__ for f in CLOUD_FUNCTIONS), "solve_cost"],
)
@pytest.mark.parametrize(("options", "error", "parts"), SOLVING.values(), ids=SOLVING)
def test_how_to_solve(function, options, error, parts):
    refused(error, parts, function, **options)


@pytest.mark.parametrize("solver", SOLVERS)
def test_registered_options_are_checked_by_their_own_bounds(solver):
    """Every option of every solver: its default is accepted, and what is out of bounds is not."""
    registered = monge.solvers()[solver]
    points = X[:, :1] if registered["line_only"] else X
    for name, option in registered["options"].items():
        assert option["meaning"]
        monge.solve(points, points, solver=solver, **{name: option["default"]})
        for bound, beyond in (("least", -1), ("most", 1)):
            if option[bound] is not None:
                value = option[bound] + beyond
                parts = [f'option "{name}" must be', "got"]
                refused(
                    ValueError, parts, monge.solve, points, points, solver=solver, **{name: value}
                )
    refused(
        ValueError,
        [f'options of solver "{solver}" must be', '"no_such_option"'],
        monge.solve,
        points,
        points,
        solver=solver,
        no_such_option=1,
    )


def test_good_ways_to_solve_are_taken():
    exact = monge.emd(X, Y)
    for rtol in (0.5, np.float32(0.25)):
        assert exact <= monge.emd(X, Y, rtol=rtol) <= exact / (1 - rtol)
    for options in (
        {"threads": np.int64(1)},
        {"time_limit": INF},
        {"time_limit": np.int32(60)},
        {"solver": "hungarian", "row_reduction_scans": 2},
        {"solver": "hungarian", "row_reduction_scans": np.float32(2)},
        {"progress": lambda phase, fraction: None},
    ):
        assert monge.emd(X, Y, **options) == exact


UNSERVED = {
    "unequal sizes": lambda solver: monge.emd(np.zeros((3, 3)), np.ones((4, 3)), solver=solver),
    "unequal masses": lambda solver: monge.solve(
        np.eye(3), np.ones((3, 3)), [0.5, 0.25, 0.25], solver=solver
    ),
    "wasserstein": lambda solver: monge.wasserstein(
        np.zeros((3, 2)), np.ones((1, 2)), solver=solver
    ),
    "a wide cost matrix": lambda solver: monge.solve_cost(np.ones((2, 3)), solver=solver),
}


@pytest.mark.parametrize(
    "solver", [name for name, one in monge.solvers().items() if not one["any_masses"]]
)
@pytest.mark.parametrize("request_", UNSERVED.values(), ids=UNSERVED)
def test_what_a_solver_does_not_serve_is_refused_with_the_list_of_solvers(solver, request_):
    parts = [f'solver "{solver}" cannot serve this problem (transport']
    summaries = (f"{name}: {one['summary']}" for name, one in monge.solvers().items())
    refused(ValueError, [*parts, "The solvers are:", *summaries], request_, solver)


def test_a_matrix_that_fits_no_memory_is_refused():
    """4e5 points in the plane would take a matrix of 1.2 TiB."""
    points = np.zeros((400_000, 2), np.float32)
    points[1] = 1
    with pytest.raises(MemoryError, match=r"cost matrix of 400000 x 400000 points needs .* GiB"):
        monge.solve(points, points, solver="hungarian")


def test_bad_thread_count_of_the_environment(monkeypatch):
    monkeypatch.setenv("MONGE_NUM_THREADS", "many")
    refused(ValueError, ["MONGE_NUM_THREADS must be a whole number", '"many"'], monge.emd, X, Y)
    monkeypatch.setenv("MONGE_NUM_THREADS", "1")
    monge.emd(X, Y)


def test_wasserstein_has_the_cost_of_its_p():
    x = np.zeros((3, 2))
    with pytest.raises(TypeError, match=r"cost must not be given for W_p.*; got 'sqeuclidean'"):
        monge.wasserstein(x, x, cost="sqeuclidean")


@pytest.mark.parametrize(
    "function",
    [
        monge.emd,
        lambda x, y, a=None, b=None: monge.sinkhorn(x, y, a, b, epsilon=1),
        monge.sliced_wasserstein,
        monge.max_sliced_wasserstein,
        lambda x, y, a=None, b=None: monge.chamfer(x, y),
    ],
)
def test_errors_name_the_pair_of_a_batch(function):
    x, y = [np.zeros((3, 2)), np.zeros((2, 2)), np.zeros((4, 2))], [np.ones((2, 2))] * 3
    x[1] = np.full((2, 2), NAN)
    with pytest.raises(ValueError, match=r"^pair 1 of the batch: x must have finite coordinates"):
        function(x, y)
    with pytest.raises(ValueError, match=r"^x must have finite coordinates"):
        function(x[1], y[1])
