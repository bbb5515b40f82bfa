"""Tensors on a GPU: the kernels of the device library, on the caller's stream.

`library_for` says whether they can serve a tensor; the other functions call them. Tensors are in
float32, contiguous, on one device; what a function allocates is torch's, on that device and its
current stream, and nothing here waits for the device. A library built for the CPU takes tensors on
the CPU in the same way, which is how this is tested where there is no GPU.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from monge.device import device_info, find_library
from monge.device.library import (
    COSTS,
    AuctionReport,
    AuctionSettings,
    CloudsArgument,
    DeviceLibrary,
)


def library_for(tensor: Tensor) -> DeviceLibrary | None:
    """The library that works where the tensor is; None on the CPU, or if there is none."""
    return _library() if tensor.device.type == "cuda" else None


@functools.cache
def _library() -> DeviceLibrary | None:
    return find_library()[0] if device_info().usable else None


#: Something of x and of y, where there is any.
Sides = tuple["Tensor | None", "Tensor | None"]


@dataclass(frozen=True)
class PairedClouds:
    """A batch of pairs of clouds as the device takes them.

    x (B, n, d) and y (B, m, d); or, with offsets (B + 1) in int64, x (N, d) and y (M, d): pair k
    has the rows x_offsets[k] to x_offsets[k + 1]. `most` is the largest n and m of a pair.
    """

    x: Tensor
    y: Tensor
    x_offsets: Tensor | None
    y_offsets: Tensor | None
    size: int
    most: tuple[int, int]

    @property
    def points(self) -> tuple[int, int]:
        """The numbers of points of x and of y, in all pairs."""
        return self.x.numel() // self.x.shape[-1], self.y.numel() // self.y.shape[-1]


def batch_of(x: Tensor, y: Tensor) -> PairedClouds:
    """Pairs of clouds (B, n, d) and (B, m, d)."""
    most = x.shape[1], y.shape[1]
    return PairedClouds(x.contiguous(), y.contiguous(), None, None, x.shape[0], most)


def ragged(
    x: Tensor, y: Tensor, x_lengths: Tensor | None, y_lengths: Tensor | None
) -> PairedClouds:
    """Padded clouds without their padding. Waits for the device, which knows how many points."""
    if x_lengths is None and y_lengths is None:
        return batch_of(x, y)
    (x, x_offsets), (y, y_offsets) = _packed(x, x_lengths), _packed(y, y_lengths)
    most = tuple(int(torch.diff(offsets).max()) for offsets in (x_offsets, y_offsets))
    return PairedClouds(x, y, x_offsets, y_offsets, len(x_offsets) - 1, (most[0], most[1]))


def _packed(points: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
    size, n = points.shape[:2]
    if lengths is None:
        lengths = torch.full((size,), n, device=points.device)
    held = torch.arange(n, device=points.device) < lengths[:, None]
    offsets = torch.nn.functional.pad(lengths.to(torch.int64).cumsum(0), (1, 0))
    return points[held].contiguous(), offsets.contiguous()


def unpacked(values: Tensor, offsets: Tensor | None, size: int, n: int) -> Tensor:
    """Values (N, ...) per point as (B, n, ...), 0 where a cloud has fewer points."""
    if offsets is None:
        return values.reshape(size, n, *values.shape[1:])
    padded = values.new_zeros((size, n, *values.shape[1:]))
    padded[torch.arange(n, device=values.device) < torch.diff(offsets)[:, None]] = values
    return padded


class Caller:
    """Calls of the library for one batch of clouds."""

    def __init__(self, library: DeviceLibrary, clouds: PairedClouds, cost: str) -> None:
        self.library, self.clouds = library, clouds
        x_points, y_points = clouds.points
        self.argument = CloudsArgument(
            x=clouds.x.data_ptr(),
            y=clouds.y.data_ptr(),
            x_offsets=_address(clouds.x_offsets),
            y_offsets=_address(clouds.y_offsets),
            batch=clouds.size,
            n=clouds.most[0],
            m=clouds.most[1],
            dim=clouds.x.shape[-1],
            x_points=x_points,
            y_points=y_points,
            cost=COSTS[cost],
        )

    def empty(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        return torch.empty(shape, dtype=dtype, device=self.clouds.x.device)

    def __call__(self, function: str, *arguments: Any, size: tuple[int, ...] = ()) -> None:
        """Calls `function` with the clouds, the arguments (tensors as their addresses), a workspace
        and the stream. `size`: on what else the workspace depends."""
        clouds = ctypes.byref(self.argument)
        needed = self.library.size(f"{function}_workspace", clouds, *size)
        plain = [one.data_ptr() if isinstance(one, Tensor) else one for one in arguments]
        with _on_device(self.clouds.x) as stream:
            workspace = self.empty(needed, dtype=torch.uint8)
            self.library.call(function, clouds, *plain, workspace.data_ptr(), needed, stream)


def _address(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()


@contextlib.contextmanager
def _on_device(tensor: Tensor) -> Any:
    """Makes the tensor's device the current one; yields its current stream as an address."""
    if tensor.device.type != "cuda":
        yield None
        return
    with torch.cuda.device(tensor.device):
        yield torch.cuda.current_stream(tensor.device).cuda_stream


