"""Lets contenders solve the same problem in turn, each in a process of its own.

One process works at a time, on one core and one thread, so that what slows the machine slows all
alike: a ratio within one race means something where times do not.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import pickle
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers.contenders import CONTENDERS, Contender
from peers.worker import MARK
from peers.workloads import WORKLOADS, Size

#: How far a cost may be from monge's certified one, relative to it.
AGREEMENT = 1e-9
#: A first run that takes longer than this many seconds is the only one.
SLOW = 1.0
#: monge's own limit: a race without its cost verifies nothing.
OWN_SECONDS = 3600.0
START_SECONDS = 300.0
#: The size of the problem at which a contender loads what it loads.
WARM_UP = (16, 16)

ONE_THREAD = {
    name: "1"
    for name in (
        "MKL_NUM_THREADS",
        "MONGE_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "RAYON_NUM_THREADS",
    )
}
#: POT would import them with itself, for nothing.
NO_BACKENDS = {f"POT_BACKEND_DISABLE_{name}": "1" for name in ("CUPY", "JAX", "PYTORCH")}


@dataclass(frozen=True)
class Limits:
    seconds: float = 15.0  # per run of a peer
    memory: float = 8192.0  # MB above what the process held before
    repeats: int = 3

    def beyond(self, row: Row, size: Size) -> str | None:
        """Why who took this long, or this much, need not be tried at a larger size; None if it may.

        Whoever reads all costs takes at least as many times longer as there are more of them.
        """
        if row.status.startswith("over "):
            return "over a limit at a smaller size"
        growth = math.prod(size) / (row.n * row.m)
        if row.seconds is not None and row.seconds * growth > self.seconds:
            return f"would take over {self.seconds:g} s"
        return None


@dataclass
class Row:
    """What one contender took for one problem. `status` is "ok", or why there is no time."""

    workload: str
    n: int
    m: int
    contender: str
    version: str
    status: str = "ok"
    seconds: float | None = None  # median
    cpu: float | None = None  # least
    runs: int = 0
    memory: float | None = None  # MB
    error: float | None = None  # relative, of the cost

    @property
    def timed(self) -> bool:
        return self.status == "ok"


class Failure(Exception):
    """Why a worker has no answer; the text is the row's status."""


class Worker:
    """The process in which one contender solves one problem."""

    def __init__(self, contender: str, spec: dict[str, Any], seconds: float) -> None:
        self.seconds = seconds
        folder = str(Path(__file__).parents[1])
        paths = [folder, *filter(None, [os.environ.get("PYTHONPATH")])]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "peers.worker", json.dumps({**spec, "contender": contender})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **ONE_THREAD, **NO_BACKENDS, "PYTHONPATH": os.pathsep.join(paths)},
        )
        self.lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self._answer(START_SECONDS)
        except BaseException:
            self.close()
            raise

    def run(self) -> dict[str, Any]:
        """One timed solve. Raises Failure, and ends the process, if there is no answer."""
        try:
            assert self.process.stdin
            self.process.stdin.write("run\n")
            self.process.stdin.flush()
            return self._answer(self.seconds)
        except (Failure, BrokenPipeError) as failure:
            self.close()
            raise failure if isinstance(failure, Failure) else self._died() from None

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith(MARK):
                self.lines.put(line.removeprefix(MARK))
        self.lines.put(None)

    def _answer(self, seconds: float) -> dict[str, Any]:
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise Failure(f"over {seconds:g} s") from None
        if line is None:
            raise self._died()
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            message = answer["error"]
            raise Failure("over the memory limit" if message == "memory" else message)
        return answer

    def _died(self) -> Failure:
        return Failure(f"ended with code {self.process.wait()}")


def race(
    workload: str,
    size: Size,
    names: Iterable[str],
    limits: Limits,
    meshes: Sequence[str] = (),
    skipped: dict[str, str] | None = None,
) -> list[Row]:
    """The rows of one problem; monge's first, by whose certified cost the others are judged.

    `skipped`: contenders that are not to be run, and the status that says why.
    """
    draw = WORKLOADS[workload].draw
    problems = (draw(WARM_UP, meshes), draw(size, meshes))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "problems"
        file.write_bytes(pickle.dumps(problems))
        spec = {"problems": str(file), "max_memory": limits.memory}
        contenders = [CONTENDERS[name] for name in names if CONTENDERS[name].serves(problems[1][0])]
        return _run(workload, size, contenders, limits, spec, skipped or {})


def _run(
    workload: str,
    size: Size,
    contenders: Sequence[Contender],
    limits: Limits,
    spec: dict[str, Any],
    skipped: dict[str, str],
) -> list[Row]:
    rows: list[Row] = []
    running: list[tuple[Row, Worker, list[dict[str, Any]]]] = []
    expected: list[float] | None = None
    try:
        for contender in contenders:
            row = Row(workload, *size, contender.name, contender.version())
            rows.append(row)
            if contender.name in skipped:
                row.status = skipped[contender.name]
                continue
            try:
                own = contender.name == "monge"
                worker = Worker(contender.name, spec, OWN_SECONDS if own else limits.seconds)
                first = worker.run()
            except Failure as failure:
                row.status = str(failure)
                continue
            running.append((row, worker, [first]))
            expected = _judge(row, first, expected)
            if first["seconds"] > SLOW:
                worker.close()  # its memory is free for the others
        for _ in range(limits.repeats):
            for row, worker, runs in running:
                if row.timed and runs[0]["seconds"] <= SLOW:
                    try:
                        runs.append(worker.run())
                    except Failure as failure:
                        row.status = str(failure)
    finally:
        for _, worker, _ in running:
            worker.close()
    for row, _, runs in running:
        timed = runs[1:] or runs  # the first warms the caches
        row.runs = len(timed)
        row.seconds = statistics.median(run["seconds"] for run in timed)
        row.cpu = min(run["cpu"] for run in timed)
    return rows


def _judge(row: Row, first: dict[str, Any], expected: list[float] | None) -> list[float] | None:
    """Fills in what the first run told; returns the costs that others must have."""
    row.memory = first["memory"]
    if row.contender == "monge":
        row.error = first["gap"]
        if row.error > AGREEMENT:
            row.status = f"not proved: relative gap {row.error:.1e}"
            return None
        return list(first["costs"])
    if expected is None:
        row.status = "not verified: monge has no proved cost"
        return None
    row.error = max(
        abs(cost - right) / abs(right) if right else abs(cost)
        for cost, right in zip(first["costs"], expected, strict=True)
    )
    if not (math.isfinite(row.error) and row.error <= AGREEMENT):
        row.status = f"wrong by {row.error:.1e}"
    return expected
