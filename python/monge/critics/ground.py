"""The ground cost in NumPy, pair by pair, as the core evaluates it; and the maps it gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monge import _core
from monge.problem import Cost, is_real_number, parse_cost
from monge.transforms import transport_map_from_gradient

Floats = NDArray[np.float64]

#: Numbers that a block of pairs may hold.
BLOCK = 1 << 21


@dataclass(frozen=True)
class Ground:
    """scale * c(x, y) for a ground cost c of the core."""

    name: str
    power: float
    scale: float

    @classmethod
    def parse(cls, cost: Cost, scale: float) -> Ground:
        """Raises TypeError or ValueError for what is no cost, or no positive finite scale."""
        name, power = parse_cost(cost)
        if name not in _core.ground_cost_names():
            raise ValueError(f"cost must be one of {_core.ground_cost_names()}; got {cost!r}")
        if not (is_real_number(scale) and 0 < scale < np.inf):
            raise ValueError(f"scale must be a positive finite number; got {scale!r}")
        if name == "euclidean_power":
            named = {1.0: "euclidean", 2.0: "sqeuclidean"}.get(power)
            if named is not None:
                name = named
        return cls(name, 2.0 if name == "sqeuclidean" else power, float(scale))

    @property
    def cost(self) -> Cost:
        """As the public functions take it, without the scale."""
        return ("euclidean_power", self.power) if self.name == "euclidean_power" else self.name

    @property
    def is_metric(self) -> bool:
        return self.name in ("euclidean", "cityblock", "chebyshev")

    @property
    def is_euclidean(self) -> bool:
        """A power of |x - y|_2: there a potential's gradient points along the transport."""
        return self.name in ("euclidean", "sqeuclidean", "euclidean_power")

    def __str__(self) -> str:
        name = f"|x - y|_2^{self.power:g}" if self.name == "euclidean_power" else self.name
        return name if self.scale == 1 else f"{self.scale:g} {name}"

    def between(self, x: Floats, y: Floats) -> Floats:
        """Costs of pairs: x and y broadcast, points along the last axis."""
        u = np.abs(x - y)
        if self.name == "cityblock":
            return np.asarray(self.scale * u.sum(-1))
        if self.name == "chebyshev":
            return np.asarray(self.scale * u.max(-1, initial=0))
        # Scaled by a power of two, so that squares neither vanish nor overflow.
        largest = float(u.max(initial=0))
        unit = float(np.ldexp(0.5, int(np.frexp(largest)[1]))) if largest > 0 else 1.0
        np.divide(u, unit, out=u)
        squares = np.einsum("...k,...k->...", u, u)
        if self.name == "sqeuclidean":
            return np.asarray(self.scale * unit * (unit * squares))
        return np.asarray(self.scale * (unit * np.sqrt(squares)) ** self.power)

    def rows(self, x: Floats, y: Floats) -> Iterator[tuple[slice, Floats]]:
        """The cost matrix in blocks of rows, of bounded memory."""
        step = max(1, BLOCK // max(1, y.size))
        for begin in range(0, len(x), step):
            part = slice(begin, begin + step)
            yield part, self.between(x[part, None], y)

    def map_of_gradient(self, x: Floats, gradient: Floats) -> Floats | None:
        """Where the gradient of the potential on x's side sends x; None where it does not tell."""
        if not self.is_euclidean or self.power <= 1:
            return None
        return transport_map_from_gradient(x, gradient / (self.scale * self.power), p=self.power)
