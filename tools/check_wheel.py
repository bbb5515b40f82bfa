"""Checks a wheel before it is shipped: its size, its files, and that it is stripped.

python tools/check_wheel.py dist/*.whl
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

LARGEST = 5_000_000
EXPECTED = re.compile(
    r"monge/([a-z_]+/)*[a-z_0-9]+\.py"
    r"|monge/py\.typed"
    r"|monge/_core\.pyi"
    r"|monge/_core\.[^/]*(so|pyd)"
    r"|monge/libmonge_cuda\.so"
    r"|monge-[^/]+\.dist-info/([A-Za-z_]+(\.txt)?|licenses/LICENSE)"
)
EXTENSION = re.compile(r"monge/_core\.[^/]*(so|pyd)")


def complaints(wheel: Path) -> Iterator[str]:
    if wheel.stat().st_size > LARGEST:
        yield f"{wheel.stat().st_size} bytes are more than {LARGEST}"
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        for name in names:
            if not EXPECTED.fullmatch(name):
                yield f"unexpected file {name}"
        extensions = [name for name in names if EXTENSION.fullmatch(name)]
        if len(extensions) != 1:
            yield f"there must be one extension module; found {extensions}"
        for name in extensions:
            # The name of a section stands in the object's string table.
            if b".debug_info" in archive.read(name):
                yield f"{name} has debug sections"


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    failed = False
    for argument in arguments:
        wheel = Path(argument)
        found = list(complaints(wheel))
        failed = failed or bool(found)
        print("\n".join(f"{wheel.name}: {complaint}" for complaint in found) or f"{wheel.name}: ok")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
