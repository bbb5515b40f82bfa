"""What the device library must do, wherever it runs: tests that take a `place`.

tests/python/test_torch_device.py runs them on its twin on the CPU, tests/gpu on a GPU. A place has
a `device` for tensors and the `library` that serves them.
"""

import math
import warnings

import monge
import monge.torch as mt
import numpy as np
import pytest
import torch
from monge import _core
from monge.device.library import AuctionSettings, DeviceError
from monge.torch import device, on_device
from scipy.optimize import linear_sum_assignment

COSTS = ("euclidean", "sqeuclidean")
COMPLETE, ROUND_LIMIT, NOT_FINITE = 0, 2, 3


def settings(**changed):
    usual = {"rtol": 1e-3, "epsilon_start": 0.25, "epsilon_ratio": 0.2, "epsilon_floor": 1e-6}
    usual |= {"tail": 0.02, "leave": 0, "round_limit": 1 << 20}
    return AuctionSettings(**(usual | changed))


def draw(place, *shape, seed=0, dtype=torch.float32):
    """Uniform points, the same at every place."""
    points = np.random.default_rng(seed).random(shape)
    return torch.tensor(points, dtype=dtype, device=place.device)


def costs_of(x, y, cost):
    squares = ((x.double()[..., :, None, :] - y.double()[..., None, :, :]) ** 2).sum(-1).cpu()
    return squares if cost == "sqeuclidean" else squares.sqrt()


def run_auction(place, x, y, cost, **changed):
    """Columns (B, n) and prices (B, m) on the host, and the reports."""
    clouds = device.batch_of(x, y)
    columns, prices, reports = device.auction(place.library, clouds, cost, settings(**changed))
    n, m = x.shape[1], y.shape[1]
    return columns.reshape(-1, n).cpu(), prices.reshape(-1, m).cpu(), device.reports_of(reports)


# --- auctions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize(
    ("size", "n", "m", "dim"),
    [
        (1, 1, 1, 3),
        (3, 5, 5, 2),
        (2, 100, 100, 3),
        (2, 257, 257, 3),  # a multiple of nothing
        (2, 60, 90, 2),  # more columns than rows
        (2, 65, 65, 7),
        (1, 33, 33, 64),
        (2, 1030, 1030, 3),  # whose wide scans are shared among blocks
    ],
)
def test_an_auction_is_a_bijection_within_its_bound(place, size, n, m, dim, cost):
    x, y = draw(place, size, n, dim), draw(place, size, m, dim, seed=1)
    columns, prices, reports = run_auction(place, x, y, cost)
    costs = costs_of(x, y, cost)
    for k in range(size):
        assert len(set(columns[k].tolist())) == n
        assert 0 <= columns[k].min() <= columns[k].max() < m
        rows, best = linear_sum_assignment(costs[k].numpy())
        optimum = costs[k].numpy()[rows, best].sum()
        report = reports[k]
        assert report["status"] == COMPLETE
        assert report["free_rows"] == 0
        found = costs[k][torch.arange(n), columns[k].long()].sum().item()
        assert report["cost"] == pytest.approx(found, rel=1e-6)
        assert report["lower_bound"] <= optimum * (1 + 1e-12) <= found * (1 + 1e-9)
        assert found - optimum <= n * report["epsilon"] * (1 + 1e-3)
        if n == m:
            assert found <= optimum * (1 + 1e-3)
        assert (prices[k] >= 0).all()


@pytest.mark.parametrize("n", [20, 1025])
def test_sizes_need_not_be_multiples_of_1024(place, n):
    """Older kernels refuse others, or read beyond the end."""
    x, y = draw(place, 1, n, 3), draw(place, 1, n, 3, seed=1)
    columns, _, reports = run_auction(place, x, y, "sqeuclidean", rtol=0.2)
    assert sorted(columns[0].tolist()) == list(range(n))
    assert reports[0]["status"] == COMPLETE


