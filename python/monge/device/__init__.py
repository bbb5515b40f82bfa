"""GPUs: what this machine has, and whether monge can use them.

Nothing is loaded before it is asked for, and nothing else of monge needs a GPU. The library that
has the kernels, libmonge_cuda, is built where CMake's option MONGE_CUDA is on; it stands beside the
package's extension module, or where the environment variable MONGE_CUDA_LIBRARY says.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path

from monge.device.driver import Driver, DriverUnusable, Gpu, probe
from monge.device.library import DeviceError, DeviceLibrary

VARIABLE = "MONGE_CUDA_LIBRARY"


@dataclass(frozen=True)
class DeviceInfo:
    """What `device_info` found."""

    usable: bool
    """Whether tensors on a GPU are worked on there."""
    reason: str | None
    """Why not; None if usable."""
    driver_version: tuple[int, int] | None
    """The newest CUDA that the driver serves, as (major, minor); None without a driver."""
    gpus: tuple[Gpu, ...]
    """index, name, compute_capability and memory (in bytes) of each."""
    library: str | None
    """Path of the library with the kernels; None if it is not built or cannot be loaded."""
    library_abi: int | None
    """Version of its interface."""
    library_runtime: tuple[int, int] | None
    """The CUDA version it was built with."""
    library_architectures: tuple[str, ...]
    """What it was compiled for, as CMake names it: "90-real", "75-virtual"."""

    def __str__(self) -> str:
        driver = f"serves CUDA {_text(self.driver_version)}" if self.driver_version else "none"
        library = "none"
        if self.library:
            built = f"CUDA {_text(self.library_runtime)}, {' '.join(self.library_architectures)}"
            library = f"{self.library} (interface {self.library_abi}, {built})"
        lines = [f"usable   {'yes' if self.usable else f'no: {self.reason}'}", f"driver   {driver}"]
        for gpu in self.gpus:
            capability = f"compute capability {_text(gpu.compute_capability)}"
            lines.append(
                f"gpu {gpu.index}    {gpu.name}, {capability}, {gpu.memory / 2**30:.1f} GiB"
            )
        return "\n".join([*lines, f"library  {library}"])


def device_info() -> DeviceInfo:
    """What this machine has for computing on a GPU, and whether monge can use it.

    Looks for the NVIDIA driver, for its GPUs, and for the library with monge's kernels. Answers on
    every machine, at any time; asking initialises the driver in this process, where there is one.

    Returns
    -------
    DeviceInfo
        `usable`, and the `reason` if not; `driver_version`, `gpus` and `library...` say what was
        found. Printed, it is a report of a few lines.
    """
    try:
        driver, complaint = probe(), None
    except DriverUnusable as error:
        driver, complaint = None, str(error)
    library, missing = find_library()
    reason = complaint or missing or _mismatch(driver, library)
    return DeviceInfo(
        usable=reason is None,
        reason=reason,
        driver_version=driver.version if driver else None,
        gpus=driver.gpus if driver else (),
        library=library.path if library else None,
        library_abi=library.abi if library else None,
        library_runtime=library.runtime if library else None,
        library_architectures=library.architectures if library else (),
    )


def find_library() -> tuple[DeviceLibrary | None, str | None]:
    """The device library, loaded; or None and the reason."""
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else Path(__file__).parents[1] / "libmonge_cuda.so"
    if not path.is_file():
        where = f"{VARIABLE} names {path}, where there is none" if named else f"no {path}"
        return None, f"the library with the kernels is not built: {where}"
    try:
        return _load(str(path)), None
    except (OSError, DeviceError) as error:
        return None, f"the library with the kernels cannot be loaded: {error}"


@functools.cache
def _load(path: str) -> DeviceLibrary:
    return DeviceLibrary(path)


def _mismatch(driver: Driver | None, library: DeviceLibrary | None) -> str | None:
    """Why this driver and this library do not serve a GPU together, if so."""
    if driver is None or library is None:
        return None
    if not driver.gpus:
        return "the driver has no GPU"
    if driver.version[0] < library.runtime[0]:
        return (
            f"the driver serves CUDA {_text(driver.version)}, and the library needs "
            f"CUDA {library.runtime[0]}"
        )
    if not any(library.serves(gpu.compute_capability) for gpu in driver.gpus):
        built = " ".join(library.architectures)
        return f"the library was compiled for {built}, and no GPU here runs that"
    return None


def _text(version: tuple[int, int] | None) -> str:
    return "" if version is None else f"{version[0]}.{version[1]}"
