"""The `monge` command.

Exit codes: 0, done; 2, bad arguments or an unreadable file, in one line on stderr; 3, a limit ended
the solve before its proof (the result so far is printed); 130, interrupted.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import monge
from monge import _core, demo, io
from monge.evaluation_commands import add_evaluation_commands
from monge.extras import require
from monge.problem import Cost, power_cost, whole_number
from monge.solution import ATTAINED, Solution
from monge.solve import Option
from monge.training_commands import add_training_commands

USAGE_ERROR, NOT_PROVED, INTERRUPTED, BROKEN_PIPE = 2, 3, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: the process's) and return its exit code.

    `--help` and `--version` raise SystemExit(0), as argparse does.
    """
    try:
        args = _parser().parse_args(argv)
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has left; at exit Python would complain that it cannot flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (ValueError, TypeError, OSError, ImportError, MemoryError) as error:
        print("monge: error:", " ".join(str(error).split()), file=sys.stderr)
        return USAGE_ERROR


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} ({self.prog} --help)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="monge", description="Exact, certified discrete optimal transport.")
    parser.add_argument("--version", action="version", version=f"monge {monge.__version__}")
    parser.set_defaults(run=lambda _: _help(parser))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_demo(commands)
    _add_emd(commands)
    _add_solve(commands)
    _add_solvers(commands)
    _add_device(commands)
    add_evaluation_commands(commands)
    add_training_commands(commands)
    return parser


def _add_demo(commands: Any) -> None:
    text = "Carry a torus onto the Stanford bunny, and draw it."
    demo = commands.add_parser("demo", help=text, description=text, allow_abbrev=False)
    demo.add_argument(
        "--output", metavar="FILE", default="monge-demo.png", help="a .png (%(default)s)"
    )
    demo.add_argument("--seed", metavar="S", type=int, default=0, help="of the torus's points (0)")
    demo.set_defaults(run=_demo)


def _add_emd(commands: Any) -> None:
    text = "The least cost of moving one point cloud onto another, and its proof."
    emd = commands.add_parser(
        "emd",
        help=text,
        description=text,
        epilog=f"Files: {' '.join(io.CLOUD_SUFFIXES)}; FILE.npz:NAME picks an array. A surface is "
        "sampled, both files with the same seed. Exit code 3: a limit ended the solve unproved.",
        allow_abbrev=False,
    )
    emd.add_argument("x", metavar="X", help="file of points to move")
    emd.add_argument("y", metavar="Y", help="file of points to move them to")
    emd.add_argument(
        "--cost", choices=_core.ground_cost_names(), help="between two points (default euclidean)"
    )
    emd.add_argument("--power", metavar="P", type=float, help="of --cost euclidean_power")
    emd.add_argument(
        "--p", metavar="P", type=float, help="print W_p too; instead of --cost: it is |x - y|_2^P"
    )
    emd.add_argument(
        "--samples", metavar="N", type=int, help=f"points to draw from a surface ({io.SAMPLES})"
    )
    emd.add_argument("--seed", metavar="S", type=int, help="of the samples (0)")
    _add_settings(emd)
    emd.set_defaults(run=_emd)


def _add_solve(commands: Any) -> None:
    text = "The least cost of a transport by a matrix of costs, and its proof."
    solve = commands.add_parser(
        "solve",
        help=text,
        description=text,
        epilog=f"Files: {' '.join(io.MASS_SUFFIXES)}; FILE.npz:NAME picks an array; inf forbids a "
        "pair. Exit code 3: a limit ended the solve unproved, or there is no plan.",
        allow_abbrev=False,
    )
    solve.add_argument("cost_matrix", metavar="COSTS", help="file of n rows of m costs")
    _add_settings(solve)
    solve.set_defaults(run=_solve_matrix)


def _add_settings(command: Any) -> None:
    """Masses, how to solve, and what to print and save."""
    add = command.add_argument
    add("--a", metavar="FILE", help="masses of X, or of the rows (default 1/n each)")
    add("--b", metavar="FILE", help="masses of Y, or of the columns (default 1/m), same total")
    add("--solver", metavar="NAME", default="auto", help="see monge solvers (auto)")
    add("--set", metavar="NAME=VALUE", action="append", default=[], help="an option of the solver")
    add("--rtol", metavar="R", type=float, default=0.0, help="relative gap that is enough (0)")
    add("--threads", metavar="K", type=int, help="default: all usable cores")
    add("--time-limit", metavar="SECONDS", type=float, help="for the solve")
    add("--progress", action="store_true", help="draw a bar on stderr")
    add("--plan", metavar="FILE", help="save who moves where: .npz (rows, cols, mass, shape), .csv")
    add("--json", action="store_true", help="print one JSON object, floats exact")