@pytest.mark.parametrize("dim", [1, 2, 4, 65])
def test_dimensions_other_than_3(place, dim):
    """Older kernels read three coordinates, whatever there are."""
    x, y = draw(place, 2, 40, dim), draw(place, 2, 40, dim, seed=1)
    columns, _, reports = run_auction(place, x, y, "euclidean")
    for k, costs in enumerate(costs_of(x, y, "euclidean").numpy()):
        assert sorted(columns[k].tolist()) == list(range(40))
        optimum = costs[linear_sum_assignment(costs)].sum()
        assert reports[k]["cost"] <= optimum * (1 + 1e-3)


def test_more_problems_than_512(place):
    """Older kernels had a fixed grid, and left the rest as it was."""
    x, y = draw(place, 600, 4, 3), draw(place, 600, 4, 3, seed=1)
    columns, _, reports = run_auction(place, x, y, "euclidean")
    assert (columns.sort(1).values == torch.arange(4)).all()
    assert (reports["status"] == COMPLETE).all()


@pytest.mark.parametrize(
    ("scale", "offset"), [(1e3, -500.0), (1.0, 1e3), (100.0, 0.0), (1e-4, 0.0)]
)
def test_coordinates_need_not_be_in_the_unit_cube(place, scale, offset):
    """Older kernels take 3 - sqrt(d2) - price for the value of a pair."""
    x = draw(place, 1, 80, 3) * scale + offset
    y = draw(place, 1, 80, 3, seed=1) * scale + offset
    columns, _, reports = run_auction(place, x, y, "euclidean")
    costs = costs_of(x, y, "euclidean")[0]
    optimum = costs.numpy()[linear_sum_assignment(costs.numpy())].sum()
    assert len(set(columns[0].tolist())) == 80
    assert reports[0]["cost"] <= optimum * (1 + 1e-3)


def test_all_points_are_one(place):
    """Ties alone: one to one all the same."""
    x = torch.full((1, 50, 3), 0.25, device=place.device)
    columns, _, reports = run_auction(place, x, x, "sqeuclidean")
    assert sorted(columns[0].tolist()) == list(range(50))
    assert reports[0]["cost"] == 0


def test_numbers_that_are_not_finite_end_in_a_status(place):
    x, y = draw(place, 2, 20, 3), draw(place, 2, 20, 3, seed=1)
    x[1, 7, 2] = math.nan
    _, _, reports = run_auction(place, x, y, "euclidean")
    assert reports["status"].tolist() == [COMPLETE, NOT_FINITE]


def test_a_limit_of_rounds_is_told(place):
    x, y = draw(place, 1, 200, 3), draw(place, 1, 200, 3, seed=1)
    columns, _, reports = run_auction(place, x, y, "euclidean", round_limit=2)
    assert reports[0]["status"] == ROUND_LIMIT
    assert reports[0]["rounds"] == 2
    matched = columns[0][columns[0] >= 0].tolist()
    assert len(set(matched)) == len(matched) == 200 - reports[0]["free_rows"]


def test_empty_batches_and_wrong_arguments(place):
    x = draw(place, 0, 5, 3)
    columns, _, reports = run_auction(place, x, x, "euclidean")
    assert columns.shape == (0, 5)
    assert len(reports) == 0
    clouds = device.PairedClouds(draw(place, 4, 3), draw(place, 4, 3), None, None, 1, (5, 4))
    with pytest.raises(DeviceError, match="a size is out of range"):
        device.auction(place.library, clouds, "euclidean", settings())


# --- c-transforms ------------------------------------------------------------------------------


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize(
    ("size", "n", "m", "dim"),
    [
        (1, 1, 1, 3),
        (3, 70, 33, 3),
        (2, 5, 2049, 2),
        (1, 600, 1, 3),
        (2, 257, 1025, 7),
        (2, 300, 9, 1),
    ],
)
def test_c_transforms_are_the_least_of_all_columns(place, size, n, m, dim, cost):
    x, y = draw(place, size, n, dim), draw(place, size, m, dim, seed=1)
    g = draw(place, size, m, seed=2) - 0.5
    values, columns = device.c_transform(place.library, device.batch_of(x, y), cost, g)
    totals = costs_of(x, y, cost) - g.double().cpu()[:, None]
    values, columns = values.reshape(size, n).cpu(), columns.reshape(size, n).cpu().long()
    least = totals.min(-1).values
    torch.testing.assert_close(values.double(), least, rtol=0, atol=1e-5)
    chosen = totals.gather(2, columns[..., None])[..., 0]
    torch.testing.assert_close(chosen, least, rtol=0, atol=1e-5)


