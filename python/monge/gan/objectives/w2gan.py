"""W2GAN: two potentials of |x - y|^2 / 2, whose gradient leads along the optimal map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from monge.gan.objectives.objective import (
    Batch,
    Objective,
    Recipe,
    cost_matrix,
    cost_pairs,
    not_negative,
    positive,
)
from monge.gan.objectives.penalties import between, excess, slopes_at


@dataclass(frozen=True)
class W2GAN(Objective):
    """The critic raises mean phi(G(z)) + mean psi(x) under penalties; equations (4), (21), (28).

    weight : float
        Of the inequality penalty on phi + psi > |x - y|^2 / 2; lambda_ineq of (4). Unused by
        "entropic", whose weight is `epsilon`.
    regulariser : "l2" or "entropic"
        (4), the squared excess; or (21), epsilon exp(excess / epsilon).
    epsilon : float
        Of "entropic".
    pairs : "diagonal" or "all"
        Over which pairs the penalty's mean goes: (x_i, y_i) as in (4), or all n^2 of the batch.
    interpolated : bool
        The penalty a second time between points of (28), on the way from one side to the other.
    equality : float
        Weight of the c-equality penalty (25)-(26), whose double gradient doubles a step's time.
    epsilon_weight : float
        Of the mean of eps(y)_+^2, equation (29); for critics psi = -phi + eps
        (`networks.Reparameterised`).

    The critic has methods `phi` and `psi`: `networks.Potentials`. `W2GAN.for_images()` has the
    weights for images.

    Deviations from the paper. Its sets of learning rates are resolved as 5e-4 for the critic and
    1e-4 for the generator: a generator of the critic's rate leaves the optimal map. Appendix 8.6
    squares the mean of the excess where (4) has the mean of squares: (4) is taken. The authors'
    code penalises psi(y)_+ where (29) says eps(y)_+, and draws both interpolated points from one
    pair where algorithm 1 draws independent ones; the paper is followed in both.

    Source: W2GAN: Recovering an Optimal Transport Map with a GAN (ICLR 2019 submission), later
    J. Leygonie et al., Adversarial Computation of Optimal Transport Maps (2019).
    """

    weight: float = 200.0
    regulariser: str = "l2"
    epsilon: float = 0.05
    pairs: str = "diagonal"
    interpolated: bool = True
    equality: float = 200.0
    epsilon_weight: float = 0.0

    cost = "sqeuclidean"
    cost_scale = 0.5
    default_critic = "potentials"

    def __post_init__(self) -> None:
        not_negative(self.weight, "weight")
        not_negative(self.equality, "equality")
        not_negative(self.epsilon_weight, "epsilon_weight")
        positive(self.epsilon, "epsilon")
        for name, known in (("regulariser", ("l2", "entropic")), ("pairs", ("diagonal", "all"))):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {known}; got {getattr(self, name)!r}")

    @classmethod
    def for_images(cls) -> W2GAN:
        """The weights of section 8.9.2, for critics psi = -phi + eps."""
        return cls(weight=10.0, equality=10.0, epsilon_weight=10.0)

    def recipe(self) -> Recipe:
        if self.epsilon_weight > 0:
            return Recipe("adam", 1e-4, 1e-4, betas=(0.5, 0.999), n_critic=5, batch=64)
        return Recipe("adam", 5e-4, 1e-4, betas=(0.9, 0.999), n_critic=5, batch=256)

    def critic_loss(self, critic: Any, batch: Batch) -> Tensor:
        x, y = self.compared(batch).detach(), batch.real
        if self.equality > 0:  # one pass gives values and slopes
            x, y = x.requires_grad_(), y.detach().requires_grad_()
        phi, psi = critic.phi(x), critic.psi(y)
        loss = -(phi.mean() + psi.mean()) + self._inequality(phi, psi, x.detach(), y.detach())
        if self.interpolated:
            # Independent pairs: the second point's two ends are the neighbours of the first's.
            u, v = between(batch, y, x), between(batch, y.roll(1, 0), x.roll(1, 0))
            loss = loss + self._inequality(critic.phi(u), critic.psi(v), u, v)
        if self.equality > 0:
            terms = _equality(phi, critic.psi, x), _equality(psi, critic.phi, y)
            loss = loss + self.equality * (terms[0] + terms[1])
        if self.epsilon_weight > 0:
            loss = loss + self.epsilon_weight * critic.epsilon(y).clamp(min=0).square().mean()
        return loss

    def generator_loss(self, critic: Any, batch: Batch) -> Tensor:
        phi: Tensor = critic.phi(batch.fake)
        return phi.mean()

    def dual(self, critic: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        return critic.phi(self.compared(batch)), critic.psi(batch.real)

    def _inequality(self, phi: Tensor, psi: Tensor, x: Tensor, y: Tensor) -> Tensor:
        if self.pairs == "all":
            phi, costs = phi[:, None], cost_matrix(x, y, self.cost, self.cost_scale)
        else:
            costs = cost_pairs(x, y, self.cost, self.cost_scale)
        penalty = excess(phi, psi, costs.detach(), self.regulariser, self.epsilon)
        return self.weight * penalty if self.regulariser == "l2" else penalty


def _equality(phi: Tensor, psi: Any, x: Tensor) -> Tensor:
    """The mean square of phi(x) + psi(x - grad phi(x)) - |grad phi(x)|^2 / 2, equation (24).

    `phi` are values at the leaf x, psi is a function.
    """
    slopes = slopes_at(x, phi)
    residual = phi + psi(x.detach() - slopes) - slopes.flatten(1).square().sum(1) / 2
    return torch.as_tensor(residual).square().mean()
