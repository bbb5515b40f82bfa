"""A problem as every contender gets it: clouds or a cost matrix, with or without masses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: From here on distances are cheaper as a matrix product than coordinate by coordinate.
MANY_COORDINATES = 32


@dataclass(frozen=True)
class Problem:
    """One transport; `cost_matrix` is None for clouds, and the clouds are None for a matrix."""

    x: Any = None
    y: Any = None
    cost: str = "sqeuclidean"
    cost_matrix: Any = None
    a: Any = None
    b: Any = None

    @property
    def shape(self) -> tuple[int, int]:
        if self.cost_matrix is not None:
            return self.cost_matrix.shape
        return len(self.x), len(self.y)

    @property
    def is_assignment(self) -> bool:
        n, m = self.shape
        return n == m and self.a is None

    @property
    def masses(self) -> tuple[Array, Array]:
        n, m = self.shape
        return (
            np.full(n, 1 / n) if self.a is None else self.a,
            np.full(m, 1 / m) if self.b is None else self.b,
        )

    def matrix(self) -> Array:
        """The costs in double: given, or made from the clouds as a user of the peers makes them."""
        if self.cost_matrix is not None:
            return self.cost_matrix
        if self.x.shape[1] >= MANY_COORDINATES:
            return _by_matrix_product(self.x, self.y, self.cost)
        from scipy.spatial.distance import cdist

        return cdist(self.x, self.y, self.cost)

    def cost_of(self, columns: Array) -> float:
        """What the assignment costs, from the input; ValueError if it is no permutation."""
        n, m = self.shape
        if columns.shape != (n,) or not np.array_equal(np.sort(columns), np.arange(m)):
            raise ValueError("the columns are no permutation")
        if self.cost_matrix is not None:
            return float(self.cost_matrix[np.arange(n), columns].mean(dtype=np.float64))
        steps = self.x.astype(np.float64) - self.y[columns].astype(np.float64)
        squares = (steps**2).sum(axis=1)
        return float((squares if self.cost == "sqeuclidean" else np.sqrt(squares)).mean())


#: What is solved at once: one problem, or a batch of them.
Batch = Sequence[Problem]


def _by_matrix_product(x: Any, y: Any, cost: str) -> Array:
    x, y = x.astype(np.float64), y.astype(np.float64)
    squares = -2 * (x @ y.T)
    squares += (x**2).sum(axis=1)[:, None]
    squares += (y**2).sum(axis=1)
    np.maximum(squares, 0, out=squares)
    return squares if cost == "sqeuclidean" else np.sqrt(squares, out=squares)
