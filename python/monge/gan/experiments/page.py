"""Where an experiment writes: its runs, a table as JSON and Markdown, and a figure."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Page:
    """A folder with NAME.json, NAME.md and NAME.png, and the runs behind them.

    Runs are a line each in NAME.jsonl, their arrays files in NAME/: a command that was stopped goes
    on where it was, and more seeds are added to those that are there. `data` is a folder of the
    user's own files, for experiments that need some.
    """

    def __init__(self, folder: Path, name: str, data: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name, self.data = folder, name, data
        self._runs = {_text(run["key"]): run for run in lines(folder / f"{name}.jsonl")}

    def once(self, key: Mapping[str, Any], compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `compute` gives for the run `key`, from the log if that has it.

        `key` is plain data and has all that the result depends on. Values are plain data, or arrays
        that pictures need; "cpu_seconds" is added.
        """
        known = self._runs.get(_text(key))
        if known is not None and all((self.folder / file).exists() for file in known["arrays"]):
            arrays = [dict(np.load(self.folder / file)) for file in known["arrays"]]
            return {**known["result"], **(arrays[0] if arrays else {})}
        begin = time.process_time()
        found = compute()
        found["cpu_seconds"] = round(time.process_time() - begin, 2)
        self._keep(key, found)
        return found

    def _keep(self, key: Mapping[str, Any], found: dict[str, Any]) -> None:
        arrays: dict[str, Any] = {
            name: value for name, value in found.items() if isinstance(value, np.ndarray)
        }
        files = []
        if arrays:
            words = [str(value) for value in key.values() if isinstance(value, (str, int))]
            files = [f"{self.name}/{'_'.join(words).replace(' ', '-').replace('/', '-')}.npz"]
            (self.folder / self.name).mkdir(exist_ok=True)
            np.savez_compressed(self.folder / files[0], **arrays)
        plain = {name: value for name, value in found.items() if name not in arrays}
        run = {"key": dict(key), "result": plain, "arrays": files}
        self._runs[_text(key)] = run
        with (self.folder / f"{self.name}.jsonl").open("a") as log:
            log.write(json.dumps(run) + "\n")

    def table(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write and print rows of equal keys."""
        (self.folder / f"{self.name}.json").write_text(json.dumps(rows, indent=1) + "\n")
        lines = [list(rows[0]), ["---"] * len(rows[0])]
        lines += [[cell(value) for value in row.values()] for row in rows]
        text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
        (self.folder / f"{self.name}.md").write_text(text)
        print(text, end="")

    def figure(self, figure: Figure) -> None:
        """Write a figure."""
        figure.tight_layout()
        figure.savefig(str(self.folder / f"{self.name}.png"), dpi=110)


def _text(key: Mapping[str, Any]) -> str:
    return json.dumps(key, sort_keys=True)


def lines(path: Path) -> list[dict[str, Any]]:
    """The runs of a log; a last line that was not finished is cut off."""
    if not path.exists():
        return []
    text = path.read_text()
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole)
    return [json.loads(line) for line in whole.splitlines()]


def cell(value: Any) -> str:
    """A number with four digits, anything else as text."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Median and range of several runs; the number of a single one."""
    if len(values) == 1:
        return f"{values[0]:.{digits}g}"
    low, middle, high = (float(np.percentile(values, q)) for q in (0, 50, 100))
    return f"{middle:.{digits}g} ({low:.{digits}g} to {high:.{digits}g})"


def mean_sd(values: Sequence[float]) -> str:
    """Mean and standard deviation over runs."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return f"{float(np.mean(values)):.3g} +- {deviation:.2g}"
