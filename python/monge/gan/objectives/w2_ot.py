"""W2-OT: the potentials of W2GAN alone; the map is read off their gradient."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from monge.gan.objectives.objective import Batch, Recipe
from monge.gan.objectives.w2gan import W2GAN


@dataclass(frozen=True)
class W2OT(W2GAN):
    """Potentials between the source itself and the real points; no generator is trained.

    The map is T(x) = x - grad phi(x), equation (3): `networks.GradientMap(critic)` as generator.

    Source: as W2GAN; the recipe is that of the authors' code, one critic step per step.
    """

    def recipe(self) -> Recipe:
        return Recipe("adam", 5e-4, 1e-4, betas=(0.9, 0.999), n_critic=1, batch=512)

    def turns(self, step: int, recipe: Recipe) -> tuple[int, int]:
        return recipe.n_critic, 0

    def compared(self, batch: Batch) -> Tensor:
        return batch.source
