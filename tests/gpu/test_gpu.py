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
