"""`monge.compat.pot` does what POT does: same names, same signatures, same values and plans."""

import inspect
import warnings

import monge
import monge.compat.pot as compat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monge.compat.pot import Misuse, NotProvided

ot = pytest.importorskip("ot")
sparse = pytest.importorskip("scipy.sparse")

SERVING = [one for one in monge.solvers().values() if one["any_masses"] and not one["line_only"]]
needs_dense_masses = pytest.mark.skipif(
    not any(one["cost_matrix"] and one["transport"] for one in SERVING),
    reason="no solver of cost matrices with any masses is registered",
)
needs_cloud_masses = pytest.mark.skipif(
    not any(one["point_clouds"] and one["transport"] for one in SERVING),
    reason="no solver of clouds with any masses is registered",
)
PLAIN = ("emd", "emd2", "emd_1d", "emd2_1d", "wasserstein_1d", "solve", "solve_sample", "dist")


def relatively(expected, rel=1e-9):
    return pytest.approx(expected, rel=rel, abs=0)


def samples(n, m, d, seed=0):
    rng = np.random.default_rng([seed, n, m, d])
    return rng.normal(size=(n, d)), rng.uniform(-1, 2, (m, d))


def masses(n, m, seed=0):
    rng = np.random.default_rng([seed, n, m])
    return rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))


def assert_plan(plan, a, b):
    np.testing.assert_allclose(plan.sum(axis=1), a, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(plan.sum(axis=0), b, rtol=1e-12, atol=1e-15)
    assert (plan >= 0).all()


@pytest.mark.parametrize("name", PLAIN)
def test_signatures_are_pot_s(name):
    """Same parameters in the same order with the same defaults, so that any call is read alike.

    Older versions lack the last ones.
    """
    ours = inspect.signature(getattr(compat, name)).parameters
    theirs = inspect.signature(getattr(ot, name, None) or getattr(ot.lp, name)).parameters
    assert [one for one in ours if one in theirs] == list(theirs)
    for parameter, meaning in theirs.items():
        assert ours[parameter].default == meaning.default, parameter
        assert ours[parameter].kind == meaning.kind, parameter


@pytest.mark.parametrize("name", compat.__all__)
def test_documented(name):
    value = getattr(compat, name)
    text = inspect.getdoc(value)
    assert text
    if inspect.isfunction(value):
        for parameter in inspect.signature(value).parameters:
            assert parameter in text or " as for `" in text, parameter


def test_importing_it_brings_numpy_alone():
    import subprocess
    import sys

    program = "import monge.compat.pot, monge.compat.scipy, sys; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert not {"scipy", "ot", "torch"} & {name.split(".")[0] for name in loaded}


# --- emd and emd2 ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 5, 60])
@pytest.mark.parametrize("uniform", [None, [], "given"])
def test_uniform_masses(n, uniform):
    M = compat.dist(*samples(n, n, 3))
    a = compat.unif(n)
    passed = a if uniform == "given" else uniform
    plan, log = compat.emd(passed, passed, M, log=True)
    theirs, their_log = ot.emd(a, a, M, log=True)
    np.testing.assert_allclose(plan, theirs, atol=1e-15)
    assert_plan(plan, a, a)
    assert log["cost"] == relatively(their_log["cost"])
    assert compat.emd2(passed, passed, M) == log["cost"]
    assert set(log) == set(their_log)
    assert log["warning"] is None
    assert log["result_code"] == their_log["result_code"]


def assert_potentials(log, a, b, M):
    u, v = log["u"], log["v"]
    size = np.abs(M).max()
    assert (u[:, None] + v - M).max() <= 1e-12 * size
    assert a @ u + b @ v == pytest.approx(log["cost"], rel=1e-11, abs=1e-13 * size)


def test_potentials_are_centred_unless_told():
    M = compat.dist(*samples(30, 30, 2)) + 5
    a = compat.unif(30)
    _, log = compat.emd([], [], M, log=True)
    assert_potentials(log, a, a, M)
    assert a @ log["u"] == pytest.approx(a @ log["v"], rel=1e-12)
    _, raw = compat.emd([], [], M, log=True, center_dual=False)
    assert_potentials(raw, a, a, M)
    solution = monge.solve_cost(M)
    np.testing.assert_array_equal(raw["u"], solution.f)
    np.testing.assert_array_equal(raw["v"], solution.g)


@pytest.mark.parametrize("return_matrix", [False, True])
@pytest.mark.parametrize("log", [False, True])
def test_what_emd2_returns(log, return_matrix):
    M = compat.dist(*samples(6, 6, 2))
    options = {"log": log, "return_matrix": return_matrix}
    ours, theirs = compat.emd2([], [], M, **options), ot.emd2([], [], M, **options)
    assert type(ours) is type(theirs) or isinstance(theirs, type(ours))
    if log or return_matrix:
        assert set(ours[1]) == set(theirs[1])
        assert ours[0] == ours[1]["cost"] == relatively(theirs[0])
        if return_matrix:
            np.testing.assert_allclose(ours[1]["G"], theirs[1]["G"], atol=1e-15)
    else:
        assert ours == relatively(theirs)


def test_several_targets():
    """Columns of b, here permutations of uniform masses and so served by every solver."""
    M = compat.dist(*samples(8, 8, 2))
    a, b = compat.unif(8), np.full((8, 3), 1 / 8)
    assert compat.emd2(a, b, M) == [compat.emd2(a, a, M)] * 3
    for cost, log in compat.emd2(a, b, M, log=True, return_matrix=True):
        assert_plan(log["G"], a, a)
        assert cost == relatively(np.sum(log["G"] * M))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (np.float32, np.float32, np.float32),
        (np.float32, np.float64, np.float32),
        (np.float64, np.float32, np.float64),
        (None, np.float32, np.float32),
        (None, None, np.float64),
    ],
)
def test_types_follow_the_masses(a, b, expected):
    M = compat.dist(*samples(4, 4, 2))
    passed = [[] if one is None else np.full(4, 0.25, one) for one in (a, b)]
    plan, log = compat.emd(*passed, M, log=True)
    assert plan.dtype == log["u"].dtype == log["v"].dtype == expected
    assert ot.emd(*passed, M).dtype == expected
    assert type(log["cost"]) is float