#: `AuctionReport` as a NumPy type.
REPORT = np.dtype(AuctionReport)


def auction(
    library: DeviceLibrary, clouds: PairedClouds, cost: str, settings: AuctionSettings
) -> tuple[Tensor, Tensor, Tensor]:
    """Columns of the rows (all points of x; -1: none), prices (all points of y), and reports.

    Reports are bytes (B, REPORT.itemsize), for `reports_of`.
    """
    call = Caller(library, clouds, cost)
    columns = call.empty(call.argument.x_points, dtype=torch.int32)
    prices = call.empty(call.argument.y_points)
    reports = call.empty(clouds.size, REPORT.itemsize, dtype=torch.uint8)
    call("monge_auction", ctypes.byref(settings), columns, prices, reports)
    return columns, prices, reports


def reports_of(reports: Tensor) -> Any:
    """The reports of an auction as a structured array. Waits for the device."""
    return reports.numpy(force=True).view(REPORT)[:, 0]


def c_transform(
    library: DeviceLibrary, clouds: PairedClouds, cost: str, g: Tensor | None
) -> tuple[Tensor, Tensor]:
    """min_j (c(x_i, y_j) - g_j) of all points of x, and the first such j within the pair.

    `g` of all points of y; None: 0.
    """
    call = Caller(library, clouds, cost)
    f = call.empty(call.argument.x_points)
    columns = call.empty(call.argument.x_points, dtype=torch.int32)
    call("monge_c_transform", g, f, columns)
    return f, columns


def sinkhorn(
    library: DeviceLibrary,
    clouds: PairedClouds,
    cost: str,
    epsilon: Tensor,
    iterations: int,
    f: Tensor,
    g: Tensor,
) -> Tensor:
    """`iterations` of Sinkhorn's algorithm for equal masses, from the potentials g, in place.

    `epsilon` (B,). Returns per point of y by how much, relative to its mass, its marginal was off
    before the last iteration.
    """
    call = Caller(library, clouds, cost)
    error = call.empty(call.argument.y_points)
    call("monge_sinkhorn", epsilon, None, None, iterations, f, g, error)
    return error


def sinkhorn_symmetric(
    library: DeviceLibrary,
    clouds: PairedClouds,
    cost: str,
    epsilon: Tensor,
    iterations: int,
    f: Tensor,
) -> Tensor:
    """`sinkhorn` of clouds with themselves, from the potentials f, in place."""
    call = Caller(library, clouds, cost)
    error = call.empty(call.argument.x_points)
    call("monge_sinkhorn_symmetric", epsilon, None, iterations, f, error)
    return error


def sliced(
    library: DeviceLibrary,
    clouds: PairedClouds,
    directions: Tensor,
    masses: Sides,
    p: float,
    wanted: tuple[bool, bool],
) -> tuple[Tensor, Sides]:
    """W_p^p of the projections (B, k) in double, and the slopes of the sides that are wanted.

    `directions` (k, d); masses of all points of x and of y, of total 1 in each pair, or None.
    Slopes are for `sliced_gradient`: as many numbers as points and directions.
    """
    call = Caller(library, clouds, "euclidean")
    count = len(directions)
    costs = call.empty(clouds.size, count, dtype=torch.float64)
    x_slope, y_slope = (
        call.empty(points * count) if want else None
        for want, points in zip(wanted, clouds.points, strict=True)
    )
    call("monge_sliced", directions, count, *masses, p, costs, x_slope, y_slope, size=(count,))
    return costs, (x_slope, y_slope)


def sliced_gradient(
    library: DeviceLibrary, clouds: PairedClouds, directions: Tensor, slopes: Sides, scale: Tensor
) -> Sides:
    """The gradients by all points of x and of y of the mean of `sliced` over directions, each
    pair's times its `scale` (B,), for sides with slopes."""
    call = Caller(library, clouds, "euclidean")
    x, y = (
        None if slope is None else call.empty(points, clouds.x.shape[-1])
        for slope, points in zip(slopes, clouds.points, strict=True)
    )
    call("monge_sliced_gradient", directions, len(directions), scale, *slopes, x, y)
    return x, y
