"""Compares `monge.sinkhorn` with POT on the same clouds: sphere to torus, squared distances.

    python bench/python/compare_sinkhorn.py                   # all workloads
    python bench/python/compare_sinkhorn.py --quick           # the small ones

First the answers: the L1 errors of both plans' marginals, at most 1e-6, and the L1 distance of the
plans from each other. Then the times, on one thread: processor time, the best of several, of the
whole call from points to potentials; POT's includes its cost matrix. POT stops by another norm: it
gets the largest power of 10 as threshold that leads to the L1 error wanted. Its exponential form is
its fastest (`method="sinkhorn"`).
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Before NumPy and the peers are imported: their thread pools read these once.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MONGE_NUM_THREADS"):
    os.environ[variable] = "1"

import monge
import numpy as np
import ot
from monge import _core
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ERROR = 1e-6  # L1, of the marginals


@dataclass(frozen=True)
class Workload:
    name: str
    n: int
    dim: int
    part: float  # epsilon over the mean cost
    quick: bool = True

    def clouds(self) -> tuple[Floats, Floats]:
        if self.dim == 3:
            drawn = _core.generate_instance("sphere_to_torus", self.n, 0)
            return drawn["x"], drawn["y"]
        rng = np.random.default_rng(0)
        if self.name == "line drawings":
            return drawings(self.n, 3, rng), drawings(self.n, 4, rng)
        basis = rng.normal(size=(10, self.dim))
        return rng.normal(size=(self.n, 10)) @ basis, (rng.normal(size=(self.n, 10)) + 0.5) @ basis


WORKLOADS = (
    Workload("sphere to torus", 1000, 3, 0.05),
    Workload("sphere to torus", 1000, 3, 0.002),
    Workload("sphere to torus", 4000, 3, 0.05, quick=False),
    Workload("sphere to torus", 4000, 3, 0.002, quick=False),
    Workload("10-dimensional subspace", 1024, 784, 0.05),
    Workload("line drawings", 1024, 784, 0.05),
)


def drawings(count: int, strokes: int, rng: np.random.Generator) -> Floats:
    """Images of 28 x 28 pixels, each of a few strokes: four fifths of the pixels are empty."""
    pixels = np.stack(np.meshgrid(np.arange(28), np.arange(28)), -1).reshape(-1, 1, 2)
    images = np.empty((count, 784))
    for image in images:
        begin, end = rng.uniform(5, 23, (2, strokes, 2))
        along = end - begin
        part = ((pixels - begin) * along).sum(-1) / (along * along).sum(-1)
        nearest = begin + np.clip(part, 0, 1)[..., None] * along
        distance = np.linalg.norm(pixels - nearest, axis=-1).min(1)
        image[:] = np.clip(2 - distance, 0, 1)
    return images


def l1_error(plan: Floats) -> float:
    n, m = plan.shape
    return float(np.abs(plan.sum(1) - 1 / n).sum() + np.abs(plan.sum(0) - 1 / m).sum())


def best_time(call: Callable[[], Any], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        call()
        times.append(time.process_time() - begin)
    return min(times)


def by_pot(x: Floats, y: Floats, epsilon: float, method: str, threshold: float) -> Floats:
    a, b = np.full(len(x), 1 / len(x)), np.full(len(y), 1 / len(y))
    costs = ot.dist(x, y)
    plan: Floats = ot.sinkhorn(
        a, b, costs, epsilon, method=method, stopThr=threshold, numItermax=100_000, warn=False
    )
    return plan


def threshold_for(x: Floats, y: Floats, epsilon: float, method: str) -> tuple[float, Floats]:
    """POT's largest power of 10 that gives the L1 error wanted."""
    for threshold in (1e-6, 1e-7, 1e-8, 1e-9):
        plan = by_pot(x, y, epsilon, method, threshold)
        if l1_error(plan) <= ERROR:
            break
    return threshold, plan


def compare(workload: Workload, repeats: int) -> str:
    x, y = workload.clouds()
    costs = ot.dist(x, y)
    epsilon = workload.part * float(costs.mean())

    def ours() -> Any:
        return monge.sinkhorn(x, y, epsilon=epsilon, rtol=ERROR)

    solution = ours()
    plan = np.exp((solution.f[:, None] + solution.g - costs) / epsilon) / costs.size
    threshold, peer = threshold_for(x, y, epsilon, "sinkhorn")
    distance = float(np.abs(plan - peer).sum())
    if l1_error(plan) > 1.01 * ERROR or not distance < 1e-3:
        raise SystemExit(f"{workload}: error {l1_error(plan):.2g}, L1 from POT {distance:.2g}")
    mine = best_time(ours, max(5, repeats))
    theirs = best_time(lambda: by_pot(x, y, epsilon, "sinkhorn", threshold), repeats)
    return (
        f"| {workload.name} | {workload.n} | {workload.dim} | {workload.part:g} | "
        f"{1e3 * mine:.1f} | {1e3 * theirs:.0f} | {theirs / mine:.1f} | "
        f"{l1_error(plan):.1e} / {l1_error(peer):.1e} | {distance:.1e} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="workloads of a second or so")
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    print(
        "| clouds | n = m | d | epsilon / mean | monge, ms | POT, ms | ratio | L1 errors | plans |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for workload in WORKLOADS:
        if workload.quick or not arguments.quick:
            print(compare(workload, arguments.repeats), flush=True)


if __name__ == "__main__":
    main()
