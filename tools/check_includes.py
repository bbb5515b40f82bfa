"""Checks the one arrow of the C++ layers: a file includes only what stands to its left.

    core <- cost <- problem <- geometry <- kernels <- result <- solver

discrepancy stands beside result and solver: it may include what is to the left of both. Kernel
bodies for CUDA (cpp/simt) include nothing but each other and the standard library.

Run from anywhere; prints each violation as file:line and exits with status 1 if there is one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ARROW = ("core", "cost", "problem", "geometry", "parallel", "kernels", "result", "solver")

#: What a file of each layer may include.
ALLOWED = {layer: ARROW[: position + 1] for position, layer in enumerate(ARROW)}
# Numbers without a plan or a certificate.
ALLOWED["discrepancy"] = (*ALLOWED["kernels"], "discrepancy")
# Problem generators stand beside the solvers, which must not know them.
ALLOWED["instances"] = ("core", "cost", "problem", "instances")

#: Headers that one place alone may include, where that place is.
CONFINED = {
    "thread": "parallel",
    "mutex": "parallel",
    "condition_variable": "parallel",
    "future": "parallel",
}
#: What the library must not know at all.
FOREIGN = re.compile(r"pybind11/|Python\.h|numpy/|torch/|ATen/|c10/|cuda|omp\.h")

ROOTS = ("cpp/include/monge", "cpp/src")
KERNEL_ROOT = "cpp/simt"
INCLUDE = re.compile(r'\s*#\s*include\s*(?P<bracket>[<"])(?P<name>[^>"]+)[>"]')


def layer_of(path: str) -> str:
    """The layer of a file by its path below a root: its folder, or its stem at the top."""
    first, _, rest = path.partition("/")
    return first if rest else Path(first).stem


def violations(repository: Path) -> Iterator[str]:
    for root in ROOTS:
        for file in sorted((repository / root).rglob("*.[ch]pp")):
            layer = layer_of(file.relative_to(repository / root).as_posix())
            where = file.relative_to(repository).as_posix()
            if layer not in ALLOWED:
                yield f"{where}:1: {layer!r} is no layer (they are listed in {Path(__file__).name})"
                continue
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
                if (match := INCLUDE.match(line)) and (problem := judge(layer, match)):
                    yield f"{where}:{number}: {problem}"


def kernel_violations(repository: Path) -> Iterator[str]:
    for file in sorted((repository / KERNEL_ROOT).rglob("*.hpp")):
        where = file.relative_to(repository).as_posix()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if not (match := INCLUDE.match(line)):
                continue
            own = match["bracket"] == '"' and match["name"].startswith("simt/")
            if not own and (match["bracket"] == '"' or FOREIGN.match(match["name"])):
                yield f"{where}:{number}: kernel bodies must not include {match['name']}"


def judge(layer: str, include: re.Match[str]) -> str | None:
    """Why a file of `layer` must not have this include, if so."""
    name = include["name"]
    if FOREIGN.match(name):
        return f"the library must not include {name}"
    if include["bracket"] == "<":
        owner = CONFINED.get(name, layer)
        return None if owner == layer else f"only {owner} may include <{name}>"
    target = layer_of(name.removeprefix("monge/"))
    if target not in ALLOWED:
        return f'"{name}" belongs to no layer'
    if target not in ALLOWED[layer]:
        return f'{layer} must not include {target} ("{name}")'
    return None


def main() -> int:
    repository = Path(__file__).resolve().parents[1]
    found = [*violations(repository), *kernel_violations(repository)]
    print("\n".join(found) or "check_includes: ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
