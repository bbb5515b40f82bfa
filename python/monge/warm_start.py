"""From an earlier solution to the start of a solve: `potentials` and `plan` of the functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monge import _core
from monge.problem import as_array, pair_named
from monge.solution import Plan

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]

_NO_FLOATS = np.zeros(0)
_NO_INDICES = np.zeros(0, dtype=np.int32)


def start_from(problems: list[_core.Problem], potentials: Any, plan: Any, batch: bool) -> None:
    """Gives each problem its start. Lengths, ranges and finiteness are the core's to check."""
    if potentials is None and plan is None:
        return
    sides = _pair(potentials)
    plans = plan if batch else [plan]
    if batch:
        for argument, value in (("f", sides[0]), ("g", sides[1])):
            _check_batch(f"{argument} of potentials", value, len(problems))
        _check_batch("plan", plan, len(problems))
    for k, problem in enumerate(problems):
        with pair_named(k, batch):
            f, g = (_side(value[k] if batch and value is not None else value) for value in sides)
            rows, cols = _pairs(None if plan is None else plans[k])
            problem.start_from(f, g, rows, cols)


def _pair(potentials: Any) -> tuple[Any, Any]:
    if potentials is None:
        return None, None
    if not isinstance(potentials, (tuple, list)) or len(potentials) != 2:
        raise TypeError(
            "potentials must be a pair (f, g), of which one may be None; "
            f"got {type(potentials).__name__}"
        )
    f, g = potentials
    if f is None and g is None:
        raise ValueError("potentials must hold f or g; got (None, None)")
    return f, g


def _check_batch(argument: str, value: Any, size: int) -> None:
    if value is None:
        return
    if isinstance(value, Plan) or not isinstance(value, (Sequence, np.ndarray)):
        raise TypeError(
            f"{argument} must have one entry per pair of the batch; got {type(value).__name__}"
        )
    if len(value) != size:
        raise ValueError(
            f"{argument} must have one entry per pair of the batch, {size}; got {len(value)}"
        )


def _side(values: Any) -> Floats:
    if values is None:
        return _NO_FLOATS
    array = np.ascontiguousarray(as_array(values, "potentials"), dtype=np.float64)
    if np.ndim(values) != 1 or array.size == 0:
        raise ValueError(f"potentials must have shapes (n,) and (m,); got {np.shape(values)}")
    return array


def _pairs(plan: Any) -> tuple[Indices, Indices]:
    """Rows and columns of the pairs that carry mass."""
    if plan is None:
        return _NO_INDICES, _NO_INDICES
    if isinstance(plan, Plan):
        plan = (plan.rows, plan.cols, plan.mass)
    if not isinstance(plan, (tuple, list)) or len(plan) not in (2, 3):
        raise TypeError(
            "plan must be a solution's plan, (rows, cols) or (rows, cols, mass); "
            f"got {type(plan).__name__}"
        )
    rows, cols = _indices(plan[0], "rows"), _indices(plan[1], "cols")
    if len(plan) == 2:
        return rows, cols
    mass = as_array(plan[2], "mass of the plan")
    if not mass.shape == rows.shape == cols.shape:
        raise ValueError(
            "mass of the plan must have one number per pair of rows and cols; got shapes "
            f"{mass.shape}, {rows.shape} and {cols.shape}"
        )
    wrong = ~(np.isfinite(mass) & (mass >= 0))
    if wrong.any():
        raise ValueError(f"mass of the plan must be finite and >= 0; got {mass[wrong][0]:.10g}")
    return np.ascontiguousarray(rows[mass > 0]), np.ascontiguousarray(cols[mass > 0])


def _indices(values: Any, argument: str) -> Indices:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise TypeError(
            f"{argument} of the plan must be a list of whole numbers; got {array.dtype} of shape "
            f"{array.shape}"
        )
    largest = np.iinfo(np.int32).max
    if array.size and (array.min() < 0 or array.max() > largest):
        worst = array.min() if array.min() < 0 else array.max()
        raise ValueError(f"{argument} of the plan must be from 0 to {largest}; got {worst}")
    return np.ascontiguousarray(array, dtype=np.int32)
