"""The sliced Wasserstein distance as a loss."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from monge.problem import power_cost, whole_number
from monge.torch.batch import Clouds, Lengths
from monge.torch.discrepancy import sliced_wasserstein
from monge.torch.losses.loss import Loss


class SlicedWassersteinLoss(Loss):
    """The sliced Wasserstein distance as a loss, along fresh directions at every step.

    While training, step t draws its directions from (seed, t): an unbiased estimate of W_p^p with
    every step, and the same run for the same seed. The count of steps is part of `state_dict`, so
    that a resumed run goes on where it was. In evaluation mode the directions are those of step 0.

    Parameters
    ----------
    p : float
        At least 1. The root is taken of each pair, before the reduction.
    n_projections, seed : int
        Directions per step, and what draws them.
    reduction : "mean", "sum" or "none"
        Over the batch.

    Shape
    -----
    As for `EMDLoss`.
    """

    step: Tensor

    def __init__(
        self,
        p: float = 2,
        *,
        n_projections: int = 128,
        seed: int = 0,
        reduction: str | None = "mean",
    ) -> None:
        super().__init__(reduction)
        power_cost(p)  # wrong settings are refused here already
        whole_number(n_projections, "n_projections", 1)
        whole_number(seed, "seed", 0)
        self.p = p
        self.n_projections = n_projections
        self.seed = seed
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def forward(
        self, x: Clouds, y: Clouds, a: Any = None, b: Any = None, *, lengths: Lengths = None
    ) -> Tensor:
        """The loss between x and y."""
        seed = [self.seed, int(self.step) if self.training else 0]
        if self.training:
            self.step += 1
        count = self.n_projections
        values = sliced_wasserstein(
            x, y, a, b, p=self.p, n_projections=count, seed=seed, lengths=lengths
        )
        return self.reduce(values)

    def extra_repr(self) -> str:
        """The settings that change the value."""
        return (
            f"p={self.p!r}, n_projections={self.n_projections!r}, seed={self.seed!r}, "
            f"reduction={self.reduction!r}"
        )
