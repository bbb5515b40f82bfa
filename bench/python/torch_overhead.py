"""What the torch operator adds to the core's time, and what an allowed gap saves: 32 pairs of 1024
points in 3-D, with gradient.

    python bench/python/torch_overhead.py [threads]

CPU time of the core's call, within a step, against that of all the rest of the step: a difference
of two noisy totals would say nothing of a per cent. Answers are compared before anything is timed.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import monge
import monge.torch
import numpy as np
import torch
from monge.torch import host

BATCH, POINTS, DIM, REPEATS = 32, 1024, 3, 5


class Clock:
    """Calls a function and remembers the CPU time that the calls took."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.spent = 0.0

    def __call__(self, *arguments: Any) -> Any:
        start = time.process_time()
        try:
            return self.function(*arguments)
        finally:
            self.spent += time.process_time() - start


def main(threads: int) -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    x, y = (rng.random((BATCH, POINTS, DIM), dtype=np.float32) for _ in range(2))
    moved, target = torch.from_numpy(x).requires_grad_(), torch.from_numpy(y)
    core = host.solve_problems = Clock(host.solve_problems)  # type: ignore[assignment]

    def step(rtol: float = 0.0) -> torch.Tensor:
        loss = monge.torch.emd(moved, target, cost="sqeuclidean", rtol=rtol, threads=threads)
        loss.sum().backward()
        return loss

    expected = monge.emd(x, y, cost="sqeuclidean", threads=threads)
    np.testing.assert_allclose(step().detach().numpy(), expected, rtol=1e-6)
    shares = []
    for _ in range(REPEATS):
        core.spent, start = 0.0, time.process_time()
        step()
        total = time.process_time() - start
        shares.append(((total - core.spent) / core.spent, total, core.spent))
    share, total, spent = min(shares)
    print(f"step {total:.3f} s of CPU, of which the core {spent:.3f} s, {threads} threads")
    print(f"the operator and its gradient add {100 * share:.2f} %")

    for rtol in (1e-2, 1e-1):
        found = step(rtol).detach().numpy()
        assert (found >= expected * (1 - 1e-6)).all()
        assert (found <= expected * (1 + rtol)).all()
        ratios = []
        for _ in range(REPEATS):
            start = time.process_time()
            step()
            middle = time.process_time()
            step(rtol)
            ratios.append((middle - start) / (time.process_time() - middle))
        print(f"rtol={rtol:g} makes a step {sorted(ratios)[REPEATS // 2]:.2f} times as fast")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
