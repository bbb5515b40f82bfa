"""Barycentric-OT: regularised potentials first, then the mean of where their plan sends x."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from monge.gan.objectives.objective import Batch, Objective, Recipe, cost_matrix, positive
from monge.problem import whole_number


@dataclass(frozen=True)
class BarycentricOT(Objective):
    """Two phases. Potentials u, v between source and real points, by the regularised dual

        max  mean u + mean v - mean_ij F(u_i + v_j - c_ij),
        F(s) = epsilon exp(s / epsilon) ("entropic")  or  s_+^2 / (4 epsilon) ("l2");

    then the map G, by min mean_ij c(G(x_i), y_j) H_ij with the plan's density
    H = F'(u_i + v_j - c_ij), u and v fixed. All pairs of a batch count.

    regulariser : "entropic" or "l2"
    epsilon : float
    potential_steps : int
        The trainer's steps of the first phase; all others are the second's.

    The cost is |x - y|^2 / 2, as everywhere in W2GAN's comparison. The critic has methods `phi` (u)
    and `psi` (v).

    Source: V. Seguy et al., Large-Scale Optimal Transport and Mapping Estimation (ICLR 2018),
    algorithms 1 and 2; learning rate from W2GAN, section 8.9.1.
    """

    regulariser: str = "l2"
    epsilon: float = 0.05
    potential_steps: int = 20_000

    cost = "sqeuclidean"
    cost_scale = 0.5
    default_critic = "potentials"

    def __post_init__(self) -> None:
        positive(self.epsilon, "epsilon")
        whole_number(self.potential_steps, "potential_steps", 0)
        if self.regulariser not in ("l2", "entropic"):
            raise ValueError(f'regulariser must be "l2" or "entropic"; got {self.regulariser!r}')

    def recipe(self) -> Recipe:
        return Recipe("adam", 5e-3, 5e-3, betas=(0.9, 0.999), n_critic=1, batch=512)

    def turns(self, step: int, recipe: Recipe) -> tuple[int, int]:
        return (recipe.n_critic, 0) if step < self.potential_steps else (0, 1)

    def compared(self, batch: Batch) -> Tensor:
        return batch.source

    def critic_loss(self, critic: Any, batch: Batch) -> Tensor:
        u, v = self.dual(critic, batch)
        over = u[:, None] + v - cost_matrix(batch.source, batch.real, self.cost, self.cost_scale)
        if self.regulariser == "l2":
            penalty = over.clamp(min=0).square() / (4 * self.epsilon)
        else:
            penalty = self.epsilon * (over / self.epsilon).exp()
        return -(u.mean() + v.mean()) + penalty.mean()

    def generator_loss(self, critic: Any, batch: Batch) -> Tensor:
        u, v = (side.detach() for side in self.dual(critic, batch))
        over = u[:, None] + v - cost_matrix(batch.source, batch.real, self.cost, self.cost_scale)
        if self.regulariser == "l2":
            density = over.clamp(min=0) / (2 * self.epsilon)
        else:
            density = (over / self.epsilon).exp()
        return (density * cost_matrix(batch.fake, batch.real, self.cost, self.cost_scale)).mean()

    def dual(self, critic: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        return critic.phi(batch.source), critic.psi(batch.real)
