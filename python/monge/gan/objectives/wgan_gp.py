"""WGAN-GP: slopes of length 1 between generated and real points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from monge.gan.objectives.objective import Batch, Objective, Recipe, not_negative, values
from monge.gan.objectives.penalties import slope_lengths
from monge.gan.objectives.wgan import one_function_loss


@dataclass(frozen=True)
class WGANGP(Objective):
    """W_1 with the penalty weight * mean (|grad f| - 1)^2 between generated and real points.

    Source: I. Gulrajani et al., Improved Training of Wasserstein GANs (2017), algorithm 1.
    """

    weight: float = 10.0

    def __post_init__(self) -> None:
        not_negative(self.weight, "weight")

    def recipe(self) -> Recipe:
        return Recipe("adam", 1e-4, 1e-4, betas=(0.0, 0.9), n_critic=5, batch=64)

    def critic_loss(self, critic: Any, batch: Batch) -> Tensor:
        penalty = (slope_lengths(critic, batch) - 1).square().mean()
        return one_function_loss(critic, batch) + self.weight * penalty

    def generator_loss(self, critic: Any, batch: Batch) -> Tensor:
        return values(critic, batch.fake).mean()

    def dual(self, critic: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        return values(critic, batch.fake), -values(critic, batch.real)
