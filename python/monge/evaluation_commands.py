"""The commands `monge metrics` and `monge bench`."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import monge
from monge import _core, io
from monge.metrics import generation
from monge.solution import ATTAINED


def add_evaluation_commands(commands: Any) -> None:
    """Register both with the command line."""
    text = "Score generated point clouds against real ones: MMD, COV and 1-NNA."
    metrics = commands.add_parser("metrics", help=text, description=text, allow_abbrev=False)
    metrics.add_argument("samples", metavar="SAMPLES", help="file of generated clouds (k, n, d)")
    metrics.add_argument("references", metavar="REFERENCES", help="file of real clouds; .npy .npz")
    metrics.add_argument(
        "--distance",
        choices=("emd", "chamfer"),
        action="append",
        help="between two clouds; may be given twice (default both)",
    )
    metrics.add_argument("--rtol", metavar="R", type=float, default=0.0, help="of emd (0: exact)")
    metrics.add_argument("--threads", metavar="K", type=int, help="default: all usable cores")
    metrics.add_argument("--progress", action="store_true", help="draw a bar on stderr")
    metrics.add_argument("--json", action="store_true", help="print one JSON object")
    metrics.set_defaults(run=_metrics)

    text = "Time the solvers on this machine; each answer is certified before it counts."
    bench = commands.add_parser("bench", help=text, description=text, allow_abbrev=False)
    bench.add_argument("--n", type=int, default=512, help="points of each cloud (%(default)s)")
    bench.add_argument(
        "--family",
        choices=list(_core.instance_families()),
        default="sphere_to_torus",
        help="of instances (%(default)s)",
    )
    bench.add_argument("--solver", metavar="NAME", action="append", help="default: all that serve")
    bench.add_argument("--repeats", metavar="K", type=int, default=3, help="%(default)s; the least")
    bench.add_argument("--threads", metavar="K", type=int, default=1, help="%(default)s")
    bench.add_argument("--json", action="store_true", help="print one JSON object")
    bench.set_defaults(run=_bench)


def _metrics(args: argparse.Namespace) -> int:
    scores = generation(
        io.read_clouds(args.samples),
        io.read_clouds(args.references),
        distances=args.distance or ("chamfer", "emd"),
        rtol=args.rtol,
        threads=args.threads,
        progress=args.progress,
    )
    if args.json:
        print(json.dumps(scores, allow_nan=False))
    else:
        for name, value in scores.items():
            print(f"{name:<28}{value:.6g}")
    return 0


def _bench(args: argparse.Namespace) -> int:
    for name, value in (("--n", args.n), ("--repeats", args.repeats)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1; got {value}")
    instance = _core.generate_instance(args.family, args.n, 0)
    rows = []
    for solver in args.solver or monge.solvers():
        try:
            rows.append(_race(instance, solver, args.repeats, args.threads))
        except ValueError:  # what does not serve this family is left out, unless asked for
            if args.solver:
                raise
    if args.json:
        print(json.dumps(rows, allow_nan=False))
        return 0
    print(f"{args.family}, n = {args.n}")
    for row in rows:
        print(f"{row['solver']:<22}{1e3 * row['seconds']:>10.3f} ms   cost {row['cost']!r}")
    return 0


def _race(instance: dict[str, Any], solver: str, repeats: int, threads: int) -> dict[str, Any]:
    """The least time of some solves, each certified."""
    masses = instance["a"], instance["b"]
    how: dict[str, Any] = {"solver": solver, "threads": threads}
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        if instance["cost_matrix"] is not None:
            solution = monge.solve_cost(instance["cost_matrix"], *masses, **how)
        else:
            clouds = instance["x"], instance["y"]
            solution = monge.solve(*clouds, *masses, cost=instance["cost"], **how)
        seconds.append(time.perf_counter() - begin)
        if solution.status not in ATTAINED:
            raise monge.NotOptimal(solution)
    return {"solver": solver, "seconds": min(seconds), "cost": solution.cost}