def test_among_equal_columns_the_first(place):
    x = torch.zeros((1, 40, 2), device=place.device)
    y = torch.ones((1, 3000, 2), device=place.device)
    y[0, 1234:2000] = 0.5
    values, columns = device.c_transform(place.library, device.batch_of(x, y), "sqeuclidean", None)
    assert (columns == 1234).all()
    assert (values == 0.5).all()


# --- slopes of sliced costs --------------------------------------------------------------------


@pytest.mark.parametrize("masses", [False, True])
@pytest.mark.parametrize(("n", "m", "dim"), [(20, 20, 3), (1, 30, 2), (300, 7, 5), (9, 5000, 1)])
def test_sliced_slopes_are_those_of_sorting(place, n, m, dim, masses):
    """By each projected point: what the monotone plan says."""
    x, y = draw(place, 2, n, dim), draw(place, 2, m, dim, seed=1)
    directions = draw(place, 4, dim, seed=2) - 0.5
    a, b = (draw(place, 2, size, seed=size + 3) + 0.1 for size in (n, m))
    a, b = a / a.sum(-1, keepdim=True), b / b.sum(-1, keepdim=True)
    clouds, given = device.batch_of(x, y), (a, b) if masses else (None, None)
    costs, slopes = device.sliced(place.library, clouds, directions, given, 2.0, (True, True))
    scale = torch.tensor([1.0, -3.0], device=place.device)
    found = device.sliced_gradient(place.library, clouds, directions, slopes, scale)
    for k in range(2):
        expected_x, expected_y = np.zeros((n, dim)), np.zeros((m, dim))
        for line, direction in enumerate(host(directions).astype(float)):
            u, v = (host(one[k]).astype(float) @ direction for one in (x, y))
            each = [host(one[k]) if masses else None for one in (a, b)]
            plan = monge.solve(u[:, None], v[:, None], *each, cost="sqeuclidean").plan
            ways = u[plan.rows] - v[plan.cols]
            cost = (plan.mass * ways**2).sum()
            assert costs[k, line].item() == pytest.approx(cost, rel=1e-4, abs=1e-6)
            force = 2 * plan.mass * ways / len(directions)
            np.add.at(expected_x, plan.rows, force[:, None] * direction)
            np.add.at(expected_y, plan.cols, -force[:, None] * direction)
        for got, expected in zip(found, (expected_x, expected_y), strict=True):
            mine = host(got).reshape(2, -1, dim)[k] / float(scale[k])
            np.testing.assert_allclose(mine, expected, rtol=1e-3, atol=1e-4 / min(n, m))
    only_y = device.sliced(place.library, clouds, directions, given, 2.0, (False, True))[1]
    assert only_y[0] is None
    assert torch.equal(only_y[1], slopes[1])


# --- monge.torch -------------------------------------------------------------------------------


def host(value):
    return value.detach().cpu().numpy()


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("scale", "offset"), [(1, 0), (1e-12, 0), (1e12, 0), (1, 1e4), (1e-3, -10)]
)
def test_emd_is_exact(place, cost, dtype, scale, offset):
    x = draw(place, 2, 130, 3, dtype=dtype) * scale + offset
    y = draw(place, 2, 130, 3, seed=1, dtype=dtype) * scale + offset
    expected = monge.emd(host(x), host(y), cost=cost)
    got = mt.emd(x, y, cost=cost)
    assert got.device.type == place.device.type
    tolerance = 1e-6 if dtype == torch.float32 else 1e-9
    np.testing.assert_allclose(host(got), expected, rtol=tolerance)


