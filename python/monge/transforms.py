"""Potentials: their transforms, what makes a function one, and the maps they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge import _core
from monge.problem import Cost, as_array, cloud_problem, is_real_number, thread_count

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]


class Violation(NamedTuple):
    """A pair that breaks a rule: the points' indices, and by how much."""

    i: int
    j: int
    excess: float


class Check(NamedTuple):
    """Whether a rule holds, and where it is broken most. As a condition it is `holds`."""

    holds: bool
    worst: Violation | None

    def __bool__(self) -> bool:
        return self.holds


def c_transform(
    g: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    *,
    cost: Cost = "euclidean",
    threads: int | None = None,
) -> tuple[Floats, Indices]:
    """The c-transform of g: f_i = min_j (c(x_i, y_j) - g_j), and the j that attains it.

    f is the largest function with f_i + g_j <= c(x_i, y_j), so (f, g) is a feasible dual solution
    of transport whatever g is.

    Parameters
    ----------
    g : (m,) array
        Finite numbers, one per point of y.
    x, y : (n, d) and (m, d) arrays
        Points; (n,) and (m,) are numbers on a line.
    cost : str or ("euclidean_power", p)
        The ground cost c, as for `monge.emd`.
    threads : int, optional
        Default: MONGE_NUM_THREADS or all usable cores. The result does not depend on it.

    Returns
    -------
    f : (n,) array
    argmin : (n,) int32 array
        The lowest j among equals.

    Notes
    -----
    O(n m d) time at worst and O(n + m) memory: costs are not stored. Many points in dimension up to
    8 are searched in a tree, which takes about O(log m) per point.

    Source: C. Villani, Topics in Optimal Transportation (2003), section 2.4.
    """
    problem = cloud_problem(_points(x, "x"), _points(y, "y"), None, None, cost)
    return _core.c_transform(problem, _numbers(g, "g"), thread_count(threads))


def legendre_transform(
    values: ArrayLike,
    *grids: ArrayLike,
    dual_grids: Sequence[ArrayLike] | None = None,
    threads: int | None = None,
) -> Floats:
    """The Legendre transform on a grid: h(s) = max_x (s . x - v(x)) for every s of a dual grid.

    Time is linear in the size of the grids, one pass per axis.

    Parameters
    ----------
    values : (n_1, ..., n_d) array
        v on the grid. inf leaves a point out; at least one value must be finite.
    grids : d arrays (n_1,), ..., (n_d,)
        The coordinates of each axis, strictly ascending.
    dual_grids : d arrays (m_1,), ..., (m_d,), optional
        The slopes s at which h is wanted, strictly ascending. Default: `grids` themselves, so that
        |x|^2 / 2 is its own transform.
    threads : int, optional
        Default: MONGE_NUM_THREADS or all usable cores. The result does not depend on it.

    Returns
    -------
    (m_1, ..., m_d) array

    Notes
    -----
    The c-transform for the cost |x - y|^2 between two grids is one such transform:
    min_x (|x - y|^2 - g(x)) = |y|^2 - 2 h(y), where h is that of (|x|^2 - g(x)) / 2 with the
    coordinates of y as `dual_grids`. For clouds without a grid use `c_transform`.

    Source: Y. Lucet, Faster than the Fast Legendre Transform, the Linear-time Legendre Transform,
    Numerical Algorithms 16 (1997) 171-185.
    """
    v = np.asarray(as_array(values, "values"), dtype=np.float64)
    axes = [_ascending(grid, f"grids[{k}]") for k, grid in enumerate(grids)]
    if v.shape != tuple(len(axis) for axis in axes) or not axes:
        raise ValueError(
            f"values must have one axis per grid, of its length: "
            f"{tuple(len(axis) for axis in axes)}; got shape {v.shape}"
        )
    if np.isnan(v).any() or (v == -np.inf).any() or not np.isfinite(v).any():
        raise ValueError("values must be finite or inf, not all inf; got NaN, -inf or inf alone")
    duals = axes
    if dual_grids is not None:
        duals = [_ascending(grid, f"dual_grids[{k}]") for k, grid in enumerate(dual_grids)]
        if len(duals) != len(axes):
            raise ValueError(
                f"dual_grids must have one grid per axis, {len(axes)}; got {len(duals)}"
            )
    for axis in reversed(range(v.ndim)):
        lines = np.moveaxis(v, axis, -1)
        flat = np.ascontiguousarray(lines).reshape(-1, len(axes[axis]))
        h = _core.legendre_lines(flat, axes[axis], duals[axis], thread_count(threads))
        # max over the next axis of s . x + h: the transform of -h.
        v = -np.moveaxis(h.reshape(*lines.shape[:-1], -1), -1, axis)
    return np.ascontiguousarray(-v)


