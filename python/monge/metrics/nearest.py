"""Mean distances from each point of one cloud to the nearest of another, in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Below this fraction of the extent's square, a squared distance by products has lost digits.
CANCELLED = 1e-6


def nearest_squares(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """(n,) and (m,): min_j |x_i - y_j|^2 and min_i |x_i - y_j|^2, to 1e-9 relative.

    Squares are expanded into a product of matrices, which is fast but cancels where points are
    close; there they are computed again from differences. O(n m d) time, O(n m) memory.
    """
    centre = (x.mean(0) + y.mean(0)) / 2
    x, y = x - centre, y - centre
    x_squares, y_squares = (x * x).sum(1), (y * y).sum(1)
    products = x @ y.T
    products *= -2
    products += x_squares[:, None]
    products += y_squares
    floor = CANCELLED * (x_squares.max() + y_squares.max())
    return (
        _refined(products.min(1), x, y, floor),
        _refined(products.min(0), y, x, floor),
    )


def _refined(least: Floats, x: Floats, y: Floats, floor: float) -> Floats:
    for i in np.flatnonzero(least <= floor):
        least[i] = ((x[i] - y) ** 2).sum(1).min()
    return least


def chamfer_terms(x: Floats, y: Floats, p: float) -> tuple[float, float]:
    """mean_i min_j |x_i - y_j|^p and mean_j min_i |x_i - y_j|^p."""
    there, back = (squares ** (p / 2) for squares in nearest_squares(x, y))
    return float(there.mean()), float(back.mean())
