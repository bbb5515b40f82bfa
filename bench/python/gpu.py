"""How fast the device library's kernels are, next to what the machine code allows.

    python bench/python/gpu.py

On a machine with a usable GPU every kernel is timed by the device's own events (best of several),
after its answer was compared with the host's, and divided by the floor of docs/gpu.md's model. On
any other, the model's numbers are printed with the work that the same kernels do on the CPU (rounds
and bids, which no device changes), and it says that nothing was timed. `--twin` names a library
built for the CPU; by default the one that the tests build.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import monge
import numpy as np
import torch
from monge import _core
from monge.device.library import DeviceLibrary
from monge.problem import cloud_problem
from monge.torch import device, on_device
from monge.torch.on_device import auction_settings

sys.path.append(str(Path(__file__).parents[2] / "tests/python"))

#: Pairs of points per second that an H100 does at best, by kernel: tools/sass_counts.py.
CEILING = {"auction": 2.1e12, "nearest": 2.2e12, "half step": 2.2e12}
#: Of its multiprocessors, and how long a round with few bidders takes at least: three barriers and
#: two round trips to the second-level cache. An estimate, not a measurement.
MULTIPROCESSORS, ROUND = 132, 1e-6
REPEATS = 5

BATCH, POINTS, TOLERANCE = 32, 1024, 0.05
#: Sizes of clouds and tolerances of auctions; the last one is what is timed.
CASES = ((512, 0.0), (POINTS, 0.0), (512, TOLERANCE), (POINTS, TOLERANCE))


@dataclass(frozen=True)
class Kernel:
    """One call: its name, its pairs of points, its floor in seconds, and what does it."""

    name: str
    pairs: float
    floor: float
    call: Callable[[], Any]


def clouds(place: str, batch: int, n: int) -> device.PairedClouds:
    rng = np.random.default_rng(0)
    x, y = (torch.tensor(rng.random((batch, n, 3), dtype=np.float32)) for _ in range(2))
    return device.batch_of(x.to(place), y.to(place))


def auction_floor(reports: Any, n: int, batch: int) -> tuple[float, float]:
    """Pairs, and seconds at least: all of the device at work, and no round below `ROUND`."""
    pairs = float(reports["bids"].sum()) * n
    waves = max(1.0, batch / MULTIPROCESSORS)
    return pairs, max(float(reports["rounds"].max()) * ROUND * waves, pairs / CEILING["auction"])


def work(library: DeviceLibrary, place: str, n: int, rtol: float) -> Any:
    """The reports of one auction per problem."""
    settings = auction_settings(rtol)
    size = 2 if place == "cpu" else BATCH
    return device.reports_of(
        device.auction(library, clouds(place, size, n), "sqeuclidean", settings)[2]
    )


def kernels(library: DeviceLibrary, place: str, reports: Any) -> list[Kernel]:
    pairs, floor = auction_floor(np.resize(reports, BATCH), POINTS, BATCH)
    some, large = clouds(place, BATCH, POINTS), clouds(place, 1, 10_000)
    f, g = (torch.zeros(1, 10_000, device=place) for _ in range(2))
    epsilon = torch.full((1,), 0.05, device=place)
    both, once = 2.0 * BATCH * POINTS**2, 3 * 1e8
    back = device.batch_of(some.y, some.x)

    def chamfer() -> None:
        for one in (some, back):
            device.c_transform(library, one, "sqeuclidean", None)

    def iteration() -> None:
        device.sinkhorn(library, large, "sqeuclidean", epsilon, 1, f, g)

    def solve() -> None:
        device.auction(library, some, "sqeuclidean", auction_settings(TOLERANCE))

    return [
        Kernel(f"auction, {BATCH} x {POINTS}, rtol {TOLERANCE}", pairs, floor, solve),
        Kernel(f"chamfer, {BATCH} x {POINTS}", both, both / CEILING["nearest"], chamfer),
        Kernel("three half steps, 1 x 10000", once, once / CEILING["half step"], iteration),
    ]


def seconds(call: Callable[[], Any]) -> float:
    """The least time of a call on the device."""
    best = float("inf")
    for _ in range(REPEATS + 1):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        call()
        end.record()
        end.synchronize()
        best = min(best, begin.elapsed_time(end) / 1e3)
    return best


def finish_share(place: str, n: int, rtol: float) -> float:
    """What is left to the host: CPU time after the auction over that of a solve to the same gap."""
    some = clouds(place, 1, n)
    arrays = some.x[0].cpu().numpy(), some.y[0].cpu().numpy()
    problems = [cloud_problem(*arrays, None, None, "sqeuclidean")]
    options = {"solver": "auto", "rtol": rtol, "threads": 1, "time_limit": None}
    begun = on_device.begin_assignments(
        some.x, some.y, (None, None), (None, None), "sqeuclidean", options
    )
    assert begun is not None
    took = []
    for call in (
        lambda: begun.finish(problems)[0].cost,
        lambda: _core.solve(problems, "auto", {}, rtol, 1, None, None)[0].cost,
    ):
        times = []
        for _ in range(REPEATS):
            begin = time.process_time()
            cost = call()
            times.append(time.process_time() - begin)
        took.append((cost, min(times)))
    assert abs(took[0][0] - took[1][0]) <= (rtol + 1e-9) * took[1][0], took
    return took[0][1] / took[1][1]


def check(library: DeviceLibrary, place: str) -> None:
    """Answers first: nearest points and a certified assignment."""
    some = clouds(place, 2, 300)
    values, _ = device.c_transform(library, some, "sqeuclidean", None)
    expected = torch.cdist(some.x.double(), some.y.double()).square().amin(-1)
    torch.testing.assert_close(values.reshape(2, 300).double(), expected, rtol=0, atol=1e-5)
    reports = device.reports_of(
        device.auction(library, some, "sqeuclidean", auction_settings(TOLERANCE))[2]
    )
    for k, report in enumerate(reports):
        x, y = some.x[k].cpu().numpy(), some.y[k].cpu().numpy()
        optimum = monge.solve(x, y, cost="sqeuclidean").cost * 300
        assert report["lower_bound"] <= optimum * (1 + 1e-9), (report, optimum)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--twin", help="a device library built for the CPU")
    arguments = parser.parse_args()
    info = monge.device_info()
    print(info, "\n")
    if info.usable and torch.cuda.is_available():
        place = "cuda"
        library = device.library_for(torch.empty(0, device=place))
        assert library is not None
    else:
        import device_twin

        place = "cpu"
        library = DeviceLibrary(arguments.twin) if arguments.twin else device_twin.twin()
    on_device.device.library_for = lambda tensor: library  # type: ignore[assignment]
    check(library, place)
    print("| n | rtol | rounds | bids / n | phases | floor of 32 problems | left to the host |")
    print("|---|---|---|---|---|---|---|")
    for n, rtol in CASES:
        reports = work(library, place, n, rtol)
        bids, rounds = reports["bids"].mean() / n, reports["rounds"].mean()
        floor = auction_floor(np.resize(reports, BATCH), n, BATCH)[1]
        row = f"| {n} | {rtol:g} | {rounds:.0f} | {bids:.1f} | {reports['phases'].mean():.0f}"
        print(f"{row} | {floor * 1e3:.2f} ms | {finish_share(place, n, rtol):.2f} |")
    print("\n| kernel | pairs | floor on an H100 | measured | times the floor |")
    print("|---|---|---|---|---|")
    for kernel in kernels(library, place, reports):
        row = f"| {kernel.name} | {kernel.pairs:.3g} | {kernel.floor * 1e6:.0f} us |"
        if place == "cpu":
            print(row, "not yet timed on a GPU | |")
        else:
            took = seconds(kernel.call)
            print(row, f"{took * 1e6:.0f} us | {took / kernel.floor:.2f} |")


if __name__ == "__main__":
    main()
