"""What callers pass as clouds: one pair, a batch, a padded batch or a list, as one padded batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

#: One cloud (n, d), a batch (B, n, d), or a list of clouds of different sizes.
Clouds: TypeAlias = "Tensor | Sequence[Tensor] | Any"
#: Numbers of points (B,) of a padded batch: of both sides, or a pair for x and y.
Lengths: TypeAlias = "Tensor | Sequence[int] | tuple[Any, Any] | None"


@dataclass(frozen=True)
class Batch:
    """Clouds x (B, n, d) and y (B, m, d) of one type, with masses and lengths or None."""

    x: Tensor
    y: Tensor
    a: Tensor | None
    b: Tensor | None
    x_lengths: Tensor | None
    y_lengths: Tensor | None
    single: bool  # one pair came, without a batch dimension

    def swapped(self) -> Batch:
        """The batch with x and y exchanged."""
        sides = (self.y, self.x, self.b, self.a, self.y_lengths, self.x_lengths)
        return Batch(*sides, self.single)

    def to(self, dtype: torch.dtype) -> Batch:
        """The batch with its points in this type."""
        return replace(self, x=self.x.to(dtype), y=self.y.to(dtype))

    def unbatch(self, values: Tensor) -> Tensor:
        return values[0] if self.single else values


def inside(points: Tensor, lengths: Tensor | None) -> Tensor:
    """(B, n): which of the points (B, n, ...) are points, and not padding."""
    size, n = points.shape[:2]
    if lengths is None:
        return torch.ones((size, n), dtype=torch.bool, device=points.device)
    return torch.arange(n, device=points.device) < lengths[:, None]


def is_list(clouds: Any) -> bool:
    """A list of clouds, and not a nested list of numbers."""
    return isinstance(clouds, (list, tuple)) and any(getattr(one, "ndim", 0) == 2 for one in clouds)


def lift(argument: str, value: Any, device: torch.device | None = None) -> Tensor:
    """The tensor in float32 or float64: half precision becomes float32, integers float64."""
    tensor = value if isinstance(value, Tensor) else torch.as_tensor(value, device=device)
    if tensor.is_complex() or tensor.dtype == torch.bool:
        raise TypeError(f"{argument} must hold real numbers; got dtype {tensor.dtype}")
    if tensor.layout != torch.strided:
        raise TypeError(f"{argument} must be a dense tensor; got layout {tensor.layout}")
    if tensor.dtype in (torch.float32, torch.float64):
        return tensor
    return tensor.to(torch.float32 if tensor.is_floating_point() else torch.float64)


def _device(*values: Any) -> torch.device | None:
    for value in values:
        for one in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(one, Tensor):
                return one.device
    return None


def check_device(first: Tensor, **others: Tensor | None) -> None:
    for argument, tensor in others.items():
        if tensor is not None and tensor.device != first.device:
            raise ValueError(
                f"{argument} must be on the device of the others, {first.device}; "
                f"got {tensor.device}"
            )


def _padded(argument: str, clouds: Any, device: Any) -> tuple[Tensor, Tensor]:
    parts = [lift(argument, one, device) for one in clouds]
    dtype = torch.float32
    for part in parts:
        dtype = torch.promote_types(dtype, part.dtype)
    lengths = torch.tensor([len(part) for part in parts], device=parts[0].device)
    padded = torch.nn.utils.rnn.pad_sequence([part.to(dtype) for part in parts], batch_first=True)
    return padded, lengths


def _side(
    argument: str, clouds: Any, lengths: Any, device: torch.device | None
) -> tuple[Tensor, Tensor | None]:
    """One side as a tensor of two or three dimensions, and its lengths."""
    if not is_list(clouds):
        points = lift(argument, clouds, device)
        if points.ndim not in (2, 3):
            raise ValueError(
                f"{argument} must have shape (n, d), or (B, n, d) for a batch; "
                f"got shape {tuple(points.shape)}"
            )
        return points, _checked_lengths(argument, lengths, points)
    if lengths is not None:
        raise ValueError(f"lengths must be None where {argument} is a list of clouds; got lengths")
    shapes = [tuple(one.shape) for one in clouds]
    if any(len(shape) != 2 or shape[1] != shapes[0][1] for shape in shapes):
        raise ValueError(
            f"{argument} must be a list of (n, d) tensors of one d; got shapes {shapes}"
        )
    return _padded(argument, clouds, device)


def _checked_lengths(argument: str, lengths: Any, points: Tensor) -> Tensor | None:
    if lengths is None:
        return None
    counts = as_counts(lengths, points.device)
    whole = not (counts.is_floating_point() or counts.is_complex() or counts.dtype == torch.bool)
    if points.ndim != 3 or not whole or tuple(counts.shape) != (points.shape[0],):
        raise ValueError(
            f"lengths of {argument} must be one whole number per cloud of a batch (B, n, d); "
            f"got shape {tuple(counts.shape)} of {counts.dtype} for {argument} of shape "
            f"{tuple(points.shape)}"
        )
    return counts


def as_counts(lengths: Any, device: torch.device) -> Tensor:
    """Lengths as a tensor; the empty list, which torch takes for float32, has whole numbers."""
    counts = torch.as_tensor(lengths, device=device)
    return counts if counts.numel() or isinstance(lengths, Tensor) else counts.long()


def split_lengths(lengths: Any) -> tuple[Any, Any]:
    """The lengths of x and those of y. A tuple of two is a pair unless it holds numbers."""
    pair = isinstance(lengths, tuple) and len(lengths) == 2
    if pair and not any(isinstance(one, int) for one in lengths):
        return lengths
    return lengths, lengths


def numbers_like(argument: str, value: Any, points: Tensor, what: str = "mass") -> Tensor | None:
    """Masses or other numbers (B, n) of a batch of points, or None."""
    if value is None:
        return None
    if isinstance(value, (list, tuple)) and any(isinstance(one, Tensor) for one in value):
        numbers, _ = _padded(argument, value, points.device)
    else:
        # Python's numbers are double, which torch would round to float32.
        plain = not isinstance(value, Tensor) and not isinstance(value, np.ndarray)
        numbers = lift(argument, np.asarray(value) if plain else value, points.device)
    expected = tuple(points.shape[:-1])
    if tuple(numbers.shape) != expected:
        raise ValueError(
            f"{argument} must have one {what} per point, shape {expected}; "
            f"got shape {tuple(numbers.shape)}"
        )
    check_device(points, **{argument: numbers})
    return numbers


def as_batch(x: Clouds, y: Clouds, a: Any, b: Any, lengths: Lengths) -> Batch:
    """The one form in which operators take clouds. Values are checked by the core."""
    device = _device(x, y)
    x_counts, y_counts = split_lengths(lengths)
    x_points, x_lengths = _side("x", x, x_counts, device)
    y_points, y_lengths = _side("y", y, y_counts, device)
    if x_points.shape[:-2] != y_points.shape[:-2]:
        raise ValueError(
            "x and y must both be single clouds, or batches of one size; got shapes "
            f"{tuple(x_points.shape)} and {tuple(y_points.shape)}"
        )
    for argument, points in (("x", x_points), ("y", y_points)):
        if points.shape[-2] == 0 and not (points.ndim == 3 and len(points) == 0):
            raise ValueError(
                f"{argument} must have at least one point; got shape {tuple(points.shape)}"
            )
        if points.shape[-1] == 0:
            raise ValueError(
                f"{argument} must have at least one coordinate per point; "
                f"got shape {tuple(points.shape)}"
            )
    if x_points.shape[-1] != y_points.shape[-1]:
        raise ValueError(
            f"y must have the dimension of x, {x_points.shape[-1]}; "
            f"got dimension {y_points.shape[-1]}"
        )
    check_device(x_points, y=y_points)
    dtype = torch.promote_types(x_points.dtype, y_points.dtype)
    x_points, y_points = x_points.to(dtype), y_points.to(dtype)
    a_masses, b_masses = numbers_like("a", a, x_points), numbers_like("b", b, y_points)
    single = x_points.ndim == 2
    if single:
        x_points, y_points = x_points[None], y_points[None]
        a_masses = None if a_masses is None else a_masses[None]
        b_masses = None if b_masses is None else b_masses[None]
    return Batch(x_points, y_points, a_masses, b_masses, x_lengths, y_lengths, single)
