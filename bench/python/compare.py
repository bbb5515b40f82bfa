"""Compares monge with the packages that solve the same problems, on the same problems.

    pip install ".[bench]"                                   # monge, its peers, meshes and digits
    python bench/python/compare.py --json runs.json          # all sections: 10 minutes
    python bench/python/compare.py --full --max-seconds 300  # all sizes, all contenders: hours
    python bench/python/compare.py --only clouds,uniform     # some sections or workloads
    python bench/python/compare.py --only sphere_torus_sq --sizes 512,1024 --repeats 9
    python bench/python/compare.py --json runs.json --report --markdown table.md --plot runs.png

Every contender solves in a process of its own, on one thread, one at a time and in turn. Its answer
is verified before it is timed: monge's by its certificate, a peer's by the cost of its answer,
recomputed from the input, which must be monge's to 1e-9. A wrong answer is reported as such and has
no time. Times are from input to value: of clouds, with the cost matrix that a peer needs. Memory is
the peak above what the process held before, with all its imports done. A peer that is over
--max-seconds or --max-memory, or would be, is not tried at larger sizes; the table says so. Where
no peer could finish, monge runs alone.

With --json a run can be stopped and taken up again: problems that the file has are not run again,
and tables and plots are of the whole file. Peers that are not installed are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import sys
from collections.abc import Iterable
from pathlib import Path

from peers import report
from peers.contenders import CONTENDERS
from peers.race import Limits, Row, race
from peers.workloads import SECTIONS, WORKLOADS, Size, Workload


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(_listing()))
        return 0
    if options.report and not (options.json and options.json.exists()):
        parser.error("--report needs a file that --json has written")
    workloads = _workloads(parser, options.only)
    names = _contenders(parser, options)
    limits = Limits(options.max_seconds, options.max_memory, options.repeats)
    rows = report.read(options.json) if options.json else []
    if options.report:
        rows = [row for row in rows if row.workload in {workload.name for workload in workloads}]
    else:
        print(f"machine: {_machine()}", file=sys.stderr)
        for workload in workloads:
            _race_at_all_sizes(workload, names, limits, options, rows)
    text = report.markdown(rows, options.clock)
    print(text)
    if options.markdown:
        options.markdown.write_text(text + "\n", encoding="utf-8")
    if options.plot:
        report.plot(rows, options.clock, options.plot)
    return 0


def _race_at_all_sizes(
    workload: Workload,
    names: list[str],
    limits: Limits,
    options: argparse.Namespace,
    rows: list[Row],
) -> None:
    """Adds what `rows` lack; tells of each race as it ends."""
    missing = [name for name in workload.modules if importlib.util.find_spec(name) is None]
    if missing and not options.mesh:
        print(f"{workload.name}: left out, needs {', '.join(missing)}", file=sys.stderr)
        return
    for size in options.sizes or (workload.all_sizes() if options.full else workload.sizes):
        if any((row.workload, row.n, row.m) == (workload.name, *size) for row in rows):
            print(f"{workload.name} {size}: in the file already", file=sys.stderr)
            continue
        who = names if max(size) < workload.alone_from else ["monge"]
        beyond = _beyond(rows, workload.name, size, limits)
        found = race(workload.name, size, who, limits, options.mesh, beyond)
        rows += found
        if options.json:
            report.write(options.json, _machine(), rows)
        print(report.markdown(found, options.clock), file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Compare monge with its peers: answers verified, then timed in turn.",
    )
    add = parser.add_argument
    add("--list", action="store_true", help="name workloads and contenders, and run nothing")
    add("--only", metavar="NAMES", help="sections or workloads, separated by commas (all)")
    add("--sizes", type=_sizes, metavar="N,NxM", help="instead of each workload's own")
    add("--full", action="store_true", help="all sizes, and contenders that are seldom the best")
    add("--contenders", metavar="NAMES", help="separated by commas; monge always runs")
    add("--repeats", type=int, default=Limits.repeats, help="timed runs (%(default)s)")
    add("--max-seconds", type=float, default=Limits.seconds, help="a peer's run (%(default)s)")
    add("--max-memory", type=float, default=Limits.memory, help="MB per process (%(default)s)")
    add(
        "--mesh",
        action="append",
        default=[],
        metavar="FILE",
        help="surface to sample for the mesh workloads, once or twice (a bunny onto a cortex)",
    )
    add("--clock", choices=report.CLOCKS, default="wall", help="median wall or least CPU time")
    add("--json", type=Path, help="file to write results to, and to take up a run from")
    add("--report", action="store_true", help="run nothing: tables and plot of what --json has")
    add("--markdown", type=Path, help="file to write the tables to")
    add("--plot", type=Path, help="picture of time and memory against n to write")
    return parser


def _sizes(text: str) -> tuple[Size, ...]:
    sizes = []
    for one in text.split(","):
        n, _, m = one.partition("x")
        if not (n.isdecimal() and int(n) and (not m or (m.isdecimal() and int(m)))):
            raise argparse.ArgumentTypeError(f"a size is N or NxM; got {one!r}")
        sizes.append((int(n), int(m or n)))
    return tuple(sizes)


def _chosen(
    parser: argparse.ArgumentParser, option: str, text: str | None, known: Iterable[str]
) -> list[str]:
    names = list(known)
    if text is None:
        return names
    asked = text.split(",")
    for name in asked:
        if name not in names:
            parser.error(f"{option}: {name!r} is none of {', '.join(names)}")
    return [name for name in names if name in asked]


def _workloads(parser: argparse.ArgumentParser, text: str | None) -> list[Workload]:
    """Those named, alone or by their section, in the order of the list."""
    chosen = _chosen(parser, "--only", text, (*SECTIONS, *WORKLOADS))
    return [one for one in WORKLOADS.values() if {one.name, one.section} & set(chosen)]


def _contenders(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[str]:
    """The installed ones named; else the usual ones, or all with --full. monge is the first."""
    named = options.contenders
    others = [
        name
        for name in _chosen(parser, "--contenders", named, CONTENDERS)
        if CONTENDERS[name].is_installed() and (named or options.full or CONTENDERS[name].usual)
    ]
    return ["monge", *(name for name in others if name != "monge")]


def _beyond(rows: Iterable[Row], workload: str, size: Size, limits: Limits) -> dict[str, str]:
    """Peers that need not be tried at this size, judged by their smaller ones, and why."""
    found = {}
    for row in rows:
        smaller = row.workload == workload and row.n * row.m < size[0] * size[1]
        if smaller and row.contender != "monge" and (why := limits.beyond(row, size)):
            found[row.contender] = why
    return found


def _listing() -> Iterable[str]:
    for workload in WORKLOADS.values():
        sizes = ", ".join(
            (str(n) if n == m else f"{n}x{m}") + ("" if (n, m) in workload.sizes else " (--full)")
            for n, m in workload.all_sizes()
        )
        yield f"{workload.section}: {workload.name}: {workload.summary}; sizes {sizes}"
    for contender in CONTENDERS.values():
        yield f"{contender.name}: {'installed' if contender.is_installed() else 'not installed'}"


def _machine() -> str:
    name = platform.processor() or platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        lines = cpus.read_text(encoding="utf-8").splitlines()
        models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
        name = models[0] if models else name
    return f"{name}, {os.cpu_count()} cores, {sys.platform}"


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # the workers inherit it
    sys.exit(main())