def test_integer_histograms_keep_their_fractions():
    """POT casts the plan to the histograms' type; here nothing is lost."""
    M = compat.dist(*samples(4, 4, 2))
    plan = compat.emd(np.ones(4, int), np.ones(4, int), M)
    assert plan.dtype == np.float64
    np.testing.assert_allclose(plan, 4 * compat.emd([], [], M), rtol=1e-15)


def test_lists_are_read():
    np.testing.assert_array_equal(
        compat.emd([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]]), np.eye(2) / 2
    )
    assert compat.emd2([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]]) == 0


@pytest.mark.parametrize("function", [compat.emd, compat.emd2])
def test_sums_must_agree_or_be_scaled(function):
    M, a = np.arange(9.0).reshape(3, 3), compat.unif(3)
    with pytest.raises(Misuse, match="same sum"):
        function(a, 2 * a, M)
    scaled = function(a, 2 * a, M, check_marginals=False)
    np.testing.assert_allclose(scaled, function(a, a, M), rtol=1e-15)
    # Off by 1e-6 is rounding to both.
    np.testing.assert_allclose(function(a, a * (1 + 1e-6), M), function(a, a, M), rtol=1e-14)


BAD = {
    "masses of another length": ([0.5, 0.5], [], "a must have one mass per point"),
    "masses of rank 2": (np.ones((3, 1)) / 3, [], "a must have one mass per point"),
    "masses of no total": (np.zeros(3), np.zeros(3), "positive total mass"),
    "nan": ([np.nan, 0.5, 0.5], [], "same sum"),
    "negative masses": ([-1, 1, 1], [], "a must have finite masses >= 0"),
}


