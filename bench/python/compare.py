"""Compares monge with the packages that solve the same problems, on the same problems.

    pip install . --group peers                              # monge and its peers (pip >= 25.1)
    python bench/python/compare.py                           # all workloads: takes hours
    python bench/python/compare.py --only uniform,batch      # some
    python bench/python/compare.py --only sphere_torus_sq --sizes 512,1024 --max-seconds 20
    python bench/python/compare.py --jsonl runs.jsonl --markdown table.md --plot runs.svg

Every contender solves in a process of its own, on one thread, one at a time and in turn. Its answer
is verified before it is timed: monge's by its certificate, a peer's by the cost of its answer,
recomputed from the input, which must be monge's to 1e-9. A wrong answer is reported as such and has
no time. Times are from input to value: of clouds, with the cost matrix that a peer needs. Memory is
the peak above what the process held before. A peer that is over --max-seconds or --max-memory is
not tried at larger sizes.

With --jsonl a run can be stopped and taken up again: problems that the file has are not run again,
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
from peers.workloads import WORKLOADS, Size

BEYOND = "over a limit at a smaller size"


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(_listing()))
        return 0
    workloads = _chosen(parser, "--only", options.only, WORKLOADS)
    names = [
        name
        for name in _chosen(parser, "--contenders", options.contenders, CONTENDERS)
        if CONTENDERS[name].is_installed()
    ]
    names = ["monge", *(name for name in names if name != "monge")]
    limits = Limits(options.max_seconds, options.max_memory, options.repeats)
    rows = report.read(options.jsonl) if options.jsonl else []
    print(f"machine: {_machine()}", file=sys.stderr)
    for workload in workloads:
        if importlib.util.find_spec(WORKLOADS[workload].module) is None:
            print(f"{workload}: left out, needs {WORKLOADS[workload].module}", file=sys.stderr)
            continue
        for size in options.sizes or WORKLOADS[workload].sizes:
            known = {
                row.contender for row in rows if (row.workload, row.n, row.m) == (workload, *size)
            }
            if known:
                print(f"{workload} {size}: in the file already", file=sys.stderr)
                continue
            found = race(workload, size, names, limits, options.mesh, _beyond(rows, workload, size))
            rows += found
            if options.jsonl:
                report.append(options.jsonl, found)
            print(report.markdown(found, options.clock), file=sys.stderr)
    text = report.markdown(rows, options.clock)
    print(text)
    if options.markdown:
        options.markdown.write_text(text + "\n", encoding="utf-8")
    if options.plot:
        report.plot(rows, options.clock, options.plot)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Compare monge with its peers: answers verified, then timed in turn.",
    )
    add = parser.add_argument
    add("--list", action="store_true", help="name workloads and contenders, and run nothing")
    add("--only", metavar="NAMES", help="workloads, separated by commas (all)")
    add("--sizes", type=_sizes, metavar="N,NxM", help="instead of each workload's own")
    add("--contenders", metavar="NAMES", help="separated by commas (all); monge always runs")
    add("--repeats", type=int, default=Limits.repeats, help="timed runs (%(default)s)")
    add("--max-seconds", type=float, default=Limits.seconds, help="per run (%(default)s)")
    add("--max-memory", type=float, default=Limits.memory, help="MB per process (%(default)s)")
    add(
        "--mesh",
        action="append",
        default=[],
        metavar="FILE",
        help="surface to sample for the mesh workloads, once or twice (a knot onto a cube)",
    )
    add("--clock", choices=report.CLOCKS, default="wall", help="median wall or least CPU time")
    add("--jsonl", type=Path, help="file to add results to, and to take up a run from")
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


def _beyond(rows: Iterable[Row], workload: str, size: Size) -> dict[str, str]:
    """Contenders that were over a limit at a smaller size."""
    return {
        row.contender: BEYOND
        for row in rows
        if row.workload == workload
        and row.contender != "monge"
        and row.n * row.m < size[0] * size[1]
        and row.status.startswith("over ")
    }


def _listing() -> Iterable[str]:
    for workload in WORKLOADS.values():
        sizes = ", ".join(str(n) if n == m else f"{n}x{m}" for n, m in workload.sizes)
        yield f"{workload.name}: {workload.summary}; sizes {sizes}"
    for contender in CONTENDERS.values():
        yield f"{contender.name}: {'installed' if contender.is_installed() else 'not installed'}"


def _machine() -> str:
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {sys.platform}"


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # the workers inherit it
    sys.exit(main())
