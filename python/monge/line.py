"""Transport on a line, where sorting is everything."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge import _core
from monge.problem import line_problem


def wasserstein_1d(
    u: ArrayLike,
    v: ArrayLike,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    p: float = 1,
) -> float:
    """The p-Wasserstein distance between weighted numbers, exactly.

    W_p(u, v) = (int_0^1 |F_u^-1(q) - F_v^-1(q)|^p dq)^(1/p), for masses of total 1; for masses of
    total s, the integral runs from 0 to s.

    Parameters
    ----------
    u, v : (n,) and (m,) arrays
        Positions, in any order.
    a, b : (n,) and (m,) arrays, optional
        Non-negative masses of the same total (within 1e-6 relative: b is scaled); default 1/n, 1/m.
    p : float
        At least 1.

    Returns
    -------
    float
        In the unit of the positions (if the masses total 1). Time O(n log n + m log m).

    Raises
    ------
    ValueError, TypeError
        For wrong shapes, types or values; the message names the argument and the rule.
    """
    return float(_core.line_cost(line_problem(u, v, a, b, p)) ** (1 / p))


def monotone_map(
    u: ArrayLike, v: ArrayLike, a: ArrayLike | None = None, b: ArrayLike | None = None
) -> NDArray[np.float64]:
    """The monotone map that carries u to v: quantile to quantile, optimal for every convex cost.

    T(u_i) = inf {t : F_v(t) >= F_u(u_i)}, where F_u counts tied numbers in the order of their
    index: T(u_i) is where the last of u_i's mass goes in the monotone plan. For n = m and uniform
    masses T(u) is a permutation of v: the k-th smallest goes to the k-th smallest. Where an atom
    must split, no map carries u to v exactly, and this is the upper end of its image.

    Parameters as for `wasserstein_1d`; `v` keeps its values, so T(u) has float64 entries of v.

    Returns
    -------
    (n,) array
        T(u_i), in the order of u. Time O(n log n + m log m).

    Source: Villani, Topics in Optimal Transportation (2003), theorem 2.18.
    """
    return _core.monotone_map(line_problem(u, v, a, b, 1))