@pytest.mark.parametrize(("a", "b", "message"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("function", [compat.emd, compat.emd2])
def test_bad_masses(function, a, b, message):
    with pytest.raises(ValueError, match=message):
        function(a, b, np.eye(3))


@pytest.mark.parametrize("function", [compat.emd, compat.emd2, lambda a, b, M: compat.solve(M)])
def test_bad_costs(function):
    with pytest.raises(ValueError, match=r"must have shape \(n, m\)"):
        function([], [], np.zeros(3))
    with pytest.raises(ValueError, match="nan"):
        function([], [], np.full((2, 2), np.nan))
    with pytest.raises(TypeError, match="real numbers"):
        function([], [], np.eye(2) * 1j)


def test_misuse_is_an_error_of_both_packages():
    """Code that was written for POT catches AssertionError."""
    for error in (ValueError, AssertionError):
        with pytest.raises(error):
            compat.emd([0.5, 0.5], [], np.eye(3))
    for error in (ValueError, NotImplementedError):
        with pytest.raises(error):
            compat.solve(np.eye(3), reg=1.0)


def test_forbidden_pairs():
    inf = np.inf
    plan = compat.emd([], [], [[1, inf], [2, 3]])
    np.testing.assert_array_equal(plan, np.eye(2) / 2)
    with pytest.warns(UserWarning, match="infeasible"):
        plan, log = compat.emd([], [], [[inf, 1], [inf, 2]], log=True)
    assert log["result_code"] == 0
    assert "infeasible" in log["warning"]
    assert log["cost"] == inf
    assert not plan.any()


def test_sparse_costs_forbid_what_they_leave_out():
    dense = np.array([[1.0, np.inf, 2.0], [np.inf, 0.0, 1.0], [3.0, 5.0, np.inf]])
    rows, cols = np.nonzero(np.isfinite(dense))
    # The zero cost is stored; the first entry is stored as a sum of two.
    entries = np.concatenate([[0.25], dense[rows, cols]])
    entries[1] -= 0.25
    M = sparse.coo_array(
        (entries, (np.concatenate([[0], rows]), np.concatenate([[0], cols]))), shape=(3, 3)
    )
    plan, log = compat.emd([], [], M, log=True)
    assert sparse.issparse(plan)
    np.testing.assert_array_equal(plan.toarray(), compat.emd([], [], dense))
    assert compat.emd2([], [], M.tocsr()) == compat.emd2([], [], dense) == log["cost"]
    assert M.nnz == 7  # the argument is left alone


def test_parameters_without_effect():
    M = compat.dist(*samples(5, 5, 2))
    start = (np.zeros(5), np.zeros(5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = compat.emd2([], [], M)
        options = {"numItermax": 10**9, "numThreads": "max", "potentials_init": start}
        assert compat.emd2([], [], M, 2, **options) == expected
        np.testing.assert_array_equal(compat.emd([], [], M, **options), compat.emd([], [], M))
    for function in (compat.emd, compat.emd2):
        with pytest.warns(UserWarning, match="numItermax=1 has no effect"):
            function([], [], M, numItermax=1)


@needs_dense_masses
@pytest.mark.parametrize(("n", "m"), [(1, 4), (7, 5), (30, 50)])
def test_any_masses_agree_with_pot(n, m):
    M, (a, b) = compat.dist(*samples(n, m, 2)), masses(n, m)
    plan, log = compat.emd(a, b, M, log=True)
    assert log["cost"] == relatively(ot.emd2(a, b, M))
    assert_plan(plan, a, b)
    assert np.sum(plan * M) == relatively(log["cost"])
    assert_potentials(log, a, b, M)
    assert compat.emd2(a, b, M) == log["cost"]
    assert compat.solve(M, a, b).value == log["cost"]


@needs_dense_masses
def test_zero_masses_have_feasible_potentials():
    M, (a, b) = compat.dist(*samples(12, 9, 2)), masses(12, 9)
    a[::3] = b[::4] = 0
    plan, log = compat.emd(a, b, M, log=True, check_marginals=False)
    b *= a.sum() / b.sum()
    assert_plan(plan, a, b)
    assert_potentials(log, a, b, M)


@needs_dense_masses
def test_gaussian_histograms_against_the_closed_form():
    """The monotone map of two Gaussians of different width: W_2^2 = (m - m')^2 + (s - s')^2."""
    x = np.arange(300.0)
    a, b = (
        np.exp(-((x - mean) ** 2) / (2 * width**2)) for mean, width in ((120, 12.0), (170, 18.0))
    )
    a, b = a / a.sum(), b / b.sum()
    M = compat.dist(x[:, None], x[:, None])
    assert compat.emd2(a, b, M) == pytest.approx(50**2 + 6**2, rel=1e-3)
    targets = np.stack([b, a, np.roll(a, 40)], axis=1)
    assert compat.emd2(a, targets, M) == [
        relatively(ot.emd2(a, b, M)),
        pytest.approx(0, abs=1e-12),
        pytest.approx(1600, rel=1e-9),
    ]


# --- on a line ------------------------------------------------------------------------------------

METRICS = [("sqeuclidean", 1), ("euclidean", 1), ("cityblock", 3), ("minkowski", 1.5)]


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 6), (20, 20), (13, 30)])
@pytest.mark.parametrize(("metric", "p"), METRICS)
@pytest.mark.parametrize("column", [False, True])
def test_lines_agree_with_pot(n, m, metric, p, column):
    x, y = (cloud if column else cloud.ravel() for cloud in samples(n, m, 1))
    for a, b in ((None, None), ([], []), masses(n, m)):
        plan, log = compat.emd_1d(x, y, a, b, metric, p, log=True)
        theirs, their_log = ot.emd_1d(x, y, a, b, metric, p, log=True)
        np.testing.assert_allclose(plan, theirs, atol=1e-14)
        assert log["cost"] == relatively(float(their_log["cost"]))
        assert set(log) == set(their_log)
        assert compat.emd2_1d(x, y, a, b, metric, p) == log["cost"]
        thin, log = compat.emd_1d(x, y, a, b, metric, p, dense=False, log=True)
        np.testing.assert_array_equal(thin.toarray(), plan)
        assert thin.nnz <= n + m - 1
        np.testing.assert_array_equal(log["perms_x_a"], thin.row)
        np.testing.assert_array_equal(log["perms_x_b"], thin.col)
        cost, log = compat.emd2_1d(x, y, a, b, metric, p, log=True)
        assert cost == compat.emd2_1d(x, y, a, b, metric, p)
        np.testing.assert_array_equal(log["G"], plan)


def test_lines_of_float32():
    x, y = (cloud.astype(np.float32) for cloud in samples(6, 6, 1))
    assert compat.emd_1d(x, y).dtype == ot.emd_1d(x, y).dtype == np.float32
    assert compat.wasserstein_1d(x, y).dtype == ot.wasserstein_1d(x, y).dtype == np.float32
    assert compat.emd_1d(x.astype(int), y).dtype == np.float64


def test_concave_powers_are_not_monotone():
    """POT's plan is the monotone one: 1/2 (1 + 1). Best: the common point stays."""
    cost = compat.emd2_1d([0, 1], [1, 2], metric="minkowski", p=0.5)
    assert cost == pytest.approx(2**0.5 / 2, rel=1e-15)


def test_bad_lines():
    x, y = samples(4, 5, 2)
    with pytest.raises(AssertionError, match=r"x_a must have shape \(n,\) or \(n, 1\)"):
        compat.emd_1d(x, y)
    with pytest.raises(ValueError, match="metric must be one of"):
        compat.emd2_1d(x[:, 0], y[:, 0], metric="cosine")
    with pytest.raises(AssertionError, match="same sum"):
        compat.emd_1d([0, 1], [0, 1], [1, 1], [1, 2])
    scaled = compat.emd_1d([0, 1], [0, 1], [1, 1], [1, 3], check_marginals=False)
    np.testing.assert_allclose(scaled, [[0.5, 0.5], [0, 1]])


@pytest.mark.parametrize("p", [1, 2, 3.5])
@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3)])
def test_batched_distances(p, shape):
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=(20, *shape)), rng.normal(size=(35, *shape))
    for weights in (
        (None, None),
        masses(20, 35),
        tuple(w / w.sum(axis=0) for w in (rng.random(u.shape), rng.random(v.shape))),
    ):
        ours = compat.wasserstein_1d(u, v, *weights, p=p)
        assert np.shape(ours) == shape
        # POT documents any batch, and serves one axis.
        flat = [w if w is None or w.ndim == 1 else w.reshape(len(w), -1) for w in weights]
        theirs = ot.wasserstein_1d(u.reshape(20, -1), v.reshape(35, -1), *flat, p=p)
        np.testing.assert_allclose(np.ravel(ours), theirs, rtol=1e-9)


