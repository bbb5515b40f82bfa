"""Validators of critics and maps: what is certified, what is measured, what is refused."""

import json
import pickle
import sys

import monge
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from monge.critics import validate, validate_map
from monge.critics.ground import Ground
from monge.critics.maps import linear_map

COSTS = ["euclidean", "sqeuclidean", "cityblock", "chebyshev", ("euclidean_power", 1.5)]


def clouds(n=30, m=None, dim=2, seed=0, shift=2.0):
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(n, dim)), random.normal(size=(m or n, dim))
    y[:, 0] += shift
    return x, y


def network(dim, seed, scale):
    """A random function of points, of any scale."""
    random = np.random.default_rng(seed)
    first, second = random.normal(size=(dim, 8)), random.normal(size=8)
    return lambda points: scale * np.tanh(points @ first) @ second


@given(
    st.sampled_from(COSTS),
    st.integers(0, 10**6),
    st.integers(-14, 14),
    st.sampled_from([1, 2, 5]),
    st.sampled_from([0.0, 1e8]),
)
def test_weak_duality(cost, seed, exponent, dim, offset):
    """No critic proves more than the exact cost, of any scale, with any common offset."""
    x, y = clouds(12, dim=dim, seed=seed)
    phi, psi = (network(dim, seed + k, 10.0**exponent) for k in (1, 2))
    critic = (lambda p: phi(p) + offset, lambda p: psi(p) - offset)
    report = validate(critic, x, y, cost=cost)
    assert report.exact == monge.emd(x, y, cost=cost)
    assert report.certified <= report.exact + report.rounding
    assert report.trivial <= report.exact + report.rounding
    size = np.abs(phi(x)).max() + offset + report.exact + np.abs(psi(y)).max()
    assert report.rounding <= 1e-13 * max(1, size)
    assert report.gap == report.exact - report.certified


@given(st.sampled_from(COSTS), st.sampled_from([1e-12, 1.0, 1e12]), st.integers(0, 10**6))
def test_exact_potentials_prove_the_cost(cost, size, seed):
    x, y = clouds(15, seed=seed)
    x, y = size * x, size * y
    solution = monge.solve(x, y, cost=cost)
    bound = 1e-12 * solution.cost
    report = validate((solution.f, solution.g), x, y, cost=cost)
    assert abs(report.estimate - report.exact) <= bound
    assert abs(report.gap) <= bound
    assert report.relative_error == pytest.approx(0, abs=1e-12)
    assert report.slackness <= 1e-6 * solution.cost
    assert report.violations.max <= 1e-12 * np.abs(solution.f).max() + bound
    assert report.violations.fraction == 0


def test_certified_is_the_better_transform():
    x, y = clouds()
    phi, psi = network(2, 1, 1.0), network(2, 2, 1.0)
    report = validate((phi, psi), x, y, cost="euclidean")
    costs = np.linalg.norm(x[:, None] - y, axis=-1)
    of_phi = phi(x).mean() + (costs - phi(x)[:, None]).min(axis=0).mean()
    of_psi = psi(y).mean() + (costs - psi(y)).min(axis=1).mean()
    assert report.certified == pytest.approx(max(of_phi, of_psi), rel=1e-12)
    trivial = max(costs.min(axis=0).mean(), costs.min(axis=1).mean())
    assert report.trivial == pytest.approx(trivial, rel=1e-12)
    assert report.estimate == pytest.approx(phi(x).mean() + psi(y).mean(), rel=1e-12)
    relative = (report.estimate - report.exact) / report.exact
    assert report.relative_error == pytest.approx(relative)


@pytest.mark.parametrize("sizes", [(30, 20), (1, 15), (12, 1)])
@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean"])
def test_unequal_batches(sizes, cost):
    x, y = clouds(*sizes)
    solution = monge.solve(x, y, cost=cost)
    random = validate((network(2, 1, 5.0), network(2, 2, 5.0)), x, y, cost=cost)
    assert random.certified <= random.exact + random.rounding
    report = validate((solution.f, solution.g), x, y, cost=cost, reference=y[:1] + 1)
    assert report.exact == solution.cost
    assert abs(report.gap) <= 1e-12 * solution.cost
    assert report.floor == monge.emd(y[:1] + 1, y, cost=cost)
    assert (report.n, report.m) == sizes


def test_reports_are_pickled_without_the_critic():
    report = validate(lambda p: p[:, 0], *clouds(), cost="euclidean")
    again = pickle.loads(pickle.dumps(report))
    assert again == report
    with pytest.raises(ValueError, match="no critic to draw"):
        again.plot()


