"""Chamfer and sliced discrepancies in torch: values, gradients, padding, devices' traps."""

import math

import monge
import numpy as np
import pytest
from grading import ground_costs

torch = pytest.importorskip("torch")

import monge.torch as mt  # noqa: E402
from monge.sliced import random_directions  # noqa: E402
from monge.torch import ops, slicing  # noqa: E402
from monge.torch.batch import Batch  # noqa: E402
from monge.torch.nearest import columns_by_core, columns_in_blocks  # noqa: E402


def clouds(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_()


def directions(count, dim, seed):
    return torch.from_numpy(random_directions(count, dim, seed))


# --- chamfer ---


def chamfer_by_numpy(x, y, p):
    lengths = ground_costs(x.detach().numpy(), y.detach().numpy(), ("euclidean_power", p))
    return lengths.min(1).mean() + lengths.min(0).mean()


@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
@pytest.mark.parametrize(("n", "m", "dim"), [(1, 1, 1), (7, 4, 2), (5, 60, 3), (40, 40, 100)])
def test_chamfer_is_its_definition(p, n, m, dim):
    x, y = clouds(2, n, dim), clouds(2, m, dim, seed=1)
    result = mt.chamfer(x, y, p=p)
    expected = [chamfer_by_numpy(x[k], y[k], p) for k in range(2)]
    np.testing.assert_allclose(result.detach(), expected, rtol=1e-13)
    assert torch.equal(mt.chamfer(x[0], y[0], p=p), result[0])
    if dim < 100:
        few = x.detach()[:, :5].requires_grad_(), y.detach()[:, :5].requires_grad_()
        assert torch.autograd.gradcheck(lambda x, y: mt.chamfer(x, y, p=p), few)


def test_chamfer_far_from_the_origin_and_at_tiny_scales():
    x, y = clouds(1, 50, 3), clouds(1, 50, 3, seed=1)
    plain = mt.chamfer(x, y, p=1)
    torch.testing.assert_close(mt.chamfer(x + 1e8, y + 1e8, p=1), plain, rtol=1e-6, atol=0)
    torch.testing.assert_close(
        mt.chamfer(1e-30 * x, 1e-30 * y, p=1), 1e-30 * plain, atol=0, rtol=1e-12
    )
    single = [(1e-25 * one).float() for one in (x, y)]
    torch.testing.assert_close(mt.chamfer(*single, p=1).double(), 1e-25 * plain, atol=0, rtol=1e-5)


def test_chamfer_of_coincident_points_has_gradient_zero():
    x = clouds(2, 6, 3)
    for p in (1, 1.5, 2):
        value = mt.chamfer(x, x.detach(), p=p)
        (gradient,) = torch.autograd.grad(value.sum(), x)
        assert (value == 0).all()
        assert (gradient == 0).all()


def test_chamfer_of_padded_batches_and_lists():
    x, y = clouds(2, 5, 2), clouds(2, 7, 2, seed=1)
    with torch.no_grad():
        x[1, 3:] = math.nan
        y[0, 2:] = math.inf
    lengths = ([5, 3], [2, 7])
    parts = [x[0], x[1, :3]], [y[0, :2], y[1]]
    expected = [mt.chamfer(one, other) for one, other in zip(*parts, strict=True)]
    result = mt.chamfer(x, y, lengths=lengths)
    torch.testing.assert_close(result, torch.stack(expected))
    torch.testing.assert_close(mt.chamfer(*parts), result)
    by_x, by_y = torch.autograd.grad(result.sum(), (x, y))
    assert (by_x[1, 3:] == 0).all()
    assert (by_y[0, 2:] == 0).all()
    assert by_x.isfinite().all()
    assert by_y.isfinite().all()
    with pytest.raises(ValueError, match="x must have finite coordinates"):
        mt.chamfer(x, y)


def test_nearest_by_the_core_and_in_blocks_of_rows_agree():
    x, y = clouds(1, 700, 2).detach(), clouds(1, 30_000, 2, seed=1).detach()  # three blocks
    for cost in ("cityblock", "euclidean"):
        columns = ops.c_transform(x, y, None, None, None, cost, 1.0)
        assert torch.equal(columns, columns_in_blocks(x, y, None, (None, None), cost, 1.0))
    lengths = torch.tensor([9, 4]), torch.tensor([2, 7])
    x, y = clouds(2, 9, 3).detach(), clouds(2, 7, 3, seed=1).detach()
    g = clouds(2, 7, seed=2).detach()
    for potential in (None, g):
        for cost, power in (("sqeuclidean", 2), ("chebyshev", 1), ("euclidean_power", 1.5)):
            arguments = x, y, potential, lengths, cost, power
            columns = columns_by_core(*arguments), columns_in_blocks(*arguments)
            for k, count in enumerate(lengths[0]):
                assert torch.equal(columns[0][k, :count], columns[1][k, :count])


def test_the_values_are_those_of_arrays():
    x, y = clouds(3, 9, 3), clouds(3, 8, 3, seed=1)
    arrays = x.detach().numpy(), y.detach().numpy()
    np.testing.assert_allclose(mt.chamfer(x, y).detach(), monge.chamfer(*arrays), rtol=1e-13)
    np.testing.assert_allclose(
        mt.sliced_wasserstein(x, y, seed=3, n_projections=20).detach(),
        monge.sliced_wasserstein(*arrays, seed=3, n_projections=20),
        rtol=1e-12,
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, within its tracer
def test_nearest_is_registered_as_torch_wants_it():
    x, y = clouds(2, 4, 2).detach(), clouds(2, 3, 2, seed=1).detach()
    lengths, g = torch.tensor([3, 1]), clouds(2, 3, seed=2).detach()
    for potential in (None, g):
        arguments = (x, y, potential, None, lengths, "cityblock", 1.0)
        results = torch.library.opcheck(ops.c_transform, arguments)
        assert set(results.values()) == {"SUCCESS"}
    compiled = torch.compile(mt.chamfer, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x, y), mt.chamfer(x, y))
    torch.testing.assert_close(torch.vmap(mt.chamfer)(x, y), mt.chamfer(x, y))


# --- c-transforms ---


COSTS = ["euclidean", "sqeuclidean", "cityblock", "chebyshev", ("euclidean_power", 1.5)]


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize(("n", "m", "dim"), [(1, 1, 1), (7, 4, 2), (5, 60, 3)])
def test_c_transform_is_that_of_arrays(cost, n, m, dim):
    x, y, g = clouds(2, n, dim), clouds(2, m, dim, seed=1), clouds(2, m, seed=2)
    f, argmin = mt.c_transform(g, x, y, cost=cost)
    for k in range(2):
        expected = monge.c_transform(*(one[k].detach().numpy() for one in (g, x, y)), cost=cost)
        np.testing.assert_allclose(f[k].detach(), expected[0], rtol=1e-12, atol=1e-12)
        assert (argmin[k].numpy() == expected[1]).all()
        alone = mt.c_transform(g[k], x[k], y[k], cost=cost)
        assert torch.equal(alone[0], f[k])
        assert torch.equal(alone[1], argmin[k])
    few = tuple(one.detach()[:, :5].requires_grad_() for one in (g, x, y))
    assert torch.autograd.gradcheck(lambda *few: mt.c_transform(*few, cost=cost)[0], few)


def test_c_transform_of_optimal_potentials_is_the_cost():
    """sum a f + sum b g is the transport cost; its gradient by g is no mass that is missing."""
    x, y = clouds(30, 3).detach(), clouds(30, 3, seed=1).detach()
    solution = monge.solve(x.numpy(), y.numpy())
    g = torch.tensor(solution.g).requires_grad_()
    bound = mt.c_transform(g, x, y)[0].mean() + g.mean()
    assert bound.item() == pytest.approx(solution.cost, rel=1e-9)
    random = (g + clouds(30, seed=2)).detach().requires_grad_()
    lower = mt.c_transform(random, x, y)[0].mean() + random.mean()
    assert lower < bound
    (by_g,) = torch.autograd.grad(lower, random)
    counts = torch.bincount(mt.c_transform(random, x, y)[1], minlength=30)
    torch.testing.assert_close(by_g, (1 - counts.double()) / 30)


def test_c_transform_of_padded_batches_and_lists():
    x, y, g = clouds(2, 5, 2), clouds(2, 7, 2, seed=1), clouds(2, 7, seed=2)
    with torch.no_grad():
        x[1, 3:], y[0, 2:], g[0, 2:] = math.nan, math.inf, math.nan
    parts = [g[0, :2], g[1]], [x[0], x[1, :3]], [y[0, :2], y[1]]
    f, argmin = mt.c_transform(g, x, y, lengths=([5, 3], [2, 7]))
    for k, count in enumerate((5, 3)):
        alone = mt.c_transform(*(part[k] for part in parts))
        torch.testing.assert_close(f[k, :count], alone[0])
        assert torch.equal(argmin[k, :count], alone[1])
        assert (f[k, count:] == 0).all()
    assert torch.equal(mt.c_transform(*parts)[0], f)
    gradients = torch.autograd.grad(f.sum(), (g, x, y))
    assert all(one.isfinite().all() for one in gradients)
    assert gradients[0].sum() == -8


def test_c_transform_takes_the_wider_type_and_refuses_what_is_wrong():
    x, y, g = clouds(5, 2, dtype=torch.float32), clouds(4, 2, dtype=torch.float32), clouds(4)
    assert mt.c_transform(g, x, y)[0].dtype == torch.float64
    assert mt.c_transform(g.float(), x, y)[0].dtype == torch.float32
    assert mt.c_transform(torch.arange(4), x, y)[0].dtype == torch.float64
    with pytest.raises(ValueError, match="g must have one number per point"):
        mt.c_transform(g[:3], x, y)
    with pytest.raises(TypeError, match="g must be numbers"):
        mt.c_transform(None, x, y)
    with pytest.raises(ValueError, match="g must be finite"):
        mt.c_transform(torch.tensor([0, 1, math.inf, 2]), x, y)
    with pytest.raises(ValueError, match="x must have finite coordinates"):
        mt.c_transform(g, x * math.nan, y)
    compiled = torch.compile(mt.c_transform, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(g, x, y), mt.c_transform(g, x, y))


def test_chamfer_loss():
    x, y = clouds(3, 5, 2), clouds(3, 6, 2, seed=1)
    for p in (1, 2):
        each = mt.chamfer(x, y, p=p)
        assert torch.equal(mt.ChamferLoss(p, reduction="none")(x, y), each)
        torch.testing.assert_close(mt.ChamferLoss(p)(x, y), each.mean())
    with pytest.raises(ValueError, match="p must be"):
        mt.ChamferLoss(0)
    assert repr(mt.ChamferLoss()) == "ChamferLoss(p=2, reduction='mean')"


# --- sliced ---


def sliced_by_lines(x, y, a, b, p, rows):
    costs = []
    for row in rows:
        line = [(one.detach() @ row)[:, None] for one in (x, y)]
        costs.append(mt.emd(*line, a, b, cost=("euclidean_power", p)).item())
    return np.mean(costs) ** (1 / p)


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (6, 6), (5, 8), (9, 3)])
def test_sliced_is_transport_on_each_line(p, n, m):
    x, y = clouds(n, 3), clouds(m, 3, seed=1)
    rows = directions(5, 3, 0)
    result = mt.sliced_wasserstein(x, y, p=p, projections=rows)
    expected = sliced_by_lines(x, y, None, None, p, rows)
    assert math.isclose(result.item(), expected, rel_tol=1e-12)
    a, b = clouds(n, seed=2).softmax(0), clouds(m, seed=3).softmax(0)
    weighted = mt.sliced_wasserstein(x, y, a, b, p=p, projections=rows)
    expected = sliced_by_lines(x, y, a.detach(), b.detach(), p, rows)
    assert math.isclose(weighted.item(), expected, rel_tol=1e-12)
    equal = (torch.full((k,), 1 / k, dtype=torch.float64) for k in (n, m))
    torch.testing.assert_close(mt.sliced_wasserstein(x, y, *equal, p=p, projections=rows), result)


