"""A transport map, such as a generator, held against the optimal one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monge.critics.functions import Points, evaluation, modules_of
from monge.critics.ground import Ground
from monge.critics.report import Report
from monge.critics.validate import cosine, proved
from monge.problem import Cost

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MapScore(Report):
    """Of one map: L2-UVP in percent, cosine of displacements, transport cost."""

    uvp: float
    cosine: float | None
    cost: float


@dataclass(frozen=True)
class MapReport(Report):
    """A map G from x towards y, held against the optimal map T.

    Attributes
    ----------
    uvp : float
        L2-UVP: 100 E |G(x) - T(x)|^2 / Var(y), in percent, Var the total variance. 0 for the
        optimal map, 100 for the constant one.
    cosine : float or None
        Between the displacements G(x) - x and T(x) - x, all points as one long vector; None where
        nothing moves.
    transport_cost, optimal_cost : float
        E c(x, G(x)), and the least cost of moving the batch x onto y.
    image_cost : float
        The least cost of moving G(x) onto y: whether G reaches y at all.
    identity, constant, linear : MapScore
        The same scores of x itself, of the mean of y, and of the optimal map between Gaussians of
        the two batches' means and covariances. Where a baseline is as good, the map has learnt
        nothing that needs it.
    against : str
        "true map", or "discrete map": T is the barycentric map of the exact plan between the
        batches, whose own noise is that of sampling.
    n, m, dimension : int
    ground_cost : str
    """

    uvp: float
    cosine: float | None
    transport_cost: float
    optimal_cost: float
    image_cost: float
    identity: MapScore
    constant: MapScore
    linear: MapScore
    against: str
    n: int
    m: int
    dimension: int
    ground_cost: str

    def __str__(self) -> str:
        """The report as a table."""
        own = MapScore(self.uvp, self.cosine, self.transport_cost)
        scores = {"map": own, **{name: getattr(self, name) for name in BASELINES}}
        lines = [f"{'':<12}{'L2-UVP %':>12}{'cosine':>10}{'cost':>12}"]
        for name, score in scores.items():
            angle = "-" if score.cosine is None else f"{score.cosine:.4f}"
            lines.append(f"{name:<12}{score.uvp:>12.4g}{angle:>10}{score.cost:>12.6g}")
        lines.append(f"{'optimal':<12}{0:>12}{1:>10}{self.optimal_cost:>12.6g}")
        lines.append(f"cost of moving the map's image onto y: {self.image_cost:.6g}")
        lines.append(f"against the {self.against}; {self.n} to {self.m} points, {self.ground_cost}")
        return "\n".join(lines)


BASELINES = ("identity", "constant", "linear")


def validate_map(
    transport: Callable[[Any], Any],
    x: Any,
    y: Any,
    *,
    cost: Cost = "sqeuclidean",
    scale: float = 1.0,
    true_map: Callable[[Any], Any] | None = None,
    threads: int | None = None,
) -> MapReport:
    """Hold a map of points, `transport`, against the optimal map from x to y.

    Parameters
    ----------
    transport
        A function of points (n, d) to points (n, d), of arrays or tensors as x is; torch modules
        get tensors of their own type, in evaluation mode.
    x, y : (n, d) and (m, d) arrays or tensors
        Samples of source and target; (n, ...) are flattened for the cost.
    cost, scale, threads
        As for `validate`.
    true_map : function of points, optional
        The optimal map if it is known. Default: the discrete one of the exact plan, whose sampling
        noise limits what can be told.

    Returns
    -------
    MapReport

    Notes
    -----
    Two exact solves. Source: A. Korotin et al., Do Neural Optimal Transport Solvers Work?
    A Continuous Wasserstein-2 Benchmark (NeurIPS 2021).
    """
    for argument, function in (("transport", transport), ("true_map", true_map)):
        if not callable(function) and not (argument == "true_map" and function is None):
            raise TypeError(
                f"{argument} must be a function of points; got {type(function).__name__}"
            )
    ground = Ground.parse(cost, scale)
    left, right = Points(x, "x"), Points(y, "y")
    if left.shape != right.shape:
        raise ValueError(f"y must have points of x's shape, {left.shape}; got {right.shape}")
    variance = float(right.array.var(axis=0).sum())
    if variance == 0:
        raise ValueError("y must not be one point: L2-UVP is relative to its variance")
    with evaluation(transport, true_map):
        image = _apply(transport, left, "transport")
        known = None if true_map is None else _apply(true_map, left, "true_map")
    solution = proved(left.array, right.array, ground, threads)
    optimal = solution.barycentric_map() if known is None else known
    baselines = {
        "identity": left.array,
        "constant": np.broadcast_to(right.array.mean(axis=0), left.array.shape),
        "linear": linear_map(left.array, right.array),
    }
    own, *others = (
        _score(one, optimal, left.array, variance, ground) for one in (image, *baselines.values())
    )
    return MapReport(
        uvp=own.uvp,
        cosine=own.cosine,
        transport_cost=own.cost,
        optimal_cost=ground.scale * solution.cost,
        image_cost=ground.scale * proved(image, right.array, ground, threads).cost,
        **dict(zip(baselines, others, strict=True)),
        against="discrete map" if known is None else "true map",
        n=len(left.array),
        m=len(right.array),
        dimension=left.array.shape[1],
        ground_cost=str(ground),
    )


def linear_map(x: Floats, y: Floats) -> Floats:
    """x under the optimal map between Gaussians of the means and covariances of x and y.

    T(x) = m_y + A (x - m_x), A = S_x^-1/2 (S_x^1/2 S_y S_x^1/2)^1/2 S_x^-1/2; inverses are
    pseudo-inverses. Source: D. C. Dowson and B. V. Landau, The Frechet distance between
    multivariate normal distributions, J. Multivariate Anal. 12 (1982).
    """
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    x_covariance, y_covariance = (np.atleast_2d(np.cov(s, rowvar=False, bias=True)) for s in (x, y))
    half = _power(x_covariance, 0.5)
    inverse = _power(x_covariance, -0.5)
    matrix = inverse @ _power(half @ y_covariance @ half, 0.5) @ inverse
    return np.asarray(y_mean + (x - x_mean) @ matrix)


def _power(matrix: Floats, power: float) -> Floats:
    """A power of a symmetric matrix without negative eigenvalues, 0 staying 0."""
    values, vectors = np.linalg.eigh(matrix)
    held = values > 1e-12 * max(float(values.max()), 0.0)
    powers = np.where(held, np.where(held, values, 1) ** power, 0)
    return np.asarray((vectors * powers) @ vectors.T)


def _score(image: Floats, optimal: Floats, x: Floats, variance: float, ground: Ground) -> MapScore:
    error = float(np.square(image - optimal).sum(axis=1).mean())
    cost = float(ground.between(x, image).mean())
    return MapScore(100 * error / variance, cosine(image - x, optimal - x), cost)


def _apply(function: Callable[[Any], Any], points: Points, argument: str) -> Floats:
    shaped: Any = points.array.reshape(len(points.array), *points.shape)
    like = next((p for one in modules_of(function) for p in one.parameters()), points.tensor)
    if like is None:
        image = np.asarray(function(shaped), dtype=np.float64)
    else:
        torch = sys.modules["torch"]
        with torch.no_grad():
            result = function(torch.as_tensor(shaped).to(device=like.device, dtype=like.dtype))
            image = torch.as_tensor(result).double().cpu().numpy()
    if image.shape != shaped.shape or not np.isfinite(image).all():
        raise ValueError(
            f"{argument} must return finite points of shape {shaped.shape}; got shape {image.shape}"
        )
    return np.ascontiguousarray(image.reshape(points.array.shape))
