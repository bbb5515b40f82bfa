"""How much memory this process holds, and a limit to it; megabytes are 2^20 bytes."""

from __future__ import annotations

import sys
from pathlib import Path

MEGABYTE = 2**20
LINUX = sys.platform == "linux"


def _status(field: str) -> float:
    """A field of Linux' account of this process, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise KeyError(field)


def peak() -> float | None:
    """The most that was resident; None where the system does not tell."""
    if LINUX:
        return _status("VmHWM")
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE  # macOS counts bytes


def reset_peak() -> float | None:
    """Begin anew: the peak is what is resident now, where the system can do so. Returns it."""
    if LINUX:
        try:
            Path("/proc/self/clear_refs").write_text("5")
        except OSError:
            return _status("VmRSS")
    return peak()


def limit(megabytes: float) -> None:
    """Let allocations fail that take more than this from here on. Linux only."""
    if LINUX:
        import resource

        most = int((_status("VmData") + megabytes) * MEGABYTE)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
