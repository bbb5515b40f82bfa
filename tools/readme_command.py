"""Prints a bash block of README.md, so that what is documented is what is run.

python tools/readme_command.py 2   # the second block: install and test
"""

from __future__ import annotations

import re
import sys
from pathlib import Path


def bash_block(text: str, number: int) -> str:
    """The `number`th ```bash block of a Markdown text, counted from 1."""
    blocks = re.findall(r"^```bash\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return str(blocks[number - 1]).strip()


if __name__ == "__main__":
    readme = Path(__file__).resolve().parents[1] / "README.md"
    print(bash_block(readme.read_text(encoding="utf-8"), int(sys.argv[1])))
