"""What POT's functions read as masses, the type of what they return, and how they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monge.problem import as_array

Array = NDArray[Any]
Floats = NDArray[np.float64]

#: How far the totals of a and b may be apart.
MASS_TOLERANCE = 1.5e-6


class Misuse(ValueError, AssertionError):
    """A wrong argument: a ValueError, as everywhere in this package, and POT's AssertionError."""


class NotProvided(ValueError, NotImplementedError):
    """A part of POT that is not here; the message says what to use instead."""


def unif(n: int, type_as: Any = None) -> Array:
    """The uniform distribution: (n,) masses 1/n, float64 or of the type of array `type_as`."""
    return np.full(n, 1 / n, dtype=None if type_as is None else as_array(type_as, "type_as").dtype)


def given(masses: Any) -> bool:
    """Whether masses were passed: None and the empty list stand for uniform ones."""
    return masses is not None and len(masses) > 0


def float_type(*arrays: Any) -> np.dtype[Any]:
    """The type of results: that of the first array given, if it is float32, else float64."""
    for array in arrays:
        if given(array):
            return np.dtype(np.float32 if np.asarray(array).dtype == np.float32 else np.float64)
    return np.dtype(np.float64)


def as_masses(value: Any, argument: str, count: int) -> Floats:
    """(count,) masses in double."""
    if not given(value):
        return np.full(count, 1 / count)
    masses = as_array(value, argument).astype(np.float64)
    if masses.shape != (count,):
        raise Misuse(f"{argument} must have one mass per point, ({count},); got {masses.shape}")
    return masses


def balanced(a: Floats, b: Floats, check_marginals: bool) -> Floats:
    """b, scaled to a's total; if `check_marginals`, they must agree to 1.5e-6 before."""
    total_a, total_b = a.sum(), b.sum()
    # Not <=, which would let NaN through.
    if check_marginals and not abs(total_a - total_b) <= MASS_TOLERANCE:
        raise Misuse(
            "a and b must have the same sum, to 1.5e-6 (check_marginals=False scales b); "
            f"got {total_a} and {total_b}"
        )
    if total_a == total_b:
        return b
    if not total_b > 0:
        raise Misuse(f"b must have a positive total mass; got {total_b}")
    return np.asarray(b * (total_a / total_b))
