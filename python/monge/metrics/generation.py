"""Scores of generated clouds: MMD, COV and 1-NNA, by exact transport and by chamfer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge.metrics.bounds import lower_bounds
from monge.metrics.store import Store, fingerprint
from monge.metrics.work import Distance, Schedule, as_clouds
from monge.problem import Cost

Floats = NDArray[np.float64]

#: What each distance is called in the scores, and each score in PointFlow's results.
LABELS = {"chamfer": "CD", "emd": "EMD"}
POINTFLOW = {
    "MMD": "lgan_mmd-{}",
    "MMD-samples": "lgan_mmd_smp-{}",
    "COV": "lgan_cov-{}",
    "1-NNA": "1-NN-{}-acc",
    "1-NNA-references": "1-NN-{}-acc_t",
    "1-NNA-samples": "1-NN-{}-acc_f",
}


def generation(
    samples: ArrayLike | Sequence[ArrayLike],
    references: ArrayLike | Sequence[ArrayLike],
    *,
    distances: Sequence[str] = ("chamfer", "emd"),
    cost: Cost = "euclidean",
    p: float = 2,
    rtol: float = 0.0,
    solver: str = "auto",
    skip: bool = True,
    names: str = "plain",
    threads: int | None = None,
    progress: bool = False,
    file: str | os.PathLike[str] | None = None,
    backend: str | None = None,
    jobs: int | None = None,
) -> dict[str, float]:
    """How well generated clouds match reference clouds.

    With D the distance of clouds, S samples and R references:

    - MMD: the mean over R of the least D to S (fidelity; lower is better). "MMD-samples" is the
      mean over S of the least D to R.
    - COV: the fraction of R that is the nearest of any of S (diversity; higher is better).
    - 1-NNA: the fraction of all clouds whose nearest other cloud is of their own set (1/2 is best);
      "1-NNA-references" and "1-NNA-samples" are that fraction of R and of S.

    Definitions as in PointFlow's evaluation; of equal distances the first counts, references first.

    Parameters
    ----------
    samples, references : (S, n, d) and (R, n, d) arrays, or lists of (n, d) arrays
    distances : sequence of "chamfer" and "emd"
    cost, rtol, solver
        Of "emd", as for `monge.emd`. "euclidean" is PointFlow's; evaluations built on PyTorchEMD
        (PVD and others) used "sqeuclidean".
    p : float
        Of "chamfer": 2, squared distances, is PointFlow's.
    skip : bool
        Leave out transports that lower bounds prove not to be nearest: the scores are the same.
    names : "plain" or "pointflow"
        Keys such as "MMD-EMD", or those of PointFlow's results ("lgan_mmd-EMD").
    file : path, optional
        As for `pairwise`; one file for each distance, whose name is inserted before the suffix.
    threads, progress, backend, jobs
        As for `pairwise`.

    Returns
    -------
    dict of str to float

    Raises
    ------
    ValueError, TypeError, NotOptimal
        As for `pairwise`.

    Complexity: (S + R)^2 / 2 distances, less what is skipped.

    Source: G. Yang et al., PointFlow, ICCV 2019, section 5.1; P. Achlioptas et al., Learning
    representations and generative models for 3D point clouds, ICML 2018 (MMD, COV); D. Lopez-Paz
    and M. Oquab, Revisiting classifier two-sample tests, ICLR 2017 (1-NNA).
    """
    if names not in ("plain", "pointflow"):
        raise ValueError(f'names must be "plain" or "pointflow"; got {names!r}')
    if isinstance(distances, str) or len(distances) == 0:
        raise ValueError(f"distances must be a list of names, at least one; got {distances!r}")
    kept = as_clouds(references, "references"), as_clouds(samples, "samples")
    for argument, clouds in zip(("references", "samples"), kept, strict=True):
        if not clouds:
            raise ValueError(f"{argument} must hold at least one cloud; got none")
    if kept[0][0].shape[1] != kept[1][0].shape[1]:
        raise ValueError(
            f"samples must have the dimension of references, {kept[0][0].shape[1]}; "
            f"got dimension {kept[1][0].shape[1]}"
        )
    schedule = Schedule(threads, backend, jobs, progress)
    results: dict[str, float] = {}
    for name in distances:
        distance = Distance(name, cost, p, {"rtol": rtol, "solver": solver})
        clouds = [*kept[0], *kept[1]]
        key = fingerprint(clouds, (name, cost, p, rtol, solver, len(kept[0])))
        store = Store((len(clouds), len(clouds)), _named(file, name), key)
        matrix = _fill(store, distance, schedule, clouds, len(kept[0]), skip)
        for score, value in scores(matrix, len(kept[0])).items():
            label = f"{score}-{LABELS[name]}"
            results[POINTFLOW[score].format(LABELS[name]) if names == "pointflow" else label] = (
                value
            )
    return results


def _named(file: str | os.PathLike[str] | None, name: str) -> Path | None:
    if file is None:
        return None
    path = Path(file)
    return path.with_name(f"{path.stem}-{name}{path.suffix}")


def scores(matrix: Floats, references: int) -> dict[str, float]:
    """All scores by the symmetric matrix of distances, references first; +inf is never nearest."""
    between = matrix[references:, :references]  # samples x references
    others = matrix.copy()
    np.fill_diagonal(others, np.inf)
    own = (others.argmin(0) < references) == (np.arange(len(matrix)) < references)
    return {
        "MMD": float(between.min(0).mean()),
        "MMD-samples": float(between.min(1).mean()),
        "COV": len(np.unique(between.argmin(1))) / references,
        "1-NNA": float(own.mean()),
        "1-NNA-references": float(own[:references].mean()),
        "1-NNA-samples": float(own[references:].mean()),
    }


def _fill(
    store: Store,
    distance: Distance,
    schedule: Schedule,
    clouds: list[Floats],
    references: int,
    skip: bool,
) -> Floats:
    """The symmetric matrix of distances; +inf where a pair cannot be nearest."""
    size = len(clouds)
    bounds = np.zeros((size, size))
    if skip and distance.name == "emd":
        bounds = lower_bounds(clouds, distance.cost)
    own = np.arange(size) < references
    across = own[:, None] != own
    bar = schedule.bar(size * (size - 1) // 2, distance.name)
    try:
        # Pairs across the sets first: their nearest decide which pairs within a set may matter.
        for stage in (across, ~across):
            while pairs := _wanted(store.values, bounds, across, stage, schedule.chunk):
                schedule.fill(store, distance, clouds, clouds, pairs, bar)
    finally:
        bar.close()
        store.save()
    return np.where(np.isnan(_symmetric(store.values)), np.inf, _symmetric(store.values))


def _symmetric(values: Floats) -> Floats:
    return np.where(np.isnan(values), values.T, values)


def _wanted(
    values: Floats, bounds: Floats, across: NDArray[np.bool_], stage: NDArray[np.bool_], count: int
) -> list[tuple[int, int]]:
    """Unknown pairs of the stage that may be nearest, those of least bounds first.

    For each cloud the nearest of the other set counts, and the nearest of all: a pair across the
    sets may matter up to the nearest known across, one within a set up to the nearest known of all.
    Ties matter, so a bound equal to the nearest keeps a pair.
    """
    known = _symmetric(values)
    filled = np.where(np.isnan(known), np.inf, known)
    np.fill_diagonal(filled, np.inf)
    nearest_across = np.where(across, filled, np.inf).min(1)
    limit = np.where(across, nearest_across[:, None], filled.min(1)[:, None])
    matters = (bounds <= limit) | (bounds <= limit.T)
    open_pairs = np.isnan(known) & stage & matters & np.tri(len(values), k=-1, dtype=bool).T
    rows, cols = np.nonzero(open_pairs)
    if len(rows) == 0:
        return []
    # Every cloud's most promising pair, then the rest by their bounds.
    order = np.argsort(bounds[rows, cols], kind="stable")
    rows, cols = rows[order], cols[order]
    first = np.zeros(len(rows), dtype=bool)
    for side in (rows, cols):
        first[np.unique(side, return_index=True)[1]] = True
    chosen = np.flatnonzero(first)
    if len(chosen) < count:
        chosen = np.concatenate([chosen, np.flatnonzero(~first)[: count - len(chosen)]])
    return [(int(rows[k]), int(cols[k])) for k in chosen]