def test_violations_over_all_pairs():
    x, y = clouds(20)
    phi, psi = network(2, 1, 3.0), network(2, 2, 3.0)
    report = validate((phi, psi), x, y, cost="sqeuclidean", scale=0.5)
    excess = phi(x)[:, None] + psi(y) - np.square(x[:, None] - y).sum(-1) / 2
    assert excess.max() > 0
    assert report.violations.max == pytest.approx(excess.max())
    assert report.violations.mean == pytest.approx(np.maximum(excess, 0).mean())
    assert report.violations.fraction == pytest.approx((excess > 0).mean())
    assert report.interpolated_violations.max > 0


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_translation_for_the_squared_cost(offset):
    """y = x + v: phi(x) = -v.x, psi(y) = v.y - |v|^2 / 2 are exact for |x - y|^2 / 2."""
    x, _ = clouds(40, seed=3)
    v = np.array([2.0, -1.0])
    critic = (lambda p: -(p - offset) @ v, lambda p: (p - offset) @ v - v @ v / 2)
    x = x + offset
    tolerance = 1e-9 if offset == 0 else 1e-5
    report = validate(critic, x, x + v, cost="sqeuclidean", scale=0.5)
    assert report.exact == pytest.approx(v @ v / 2, rel=tolerance)
    assert report.relative_error == pytest.approx(0, abs=tolerance)
    assert report.cosine == pytest.approx(1, abs=1e-9)
    assert report.cosine_mean == pytest.approx(1, abs=1e-9)
    assert report.equality_residual == pytest.approx(0, abs=tolerance)
    assert report.gradient_norm.p50 == pytest.approx(np.sqrt(5), rel=1e-6)
    assert report.lipschitz.max <= np.sqrt(5) * (1 + 1e-6)


@pytest.mark.parametrize("power", [1.5, 3.0])
def test_equality_for_other_powers(power):
    """c = |x - y|^p / p and y = x + v: the gradient's map is the translation."""
    x, _ = clouds(25, seed=5)
    v = np.array([1.0, 2.0])
    slope = np.linalg.norm(v) ** (power - 2) * v
    least = np.linalg.norm(v) ** power / power
    critic = (lambda p: -p @ slope, lambda p: (p - v) @ slope + least)
    cost = ("euclidean_power", power)
    report = validate(critic, x, x + v, cost=cost, scale=1 / power)
    assert report.equality_residual == pytest.approx(0, abs=1e-8)
    assert report.exact == pytest.approx(least)
    assert report.relative_error == pytest.approx(0, abs=1e-9)


def test_one_function():
    x, y = clouds(30, shift=5.0)
    report = validate(lambda p: -p[:, 0], x, y, cost="euclidean")
    assert report.estimate == pytest.approx(y[:, 0].mean() - x[:, 0].mean())
    assert report.lipschitz.max <= 1 + 1e-12
    assert report.cosine > 0.9
    assert report.equality_residual is None
    # The other way round it is told.
    turned = validate(lambda p: p[:, 0], x, y, cost="euclidean")
    assert turned.estimate == -report.estimate
    assert any("negative" in note for note in turned.notes)
    # Not a metric: its partner is the transform over the batch, so that the estimate is certified.
    squared = validate(network(2, 1, 1.0), x, y, cost="sqeuclidean")
    assert squared.estimate <= squared.certified + squared.rounding
    assert squared.violations.max <= squared.rounding


def test_functions_of_two_batches():
    x, y = clouds()
    phi, psi = network(2, 1, 1.0), network(2, 2, 1.0)

    class Pair:
        def phi(self, points):
            return phi(points)

        def psi(self, points):
            return psi(points)[:, None]

    reports = [
        validate(critic, x, y, cost="euclidean").to_dict()
        for critic in ((phi, psi), lambda u, v: (phi(u), psi(v)), Pair())
    ]
    assert reports[0] == reports[1] == reports[2]


def test_floor_needs_a_reference():
    random = np.random.default_rng(0)
    x, y, reference = random.normal(size=(3, 50, 2))
    x = x + 3
    report = validate(lambda p: -p[:, 0], x, y, cost="euclidean", reference=reference)
    assert report.floor == monge.emd(reference, y)
    assert 0 < report.floor_sd < report.floor
    assert report.displacement_over_floor == report.exact / report.floor > 3
    assert validate(lambda p: -p[:, 0], x, y, cost="euclidean").floor is None
    near = validate(lambda p: p[:, 0], y, reference, cost="euclidean", reference=y)
    assert any("noise" in note for note in near.notes)
    again = validate(lambda p: -p[:, 0], x, y, cost="euclidean", reference=reference)
    assert again.to_json() == report.to_json()
    alone = validate(lambda p: p[:, 0], x, y, cost="euclidean", reference=reference, bootstrap=0)
    assert alone.floor == report.floor
    assert alone.floor_sd is None


