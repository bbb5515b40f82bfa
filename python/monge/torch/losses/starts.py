"""What a loss keeps of earlier solutions, to start the next ones from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from monge.problem import whole_number
from monge.torch.batch import Batch
from monge.torch.host import Outputs


@dataclass(frozen=True)
class Start:
    """Of one pair, in host memory: 8 m bytes of potentials, 8 (n + m) bytes of pairs at most."""

    sizes: tuple[int, int]
    g: Tensor  # (m,) float64
    pairs: Tensor  # (2, k) int32, k < n + m: rows and columns between which mass moved


class Starts:
    """The last solution of each key, of at most `max_keys` keys.

    Memory per key: 16 m + 8 n bytes at most. Not part of `state_dict`: a run that goes on from a
    checkpoint solves its first epoch from nothing, to the same values.
    """

    def __init__(self, max_keys: int) -> None:
        whole_number(max_keys, "max_keys", 1)
        self.max_keys = max_keys
        self._kept: OrderedDict[Hashable, Start] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @staticmethod
    def names(keys: Sequence[Any] | Tensor | None, count: int) -> list[Hashable]:
        """One key for each pair of the batch."""
        if keys is None:
            return list(range(count))
        names = keys.tolist() if isinstance(keys, Tensor) else list(keys)
        if len(names) != count or len(set(names)) != count:
            raise ValueError(
                f"keys must be different, one per pair of the batch, {count}; got {names!r}"
            )
        return names

    @staticmethod
    def _sizes(batch: Batch) -> list[tuple[int, int]]:
        sides = []
        for points, lengths in ((batch.x, batch.x_lengths), (batch.y, batch.y_lengths)):
            count, most = points.shape[:2]
            sides.append([most] * count if lengths is None else lengths.tolist())
        return list(zip(*sides, strict=True))

    def tensors(self, names: list[Hashable], batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """The starts as `ops.transport` takes them. A pair whose sizes have changed has none."""
        count, n, m = len(names), batch.x.shape[1], batch.y.shape[1]
        g = torch.full((count, m), torch.nan, dtype=torch.float64)
        pairs = torch.full((2, count, n + m - 1), -1, dtype=torch.int32)
        for k, (name, sizes) in enumerate(zip(names, self._sizes(batch), strict=True)):
            start = self._kept.get(name)
            if start is None or start.sizes != sizes:
                continue
            g[k, : len(start.g)] = start.g
            pairs[:, k, : start.pairs.shape[1]] = start.pairs
        return g, pairs[0], pairs[1]

    def keep(self, names: list[Hashable], batch: Batch, outputs: Outputs) -> None:
        """Remembers what the operator has returned."""
        _, rows, cols, mass, _, g = (output.detach().cpu() for output in outputs)
        for k, (name, sizes) in enumerate(zip(names, self._sizes(batch), strict=True)):
            used = mass[k] > 0
            pairs = torch.stack([rows[k][used], cols[k][used]]).to(torch.int32)
            self._kept[name] = Start(sizes, g[k, : sizes[1]].to(torch.float64, copy=True), pairs)
            self._kept.move_to_end(name)
        while len(self._kept) > self.max_keys:
            self._kept.popitem(last=False)