@pytest.mark.parametrize(("n", "rtol"), [(150, 1e-4), (150, 1e-2), (150, 0.3), (1500, 0.02)])
def test_emd_keeps_its_tolerance(place, n, rtol):
    x, y = draw(place, 2, n, 3), draw(place, 2, n, 3, seed=1)
    expected = monge.emd(host(x), host(y))
    got = host(mt.emd(x, y, rtol=rtol))
    assert (got >= expected * (1 - 1e-6)).all()
    assert (got <= expected / (1 - rtol) * (1 + 1e-6)).all()


def test_gradients_of_emd_are_the_host_s(place):
    x, y = draw(place, 2, 60, 3), draw(place, 2, 60, 3, seed=1)
    x.requires_grad_()
    y.requires_grad_()
    mt.emd(x, y, cost="sqeuclidean").sum().backward()
    u, v = (one.detach().cpu().clone().requires_grad_() for one in (x, y))
    for k in range(2):
        plan = monge.solve(host(u)[k], host(v)[k], cost="sqeuclidean").plan
        rows, cols, mass = (torch.tensor(one) for one in (plan.rows, plan.cols, plan.mass))
        ways = u[k, rows.long()] - v[k, cols.long()]
        (mass.float() * ways.square().sum(-1)).sum().backward()
    torch.testing.assert_close(x.grad.cpu(), u.grad)
    torch.testing.assert_close(y.grad.cpu(), v.grad)


def test_ragged_emd_is_each_pair_s_own(place):
    sizes = [1, 40, 7, 129]
    clouds = [draw(place, n, 2, seed=n) for n in sizes]
    others = [draw(place, n, 2, seed=n + 1) for n in sizes]
    together = mt.emd(clouds, others)
    alone = [monge.emd(host(x), host(y)) for x, y in zip(clouds, others, strict=True)]
    np.testing.assert_allclose(host(together), alone, rtol=1e-6)


def test_padding_may_hold_anything(place):
    x, y = draw(place, 2, 30, 3), draw(place, 2, 30, 3, seed=1)
    lengths = torch.tensor([30, 11], device=place.device)
    expected = host(mt.emd(x, y, lengths=lengths))
    chamfer = host(mt.chamfer(x, y, lengths=lengths))
    x[1, 11:], y[1, 11:] = math.nan, math.inf
    np.testing.assert_array_equal(host(mt.emd(x, y, lengths=lengths)), expected)
    np.testing.assert_allclose(host(mt.chamfer(x, y, lengths=lengths)), chamfer, rtol=1e-6)