def test_batched_distances_and_their_plans():
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=(6, 3)), rng.normal(size=(4, 3))
    a, b = masses(6, 4)
    costs, plans = compat.wasserstein_1d(u, v, a, b, p=2, return_plans=True)
    _, triplets = compat.wasserstein_1d(u, v, a, b, p=2, return_plans="coo_tuple")
    np.testing.assert_allclose(costs, compat.wasserstein_1d(u, v, a, b, p=2), rtol=1e-12)
    assert len(plans) == len(triplets) == 3
    for k, (plan, (data, rows, cols)) in enumerate(zip(plans, triplets, strict=True)):
        expected = ot.emd_1d(u[:, k], v[:, k], a, b)
        np.testing.assert_allclose(plan.toarray(), expected, atol=1e-14)
        np.testing.assert_array_equal(plan.data, data)
        np.testing.assert_array_equal(plan.row, rows)
        np.testing.assert_array_equal(plan.col, cols)
    one, (plan,) = compat.wasserstein_1d(u[:, 0], v[:, 0], a, b, p=2, return_plans=True)
    assert one == costs[0]
    np.testing.assert_array_equal(plan.toarray(), plans[0].toarray())


BAD_BATCHES = {
    "p": (([0.0], [1.0]), {"p": 0.5}, "p must be at least 1"),
    "shapes": ((np.zeros((3, 2)), np.zeros((3, 4))), {}, "agree beyond the first axis"),
    "weights": ((np.zeros((3, 2)), np.zeros((3, 2)), np.ones(2)), {}, "u_weights must have shape"),
    "totals": (([0.0], [1.0], [1.0], [2.0]), {}, "total masses"),
    "plans": (([0.0], [1.0]), {"return_plans": "csr"}, "return_plans must be"),
    "empty": (([], [1.0]), {}, "u_values must have at least one"),
}


