"""The chamfer discrepancy of point clouds."""

from __future__ import annotations

from typing import Any

import numpy as np

from monge import _core
from monge.problem import Clouds, cloud_problems, of_each, power_cost, thread_count


def chamfer(
    x: Clouds,
    y: Clouds,
    *,
    p: float = 2,
    return_indices: bool = False,
    threads: int | None = None,
) -> Any:
    """mean_i min_j |x_i - y_j|^p + mean_j min_i |x_i - y_j|^p, with Euclidean distances.

    Not a metric, and no transport: every point looks for its nearest one, however many share it.

    Parameters
    ----------
    x, y : (n, d) and (m, d) arrays
        Points; batches as for `monge.emd`.
    p : float
        At least 1. The default sums squared distances, as is usual in the literature.
    return_indices : bool
        Also return the nearest points.
    threads : int, optional
        Default: MONGE_NUM_THREADS or all usable cores. The result does not depend on it.

    Returns
    -------
    float, or (B,) array for a batch
        In the unit of the coordinates to the power p.
    nearest_y, nearest_x : (n,) and (m,) int32 arrays, if `return_indices`
        x_i is nearest to y[nearest_y[i]], y_j to x[nearest_x[j]]; the lowest index among equals.
        Two lists of such arrays for a batch.

    Notes
    -----
    O(n m d); about O((n + m) log(n + m)) for many points in dimension up to 8. O(n + m) memory.

    Source: H. Fan, H. Su and L. Guibas, A point set generation network for 3D object
    reconstruction from a single image, CVPR 2017.
    """
    problems, batch = cloud_problems(x, y, None, None, power_cost(p))
    how = bool(return_indices), thread_count(threads)
    found = of_each(problems, batch, lambda one: _core.chamfer(one, *how))
    values = np.array([value for value, _, _ in found])
    nearest_y, nearest_x = [one for _, one, _ in found], [one for _, _, one in found]
    if batch:
        return (values, nearest_y, nearest_x) if return_indices else values
    value = float(values[0])
    return (value, nearest_y[0], nearest_x[0]) if return_indices else value
