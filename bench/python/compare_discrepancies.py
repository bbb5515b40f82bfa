"""Compares the discrepancies of monge with what NumPy, SciPy, POT and PyTorch take for the same.

    python bench/python/compare_discrepancies.py                        # all workloads
    python bench/python/compare_discrepancies.py --scale 0.01           # smaller, to try it
    python bench/python/compare_discrepancies.py --markdown table.md    # and write the table

Every peer's answer is verified against monge's before anything is timed. Then all contestants of a
workload run in turn; the time is the least processor time of a few runs, the ratio the peer's time
over monge's. One thread. POT, SciPy and PyTorch take part if they are installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

# Before NumPy and the peers are imported: their thread pools read these once.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MONGE_NUM_THREADS"):
    os.environ[variable] = "1"

import monge
import numpy as np
from numpy.typing import NDArray
from peers.report import table

Floats = NDArray[np.float64]
Real = type[np.float32] | type[np.float64]
#: Gives the one number that all contestants must agree on.
Contestant = Callable[[], float]


@dataclass(frozen=True)
class Workload:
    name: str
    runs: dict[str, Contestant]  # monge first
    tolerance: float = 1e-7  # of the peers' answers, relative


def installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def sliced(n: int, dim: int, count: int, real: Real) -> Workload:
    """Two clouds of n points; every contestant takes the same directions and type, p = 2."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((n, dim)), rng.standard_normal((n, dim)) + 0.1
    directions = rng.standard_normal((count, dim))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    x, y, directions = (array.astype(real) for array in (x, y, directions))

    def by_numpy() -> float:
        u, v = directions @ x.T, directions @ y.T
        u.sort(axis=1)
        v.sort(axis=1)
        u -= v
        return math.sqrt(np.einsum("ij,ij->", u, u) / u.size)

    runs: dict[str, Contestant] = {
        "monge": lambda: monge.sliced_wasserstein(x, y, projections=directions),
        "NumPy": by_numpy,
    }
    if installed("torch"):
        import torch

        torch.set_num_threads(1)
        tensors = [torch.from_numpy(array) for array in (directions, x, y)]

        def by_torch() -> float:
            t, u, v = tensors
            left, right = ((t @ cloud.T).sort(dim=1).values for cloud in (u, v))
            return float(((left - right) ** 2).mean().sqrt())

        runs["PyTorch"] = by_torch
    name = f"sliced, n = {n}, d = {dim}, {count} projections, {real.__name__}"
    return Workload(name, runs, 1e-5 if real == np.float32 else 1e-7)


def line(n: int, weighted: bool) -> Workload:
    """W_1 of n normal and n exponential numbers."""
    rng = np.random.default_rng(0)
    u, v = rng.standard_normal(n), rng.exponential(size=n)
    a, b = rng.random(n), rng.random(n)
    a, b = a / a.sum(), b / b.sum()
    runs: dict[str, Contestant] = {}
    if weighted:
        runs["monge"] = lambda: monge.wasserstein_1d(u, v, a, b)
        if installed("scipy"):
            from scipy.stats import wasserstein_distance

            runs["SciPy"] = lambda: float(wasserstein_distance(u, v, a, b))
        if installed("ot"):
            import ot

            runs["POT"] = lambda: float(ot.wasserstein_1d(u, v, a, b))
    else:
        runs["monge"] = lambda: monge.wasserstein_1d(u, v)
        runs["NumPy"] = lambda: float(np.mean(np.abs(np.sort(u) - np.sort(v))))
    return Workload(f"line, n = {n}, {'weighted' if weighted else 'uniform'}", runs)


def chamfer(batch: int, n: int) -> Workload:
    """Pairs of clouds of n points in space."""
    rng = np.random.default_rng(0)
    x, y = rng.random((batch, n, 3)), rng.random((batch, n, 3))
    runs: dict[str, Contestant] = {"monge": lambda: float(np.mean(monge.chamfer(x, y)))}
    if installed("scipy"):
        from scipy.spatial import cKDTree

        def by_trees() -> float:
            total = 0.0
            for one, other in zip(x, y, strict=True):
                for left, right in ((one, other), (other, one)):
                    total += float(np.mean(cKDTree(right).query(left)[0] ** 2))
            return total / batch

        runs["SciPy"] = by_trees
    if installed("torch"):
        import torch

        torch.set_num_threads(1)
        left, right = torch.from_numpy(x), torch.from_numpy(y)

        def by_torch() -> float:
            squared = torch.cdist(left, right) ** 2
            return float((squared.amin(2).mean(1) + squared.amin(1).mean(1)).mean())

        runs["PyTorch"] = by_torch
    return Workload(f"chamfer, {batch} x {n} x 3", runs)


def transforms(n: int, dim: int) -> Workload:
    """The c-transform of a potential that is a norm, for Euclidean cost."""
    rng = np.random.default_rng(0)
    x, y = rng.random((n, dim)), rng.random((n, dim))
    g = -np.linalg.norm(y - 0.5, axis=1)

    def by_numpy() -> float:
        total, strip = 0.0, 256
        for k in range(0, n, strip):
            squared = sum((x[k : k + strip, None, a] - y[None, :, a]) ** 2 for a in range(dim))
            total += float((np.sqrt(squared) - g).min(axis=1).sum())
        return total

    return Workload(
        f"c-transform, n = m = {n}, d = {dim}",
        {"monge": lambda: float(monge.c_transform(g, x, y)[0].sum()), "NumPy": by_numpy},
    )


def workloads(scale: float) -> Iterator[Workload]:
    def size(count: int) -> int:
        return max(4, int(scale * count))

    for real in (np.float32, np.float64):
        yield sliced(size(100_000), 3, 100, real)
        yield sliced(size(10_000), 128, 500, real)
    yield line(size(1_000_000), weighted=False)
    yield line(size(1_000_000), weighted=True)
    yield chamfer(32, size(2048))
    yield transforms(size(5000), 3)


def verify(workload: Workload) -> None:
    """Ends the program unless all contestants agree."""
    expected = workload.runs["monge"]()
    for name, run in workload.runs.items():
        value = run()
        if not math.isclose(value, expected, rel_tol=workload.tolerance):
            raise SystemExit(f"{workload.name}: {name} found {value!r}, monge {expected!r}")


def least_seconds(workload: Workload, repeats: int) -> dict[str, float]:
    """The least processor time of each, all of them in turn."""
    seconds = dict.fromkeys(workload.runs, math.inf)
    for _ in range(repeats):
        for name, run in workload.runs.items():
            start = time.process_time()
            run()
            seconds[name] = min(seconds[name], time.process_time() - start)
    return seconds


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of points")
    parser.add_argument("--repeats", type=int, default=5, help="runs whose least time is taken")
    parser.add_argument("--markdown", type=Path, help="file to write the table to")
    options = parser.parse_args(arguments)
    rows = [["workload", "monge [ms]", "peer", "peer [ms]", "ratio"]]
    for workload in workloads(options.scale):
        verify(workload)
        seconds = least_seconds(workload, options.repeats)
        mine = seconds.pop("monge")
        for peer, time_of_peer in seconds.items():
            cells = [workload.name, f"{1e3 * mine:.1f}", peer, f"{1e3 * time_of_peer:.1f}"]
            rows.append([*cells, f"{time_of_peer / max(mine, 1e-9):.2f}"])
        print(f"measured {workload.name}", file=sys.stderr)
    print(table(rows))
    if options.markdown:
        options.markdown.write_text(table(rows) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
