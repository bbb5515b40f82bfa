"""The Wasserstein GAN: one critic, Lipschitz by clipping its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from monge.gan.objectives.objective import Batch, Objective, Recipe, positive, values


@dataclass(frozen=True)
class WGAN(Objective):
    """W_1 by one function f: phi = f on generated, psi = -f on real points.

    clip : float
        After each step all weights are put into [-clip, clip].

    The sign is that of the dual: f is high on *generated* points, so that the generator lowers f.

    Source: M. Arjovsky, S. Chintala, L. Bottou, Wasserstein GAN (2017), algorithm 1.
    """

    clip: float = 0.01

    def __post_init__(self) -> None:
        positive(self.clip, "clip")

    def recipe(self) -> Recipe:
        return Recipe("rmsprop", 5e-5, 5e-5, n_critic=5, batch=64)

    def critic_loss(self, critic: Any, batch: Batch) -> Tensor:
        return one_function_loss(critic, batch)

    def generator_loss(self, critic: Any, batch: Batch) -> Tensor:
        return values(critic, batch.fake).mean()

    def dual(self, critic: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        return values(critic, batch.fake), -values(critic, batch.real)

    def after_critic_step(self, critic: Any) -> None:
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.clamp_(-self.clip, self.clip)


def one_function_loss(critic: Any, batch: Batch) -> Tensor:
    """-(mean f(fake) - mean f(real)): the negative of what one function claims W_1 to be."""
    return values(critic, batch.real).mean() - values(critic, batch.fake).mean()
