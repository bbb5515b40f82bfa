"""Entropic transport where the tensors are: Sinkhorn's iterations by the device library.

Single precision does nearly all of the work: epsilon falls from the size of the clouds to what is
asked for, and iterations go on until the marginals' error stops falling, which is where float's
resolution of cost / epsilon ends. A few iterations in double, in torch's operations on the same
device, then go from there to the tolerance asked for, and it is their error that is believed. Where
that does not suffice, nothing is returned and the host's methods solve.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from monge.device.library import COSTS, DeviceLibrary
from monge.problem import is_real_number
from monge.torch import device
from monge.torch.ground import ground_cost
from monge.torch.on_device import cost_unit, unit_clouds

#: Iterations at each epsilon on the way down, and the factor between two.
ITERATIONS_PER_EPSILON, RATIO = 2, 0.5
#: Iterations between two looks at the error, each of which waits for the device.
ITERATIONS_PER_LOOK = 20
#: In single precision, and in double.
MOST_ITERATIONS, MOST_IN_DOUBLE = 2000, 30
#: An error that has not fallen to this share of the best one has stopped falling.
PROGRESS = 0.7

Potentials = tuple[Tensor, Tensor, Tensor]


def entropic(
    x: Tensor,
    y: Tensor,
    others: tuple[Tensor | None, ...],
    cost: str,
    epsilon: float,
    symmetric: bool,
    options: dict[str, Any],
) -> Potentials | None:
    """The value (B,) and the potentials (B, n) and (B, m) in double, as the operator returns them;
    None where the host is to solve.

    `others`: masses and lengths, any of which is for the host. `options`: those of `how`.
    """
    library = device.library_for(x)
    served = library is not None and cost in COSTS and all(one is None for one in others)
    if library is None or not served or not _are_served(options, epsilon) or len(x) == 0:
        return None
    if not bool(torch.isfinite(x).all() & torch.isfinite(y).all()):
        return None
    points = unit_clouds(x, y, None, None)
    scale = cost_unit(points[2], cost)
    problem = _Problem(points[0], points[1], cost, epsilon / scale, symmetric)
    found = problem.solve(library, options["rtol"], options["max_iterations"])
    if found is None:
        return None
    value, f, g = found
    return (value * scale).to(x.dtype), f * scale[:, None], g * scale[:, None]


def _are_served(options: dict[str, Any], epsilon: float) -> bool:
    """What is wrong is refused by the host, and a limit of time is kept by it."""
    rtol, most = options["rtol"], options["max_iterations"]
    numbers = is_real_number(rtol) and isinstance(most, int) and not isinstance(most, bool)
    return numbers and 0 < rtol < 1 and most > 0 and epsilon > 0 and options["time_limit"] is None


class _Problem:
    """Clouds in double, in their own unit, with the epsilon of each pair in that of its costs."""

    def __init__(self, x: Tensor, y: Tensor, cost: str, epsilon: Tensor, symmetric: bool) -> None:
        self.x, self.y, self.cost, self.symmetric = x, y, cost, symmetric
        self.epsilon = epsilon
        self.in_single = device.batch_of(x.float(), y.float())
        self.f = torch.zeros(x.shape[:2], device=x.device)
        self.g = self.f if symmetric else torch.zeros(y.shape[:2], device=y.device)

    def solve(self, library: DeviceLibrary, rtol: float, most: int) -> Potentials | None:
        steps = self._descend(library)
        best = float("inf")
        while steps < min(most, MOST_ITERATIONS):
            error = float(self._iterate(library, self.epsilon, ITERATIONS_PER_LOOK).max())
            steps += ITERATIONS_PER_LOOK
            if not error < PROGRESS * best or error <= rtol / 2:
                break
            best = error
        return self._finish(rtol, min(MOST_IN_DOUBLE, most - steps))

    def _descend(self, library: DeviceLibrary) -> int:
        """From an epsilon of the size of the largest cost; returns the iterations that it took."""
        dim = self.x.shape[-1]
        largest = 4.0 * dim if self.cost == "sqeuclidean" else 2.0 * dim**0.5
        level, steps = largest, 0
        least = float(self.epsilon.min())
        while level > least:
            self._iterate(library, self.epsilon.clamp(min=level), ITERATIONS_PER_EPSILON)
            steps += ITERATIONS_PER_EPSILON
            level *= RATIO
        return steps

    def _iterate(self, library: DeviceLibrary, epsilon: Tensor, count: int) -> Tensor:
        """The L1 error of the marginals (B,) before the last iteration."""
        clouds = self.in_single
        each = epsilon.float().contiguous()
        if self.symmetric:
            error = device.sinkhorn_symmetric(library, clouds, self.cost, each, count, self.f)
        else:
            error = device.sinkhorn(library, clouds, self.cost, each, count, self.f, self.g)
        return error.reshape(len(self.y), -1).mean(1)

    def _finish(self, rtol: float, most: int) -> Potentials | None:
        """In double, until the marginals are right to `rtol`."""
        f, g, epsilon = self.f.double(), self.g.double(), self.epsilon[:, None]
        for _ in range(most):
            if self.symmetric:
                new = self._half_step(self.x, self.y, f)
                ratio = ((f - new) / epsilon).exp()
                if float((ratio - 1).abs().mean(1).max()) <= rtol:
                    value = 2 * f.mean(1) - self.epsilon * (ratio.mean(1) - 1)
                    return value, f, f.clone()
                f = (f + new) / 2
            else:
                f = self._half_step(self.x, self.y, g)
                new = self._half_step(self.y, self.x, f)
                if float((((g - new) / epsilon).exp() - 1).abs().mean(1).max()) <= rtol:
                    return f.mean(1) + g.mean(1), f, g
                g = new
        return None

    def _half_step(self, x: Tensor, y: Tensor, g: Tensor) -> Tensor:
        """-epsilon log mean_j exp((g_j - C_ij) / epsilon), by blocks of rows."""
        f = g.new_empty(x.shape[:2])
        rows = max(1, 2**22 // max(1, y.numel()))
        epsilon = self.epsilon[:, None, None]
        for start in range(0, x.shape[1], rows):
            part = slice(start, start + rows)
            costs = ground_cost(x[:, part, None] - y[:, None], self.cost, 1.0)
            sums = ((g[:, None] - costs) / epsilon).logsumexp(-1)
            f[:, part] = -self.epsilon[:, None] * (sums - math.log(y.shape[1]))
        return f
