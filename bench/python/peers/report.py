"""What a race's rows look like: JSON, a Markdown table per workload, a plot."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from peers.race import Row
from peers.workloads import WORKLOADS

CLOCKS = ("wall", "cpu")
MARKERS = "svD^<>Pp*X"


def write(file: Path, machine: str, rows: Iterable[Row]) -> None:
    content = {"machine": machine, "rows": [asdict(row) for row in rows]}
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read(file: Path) -> list[Row]:
    if not file.exists():
        return []
    return [Row(**row) for row in json.loads(file.read_text(encoding="utf-8"))["rows"]]


def seconds_of(row: Row, clock: str) -> float | None:
    """None where there is no time that counts."""
    return (row.seconds if clock == "wall" else row.cpu) if row.timed else None


def markdown(rows: Sequence[Row], clock: str) -> str:
    """A table per workload; a line per contender: time, ratio to monge, memory."""
    names = list(dict.fromkeys(row.workload for row in rows))
    return "\n\n".join(
        f"{WORKLOADS[name].summary} (`{name}`)\n\n"
        + _table([row for row in rows if row.workload == name], clock)
        for name in names
    )


def _table(rows: Sequence[Row], clock: str) -> str:
    sizes = sorted({(row.n, row.m) for row in rows}, key=lambda size: size[0] * size[1])
    lines = [["contender", *(f"{n}" if n == m else f"{n} x {m}" for n, m in sizes)]]
    at = {(row.contender, (row.n, row.m)): row for row in rows}
    own = [
        seconds_of(at["monge", size], clock) if ("monge", size) in at else None for size in sizes
    ]
    for name, version in dict.fromkeys((row.contender, row.version) for row in rows):
        cells = [
            _cell(at.get((name, size)), mine, clock) for size, mine in zip(sizes, own, strict=True)
        ]
        lines.append([f"{name} {version}", *cells])
    best = [
        _best([row for (_, of_size), row in at.items() if of_size == size], mine, clock)
        for size, mine in zip(sizes, own, strict=True)
    ]
    lines.append(["best peer / monge", *best])
    return table(lines)


def table(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells, the first of them titles, as a Markdown table."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    ruled = [lines[0], ["-" * width for width in widths], *lines[1:]]
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in ruled
    )


def _cell(row: Row | None, own: float | None, clock: str) -> str:
    if row is None:
        return ""
    seconds = seconds_of(row, clock)
    if seconds is None:
        return row.status.partition(" (")[0]
    parts = [_time(seconds)]
    if own and row.contender != "monge":
        parts.append(f"{seconds / own:.2g}x")
    if row.memory is not None:
        parts.append(f"{row.memory:.0f} MB")
    return ", ".join(parts)


def _best(rows: Sequence[Row], own: float | None, clock: str) -> str:
    times = [seconds_of(row, clock) for row in rows if row.contender != "monge"]
    peers = [seconds for seconds in times if seconds is not None]
    return f"{min(peers) / own:.2g}" if peers and own else ""


def _time(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def plot(rows: Sequence[Row], clock: str, file: Path) -> None:
    """Time and memory against n; a row of panels per workload that has several sizes."""
    from matplotlib.figure import Figure

    timed = [row for row in rows if row.timed]
    names = [name for name in WORKLOADS if len({r.n for r in timed if r.workload == name}) > 1]
    if not names:
        raise SystemExit("--plot needs times at more than one size of a workload")
    contenders = list(dict.fromkeys(row.contender for row in timed if row.workload in names))
    figure = Figure(figsize=(11, 4.2 * len(names)), layout="constrained")
    axes = figure.subplots(len(names), 2, squeeze=False)
    for name, (time, memory) in zip(names, axes, strict=True):
        for number, contender in enumerate(contenders):
            own = [row for row in timed if (row.workload, row.contender) == (name, contender)]
            monge = contender == "monge"
            style = {
                "label": contender,
                "color": "black" if monge else f"C{number - 1}",
                "marker": "o" if monge else MARKERS[number % len(MARKERS)],
                "linewidth": 2.5 if monge else 1.2,
                "zorder": 3 if monge else 2,
            }
            sizes = [row.n for row in own]
            time.loglog(sizes, [seconds_of(row, clock) for row in own], **style)
            # Below a megabyte is noise.
            memory.loglog(sizes, [max(row.memory or 0, 1) for row in own], **style)
        ticks = sorted({row.n for row in timed if row.workload == name})
        for panel, label in ((time, f"{clock} time [s]"), (memory, "peak memory above start [MB]")):
            panel.set(xlabel="n", ylabel=label, title=WORKLOADS[name].summary)
            panel.set_xticks(ticks, [str(n) for n in ticks])
            panel.minorticks_off()
            panel.grid(alpha=0.3)
    handles = {line.get_label(): line for panel in axes.flat for line in panel.get_lines()}
    figure.legend(handles.values(), handles.keys(), loc="outside right upper")
    figure.savefig(file, dpi=110)
