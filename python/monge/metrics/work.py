"""Computing distances of many pairs of clouds: in threads, or by a backend of joblib."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge import _core
from monge.chamfer import chamfer
from monge.extras import require
from monge.metrics.store import Store
from monge.problem import Cost, as_array, parse_cost, power_cost
from monge.solve import emd

Floats = NDArray[np.float64]
Pairs = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Distance:
    """What is computed of a pair: exact transport by a ground cost, or chamfer of a power."""

    name: str  # "emd" or "chamfer"
    cost: Cost = "euclidean"
    p: float = 2
    how: dict[str, Any] = field(default_factory=dict)  # how `emd` solves

    def __post_init__(self) -> None:
        if self.name not in ("emd", "chamfer"):
            raise ValueError(f'distance must be "emd" or "chamfer"; got {self.name!r}')
        parse_cost(self.cost)
        power_cost(self.p)

    def of(self, x: list[Floats], y: list[Floats], threads: int | None) -> Floats:
        """The distances of pairs x[k], y[k]."""
        if self.name == "emd":
            return np.asarray(emd(x, y, cost=self.cost, threads=threads, **self.how))
        return np.asarray(chamfer(x, y, p=self.p, threads=threads))


@dataclass(frozen=True)
class Schedule:
    """Who computes, and who watches.

    `backend` None: threads of this process. A name of joblib's ("loky", "threading", "dask",
    "ray", ...): `jobs` workers of it with `threads` each, one by default.
    """

    threads: int | None = None
    backend: str | None = None
    jobs: int | None = None
    progress: bool = False

    @property
    def chunk(self) -> int:
        """Pairs between two reports: enough to occupy all workers."""
        if self.backend is None:
            return 16 * (self.threads or _core.usable_threads())
        return 64 * (self.jobs or os.cpu_count() or 1)

    def run(self, distance: Distance, a: list[Floats], b: list[Floats], pairs: Pairs) -> Floats:
        """The distances of a[i], b[j] for all pairs (i, j)."""
        if self.backend is None:
            return distance.of([a[i] for i, _ in pairs], [b[j] for _, j in pairs], self.threads)
        joblib = require("joblib", "metrics")
        threads = 1 if self.threads is None else self.threads
        tasks = []
        for part in _split(pairs, 8):
            x, y = [a[i] for i, _ in part], [b[j] for _, j in part]
            tasks.append(joblib.delayed(distance.of)(x, y, threads))
        jobs = -1 if self.jobs is None else self.jobs
        # The context, unlike Parallel's argument, also finds backends of other packages.
        with joblib.parallel_config(backend=self.backend, n_jobs=jobs):
            values = joblib.Parallel()(tasks)
        return np.concatenate(values) if values else np.zeros(0)

    def fill(
        self,
        store: Store,
        distance: Distance,
        a: list[Floats],
        b: list[Floats],
        pairs: Pairs,
        bar: Any,
    ) -> None:
        """Enters the distances of pairs into the store."""
        for part in _split(pairs, self.chunk):
            values = self.run(distance, a, b, part)
            store.put([i for i, _ in part], [j for _, j in part], values)
            bar.update(len(part))

    def bar(self, total: int, name: str) -> Any:
        """A progress bar, or what ignores its calls."""
        if not self.progress:
            return _Silent()
        return require("tqdm.auto", "metrics").tqdm(total=total, desc=name, unit="pair")


class _Silent:
    def update(self, count: int) -> None:
        """Nothing to show."""

    def close(self) -> None:
        """Nothing to close."""


def _split(pairs: Pairs, size: int) -> Iterator[Pairs]:
    for start in range(0, len(pairs), size):
        yield pairs[start : start + size]


def as_clouds(clouds: ArrayLike | Sequence[ArrayLike], argument: str) -> list[Floats]:
    """Clouds (k, n, d), or a list of (n, d), as a list of double arrays."""
    listed = [as_array(one, f"{argument}[{k}]") for k, one in enumerate(clouds)]  # type: ignore[arg-type]
    for k, cloud in enumerate(listed):
        if cloud.ndim != 2 or 0 in cloud.shape or cloud.shape[1] != listed[0].shape[1]:
            raise ValueError(
                f"{argument} must be clouds (n, d) of one d; got shape {cloud.shape} at "
                f"{argument}[{k}]"
            )
        if not np.isfinite(cloud).all():
            raise ValueError(
                f"{argument} must have finite coordinates; got others in {argument}[{k}]"
            )
    return [cloud.astype(np.float64) for cloud in listed]
