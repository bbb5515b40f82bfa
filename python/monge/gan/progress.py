"""What is told of a run: a line per logged step in a JSON-lines file, and a bar on a terminal."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from monge.extras import require


class Log:
    """A JSON-lines file that keeps what is before the step where a run goes on."""

    def __init__(self, path: Path, begin: int) -> None:
        self.path = path
        kept = []
        if begin > 0 and path.exists():
            kept = [line for line in path.read_text().splitlines() if _step(line) <= begin]
        path.write_text("".join(f"{line}\n" for line in kept))

    def write(self, row: Mapping[str, Any]) -> None:
        """Append a row; numbers that are not finite become null."""
        plain = {
            key: None if isinstance(v, float) and not math.isfinite(v) else v
            for key, v in row.items()
        }
        with self.path.open("a") as file:
            file.write(json.dumps(plain, allow_nan=False) + "\n")


def _step(line: str) -> float:
    try:
        step: float = json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):
        return math.inf  # half a line, of a run that was killed
    return step


class Bar:
    """A line that is rewritten at most ten times a second, on a terminal only."""

    def __init__(
        self, total: int, begin: int, shown: bool = True, stream: TextIO | None = None
    ) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.total, self.begin, self.start, self.last = total, begin, time.monotonic(), 0.0
        self.shown = shown and self.stream.isatty()

    def show(self, step: int, row: Mapping[str, Any]) -> None:
        """Draw step / total, the rate, what is left, and a row's numbers."""
        now = time.monotonic()
        if not self.shown or (now - self.last < 0.1 and step < self.total):
            return
        self.last = now
        rate = (step - self.begin) / max(now - self.start, 1e-9)
        left = (self.total - step) / rate if rate > 0 else math.inf
        share = 20 * step // max(self.total, 1)
        numbers = " ".join(f"{k} {v:.4g}" for k, v in row.items() if isinstance(v, float))
        bar = f"[{'#' * share}{'.' * (20 - share)}] {step}/{self.total} {rate:.1f}/s {left:.0f} s"
        self.stream.write(f"\r\x1b[K{bar} {numbers}"[:160])
        if step >= self.total:
            self.stream.write("\n")
        self.stream.flush()


class Board:
    """TensorBoard's writer, for the rows of a log. Needs TensorBoard."""

    def __init__(self, folder: Path, begin: int) -> None:
        require("tensorboard", "tensorboard")
        module = require("torch.utils.tensorboard", "tensorboard")
        self.writer = module.SummaryWriter(str(folder), purge_step=begin + 1)

    def write(self, row: Mapping[str, Any]) -> None:
        """Every number of a row, as a scalar of its step."""
        for name, value in row.items():
            if name != "step" and isinstance(value, (int, float)):
                self.writer.add_scalar(name, value, row["step"])

    def close(self) -> None:
        """Write what is left."""
        self.writer.close()
