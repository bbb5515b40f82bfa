"""Checks the CUDA library that was built, and what ptxas said while it was.

    python tools/check_device_library.py libmonge_cuda.so [build log]

Exits with status 1, and says why, if it exports more or less than cpp/cuda/monge_device.h declares,
needs other libraries than the C and C++ runtimes, is too large, or if a kernel spills registers.
Prints its size, and the registers of each kernel where there is a log.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HEADER = Path(__file__).resolve().parents[1] / "cpp" / "cuda" / "monge_device.h"
LARGEST = 10_000_000
#: What every system has that it may be installed on. CUDA's runtime is inside; the driver is loaded
#: by that when there is one.
NEEDED = re.compile(r"lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s)\.so\.\d+|ld-linux[^ ]*")

DECLARED = re.compile(r"^MONGE_DEVICE_API\b[^(]*?(\w+)\(", re.MULTILINE)
KERNEL = re.compile(r"Compiling entry function '(?P<name>\w+)' for '(?P<architecture>\w+)'")
SPILL = re.compile(r"(?P<frame>\d+) bytes stack frame, (?P<stores>\d+) bytes spill stores, (\d+)")
REGISTERS = re.compile(r"Used (\d+) registers")


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def complaints(library: Path) -> Iterator[str]:
    declared = set(DECLARED.findall(HEADER.read_text(encoding="utf-8")))
    symbols = output("nm", "-D", "--defined-only", str(library)).splitlines()
    exported = {line.split()[-1] for line in symbols}
    if exported != declared:
        yield f"exports {sorted(exported - declared)} more, and lacks {sorted(declared - exported)}"
    for line in output("readelf", "-d", str(library)).splitlines():
        name = re.search(r"\(NEEDED\).*\[(.+)\]", line)
        if name and not NEEDED.fullmatch(name[1]):
            yield f"needs {name[1]}"
    if library.stat().st_size > LARGEST:
        yield f"has {library.stat().st_size} bytes, more than {LARGEST}"


def kernels(log: str) -> Iterator[tuple[str, str, int, int]]:
    """The kernels of ptxas's report: name, architecture, registers, bytes of spills."""
    name, architecture, spilled = "", "", 0
    for line in log.splitlines():
        if found := KERNEL.search(line):
            name, architecture, spilled = found["name"], found["architecture"], 0
        elif found := SPILL.search(line):
            spilled = int(found["stores"]) + int(found[3])
        elif name and (found := REGISTERS.search(line)):
            yield name, architecture, int(found[1]), spilled
            name = ""


def demangled(names: list[str]) -> list[str]:
    text = subprocess.run(
        ["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True
    ).stdout
    kernel = re.compile(r"run<(.*)>\(")
    return [
        re.sub(r"monge::|simt::|device::|\(anonymous namespace\)::", "", found[1])
        if (found := kernel.search(line))
        else line
        for line in text.splitlines()
    ]


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    library = Path(arguments[0])
    found = list(complaints(library))
    log = Path(arguments[1]).read_text(encoding="utf-8") if len(arguments) > 1 else ""
    rows = list(kernels(log))
    if log and not rows:
        found.append("there is no kernel in the build log: was it built before?")
    for (_, architecture, registers, spilled), name in zip(
        rows, demangled([row[0] for row in rows]), strict=True
    ):
        print(f"{architecture:<8} {registers:>4} registers  {name}")
        if spilled:
            found.append(f"{name} spills {spilled} bytes for {architecture}")
    print("\n".join(f"{library.name}: {one}" for one in found) or f"{library.name}: ok", end=", ")
    print(f"{library.stat().st_size} bytes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
