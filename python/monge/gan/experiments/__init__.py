"""Experiments of the papers, as commands: `python -m monge.gan.experiments NAME --out FOLDER`.

Each writes its runs (NAME.jsonl), its table of them (NAME.json, NAME.md) and figure (NAME.png);
docs/gan.md says what they show.
"""

from __future__ import annotations

from collections.abc import Callable

from monge.gan.experiments import (
    digit_adaptation,
    digits_generated,
    digits_table,
    four_gaussians,
    gaussian_digits,
    geodesic,
    parallel_lines,
    penalty_table,
    shifted_gaussians,
    toy_maps,
    transport_rays,
)
from monge.gan.experiments.page import Page

#: Every experiment by its name: run(page, runs), `runs` the number of seeds.
EXPERIMENTS: dict[str, Callable[[Page, int], None]] = {
    "four_gaussians": four_gaussians.run,
    "toy_maps": toy_maps.run,
    "geodesic": geodesic.run,
    "digits_table": digits_table.run,
    "penalty_table": penalty_table.run,
    "digits_generated": digits_generated.run,
    "digit_adaptation": digit_adaptation.run,
    "gaussian_digits": gaussian_digits.run,
    "shifted_gaussians": shifted_gaussians.run,
    "transport_rays": transport_rays.run,
    "parallel_lines": parallel_lines.run,
}
