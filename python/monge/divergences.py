"""Divergences of histograms, which compare masses bin by bin and know no distance between bins.

What they cannot see is shown in docs/divergences.md: of two measures without common support they
say no more than that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge.problem import as_array

Floats = NDArray[np.float64]

#: The total of a histogram may be off 1 by this much; it is then scaled.
MASS_TOLERANCE = 1e-6


def total_variation(p: ArrayLike, q: ArrayLike) -> Any:
    """The total variation distance, sum |p_k - q_k| / 2: the mass by which two histograms differ.

    Parameters
    ----------
    p, q : (k,) arrays, or (..., k) for several pairs
        Non-negative masses of total 1 (within 1e-6; they are scaled to 1).

    Returns
    -------
    float, or (...) array
        From 0 to 1; 1 exactly where no bin has mass in both.

    Raises
    ------
    ValueError, TypeError
        For wrong shapes, types, negative or infinite masses, or totals other than 1.
    """
    left, right = _histograms(p, q)
    return _number(np.minimum(0.5 * np.abs(left - right).sum(axis=-1), 1))


def kullback_leibler(p: ArrayLike, q: ArrayLike) -> Any:
    """The Kullback-Leibler divergence KL(p | q) = sum p_k log(p_k / q_k), natural logarithm.

    A bin with p_k = 0 contributes 0. If p has mass in a bin where q has none, it is inf.

    Parameters as for `total_variation`: `p` and `q`.

    Returns
    -------
    float, or (...) array
        From 0 to inf.
    """
    left, right = _histograms(p, q)
    return _number(relative_entropy(left, right))


def jensen_shannon(p: ArrayLike, q: ArrayLike) -> Any:
    """The Jensen-Shannon divergence (KL(p | m) + KL(q | m)) / 2 with m = (p + q) / 2.

    Natural logarithm. Its square root is a metric, `scipy.spatial.distance.jensenshannon`.

    Parameters as for `total_variation`: `p` and `q`.

    Returns
    -------
    float, or (...) array
        From 0 to log 2; log 2 exactly where no bin has mass in both.
    """
    left, right = _histograms(p, q)
    middle = 0.5 * left + 0.5 * right
    value = 0.5 * relative_entropy(left, middle) + 0.5 * relative_entropy(right, middle)
    return _number(np.minimum(value, np.log(2)))


def relative_entropy(p: Floats, q: Floats) -> Floats:
    """sum p log(p / q) - p + q over the last axis, of terms >= 0 that do not cancel."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (p - q) / q
        logarithm = np.where(np.abs(ratio) < 0.5, np.log1p(ratio), np.log(p) - np.log(q))
        terms = np.where(p > 0, p * logarithm - (p - q), q)
    terms = np.where((p > 0) & (q == 0), np.inf, terms)
    return np.asarray(np.maximum(terms.sum(axis=-1), 0))


def _histograms(p: Any, q: Any) -> tuple[Floats, Floats]:
    left, right = _histogram(p, "p"), _histogram(q, "q")
    if left.shape != right.shape:
        raise ValueError(f"q must have the shape of p, {left.shape}; got shape {right.shape}")
    return left, right


def _histogram(value: Any, argument: str) -> Floats:
    masses = np.asarray(as_array(value, argument), dtype=np.float64)
    if masses.ndim == 0 or masses.shape[-1] == 0:
        raise ValueError(f"{argument} must have shape (..., k), k >= 1; got shape {masses.shape}")
    if not (np.isfinite(masses).all() and (masses >= 0).all()):
        wrong = masses[~(np.isfinite(masses) & (masses >= 0))][0]
        raise ValueError(f"{argument} must have finite masses >= 0; got {wrong:.10g}")
    totals = masses.sum(axis=-1, keepdims=True)
    wrong_total = totals[np.abs(totals - 1) > MASS_TOLERANCE]
    if wrong_total.size:
        raise ValueError(
            f"{argument} must have total mass 1 within {MASS_TOLERANCE:g}; "
            f"got {float(wrong_total[0])!r} (divide a histogram of counts by its sum)"
        )
    return np.asarray(masses / totals)


def _number(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value
