"""What of a problem may stay unmatched: `mass` and `unmatched_cost`, for one pair or a batch.

Rules about values (from 0 to the smaller total, prices >= 0) are the core's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from monge import _core
from monge.problem import is_real_number


def leave_unmatched(
    problems: list[_core.Problem], mass: Any, unmatched_cost: Any, batch: bool
) -> None:
    """Tells each problem what it may leave, if anything."""
    if mass is None and unmatched_cost is None:
        return
    if mass is not None and unmatched_cost is not None:
        raise ValueError(
            "mass and unmatched_cost must not both be given; "
            f"got mass {mass!r} and unmatched_cost {unmatched_cost!r}"
        )
    if mass is not None:
        for problem, one in zip(problems, _masses(mass, len(problems), batch), strict=True):
            problem.move_only(one)
    else:
        prices = _prices(unmatched_cost)
        for problem in problems:
            problem.price_unmatched(*prices)


def plain_slack(mass: Any, unmatched_cost: Any) -> dict[str, Any]:
    """What pairs of tensors may leave, as plain numbers: gradients by these there are none."""
    slack: dict[str, Any] = {}
    if mass is not None:
        if not is_real_number(mass):
            raise TypeError(
                f"mass must be a number for torch tensors, the same for all pairs; got {mass!r}"
            )
        slack["mass"] = float(mass)
    if unmatched_cost is not None:
        slack["unmatched_cost"] = _prices(unmatched_cost)
    return slack


def _masses(mass: Any, size: int, batch: bool) -> list[float]:
    if is_real_number(mass):
        return [float(mass)] * size
    try:
        array = np.asarray(mass)
    except ValueError as error:
        raise TypeError(f"mass must be a number; {error}") from None
    if array.dtype.kind not in "fiu":
        raise TypeError(f"mass must be a number; got {mass!r}")
    if array.ndim == 0:
        return [float(array)] * size
    if not batch or array.shape != (size,):
        shape = f"a number, or ({size},) for this batch" if batch else "a number"
        raise ValueError(f"mass must be {shape}; got shape {array.shape}")
    return [float(one) for one in array]


def _prices(unmatched_cost: Any) -> tuple[float, float]:
    if is_real_number(unmatched_cost):
        return float(unmatched_cost), float(unmatched_cost)
    rule = "unmatched_cost must be a pair of numbers (alpha, beta), or one for both"
    try:
        alpha, beta = unmatched_cost
    except (TypeError, ValueError):
        raise TypeError(f"{rule}; got {unmatched_cost!r}") from None
    if not (is_real_number(alpha) and is_real_number(beta)):
        raise TypeError(f"{rule}; got {unmatched_cost!r}")
    return float(alpha), float(beta)
