"""Penalties that keep a critic near the potentials, each of one sentence of a paper."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from monge.gan.objectives.objective import Batch, values


def gradients(function: Any, points: Tensor) -> Tensor:
    """The gradient (n, d) of a function of points, itself differentiable."""
    leaf = points.detach().requires_grad_()
    return slopes_at(leaf, function(leaf)).flatten(1)


def slopes_at(leaf: Tensor, found: Tensor) -> Tensor:
    """The gradient, of the leaf's shape, of a function that has the values `found` there."""
    (slopes,) = torch.autograd.grad(found.sum(), leaf, create_graph=True)
    return slopes


def lengths(slopes: Tensor) -> Tensor:
    """Euclidean norms (n,), whose gradient at 0 is 0 and not NaN."""
    squares = slopes.square().sum(1)
    moving = squares > 0
    return torch.where(moving, torch.where(moving, squares, 1).sqrt(), 0)


def between(batch: Batch, first: Tensor, second: Tensor) -> Tensor:
    """Points t x + (1 - t) y on the way from one batch to another, t uniform, cut from graphs."""
    first, second = first.detach(), second.detach()
    share = batch.uniform(len(first), *[1] * (first.ndim - 1))
    return share * first + (1 - share) * second


def slope_lengths(critic: Any, batch: Batch) -> Tensor:
    """|grad f| (n,) of a critic of one function, between fake and real points."""
    points = between(batch, batch.real, batch.fake)
    return lengths(gradients(lambda p: values(critic, p), points))


def excess(phi: Tensor, psi: Tensor, costs: Tensor, regulariser: str, epsilon: float) -> Tensor:
    """The mean penalty on phi + psi > c. "l2": (.)_+^2; "entropic": epsilon exp(. / epsilon)."""
    over = phi + psi - costs
    if regulariser == "l2":
        return over.clamp(min=0).square().mean()
    return epsilon * (over / epsilon).exp().mean()