def is_lipschitz(
    values: ArrayLike,
    x: ArrayLike,
    *,
    constant: float = 1,
    tolerance: float | None = None,
    threads: int | None = None,
) -> Check:
    """Whether |v_i - v_j| <= constant |x_i - x_j|_2 for all pairs: what makes v a W_1 potential.

    Parameters
    ----------
    values : (n,) array
    x : (n, d) array
        Points; (n,) are numbers on a line.
    constant : float
        At least 0.
    tolerance : float, optional
        A pair may exceed by this times (max |v| + constant max |x|). Default: 64 roundings of the
        less precise of the two arrays.
    threads : int, optional
        As for `c_transform`.

    Returns
    -------
    Check : named tuple (holds, worst)
        True as a condition if `holds`. `worst` is None then, else the pair (i, j, excess) of the
        largest excess v_j - v_i - constant |x_i - x_j|.

    Notes
    -----
    v is Lipschitz exactly where its c-transform for the cost constant |x - y| is -v: one
    `c_transform`, with its complexity.
    """
    points, v = _points(x, "x"), _numbers(values, "values")
    _same_length(v, "values", points, "x")
    if not (is_real_number(constant) and 0 <= constant < np.inf):
        raise ValueError(f"constant must be a finite number >= 0; got {constant!r}")
    if constant == 0:
        i, j = int(np.argmin(v)), int(np.argmax(v))
    else:
        f, argmin = c_transform(v / constant, points, points, threads=threads)
        i = int(np.argmax(-constant * f - v))
        j = int(argmin[i])
    distance = float(np.linalg.norm(points[i].astype(np.float64) - points[j]))
    excess = float(v[j] - v[i] - constant * distance)
    size = float(np.abs(v).max() + constant * np.abs(points).max())
    return _check(i, j, excess, size, tolerance, _rounding(values, x))


def is_c_concave(
    f: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    *,
    cost: Cost = "euclidean",
    tolerance: float | None = None,
    threads: int | None = None,
) -> Check:
    """Whether f on x is c-concave: the c-transform of some function on y, as potentials are.

    f is c-concave exactly where transforming it twice gives it back; the second transform is never
    below f.

    Parameters
    ----------
    f : (n,) array
        Finite numbers.
    x, y : (n, d) and (m, d) arrays
        Points; (n,) and (m,) are numbers on a line.
    cost : str or ("euclidean_power", p)
        The ground cost, as for `monge.emd`.
    tolerance : float, optional
        The second transform may exceed f by this times (max |f| + max |f^c|). Default: 64 roundings
        of the least precise of the three arrays.
    threads : int, optional
        As for `c_transform`.

    Returns
    -------
    Check : named tuple (holds, worst)
        True as a condition if `holds`. `worst` is None then, else (i, j, excess): x_i, where f is
        below its second transform most; y_j, which attains that; and by how much.

    Notes
    -----
    Two `c_transform`s, with their complexity.
    """
    v = _numbers(f, "f")
    x_points, y_points = _points(x, "x"), _points(y, "y")
    _same_length(v, "f", x_points, "x")
    g, _ = c_transform(v, y_points, x_points, cost=cost, threads=threads)
    twice, argmin = c_transform(g, x_points, y_points, cost=cost, threads=threads)
    i = int(np.argmax(twice - v))
    size = float(np.abs(v).max() + np.abs(g).max())
    return _check(i, int(argmin[i]), float(twice[i] - v[i]), size, tolerance, _rounding(f, x, y))


