"""The operators: registration, values, gradients of first and second order, and edge cases."""

import math

import monge
import numpy as np
import pytest
from grading import ground_costs

torch = pytest.importorskip("torch")

import monge.torch as mt  # noqa: E402
from monge.torch import ops  # noqa: E402

COSTS = (
    "euclidean",
    "sqeuclidean",
    "cityblock",
    "chebyshev",
    ("euclidean_power", 1.5),
    ("euclidean_power", 3.0),
)
HOW = "{'solver': 'auto', 'rtol': 0.0, 'threads': 1, 'time_limit': None}"


def clouds(*shape, dtype=torch.float64, seed=0, grad=True):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_(grad)


def pair(batch, n, m, dim, dtype=torch.float64, grad=True):
    x = clouds(batch, n, dim, dtype=dtype, grad=grad)
    return x, clouds(batch, m, dim, dtype=dtype, seed=1, grad=grad)


# --- registration ---


def transport_arguments():
    x, y = pair(2, 4, 4, 2, dtype=torch.float32)
    line_x, line_y = pair(2, 4, 3, 1)
    masses = torch.full((2, 4), 0.25, dtype=torch.float64, requires_grad=True)
    return [
        pytest.param(x, y, None, None, None, None, "euclidean", 1.0, HOW, id="plain"),
        pytest.param(
            line_x,
            line_y,
            masses,
            None,
            None,
            torch.tensor([3, 1]),
            "sqeuclidean",
            1.0,
            HOW,
            id="all",
        ),
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, within its tracer
@pytest.mark.parametrize(
    ("x", "y", "a", "b", "x_lengths", "y_lengths", "cost", "power", "how"), transport_arguments()
)
def test_transport_is_registered_as_torch_wants_it(
    x, y, a, b, x_lengths, y_lengths, cost, power, how
):
    arguments = (x, y, a, b, x_lengths, y_lengths, cost, power, how)
    results = torch.library.opcheck(ops.transport, arguments)
    assert set(results.values()) == {"SUCCESS"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_other_operators_are_registered_as_torch_wants_them():
    costs = torch.rand(2, 4, 4, requires_grad=True)
    results = torch.library.opcheck(ops.transport_cost, (costs, None, None, None, None, HOW))
    assert set(results.values()) == {"SUCCESS"}
    results = torch.library.opcheck(ops.assignment, (torch.rand(2, 4, 3), HOW))
    assert set(results.values()) == {"SUCCESS"}


def test_outputs_have_fixed_shapes_and_prove_the_cost():
    x, y = pair(3, 6, 4, 1, grad=False)
    cost, rows, cols, mass, f, g = ops.transport(x, y, *[None] * 4, "euclidean", 1.0, HOW)
    assert rows.shape == cols.shape == mass.shape == (3, 9)
    assert f.shape == (3, 6)
    assert g.shape == (3, 4)
    for k in range(3):
        costs = torch.from_numpy(ground_costs(x[k], y[k], "euclidean"))
        plan = torch.zeros(6, 4, dtype=torch.float64).index_put_(
            (rows[k], cols[k]), mass[k], accumulate=True
        )
        torch.testing.assert_close(plan.sum(1), torch.full((6,), 1 / 6, dtype=torch.float64))
        torch.testing.assert_close(plan.sum(0), torch.full((4,), 1 / 4, dtype=torch.float64))
        torch.testing.assert_close((plan * costs).sum(), cost[k])
        torch.testing.assert_close(f[k].mean() + g[k].mean(), cost[k])
        assert (f[k][:, None] + g[k] <= costs + 1e-12).all()


# --- values ---


@pytest.mark.parametrize("cost", COSTS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_value_is_that_of_arrays(cost, dtype):
    x, y = pair(3, 9, 9, 3, dtype=dtype)
    result = mt.emd(x, y, cost=cost)
    assert result.dtype == dtype
    assert result.shape == (3,)
    expected = monge.emd(x.detach().numpy(), y.detach().numpy(), cost=cost)
    np.testing.assert_allclose(result.detach().numpy(), expected, rtol=4 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("n", [1, 2, 20, 1000, 1023, 1025])
@pytest.mark.parametrize("dim", [1, 2, 3, 100])
def test_sizes_and_dimensions_that_other_modules_refuse_or_get_wrong(n, dim):
    """Outside of [0, 1], any n, any d; the matching is verified by its own cost."""
    if n > 20 and dim == 100:
        n = 20 + n % 1000
    x, y = (50 * clouds(n, dim, dtype=torch.float32, seed=s, grad=False) - 20 for s in (2, 3))
    cost, rows, cols, mass, *_ = ops.transport(x[None], y[None], *[None] * 4, "euclidean", 1.0, HOW)
    kept = mass[0] > 0
    assert sorted(rows[0][kept].tolist()) == sorted(cols[0][kept].tolist()) == list(range(n))
    lengths = (x[rows[0][kept]].double() - y[cols[0][kept]].double()).norm(dim=1)
    assert math.isclose(lengths.mean(), cost, rel_tol=1e-6)
    assert cost == mt.emd(x, y)


def test_arrays_and_tensors_meet_in_one_function():
    x, y = pair(2, 5, 5, 2)
    expected = mt.emd(x, y)
    assert isinstance(monge.emd(x, y), torch.Tensor)
    assert torch.equal(monge.emd(x, y), expected)
    assert torch.equal(monge.emd(x, y.detach().numpy()), expected)
    assert torch.equal(monge.emd([*x], [*y]), expected)
    assert torch.equal(monge.wasserstein(x, y, p=2), mt.wasserstein(x, y, p=2))
    monge.emd(x, y).sum().backward()
    assert x.grad is not None
    with pytest.raises(TypeError, match=r"x must be an array, not a torch tensor.*monge\.torch"):
        monge.solve(x[0], y[0])
    with pytest.raises(TypeError, match="progress must be None for torch tensors"):
        monge.emd(x, y, progress=print)


def test_clouds_on_the_cpu_are_read_in_place(monkeypatch):
    x, y = pair(2, 6, 6, 2, dtype=torch.float32)
    seen = []

    def spy(x_k, y_k, *rest):
        seen.append((x_k.ctypes.data, y_k.ctypes.data))
        return original(x_k, y_k, *rest)

    original = ops.cloud_problem
    monkeypatch.setattr(ops, "cloud_problem", spy)
    mt.emd(x, y)
    assert seen == [(x[k].data_ptr(), y[k].data_ptr()) for k in range(2)]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_lifted_and_gets_its_gradient_back(dtype):
    x, y = (one.detach().to(dtype).requires_grad_() for one in pair(2, 6, 6, 3))
    result = mt.emd(x, y)
    assert result.dtype == torch.float32
    torch.testing.assert_close(result, mt.emd(x.float(), y.float()))
    result.sum().backward()
    assert x.grad.dtype == y.grad.dtype == dtype
    assert x.grad.isfinite().all()


def test_autocast_leaves_the_loss_in_single_precision():
    layer = torch.nn.Linear(3, 3)
    x, y = pair(1, 8, 8, 3, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        moved = layer(x[0])
        assert moved.dtype == torch.bfloat16
        loss = mt.emd(moved, y[0], cost="sqeuclidean")
    assert loss.dtype == torch.float32
    loss.backward()
    assert layer.weight.grad.dtype == torch.float32
    assert layer.weight.grad.abs().sum() > 0


def test_integers_and_mixed_types_become_double():
    x = torch.tensor([[0], [4]])
    assert mt.emd(x, x.float() + 1) == 1
    assert mt.emd(x, x.float() + 1).dtype == torch.float64


def test_views_of_any_stride_are_served():
    x, y = pair(5, 3, 7, 2, grad=False)
    strided = x.transpose(0, 1)[:, ::2]
    other = y.transpose(0, 1)[:3, ::2].flip(-1)
    assert torch.equal(mt.emd(strided, other), mt.emd(strided.contiguous(), other.contiguous()))
    one = x[:1].expand(4, 3, 2)
    assert torch.equal(mt.emd(one, one + 1), mt.emd(one.contiguous(), one.contiguous() + 1))


def test_an_empty_batch_has_no_costs():
    x, y = torch.zeros(0, 4, 2, requires_grad=True), torch.zeros(0, 4, 2)
    result = mt.emd(x, y)
    assert result.shape == (0,)
    result.sum().backward()
    assert x.grad.shape == x.shape


# --- gradients ---


@pytest.mark.parametrize("cost", COSTS, ids=str)
def test_gradients_of_first_and_second_order(cost):
    x, y = pair(2, 4, 4, 2)
    assert torch.autograd.gradcheck(lambda x, y: mt.emd(x, y, cost=cost), (x, y))
    assert torch.autograd.gradgradcheck(lambda x, y: mt.emd(x, y, cost=cost), (x, y))


@pytest.mark.parametrize("cost", ["sqeuclidean", "euclidean"])
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_gradients_by_masses(dim, cost):
    """Of unequal sizes: no permutation, so that potentials are those of a general transport."""
    x, y = pair(2, 5, 4, dim)
    a, b = clouds(2, 5, seed=5), clouds(2, 4, seed=6)

    def loss(x, y, a, b):
        return mt.emd(x, y, a.softmax(-1), b.softmax(-1), cost=cost)

    assert torch.autograd.gradcheck(loss, (x, y, a, b))


@pytest.mark.parametrize("dim", [2, 3])
def test_gradients_by_masses_of_padded_batches_and_lists(dim):
    """By central differences along steps that keep the totals, of generic masses."""
    x, y = pair(2, 6, 5, dim, grad=False)
    counts = ([4, 6], [5, 2])
    masses = [
        [torch.rand(count, generator=torch.Generator().manual_seed(count)) for count in side]
        for side in counts
    ]
    a, b = ([(one.double() / one.double().sum()) for one in side] for side in masses)

    def padded(side, size):
        """Padding holds masses that must not matter."""
        return torch.stack(
            [torch.nn.functional.pad(one, (0, size - len(one)), value=7.0) for one in side]
        )

    def by_padding(a, b):
        return mt.emd(x, y, padded(a, 6), padded(b, 5), cost="sqeuclidean", lengths=counts)

    def by_lists(a, b):
        clouds_x = [x[k, :count] for k, count in enumerate(counts[0])]
        clouds_y = [y[k, :count] for k, count in enumerate(counts[1])]
        return mt.emd(clouds_x, clouds_y, a, b, cost="sqeuclidean")

    leaves = [one.requires_grad_() for one in (*a, *b)]
    gradients = torch.autograd.grad(by_padding(a, b).sum(), leaves)
    lists = torch.autograd.grad(by_lists(a, b).sum(), leaves)
    for one, other in zip(gradients, lists, strict=True):
        torch.testing.assert_close(one, other)
        assert abs(one.sum()) <= 1e-12
    step = 1e-6
    for k, (leaf, gradient) in enumerate(zip(leaves, gradients, strict=True)):
        for i in range(1, len(leaf)):
            way = torch.zeros_like(leaf)
            way[0], way[i] = -step, step
            values = []
            for sign in (1, -1):
                moved = [one.detach() for one in leaves]
                moved[k] = moved[k] + sign * way
                values.append(by_lists(moved[:2], moved[2:]).sum())
            slope = (values[0] - values[1]) / (2 * step)
            torch.testing.assert_close(gradient[i] - gradient[0], slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_mass_gradients_are_centred_potentials(dim):
    """Steps along them keep the totals."""
    x, y = pair(1, 5, 5, dim)
    a = torch.full((5,), 0.2, dtype=torch.float64, requires_grad=True)
    b = torch.tensor([0.1, 0.3, 0.2, 0.2, 0.2], dtype=torch.float64, requires_grad=True)
    mt.emd(x[0], y[0], a, b).backward()
    solution = monge.solve(
        *(one[0].detach().numpy() for one in (x, y)), a.detach().numpy(), b.detach().numpy()
    )
    for gradient, potential in ((a.grad, solution.f), (b.grad, solution.g)):
        assert abs(gradient.sum()) <= 1e-12
        np.testing.assert_allclose(gradient, potential - potential.mean(), atol=1e-12)


def test_gradients_by_a_cost_matrix_are_the_plan():
    costs = clouds(2, 4, 4)
    assert torch.autograd.gradcheck(mt.transport_cost, (costs,))
    assert torch.autograd.gradgradcheck(mt.transport_cost, (costs,))
    mt.transport_cost(costs).sum().backward()
    for k in range(2):
        plan = monge.solve_cost(costs[k].detach().numpy()).plan.to_dense()
        np.testing.assert_array_equal(costs.grad[k], plan)


@pytest.mark.parametrize("cost", COSTS, ids=str)
@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e-12, 1e8])
def test_coincident_points_and_extreme_scales_give_no_nan(cost, scale):
    x = scale * clouds(1, 6, 2, grad=False)
    y = x.clone()
    y[:, :3] += scale * 0.5
    x.requires_grad_()
    y.requires_grad_()
    value = mt.emd(x, y, cost=cost)
    (gradient,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    assert gradient.isfinite().all()
    still = (x[:, None] == y[:, :, None]).all(-1).any(1)
    if scale == 0:
        assert (gradient == 0).all()
    assert still.any()
    (second,) = torch.autograd.grad(gradient.square().sum(), x, allow_unused=True)
    assert second is None or not second.isnan().any()


def test_the_gradient_of_coincident_clouds_is_zero():
    x = clouds(2, 5, 3)
    for value in (mt.emd(x, x.detach()), mt.wasserstein(x, x.detach(), p=2)):
        (gradient,) = torch.autograd.grad(value.sum(), x)
        assert (gradient == 0).all()


def test_a_unit_gradient_for_each_point_of_the_euclidean_cost():
    for scale in (1e-20, 1.0, 1e15):
        x, y = (scale * one.detach() for one in pair(1, 7, 7, 3, dtype=torch.float32))
        x.requires_grad_()
        mt.emd(x, y).sum().backward()
        torch.testing.assert_close(7 * x.grad.norm(dim=-1), torch.ones(1, 7))


def test_the_factor_of_a_loss_reaches_the_gradient():
    x, y = pair(2, 5, 5, 2)
    (plain,) = torch.autograd.grad(mt.emd(x, y).sum(), x)
    (scaled,) = torch.autograd.grad((-2 * mt.emd(x, y)).sum(), x)
    torch.testing.assert_close(scaled, -2 * plain)


def test_the_hessian_of_squared_distances():
    """W = mean |x_i - y_s(i)|^2: the Hessian by x is 2/n times the identity."""
    x, y = pair(1, 4, 4, 2)
    hessian = torch.autograd.functional.hessian(
        lambda points: mt.emd(points, y[0].detach(), cost="sqeuclidean"), x[0].detach()
    )
    torch.testing.assert_close(hessian.reshape(8, 8), torch.eye(8, dtype=torch.float64) * 2 / 4)


def test_second_derivatives_that_do_not_exist_raise():
    x, y = pair(1, 5, 4, 1)
    a = torch.full((1, 5), 0.2, dtype=torch.float64, requires_grad=True)
    by_x, by_a = torch.autograd.grad(mt.emd(x, y, a).sum(), (x, a), create_graph=True)
    with pytest.raises(RuntimeError, match="derivative of an optimal plan by masses"):
        torch.autograd.grad(by_x.square().sum(), a, retain_graph=True)
    with pytest.raises(RuntimeError, match="derivative of optimal potentials by points or costs"):
        torch.autograd.grad(by_a.square().sum(), x, retain_graph=True)
    # The value is piecewise linear in the masses alone, and the plan still where points move.
    (second,) = torch.autograd.grad(by_a.square().sum(), a, retain_graph=True, allow_unused=True)
    assert second is None or (second == 0).all()
    (second,) = torch.autograd.grad(by_x.sum(), x)
    assert second.isfinite().all()


def test_the_root_s_gradient():
    x, y = pair(2, 4, 4, 2)
    for p in (1, 2, 3.5):
        assert torch.autograd.gradcheck(lambda x, y, p=p: mt.wasserstein(x, y, p=p), (x, y))


# --- padding and lists ---


def test_padded_batches_equal_their_parts_and_padding_gets_no_gradient():
    x, y = pair(3, 6, 6, 2)
    lengths = torch.tensor([6, 2, 4])
    with torch.no_grad():
        for k, count in enumerate(lengths):
            x[k, count:] = math.nan
            y[k, count:] = math.inf
    result = mt.emd(x, y, lengths=lengths)
    expected = torch.stack([mt.emd(x[k, :c], y[k, :c]) for k, c in enumerate(lengths)])
    assert torch.equal(result, expected)
    gradient, other = torch.autograd.grad(result.sum(), (x, y))
    for k, count in enumerate(lengths):
        assert (gradient[k, count:] == 0).all()
        assert (other[k, count:] == 0).all()
        assert (gradient[k, :count] != 0).any()
    parts = [x[k, :c] for k, c in enumerate(lengths)], [y[k, :c] for k, c in enumerate(lengths)]
    assert torch.equal(mt.emd(*parts), expected)
    assert torch.equal(mt.emd(x, y, lengths=lengths.tolist()), expected)


def test_lengths_of_either_side_and_masses_of_padded_batches():
    x, y = pair(2, 6, 5, 1)
    a = torch.rand(2, 6, dtype=torch.float64).requires_grad_()
    counts = [4, 6]
    masses = torch.zeros_like(a)
    for k, count in enumerate(counts):
        masses[k, :count] = a[k, :count] / a[k, :count].sum()
    result = mt.emd(x, y, masses, lengths=(counts, None))
    expected = [mt.emd(x[k, :c], y[k], masses[k, :c]) for k, c in enumerate(counts)]
    torch.testing.assert_close(result, torch.stack(expected))
    (gradient,) = torch.autograd.grad(result.sum(), masses)
    assert (gradient[0, 4:] == 0).all()
    assert abs(gradient[0].sum()) < 1e-12
    lists = mt.emd([x[0, :4], x[1]], [*y], [masses[0, :4], masses[1]])
    torch.testing.assert_close(lists, result)


# --- transforms ---


def test_compiled_functions_have_the_same_value_and_gradient():
    x, y = pair(2, 5, 5, 3)

    def loss(x, y):
        return mt.wasserstein(2 * x, y, p=2).mean()

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    expected = torch.autograd.grad(loss(x, y), (x, y))
    result = torch.autograd.grad(compiled(x, y), (x, y))
    torch.testing.assert_close(compiled(x, y), loss(x, y))
    for one, other in zip(result, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_vmap_is_a_larger_batch():
    x, y = pair(3, 5, 5, 2)
    assert torch.equal(torch.vmap(mt.emd)(x, y), mt.emd(x, y))
    assert torch.equal(
        torch.vmap(lambda one: mt.emd(one, y[0]))(x), mt.emd(x, y[:1].expand(3, 5, 2))
    )
    batches = torch.stack([x, x + 1], dim=1)
    result = torch.vmap(lambda one: mt.emd(one, y), in_dims=1)(batches)
    assert torch.equal(result, torch.stack([mt.emd(x, y), mt.emd(x + 1, y)]))
    (gradient,) = torch.autograd.grad(torch.vmap(mt.emd)(x, y).sum(), x)
    (expected,) = torch.autograd.grad(mt.emd(x, y).sum(), x)
    assert torch.equal(gradient, expected)
    costs = torch.rand(4, 3, 3)
    assert torch.equal(torch.vmap(mt.transport_cost)(costs), mt.transport_cost(costs))


# --- bad input ---


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((torch.zeros(3), torch.zeros(3)), {}, ValueError, r"x must have shape \(n, d\)"),
        (
            (torch.zeros(3, 2), torch.zeros(3, 3)),
            {},
            ValueError,
            "y must have the dimension of x, 2",
        ),
        ((torch.zeros(2, 3, 1), torch.zeros(3, 3, 1)), {}, ValueError, "batches of one size"),
        ((torch.zeros(2, 3, 1), torch.zeros(3, 1)), {}, ValueError, "x and y must both be single"),
        ((torch.zeros(0, 2), torch.zeros(1, 2)), {}, ValueError, "x must have at least one point"),
        ((torch.zeros(1, 2) * 1j, torch.zeros(1, 2)), {}, TypeError, "x must hold real numbers"),
        ((torch.zeros(1, 2) > 0, torch.zeros(1, 2)), {}, TypeError, "x must hold real numbers"),
        ((torch.full((1, 2), math.nan), torch.zeros(1, 2)), {}, ValueError, "finite coordinates"),
        (
            (torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(2)),
            {},
            ValueError,
            "a must have one mass",
        ),
        ((torch.zeros(1, 2), torch.zeros(1, 2)), {"cost": "cosine"}, ValueError, "cosine"),
        ((torch.zeros(1, 2), torch.zeros(1, 2)), {"rtol": -1}, ValueError, "rtol must be"),
        ((torch.zeros(1, 2), torch.zeros(1, 2)), {"threads": 0}, ValueError, "threads must be"),
        ((torch.zeros(1, 2), torch.zeros(1, 2)), {"solver": "magic"}, ValueError, "magic"),
        ((torch.zeros(1, 2), torch.zeros(1, 2)), {"colour": 1}, ValueError, "colour"),
        ((torch.zeros(1, 2), torch.zeros(1, 2)), {"colour": []}, TypeError, "colour must be"),
        ((torch.zeros(1, 2), torch.zeros(1, 2)), {"lengths": [1]}, ValueError, "lengths of x must"),
        ((torch.zeros(1, 2, 2), torch.zeros(1, 2, 2)), {"lengths": [3]}, ValueError, "from 1 to 2"),
        (
            (torch.zeros(1, 2, 2), torch.zeros(1, 2, 2)),
            {"lengths": [0]},
            ValueError,
            "got 0 for pair",
        ),
        (
            (torch.zeros(1, 2, 2), torch.zeros(1, 2, 2)),
            {"lengths": [1.5]},
            ValueError,
            "whole number",
        ),
        (([torch.zeros(1, 2), torch.zeros(3)],) * 2, {}, ValueError, "list of"),
    ],
)
def test_misuse_is_named(arguments, options, error, message):
    with pytest.raises(error, match=message):
        mt.emd(*arguments, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rtol": float("nan")}, "rtol must be a number from 0 to 1; got nan"),
        ({"time_limit": float("nan")}, "time_limit must be a number of seconds >= 0; got nan"),
        ({"mass": float("nan")}, "mass must be from 0 to .*; got nan"),
        ({"unmatched_cost": (1.0, float("nan"))}, "unmatched_cost must have prices .*; got nan"),
        ({"unmatched_cost": float("-inf")}, "unmatched_cost must have prices .*; got -inf"),
        (
            {"solver": "hungarian", "row_reduction_scans": float("inf")},
            '"row_reduction_scans" must be .*; got inf',
        ),
    ],
)
def test_numbers_that_are_not_finite_are_refused_by_name(options, message):
    """They have to pass through an operator's text first."""
    with pytest.raises(ValueError, match=message):
        mt.emd(torch.zeros(2, 2), torch.ones(2, 2), **options)


def test_no_time_limit_may_be_an_infinite_one():
    x, y = torch.zeros(2, 2), torch.ones(2, 2)
    assert torch.equal(mt.emd(x, y, time_limit=float("inf")), mt.emd(x, y))
    settings = {"epsilon": 0.5, "rtol": np.float64(1e-6), "max_iterations": np.int64(100)}
    limited = mt.sinkhorn_divergence(x, y, time_limit=float("inf"), **settings)
    assert torch.equal(limited, mt.sinkhorn_divergence(x, y, epsilon=0.5))


def test_tensors_of_other_layouts_and_devices_are_named():
    with pytest.raises(TypeError, match="x must be a dense tensor"):
        mt.emd(torch.eye(3).to_sparse(), torch.eye(3))
    with pytest.raises(ValueError, match="y must be on the device of the others, cpu; got meta"):
        mt.emd(torch.eye(3), torch.eye(3, device="meta"))


def test_a_limit_that_was_hit_is_no_optimum():
    x, y = clouds(600, 2), clouds(600, 2, seed=1)
    with pytest.raises(monge.NotOptimal) as caught:
        mt.emd(x, y, time_limit=0)
    assert caught.value.solution.status == "time_limit"
    with pytest.raises(monge.NotOptimal):
        mt.transport_cost(torch.full((2, 2), math.inf))


def test_an_approximate_cost_is_within_its_tolerance():
    x, y = clouds(300, 3), clouds(300, 3, seed=1)
    exact, near = mt.emd(x, y), mt.emd(x, y, rtol=0.05, solver="auction")
    assert exact * (1 - 1e-12) <= near <= exact * 1.06


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's own use
def test_forward_mode_is_refused_and_never_0():
    """Torch drops tangents at operators registered from Python, and goes on with 0."""
    torch.manual_seed(0)
    x, y = torch.randn(2, 4, 2, dtype=torch.float64), torch.randn(2, 5, 2, dtype=torch.float64)
    a = torch.full((2, 4), 0.25, dtype=torch.float64)
    functions = {
        "emd": (lambda one: mt.emd(one, y), x),
        "wasserstein": (lambda one: mt.wasserstein(y, one, p=2), x),
        "by masses": (lambda one: mt.emd(x, y, one), a),
        "transport_cost": (
            lambda one: mt.transport_cost((one[:, :, None] - y[:, None]).abs().sum(-1)),
            x,
        ),
        "sinkhorn": (lambda one: mt.sinkhorn_divergence(one, y, epsilon=0.5), x),
    }
    for name, (function, point) in functions.items():
        with pytest.raises(RuntimeError, match="forward mode"):
            torch.func.jacfwd(function)(point)
        with pytest.raises(RuntimeError, match="forward mode"):
            torch.func.jvp(function, (point,), (torch.ones_like(point),))
        assert function(point).isfinite().all(), name
    for function in (
        lambda one: mt.chamfer(one, y),
        lambda one: mt.sliced_wasserstein(one, y),
        lambda one: mt.c_transform(torch.zeros(2, 5), one, y)[0],
    ):
        forward, reverse = torch.func.jacfwd(function)(x), torch.func.jacrev(function)(x)
        torch.testing.assert_close(forward, reverse)


def test_lists_of_numbers_are_double_and_may_be_empty():
    x, y = torch.rand(3, 2, dtype=torch.float64), torch.rand(2, 2, dtype=torch.float64)
    a, b = [0.1, 0.2, 0.7], [0.3, 0.7]
    expected = monge.emd(x.numpy(), y.numpy(), a, b)
    assert float(mt.emd(x, y, a, b)) == pytest.approx(expected, rel=1e-14)
    nothing = torch.zeros(0, 3, 2)
    for function in (mt.emd, mt.chamfer, mt.sliced_wasserstein):
        assert function(nothing, nothing, lengths=[]).shape == (0,)
        with pytest.raises(ValueError, match="x must have at least one coordinate"):
            function(x[:, :0], y[:, :0])
