"""How a solve reports its progress: to the caller's function, or as a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from monge.extras import require

#: Called with (phase, fraction) about 50 times a second; returning False cancels the solve.
ProgressCallback: TypeAlias = Callable[[str, float], object]
#: A callback; True for a bar; None or False for silence.
Progress: TypeAlias = "ProgressCallback | bool | None"


@contextmanager
def reporter(progress: Progress) -> Iterator[ProgressCallback | None]:
    """What the core calls while the context lasts; a bar is closed at its end.

    Raises TypeError for what is neither, MissingExtra if a bar is asked for without tqdm.
    """
    if progress is None or progress is False:
        yield None
    elif progress is True:
        bar = _bar()
        try:
            yield lambda phase, fraction: _move(bar, phase, fraction)
        finally:
            bar.close()
    elif callable(progress):
        yield progress
    else:
        raise TypeError(f"progress must be callable, or True for a bar; got {progress!r}")


def _bar() -> Any:
    tqdm = require("tqdm.auto", "progress").tqdm
    return tqdm(
        desc="monge",
        total=1.0,
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}",
        miniters=0,  # redraw the elapsed time where the fraction stays
    )


def _move(bar: Any, phase: str, fraction: float) -> None:
    """To the fraction of the phase; a new phase begins again at its own."""
    if phase != bar.desc:
        bar.set_description_str(phase, refresh=False)
        bar.n = bar.last_print_n = fraction
        bar.refresh()
    else:
        bar.update(fraction - bar.n)
