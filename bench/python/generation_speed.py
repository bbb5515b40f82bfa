"""The time of `monge.metrics.generation` against PointFlow's formula with SciPy.

    python bench/python/generation_speed.py                # 100 x 100 clouds of 1024 points
    python bench/python/generation_speed.py --clouds 20    # some 20 times shorter

PointFlow's evaluation solves every pair of samples and references, and all pairs within each set
twice: 3 N^2 transports for N clouds of each. Here a sample of them is solved as it does, by
`scipy.optimize.linear_sum_assignment` on a matrix of distances, and scaled. All in CPU time of one
thread. The sampled values are compared with this package's before anything is reported.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import time
from typing import Any
from unittest import mock

import monge
import monge.metrics.work
import numpy as np
from monge.metrics import generation
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]


def shapes(count: int, points: int, seed: int) -> Floats:
    """Points on ellipsoids of random axes, each normalised as PointFlow's: mean 0, variance 1."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(count, points, 3))
    drawn /= np.linalg.norm(drawn, axis=2, keepdims=True)
    drawn *= rng.uniform(0.2, 1.5, size=(count, 1, 3))
    drawn -= drawn.mean(axis=1, keepdims=True)
    drawn /= drawn.std(axis=(1, 2), keepdims=True)
    return drawn


def by_scipy(x: Floats, y: Floats) -> float:
    """PointFlow's `emd_approx` of a pair, which is exact."""
    costs = cdist(x, y)
    return float(costs[linear_sum_assignment(costs)].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clouds", type=int, default=100, help="of each set")
    parser.add_argument("--points", type=int, default=1024)
    parser.add_argument("--sampled", type=int, default=50, help="pairs that SciPy solves")
    parser.add_argument("--no-skip", action="store_true", help="solve what bounds rule out too")
    options = parser.parse_args()
    count = options.clouds
    samples, references = (shapes(count, options.points, seed) for seed in (0, 1))

    rng = np.random.default_rng(2)
    pairs = [(samples[i], references[j]) for i, j in rng.integers(count, size=(options.sampled, 2))]
    start = time.process_time()
    expected = [by_scipy(x, y) for x, y in pairs]
    scipy_each = (time.process_time() - start) / len(pairs)
    start = time.process_time()
    values = [monge.emd(x, y, threads=1) for x, y in pairs]
    monge_each = (time.process_time() - start) / len(pairs)
    np.testing.assert_allclose(values, expected, rtol=1e-9)
    print(f"one transport: SciPy {1e3 * scipy_each:.1f} ms, monge {1e3 * monge_each:.1f} ms of CPU")

    solved = 0

    def counted(x: list[Floats], y: list[Floats], **how: Any) -> Any:
        nonlocal solved
        solved += len(x)
        return monge.emd(x, y, **how)

    how: dict[str, Any] = {"distances": ["emd"], "threads": 1, "skip": not options.no_skip}
    with mock.patch.object(monge.metrics.work, "emd", counted):
        start = time.process_time()
        scores = generation(samples, references, **how)
        spent = time.process_time() - start
    everything = 3 * count**2
    print(", ".join(f"{name} {value:.4g}" for name, value in scores.items()))
    print(
        f"{count} x {count} clouds of {options.points} points: {spent:.3g} s of CPU for {solved} "
        f"transports of {everything}, {1e3 * spent / solved:.1f} ms each;\n"
        f"PointFlow's formula with SciPy, scaled from {len(pairs)} pairs: "
        f"{everything * scipy_each:.3g} s; ratio {everything * scipy_each / spent:.1f}"
    )


if __name__ == "__main__":
    main()