def test_what_the_device_does_not_serve_is_the_host_s(place):
    """Other masses, costs, solvers, dimensions: right all the same."""
    x, y = draw(place, 1, 20, 3), draw(place, 1, 20, 3, seed=1)
    a = draw(place, 1, 20, seed=2)
    a /= a.sum()
    for arguments, options in (
        ((x, y, a, a), {}),
        ((x, y), {"cost": "chebyshev"}),
        ((x, y), {"solver": "hungarian"}),
        ((x[:, :7], y), {}),
        ((x[..., :1], y[..., :1]), {}),
        ((x[:0], y[:0]), {}),
    ):
        expected = monge.emd(*map(host, arguments), **options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it runs on the host is said once, anywhere
            got = mt.emd(*arguments, **options)
        np.testing.assert_allclose(host(got), expected, rtol=1e-6)


def test_wrong_values_are_refused_as_ever(place):
    x, y = draw(place, 2, 20, 3), draw(place, 2, 20, 3, seed=1)
    for wrong in (math.nan, math.inf):
        bad = x.clone()
        bad[1, 3, 0] = wrong
        with pytest.raises(ValueError, match="finite"):
            mt.emd(bad, y)
        with pytest.raises(ValueError, match="finite"):
            mt.chamfer(bad, y)
    with pytest.raises(ValueError, match="rtol must be"):
        mt.emd(x, y, rtol=-1)
    with pytest.raises(ValueError, match="threads must be"):
        mt.emd(x, y, threads=0)
    with pytest.raises(monge.NotOptimal):
        mt.emd(draw(place, 1, 400, 3), draw(place, 1, 400, 3, seed=1), time_limit=0)


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize(("n", "m", "dim"), [(100, 37, 3), (1, 5, 2), (64, 2000, 3), (30, 40, 6)])
def test_chamfer_is_the_host_s(place, n, m, dim, p):
    x, y = draw(place, 3, n, dim), draw(place, 3, m, dim, seed=1)
    expected = [monge.chamfer(host(u), host(v), p=p) for u, v in zip(x, y, strict=True)]
    np.testing.assert_allclose(host(mt.chamfer(x, y, p=p)), expected, rtol=2e-6)


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e25])
def test_chamfer_of_clouds_of_any_size(place, scale):
    x, y = draw(place, 1, 50, 3), draw(place, 1, 60, 3, seed=1)
    usual = host(mt.chamfer(x, y, p=1))
    np.testing.assert_allclose(
        host(mt.chamfer(x * scale, y * scale, p=1)), usual * scale, rtol=1e-5
    )


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("n", "m", "dim"), [(60, 60, 3), (33, 90, 2), (70, 20, 5)])
def test_sinkhorn_divergence_is_the_host_s(place, n, m, dim, cost, dtype):
    x, y = draw(place, 2, n, dim, dtype=dtype), draw(place, 2, m, dim, seed=1, dtype=dtype) * 2
    expected = monge.sinkhorn_divergence(host(x), host(y), epsilon=0.1, cost=cost)
    got = host(mt.sinkhorn_divergence(x, y, epsilon=0.1, cost=cost))
    np.testing.assert_allclose(got, expected, rtol=1e-4 if dtype == torch.float32 else 1e-5)


def test_gradients_of_sinkhorn_divergence_are_the_host_s(place, monkeypatch):
    clouds = draw(place, 2, 50, 3), draw(place, 2, 60, 3, seed=1)
    copies = tuple(one.cpu().double() for one in clouds)
    gradients = []
    for x, y in (clouds, copies):
        x.requires_grad_()
        mt.sinkhorn_divergence(x, y, epsilon=0.05).sum().backward()
        gradients.append(x.grad.cpu().float())
        monkeypatch.setattr(device, "library_for", lambda tensor: None)
    torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("iterations", [1, 3])