@pytest.mark.parametrize(("arguments", "options", "message"), BAD_BATCHES.values(), ids=BAD_BATCHES)
def test_bad_batches(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        compat.wasserstein_1d(*arguments, **options)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 10**6), st.booleans())
@settings(max_examples=30)
def test_random_lines_agree_with_pot(n, m, seed, ties):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=n), rng.normal(size=m)
    if ties:
        x, y = np.round(x), np.round(y)
    a, b = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    ours, theirs = compat.emd2_1d(x, y, a, b), ot.emd2_1d(x, y, a, b)
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-14)
    assert compat.wasserstein_1d(x, y, a, b, p=2) == pytest.approx(ours, rel=1e-12, abs=1e-14)


# --- solve and solve_sample -----------------------------------------------------------------------


def assert_results_agree(ours, theirs, M):
    """Plans by their cost: another may be as good."""
    assert ours.value == ours.value_linear == relatively(float(theirs.value))
    assert np.sum(ours.plan * M) == relatively(
        ours.value, 1e-6 if ours.plan.itemsize == 4 else 1e-9
    )
    np.testing.assert_allclose(ours.sparse_plan.toarray(), ours.plan, atol=0)
    for mine, other in zip(ours.marginals, theirs.marginals, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12)
    np.testing.assert_array_equal(ours.marginals[0], ours.marginal_a)
    np.testing.assert_array_equal(ours.marginals[1], ours.marginal_b)
    assert ours.potentials[0] is ours.potential_a
    assert ours.potentials[1] is ours.potential_b
    assert ours.status == theirs.status == "Converged"
    for name in ("value_quad", "lazy_plan", "log"):
        assert getattr(ours, name) is getattr(theirs, name) is None