def test_sliced_gradients():
    x, y = clouds(2, 5, 2), clouds(2, 4, 2, seed=1)
    a, b = clouds(2, 5, seed=2), clouds(2, 4, seed=3)

    def loss(x, y, a, b):
        masses = a.softmax(-1), b.softmax(-1)
        return mt.sliced_wasserstein(x, y, *masses, n_projections=3)

    assert torch.autograd.gradcheck(loss, (x, y, a, b))
    z = clouds(2, 5, 2, seed=4)
    for p in (1, 2):
        assert torch.autograd.gradcheck(
            lambda x, z, p=p: mt.sliced_wasserstein(x, z, p=p, n_projections=3), (x, z)
        )
    value = mt.sliced_wasserstein(x, x.detach())
    (gradient,) = torch.autograd.grad(value.sum(), x)
    assert (gradient == 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("masses", [False, True])
def test_sliced_by_the_core_is_sliced_by_torch(dtype, masses):
    """Values, gradients and second derivatives; more directions than are summed up at a time."""
    x, y = clouds(2, 9, 17, dtype=dtype), clouds(2, 7, 17, seed=1, dtype=dtype)
    a, b = (clouds(2, n, seed=n).detach().softmax(-1).to(dtype) for n in (9, 7))
    lengths = torch.tensor([9, 4]), torch.tensor([5, 7])
    batch = Batch(x, y, a if masses else None, b if masses else None, *lengths, single=False)
    rows = directions(70, 17, 0).to(dtype)
    tolerance = {"rtol": 1e-4, "atol": 1e-6} if dtype == torch.float32 else {}
    for p in (1.0, 2.0, 2.5):
        arguments = x, y, *slicing.shares(batch), *lengths, rows, p, True
        found, expected = ops.sliced(*arguments)[0], slicing.mean_costs(batch, rows, p)
        torch.testing.assert_close(found, expected, **tolerance)
        weight = torch.tensor([1.0, -2.0], dtype=dtype)
        by_core = torch.autograd.grad(found @ weight, (x, y), create_graph=True)
        by_torch = torch.autograd.grad(expected @ weight, (x, y), create_graph=True)
        once = torch.autograd.grad(ops.sliced(*arguments)[0] @ weight, (x, y))
        for one, other, plain in zip(by_core, by_torch, once, strict=True):
            torch.testing.assert_close(one, other, **tolerance)
            torch.testing.assert_close(plain, other, **tolerance)
        if p == 2.0:
            twice = [
                torch.autograd.grad(one[0].square().sum(), x)[0] for one in (by_core, by_torch)
            ]
            torch.testing.assert_close(*twice, **tolerance)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, within its tracer
def test_sliced_is_registered_as_torch_wants_it():
    x, y = clouds(2, 4, 2), clouds(2, 4, 2, seed=1)
    rows = directions(3, 2, 0)
    for slopes in (False, True):
        clouds_given = (x, y) if slopes else (x.detach(), y.detach())
        arguments = *clouds_given, None, None, None, None, rows, 2.0, slopes
        assert set(torch.library.opcheck(ops.sliced, arguments).values()) == {"SUCCESS"}
    compiled = torch.compile(
        lambda one: ops.sliced(one, y, *[None] * 4, rows, 2.0, True)[0].sum(),
        fullgraph=True,
        backend="aot_eager",
    )
    by_compiled = torch.autograd.grad(compiled(x), x)[0]
    torch.testing.assert_close(by_compiled, torch.autograd.grad(mean_of(x, y, rows), x)[0])
    by_function = torch.func.grad(lambda one: mt.sliced_wasserstein(one, y, seed=1).sum())(x)
    by_backward = torch.autograd.grad(mt.sliced_wasserstein(x, y, seed=1).sum(), x)[0]
    torch.testing.assert_close(by_function, by_backward)


def mean_of(x, y, rows):
    batch = Batch(x, y, None, None, None, None, single=False)
    return slicing.mean_costs(batch, rows, 2.0).sum()


def test_seeded_directions_are_given_directions():
    x, y = clouds(2, 6, 3), clouds(2, 6, 3, seed=1)
    rows = directions(16, 3, 7)
    torch.testing.assert_close(rows.norm(dim=1), torch.ones(16, dtype=torch.float64))
    seeded = mt.sliced_wasserstein(x, y, n_projections=16, seed=7)
    assert torch.equal(seeded, mt.sliced_wasserstein(x, y, projections=rows))
    assert not torch.equal(seeded, mt.sliced_wasserstein(x, y, n_projections=16, seed=8))


def test_sliced_of_translations():
    """W_2 along r is |<r, t>|: the mean square over directions is |t|^2 / d, here exactly."""
    x = clouds(9, 3)
    t = torch.tensor([3.0, 4.0, 12.0], dtype=torch.float64)
    value = mt.sliced_wasserstein(x, x + t, projections=torch.eye(3, dtype=torch.float64))
    assert math.isclose(value.item(), 13 / math.sqrt(3), rel_tol=1e-12)
    far = mt.sliced_wasserstein(1e8 + x, 1e8 + x + t, projections=torch.eye(3, dtype=torch.float64))
    assert math.isclose(far.item(), 13 / math.sqrt(3), rel_tol=1e-7)


def test_sliced_of_padded_batches():
    x, y = clouds(2, 5, 2), clouds(2, 5, 2, seed=1)
    with torch.no_grad():
        x[1, 2:] = math.nan
        y[1, 2:] = math.inf
    result = mt.sliced_wasserstein(x, y, lengths=[5, 2])
    parts = mt.sliced_wasserstein([x[0], x[1, :2]], [y[0], y[1, :2]])
    torch.testing.assert_close(result, parts)
    torch.testing.assert_close(result[1], mt.sliced_wasserstein(x[1, :2], y[1, :2]))
    by_x, by_y = torch.autograd.grad(result.sum(), (x, y))
    for gradient in (by_x, by_y):
        assert gradient.isfinite().all()
        assert (gradient[1, 2:] == 0).all()


def test_autocast_does_not_coarsen_projections():
    x, y = clouds(1, 20, 3, dtype=torch.float32), clouds(1, 20, 3, seed=1, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(mt.sliced_wasserstein(x, y), mt.sliced_wasserstein(x, y))
        inside = mt.sliced_wasserstein(x, y)
    assert torch.equal(inside, mt.sliced_wasserstein(x, y))


def test_sliced_loss_draws_fresh_seeded_directions():
    x, y = clouds(3, 8, 3), clouds(3, 8, 3, seed=1)
    loss = mt.SlicedWassersteinLoss(n_projections=4, seed=3, reduction="none")
    first, second = loss(x, y), loss(x, y)
    assert not torch.equal(first, second)
    again = mt.SlicedWassersteinLoss(n_projections=4, seed=3, reduction="none")
    assert torch.equal(again(x, y), first)
    restored = mt.SlicedWassersteinLoss(n_projections=4, seed=3, reduction="none")
    restored.load_state_dict(again.state_dict())
    assert torch.equal(restored(x, y), second)
    loss.eval()
    assert torch.equal(loss(x, y), first)
    assert torch.equal(loss(x, y), first)
    assert "seed=3" in repr(loss)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"p": 0.5}, "p must be"),
        ({"n_projections": 0}, "n_projections must be"),
        ({"projections": torch.zeros(4, 3)}, r"projections must have shape \(n_projections, 2\)"),
        ({"projections": torch.zeros(0, 2)}, "projections must have shape"),
        ({"projections": [[1, 0], [math.nan, 0]]}, "rows of length 1; got length nan in row 1"),
        ({"projections": 2 * torch.eye(2)}, "rows of length 1; got length 2 in row 0"),
        ({"seed": -1}, "seed must be a whole number from 0"),
    ],
)
def test_misuse_of_sliced_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        mt.sliced_wasserstein(torch.zeros(3, 2), torch.zeros(3, 2), **options)
    with pytest.raises(ValueError, match="y must have finite coordinates"):
        mt.sliced_wasserstein(torch.zeros(1, 2), torch.full((1, 2), math.nan))


