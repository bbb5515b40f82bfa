"""Lower bounds of transport costs between clouds, far cheaper than the costs.

Any plan moves the mean of x to the mean of y, so Jensen's inequality bounds a cost h(x - y), h
convex, by h of the difference of the means. A plan between clouds is one between their images under
a projection, so on unit directions u the cost of transport on a line, which sorting gives, is a
bound too: |x - y| >= |<u, x - y>|. For an orthonormal basis the squared bounds add up, and the
others do after division by sqrt(d), because |v|_2 >= |v|_1 / sqrt(d).

Source: Y. Rubner, C. Tomasi, L. J. Guibas, The Earth Mover's Distance as a metric for image
retrieval, Int. J. Computer Vision 40 (2000) 99-121 (means); S. Cohen, Finding color and shape
patterns in images, PhD thesis, Stanford (1999) (projections).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monge.problem import Cost, parse_cost

Floats = NDArray[np.float64]

#: Of a bound, against the rounding of both the bound and the cost that it is compared with.
MARGIN = 1e-9
BASES = 4


def lower_bounds(clouds: list[Floats], cost: Cost) -> Floats:
    """(N, N): no transport between clouds i and j, of uniform masses, costs less."""
    name, power = parse_cost(cost)
    power = 2.0 if name == "sqeuclidean" else power
    means = np.array([cloud.mean(0) for cloud in clouds])
    bounds = np.zeros((len(clouds), len(clouds)))
    for i, mean in enumerate(means):
        bounds[i] = _of_means(means - mean, name, power)
    if len({cloud.shape for cloud in clouds}) == 1 and name in ("euclidean", "sqeuclidean"):
        for basis in _bases(clouds[0].shape[1]):
            np.maximum(bounds, _of_projections(clouds, basis, power), out=bounds)
    size = max(np.abs(cloud).max() for cloud in clouds)
    floor: Floats = np.maximum(bounds * (1 - MARGIN) - MARGIN * 1e-6 * size**power, 0)
    return floor


def _of_means(differences: Floats, name: str, power: float) -> Floats:
    if name == "cityblock":
        return np.asarray(np.abs(differences).sum(1))
    if name == "chebyshev":
        return np.asarray(np.abs(differences).max(1))
    lengths: Floats = np.linalg.norm(differences, axis=1)
    scaled: Floats = lengths**power
    return scaled


def _bases(dim: int) -> list[Floats]:
    """The axes, and some random orthonormal bases: always the same."""
    rng = np.random.default_rng(0)
    turned = [np.linalg.qr(rng.standard_normal((dim, dim)))[0] for _ in range(BASES - 1)]
    return [np.eye(dim), *turned] if dim <= 16 else []


def _of_projections(clouds: list[Floats], basis: Floats, power: float) -> Floats:
    lines = np.array([np.sort((cloud @ basis).T, axis=1) for cloud in clouds])
    bounds = np.empty((len(clouds), len(clouds)))
    for i in range(len(clouds)):
        ways = np.abs(lines[i:] - lines[i])
        costs = (ways if power == 1 else ways**2).mean(2)  # of each direction of the basis
        joined = costs.sum(1) / (1 if power == 2 else np.sqrt(len(basis)))
        bounds[i, i:] = bounds[i:, i] = np.maximum(joined, costs.max(1))
    return bounds
