"""The modules: reductions, training, threads, processes and memory."""

import ast
import gc
import resource
import subprocess
import sys
import threading

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import monge.torch as mt  # noqa: E402

LOSSES = (mt.EMDLoss, mt.WassersteinLoss)


def clouds(*shape, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_()


@pytest.mark.parametrize("loss", LOSSES)
def test_reductions(loss):
    x, y = clouds(3, 5, 2), clouds(3, 5, 2, seed=1)
    each = loss(reduction="none")(x, y)
    assert each.shape == (3,)
    assert torch.equal(loss(reduction=None)(x, y), each)
    torch.testing.assert_close(loss()(x, y), each.mean())
    torch.testing.assert_close(loss(reduction="sum")(x, y), each.sum())
    assert loss()(x[0], y[0]).shape == ()
    with pytest.raises(ValueError, match="reduction must be"):
        loss(reduction="median")


def test_modules_are_their_functions():
    x, y = clouds(2, 6, 3), clouds(2, 6, 3, seed=1)
    assert torch.equal(
        mt.EMDLoss("sqeuclidean", reduction="none")(x, y), mt.emd(x, y, cost="sqeuclidean")
    )
    assert torch.equal(mt.WassersteinLoss(2, reduction="none")(x, y), mt.wasserstein(x, y, p=2))
    lengths = torch.tensor([3, 6])
    for loss in LOSSES:
        padded = loss(reduction="none")(x, y, lengths=lengths)
        lists = loss(reduction="none")([x[0, :3], x[1]], [y[0, :3], y[1]])
        assert torch.equal(padded, lists)
        a = torch.full((2, 6), 1 / 6, requires_grad=True)
        loss()(x, y, a, a).backward()
        assert a.grad.shape == (2, 6)


def test_settings_are_checked_when_the_module_is_made():
    with pytest.raises(ValueError, match="euclidean_power"):
        mt.EMDLoss("euclidean_power")
    with pytest.raises(ValueError, match="p must be"):
        mt.WassersteinLoss(0.5)
    with pytest.raises(TypeError, match="cost must not be given for W_p"):
        mt.WassersteinLoss(2, cost="euclidean")
    assert repr(mt.EMDLoss("cityblock", rtol=0.1)) == (
        "EMDLoss(cost='cityblock', reduction='mean', rtol=0.1)"
    )
    assert repr(mt.WassersteinLoss(2)) == "WassersteinLoss(p=2, reduction='mean', rtol=0.0)"


def test_training_moves_a_cloud_onto_its_target():
    x, y = clouds(30, 2), clouds(30, 2, seed=1)
    loss = mt.EMDLoss("sqeuclidean")
    optimizer = torch.optim.SGD([x], lr=7.5)  # half a step to the matched points: 2/n times lr
    for _ in range(40):
        optimizer.zero_grad()
        loss(x, y.detach()).backward()
        optimizer.step()
    assert loss(x, y) < 1e-12


def test_translation_and_scale():
    x = clouds(9, 3, dtype=torch.float64)
    t = torch.tensor([3.0, -4.0, 12.0], dtype=torch.float64)
    y = clouds(9, 3, seed=1, dtype=torch.float64)
    torch.testing.assert_close(mt.EMDLoss()(x, x + t), torch.tensor(13.0, dtype=torch.float64))
    torch.testing.assert_close(mt.EMDLoss()(1e-12 * x, 1e-12 * y), 1e-12 * mt.EMDLoss()(x, y))
    torch.testing.assert_close(mt.EMDLoss()(x, y), mt.EMDLoss()(y, x))
    torch.testing.assert_close(mt.EMDLoss()(x + 1e8, y + 1e8), mt.EMDLoss()(x, y))


def test_masses_from_a_softmax_in_single_precision():
    """Of sums that miss 1 by rounding: they are scaled, not refused."""
    x, y = clouds(5, 1), clouds(960, 1, seed=1)
    a, b = clouds(5, seed=2), clouds(960, seed=3)
    mt.EMDLoss()(x, y, a.softmax(0), b.softmax(0)).backward()
    assert a.grad.isfinite().all()
    assert b.grad.abs().sum() > 0


# --- match ---


def test_match_is_scipy_s_assignment():
    from scipy.optimize import linear_sum_assignment

    for n, m in ((4, 4), (3, 6), (6, 3), (1, 5)):
        costs = clouds(3, n, m)
        rows, cols = mt.match(costs)
        assert rows.shape == cols.shape == (3, min(n, m))
        assert rows.dtype == cols.dtype == torch.int64
        for k in range(3):
            expected = linear_sum_assignment(costs[k].detach())
            np.testing.assert_array_equal(rows[k], expected[0])
            np.testing.assert_array_equal(cols[k], expected[1])
            for one, other in zip(mt.match(costs[k]), (rows[k], cols[k]), strict=True):
                assert torch.equal(one, other)
        largest = mt.match(costs, maximize=True)
        for one, other in zip(largest, mt.match(-costs), strict=True):
            assert torch.equal(one, other)
    assert mt.match(torch.zeros(0, 3))[0].shape == (0,)
    assert mt.match(torch.zeros(2, 3, 0))[0].shape == (2, 0)


def test_match_of_forbidden_pairs():
    inf = torch.inf
    rows, cols = mt.match(torch.tensor([[inf, 11, 8], [8, inf, 7]]))
    assert (rows.tolist(), cols.tolist()) == ([0, 1], [2, 0])
    import monge

    with pytest.raises(monge.NotOptimal, match="infeasible"):
        mt.match(torch.tensor([[1.0, inf], [2, inf]]))
    with pytest.raises(ValueError, match="NaN"):
        mt.match(torch.tensor([[torch.nan]]))
    with pytest.raises(ValueError, match="cost_matrix must have shape"):
        mt.match(torch.zeros(3))


def test_a_matched_loss_does_not_depend_on_the_order_of_the_set():
    prediction, target = clouds(2, 7, 4), clouds(2, 7, 4, seed=1).detach()

    def loss(prediction, target):
        rows, cols = mt.match(torch.cdist(prediction, target))
        pairs = [
            one.gather(1, i[..., None].expand(-1, -1, 4))
            for one, i in ((prediction, rows), (target, cols))
        ]
        return (pairs[0] - pairs[1]).square().mean()

    value = loss(prediction, target)
    torch.testing.assert_close(loss(prediction[:, torch.randperm(7)], target), value)
    value.backward()
    assert (prediction.grad != 0).all()


# --- processes, threads, memory ---


class Pairs(torch.utils.data.Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, k):
        x, y = clouds(64, 2, seed=k), clouds(64, 2, seed=k + 100)
        return x.detach(), mt.emd(x, y).detach()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on one core
def test_workers_that_were_forked_solve_too():
    """After the parent has used threads; a pool that survived a fork would hang here."""
    mt.emd(clouds(4, 64, 2), clouds(4, 64, 2, seed=1), threads=2)
    loader = torch.utils.data.DataLoader(
        Pairs(), batch_size=4, num_workers=2, multiprocessing_context="fork", timeout=600
    )
    loss = mt.EMDLoss()
    values = []
    for x, expected in loader:
        values += expected.tolist()
        assert loss(x, x.flip(1)) == 0
    assert values == [Pairs()[k][1].item() for k in range(8)]


def test_a_worker_uses_one_thread(monkeypatch):
    from monge.torch import host

    assert host.threads_here(None) is None
    monkeypatch.setattr(torch.utils.data, "get_worker_info", object)
    assert host.threads_here(None) == 1
    assert host.threads_here(3) == 3


def test_losses_in_threads_are_independent():
    x = [clouds(4, 50, 3, seed=k) for k in range(4)]
    expected = [mt.EMDLoss()(one, one.detach().flip(-1)) for one in x]
    gradients = [torch.autograd.grad(value, one)[0] for value, one in zip(expected, x, strict=True)]
    failures = []

    def work(k):
        for _ in range(5):
            value = mt.EMDLoss(threads=2)(x[k], x[k].detach().flip(-1))
            (gradient,) = torch.autograd.grad(value, x[k])
            if not (torch.equal(value, expected[k]) and torch.equal(gradient, gradients[k])):
                failures.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(600)
        assert not thread.is_alive()
    assert failures == []


def steps(count):
    x, y = clouds(4, 32, 3), clouds(4, 32, 3, seed=1).detach()
    loss = mt.EMDLoss(threads=2)
    for _ in range(count):
        loss(x, y).backward()
        x.grad = None


def test_memory_is_flat_over_many_steps():
    """A leak of one cloud per step would show: 500 steps of 1.5 KB are 750 KB."""
    steps(100)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    steps(500)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before <= 512


@pytest.mark.slow
def test_memory_is_flat_over_ten_thousand_steps():
    steps(1000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    steps(9000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before <= 2048


#: Trains for `epochs` epochs, in each of which two workers are forked anew while threads compute
#: the last losses of the epoch before; prints what it holds after a third of them, and at the end.
TRAINING = """
import gc, multiprocessing, os, resource, sys, threading, time, warnings
from concurrent.futures import ThreadPoolExecutor
import torch
import monge.torch as mt

warnings.simplefilter("error")
warnings.filterwarnings("ignore", ".*fork.*", DeprecationWarning)
warnings.filterwarnings("ignore", "This DataLoader will create")  # on one core
torch.set_num_threads(1)
n, size, steps, epochs = 96, 4, 32, int(sys.argv[1])


class Clouds(torch.utils.data.Dataset):
    def __len__(self):
        return size * steps

    def __getitem__(self, k):
        x = torch.randn(n, 2, generator=torch.Generator().manual_seed(k))
        return x, mt.assign(x, x.flip(-1), cost="sqeuclidean")


def work(x, columns):
    shifts = torch.zeros(len(x), 1, 2, requires_grad=True)
    value = mt.EMDLoss("sqeuclidean", threads=2)(x + shifts, x.flip(-1))
    value.backward()
    y = x.flip(-1).gather(1, columns[..., None].expand(-1, -1, 2))
    assert torch.allclose(value, (x - y).square().sum(-1).mean(), rtol=1e-5)
    return shifts.grad.isfinite().all().item()


def held():
    gc.collect()
    time.sleep(0.5)  # queues of the last epoch are closed by threads of their own
    return {
        "kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "files": len(os.listdir("/dev/fd")),
        "threads": threading.active_count(),
        "native threads": len(os.listdir("/proc/self/task")) if os.path.exists("/proc") else 0,
        "processes": len(multiprocessing.active_children()),
    }


work(*(one[None] for one in Clouds()[0]))  # torch imports much at its first operator
waiting = []
with ThreadPoolExecutor(2) as pool:
    for epoch in range(epochs):
        if epoch == epochs // 3:
            assert all(one.result() for one in waiting)
            print(held())
        loader = torch.utils.data.DataLoader(
            Clouds(), size, num_workers=2, multiprocessing_context="fork", timeout=600
        )
        batches = iter(loader)  # forks while the last epoch's losses are computed
        assert all(one.result() for one in waiting)
        waiting = [pool.submit(work, *batch) for batch in batches]
        del batches
    assert all(one.result() for one in waiting)
    print(held())
"""


def train_with_workers_and_threads(epochs):
    """What the training holds after a third of its epochs, and at its end."""
    run = subprocess.run(
        [sys.executable, "-c", TRAINING, str(epochs)],
        capture_output=True,
        text=True,
        check=False,
        timeout=1200 + 5 * epochs,
    )
    assert run.returncode == 0, run.stderr
    return [ast.literal_eval(line) for line in run.stdout.splitlines()]


def check_that_nothing_is_left(before, after, kib):
    assert after.pop("kib") - before.pop("kib") <= kib
    assert all(count <= before[what] for what, count in after.items()), (before, after)
    assert after["processes"] == 0


def test_training_with_forked_workers_and_losses_in_threads_leaves_nothing():
    """Workers are forked while threads solve. A leak of one batch per step would be 590 KB."""
    check_that_nothing_is_left(*train_with_workers_and_threads(9), kib=512)


@pytest.mark.slow
def test_long_training_with_forked_workers_and_losses_in_threads_leaves_nothing():
    check_that_nothing_is_left(*train_with_workers_and_threads(100), kib=2048)


def test_what_a_step_keeps_is_linear_in_the_points():
    """For the backward: points, a plan of n + m - 1 triplets and potentials, but no matrix."""
    batch, n, m, dim = 2, 300, 200, 3
    x, y = clouds(batch, n, dim), clouds(batch, m, dim, seed=1)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda one: kept.append(one.numel() * one.element_size()) or one, lambda one: one
    ):
        loss = mt.EMDLoss("sqeuclidean")(x, y)
    triplet, potential = 2 * 8 + 4, 4
    assert 0 < sum(kept) <= batch * (n + m) * (4 * dim + triplet + potential) + 64
    loss.backward()
    assert x.grad.isfinite().all()


def test_modules_are_saved_and_restored(tmp_path):
    model = torch.nn.ModuleDict({"loss": mt.EMDLoss("sqeuclidean", reduction="sum")})
    assert model.state_dict() == {}
    torch.save(model["loss"], tmp_path / "loss.pt")
    restored = torch.load(tmp_path / "loss.pt", weights_only=False)
    x, y = clouds(2, 4, 2), clouds(2, 4, 2, seed=1)
    assert torch.equal(restored(x, y), model["loss"](x, y))


def test_numpy_s_functions_do_not_import_torch():
    program = "import monge, sys; monge.emd([[0.0]], [[1.0]]); print('torch' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"


def test_without_torch_the_extra_is_named():
    program = """
import sys
sys.modules["torch"] = None
try:
    import monge.torch
except ImportError as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert 'pip install "monge[torch]"' in run.stdout


# --- warm starts -----------------------------------------------------------------------------


@pytest.fixture
def pivots(monkeypatch):
    """The pivots of each solve of the operators, as lists of one number per pair."""
    from monge.torch import ops

    counted, solve_all = [], ops.solve_all

    def counting(problems, how):
        solutions = solve_all(problems, how)
        counted.append([solution.stats["pivots"] for solution in solutions])
        return solutions

    monkeypatch.setattr(ops, "solve_all", counting)
    return counted


def step(x, size=1e-3, seed=5):
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed), dtype=x.dtype)
    return (x.detach() + size * noise).requires_grad_()


SIMPLEX = {"solver": "multiscale_simplex"}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_warm_starts_save_work_and_change_nothing(pivots, dtype):
    x, y = clouds(3, 300, 3, dtype=dtype), clouds(3, 300, 3, seed=1, dtype=dtype).detach()
    loss = mt.EMDLoss("sqeuclidean", warm_start=True, reduction="none", **SIMPLEX)
    cold = mt.EMDLoss("sqeuclidean", reduction="none", **SIMPLEX)
    keys = torch.tensor([7, 3, 5])
    loss(x, y, keys=keys)
    order = [2, 0, 1]
    later = step(x)
    values, expected = loss(later[order], y[order], keys=keys[order]), cold(later[order], y[order])
    torch.testing.assert_close(values, expected, rtol=1e-6, atol=0)
    _, warm, again = pivots
    assert all(one < 0.4 * other for one, other in zip(warm, again, strict=True))
    gradients = [torch.autograd.grad(value.sum(), later)[0] for value in (values, expected)]
    torch.testing.assert_close(*gradients)


def test_warm_starts_of_padded_batches_and_lists(pivots):
    x, y = clouds(2, 300, 3), clouds(2, 250, 3, seed=1)
    lengths = (torch.tensor([300, 210]), torch.tensor([190, 250]))
    loss = mt.EMDLoss(warm_start=True, reduction="none", **SIMPLEX)
    first = loss(x, y, lengths=lengths)
    torch.testing.assert_close(first, mt.emd(x, y, lengths=lengths, **SIMPLEX))
    lists = [x[0], x[1, :210]], [y[0, :190], y[1]]
    torch.testing.assert_close(loss(*lists), first)
    assert max(pivots[2]) < 0.4 * min(pivots[0])
    # Sizes that have changed start from nothing.
    torch.testing.assert_close(loss(x, y), mt.emd(x, y, **SIMPLEX))


def test_warm_starts_with_masses_and_changed_order_of_keys():
    x, y = clouds(2, 40, 2), clouds(2, 40, 2, seed=1)
    a = torch.rand(2, 40, generator=torch.Generator().manual_seed(0)) + 0.1
    a = a / a.sum(-1, keepdim=True)
    loss = mt.EMDLoss(warm_start=True, reduction="none")
    for keys in (["p", "q"], ["q", "p"], ["p", "r"]):
        torch.testing.assert_close(loss(x, y, a, keys=keys), mt.emd(x, y, a))


def test_warm_starts_keep_a_bounded_number_of_keys():
    x, y = clouds(2, 9, 2), clouds(2, 9, 2, seed=1)
    loss = mt.EMDLoss(warm_start=True, max_keys=3)
    for k in range(5):
        loss(x, y, keys=[k, k + 1])
    assert len(loss.starts) == 3
    loss.reset()
    assert len(loss.starts) == 0
    assert "warm_start" in repr(loss)
    assert not loss.state_dict()


def test_wrong_keys_are_refused():
    x, y = clouds(2, 9, 2), clouds(2, 9, 2, seed=1)
    with pytest.raises(ValueError, match="keys must be None without warm_start"):
        mt.EMDLoss()(x, y, keys=[1, 2])
    warm = mt.EMDLoss(warm_start=True)
    for keys in ([1], [1, 1]):
        with pytest.raises(ValueError, match="keys must be different, one per pair"):
            warm(x, y, keys=keys)
    with pytest.raises(ValueError, match="max_keys"):
        mt.EMDLoss(warm_start=True, max_keys=0)
    with pytest.raises(ValueError, match="takes no plan"):
        loss = mt.EMDLoss(warm_start=True, solver="auction")
        loss(x, y)
        loss(x, y)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, within its tracer
def test_the_operator_with_starts_is_registered_as_torch_wants_it():
    from monge.torch import ops

    x, y = clouds(2, 4, 2), clouds(2, 5, 2, seed=1)
    how = "{'solver': 'auto', 'rtol': 0.0, 'threads': 1, 'time_limit': None}"
    g = torch.zeros(2, 5, dtype=torch.float64)
    g[1] = torch.nan
    pairs = torch.tensor([[[0, 1, -1]] * 2, [[2, 3, -1]] * 2], dtype=torch.int32)
    arguments = (x, y, *[None] * 4, "euclidean", 1.0, how, g, pairs[0], pairs[1])
    assert set(torch.library.opcheck(ops.transport, arguments).values()) == {"SUCCESS"}
    torch.testing.assert_close(ops.transport(*arguments)[0], mt.emd(x, y))
