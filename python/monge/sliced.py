"""Sliced transport: clouds projected on lines, where sorting is everything."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge import _core
from monge.problem import (
    Clouds,
    as_array,
    cloud_problems,
    of_each,
    power_cost,
    thread_count,
    whole_number,
)

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]

#: How far the length of a direction may be from 1: float32 unit vectors pass.
UNIT_LENGTH = 1e-5


def sliced_wasserstein(
    x: Clouds,
    y: Clouds,
    a: Any = None,
    b: Any = None,
    *,
    p: float = 2,
    n_projections: int = 128,
    seed: int = 0,
    projections: ArrayLike | None = None,
    return_error: bool = False,
    threads: int | None = None,
) -> Any:
    """The sliced p-Wasserstein distance: the mean of W_p^p over directions, then the p-th root.

    SW_p = (mean_t W_p^p(t . x, t . y))^(1/p), where t . x are the numbers that x casts on the line
    of direction t, and W_p is exact there. Over random directions that is a Monte Carlo estimate of
    the mean over the sphere; its error falls as 1 / sqrt(n_projections).

    Parameters
    ----------
    x, y : (n, d) and (m, d) arrays
        Points; batches as for `monge.emd`.
    a, b : (n,) and (m,) arrays, optional
        Non-negative masses of the same total (within 1e-6 relative: b is scaled); default 1/n, 1/m.
    p : float
        At least 1.
    n_projections : int
        How many directions are drawn, uniformly from the sphere; the same for a whole batch.
    seed : int
        Of the directions: `numpy.random.default_rng(seed)`.
    projections : (n_projections, d) array, optional
        Directions to take instead, rows of length 1.
    return_error : bool
        Also return the standard error.
    threads : int, optional
        Default: MONGE_NUM_THREADS or all usable cores. The result does not depend on it.

    Returns
    -------
    float, or (B,) array for a batch
        In the unit of the coordinates, if the masses total 1.
    error : float or (B,) array, if `return_error`
        Of the estimate, in its unit: with s the standard error over directions of the mean M of
        W_p^p (sample deviation over sqrt(n_projections)), the root M^(1/p) has error
        s M^(1/p - 1) / p to first order. inf for a single direction.

    Raises
    ------
    ValueError, TypeError
        For wrong shapes, types or values.

    Notes
    -----
    Time O(n_projections ((n + m) d + n log n + m log m)).

    Where both clouds are float32, they are projected and sorted in float32, which takes little more
    than half the time; only W_p^p is summed in double. With R the largest distance of a point from
    the first of x, the value is then off by at most 2 (d + 3) 2^-24 R, typically by 1e-7 R: clouds
    far from the origin lose nothing, equal clouds are at distance 0. Pass float64 for distances
    that are small against the clouds themselves.

    Source: N. Bonneel, J. Rabin, G. Peyre and H. Pfister, Sliced and Radon Wasserstein barycenters
    of measures, J. Math. Imaging Vis. 51 (2015) 22-45.
    """
    problems, batch, directions = _prepare(x, y, a, b, p, n_projections, seed, projections)
    count = thread_count(threads)
    costs = of_each(
        problems, batch, lambda one: _core.sliced_costs(one, directions, float(p), count)
    )
    means = np.array([np.mean(one) for one in costs])
    values = means ** (1 / p)
    if not return_error:
        return values if batch else float(values[0])
    errors = np.array([_error_of_root(one, p) for one in costs])
    return (values, errors) if batch else (float(values[0]), float(errors[0]))


def max_sliced_wasserstein(
    x: Clouds,
    y: Clouds,
    a: Any = None,
    b: Any = None,
    *,
    p: float = 2,
    n_projections: int = 128,
    seed: int = 0,
    projections: ArrayLike | None = None,
    n_starts: int = 8,
    max_iterations: int = 100,
    return_direction: bool = False,
    threads: int | None = None,
) -> Any:
    """The max-sliced p-Wasserstein distance, max_t W_p(t . x, t . y): a lower bound of it.

    Projected gradient ascent over the sphere, from the `n_starts` best of the directions and from
    the difference of the means. What is returned is attained by a direction, at least as large as
    for any of the directions given or drawn, and a local maximum unless `max_iterations` ended the
    ascent; the global maximum can be larger. All in double, of float32 clouds too.

    Parameters
    ----------
    x, y, a, b, p, n_projections, seed, projections, threads
        As for `sliced_wasserstein`.
    n_starts : int
        Ascents, besides the one from the difference of the means.
    max_iterations : int
        Steps of one ascent; each costs one evaluation of W_p or a few.
    return_direction : bool
        Also return the direction.

    Returns
    -------
    float, or (B,) array for a batch
    direction : (d,) or (B, d) array, if `return_direction`
        Of length 1.

    Source: I. Deshpande et al., Max-sliced Wasserstein distance and its use for GANs, CVPR 2019.
    """
    problems, batch, directions = _prepare(x, y, a, b, p, n_projections, seed, projections)
    whole_number(n_starts, "n_starts", 1)
    whole_number(max_iterations, "max_iterations", 0)
    limits = n_starts, max_iterations, thread_count(threads)
    found = of_each(
        problems, batch, lambda one: _core.max_sliced(one, directions, float(p), *limits)
    )
    values = np.array([cost for cost, _ in found]) ** (1 / p)
    best = np.array([direction for _, direction in found])
    if batch:
        return (values, best) if return_direction else values
    return (float(values[0]), best[0]) if return_direction else float(values[0])


def sliced_order(
    x: ArrayLike, y: ArrayLike, projections: ArrayLike, *, threads: int | None = None
) -> tuple[Indices, Indices]:
    """The points of two clouds in the order of their projections on each direction.

    With equal sizes and masses, x[x_order[k, i]] goes to y[y_order[k, i]] in direction k: what the
    gradient of a sliced distance is made of.

    Parameters
    ----------
    x, y : (n, d) and (m, d) arrays
    projections : (n_projections, d) array
        Rows of length 1.
    threads : int, optional
        As for `sliced_wasserstein`.

    Returns
    -------
    x_order, y_order : (n_projections, n) and (n_projections, m) int32 arrays
        Ties by index. Of float32 clouds it is the order of their projections rounded to float32.
    """
    problems, batch, directions = _prepare(x, y, None, None, 2, 1, 0, projections)
    _refuse_batch(batch)
    return _core.sliced_order(problems[0], directions, thread_count(threads))


def sliced_gradient(
    x: ArrayLike,
    y: ArrayLike,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    projections: ArrayLike,
    p: float = 2,
    threads: int | None = None,
) -> tuple[Floats, Floats, Floats]:
    """W_p^p in each direction, and the gradient of their mean by the points of both clouds.

    Parameters
    ----------
    x, y, a, b, p, threads
        As for `sliced_wasserstein`, for one pair of clouds.
    projections : (n_projections, d) array
        Rows of length 1.

    Returns
    -------
    costs : (n_projections,) array
        W_p^p of the projections.
    gradient_x, gradient_y : (n, d) and (m, d) arrays
        Of mean(costs). Where the monotone plan changes (tied projections) it is a one-sided
        derivative; for p = 1, points that meet contribute 0.

    Float32 clouds are projected in float32, as in `sliced_wasserstein`.
    """
    problems, batch, directions = _prepare(x, y, a, b, p, 1, 0, projections)
    _refuse_batch(batch)
    return _core.sliced_gradient(problems[0], directions, float(p), thread_count(threads))


def random_directions(n_projections: int, dim: int, seed: int) -> Floats:
    """(n_projections, dim) directions, uniform on the sphere: normal vectors of length 1."""
    normal = np.random.default_rng(seed).standard_normal((n_projections, dim))
    return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True))


def _prepare(
    x: Any,
    y: Any,
    a: Any,
    b: Any,
    p: float,
    n_projections: int,
    seed: int,
    projections: ArrayLike | None,
) -> tuple[list[_core.Problem], bool, Floats]:
    problems, batch = cloud_problems(x, y, a, b, power_cost(p))
    dims = sorted({problem.dim for problem in problems})
    if projections is None:
        whole_number(n_projections, "n_projections", 1)
        whole_number(seed, "seed", 0)
        if len(dims) > 1:
            raise ValueError(f"all clouds must have one dimension; got dimensions {dims}")
        dim = dims[0] if dims else 1
        return problems, batch, random_directions(n_projections, dim, seed)
    directions = np.ascontiguousarray(as_array(projections, "projections"), dtype=np.float64)
    if directions.ndim != 2 or len(directions) == 0 or any(directions.shape[1] != d for d in dims):
        raise ValueError(
            f"projections must have shape (n_projections, d), d = {', '.join(map(str, dims))}; "
            f"got shape {directions.shape}"
        )
    lengths = np.linalg.norm(directions, axis=1)
    wrong = np.flatnonzero(~(np.abs(lengths - 1) <= UNIT_LENGTH))
    if len(wrong):
        raise ValueError(
            f"projections must have rows of length 1; got length {lengths[wrong[0]]:.10g} "
            f"in row {wrong[0]}"
        )
    return problems, batch, directions


def _refuse_batch(batch: bool) -> None:
    if batch:
        raise ValueError("x must have shape (n, d); got a batch")


def _error_of_root(costs: Floats, p: float) -> float:
    if len(costs) < 2:
        return float("inf")
    mean = float(np.mean(costs))
    if mean == 0:
        return 0.0
    error = float(np.std(costs, ddof=1)) / len(costs) ** 0.5
    return float(error * mean ** (1 / p - 1) / p)