def transport_map_from_gradient(x: ArrayLike, gradient: ArrayLike, *, p: float = 2) -> Floats:
    """The optimal map that a potential's gradient gives for the cost |x - y|^p / p, p > 1.

    T(x) = x - |grad f|^(1/(p-1) - 1) grad f, where f is the potential on the side of x (as
    `Solution.f` is, divided by p where the cost was |x - y|^p). For p = 2, T(x) = x - grad f(x).
    For p = 1 a gradient tells the direction alone, not how far: see `ray_monotone_plan`.

    Parameters
    ----------
    x : (..., d) array
        Points.
    gradient : (..., d) array
        Of the potential at these points.
    p : float
        Finite, greater than 1.

    Returns
    -------
    (..., d) array
        T(x). Where the gradient is 0, T(x) = x.

    Source: W. Gangbo and R. J. McCann, The geometry of optimal transportation, Acta Math. 177
    (1996) 113-161.
    """
    if not (is_real_number(p) and 1 < p < np.inf):
        raise ValueError(f"p must be finite and greater than 1; got {p!r}")
    points = np.asarray(as_array(x, "x"), dtype=np.float64)
    slopes = np.asarray(as_array(gradient, "gradient"), dtype=np.float64)
    if points.shape != slopes.shape or points.ndim == 0:
        raise ValueError(
            f"gradient must have the shape of x, {points.shape}; got shape {slopes.shape}"
        )
    if p == 2:
        return points - slopes
    length = np.linalg.norm(slopes, axis=-1, keepdims=True)
    direction = np.divide(slopes, length, out=np.zeros_like(slopes), where=length > 0)
    return np.asarray(points - length ** (1 / (p - 1)) * direction)


def _check(
    i: int, j: int, excess: float, size: float, tolerance: float | None, rounding: float
) -> Check:
    if tolerance is None:
        tolerance = 64 * rounding
    if not (is_real_number(tolerance) and tolerance >= 0):
        raise ValueError(f"tolerance must be a number >= 0; got {tolerance!r}")
    if excess <= tolerance * size:
        return Check(True, None)
    return Check(False, Violation(i, j, excess))


def _rounding(*arrays: Any) -> float:
    """One rounding of the least precise of arrays."""
    types = [np.asarray(array).dtype for array in arrays]
    return max(float(np.finfo(t).eps) if t.kind == "f" else 2.0**-52 for t in types)


def _points(value: Any, argument: str) -> NDArray[Any]:
    array = as_array(value, argument)
    if array.ndim not in (1, 2):
        raise ValueError(f"{argument} must have shape (n, d) or (n,); got shape {array.shape}")
    return array[:, None] if array.ndim == 1 else array


def _numbers(value: Any, argument: str) -> Floats:
    array = as_array(value, argument)
    if array.ndim != 1:
        raise ValueError(f"{argument} must have shape (n,); got shape {array.shape}")
    return np.ascontiguousarray(array, dtype=np.float64)


def _same_length(values: Floats, name: str, points: NDArray[Any], points_name: str) -> None:
    if len(values) != len(points) or len(values) == 0:
        raise ValueError(
            f"{name} must have one number per point of {points_name}, {len(points)}; "
            f"got {len(values)}"
        )
    if not np.isfinite(values).all():
        k = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"{name} must be finite; got {values[k]!r} at {name}[{k}]")


def _ascending(value: Any, argument: str) -> Floats:
    grid = _numbers(value, argument)
    if len(grid) == 0 or not np.isfinite(grid).all() or not (np.diff(grid) > 0).all():
        raise ValueError(
            f"{argument} must be finite and strictly ascending, at least one number; got {value!r}"
        )
    return grid
