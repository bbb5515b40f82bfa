"""`chamfer_distance` of PyTorch3D (`pytorch3d.loss`): same signature, same two results.

What differs: nothing is compiled, any dimension is served, and distances of norm 1 are those of the
nearest point in that norm. `Pointclouds` objects are served through their padded tensors.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from monge.torch.batch import Batch, as_batch, inside
from monge.torch.transforms import least_ways

Direction = tuple[Tensor, Tensor | None]


def chamfer_distance(
    x: Any,
    y: Any,
    x_lengths: Tensor | None = None,
    y_lengths: Tensor | None = None,
    x_normals: Tensor | None = None,
    y_normals: Tensor | None = None,
    weights: Tensor | None = None,
    batch_reduction: str | None = "mean",
    point_reduction: str | None = "mean",
    norm: int = 2,
    single_directional: bool = False,
    abs_cosine: bool = True,
) -> tuple[Any, Any]:
    """The chamfer distance of squared Euclidean (norm 2) or cityblock (norm 1) lengths.

    Parameters
    ----------
    x, y : (N, P1, D) and (N, P2, D) tensors, or `Pointclouds`
    x_lengths, y_lengths : (N,) tensors, optional
        Numbers of points of padded clouds.
    x_normals, y_normals : (N, P1, 3) and (N, P2, 3) tensors, optional
    weights : (N,) tensor, optional
        Of batch entries; "mean" divides by their total.
    batch_reduction : "mean", "sum" or None
    point_reduction : "mean", "sum", "max" or None
        "max" is the Hausdorff distance; None, which needs batch_reduction None, keeps all terms.
    norm : 1 or 2
    single_directional : bool
        True: only from x to y.
    abs_cosine : bool
        True: normals of opposite sign agree.

    Returns
    -------
    loss : tensor, or a pair of (N, P1) and (N, P2) tensors for point_reduction None
    loss_normals : the like for 1 - |cosine| of the normals of nearest points, or None
    """
    _check_reductions(batch_reduction, point_reduction, norm)
    x, x_lengths, x_normals = _unpack(x, x_lengths, x_normals)
    y, y_lengths, y_normals = _unpack(y, y_lengths, y_normals)
    if point_reduction == "max" and (x_normals is not None or y_normals is not None):
        raise ValueError('point_reduction must not be "max" with normals; got "max" and normals')
    batch = as_batch(x, y, None, None, (x_lengths, y_lengths))
    _check_weights(weights, len(batch.x))
    normals = None if x_normals is None or y_normals is None else (x_normals, y_normals)
    sides = [_one_direction(batch, normals, weights, point_reduction, norm, abs_cosine)]
    if not single_directional:
        turned = None if normals is None else normals[::-1]
        sides.append(
            _one_direction(batch.swapped(), turned, weights, point_reduction, norm, abs_cosine)
        )
    loss, loss_normals = _join(sides, point_reduction)
    if batch_reduction is None:
        return loss, loss_normals
    reduced = [_over_batch(one, weights, batch_reduction) for one in (loss, loss_normals)]
    return reduced[0], reduced[1]


def _check_reductions(batch: str | None, point: str | None, norm: int) -> None:
    if batch not in ("mean", "sum", None):
        raise ValueError(f'batch_reduction must be "mean", "sum" or None; got {batch!r}')
    if point not in ("mean", "sum", "max", None):
        raise ValueError(f'point_reduction must be "mean", "sum", "max" or None; got {point!r}')
    if point is None and batch is not None:
        raise ValueError(f"batch_reduction must be None if point_reduction is None; got {batch!r}")
    if norm not in (1, 2):
        raise ValueError(f"norm must be 1 or 2; got {norm!r}")


def _check_weights(weights: Tensor | None, size: int) -> None:
    if weights is None:
        return
    if tuple(weights.shape) != (size,):
        raise ValueError(f"weights must have shape ({size},); got {tuple(weights.shape)}")
    if not bool((weights >= 0).all()):
        raise ValueError(f"weights must be non-negative; got {weights.min().item()!r}")


def _unpack(points: Any, lengths: Any, normals: Any) -> tuple[Tensor, Any, Any]:
    if hasattr(points, "points_padded"):
        return points.points_padded(), points.num_points_per_cloud(), points.normals_padded()
    if not isinstance(points, Tensor) or points.ndim != 3:
        shape = tuple(points.shape) if isinstance(points, Tensor) else type(points).__name__
        raise ValueError(f"x and y must be tensors of shape (N, P, D) or Pointclouds; got {shape}")
    return points, lengths, normals


def _one_direction(
    batch: Batch,
    normals: tuple[Tensor, Tensor] | None,
    weights: Tensor | None,
    point_reduction: str | None,
    norm: int,
    abs_cosine: bool,
) -> Direction:
    ways, chosen = least_ways(batch, None, "euclidean" if norm == 2 else "cityblock")
    lengths = ways.square() if norm == 2 else ways.abs()
    terms: list[Tensor | None] = [lengths.sum(-1), None]
    if normals is not None:
        own, other = normals
        met = other.gather(1, chosen[..., None].expand(-1, -1, other.shape[-1]))
        cosine = F.cosine_similarity(own, met, dim=2, eps=1e-6)
        angles = 1 - (cosine.abs() if abs_cosine else cosine)
        terms[1] = torch.where(inside(batch.x, batch.x_lengths), angles, 0)
    reduced = [None if one is None else _over_points(one, batch, point_reduction) for one in terms]
    if weights is not None:
        reduced = [
            None if one is None else one * weights.reshape(-1, *[1] * (one.ndim - 1))
            for one in reduced
        ]
    assert reduced[0] is not None
    return reduced[0], reduced[1]


def _over_points(terms: Tensor, batch: Batch, reduction: str | None) -> Tensor:
    if reduction is None:
        return terms
    if reduction == "max":
        return terms.amax(1)
    total = terms.sum(1)
    return total if reduction == "sum" else total / inside(batch.x, batch.x_lengths).sum(1)


def _join(sides: list[Direction], point_reduction: str | None) -> tuple[Any, Any]:
    if len(sides) == 1:
        return sides[0]
    (there, there_normals), (back, back_normals) = sides
    if point_reduction == "max":
        return torch.maximum(there, back), None
    if point_reduction is None:
        return (there, back), None if there_normals is None else (there_normals, back_normals)
    both = None if there_normals is None or back_normals is None else there_normals + back_normals
    return there + back, both


def _over_batch(values: Tensor | None, weights: Tensor | None, reduction: str) -> Tensor | None:
    if values is None or reduction == "sum":
        return None if values is None else values.sum()
    count = torch.tensor(len(values)) if weights is None else weights.sum()
    # No weight at all: the peer's answer is 0.
    return values.sum() / torch.where(count > 0, count, 1).to(values.device)
