"""Sinkhorn's divergence as a loss."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from monge.problem import Cost, parse_cost
from monge.torch.batch import Clouds, Lengths, as_batch
from monge.torch.entropic import mean_cost, sinkhorn_divergence
from monge.torch.losses.loss import Loss


class SinkhornLoss(Loss):
    """The debiased entropic cost as a loss.

    Parameters
    ----------
    epsilon : float, optional
        Weight of the entropy, in the unit of the cost. None: 0.05 times the mean cost over all
        pairs of points of the batch, a constant to the gradient.
    cost : str or ("euclidean_power", p)
    debias : bool
        False: without the terms that make the loss of equal clouds 0.
    reduction : "mean", "sum" or "none"
        Over the batch.
    **options
        rtol, max_iterations, threads, time_limit, as for `monge.torch.sinkhorn_divergence`.

    Shape
    -----
    As for `EMDLoss`.
    """

    def __init__(
        self,
        epsilon: float | None = None,
        *,
        cost: Cost = "sqeuclidean",
        debias: bool = True,
        reduction: str | None = "mean",
        **options: Any,
    ) -> None:
        super().__init__(reduction)
        parse_cost(cost)  # a wrong one is refused here already
        unknown = set(options) - {"rtol", "max_iterations", "threads", "time_limit"}
        if unknown:
            raise TypeError(f"options must be of sinkhorn_divergence; got {sorted(unknown)}")
        self.epsilon = epsilon
        self.cost = cost
        self.debias = debias
        self.options = options

    def forward(
        self, x: Clouds, y: Clouds, a: Any = None, b: Any = None, *, lengths: Lengths = None
    ) -> Tensor:
        """The loss between x and y."""
        epsilon = self.epsilon
        if epsilon is None:
            epsilon = 0.05 * mean_cost(as_batch(x, y, None, None, lengths), self.cost)
            epsilon = epsilon or 1.0  # all points are one point, and any epsilon gives 0
        settings: dict[str, Any] = {"epsilon": epsilon, "cost": self.cost, "debias": self.debias}
        values = sinkhorn_divergence(x, y, a, b, lengths=lengths, **settings, **self.options)
        return self.reduce(values)

    def extra_repr(self) -> str:
        """The settings that change the value."""
        return (
            f"epsilon={self.epsilon!r}, cost={self.cost!r}, debias={self.debias!r}, "
            f"reduction={self.reduction!r}"
        )
