"""The same tests as of the twin on the CPU, on this machine's GPU; skipped where there is none."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

import monge  # noqa: E402
from device_conformance import *  # noqa: E402, F403
from monge.torch import device  # noqa: E402


@pytest.fixture
def place():
    info = monge.device_info()
    if not info.usable:
        pytest.skip(f"no GPU to test on: {info.reason}")
    if not torch.cuda.is_available():
        pytest.skip("torch sees no GPU")
    gpu = torch.device("cuda")
    return SimpleNamespace(device=gpu, library=device.library_for(torch.empty(0, device=gpu)))


def test_the_stream_is_the_caller_s(place):
    """Work queued behind a long kernel on another stream must not start before it."""
    stream = torch.cuda.Stream()
    x, y = draw(place, 4, 500, 3), draw(place, 4, 500, 3, seed=1)  # noqa: F405
    expected = monge.torch.chamfer(x + 1, y)
    torch.cuda.synchronize()
    with torch.cuda.stream(stream):
        late = x.clone()
        torch.cuda._sleep(200_000_000)
        late += 1
        got = monge.torch.chamfer(late, y)
    stream.synchronize()
    torch.testing.assert_close(got, expected)


def test_an_answer_has_the_twin_s_bits(place):
    import device_twin

    x, y = draw(place, 3, 300, 3), draw(place, 3, 300, 3, seed=1)  # noqa: F405
    here = run_auction(place, x, y, "sqeuclidean")  # noqa: F405
    twin = SimpleNamespace(device=torch.device("cpu"), library=device_twin.twin())
    there = run_auction(twin, x.cpu(), y.cpu(), "sqeuclidean")  # noqa: F405
    assert torch.equal(here[0], there[0])
    assert torch.equal(here[1], there[1])
    assert (here[2] == there[2]).all()
    pairs, directions = (device.batch_of(x, y), device.batch_of(x.cpu(), y.cpu())), torch.eye(3)
    f, columns = device.c_transform(place.library, pairs[0], "sqeuclidean", None)
    expected = device.c_transform(twin.library, pairs[1], "sqeuclidean", None)
    assert torch.equal(f.cpu(), expected[0])
    assert torch.equal(columns.cpu(), expected[1])
    both, none = (True, True), (None, None)
    costs, slopes = device.sliced(place.library, pairs[0], directions.cuda(), none, 2.0, both)
    expected = device.sliced(twin.library, pairs[1], directions, none, 2.0, both)
    assert torch.equal(costs.cpu(), expected[0])
    for one, other in zip(slopes, expected[1], strict=True):
        assert torch.equal(one.cpu(), other)


def test_more_pairs_of_points_than_31_bits_count(place):
    """Older kernels overflow at 32 clouds of 8192 points: indices of B x N x M are 32 bits."""
    x, y = draw(place, 33, 8192, 3), draw(place, 33, 8192, 3, seed=1)  # noqa: F405
    f, _ = device.c_transform(place.library, device.batch_of(x, y), "sqeuclidean", None)
    last = torch.cdist(x[-1].double(), y[-1].double()).square().amin(-1)
    torch.testing.assert_close(f.reshape(33, 8192)[-1].double(), last, rtol=0, atol=1e-5)
    zeros = [torch.zeros(33, 8192, device=place.device) for _ in range(2)]
    epsilon = torch.full((33,), 0.1, device=place.device)
    device.sinkhorn(place.library, device.batch_of(x, y), "sqeuclidean", epsilon, 1, *zeros)
    assert all(one.isfinite().all() for one in zeros)


def test_the_tensors_device_need_not_be_the_current_one(place):
    if torch.cuda.device_count() < 2:
        pytest.skip("one GPU alone")
    x, y = draw(place, 2, 50, 3), draw(place, 2, 50, 3, seed=1)  # noqa: F405
    there = monge.torch.chamfer(x.to("cuda:1"), y.to("cuda:1"))
    assert there.device == torch.device("cuda:1")
    torch.testing.assert_close(there.cpu(), monge.torch.chamfer(x, y).cpu())
