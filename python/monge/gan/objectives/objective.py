"""What an objective is: two losses, the potentials that they claim, and the recipe of its paper."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from monge.problem import Cost, is_real_number, whole_number
from monge.torch.ground import power_of_length


@dataclass(frozen=True)
class Batch:
    """What one step sees: source points z, their images G(z), real points, and dice.

    Attributes
    ----------
    source, fake, real : (n, ...) tensors
        `fake` carries the generator's graph in the generator's turn and none in the critic's.
    dice : torch.Generator
        The only source of randomness of an objective, so that a run can be resumed bit by bit.
    """

    source: Tensor
    fake: Tensor
    real: Tensor
    dice: torch.Generator

    def uniform(self, *shape: int) -> Tensor:
        """Numbers from [0, 1), of the type and device of `real`."""
        drawn = torch.rand(shape, generator=self.dice, dtype=torch.float64)
        return drawn.to(self.real)


@dataclass(frozen=True)
class Recipe:
    """The optimisers and turns with which an objective was published.

    optimiser "adam" (its `betas`) or "rmsprop"; learning rates of critic and generator; critic
    steps per generator step; batch size.
    """

    optimiser: str = "adam"
    critic_rate: float = 1e-4
    generator_rate: float = 1e-4
    betas: tuple[float, float] = (0.5, 0.9)
    n_critic: int = 5
    batch: int = 64

    def __post_init__(self) -> None:
        if self.optimiser not in ("adam", "rmsprop"):
            raise ValueError(f'optimiser must be "adam" or "rmsprop"; got {self.optimiser!r}')
        positive(self.critic_rate, "critic_rate")
        positive(self.generator_rate, "generator_rate")
        betas = tuple(self.betas) if isinstance(self.betas, (tuple, list)) else ()
        if not (len(betas) == 2 and all(is_real_number(one) and 0 <= one < 1 for one in betas)):
            raise ValueError(f"betas must be two numbers from 0 to 1; got {self.betas!r}")
        whole_number(self.n_critic, "n_critic", 0)
        whole_number(self.batch, "batch", 1)

    def build(self, parameters: list[Any], rate: float) -> torch.optim.Optimizer:
        """An optimiser of these parameters."""
        if self.optimiser == "adam":
            return torch.optim.Adam(parameters, lr=rate, betas=self.betas, fused=True)
        return torch.optim.RMSprop(parameters, lr=rate)


@dataclass(frozen=True)
class Objective:
    """The base of objectives: a frozen dataclass whose fields are its settings.

    A new one overrides `critic_loss`, `generator_loss` and `dual`, and may name another recipe,
    ground cost and default critic. phi is the potential on the generator's side, psi on the real
    side, so that the critic raises mean phi + mean psi and the generator lowers it.
    """

    #: The ground cost is cost_scale * cost.
    cost = "euclidean"
    cost_scale = 1.0

    @property
    def default_critic(self) -> str | None:
        """The network, by its name in `networks.CRITICS`, where none is named; None: no critic."""
        return "mlp"

    def recipe(self) -> Recipe:
        """The paper's settings."""
        return Recipe()

    def turns(self, step: int, recipe: Recipe) -> tuple[int, int]:
        """How many steps critic and generator take in the trainer's step `step`, from 0."""
        return recipe.n_critic, 1

    def critic_loss(self, critic: Any, batch: Batch) -> Tensor:
        """What the critic minimises."""
        raise NotImplementedError(f"{type(self).__name__} has no critic")

    def generator_loss(self, critic: Any, batch: Batch) -> Tensor:
        """What the generator minimises."""
        raise NotImplementedError(f"{type(self).__name__} has no generator to train")

    def dual(self, critic: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        """(phi_i, psi_j): what the critic claims to be potentials, and a validator certifies."""
        raise NotImplementedError

    def compared(self, batch: Batch) -> Tensor:
        """The points that the critic holds against real ones: the generator's."""
        return batch.fake

    def after_critic_step(self, critic: Any) -> None:
        """What is done to the critic after each of its steps, such as clipping."""

    def describe(self) -> dict[str, Any]:
        """Name, settings and recipe, as plain data."""
        return {
            "objective": type(self).__name__,
            **{f.name: getattr(self, f.name) for f in dataclasses.fields(self)},
            "recipe": dataclasses.asdict(self.recipe()),
        }


def values(critic: Any, points: Tensor) -> Tensor:
    """A network's output as one number per point."""
    out: Tensor = critic(points)
    if out.numel() != len(points):
        raise ValueError(
            f"the critic must give one number per point, {len(points)}; got {tuple(out.shape)}"
        )
    return out.reshape(len(points))


def cost_pairs(x: Tensor, y: Tensor, cost: Cost, scale: float) -> Tensor:
    """scale * c(x_i, y_i), (n,): powers of |x - y|_2; differentiable, 0 where points coincide."""
    return scale * power_of_length((x - y).flatten(1), power_of(cost))


def cost_matrix(x: Tensor, y: Tensor, cost: Cost, scale: float) -> Tensor:
    """scale * c(x_i, y_j), (n, m), for powers of |x - y|_2."""
    mode = "donot_use_mm_for_euclid_dist"  # the other loses digits of near points
    distance = torch.cdist(x.flatten(1), y.flatten(1), compute_mode=mode)
    power = power_of(cost)
    return scale * (distance if power == 1 else distance**power)


def power_of(cost: Cost) -> float:
    """The p of |x - y|_2^p; raises ValueError for other costs."""
    named = {"euclidean": 1.0, "sqeuclidean": 2.0}
    if isinstance(cost, str) and cost in named:
        return named[cost]
    if isinstance(cost, tuple) and len(cost) == 2 and cost[0] == "euclidean_power":
        return float(cost[1])
    raise ValueError(f"cost must be a power of the Euclidean distance; got {cost!r}")


def positive(value: float, argument: str, least: float = 0.0) -> None:
    """Raises ValueError unless value is a number > 0, or >= `least` if that is given."""
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (real and (value > 0 if least == 0 else value >= least)):
        rule = "positive" if least == 0 else f"at least {least:g}"
        raise ValueError(f"{argument} must be {rule}; got {value!r}")


def not_negative(value: float, argument: str) -> None:
    """Raises ValueError unless value is a finite number >= 0."""
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (real and 0 <= value < float("inf")):
        raise ValueError(f"{argument} must be a finite number >= 0; got {value!r}")
