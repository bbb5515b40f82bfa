"""What the NVIDIA driver says, asked directly: no CUDA library is loaded for it."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

LIBRARY = "libcuda.so.1"

_NO_DEVICE = 100
# CUdevice_attribute
_MAJOR, _MINOR = 75, 76


class DriverUnusable(Exception):
    """There is no driver, or none that answers; the message says why."""


@dataclass(frozen=True)
class Gpu:
    """One GPU as the driver describes it."""

    index: int
    name: str
    compute_capability: tuple[int, int]
    memory: int
    """In bytes."""


@dataclass(frozen=True)
class Driver:
    """A driver that answers: the CUDA version it serves, as (major, minor), and its GPUs."""

    version: tuple[int, int]
    gpus: tuple[Gpu, ...]


def probe(library: str = LIBRARY) -> Driver:
    """The driver of this machine, which may have no GPU.

    Initialises the driver in this process, as every first use of a GPU does; a process that was
    forked from it cannot use GPUs any more.

    Raises DriverUnusable if there is none, or it fails.
    """
    try:
        driver = ctypes.CDLL(library)
    except OSError as error:
        raise DriverUnusable(f"no NVIDIA driver: {error}") from None
    code = driver.cuInit(0)
    if code == _NO_DEVICE:
        return Driver(_version(driver), ())
    _check(code, "cuInit")
    count = ctypes.c_int()
    _check(driver.cuDeviceGetCount(ctypes.byref(count)), "cuDeviceGetCount")
    return Driver(_version(driver), tuple(_gpu(driver, k) for k in range(count.value)))


def _check(code: int, function: str) -> None:
    if code != 0:
        raise DriverUnusable(f"the NVIDIA driver fails: {function} returned error {code}")


def _version(driver: ctypes.CDLL) -> tuple[int, int]:
    version = ctypes.c_int()
    _check(driver.cuDriverGetVersion(ctypes.byref(version)), "cuDriverGetVersion")
    return version.value // 1000, version.value % 1000 // 10


def _gpu(driver: ctypes.CDLL, index: int) -> Gpu:
    device, number, memory = ctypes.c_int(), ctypes.c_int(), ctypes.c_size_t()
    name = ctypes.create_string_buffer(256)
    _check(driver.cuDeviceGet(ctypes.byref(device), index), "cuDeviceGet")
    _check(driver.cuDeviceGetName(name, len(name), device), "cuDeviceGetName")
    _check(driver.cuDeviceTotalMem_v2(ctypes.byref(memory), device), "cuDeviceTotalMem")
    capability = []
    for attribute in (_MAJOR, _MINOR):
        code = driver.cuDeviceGetAttribute(ctypes.byref(number), attribute, device)
        _check(code, "cuDeviceGetAttribute")
        capability.append(number.value)
    text = name.value.decode(errors="replace")
    return Gpu(index, text, (capability[0], capability[1]), memory.value)
