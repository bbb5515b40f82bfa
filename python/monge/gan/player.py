"""One of the two networks of a game: its optimiser, and its turns."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from monge.gan import parallel
from monge.gan.objectives import Recipe


class Player:
    """A network, or None, with an optimiser of those parameters that require gradients now."""

    def __init__(self, name: str, network: nn.Module | None, recipe: Recipe, rate: float) -> None:
        self.name, self.network = name, network
        parameters = [] if network is None else network.parameters()
        #: What its owner froze stays frozen.
        self.trainable = [p for p in parameters if p.requires_grad]
        self.optimiser = recipe.build(self.trainable, rate) if self.trainable else None

    def freeze(self, frozen: bool = True) -> None:
        """Keep gradients from the parameters, in the other's turn; or let them come again."""
        for parameter in self.trainable:
            parameter.requires_grad_(not frozen)

    def descend(self, loss: Tensor, step: int) -> float:
        """One step down; returns the loss. Raises FloatingPointError where it is not finite."""
        value = float(loss.detach())
        if not torch.isfinite(loss.detach()):
            raise FloatingPointError(f"the {self.name}'s loss is {value} in step {step}")
        if self.optimiser is None:
            raise ValueError(f"the {self.name} has its turn but nothing to train")
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        parallel.average_gradients(self.trainable)
        self.optimiser.step()
        return value