def test_results_have_pot_s_attributes():
    theirs = {name for name in dir(ot.utils.OTResult) if not name.startswith("_")}
    ours = dir(compat.solve(np.eye(2)))
    # Displacements are not implemented in POT either; whom to cite is POT's own.
    assert theirs - set(ours) == {"a_to_b", "b_to_a", "citation"}


@pytest.mark.parametrize("masses_of", [None, np.float64, np.float32])
def test_solve(masses_of):
    M = compat.dist(*samples(15, 15, 2)) + 1
    a = None if masses_of is None else compat.unif(15).astype(masses_of)
    ours = compat.solve(M, a, a)
    assert_results_agree(ours, ot.solve(M, a, a), M)
    assert ours.plan.dtype == ours.potential_a.dtype == (masses_of or np.float64)
    uniform = compat.unif(15)
    assert uniform @ ours.potential_a == pytest.approx(uniform @ ours.potential_b, rel=1e-6)
    assert ours.solution.relative_gap <= 1e-9
    assert "Converged" in repr(ours)


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock", "chebyshev", "cosine"])
@pytest.mark.parametrize("lazy", [False, True])
def test_solve_sample(metric, lazy):
    x, y = samples(25, 25, 3)
    ours = compat.solve_sample(x, y, metric=metric, lazy=lazy)
    assert_results_agree(ours, ot.solve_sample(x, y, metric=metric), ot.dist(x, y, metric))


@needs_cloud_masses
@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock"])
def test_solve_sample_with_any_masses(metric):
    x, y = samples(20, 31, 3)
    a, b = masses(20, 31)
    ours = compat.solve_sample(x, y, a, b, metric=metric)
    assert_results_agree(ours, ot.solve_sample(x, y, a, b, metric=metric), ot.dist(x, y, metric))


def test_balanced_by_other_names():
    """POT: reg=0 is no regularisation, an infinite penalty is a hard constraint."""
    M = compat.dist(*samples(5, 5, 2))
    expected = compat.solve(M).value
    assert compat.solve(M, reg=0).value == expected
    assert compat.solve(M, unbalanced=np.inf).value == expected
    assert compat.solve(M, unbalanced=(np.inf, np.inf)).value == expected


REFUSED = {
    "reg": ({"reg": 0.1}, "monge.sinkhorn"),
    "unbalanced": ({"unbalanced": 1.0}, "unbalanced must be None"),
    "semi-relaxed": ({"unbalanced": (1.0, np.inf)}, "unbalanced must be None"),
    "method": ({"method": "sinkhorn"}, "method must be None"),
}
REFUSED_SAMPLES = {
    **REFUSED,
    "debias": ({"debias": True}, "monge.sinkhorn_divergence"),
    "scaler": ({"scaler": 2.0}, "scaler must be None"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED_SAMPLES.values(), ids=REFUSED_SAMPLES)
def test_what_is_not_exact_is_refused(options, message):
    x, y = samples(4, 4, 2)
    with pytest.raises(NotProvided, match=message):
        compat.solve_sample(x, y, **options)
    if not {"debias", "scaler"} & set(options):
        with pytest.raises(NotProvided, match=message):
            compat.solve(compat.dist(x, y), **options)


def test_infeasible_results_say_so():
    result = compat.solve([[np.inf, 1], [np.inf, 2]])
    assert result.value == np.inf
    assert "infeasible" in result.status


# --- dist and unif --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"metric": "euclidean"},
        {"metric": "cityblock"},
        {"metric": "minkowski"},
        {"metric": "minkowski", "p": 3},
        {"metric": "minkowski", "p": 1.5, "w": np.array([1.0, 2.0, 0.5])},
        {"metric": "cosine"},
        {"metric": "correlation"},
        {"metric": "canberra"},
        {"metric": "sqeuclidean", "backend": "scipy", "w": np.array([1.0, 2.0, 0.5])},
        {"metric": lambda u, v: np.abs(u - v).max()},
    ],
    ids=lambda options: "-".join(options) + str(options.get("metric", ""))[:11],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_distances_agree_with_pot(options, dtype):
    x, y = (cloud.astype(dtype) for cloud in samples(9, 7, 3))
    for second in (y, None):
        ours, theirs = compat.dist(x, second, **options), ot.dist(x, second, **options)
        assert ours.dtype == dtype
        tolerance = 1e-12 if dtype == np.float64 else 1e-5
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=10 * tolerance)