def test_hard_inputs():
    one = np.array([[1.0, 2.0]])
    report = validate(lambda p: p[:, 0], one, one, cost="euclidean")
    assert (report.exact, report.relative_error, report.lipschitz) == (0, 0, None)
    assert report.cosine is None
    json.loads(report.to_json())
    str(report)
    tied = np.zeros((6, 3))
    report = validate(lambda p: p.sum(1) + 1, tied, tied, cost="sqeuclidean")
    assert report.exact == 0
    claims = validate((lambda p: p[:, 0] + 5, lambda p: p[:, 0]), one, one, cost="euclidean")
    assert claims.relative_error == np.inf
    assert json.loads(claims.to_json())["relative_error"] is None
    x, y = clouds(20)
    strided = np.asfortranarray(np.repeat(x, 2, axis=0))[::2]
    expected = validate(network(2, 0, 1.0), x, y, cost="euclidean")
    assert validate(network(2, 0, 1.0), strided, y, cost="euclidean") == expected
    single = validate(network(2, 0, 1.0), x.astype("f4"), y.astype("f4"), cost="euclidean")
    assert single.exact == pytest.approx(expected.exact, rel=1e-6)
    many = validate(network(2, 0, 1.0), x, y, cost="euclidean", threads=2)
    assert many == validate(network(2, 0, 1.0), x, y, cost="euclidean", threads=1)


def test_images_are_flattened_for_the_cost():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 10, 3, 4, 4))
    report = validate(lambda p: p.sum(axis=(1, 2, 3)), x, y, cost="euclidean")
    assert report.dimension == 48
    assert report.exact == monge.emd(x.reshape(10, -1), y.reshape(10, -1))
    assert report.gradient_of == "differences"
    flat = np.random.default_rng(0).normal(size=(2, 5, 70))
    report = validate(lambda p: p.sum(1), *flat, cost="euclidean")
    assert (report.gradient_of, report.gradient_norm, report.cosine) == ("none", None, None)


def test_functions_of_arrays_take_tensors_too():
    """What NumPy computes has no autograd graph: values are right, and slopes are differences."""
    torch = pytest.importorskip("torch")
    x, y = clouds(20)
    plain = network(2, 0, 1.0)
    expected = validate(plain, x, y, cost="euclidean")
    tensors = torch.tensor(x), torch.tensor(y)
    leaves = (
        lambda p: plain(np.asarray(p)),  # refuses tensors that require gradients
        lambda p: plain(p.detach().numpy()),
        lambda p: torch.as_tensor(plain(p.detach().numpy())),
        lambda p: plain(p.detach().numpy()).tolist(),
    )
    for critic in leaves:
        report = validate(critic, *tensors, cost="euclidean")
        assert report.gradient_of == "differences"
        assert report.estimate == expected.estimate
        assert report.cosine == pytest.approx(expected.cosine, abs=1e-6)
    single = validate(leaves[1], *(one.float() for one in tensors), cost="euclidean")
    assert single.cosine == pytest.approx(expected.cosine, abs=1e-3)


def test_inference_mode_hides_no_gradient():
    torch = pytest.importorskip("torch")
    x, y = (torch.tensor(one) for one in clouds(20))
    critic = torch.nn.Linear(2, 1).double()
    expected = validate(critic, x, y, cost="euclidean")
    with torch.inference_mode():
        assert validate(critic, x, y, cost="euclidean") == expected
    assert expected.gradient_norm.max == pytest.approx(float(critic.weight.detach().norm()))


@pytest.mark.parametrize(
    ("critic", "error", "reason"),
    [
        (3, TypeError, "critic must be a function"),
        ((np.zeros(30), np.zeros(3)), ValueError, "array psi must hold one finite number per"),
        ((np.sum,), TypeError, r"pair of functions \(phi, psi\)"),
        (lambda p: p, ValueError, "critic must return one number per point"),
        (lambda p: p[:, 0] * np.nan, ValueError, "critic must return finite numbers"),
        (lambda p: p[:3, 0], ValueError, r"\(30,\) or \(30, 1\); got shape \(3,\)"),
        (lambda p: p[:, 0] + 1j, TypeError, "critic must return real numbers; got dtype complex"),
    ],
)
def test_refused_critics(critic, error, reason):
    with pytest.raises(error, match=reason):
        validate(critic, *clouds(), cost="euclidean")


