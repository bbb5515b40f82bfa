"""What all losses share: the reduction over a batch."""

from __future__ import annotations

import torch
from torch import Tensor


class Loss(torch.nn.Module):
    """A loss of pairs of clouds; `reduction` as in `torch.nn`."""

    def __init__(self, reduction: str | None) -> None:
        super().__init__()
        if reduction is None:
            reduction = "none"
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f'reduction must be "mean", "sum" or "none"; got {reduction!r}')
        self.reduction = reduction

    def reduce(self, values: Tensor) -> Tensor:
        """Values (B,) reduced over the batch; a single pair's value () as it is."""
        if self.reduction == "mean":
            return values.mean()
        return values.sum() if self.reduction == "sum" else values
