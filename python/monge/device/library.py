"""The device library as Python calls it: cpp/cuda/monge_device.h by ctypes."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_void_p
from os import PathLike, fspath
from typing import Any

ABI = 2

#: The ground costs that its kernels have.
COSTS = {"sqeuclidean": 0, "euclidean": 1}


class CloudsArgument(ctypes.Structure):
    """Pairs of clouds: `monge_device_clouds`."""

    _fields_ = [
        ("x", c_void_p),
        ("y", c_void_p),
        ("x_offsets", c_void_p),
        ("y_offsets", c_void_p),
        ("batch", c_int64),
        ("n", c_int64),
        ("m", c_int64),
        ("dim", c_int64),
        ("x_points", c_int64),
        ("y_points", c_int64),
        ("cost", c_int32),
    ]


class AuctionSettings(ctypes.Structure):
    """`monge_auction_settings`; cpp/simt/kernels/auction.hpp says what each is."""

    _fields_ = [
        ("rtol", c_float),
        ("epsilon_start", c_float),
        ("epsilon_ratio", c_float),
        ("epsilon_floor", c_float),
        ("tail", c_float),
        ("leave", c_float),
        ("round_limit", c_int64),
    ]


class AuctionReport(ctypes.Structure):
    """`monge_auction_report`: one per problem, written by the device."""

    _fields_ = [
        ("cost", c_double),
        ("lower_bound", c_double),
        ("bids", c_int64),
        ("rounds", c_int64),
        ("phases", c_int32),
        ("free_rows", c_int32),
        ("epsilon", c_float),
        ("status", c_int32),
    ]


_CLOUDS = POINTER(CloudsArgument)

#: The result and the arguments of each function.
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "monge_device_abi": (c_int, []),
    "monge_device_runtime": (c_int, []),
    "monge_device_architectures": (c_char_p, []),
    "monge_device_error": (c_char_p, [c_int]),
    "monge_auction_workspace": (c_int64, [_CLOUDS]),
    "monge_auction": (
        c_int,
        [_CLOUDS, POINTER(AuctionSettings), *[c_void_p] * 4, c_int64, c_void_p],
    ),
    "monge_c_transform_workspace": (c_int64, [_CLOUDS]),
    "monge_c_transform": (c_int, [_CLOUDS, *[c_void_p] * 4, c_int64, c_void_p]),
    "monge_sinkhorn_workspace": (c_int64, [_CLOUDS]),
    "monge_sinkhorn": (
        c_int,
        [_CLOUDS, *[c_void_p] * 3, c_int64, *[c_void_p] * 4, c_int64, c_void_p],
    ),
    "monge_sinkhorn_symmetric_workspace": (c_int64, [_CLOUDS]),
    "monge_sinkhorn_symmetric": (
        c_int,
        [_CLOUDS, *[c_void_p] * 2, c_int64, *[c_void_p] * 3, c_int64, c_void_p],
    ),
    "monge_sliced_workspace": (c_int64, [_CLOUDS, c_int64]),
    "monge_sliced": (
        c_int,
        [_CLOUDS, c_void_p, c_int64, *[c_void_p] * 2, c_double, *[c_void_p] * 4, c_int64, c_void_p],
    ),
    "monge_sliced_gradient_workspace": (c_int64, [_CLOUDS]),
    "monge_sliced_gradient": (
        c_int,
        [_CLOUDS, c_void_p, c_int64, *[c_void_p] * 6, c_int64, c_void_p],
    ),
}


class DeviceError(RuntimeError):
    """A call of the device library failed; the message is the library's."""


class DeviceLibrary:
    """A loaded device library: its functions, checked.

    Raises OSError if it cannot be loaded, DeviceError if it is of another version of the interface.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = fspath(path)
        self._library = ctypes.CDLL(self.path)
        try:
            self._declare("monge_device_abi")
        except AttributeError:
            raise DeviceError(f"{self.path} is no device library of monge") from None
        self.abi: int = self._library.monge_device_abi()
        if self.abi != ABI:
            raise DeviceError(
                f"{self.path} has version {self.abi} of the device interface; this is for {ABI}"
            )
        for name in FUNCTIONS:
            self._declare(name)
        runtime: int = self._library.monge_device_runtime()
        #: The CUDA version it was built with, as (major, minor); (0, 0): for the CPU.
        self.runtime = runtime // 1000, runtime % 1000 // 10
        #: As CMake names them: "80-real", "75-virtual"; "90" is both.
        self.architectures = tuple(self._library.monge_device_architectures().decode().split())

    def _declare(self, name: str) -> None:
        function = getattr(self._library, name)
        function.restype, function.argtypes = FUNCTIONS[name]

    def size(self, name: str, *arguments: Any) -> int:
        """What a function that returns a size says."""
        result: int = getattr(self._library, name)(*arguments)
        return result

    def call(self, name: str, *arguments: Any) -> None:
        """Calls a function that returns a code. Raises DeviceError unless that is 0."""
        code: int = getattr(self._library, name)(*arguments)
        if code != 0:
            message = self._library.monge_device_error(code).decode()
            raise DeviceError(f"{name} failed: {message} (error {code})")

    def serves(self, compute_capability: tuple[int, int]) -> bool:
        """Whether it has code that a GPU of this compute capability runs."""
        return any(_runs(one, compute_capability) for one in self.architectures)


def _runs(architecture: str, compute_capability: tuple[int, int]) -> bool:
    """Binary code runs on its major version from its minor on; virtual code on all that follow."""
    number, _, kind = architecture.partition("-")
    if not number.isdigit():
        return False
    built = int(number[:-1]), int(number[-1])
    same = built[0] == compute_capability[0] and built[1] <= compute_capability[1]
    return (kind != "virtual" and same) or (kind != "real" and built <= compute_capability)
