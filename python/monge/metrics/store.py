"""A matrix of distances on disk, so that a long computation goes on where it was stopped."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monge.atomic_write import replace_file

Floats = NDArray[np.float64]


def fingerprint(clouds: Sequence[Floats], settings: object) -> str:
    """A text that other clouds, or other settings, do not share."""
    digest = hashlib.sha256(repr(settings).encode())
    for cloud in clouds:
        digest.update(repr(cloud.shape).encode())
        digest.update(np.ascontiguousarray(cloud).tobytes())
    return digest.hexdigest()


class Store:
    """Distances (a, b), NaN where not known yet; written to `file` from time to time, if given."""

    SECONDS = 5.0  # between two writes

    def __init__(
        self, shape: tuple[int, int], file: str | os.PathLike[str] | None, key: str
    ) -> None:
        self.values: Floats = np.full(shape, np.nan)
        self.file = None if file is None else Path(file)
        self.key = key
        self.written = time.monotonic()
        if self.file is not None and self.file.exists():
            with np.load(self.file, allow_pickle=False) as kept:
                if "key" not in kept or str(kept["key"]) != key:
                    raise ValueError(
                        f"file must hold distances of these clouds and settings; {self.file} does "
                        "not (delete it to start anew)"
                    )
                self.values = kept["distances"]

    def put(self, rows: Sequence[int], cols: Sequence[int], values: Floats) -> None:
        """Enters distances; writes the file if the last write is long enough ago."""
        self.values[rows, cols] = values
        if time.monotonic() - self.written > self.SECONDS:
            self.save()

    def save(self) -> None:
        """Writes the file: whole or not at all, whenever the process ends."""
        if self.file is None:
            return
        values, key = self.values, np.array(self.key)
        replace_file(self.file, lambda stream: np.savez(stream, distances=values, key=key))
        self.written = time.monotonic()
