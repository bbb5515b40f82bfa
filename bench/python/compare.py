"""Compares `monge.linear_sum_assignment` with its peers on the same matrices.

    python bench/python/compare.py                        # all workloads
    python bench/python/compare.py --markdown table.md    # and write the table
    python bench/python/compare.py --sizes 500 --repeats 3

The answers are verified to have equal cost before anything is timed. Then all contestants run in
turn, so that what slows the machine slows them alike; times are medians, and the ratio is the
peer's time over monge's. One thread, on one core where the system lets a process choose. SciPy
always takes part, POT (`ot.emd`) and lapx (`lap.lapjv`) if they are installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

# Before NumPy and the peers are imported: their thread pools read these once.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MONGE_NUM_THREADS"):
    os.environ[variable] = "1"

import monge
import numpy as np
import scipy
from monge import _core
from numpy.typing import NDArray

Costs = NDArray[np.float64]
#: Gives the matched rows and columns of a square cost matrix.
Contestant = Callable[[Costs], tuple[Iterable[int], Iterable[int]]]


def uniform_costs(n: int) -> Costs:
    """Independent uniform costs."""
    costs: Costs = _core.generate_instance("dense_uniform", n, 0)["cost_matrix"]
    return costs


def sphere_to_torus_costs(n: int) -> Costs:
    """Squared distances between points of a sphere and of a torus in space."""
    clouds = _core.generate_instance("sphere_to_torus", n, 0)
    costs: Costs = ((clouds["x"][:, None, :] - clouds["y"][None, :, :]) ** 2).sum(axis=2)
    return costs


@dataclass(frozen=True)
class Workload:
    name: str
    costs: Callable[[int], Costs]
    sizes: tuple[int, ...]


WORKLOADS = (
    Workload("uniform costs", uniform_costs, (1000, 2000, 4000)),
    Workload("sphere to torus, squared distances", sphere_to_torus_costs, (1024, 2048)),
)


def _scipy() -> Contestant:
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment


def _lapx() -> Contestant:
    import lap

    return lambda costs: (range(len(costs)), lap.lapjv(costs, return_cost=False)[0])


def _pot() -> Contestant:
    import ot

    return lambda costs: ot.emd([], [], costs, numItermax=10**9).nonzero()


#: name -> (module that it needs, how to make it)
PEERS = {
    f"SciPy {scipy.__version__}": ("scipy", _scipy),
    "lapx": ("lap", _lapx),
    "POT": ("ot", _pot),
}


def contestants() -> dict[str, Contestant]:
    """monge first, then the peers that are installed."""
    found: dict[str, Contestant] = {"monge": monge.linear_sum_assignment}
    for name, (module, make) in PEERS.items():
        if importlib.util.find_spec(module):
            found[name] = make()
    return found


def verify(costs: Costs, runs: dict[str, Contestant]) -> None:
    """Ends the program unless every contestant finds a matching of the least cost."""
    expected = costs[monge.linear_sum_assignment(costs)].sum()
    bound = monge.solve_cost(costs).lower_bound * len(costs)
    if not math.isclose(expected, bound, rel_tol=1e-9):
        raise SystemExit(f"monge: cost {expected!r} is not proved; the lower bound is {bound!r}")
    for name, run in runs.items():
        rows, cols = (np.asarray(list(indices)) for indices in run(costs))
        matching = len(rows) == len(np.unique(rows)) == len(np.unique(cols)) == len(costs)
        cost = costs[rows, cols].sum()
        if not (matching and math.isclose(cost, expected, rel_tol=1e-9)):
            raise SystemExit(f"{name}: cost {cost!r} where the least is {expected!r}")


def median_seconds(costs: Costs, runs: dict[str, Contestant], repeats: int) -> dict[str, float]:
    """The median time of each, all of them in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            run(costs)
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def table(rows: list[list[str]]) -> str:
    """Rows, the first of them titles, as a Markdown table."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--sizes", help="comma-separated, instead of each workload's own")
    parser.add_argument("--repeats", type=int, default=5, help="runs whose median is taken")
    parser.add_argument("--markdown", type=Path, help="file to write the table to")
    options = parser.parse_args(arguments)

    runs = contestants()
    peers = list(runs)[1:]
    titles = ["workload", "n", "monge [ms]"]
    for peer in peers:
        titles += [f"{peer} [ms]", "ratio"]
    rows = [titles]
    for workload in WORKLOADS:
        sizes = (
            [int(size) for size in options.sizes.split(",")] if options.sizes else workload.sizes
        )
        for n in sizes:
            costs = workload.costs(n)
            verify(costs, runs)
            seconds = median_seconds(costs, runs, options.repeats)
            row = [workload.name, str(n), f"{1e3 * seconds['monge']:.1f}"]
            for peer in peers:
                row += [f"{1e3 * seconds[peer]:.1f}", f"{seconds[peer] / seconds['monge']:.2f}"]
            rows.append(row)
            print(f"measured {workload.name}, n = {n}", file=sys.stderr)
    print(table(rows))
    if options.markdown:
        options.markdown.write_text(table(rows) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    sys.exit(main())