@pytest.mark.parametrize(
    ("masses", "message"),
    [
        ({"a": [[0.5, 0.5], [1.5, -0.5]]}, "a must have finite masses >= 0; got -0.5"),
        ({"b": [[0.5, 0.5], [math.nan, 1]]}, "b must have finite masses >= 0; got nan"),
        ({"b": [[0.5, 0.5], [0, 0]]}, "b must have a positive total mass; got 0"),
    ],
)
def test_sliced_refuses_masses_that_are_none(masses, message):
    x, y = torch.randn(2, 2, 2, 3)
    given = {name: torch.tensor(values, dtype=torch.float64) for name, values in masses.items()}
    for function in (mt.sliced_wasserstein, mt.emd):
        with pytest.raises(ValueError, match=message):
            function(x, y, **given)


@pytest.mark.parametrize("masses", [{"a": 2.0}, {"b": 3.0}, {"a": 2.0, "b": 2.00001}])
def test_sliced_refuses_totals_that_differ(masses):
    """They have no transport; the shares alone would hide it."""
    x, y = torch.randn(2, 4, 3, dtype=torch.float64)
    given = {name: torch.full((4,), total / 4).double() for name, total in masses.items()}
    for function in (mt.sliced_wasserstein, mt.emd):
        with pytest.raises(ValueError, match="total masses of a and b must agree within 1e-6"):
            function(x, y, **given)
    weights = torch.full((4,), 0.5, dtype=torch.float64)
    value = mt.sliced_wasserstein(x, y, weights, weights * (1 + 1e-7), projections=torch.eye(3))
    expected = monge.sliced_wasserstein(
        x.numpy(), y.numpy(), weights.numpy(), weights.numpy(), projections=np.eye(3)
    )
    assert math.isclose(value.item(), expected, rel_tol=1e-12)


@pytest.mark.parametrize("seed", [None, 1.5, "1", True])
def test_sliced_seeds_are_whole_numbers(seed):
    """No seed is not one: it would be other directions at every call."""
    for call in (
        lambda: mt.sliced_wasserstein(torch.zeros(3, 2), torch.zeros(3, 2), seed=seed),
        lambda: mt.SlicedWassersteinLoss(seed=seed),
    ):
        with pytest.raises(TypeError, match="seed must be a whole number"):
            call()
    with pytest.raises(ValueError, match="n_projections must be"):
        mt.SlicedWassersteinLoss(n_projections=0)


def test_sliced_masses_of_padding_are_not_looked_at():
    x, y = torch.randn(2, 2, 2, 3)
    a = torch.tensor([[0.25, 0.75], [1, math.nan]])
    padded = mt.sliced_wasserstein(x, y, a, lengths=([2, 1], None))
    alone = mt.sliced_wasserstein(x[1, :1], y[1])
    torch.testing.assert_close(padded[1], alone)
