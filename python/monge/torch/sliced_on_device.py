"""Sliced transport where the tensors are: projections, sorting and slopes by the device library.

The forward pass keeps the derivative of each projection's W_p^p by each projected point, and the
backward pass sums them over the directions: nothing is sorted twice. Whoever differentiates that
gradient once more, or by masses or directions, gets torch's own operations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from monge.device.library import DeviceLibrary
from monge.torch import device, slicing
from monge.torch.batch import Batch
from monge.torch.on_device import of_points, unit_clouds


def mean_costs(
    batch: Batch,
    directions: Tensor,
    masses: device.Sides,
    p: float,
) -> Tensor | None:
    """The mean of W_p^p over directions (B,); None where the device library does not serve.

    `masses` (B, n) and (B, m) of total 1, 0 for padding; None: equal ones. They and the directions
    are constants to autograd.
    """
    library = device.library_for(batch.x)
    if library is None or batch.x.dtype != torch.float32 or len(batch.x) == 0:
        return None
    tracking = torch.is_grad_enabled()
    wanted = tracking and batch.x.requires_grad, tracking and batch.y.requires_grad
    task = _Task(library, batch, directions.detach().contiguous(), masses, p, wanted)
    means: Tensor = _MeanCosts.apply(batch.x, batch.y, task)
    return means


@dataclass(frozen=True)
class _Task:
    library: DeviceLibrary
    batch: Batch
    directions: Tensor
    masses: device.Sides
    p: float
    wanted: tuple[bool, bool]


class _MeanCosts(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, task: _Task) -> Tensor:
        lengths = task.batch.x_lengths, task.batch.y_lengths
        inside_unit = unit_clouds(x, y, *lengths)
        unit = inside_unit[2]
        clouds = device.ragged(inside_unit[0].float(), inside_unit[1].float(), *lengths)
        a, b = (
            None if one is None else of_points(one, length, clouds)
            for one, length in zip(task.masses, lengths, strict=True)
        )
        costs, slopes = device.sliced(
            task.library, clouds, task.directions, (a, b), task.p, task.wanted
        )
        ctx.task, ctx.clouds = task, clouds
        ctx.save_for_backward(x, y, unit, *slopes)
        return (costs.mean(-1) * unit**task.p).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        task, clouds = ctx.task, ctx.clouds
        x, y, unit, *slopes = ctx.saved_tensors
        if torch.is_grad_enabled():
            points = [one for one, want in zip((x, y), task.wanted, strict=True) if want]
            again = slicing.mean_costs(replace(task.batch, x=x, y=y), task.directions, task.p)
            found = iter(torch.autograd.grad(again, points, grads, create_graph=True))
            return *(next(found) if want else None for want in task.wanted), None
        scale = (grads[0].double() * unit ** (task.p - 1)).float().contiguous()
        gradients = device.sliced_gradient(
            task.library, clouds, task.directions, (slopes[0], slopes[1]), scale
        )
        offsets = clouds.x_offsets, clouds.y_offsets
        return *(
            None if one is None else device.unpacked(one, offset, len(points), points.shape[1])
            for one, offset, points in zip(gradients, offsets, (x, y), strict=True)
        ), None
