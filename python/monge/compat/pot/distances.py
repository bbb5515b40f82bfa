"""Matrices of distances between samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge.compat.pot.masses import Misuse
from monge.problem import as_array


def dist(
    x1: ArrayLike,
    x2: ArrayLike | None = None,
    metric: str | Callable[[Any, Any], float] = "sqeuclidean",
    p: float = 2,
    w: ArrayLike | None = None,
    backend: str = "auto",
    nx: Any = None,
    use_tensor: bool = False,
) -> NDArray[Any]:
    """Distances between all pairs of samples. Needs SciPy.

    Parameters
    ----------
    x1, x2 : (n, d) and (m, d) arrays
        Samples; `x2` defaults to `x1`.
    metric : str or callable
        Any metric of `scipy.spatial.distance.cdist`, or a function of two vectors.
    p : float
        The order of "minkowski".
    w : (d,) array, optional
        Weights of the coordinates, for "minkowski"; with backend="scipy", for every metric that
        takes weights. (POT ignores weights that it cannot use; here they are refused.)
    backend, nx, use_tensor
        How POT computes; without effect, except for `w` above.

    Returns
    -------
    (n, m) array
        float32 if both samples are, else float64. Computed in double, from differences of
        coordinates: clouds far from the origin lose nothing.

    Raises
    ------
    ValueError, TypeError
        For wrong shapes and types, and for metrics that SciPy does not know.
    """
    from scipy.spatial.distance import cdist

    first = as_array(x1, "x1")
    second = first if x2 is None else as_array(x2, "x2")
    settings: dict[str, Any] = {}
    is_minkowski = metric == "minkowski"
    if is_minkowski:
        settings["p"] = p
    if w is not None:
        if not (is_minkowski or backend == "scipy"):
            raise Misuse(f'w needs metric="minkowski" or backend="scipy"; got metric={metric!r}')
        settings["w"] = as_array(w, "w")
    both_single = first.dtype == second.dtype == np.float32
    distances: NDArray[Any] = cdist(first, second, metric, **settings)
    return distances.astype(np.float32 if both_single else np.float64, copy=False)