def test_a_critic_that_writes_to_its_points_changes_nothing():
    def careful(points):
        return -(points[:, 0] - 1)

    def careless(points):
        points -= 1
        return -points[:, 0]

    x, y = clouds()
    kept = x.copy(), y.copy()
    expected = validate(careful, x, y, cost="euclidean")
    assert validate(careless, x, y, cost="euclidean").to_json() == expected.to_json()
    np.testing.assert_array_equal((x, y), kept)


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        ({"cost": "taxi"}, ValueError, "cost must be one of"),
        ({"scale": 0}, ValueError, "scale must be a positive finite number; got 0"),
        ({"bootstrap": -1}, ValueError, "bootstrap must be a whole number"),
        ({"x": np.zeros(3)}, ValueError, r"x must have shape \(n, d\)"),
        ({"x": np.zeros((0, 2))}, ValueError, "at least one point"),
        ({"x": np.full((30, 2), np.nan)}, ValueError, "x must be finite"),
        ({"x": np.full((30, 2), "a")}, TypeError, "x must hold real numbers"),
        ({"y": np.zeros((30, 3))}, ValueError, r"y must have points of x's shape, \(2,\)"),
        ({"reference": np.zeros((30, 3))}, ValueError, "reference must have points of y's shape"),
    ],
)
def test_refused_arguments(change, error, reason):
    x, y = clouds()
    arguments = {"x": x, "y": y, "cost": "euclidean"} | change
    with pytest.raises(error, match=reason):
        validate(lambda p: p[:, 0], **arguments)


@pytest.mark.parametrize("cost", COSTS)
def test_ground_costs_are_the_core_s(cost):
    x, y = clouds(1, dim=3)
    ground = Ground.parse(cost, 1.0)
    assert ground.between(x, y)[0] == pytest.approx(monge.emd(x, y, cost=cost), rel=1e-14)
    ((_, block),) = ground.rows(x, y)
    assert block[0, 0] == ground.between(x, y)[0]


def test_table_and_json():
    x, y = clouds(30, shift=5.0)
    report = validate(lambda p: -p[:, 0], x, y, cost="euclidean", reference=y + 0.1)
    rows = {line[:16].strip(): line[16:] for line in str(report).splitlines()}
    assert rows["exact"] == f"{report.exact:.6g}"
    assert rows["estimate"] == f"{report.estimate:.6g}"
    assert "% of exact" in rows["certified"]
    assert rows["points"] == "30 to 30, dimension 2, cost euclidean"
    assert json.loads(report.to_json()) == json.loads(json.dumps(report.to_dict()))
    assert json.loads(report.to_json())["violations"]["max"] == report.violations.max


def test_json_file_and_picture(tmp_path):
    pytest.importorskip("matplotlib")
    x, y = clouds(30)
    report = validate(network(2, 0, 1.0), x, y, cost="euclidean")
    report.to_json(tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text()) == report.to_dict()
    for cost in ("euclidean", "sqeuclidean"):
        figure = validate(network(2, 0, 1.0), x, y, cost=cost).plot()
        heat, arrows = figure.axes[0].collections[0], figure.axes[0].collections[-1]
        assert heat.get_array().size == 80 * 80
        assert arrows.N == 30
        figure.savefig(tmp_path / "critic.png")
    figure = validate(network(3, 0, 1.0), *clouds(9, dim=3), cost="euclidean").plot()
    assert figure.axes[0].get_xlabel() == "exact phi, centred"


def test_maps_with_closed_forms():
    random = np.random.default_rng(0)
    matrix = np.array([[2.0, 0.5], [0.5, 1.0]])  # symmetric and positive: the gradient of a convex
    x = random.normal(size=(60, 2))
    y = x @ matrix + [3, 0]
    report = validate_map(lambda p: p @ matrix + [3, 0], x, y)
    assert report.against == "discrete map"
    assert report.uvp == pytest.approx(0, abs=1e-20)
    assert report.cosine == pytest.approx(1)
    assert report.transport_cost == pytest.approx(report.optimal_cost)
    assert report.image_cost == pytest.approx(0, abs=1e-20)
    # Affine data: the linear baseline is the optimal map; the constant one has 100 %.
    assert report.linear.uvp == pytest.approx(0, abs=1e-15)
    assert report.constant.uvp == pytest.approx(100)
    assert report.identity.cost == 0
    shift = np.square(y - x).sum(1).mean()
    assert report.identity.uvp == pytest.approx(100 * shift / y.var(axis=0).sum())
    known = validate_map(lambda p: p, x, y, true_map=lambda p: p @ matrix + [3, 0])
    assert known.against == "true map"
    assert known.uvp == pytest.approx(report.identity.uvp)
    assert known.cosine is None
    assert "true map" in str(known)
    json.loads(known.to_json())


