"""Optional libraries: imported where they are used, and named where they are missing."""

from __future__ import annotations

import importlib
from typing import Any


class MissingExtra(ImportError):
    """An optional library cannot be imported; the message has the pip command that installs it."""


def require(module: str, extra: str) -> Any:
    """The imported `module`, which installing `monge[extra]` provides.

    Raises MissingExtra if it cannot be imported.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f"this needs {module.partition('.')[0]}, which cannot be imported ({error}): "
            f'pip install "monge[{extra}]"'
        ) from error
