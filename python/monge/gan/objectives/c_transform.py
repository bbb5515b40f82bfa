"""The c-transform WGAN: admissible on every batch, by construction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from monge.gan.objectives.objective import (
    Batch,
    Objective,
    Recipe,
    cost_matrix,
    positive,
    power_of,
    values,
)
from monge.problem import Cost


@dataclass(frozen=True)
class CTransform(Objective):
    """phi is a network, psi its transform over the batch: psi_j = min_i (c(x_i, y_j) - phi(x_i)).

    cost : a power of the Euclidean distance
    epsilon : float or None
        None: the hard minimum, equation (6). Else the (c, epsilon) form,
        -epsilon log mean_i exp((phi(x_i) - c(x_i, y_j)) / epsilon): smooth, but no lower bound.

    Sources: A. Mallasto, G. Montufar, A. Gerolin, Approximating the Wasserstein Metric in GANs
    (2019), whose poster names no optimiser: the recipe is that of WGAN-GP.
    """

    cost: Cost = "euclidean"  # type: ignore[assignment]
    epsilon: float | None = None

    def __post_init__(self) -> None:
        power_of(self.cost)
        if self.epsilon is not None:
            positive(self.epsilon, "epsilon")

    def recipe(self) -> Recipe:
        return Recipe("adam", 1e-4, 1e-4, betas=(0.5, 0.9), n_critic=5, batch=64)

    def critic_loss(self, critic: Any, batch: Batch) -> Tensor:
        phi, psi = self.dual(critic, batch)
        return -(phi.mean() + psi.mean())

    def generator_loss(self, critic: Any, batch: Batch) -> Tensor:
        phi, psi = self.dual(critic, batch)
        return phi.mean() + psi.mean()

    def dual(self, critic: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        phi = values(critic, batch.fake)
        over = cost_matrix(batch.fake, batch.real, self.cost, self.cost_scale) - phi[:, None]
        if self.epsilon is None:
            return phi, over.amin(0)
        mean = torch.logsumexp(-over / self.epsilon, 0) - math.log(len(phi))
        return phi, -self.epsilon * mean
