"""Gradients by the envelope theorem: an optimal plan by points and costs, potentials by masses.

Plan and potentials are constants to autograd. Where differentiating a constant once more would need
a derivative that is not available, it raises instead of counting as 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from monge.torch.batch import inside
from monge.torch.ground import cost_gradient

PLAN_BY_MASSES = (
    "the derivative of an optimal plan by masses is not available: differentiate the transport "
    "cost twice by points or costs alone, with masses that do not require grad"
)
POTENTIALS_BY_COSTS = (
    "the derivative of optimal potentials by points or costs is not available: the gradient of "
    "a transport cost by masses can be differentiated by masses alone"
)
ENTROPIC_TWICE = (
    "the second derivative of entropic transport is not available: its gradient is that of "
    "the envelope theorem, with the plan held fixed"
)

#: The masses, their potential, and how many of them count.
Side = tuple[Tensor, Tensor, "Tensor | None"]


def refuse_tangents(*tensors: Tensor | None) -> None:
    """Raises RuntimeError for derivatives in forward mode, which torch would take for 0 without a
    word: operators registered from Python have reverse mode alone."""
    if any(has_tangent(tensor) for tensor in tensors):
        raise RuntimeError(
            "the derivative of transport in forward mode (torch.func.jvp, jacfwd) is not "
            "available: use reverse mode, torch.autograd.grad or backward"
        )


def follows_operators(*tensors: Tensor | None) -> bool:
    """Whether what torch differentiates by these tensors reaches operators registered from Python:
    not in forward mode, nor within the transforms of `torch.func`."""
    if torch.compiler.is_compiling():
        return True
    if torch._C._are_functorch_transforms_active():
        return False
    return not any(has_tangent(tensor) for tensor in tensors)


def has_tangent(tensor: Tensor | None) -> bool:
    """Whether torch differentiates by the tensor in forward mode."""
    if tensor is None or torch.compiler.is_compiling():
        return False
    return forward_ad.unpack_dual(tensor).tangent is not None


class _Constant(torch.autograd.Function):
    @staticmethod
    def forward(values: Tensor, message: str, *causes: Tensor | None) -> Tensor:
        return values.view_as(values)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.message = inputs[1]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        raise RuntimeError(ctx.message)


def constant(values: Tensor, message: str, *causes: Tensor | None) -> Tensor:
    """`values` as they are; RuntimeError where autograd asks for their derivative by `causes`."""
    return _Constant.apply(values, message, *causes) if torch.is_grad_enabled() else values


def by_points(
    wanted: Sequence[bool],
    clouds: tuple[Tensor, Tensor],
    plan: tuple[Tensor, Tensor, Tensor],
    cost: str,
    power: float,
) -> list[Tensor | None]:
    """sum_j P_ij grad c(x_i - y_j) and its like for y, as wanted, of a plan (rows, cols, mass)."""
    (x, y), (rows, cols, mass) = clouds, plan
    force = mass[..., None] * cost_gradient(_gather(x, rows) - _gather(y, cols), cost, power)
    return [
        _scatter(force, rows, x) if wanted[0] else None,
        _scatter(-force, cols, y) if wanted[1] else None,
    ]


def _gather(points: Tensor, indices: Tensor) -> Tensor:
    return points.gather(1, indices[..., None].expand(-1, -1, points.shape[-1]))


def _scatter(values: Tensor, indices: Tensor, like: Tensor) -> Tensor:
    """Adds values (B, k, d) to their points (B, n, d)."""
    return torch.zeros_like(like).scatter_add(1, indices[..., None].expand_as(values), values)


def by_masses(
    grad: Tensor, wanted: Sequence[bool], *sides: Side, tied: bool = True
) -> list[Tensor | None]:
    """grad times the potential of each side that is wanted, centred where the masses' totals are
    tied; nothing for padding."""
    return [
        (grad[:, None] * (_centred(potential, lengths) if tied else potential)).to(masses.dtype)
        if want
        else None
        for want, (masses, potential, lengths) in zip(wanted, sides, strict=True)
    ]


def _centred(potential: Tensor, lengths: Tensor | None) -> Tensor:
    held = torch.isfinite(potential) & inside(potential, lengths)
    total = torch.where(held, potential, 0).sum(-1, keepdim=True)
    mean = total / held.sum(-1, keepdim=True).clamp(min=1)
    return torch.where(held, potential - mean, torch.where(potential == torch.inf, potential, 0))
