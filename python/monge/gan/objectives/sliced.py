"""The sliced generator: Wasserstein distances on random lines, of points or of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

from monge.gan.objectives.objective import Batch, Objective, Recipe, values
from monge.problem import whole_number
from monge.torch import sliced_wasserstein


@dataclass(frozen=True)
class Sliced(Objective):
    """The generator minimises the squared sliced W_2 between its points and real ones.

    n_projections : int
        Fresh random directions in every step.
    features : bool
        Compare `critic.features(points)` instead of points, where the critic is a classifier of
        real against generated points, trained by the cross-entropy (`networks.FeatureCritic`).
        Without, there is no critic.

    There are no potentials: `dual` is the classifier's logit (-l, l), or 0, which proves the
    trivial bound.

    Source: I. Deshpande, Z. Zhang, A. Schwing, Generative Modeling using the Sliced Wasserstein
    Distance (CVPR 2018), algorithms 1 and 2.
    """

    n_projections: int = 1000
    features: bool = False

    cost = "sqeuclidean"

    @property
    def default_critic(self) -> str | None:
        return "feature_critic" if self.features else None

    def __post_init__(self) -> None:
        whole_number(self.n_projections, "n_projections", 1)

    def recipe(self) -> Recipe:
        n_critic = 1 if self.features else 0
        return Recipe("adam", 1e-4, 1e-4, betas=(0.5, 0.999), n_critic=n_critic, batch=64)

    def critic_loss(self, critic: Any, batch: Batch) -> Tensor:
        fake, real = values(critic, batch.fake), values(critic, batch.real)
        return softplus(fake).mean() + softplus(-real).mean()

    def generator_loss(self, critic: Any, batch: Batch) -> Tensor:
        fake, real = batch.fake.flatten(1), batch.real.flatten(1)
        if self.features:
            fake, real = critic.features(batch.fake), critic.features(batch.real).detach()
        lines = torch.randn(self.n_projections, fake.shape[1], generator=batch.dice)
        lines = (lines / lines.norm(dim=1, keepdim=True)).to(fake)
        return sliced_wasserstein(fake, real, p=2, projections=lines).square()

    def dual(self, critic: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        if self.features:
            return -values(critic, batch.fake), values(critic, batch.real)
        return batch.fake.new_zeros(len(batch.fake)), batch.real.new_zeros(len(batch.real))