@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize(("n", "m", "dim"), [(5, 9, 2), (600, 300, 3), (40, 1100, 4)])
def test_iterations_are_sinkhorn_s(place, n, m, dim, cost, iterations):
    x, y = draw(place, 2, n, dim), draw(place, 2, m, dim, seed=1)
    epsilon = torch.tensor([0.1, 0.5], device=place.device)
    f, g = torch.zeros(2, n, device=place.device), torch.zeros(2, m, device=place.device)
    clouds = device.batch_of(x, y)
    error = device.sinkhorn(place.library, clouds, cost, epsilon, iterations, f, g)
    costs, eps = costs_of(x, y, cost), epsilon.double().cpu()[:, None, None]
    v = torch.zeros(2, m, dtype=torch.float64)
    for _ in range(iterations):
        u = -eps[:, 0] * (((v[:, None] - costs) / eps).logsumexp(2) - math.log(m))
        before, v = v, -eps[:, 0] * (((u[:, :, None] - costs) / eps).logsumexp(1) - math.log(n))
    u = -eps[:, 0] * (((v[:, None] - costs) / eps).logsumexp(2) - math.log(m))
    torch.testing.assert_close(f.double().cpu(), u, rtol=0, atol=1e-5)
    torch.testing.assert_close(g.double().cpu(), v, rtol=0, atol=1e-5)
    expected = (((before - v) / eps[:, 0]).exp() - 1).abs()
    torch.testing.assert_close(error.reshape(2, m).double().cpu(), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("p", [1, 2, 2.5])
@pytest.mark.parametrize(("n", "m", "dim"), [(64, 64, 3), (100, 37, 2), (1, 9, 4), (5000, 70, 3)])
def test_sliced_is_the_host_s(place, n, m, dim, p):
    x, y = draw(place, 2, n, dim), draw(place, 2, m, dim, seed=1)
    expected = [
        monge.sliced_wasserstein(host(u), host(v), p=p, n_projections=9)
        for u, v in zip(x, y, strict=True)
    ]
    got = host(mt.sliced_wasserstein(x, y, p=p, n_projections=9))
    np.testing.assert_allclose(got, expected, rtol=1e-4)


def by_torch(monkeypatch, call):
    """What torch's own operations on the same device say."""
    with monkeypatch.context() as patch:
        patch.setattr(device, "library_for", lambda tensor: None)
        return call()


def shares(masses, lengths):
    """Masses of total 1 among the first ones of each row."""
    totals = [row[:length].sum() for row, length in zip(masses, lengths, strict=True)]
    return masses / torch.stack(totals)[:, None]


def test_sliced_with_masses_and_padding(place, monkeypatch):
    x, y = draw(place, 2, 40, 3), draw(place, 2, 30, 3, seed=1)
    lengths = [40, 11], [30, 7]
    a, b = (shares(draw(place, 2, n[0], seed=n[0]), n) for n in lengths)
    x[1, 11:], y[1, 7:] = math.nan, math.inf

    def call():
        return host(mt.sliced_wasserstein(x, y, a, b, lengths=lengths, n_projections=8))

    np.testing.assert_allclose(call(), by_torch(monkeypatch, call), rtol=1e-4)


@pytest.mark.parametrize("p", [1, 2, 2.5])
@pytest.mark.parametrize(("n", "m"), [(50, 50), (40, 23)])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_of_sliced_are_those_of_torch(place, monkeypatch, p, n, m, weighted):
    x, y = draw(place, 2, n, 3), draw(place, 2, m, 3, seed=1)
    lengths = ([n, 11], [m, 7]) if weighted else None
    masses = [shares(draw(place, 2, one[0], seed=one[1]), one) for one in lengths or ()]
    for sides in ((x, y), (x,), (y,)):

        def call(sides=sides):
            for one in sides:
                one.requires_grad_()
            value = mt.sliced_wasserstein(x, y, *masses, p=p, n_projections=9, lengths=lengths)
            found = torch.autograd.grad((value * value.detach()).sum(), sides)
            for one in sides:
                one.requires_grad_(False)
            return found

        for got, expected in zip(call(), by_torch(monkeypatch, call), strict=True):
            torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-15, 1e12])
def test_gradients_of_sliced_at_any_scale(place, scale):
    x, y = draw(place, 1, 50, 3), draw(place, 1, 50, 3, seed=1)
    gradients = []
    for size in (1, scale):
        u = (x * size).requires_grad_()
        mt.sliced_wasserstein(u, y * size, n_projections=9).sum().backward()
        gradients.append(u.grad)
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-7)


def test_other_derivatives_of_sliced_are_torch_s(place, monkeypatch):
    """A second one by points, and those by masses and directions."""
    x, y = draw(place, 1, 6, 2).requires_grad_(), draw(place, 1, 6, 2, seed=1)
    a = (draw(place, 1, 6, seed=2) + 0.5).requires_grad_()
    rows = torch.nn.functional.normalize(draw(place, 3, 2, seed=3)).requires_grad_()

    def second():
        value = mt.sliced_wasserstein(x, y, n_projections=5, p=3).sum()
        (gradient,) = torch.autograd.grad(value, x, create_graph=True)
        return torch.autograd.grad(gradient.square().sum(), x)

    def by_masses():
        value = mt.sliced_wasserstein(x, y, a / a.sum(), n_projections=5)
        return torch.autograd.grad(value.sum(), (x, a))

    def by_directions():
        return torch.autograd.grad(mt.sliced_wasserstein(x, y, projections=rows).sum(), rows)

    for call in (second, by_masses, by_directions):
        for got, expected in zip(call(), by_torch(monkeypatch, call), strict=True):
            assert got.abs().max() > 0
            torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (1e-12, 0), (1e8, 0), (1, 1e6)])
