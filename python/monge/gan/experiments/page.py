"""Where an experiment writes: a table as JSON and Markdown, and a figure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Page:
    """A folder with NAME.json, NAME.md and NAME.png."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name = folder, name

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


def cell(value: Any) -> str:
    """A number with four digits, anything else as text."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Median and range of several runs."""
    low, middle, high = (float(np.percentile(values, q)) for q in (0, 50, 100))
    return f"{middle:.{digits}g} ({low:.{digits}g} to {high:.{digits}g})"


def mean_sd(values: Sequence[float]) -> str:
    """Mean and standard deviation over runs."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return f"{float(np.mean(values)):.3g} +- {deviation:.2g}"
