"""One file that holds all that a run needs to go on, written at once or not at all."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch

from monge.atomic_write import replace_file

FORMAT = 1


def save(path: Path, content: dict[str, Any]) -> None:
    """Write at once or not at all: whoever reads finds the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, lambda file: torch.save({"format": FORMAT, **content}, file))


def load(path: Path) -> dict[str, Any]:
    """The content of a checkpoint: tensors and plain data only, so that no file can run code."""
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # what torch.load raises for foreign content depends on its version
        raise ValueError(f"{path}: no checkpoint of monge.gan ({type(error).__name__})") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"{path}: no checkpoint of monge.gan, or of another version")
    return content


def random_states() -> dict[str, Any]:
    """The global generators' states: of torch, NumPy and Python, for networks that draw."""
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    version, internal, gauss = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "numpy": [
            kind,
            torch.from_numpy(np.asarray(keys).astype(np.int64)),
            position,
            has_gauss,
            float(cached),
        ],
        "python": [version, list(internal), gauss],
    }


def restore_random_states(states: dict[str, Any]) -> None:
    """Set the global generators as `random_states` found them."""
    torch.set_rng_state(states["torch"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    version, internal, gauss = states["python"]
    random.setstate((version, tuple(internal), gauss))


def compare(saved: Any, now: Any) -> None:
    """Raises ValueError naming the first setting in which a run differs from its checkpoint."""
    for name, old, new in _differences(json.loads(json.dumps(saved)), json.loads(json.dumps(now))):
        raise ValueError(
            f"the checkpoint is of another configuration: {name} was {old!r}, is now {new!r} "
            "(train into another folder, or set it back)"
        )


def _differences(saved: Any, now: Any, name: str = "") -> Any:
    if isinstance(saved, dict) and isinstance(now, dict):
        # Another objective has other settings: its name says more than the first of these.
        for key in sorted(saved.keys() | now.keys(), key=lambda key: (key != "objective", key)):
            inner = f"{name}.{key}" if name else key
            yield from _differences(saved.get(key), now.get(key), inner)
    elif saved != now:
        yield name, saved, now
