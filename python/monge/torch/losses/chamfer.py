"""The chamfer discrepancy as a loss."""

from __future__ import annotations

from torch import Tensor

from monge.problem import power_cost
from monge.torch.batch import Clouds, Lengths
from monge.torch.discrepancy import chamfer
from monge.torch.losses.loss import Loss


class ChamferLoss(Loss):
    """mean_i min_j |x_i - y_j|^p + mean_j min_i |x_i - y_j|^p as a loss.

    Parameters
    ----------
    p : float
        At least 1; 2, the default, takes squared Euclidean distances.
    reduction : "mean", "sum" or "none"
        Over the batch.

    Shape
    -----
    As for `EMDLoss`, without masses.
    """

    def __init__(self, p: float = 2, *, reduction: str | None = "mean") -> None:
        super().__init__(reduction)
        power_cost(p)  # a wrong one is refused here already
        self.p = p

    def forward(self, x: Clouds, y: Clouds, *, lengths: Lengths = None) -> Tensor:
        """The loss between x and y."""
        return self.reduce(chamfer(x, y, p=self.p, lengths=lengths))

    def extra_repr(self) -> str:
        """The settings that change the value."""
        return f"p={self.p!r}, reduction={self.reduction!r}"
