"""Minibatch optimal transport: the generator minimises the transport cost of the batch itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from monge.entropic import sinkhorn
from monge.gan.objectives.objective import Batch, Objective, Recipe, positive, power_of
from monge.problem import Cost
from monge.solve import solve
from monge.torch import emd, sinkhorn_divergence


@dataclass(frozen=True)
class MinibatchOT(Objective):
    """No critic: the loss is the transport cost between the generated and the real batch.

    loss : "exact" or "sinkhorn_divergence"
        The certified least cost; or the debiased entropic one.
    cost : a power of the Euclidean distance
    epsilon : float
        Of the divergence.

    A batch's cost falls below that of two real batches where the generator shrinks towards the
    mean: lower is not better below the floor that `critics.validate` reports. `dual` gives the
    solver's potentials.

    Sources: A. Genevay, G. Peyre, M. Cuturi, Learning Generative Models with Sinkhorn Divergences
    (2018); K. Fatras et al., Learning with Minibatch Wasserstein (2020).
    """

    loss: str = "exact"
    cost: Cost = "sqeuclidean"  # type: ignore[assignment]
    epsilon: float = 0.05

    default_critic = None

    def __post_init__(self) -> None:
        power_of(self.cost)
        positive(self.epsilon, "epsilon")
        if self.loss not in ("exact", "sinkhorn_divergence"):
            raise ValueError(f'loss must be "exact" or "sinkhorn_divergence"; got {self.loss!r}')

    def recipe(self) -> Recipe:
        return Recipe("adam", 5e-4, 5e-4, betas=(0.9, 0.999), n_critic=0, batch=256)

    def generator_loss(self, critic: Any, batch: Batch) -> Tensor:
        fake, real = batch.fake.flatten(1), batch.real.flatten(1)
        if self.loss == "exact":
            return emd(fake, real, cost=self.cost)
        return sinkhorn_divergence(fake, real, cost=self.cost, epsilon=self.epsilon)

    def dual(self, critic: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        x, y = (side.detach().cpu().flatten(1).numpy() for side in (batch.fake, batch.real))
        if self.loss == "exact":
            found: Any = solve(x, y, cost=self.cost)
        else:
            found = sinkhorn(x, y, cost=self.cost, epsilon=self.epsilon)
        return torch.from_numpy(found.f.copy()), torch.from_numpy(found.g.copy())
