"""The GAN of Goodfellow et al.: a classifier, and the Jensen-Shannon divergence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn.functional import softplus

from monge.gan.objectives.objective import Batch, Objective, Recipe, values


@dataclass(frozen=True)
class Vanilla(Objective):
    """The critic's output l is the logit of "real"; it minimises the cross-entropy.

    saturating : bool
        The generator minimises log(1 - D(G(z))), which saturates where the critic is sure; else, as
        the paper advises, -log D(G(z)).

    The logit is no potential of transport; `dual` passes (-l, l), whose certificate is as good as
    any function's. Recipe: that of DCGAN, by which this objective is usually trained.

    Sources: I. Goodfellow et al., Generative Adversarial Nets (2014); A. Radford, L. Metz,
    S. Chintala (2016) for the recipe.
    """

    saturating: bool = False

    def recipe(self) -> Recipe:
        return Recipe("adam", 2e-4, 2e-4, betas=(0.5, 0.999), n_critic=1, batch=128)

    def critic_loss(self, critic: Any, batch: Batch) -> Tensor:
        fake, real = values(critic, batch.fake), values(critic, batch.real)
        return softplus(fake).mean() + softplus(-real).mean()

    def generator_loss(self, critic: Any, batch: Batch) -> Tensor:
        logits = values(critic, batch.fake)
        return -softplus(logits).mean() if self.saturating else softplus(-logits).mean()

    def dual(self, critic: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        return -values(critic, batch.fake), values(critic, batch.real)
