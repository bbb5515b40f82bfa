"""The earth mover's distance as a loss."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from monge.problem import Cost, parse_cost
from monge.torch.batch import Clouds, Lengths
from monge.torch.functional import emd
from monge.torch.losses.loss import Loss


class EMDLoss(Loss):
    """Exact transport between clouds as a loss: `EMDLoss()(prediction, target)`.

    Parameters
    ----------
    cost : str or ("euclidean_power", p)
        The ground cost, as for `monge.emd`.
    reduction : "mean", "sum" or "none"
        Over the batch. A pair's cost is itself a mean over its points, for default masses 1/n.
    rtol : float
        0: exact; positive: to this certified relative gap, and the gradient is that of the plan
        found.
    solver, threads, time_limit, **options
        As for `monge.emd`.

    Shape
    -----
    x (n, d) and y (m, d); (B, n, d) and (B, m, d); or lists of (n, d) tensors. Masses a, b and
    `lengths` as for `monge.torch.emd`. Output: a scalar, or (B,) for reduction "none".
    """

    def __init__(
        self,
        cost: Cost = "euclidean",
        *,
        reduction: str | None = "mean",
        rtol: float = 0.0,
        solver: str = "auto",
        threads: int | None = None,
        time_limit: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(reduction)
        parse_cost(cost)  # a wrong one is refused here already
        self.cost = cost
        how = {"solver": solver, "rtol": rtol, "threads": threads, "time_limit": time_limit}
        self.how: dict[str, Any] = how | options

    def forward(
        self, x: Clouds, y: Clouds, a: Any = None, b: Any = None, *, lengths: Lengths = None
    ) -> Tensor:
        """The loss between x and y."""
        return self.reduce(emd(x, y, a, b, cost=self.cost, lengths=lengths, **self.how))

    def extra_repr(self) -> str:
        """The settings that change the value."""
        return f"cost={self.cost!r}, reduction={self.reduction!r}, rtol={self.how['rtol']!r}"
