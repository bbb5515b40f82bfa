"""Experiments of the papers, as commands: `python -m monge.gan.experiments NAME --out FOLDER`.

Each writes its table (NAME.json, NAME.md) and figure (NAME.png); docs/gan.md says what they show.
"""

from __future__ import annotations

from collections.abc import Callable

from monge.gan.experiments import (
    digits_table,
    four_gaussians,
    parallel_lines,
    shifted_gaussians,
    transport_rays,
)
from monge.gan.experiments.page import Page

#: Every experiment by its name: run(page, runs), `runs` the number of seeds.
EXPERIMENTS: dict[str, Callable[[Page, int], None]] = {
    "four_gaussians": four_gaussians.run,
    "digits_table": digits_table.run,
    "shifted_gaussians": shifted_gaussians.run,
    "transport_rays": transport_rays.run,
    "parallel_lines": parallel_lines.run,
}
