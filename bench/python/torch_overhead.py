"""What the torch operator adds to the core's time: 32 pairs of 1024 points in 3-D, with gradient.

    python bench/python/torch_overhead.py [threads]

User CPU time, best of several, in one process. The answers are compared before anything is timed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import monge
import monge.torch
import numpy as np
import torch
from monge.problem import cloud_problems
from monge.solve import _solve

BATCH, POINTS, DIM, REPEATS = 32, 1024, 3, 3


def best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main(threads: int) -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    x, y = (rng.random((BATCH, POINTS, DIM), dtype=np.float32) for _ in range(2))
    moved, target = torch.from_numpy(x).requires_grad_(), torch.from_numpy(y)

    def core() -> object:
        problems, _ = cloud_problems(x, y, None, None, "sqeuclidean")
        return _solve(problems, "auto", 0.0, threads, None, None, {})

    def step() -> torch.Tensor:
        loss = monge.torch.emd(moved, target, cost="sqeuclidean", threads=threads)
        loss.sum().backward()
        return loss

    expected = [solution.cost for solution in core()]  # type: ignore[attr-defined]
    np.testing.assert_allclose(step().detach().numpy(), expected, rtol=1e-6)
    plain, differentiable = best(core), best(step)
    print(f"core {plain:.3f} s, with gradient {differentiable:.3f} s of CPU, {threads} threads")
    print(f"the operator adds {100 * (differentiable / plain - 1):.1f} %")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