def _add_solvers(commands: Any) -> None:
    text = "List the solvers, what they serve and their options."
    solvers = commands.add_parser("solvers", help=text, description=text, allow_abbrev=False)
    solvers.add_argument("--json", action="store_true", help="print one JSON object")
    solvers.set_defaults(run=_solvers)


def _add_device(commands: Any) -> None:
    text = "Say which GPUs there are, and whether they can be used."
    device = commands.add_parser("device", help=text, description=text, allow_abbrev=False)
    device.set_defaults(run=_device)


def _help(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return 0


def _demo(args: argparse.Namespace) -> int:
    output = io.checked_output(args.output, (".png",))
    whole_number(args.seed, "--seed", 0)
    require("matplotlib", "demo")
    x, y = demo.shapes(args.seed)
    cost = "sqeuclidean"
    report, solution = _timed(lambda: monge.solve(x, y, cost=cost))
    report |= {"dimension": x.shape[1], "ground_cost": cost}
    demo.save_picture(output, solution)
    _print_report(report)
    print(f"{'picture':<16}{output}")
    return 0 if solution.status in ATTAINED else NOT_PROVED


def _emd(args: argparse.Namespace) -> int:
    settings, cost = _settings(args), _ground_cost(args)
    x, y = _clouds(args)
    a, b = _masses(args)
    with _naming_files(args, ("x", "y", "a", "b")):
        report, solution = _timed(lambda: monge.solve(x, y, a, b, cost=cost, **settings))
    report |= {"dimension": x.shape[1], "ground_cost": cost}
    if args.p is not None:
        report["p"], report["wasserstein"] = args.p, solution.cost ** (1 / args.p)
    return _finish(args, report, solution)


def _solve_matrix(args: argparse.Namespace) -> int:
    settings = _settings(args)
    costs = io.read_costs(args.cost_matrix)
    a, b = _masses(args)
    with _naming_files(args, ("cost_matrix", "a", "b")):
        report, solution = _timed(lambda: monge.solve_cost(costs, a, b, **settings))
    return _finish(args, report, solution)


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    if args.plan is not None:
        io.checked_output(args.plan, io.PLAN_SUFFIXES)
    return {
        "solver": args.solver,
        "rtol": args.rtol,
        "threads": args.threads,
        "time_limit": args.time_limit,
        "progress": args.progress,
        **_options(args.set, args.solver),
    }


def _masses(args: argparse.Namespace) -> tuple[Any, Any]:
    a, b = (None if file is None else io.read_masses(file) for file in (args.a, args.b))
    return a, b


@contextmanager
def _naming_files(args: argparse.Namespace, names: Sequence[str]) -> Iterator[None]:
    """The core names the argument; here that is a file."""
    try:
        yield
    except ValueError as error:
        argument = str(error).partition(" ")[0]
        file = vars(args).get(argument) if argument in names else None
        raise ValueError(f"{file}: {error}" if file else str(error)) from None


def _finish(args: argparse.Namespace, report: dict[str, Any], solution: Solution) -> int:
    """Prints the report and saves the plan."""
    if args.json:
        # JSON has no infinity: a cost that is not finite is null.
        finite = {k: None if v in (math.inf, -math.inf) else v for k, v in report.items()}
        print(json.dumps(finite, allow_nan=False))
    else:
        _print_report(report)
    if args.plan is not None:
        io.save_plan(args.plan, solution)
    return 0 if solution.status in ATTAINED else NOT_PROVED


def _solvers(args: argparse.Namespace) -> int:
    registry = monge.solvers()
    if args.json:
        print(json.dumps(registry, allow_nan=False))
        return 0
    for name, solver in registry.items():
        serves = [key.replace("_", " ") for key, value in solver.items() if value is True]
        print(f"{name}: {solver['summary']}")
        print(f"    serves: {', '.join(serves)}")
        for option, info in solver["options"].items():
            print(f"    --set {option}={_text(info['default'])}: {info['meaning']}{_range(info)}")
        print()
    return 0


def _device(_: argparse.Namespace) -> int:
    print(monge.device_info())
    return 0


def _ground_cost(args: argparse.Namespace) -> Cost:
    if args.p is not None:
        if args.cost is not None or args.power is not None:
            raise ValueError(
                "--p is the cost |x - y|_2^p itself: give no --cost or --power with it"
            )
        return power_cost(args.p)
    if (args.cost == "euclidean_power") != (args.power is not None):
        raise ValueError("--cost euclidean_power and --power need each other")
    if args.power is not None:
        return args.cost, args.power
    return args.cost or "euclidean"


def _options(assignments: Sequence[str], solver: str) -> dict[str, Option]:
    """The --set options, each of the type of its default; what a solver refuses is the core's."""
    registry = monge.solvers()
    defaults: dict[str, Option] = {}
    for name in (*registry, *([solver] if solver in registry else [])):
        defaults |= {option: info["default"] for option, info in registry[name]["options"].items()}
    options: dict[str, Option] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or name not in defaults or name in options:
            rule = "given twice" if name in options else "no option of a solver (see monge solvers)"
            raise ValueError(f"--set {assignment}: {rule if equals else 'must be NAME=VALUE'}")
        options[name] = _parse(assignment, text, defaults[name])
    return options


def _parse(assignment: str, text: str, default: Option) -> Option:
    readers: dict[type, tuple[Any, str]] = {
        bool: ({"true": True, "false": False}.__getitem__, "true or false"),
        int: (int, "a whole number"),
        float: (float, "a number"),
        str: (str, "a text"),
    }
    read, what = readers[type(default)]
    try:
        value: Option = read(text)
    except (KeyError, ValueError):
        raise ValueError(f"--set {assignment}: the value must be {what}") from None
    return value


def _clouds(args: argparse.Namespace) -> tuple[Any, Any]:
    sampling = {key: value for key in ("samples", "seed") if (value := vars(args)[key]) is not None}
    suffixes = {Path(file).suffix.lower() for file in (args.x, args.y)}
    if sampling and suffixes.isdisjoint(io.MESH_SUFFIXES):
        raise ValueError(
            f"--{next(iter(sampling))} is for surfaces ({' '.join(io.MESH_SUFFIXES)}); "
            f"{args.x} and {args.y} are taken as they are"
        )
    return io.read_cloud(args.x, **sampling), io.read_cloud(args.y, **sampling)


def _timed(solve: Callable[[], Solution]) -> tuple[dict[str, Any], Solution]:
    """The solution, and what is reported of it."""
    begin = time.perf_counter()
    solution = solve()
    seconds = time.perf_counter() - begin
    n, m = solution.plan.shape
    report = {
        "cost": solution.cost,
        "lower_bound": solution.lower_bound,
        "gap": solution.gap,
        "relative_gap": solution.relative_gap,
        "marginal_error": solution.marginal_error,
        "status": solution.status,
        "solver": solution.solver,
        "seconds": seconds,
        "n": n,
        "m": m,
        "stats": dict(solution.stats),
    }
    return report, solution


def _print_report(report: dict[str, Any]) -> None:
    rows = {
        "cost": repr(report["cost"]),
        "lower bound": repr(report["lower_bound"]),
        "relative gap": f"{report['relative_gap']:.3g}",
        "marginal error": f"{report['marginal_error']:.3g}",
        "status": report["status"],
        "solver": f"{report['solver']}, {report['seconds']:.3f} s",
    }
    if "ground_cost" in report:
        cost = report["ground_cost"]
        rows["points"] = f"{report['n']} to {report['m']}, dimension {report['dimension']}"
        rows["ground cost"] = cost if isinstance(cost, str) else f"{cost[0]}, power {cost[1]:g}"
    else:
        rows["costs"] = f"{report['n']} x {report['m']}"
    if "p" in report:
        rows[f"W_{report['p']:g}"] = repr(report["wasserstein"])
    for label, value in rows.items():
        print(f"{label:<16}{value}")


def _text(value: Option) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _range(info: dict[str, Any]) -> str:
    parts = [" or ".join(info["choices"])] if info["choices"] else []
    parts += [f"from {info['least']:g}"] if info["least"] is not None else []
    parts += [f"to {info['most']:g}"] if info["most"] is not None else []
    return f" ({' '.join(parts)})" if parts else ""
