"""The earth mover's distance as a loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from monge.problem import Cost, parse_cost
from monge.torch.batch import Clouds, Lengths, as_batch
from monge.torch.functional import emd, transport
from monge.torch.losses.loss import Loss
from monge.torch.losses.starts import Starts


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
    warm_start : bool
        Start each pair from its last solution: potentials and plan. The loss is the same, the
        gradient that of an optimal plan; a step of a training loop takes a third of the time or
        less where clouds have moved a little. `keys` tell which pair is which; see `Starts` for
        what is kept. `reset()` forgets it. Not for solver="sorting_1d", "auction",
        "spatial_auction", which cannot start anywhere.
    max_keys : int
        How many pairs to keep the solutions of; beyond, those used longest ago are forgotten.
    solver, threads, time_limit, mass, unmatched_cost, **options
        As for `monge.torch.emd`.

    Shape
    -----
    x (n, d) and y (m, d); (B, n, d) and (B, m, d); or lists of (n, d) tensors. Masses a, b and
    `lengths` as for `monge.torch.emd`. Output: a scalar, or (B,) for reduction "none".

    Examples
    --------
    >>> import torch, monge.torch as mt
    >>> loss = mt.EMDLoss("sqeuclidean", warm_start=True)
    >>> x, y = torch.rand(8, 100, 3), torch.rand(8, 100, 3)
    >>> first = loss(x, y, keys=range(16, 24))  # indices of the samples in their data set
    >>> again = loss(x + 1e-4, y, keys=range(16, 24))
    """

    def __init__(
        self,
        cost: Cost = "euclidean",
        *,
        reduction: str | None = "mean",
        rtol: float = 0.0,
        warm_start: bool = False,
        max_keys: int = 65536,
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
        if warm_start and not {"mass", "unmatched_cost"}.isdisjoint(options):
            raise ValueError(
                "warm_start must be False with mass or unmatched_cost, which start from nothing"
            )
        self.starts = Starts(max_keys) if warm_start else None

    def reset(self) -> None:
        """Forgets all earlier solutions."""
        if self.starts is not None:
            self.starts = Starts(self.starts.max_keys)

    def forward(
        self,
        x: Clouds,
        y: Clouds,
        a: Any = None,
        b: Any = None,
        *,
        lengths: Lengths = None,
        keys: Sequence[Any] | Tensor | None = None,
    ) -> Tensor:
        """The loss between x and y.

        With `warm_start`, `keys` names the B pairs of the batch: hashable values, or whole numbers
        as a tensor. Default: their positions in the batch, right where every step has the same
        pairs.
        """
        if self.starts is not None:
            batch = as_batch(x, y, a, b, lengths)
            names = self.starts.names(keys, len(batch.x))
            outputs = transport(batch, self.cost, self.starts.tensors(names, batch), **self.how)
            self.starts.keep(names, batch, outputs)
            return self.reduce(batch.unbatch(outputs[0]))
        if keys is not None:
            raise ValueError("keys must be None without warm_start=True; got keys")
        return self.reduce(emd(x, y, a, b, cost=self.cost, lengths=lengths, **self.how))

    def extra_repr(self) -> str:
        """The settings that change the value."""
        warm = "" if self.starts is None else ", warm_start=True"
        return f"cost={self.cost!r}, reduction={self.reduction!r}, rtol={self.how['rtol']!r}{warm}"
