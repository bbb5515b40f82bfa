"""The Wasserstein distance as a loss."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from monge.problem import cost_of_distance
from monge.torch.batch import Clouds, Lengths
from monge.torch.functional import wasserstein
from monge.torch.losses.loss import Loss


class WassersteinLoss(Loss):
    """W_p between clouds as a loss: the p-th root of the least sum_ij P_ij |x_i - y_j|_2^p.

    Parameters
    ----------
    p : float
        At least 1. The root is taken of each pair, before the reduction; where W_p = 0 its
        gradient is 0.
    reduction, rtol, solver, threads, time_limit, mass, unmatched_cost, **options
        As for `EMDLoss`; `rtol` is that of the cost before the root.

    Shape
    -----
    As for `EMDLoss`.
    """

    def __init__(
        self,
        p: float = 1,
        *,
        reduction: str | None = "mean",
        rtol: float = 0.0,
        solver: str = "auto",
        threads: int | None = None,
        time_limit: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(reduction)
        cost_of_distance(p, options)  # a wrong one is refused here already
        self.p = p
        how = {"solver": solver, "rtol": rtol, "threads": threads, "time_limit": time_limit}
        self.how: dict[str, Any] = how | options

    def forward(
        self, x: Clouds, y: Clouds, a: Any = None, b: Any = None, *, lengths: Lengths = None
    ) -> Tensor:
        """The loss between x and y."""
        return self.reduce(wasserstein(x, y, a, b, p=self.p, lengths=lengths, **self.how))

    def extra_repr(self) -> str:
        """The settings that change the value."""
        return f"p={self.p!r}, reduction={self.reduction!r}, rtol={self.how['rtol']!r}"
