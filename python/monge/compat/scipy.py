"""SciPy's transport functions, `scipy.optimize.linear_sum_assignment`,
`scipy.stats.wasserstein_distance` and `scipy.stats.wasserstein_distance_nd`.

Signatures, results and errors are SciPy's; SciPy itself is not needed. Differences: NaN among
values or weights is refused with a ValueError where SciPy returns NaN, and a distance that is not
proved raises `monge.NotOptimal`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge.line import wasserstein_1d
from monge.solve import emd, linear_sum_assignment

__all__ = ["linear_sum_assignment", "wasserstein_distance", "wasserstein_distance_nd"]

Floats = NDArray[np.float64]


def wasserstein_distance(
    u_values: ArrayLike,
    v_values: ArrayLike,
    u_weights: ArrayLike | None = None,
    v_weights: ArrayLike | None = None,
) -> float:
    """The Wasserstein-1 distance between two distributions on the line.

    Parameters
    ----------
    u_values, v_values : (n,) and (m,) arrays
        Where the distributions have mass.
    u_weights, v_weights : (n,) and (m,) arrays, optional
        Non-negative weights of positive sum, each normalised to total 1; default: equal.

    Returns
    -------
    float
        In the unit of the values. Infinite where values of one distribution are infinite, NaN
        where both have the same infinity. Time O(n log n + m log m).

    Raises
    ------
    ValueError
        For empty distributions, negative weights and weights of another length or of no mass.
    """
    u, u_masses = _distribution(u_values, u_weights)
    v, v_masses = _distribution(v_values, v_weights)
    common = any((u == infinity).any() and (v == infinity).any() for infinity in (np.inf, -np.inf))
    if common or np.isinf(u).any() or np.isinf(v).any():
        return float("nan" if common else "inf")
    return wasserstein_1d(u, v, u_masses, v_masses)


def wasserstein_distance_nd(
    u_values: ArrayLike,
    v_values: ArrayLike,
    u_weights: ArrayLike | None = None,
    v_weights: ArrayLike | None = None,
) -> float:
    """The Wasserstein-1 distance between two distributions of points, at Euclidean cost.

    Parameters
    ----------
    u_values, v_values : (n, d) and (m, d) arrays
        Points; (n,) and (m,) are numbers on a line.
    u_weights, v_weights : (n,) and (m,) arrays, optional
        Non-negative weights of positive sum, each normalised to total 1; default: equal.

    Returns
    -------
    float
        In the unit of the values, proved to 1e-9 relative. Infinite where points of one
        distribution are at infinity, NaN where points of both are. Complexity as for `monge.emd`;
        SciPy solves a linear program of n m constraints.

    Raises
    ------
    ValueError
        As for `wasserstein_distance`, and for ranks and dimensions that differ.
    """
    u_array, v_array = np.asarray(u_values), np.asarray(v_values)
    if u_array.ndim > 2 or v_array.ndim > 2:
        raise ValueError("Invalid input values. The inputs must have either one or two dimensions.")
    if u_array.ndim != v_array.ndim:
        raise ValueError("Invalid input values. Dimensions of inputs must be equal.")
    if u_array.ndim == 1:
        return wasserstein_distance(u_array, v_array, u_weights, v_weights)
    u, u_masses = _distribution(u_array, u_weights)
    v, v_masses = _distribution(v_array, v_weights)
    if u.shape[1] != v.shape[1]:
        raise ValueError(
            "Invalid input values. If two-dimensional, `u_values` and `v_values` must have the "
            "same number of columns."
        )
    infinite = (np.isinf(u).any(), np.isinf(v).any())
    if any(infinite):
        return float("nan" if all(infinite) else "inf")
    return float(emd(u, v, u_masses, v_masses, cost="euclidean"))


def _distribution(values: Any, weights: Any) -> tuple[Floats, Floats | None]:
    """Values, and weights of total 1."""
    points = np.asarray(values, dtype=np.float64)
    if len(points) == 0:
        raise ValueError("Distribution can't be empty.")
    if weights is None:
        return points, None
    masses = np.asarray(weights, dtype=np.float64)
    if len(masses) != len(points):
        raise ValueError(
            "Value and weight array-likes for the same empirical distribution must be of the same "
            "size."
        )
    if (masses < 0).any():
        raise ValueError("All weights must be non-negative.")
    total = masses.sum()
    if not 0 < total < np.inf:
        raise ValueError(
            "Weight array-like sum must be positive and finite. Set as None for an equal "
            "distribution of weight."
        )
    return points, masses / total
