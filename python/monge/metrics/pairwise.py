"""The matrix of distances between two sets of clouds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge.metrics.store import Store, fingerprint
from monge.metrics.work import Distance, Schedule, as_clouds
from monge.problem import Cost


def pairwise(
    clouds_a: ArrayLike | Sequence[ArrayLike],
    clouds_b: ArrayLike | Sequence[ArrayLike] | None = None,
    *,
    distance: str = "emd",
    cost: Cost = "euclidean",
    p: float = 2,
    rtol: float = 0.0,
    solver: str = "auto",
    threads: int | None = None,
    progress: bool = False,
    file: str | os.PathLike[str] | None = None,
    backend: str | None = None,
    jobs: int | None = None,
) -> NDArray[np.float64]:
    """The distance of every cloud of one set to every cloud of another.

    Parameters
    ----------
    clouds_a, clouds_b : (A, n, d) and (B, m, d) arrays, or lists of (n, d) arrays
        `clouds_b` None, or the same object: distances within one set, each computed once.
    distance : "emd" or "chamfer"
        Exact transport by `cost`; or mean_i min_j |x_i - y_j|^p + mean_j min_i |x_i - y_j|^p.
    cost, rtol, solver
        Of "emd", as for `monge.emd`.
    p : float
        Of "chamfer": 2 takes squared Euclidean distances.
    threads : int, optional
        As for `monge.emd`; with a backend, of each worker, 1 by default.
    progress : bool
        Draw a bar. Needs tqdm: pip install "monge[metrics]".
    file : path, optional
        A .npz file that keeps what is known every few seconds; another call with the same clouds
        and settings goes on from it.
    backend : str, optional
        None: threads of this process. Else a backend of joblib: "loky" for processes, "dask" or
        "ray" for a cluster. Needs joblib: pip install "monge[metrics]".
    jobs : int, optional
        Workers of the backend; default all.

    Returns
    -------
    (A, B) array

    Raises
    ------
    ValueError, TypeError
        For wrong shapes, types or values, and for a file of other clouds or settings.
    NotOptimal
        If an exact solve did not reach its optimum.

    Complexity: A B solves, or A (A - 1) / 2 within one set, whose diagonal is 0.
    """
    measured = Distance(distance, cost, p, {"rtol": rtol, "solver": solver})
    schedule = Schedule(threads, backend, jobs, progress)
    a = as_clouds(clouds_a, "clouds_a")
    within = clouds_b is None or clouds_b is clouds_a
    b = a if within else as_clouds(clouds_b, "clouds_b")  # type: ignore[arg-type]
    key = fingerprint([*a, *b], (distance, cost, p, rtol, solver, within))
    store = Store((len(a), len(b)), file, key)
    if within:
        np.fill_diagonal(store.values, 0)
    pairs: list[tuple[int, int]] = [
        (int(i), int(j)) for i, j in np.argwhere(np.isnan(store.values)) if not within or i < j
    ]
    complete(store, measured, schedule, a, b, pairs)
    if within:
        lower = np.tril_indices(len(a), -1)
        store.values[lower] = store.values.T[lower]
    return store.values


def complete(
    store: Store, distance: Distance, schedule: Schedule, a: Any, b: Any, pairs: Any
) -> None:
    """Computes pairs into the store, under a bar; what is known is saved whatever happens."""
    bar = schedule.bar(len(pairs), distance.name)
    try:
        schedule.fill(store, distance, a, b, pairs, bar)
    finally:
        bar.close()
        store.save()