def test_c_transform_is_the_host_s(place, cost, scale, shift):
    """Values are those of the pairs chosen: at most a rounding of float above the least."""
    x, y = draw(place, 2, 90, 3) * scale, draw(place, 2, 130, 3, seed=1) * scale
    unit = scale**2 if cost == "sqeuclidean" else scale
    g = (draw(place, 2, 130, seed=2) - 0.5) * unit + shift
    found, columns = mt.c_transform(g, x, y, cost=cost)
    assert found.device.type == columns.device.type == place.device.type
    for k in range(2):
        expected, _ = monge.c_transform(*(host(one[k]) for one in (g, x, y)), cost=cost)
        chosen = columns[k].cpu()
        exact = costs_of(x[k], y[k], cost)[torch.arange(90), chosen] - g[k].double().cpu()[chosen]
        room = 2e-6 * unit
        assert (exact.numpy() >= expected - 1e-9 * unit).all()
        assert (exact.numpy() <= expected + room).all()
        np.testing.assert_allclose(host(found[k]), exact, rtol=1e-6, atol=room)


def test_gradients_and_padding_of_c_transform(place, monkeypatch):
    x, y = draw(place, 2, 30, 2), draw(place, 2, 40, 2, seed=1)
    g = draw(place, 2, 40, seed=2) / 4
    x[1, 11:], y[1, 7:], g[1, 7:] = math.nan, math.inf, math.nan
    tensors = tuple(one.requires_grad_() for one in (g, x, y))

    def call():
        f, _ = mt.c_transform(g, x, y, cost="sqeuclidean", lengths=([30, 11], [40, 7]))
        return f.detach(), *torch.autograd.grad(f.square().sum(), tensors)

    for got, expected in zip(call(), by_torch(monkeypatch, call), strict=True):
        assert got.isfinite().all()
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="g must be finite"):
        mt.c_transform(g[1:], x[:1], y[:1])


def test_the_device_has_part_in_it(place, monkeypatch):
    """These tests would pass without the library: it must be called."""
    calls = []
    call = type(place.library).call

    def noted(library, name, *arguments):
        calls.append(name)
        return call(library, name, *arguments)

    monkeypatch.setattr(type(place.library), "call", noted)
    x, y = draw(place, 2, 20, 3), draw(place, 2, 20, 3, seed=1)
    mt.emd(x, y)
    mt.chamfer(x, y)
    assert calls == ["monge_auction", "monge_c_transform", "monge_c_transform"]
    calls.clear()
    mt.c_transform(x[..., 0], x, y)
    mt.sliced_wasserstein(x.requires_grad_(), y).sum().backward()
    assert calls == ["monge_c_transform", "monge_sliced", "monge_sliced_gradient"]
    calls.clear()
    mt.sinkhorn_divergence(x.detach(), y, epsilon=0.1, debias=False)
    assert set(calls) == {"monge_sinkhorn"}


def test_prices_of_the_device_leave_little_to_do(place, monkeypatch):
    """The host's finish searches few paths: that is what the auction is for."""
    paths = []
    finish = _core.complete_assignments

    def noted(*arguments):
        solutions = finish(*arguments)
        paths.extend(solution.stats["shortest_paths"] for solution in solutions)
        return solutions

    monkeypatch.setattr(_core, "complete_assignments", noted)
    mt.emd(draw(place, 1, 1000, 3), draw(place, 1, 1000, 3, seed=1))
    assert paths[0] < 100


def test_units_are_powers_of_two(place):
    x, y = draw(place, 3, 10, 2) * 1000, draw(place, 3, 10, 2, seed=1)
    x[2], y[2] = 0, 0
    scaled, _, unit = on_device.unit_clouds(x, y, None, None)
    assert (torch.frexp(unit).mantissa == 0.5).all()
    torch.testing.assert_close(scaled * unit[:, None, None], x.double(), rtol=0, atol=0)
    assert scaled.abs().max() <= 1
