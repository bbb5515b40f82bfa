"""Sinkhorn's divergence in torch: values, envelope gradients, GeomLoss's convention."""

import math

import monge
import numpy as np
import pytest
from grading import ground_costs

torch = pytest.importorskip("torch")

import monge.torch as mt  # noqa: E402
from monge.compat.geomloss import SamplesLoss  # noqa: E402
from monge.torch import ops  # noqa: E402

HOW = "{'rtol': 1e-6, 'max_iterations': 10000, 'threads': 1, 'time_limit': None}"


def clouds(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_()


def entropic_by_numpy(costs, a, b, epsilon, steps=1000):
    """The regularised optimum by plain alternation in the log domain."""
    f, g = np.zeros(len(a)), np.zeros(len(b))
    for _ in range(steps):
        f = -epsilon * np.logaddexp.reduce(np.log(b) + (g - costs) / epsilon, axis=1)
        g = -epsilon * np.logaddexp.reduce(
            np.log(a)[:, None] + (f[:, None] - costs) / epsilon, axis=0
        )
    return f @ a + g @ b


def divergence_by_numpy(x, y, a, b, epsilon, cost):
    points = [one.detach().numpy() for one in (x, y)]
    masses = [np.full(len(one), 1 / len(one)) if w is None else w for one, w in ((x, a), (y, b))]
    value = 0.0
    for i, j, factor in ((0, 1, 1.0), (0, 0, -0.5), (1, 1, -0.5)):
        costs = ground_costs(points[i], points[j], cost)
        value += factor * entropic_by_numpy(costs, masses[i], masses[j], epsilon)
    return value


@pytest.mark.parametrize("cost", ["sqeuclidean", "euclidean", "cityblock"])
def test_the_value_is_the_definition(cost):
    x, y = clouds(2, 7, 2), clouds(2, 5, 2, seed=1)
    value = mt.sinkhorn_divergence(x, y, epsilon=0.5, cost=cost)
    for k in range(2):
        expected = divergence_by_numpy(x[k], y[k], None, None, 0.5, cost)
        assert math.isclose(value[k].item(), expected, rel_tol=1e-6)  # of rtol 1e-6
    points = x.detach().numpy(), y.detach().numpy()
    arrays = monge.sinkhorn_divergence(*points, epsilon=0.5, cost=cost)
    np.testing.assert_allclose(value.detach(), arrays, rtol=1e-10)


@pytest.mark.parametrize("cost", ["sqeuclidean", "euclidean", ("euclidean_power", 1.5)])
@pytest.mark.parametrize("debias", [True, False])
def test_envelope_gradients(cost, debias):
    x, y = clouds(1, 4, 2), clouds(1, 3, 2, seed=1)
    a, b = clouds(1, 4, seed=2), clouds(1, 3, seed=3)

    def loss(x, y, a, b):
        masses = a.softmax(-1), b.softmax(-1)
        return mt.sinkhorn_divergence(
            x, y, *masses, epsilon=1.0, cost=cost, debias=debias, rtol=1e-11
        )

    assert torch.autograd.gradcheck(loss, (x, y, a, b), atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, within its tracer
def test_the_operator_is_registered_as_torch_wants_it():
    x, y = clouds(2, 4, 2, dtype=torch.float32), clouds(2, 3, 2, seed=1, dtype=torch.float32)
    arguments = (x, y, None, None, None, torch.tensor([3, 1]), "sqeuclidean", 1.0, 0.5, False, HOW)
    assert set(torch.library.opcheck(ops.entropic, arguments).values()) == {"SUCCESS"}


def test_equal_clouds_have_no_divergence_and_no_force():
    x = clouds(2, 8, 3)
    value = mt.sinkhorn_divergence(x, x.detach(), epsilon=0.1)
    (gradient,) = torch.autograd.grad(value.sum(), x)
    assert value.abs().max() < 1e-6
    assert gradient.abs().max() < 1e-5


def test_padding_and_lists():
    x, y = clouds(2, 5, 2), clouds(2, 6, 2, seed=1)
    x.requires_grad_(False)
    y.requires_grad_(False)
    parts = [x[0].clone(), x[1, :3].clone().requires_grad_()], [y[0, :4].clone(), y[1].clone()]
    expected = [mt.sinkhorn_divergence(*pair, epsilon=0.3) for pair in zip(*parts, strict=True)]
    x[1, 3:] = math.nan
    y[0, 4:] = math.inf
    x.requires_grad_()
    y.requires_grad_()
    result = mt.sinkhorn_divergence(x, y, epsilon=0.3, lengths=([5, 3], [4, 6]))
    torch.testing.assert_close(result, torch.stack(expected))
    by_x, by_y = torch.autograd.grad(result.sum(), (x, y))
    assert by_x.isfinite().all()
    assert (by_x[1, 3:] == 0).all()
    assert (by_y[0, 4:] == 0).all()
    (expected_x,) = torch.autograd.grad(torch.stack(expected).sum(), parts[0][1])
    torch.testing.assert_close(by_x[1, :3], expected_x)


def test_single_precision_keeps_its_digits_at_small_epsilon():
    x, y = clouds(1, 30, 2, dtype=torch.float32), clouds(1, 30, 2, seed=1, dtype=torch.float32)
    value = mt.sinkhorn_divergence(x, y, epsilon=1e-2)
    (gradient,) = torch.autograd.grad(value, x)
    doubled = x.detach().double().requires_grad_()
    exact = mt.sinkhorn_divergence(doubled, y.double(), epsilon=1e-2)
    (expected,) = torch.autograd.grad(exact, doubled)
    assert value.dtype == gradient.dtype == torch.float32
    torch.testing.assert_close(gradient.double(), expected, rtol=1e-4, atol=1e-6)


def test_no_second_derivative_limits_and_misuse():
    x, y = clouds(6, 2), clouds(6, 2, seed=1)
    value = mt.sinkhorn_divergence(x, y, epsilon=0.3)
    (gradient,) = torch.autograd.grad(value, x, create_graph=True)
    with pytest.raises(RuntimeError, match="second derivative of entropic transport"):
        gradient.sum().backward()
    with pytest.raises(monge.NotOptimal):
        mt.sinkhorn_divergence(x, y, epsilon=1e-3, max_iterations=1)
    with pytest.raises(ValueError, match="epsilon must be positive"):
        mt.sinkhorn_divergence(x, y, epsilon=0)
    with pytest.raises(TypeError, match="epsilon must be a number"):
        mt.sinkhorn_divergence(x, y, epsilon="small")
    with pytest.raises(TypeError, match="options must be of sinkhorn_divergence"):
        mt.SinkhornLoss(blur=0.1)


def test_sinkhorn_loss_takes_its_epsilon_from_the_mean_cost():
    x, y = clouds(3, 6, 2), clouds(3, 7, 2, seed=1)
    mean = np.mean([ground_costs(x[k].detach(), y[k].detach(), "sqeuclidean") for k in range(3)])
    expected = mt.sinkhorn_divergence(x, y, epsilon=0.05 * float(mean))
    torch.testing.assert_close(mt.SinkhornLoss(reduction="none")(x, y), expected)
    torch.testing.assert_close(mt.SinkhornLoss()(x, y), expected.mean())
    fixed = mt.SinkhornLoss(0.4, cost="euclidean", debias=False)(x, y)
    value = mt.sinkhorn_divergence(x, y, epsilon=0.4, cost="euclidean", debias=False)
    torch.testing.assert_close(fixed, value.mean())
    assert mt.SinkhornLoss()(torch.ones(2, 3, 2), torch.ones(2, 3, 2)).abs() < 1e-12
    assert "epsilon=None" in repr(mt.SinkhornLoss())


def test_sinkhorn_loss_finds_its_epsilon_at_tiny_scales():
    """Squares of such numbers vanish in single precision."""
    x, y = torch.randn(2, 6, 2, generator=torch.Generator().manual_seed(0))
    plain, tiny = (mt.SinkhornLoss()((s * x).double(), (s * y).double()) for s in (1.0, 1e-25))
    assert float(tiny) == pytest.approx(1e-50 * float(plain), rel=1e-5)
    single = mt.SinkhornLoss(cost="euclidean")(1e-25 * x, 1e-25 * y)
    wide = mt.SinkhornLoss(cost="euclidean")(x, y)
    assert float(single) == pytest.approx(1e-25 * float(wide), rel=1e-4)


def test_sinkhorn_loss_of_no_pairs_and_of_clouds_that_are_not_finite():
    x, y = torch.zeros(0, 5, 2, requires_grad=True), torch.zeros(0, 4, 2)
    values = mt.SinkhornLoss(reduction="none")(x, y)
    values.sum().backward()
    assert values.shape == (0,)
    for wrong in (math.nan, math.inf):
        with pytest.raises(ValueError, match="y must have finite coordinates"):
            mt.SinkhornLoss()(torch.zeros(3, 2), torch.full((3, 2), wrong))


# --- GeomLoss ---


@pytest.mark.parametrize(("p", "cost", "half"), [(1, "euclidean", 1.0), (2, "sqeuclidean", 0.5)])
@pytest.mark.parametrize("debias", [True, False])
def test_samples_loss_is_in_geomloss_s_units(p, cost, half, debias):
    """C = |x - y|^p / p and epsilon = blur^p."""
    x, y = clouds(6, 2), clouds(5, 2, seed=1)
    a, b = clouds(6, seed=2).softmax(0), clouds(5, seed=3).softmax(0)
    value = SamplesLoss(p=p, blur=0.7, debias=debias)(a, x, b, y)
    masses = [one.detach().numpy() for one in (a, b)]
    points = [one.detach().numpy() for one in (x, y)]
    expected = 0.0
    for i, j, factor in ((0, 1, 1.0), (0, 0, -0.5), (1, 1, -0.5))[: 3 if debias else 1]:
        costs = half * ground_costs(points[i], points[j], cost)
        expected += factor * entropic_by_numpy(costs, masses[i], masses[j], 0.7**p)
    assert math.isclose(value.item(), expected, rel_tol=1e-6)  # of rtol 1e-6


def test_samples_loss_calls_and_potentials():
    x, y = clouds(2, 6, 2), clouds(2, 5, 2, seed=1)
    a, b = (
        torch.full((2, 6), 1 / 6, dtype=torch.float64),
        torch.full((2, 5), 0.2, dtype=torch.float64),
    )
    loss = SamplesLoss("sinkhorn", p=2, blur=0.3, scaling=0.9, backend="tensorized")
    value = loss(x, y)
    assert value.shape == (2,)
    torch.testing.assert_close(loss(a, x, b, y), value)
    torch.testing.assert_close(loss(None, a, x, None, b, y), value)
    single = loss(a[0][:, None], x[0], b[0][:, None], y[0])
    torch.testing.assert_close(single, value[0])
    f, g = SamplesLoss(blur=0.3, potentials=True)(a, x, b, y)
    assert f.shape == (2, 6)
    torch.testing.assert_close((a * f).sum(1) + (b * g).sum(1), value, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "energy"}, "loss must be"),
        ({"p": 3}, "p must be 1 or 2"),
        ({"blur": 0}, "blur must be positive"),
        ({"reach": 1.0}, "reach must be None"),
        ({"cost": "SqDist(X,Y)"}, "cost must be None"),
    ],
)
def test_what_samples_loss_does_not_serve(options, message):
    with pytest.raises(ValueError, match=message):
        SamplesLoss(**options)
    with pytest.raises(ValueError, match="two"):
        SamplesLoss()(torch.zeros(1, 1))
