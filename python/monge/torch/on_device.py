"""What is computed where the tensors are, and what is left for the host.

Exact transport between equal numbers of equal masses: the device holds an auction in single
precision, and the host takes its prices and columns, finishes exactly in double and certifies. With
`rtol`, the auction's answer stands if the host's certificate says that it is good enough.

c-transforms, and nearest points for chamfer. Everything here takes clouds into a unit of their own
first, so that float's range serves clouds of any size.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from monge import _core
from monge.device.library import COSTS, AuctionSettings
from monge.problem import is_real_number, thread_count
from monge.solve import check_limits
from monge.torch import device
from monge.torch.batch import inside
from monge.torch.host import counts, proved

#: Points of a cloud up to which an auction is worth while: for more, most of its rounds are about
#: the last few points, and the exact finish on the host takes longer than a solve from the
#: beginning (docs/gpu.md).
MOST_POINTS = 1024

#: Where the host takes over from the auction for an optimum: a relative gap, and the share of the
#: points that need not be matched by then, since most rounds are about the last few.
HANDOVER, LEFT_FREE = 3e-4, 0.02
#: From this tolerance on the auction is complete, has half of the gap, and is the answer if the
#: host's certificate agrees.
LEAST_RTOL = 1e-2
ROUNDS = 1 << 14
#: What the options are without any of a solver's own.
KEYS = {"solver", "rtol", "threads", "time_limit"}


@dataclass(frozen=True)
class Begun:
    """What the device found out of each problem: columns of the rows, and potentials g."""

    columns: list[NDArray[np.int32]]
    g: list[NDArray[np.float64]]
    options: dict[str, Any]
    seconds: float

    def finish(self, problems: list[_core.Problem]) -> list[_core.Solution]:
        """Proved solutions; NotOptimal if there was no time."""
        rtol, limit = self.options["rtol"], self.options["time_limit"]
        left = None if limit is None else max(0.0, limit - self.seconds)
        threads = thread_count(self.options["threads"])
        found = _core.complete_assignments(problems, self.columns, self.g, rtol, threads, left)
        return proved(found)


def begin_assignments(
    x: Tensor,
    y: Tensor,
    masses: tuple[Tensor | None, Tensor | None],
    lengths: tuple[Tensor | None, Tensor | None],
    cost: str,
    options: dict[str, Any],
) -> Begun | None:
    """Near-optimal assignments by auctions on the device; None where the host is to solve alone.

    `options`: those of the operator's `how`. Waits for the device.
    """
    library = device.library_for(x)
    if library is None or not (_asks_for_any_solver(options) and cost in COSTS):
        return None
    equal_masses = x.shape[1] == y.shape[1] and all(one is None for one in masses)
    # On a line sorting is exact, and is the host's.
    if not equal_masses or len(x) == 0 or x.shape[1] > MOST_POINTS or x.shape[-1] < 2:
        return None
    sizes = counts(lengths[0], len(x), x.shape[1], "x")
    if sizes != counts(lengths[1], len(y), y.shape[1], "y"):
        return None
    check_limits(options["threads"], options["time_limit"])
    begin = time.perf_counter()
    x, y, unit = unit_clouds(x, y, *lengths)
    clouds = device.ragged(x.float(), y.float(), *lengths)
    columns, prices, _ = device.auction(library, clouds, cost, auction_settings(options["rtol"]))
    # Numbers that are not finite are the host's to refuse.
    g = np.nan_to_num(-prices.double().numpy(force=True), posinf=0, neginf=0)
    units = cost_unit(unit, cost).numpy(force=True)
    ends = np.cumsum(sizes)[:-1]
    return Begun(
        np.split(columns.numpy(force=True), ends),
        [part * one for part, one in zip(np.split(g, ends), units, strict=True)],
        options,
        time.perf_counter() - begin,
    )


def _asks_for_any_solver(options: dict[str, Any]) -> bool:
    """Whether nothing but a valid tolerance and limits are asked for. What is wrong is refused by
    the host's solvers."""
    rtol = options["rtol"]
    plain = options["solver"] == "auto" and set(options) == KEYS
    return plain and is_real_number(rtol) and 0 <= rtol < 1


def auction_settings(rtol: float) -> AuctionSettings:
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


def unit_clouds(
    x: Tensor, y: Tensor, x_lengths: Tensor | None, y_lengths: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """x (B, n, d) and y (B, m, d) in double in a unit of their own, and that unit (B,) in double.

    The unit is a power of two, so that float32 coordinates stay what they are; float64 coordinates
    are centred, since they will be rounded. Padding becomes 0.
    """
    x_held, y_held = inside(x, x_lengths)[..., None], inside(y, y_lengths)[..., None]
    if x.dtype == torch.float64:
        centre = torch.where(x_held, x, 0).sum(1, keepdim=True) / x_held.sum(1, keepdim=True)
        x, y = x - centre, y - centre
    x, y = torch.where(x_held, x, 0), torch.where(y_held, y, 0)
    largest = torch.maximum(x.abs().amax((1, 2)), y.abs().amax((1, 2))).double()
    unit = torch.ldexp(torch.ones_like(largest), torch.frexp(largest).exponent)
    x, y = (one.double() / unit[:, None, None] for one in (x, y))
    return x, y, unit


def cost_unit(unit: Tensor, cost: str) -> Tensor:
    """The cost of a length of one unit."""
    return unit**2 if cost == "sqeuclidean" else unit


def transforms(x: Tensor, cost: str) -> bool:
    """Whether the columns of a c-transform by this cost are found by the device library."""
    served = cost in COSTS and x.dtype == torch.float32 and x.numel() > 0
    return served and device.library_for(x) is not None


def least_columns(
    x: Tensor,
    y: Tensor,
    g: Tensor | None,
    lengths: tuple[Tensor | None, Tensor | None],
    cost: str,
) -> Tensor:
    """For each point of x the j of least c(x_i, y_j) - g_j: (B, n). For what `transforms` says."""
    library = device.library_for(x)
    assert library is not None
    size, n = x.shape[:2]
    x, y, unit = unit_clouds(x, y, *lengths)
    clouds = device.ragged(x.float(), y.float(), *lengths)
    if g is None:
        cost = "sqeuclidean"  # the same points are nearest, without a root
    else:
        # From the largest on: none is positive, and what float rounds is small where it matters.
        g = g.double()
        largest = torch.where(inside(g, lengths[1]), g, -torch.inf).amax(1, keepdim=True)
        g = of_points((g - largest) / cost_unit(unit, cost)[:, None], lengths[1], clouds)
    _, columns = device.c_transform(library, clouds, cost, g)
    return device.unpacked(columns, clouds.x_offsets, size, n).to(torch.int64)


def of_points(values: Tensor, lengths: Tensor | None, clouds: device.PairedClouds) -> Tensor:
    """Values (B, n) as the device takes them: in float32, without padding."""
    held = values if clouds.x_offsets is None else values[inside(values, lengths)]
    return held.float().contiguous()
