"""WGAN-LP: slopes of length at most 1 between generated and real points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from monge.gan.objectives.objective import Batch, Recipe
from monge.gan.objectives.penalties import slope_lengths
from monge.gan.objectives.wgan import one_function_loss
from monge.gan.objectives.wgan_gp import WGANGP


@dataclass(frozen=True)
class WGANLP(WGANGP):
    """W_1 with the penalty weight * mean (|grad f| - 1)_+^2 between generated and real points.

    A 1-Lipschitz function may be flat, so only slopes above 1 are punished.

    Source: H. Petzka, A. Fischer, D. Lukovnikov, On the Regularization of Wasserstein GANs (2018).
    """

    def recipe(self) -> Recipe:
        return Recipe("rmsprop", 5e-5, 5e-5, n_critic=5, batch=256)

    def critic_loss(self, critic: Any, batch: Batch) -> Tensor:
        penalty = (slope_lengths(critic, batch) - 1).clamp(min=0).square().mean()
        return one_function_loss(critic, batch) + self.weight * penalty
