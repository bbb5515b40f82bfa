"""The drop-ins keep the signatures, layouts and scales of the peers, and are exact."""

import math

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

torch = pytest.importorskip("torch")

import monge.torch as mt  # noqa: E402
from monge.compat.msn import emdModule  # noqa: E402
from monge.compat.pytorch3d import chamfer_distance  # noqa: E402
from monge.compat.pytorch_emd import earth_mover_distance  # noqa: E402


def clouds(*shape, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_()


def matching(x, y, metric):
    costs = cdist(x.detach().double(), y.detach().double(), metric)
    return costs[linear_sum_assignment(costs)]


# --- PyTorchEMD ---


def test_earth_mover_distance_sums_squares_over_columns():
    x, y = clouds(2, 3, 17), clouds(2, 3, 17, seed=1)
    result = earth_mover_distance(x, y)
    expected = [matching(x[k].T, y[k].T, "sqeuclidean").sum() for k in range(2)]
    np.testing.assert_allclose(result.detach(), expected, rtol=1e-5)
    rows = earth_mover_distance(x.transpose(1, 2), y.transpose(1, 2), transpose=False)
    assert torch.equal(rows, result)
    assert torch.equal(earth_mover_distance(x[0], y[0]), result[:1])


def test_the_example_of_earth_mover_distance():
    """Two points at distance 1 from theirs: 1 + 1; the gradient of a square is twice the way."""
    x = torch.tensor([[[0.0, 0, 0], [5, 0, 0]]], requires_grad=True)
    y = torch.tensor([[[5.0, 1, 0], [0, 1, 0]]], requires_grad=True)
    result = earth_mover_distance(x, y, transpose=False)
    assert result.tolist() == [2.0]
    result.sum().backward()
    assert x.grad.tolist() == [[[0.0, -2.0, 0.0], [0.0, -2.0, 0.0]]]
    assert torch.equal(y.grad, -x.grad)


def test_sizes_that_divide_each_other():
    """Each point of the smaller cloud takes m / n points of the larger."""
    x, y = clouds(1, 3, 1), clouds(1, 6, 1, seed=1)
    copies = x.repeat_interleave(2, dim=1)
    result = earth_mover_distance(x, y, transpose=False)
    expected = matching(copies[0], y[0], "sqeuclidean").sum()
    assert math.isclose(result.item(), expected, rel_tol=1e-5)


# --- MSN ---


@pytest.mark.parametrize("n", [1, 2, 20, 300])
@pytest.mark.parametrize("dim", [1, 2, 3, 100])
def test_emd_module_is_right_where_the_peer_is_not(n, dim):
    """No multiple of 1024, not in [0, 1], not d = 3: each made the peer wrong without an error."""
    if dim == 100:
        n = min(n, 100)
    x, y = 10 * clouds(2, n, dim) + 5, 10 * clouds(2, n, dim, seed=1)
    dist, assignment = emdModule()(x, y, 0.005, 50)
    assert dist.shape == assignment.shape == (2, n)
    assert assignment.dtype == torch.int32
    for k in range(2):
        assert sorted(assignment[k].tolist()) == list(range(n))
        verified = (x[k] - y[k][assignment[k].long()]).norm(dim=1)
        torch.testing.assert_close(dist[k].sqrt(), verified)
        optimum = matching(x[k], y[k], "euclidean").mean()
        assert math.isclose(verified.mean().item(), optimum, rel_tol=1e-5)


def test_emd_module_reports_what_its_matching_costs_in_a_hundred_dimensions():
    """The peer reported 0.0467 where its own matching cost 4.0756, which is that of chance.

    The mean distance of random points of the cube: its square has mean 100 / 6 and variance
    100 (1 / 15 - 1 / 36), so it is sqrt(100 / 6) - 0.007 to second order.
    """
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(2, 1, 1024, 100, generator=generator)
    assert math.isclose((x - y).norm(dim=-1).mean(), math.sqrt(100 / 6) - 0.00715, rel_tol=3e-3)
    dist, assignment = emdModule()(x, y, 0.005, 50)
    reported = dist.sqrt().mean().item()
    verified = (x[0] - y[0][assignment[0].long()]).norm(dim=1).mean().item()
    assert math.isclose(reported, verified, rel_tol=1e-6)
    assert math.isclose(reported, matching(x[0], y[0], "euclidean").mean(), rel_tol=1e-6)
    assert 3 < reported < 4


def test_emd_module_s_gradients():
    x, y = clouds(2, 9, 3), clouds(2, 9, 3, seed=1)
    dist, assignment = emdModule()(x, y, 0.002, 10000)
    emd = dist.sqrt().mean(1)
    torch.testing.assert_close(emd, mt.emd(x, y))
    by_x, by_y = torch.autograd.grad(emd.sum(), (x, y))
    expected = torch.autograd.grad(mt.emd(x, y).sum(), (x, y))
    torch.testing.assert_close(by_x, expected[0])
    torch.testing.assert_close(by_y, expected[1])
    assert not assignment.requires_grad
    with pytest.raises(ValueError, match="input1 and input2 must have one shape"):
        emdModule()(x, y[:, 1:], 0.005, 50)


# --- PyTorch3D ---


def chamfer_terms(x, y, norm):
    """Lengths from each x_i to its nearest y_j, and those j: the definition, by all pairs."""
    ways = x[:, None] - y[None]
    lengths = ways.square().sum(-1) if norm == 2 else ways.abs().sum(-1)
    return lengths.min(1)


@pytest.mark.parametrize("norm", [1, 2])
@pytest.mark.parametrize("point_reduction", ["mean", "sum", "max"])
@pytest.mark.parametrize("batch_reduction", ["mean", "sum", None])
@pytest.mark.parametrize("single_directional", [True, False])
def test_chamfer_distance(norm, point_reduction, batch_reduction, single_directional):
    x, y = clouds(2, 6, 3), clouds(2, 9, 3, seed=1)
    counts = (torch.tensor([6, 4]), torch.tensor([9, 1]))
    weights = torch.tensor([0.5, 2.0])
    expected = []
    for k in range(2):
        one, other = x[k, : counts[0][k]], y[k, : counts[1][k]]
        sides = [chamfer_terms(one, other, norm).values, chamfer_terms(other, one, norm).values]
        reduced = [
            getattr(side, {"max": "amax"}.get(point_reduction, point_reduction))() for side in sides
        ]
        both = max(reduced) if point_reduction == "max" else sum(reduced)
        expected.append(weights[k] * (reduced[0] if single_directional else both))
    expected = torch.stack(expected)
    if batch_reduction is not None:
        expected = expected.sum() / (weights.sum() if batch_reduction == "mean" else 1)
    loss, normals = chamfer_distance(
        x,
        y,
        *counts,
        weights=weights,
        batch_reduction=batch_reduction,
        point_reduction=point_reduction,
        norm=norm,
        single_directional=single_directional,
    )
    torch.testing.assert_close(loss, expected)
    assert normals is None
    for one, other in zip(
        torch.autograd.grad(loss.sum(), (x, y)),
        torch.autograd.grad(expected.sum(), (x, y)),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("abs_cosine", [True, False])
def test_chamfer_distance_of_normals(abs_cosine):
    x, y = clouds(2, 6, 3), clouds(2, 9, 3, seed=1)
    x_normals, y_normals = clouds(2, 6, 3, seed=2), clouds(2, 9, 3, seed=3)
    _, loss = chamfer_distance(
        x, y, x_normals=x_normals, y_normals=y_normals, abs_cosine=abs_cosine
    )
    expected = []
    for k in range(2):
        for one, other, n_one, n_other in (
            (x[k], y[k], x_normals[k], y_normals[k]),
            (y[k], x[k], y_normals[k], x_normals[k]),
        ):
            met = n_other[chamfer_terms(one, other, 2).indices]
            cosine = torch.cosine_similarity(n_one, met, dim=1)
            expected.append((1 - (cosine.abs() if abs_cosine else cosine)).mean())
    torch.testing.assert_close(loss, sum(expected) / 2)


def test_chamfer_distance_defaults_and_terms():
    x, y = clouds(2, 6, 3), clouds(2, 9, 3, seed=1)
    loss, _ = chamfer_distance(x, y)
    torch.testing.assert_close(loss, mt.chamfer(x, y).mean())
    (there, back), _ = chamfer_distance(x, y, batch_reduction=None, point_reduction=None)
    assert there.shape == (2, 6)
    assert back.shape == (2, 9)
    torch.testing.assert_close((there.mean(1) + back.mean(1)).mean(), loss)
    zero, _ = chamfer_distance(x, y, weights=torch.zeros(2))
    assert zero == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_reduction": "max"}, "batch_reduction must be"),
        ({"point_reduction": "median"}, "point_reduction must be"),
        ({"point_reduction": None}, "batch_reduction must be None"),
        ({"norm": 3}, "norm must be 1 or 2"),
        ({"weights": torch.ones(3)}, "weights must have shape"),
        ({"weights": -torch.ones(2)}, "weights must be non-negative"),
        ({"x_lengths": torch.tensor([1])}, "lengths of x"),
    ],
)
def test_misuse_of_chamfer_distance_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        chamfer_distance(torch.zeros(2, 4, 3), torch.zeros(2, 4, 3), **options)
    with pytest.raises(ValueError, match=r"tensors of shape \(N, P, D\)"):
        chamfer_distance(torch.zeros(4, 3), torch.zeros(4, 3))