def test_distances_far_from_the_origin():
    x, y = samples(5, 5, 3)
    x, y = np.round(x, 3) + 2.0**27, np.round(y, 3) + 2.0**27
    np.testing.assert_array_equal(compat.dist(x, y), compat.dist(x - 2.0**27, y - 2.0**27))


def test_weights_that_a_metric_cannot_use():
    x, y = samples(3, 3, 2)
    with pytest.raises(ValueError, match="w needs"):
        compat.dist(x, y, w=np.ones(2))


def test_unif():
    np.testing.assert_array_equal(compat.unif(4), ot.unif(4))
    assert compat.unif(3, type_as=np.zeros(2, np.float32)).dtype == np.float32


# --- partial transport ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["partial_wasserstein", "partial_wasserstein2"])
def test_signatures_of_partial_transport_are_pot_s(name):
    ours, theirs = getattr(compat, name), getattr(ot.partial, name)
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)


@pytest.mark.parametrize("m", [None, 0.0, 0.3, 0.9])
def test_partial_transport_agrees_with_pot(m):
    rng = np.random.default_rng(0)
    a, b, M = rng.random(20), rng.random(30), rng.random((20, 30))
    a, b = a / a.sum(), b / b.sum() * 1.5
    plan, log = compat.partial_wasserstein(a, b, M, m, log=True)
    moved = min(a.sum(), b.sum()) if m is None else m  # POT's default refuses unequal sums
    expected = np.sum(ot.partial.partial_wasserstein(a, b, M, moved) * M)
    assert log["partial_w_dist"] == pytest.approx(expected, rel=1e-9, abs=1e-15)
    assert plan.sum() == pytest.approx(1.0 if m is None else m)
    assert compat.partial_wasserstein2(a, b, M, m) == log["cost"]
    cost, entries = compat.partial_wasserstein2(a, b, M, m, log=True)
    assert cost == pytest.approx(np.sum(entries["T"] * M), rel=1e-12, abs=1e-15)
    assert (log["u"][:, None] + log["v"] <= M + 1e-12).all()


def test_partial_transport_refuses_what_it_cannot_do():
    M = np.ones((2, 2))
    with pytest.raises(ValueError, match="mass must be from 0"):
        compat.partial_wasserstein([], [], M, 1.5)
    with pytest.raises(compat.NotProvided, match="reg_m is not provided"):
        compat.partial_wasserstein([], [], M, reg_m=2)
    with pytest.raises(compat.Misuse, match="must leave a plan of mass 1"):
        compat.partial_wasserstein([], [], M * np.inf, 1)
    assert compat.partial_wasserstein([], [], M, 0.5, nb_dummies=3, numItermax=5).sum() == 0.5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_without_masses_results_have_the_type_of_the_costs(dtype):
    M = samples(5, 7, 2)[0][:, :1].astype(dtype) + np.arange(7, dtype=dtype)
    expected, log = ot.emd([], [], M, log=True)
    plan, ours = compat.emd([], [], M, log=True)
    assert plan.dtype == ours["u"].dtype == expected.dtype == log["u"].dtype == dtype
    assert compat.emd(None, None, M).dtype == compat.solve(M).plan.dtype == dtype
    assert compat.partial_wasserstein([], [], M, m=0.5).dtype == dtype


def test_other_names_of_pot_say_where_to_look():
    with pytest.raises(AttributeError, match=r"not 'sinkhorn'\. For entropic .* monge\.sinkhorn"):
        compat.sinkhorn([0.5, 0.5], [0.5, 0.5], np.eye(2), 1.0)
    assert not hasattr(compat, "sinkhorn2")
