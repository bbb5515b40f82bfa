"""What is computed where the tensors are, and what is left for the host.

Exact transport between equal numbers of equal masses: the device holds an auction in single
precision, and the host takes its prices and columns, finishes exactly in double and certifies. With
`rtol`, the auction's answer stands if the host's certificate says that it is good enough.

Everything here takes clouds into a unit of their own first: the centre of x is the origin, and the
largest coordinate of a pair is 1. So float's range and digits serve clouds of any size and place.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from monge import _core
from monge.device.library import COSTS, AuctionSettings
from monge.problem import is_real_number
from monge.torch import device
from monge.torch.batch import inside

#: An auction has one block of threads per pair of clouds: one pair beyond this would keep a single
#: multiprocessor busy for longer than the host's solvers take (docs/gpu.md).
MOST_POINTS = 8192

#: Where the host takes over from the auction when the optimum is asked for: a relative gap, and the
#: share of points that need not be matched by then, since most rounds are about the last few.
HANDOVER, LEFT_FREE = 3e-4, 0.02
#: Below this a float's rounding hides what is left of a gap.
LEAST_RTOL = 1e-5
ROUNDS = 1 << 16
#: What the options are without any of a solver's own.
KEYS = {"solver", "rtol", "threads", "time_limit"}


@dataclass(frozen=True)
class Start:
    """What the device found out of each problem: columns of the rows, and potentials g."""

    columns: list[NDArray[np.int32]]
    g: list[NDArray[np.float64]]
    seconds: float


def unit_clouds(
    x: Tensor, y: Tensor, x_lengths: Tensor | None = None, y_lengths: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """x (B, n, d) and y (B, m, d) in float32 in their own unit, and that unit (B,) in double.

    Padding becomes 0.
    """
    x_held, y_held = inside(x, x_lengths)[..., None], inside(y, y_lengths)[..., None]
    x, y = x.double(), y.double()
    centre = torch.where(x_held, x, 0).sum(1, keepdim=True) / x_held.sum(1, keepdim=True)
    x, y = torch.where(x_held, x - centre, 0), torch.where(y_held, y - centre, 0)
    unit = torch.maximum(x.abs().amax((1, 2)), y.abs().amax((1, 2)))
    unit = torch.where(unit > 0, unit, 1)
    x, y = (one / unit[:, None, None] for one in (x, y))
    return x.float(), y.float(), unit


def cost_unit(unit: Tensor, cost: str) -> Tensor:
    """The cost of a length of one unit."""
    return unit**2 if cost == "sqeuclidean" else unit


def assignments(
    x: Tensor,
    y: Tensor,
    masses: Sequence[Tensor | None],
    lengths: tuple[Tensor | None, Tensor | None],
    cost: str,
    options: dict[str, Any],
) -> Start | None:
    """Near-optimal assignments by auctions on the device; None where the host is to solve alone.

    `options`: as the operator's `how`. Waits for the device.
    """
    library = device.library_for(x)
    if library is None or not (_asks_for_any_solver(options) and cost in COSTS):
        return None
    equal_masses = x.shape[1] == y.shape[1] and all(one is None for one in masses)
    # On a line sorting is exact, and is the host's.
    if not equal_masses or len(x) == 0 or x.shape[1] > MOST_POINTS or x.shape[-1] < 2:
        return None
    if not _equal(*lengths):
        return None
    begin = time.perf_counter()
    x, y, unit = unit_clouds(x, y, *lengths)
    clouds = device.ragged(x, y, *lengths)
    columns, prices, _ = device.auction(library, clouds, cost, _settings(options["rtol"]))
    unit_of_cost = cost_unit(unit, cost)
    bounds = range(0, clouds.points[0] + 1, x.shape[1])
    if clouds.x_offsets is not None:
        bounds = clouds.x_offsets.tolist()
    parts = list(itertools.pairwise(bounds))
    g = np.nan_to_num(-prices.double().numpy(force=True), posinf=0, neginf=0)
    units, found = unit_of_cost.numpy(force=True), columns.numpy(force=True)
    return Start(
        [found[start:stop] for start, stop in parts],
        [g[start:stop] * one for (start, stop), one in zip(parts, units, strict=True)],
        time.perf_counter() - begin,
    )


def _asks_for_any_solver(options: dict[str, Any]) -> bool:
    """Whether nothing but a valid tolerance and limits are asked for. What is wrong is refused by
    the host's solvers."""
    rtol = options["rtol"]
    plain = options["solver"] == "auto" and set(options) == KEYS
    return plain and is_real_number(rtol) and 0 <= rtol < 1


def _equal(x_lengths: Tensor | None, y_lengths: Tensor | None) -> bool:
    if x_lengths is None or y_lengths is None:
        return x_lengths is y_lengths
    return torch.equal(x_lengths, y_lengths)


def _settings(rtol: float) -> AuctionSettings:
    exact = rtol < LEAST_RTOL
    return AuctionSettings(
        rtol=HANDOVER if exact else rtol / 2,
        epsilon_start=0.25,
        epsilon_ratio=0.2,
        epsilon_floor=1e-6,
        tail=LEFT_FREE,
        leave=LEFT_FREE if exact else 0,
        round_limit=ROUNDS,
    )


def finish(
    problems: list[_core.Problem], start: Start, rtol: float, threads: int, limit: float | None
) -> list[_core.Solution]:
    """Certified solutions from what the device found; `limit` in seconds, the device's included."""
    left = None if limit is None else max(0.0, limit - start.seconds)
    return _core.finish_assignments(problems, start.columns, start.g, rtol, threads, left)