def test_linear_map_carries_covariances():
    random = np.random.default_rng(1)
    x = random.normal(size=(40, 3)) @ random.normal(size=(3, 3))
    y = random.normal(size=(50, 3)) @ random.normal(size=(3, 3)) + 1
    image = linear_map(x, y)
    np.testing.assert_allclose(image.mean(axis=0), y.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(np.cov(image.T, bias=True), np.cov(y.T, bias=True), atol=1e-10)


def test_refused_maps():
    x, y = clouds()
    with pytest.raises(ValueError, match=r"transport must return finite points of shape \(30, 2\)"):
        validate_map(lambda p: p[:, 0], x, y)
    with pytest.raises(TypeError, match="transport must be a function of points; got NoneType"):
        validate_map(None, x, y)
    with pytest.raises(TypeError, match="true_map must be a function of points; got int"):
        validate_map(lambda p: p, x, y, true_map=3)
    with pytest.raises(ValueError, match="y must not be one point"):
        validate_map(lambda p: p, x, np.zeros_like(y))
    with pytest.raises(ValueError, match="y must have points of x's shape"):
        validate_map(lambda p: p, x, np.zeros((30, 3)))


class TestTorch:
    """The same with torch modules and tensors."""

    @pytest.fixture
    def torch(self):
        torch = pytest.importorskip("torch")
        torch.set_num_threads(1)
        torch.manual_seed(0)
        return torch

    def test_modules(self, torch):
        x, y = clouds(25)
        net = torch.nn.Sequential(
            torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Dropout(0.5), torch.nn.Linear(16, 1)
        ).double()
        report = validate(net, x, y, cost="euclidean")
        assert net.training
        assert report.gradient_of == "autograd"
        assert all(parameter.grad is None for parameter in net.parameters())
        # The same function of arrays, whose slopes are differences.
        weights = [p.detach().numpy() for p in net.parameters()]

        def function(p):
            return np.tanh(p @ weights[0].T + weights[1]) @ weights[2].T + weights[3]

        expected = validate(function, x, y, cost="euclidean")
        for name in ("estimate", "certified", "cosine", "cosine_mean", "slackness"):
            assert getattr(report, name) == pytest.approx(getattr(expected, name), rel=1e-7)
        assert report.gradient_norm.p50 == pytest.approx(expected.gradient_norm.p50, rel=1e-7)

    def test_tensors(self, torch):
        x, y = (torch.as_tensor(cloud, dtype=torch.float32) for cloud in clouds(25))
        report = validate(lambda p: -p[:, 0], x, y, cost="euclidean", reference=y + 1)
        assert report.gradient_norm.max == 1
        assert report.violations.tolerance > 1e-7  # the rounding of float32
        constant = validate(lambda p: p[:, 0] * 0 + 1, x, y, cost="euclidean")
        assert constant.certified == constant.trivial
        assert constant.gradient_norm.max == 0
        assert any("no more than no critic" in note for note in constant.notes)
        half = validate(lambda p: p[:, 0].bfloat16(), x, y, cost="euclidean")
        assert half.exact == report.exact

    def test_arrays_in_and_tensors_out(self, torch):
        """A function that lifts arrays itself, and returns what still has a graph."""
        x, y = clouds(25)
        slope = torch.tensor([-1.0, 0.0], dtype=torch.float64, requires_grad=True)
        report = validate(lambda p: torch.as_tensor(p) @ slope, x, y, cost="euclidean")
        assert report.to_dict() == validate(lambda p: -p[:, 0], x, y, cost="euclidean").to_dict()

    def test_maps(self, torch):
        x, y = clouds(25)
        net = torch.nn.Linear(2, 2).double()
        report = validate_map(net, x, y)
        weight, bias = (p.detach().numpy() for p in net.parameters())
        assert report.to_dict() == validate_map(lambda p: p @ weight.T + bias, x, y).to_dict()


def test_torch_is_not_imported():
    import subprocess

    code = (
        "import sys, numpy as np, monge.critics as c\n"
        "c.validate(lambda p: p[:, 0], np.zeros((2, 2)), np.ones((2, 2)), cost='euclidean')\n"
        "print({'torch', 'matplotlib', 'scipy'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
