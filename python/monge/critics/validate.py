"""The measurements behind a `CriticReport`.

Problem. A Wasserstein critic's loss is read as a distance, but it is one only if the critic is an
optimal pair of potentials, which nothing in training guarantees. Between two batches the truth can
be computed exactly, so every claim can be checked.

The certified bound. For any phi, psi_j = min_i (c_ij - phi_i) makes (phi, psi) feasible for the
dual of transport, whatever phi is; weak duality bounds the exact cost from below. phi is centred
first, in double precision: any perturbation of phi is as good a phi, so centring costs no rigour
and keeps a large common offset from eating the digits. What is left is the rounding of c_ij - phi_i
and of the means, which `rounding` bounds: with u = 2^-53,
(d + 16) u (2 max |phi| + mean |psi| + exact), the term d for costs summed over d coordinates.

References. A. Mallasto, G. Montufar, A. Gerolin, How Well Do WGANs Estimate the Wasserstein Metric?
(2019), for the c-transform of batches; J. Leygonie et al., Adversarial Computation of Optimal
Transport Maps (2019), for the c-equality; A. Korotin et al., Do Neural Optimal Transport Solvers
Work? (NeurIPS 2021), for the aggregated cosine.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monge.critics.functions import Points, Potentials, evaluation
from monge.critics.ground import Ground
from monge.critics.report import CriticReport, Percentiles, Violations
from monge.problem import Cost, whole_number
from monge.solution import ATTAINED, NotOptimal, Solution
from monge.solve import solve
from monge.transforms import c_transform

Floats = NDArray[np.float64]

#: Pairs of points over which Lipschitz ratios are taken; beyond, as many random ones.
LIPSCHITZ_PAIRS = 100_000


def validate(
    critic: Any,
    x: Any,
    y: Any,
    *,
    cost: Cost,
    scale: float = 1.0,
    reference: Any = None,
    bootstrap: int = 20,
    seed: int = 0,
    threads: int | None = None,
) -> CriticReport:
    """Hold a critic against exact transport between the batches x (generated) and y (real).

    Parameters
    ----------
    critic
        A pair (phi, psi) of functions, or an object with methods `phi` and `psi`; or a function of
        two batches, critic(x, y) -> (phi_i, psi_j); or a pair of arrays (phi_i, psi_j), continued
        beyond the batch by their c-transforms; or one function f of points. One function
        stands for phi = f, psi = -f where the cost is a metric (the 1-Wasserstein critic, high on
        *generated* points: pass `lambda p: -critic(p)` for one that is high on real points), and
        for phi = f with its c-transform over the batch where it is not. Functions get what x is,
        tensors or float64 arrays, and return (n,) or (n, 1); torch modules get tensors of their own
        type and device, and are in evaluation mode meanwhile.
    x, y : (n, d) and (m, d) arrays or tensors
        Points; (n, ...) are flattened for the cost.
    cost : str or ("euclidean_power", p)
        The ground cost, as for `monge.emd`.
    scale : float
        The ground cost is `scale` times `cost`: 0.5 with "sqeuclidean" for |x - y|^2 / 2.
    reference : (k, d) array or tensor, optional
        A second real sample, for the floor. As many points as x make it comparable.
    bootstrap : int
        Random splits of the pooled real samples that give the floor's standard deviation; without
        repetition, because repeated points would lower the cost. 0: none.
    seed : int
        Of the points between x and y, the splits and sampled pairs.
    threads : int, optional
        As for `monge.emd`.

    Returns
    -------
    CriticReport

    Raises
    ------
    ValueError, TypeError
        For wrong shapes, types or values, of points or of what the critic returns.
    NotOptimal
        If the exact cost could not be proved.

    Notes
    -----
    One exact solve, `bootstrap` + 1 more with a reference, and O((n + m)^2 d) for the pairs;
    memory O((n + m) d) beyond blocks of bounded size.
    """
    ground = Ground.parse(cost, scale)
    whole_number(bootstrap, "bootstrap", 0)
    whole_number(seed, "seed", 0)
    left, right = Points(x, "x"), Points(y, "y")
    second = None if reference is None else Points(reference, "reference")
    if second is not None and second.shape != right.shape:
        raise ValueError(
            f"reference must have points of y's shape, {right.shape}; got {second.shape}"
        )
    random = np.random.default_rng(seed)
    with evaluation(critic):
        potentials = Potentials(critic, left, right, ground)
        return _measure(potentials, left, right, second, ground, bootstrap, random, threads)


def _measure(
    potentials: Potentials,
    x: Points,
    y: Points,
    reference: Points | None,
    ground: Ground,
    bootstrap: int,
    random: np.random.Generator,
    threads: int | None,
) -> CriticReport:
    phi, psi = potentials.phi(x.array), potentials.psi(y.array)
    solution = proved(x.array, y.array, ground, threads)
    exact = ground.scale * solution.cost
    estimate = math.fsum(phi) / len(phi) + math.fsum(psi) / len(psi)
    certified, size = certify(phi, psi, x.array, y.array, ground, threads)
    trivial, _ = certify(0 * phi, 0 * psi, x.array, y.array, ground, threads)
    floor, floor_sd = _floor(y, reference, ground, bootstrap, random, threads)
    between, beyond = _interpolates(x.array, y.array, random)
    slopes = potentials.gradient(x.array)
    between_slopes = potentials.gradient(between)
    cosines = _cosines(x.array, slopes, solution, ground)
    differences = "none" if slopes is None else "differences"
    return CriticReport(
        estimate=estimate,
        exact=exact,
        relative_error=_relative(estimate - exact, exact),
        certified=certified,
        gap=exact - certified,
        rounding=(x.array.shape[1] + 16) * 2.0**-53 * (size + exact),
        trivial=trivial,
        floor=floor,
        floor_sd=floor_sd,
        displacement_over_floor=exact / floor if floor else None,
        violations=_violations(potentials, phi, psi, x.array, y.array, ground),
        interpolated_violations=_violations(
            potentials, potentials.phi(between), potentials.psi(beyond), between, beyond, ground
        ),
        lipschitz=_lipschitz(potentials, x.array, y.array, ground, random),
        gradient_norm=None
        if between_slopes is None
        else Percentiles.of(np.linalg.norm(between_slopes, axis=1)),
        cosine=cosines[0],
        cosine_mean=cosines[1],
        equality_residual=_equality(potentials, x.array, slopes, phi, ground),
        slackness=_slackness(phi, psi, x.array, y.array, solution, ground),
        gradient_of="autograd" if potentials.differentiates else differences,
        n=len(phi),
        m=len(psi),
        dimension=x.array.shape[1],
        cost=str(ground),
        notes=_notes(estimate, exact, certified, trivial, floor),
        _scene=(potentials, x, y, solution, ground),
    )


def proved(x: Floats, y: Floats, ground: Ground, threads: int | None) -> Solution:
    """The exact solution, without the scale; raises NotOptimal."""
    solution: Solution = solve(x, y, cost=ground.cost, threads=threads)
    if solution.status not in ATTAINED:
        raise NotOptimal(solution)
    return solution


def certify(
    phi: Floats, psi: Floats, x: Floats, y: Floats, ground: Ground, threads: int | None
) -> tuple[float, float]:
    """The lower bound that any phi (n,) and psi (m,) prove, and the size its rounding goes by."""
    best, size = -math.inf, 0.0
    for values, here, there in ((phi, x, y), (psi, y, x)):
        centred = (values - (values.min() / 2 + values.max() / 2)) / ground.scale
        other, _ = c_transform(centred, there, here, cost=ground.cost, threads=threads)
        bound = math.fsum(centred) / len(centred) + math.fsum(other) / len(other)
        best = max(best, ground.scale * bound)
        reach = 2 * np.abs(centred).max() + np.abs(other).mean()
        size = max(size, ground.scale * float(reach))
    return best, size


def _relative(error: float, exact: float) -> float:
    if error == 0:
        return 0.0
    return error / exact if exact != 0 else math.copysign(math.inf, error)


def _floor(
    y: Points,
    reference: Points | None,
    ground: Ground,
    bootstrap: int,
    random: np.random.Generator,
    threads: int | None,
) -> tuple[float | None, float | None]:
    if reference is None:
        return None, None
    value = ground.scale * proved(reference.array, y.array, ground, threads).cost
    pooled = np.concatenate([reference.array, y.array])
    costs = []
    for _ in range(bootstrap):
        order = random.permutation(len(pooled))
        first, second = np.split(pooled[order], [len(reference.array)])
        costs.append(ground.scale * proved(first, second, ground, threads).cost)
    return value, float(np.std(costs, ddof=1)) if bootstrap > 1 else None


def _interpolates(x: Floats, y: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Two independent sets of points between random x_i and y_j."""
    count = max(len(x), len(y))
    sets = []
    for _ in range(2):
        shares = random.random((count, 1))
        ends = [side[random.integers(len(side), size=count)] for side in (x, y)]
        sets.append(shares * ends[0] + (1 - shares) * ends[1])
    return sets[0], sets[1]


def _violations(
    potentials: Potentials, phi: Floats, psi: Floats, x: Floats, y: Floats, ground: Ground
) -> Violations:
    tolerance = 64 * potentials.rounding * float(np.abs(phi).max() + np.abs(psi).max())
    largest, total, count = 0.0, 0.0, 0
    for rows, costs in ground.rows(x, y):
        excess = np.maximum(phi[rows, None] + psi - costs, 0)
        largest = max(largest, float(excess.max()))
        total += float(excess.sum())
        count += int((excess > tolerance).sum())
    pairs = len(phi) * len(psi)
    return Violations(largest, total / pairs, count / pairs, tolerance)


def _lipschitz(
    potentials: Potentials, x: Floats, y: Floats, ground: Ground, random: np.random.Generator
) -> Percentiles | None:
    points = np.concatenate([x, y])
    phi = potentials.phi(points)
    n = len(points)
    if n * (n - 1) // 2 <= LIPSCHITZ_PAIRS:
        first, second = np.triu_indices(n, 1)
    else:
        first, second = random.integers(n, size=(2, LIPSCHITZ_PAIRS))
    metric = ground if ground.is_metric else Ground("euclidean", 1.0, 1.0)
    ratios = []
    step = max(1, (1 << 21) // points.shape[1])
    for begin in range(0, len(first), step):
        here, there = first[begin : begin + step], second[begin : begin + step]
        distance = metric.between(points[here], points[there])
        apart = distance > 0
        ratios.append(np.abs(phi[here] - phi[there])[apart] / distance[apart])
    return Percentiles.of(np.concatenate(ratios)) if ratios else None


def _cosines(
    x: Floats, slopes: Floats | None, solution: Solution, ground: Ground
) -> tuple[float | None, float | None]:
    if slopes is None or not ground.is_euclidean:
        return None, None
    ways = solution.barycentric_map() - x
    return cosine(-slopes, ways), mean_cosine(-slopes, ways)


def cosine(u: Floats, v: Floats) -> float | None:
    """<u, v> / (|u| |v|) of all rows as one vector; None where one is 0."""
    lengths = float(np.linalg.norm(u)) * float(np.linalg.norm(v))
    return float((u * v).sum()) / lengths if lengths > 0 else None


def mean_cosine(u: Floats, v: Floats) -> float | None:
    """The mean over rows of the cosine; rows that do not move are left out."""
    lengths = np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1)
    moving = lengths > 0
    if not moving.any():
        return None
    return float(((u * v).sum(axis=1)[moving] / lengths[moving]).mean())


def _equality(
    potentials: Potentials, x: Floats, slopes: Floats | None, phi: Floats, ground: Ground
) -> float | None:
    images = None if slopes is None else ground.map_of_gradient(x, slopes)
    if images is None or not np.isfinite(images).all():
        return None
    residual = phi + potentials.psi(images) - ground.between(x, images)
    return float(np.sqrt(np.square(residual).mean()))


def _slackness(
    phi: Floats, psi: Floats, x: Floats, y: Floats, solution: Solution, ground: Ground
) -> float:
    rows, cols, mass = solution.plan.rows, solution.plan.cols, solution.plan.mass
    slack = ground.between(x[rows], y[cols]) - phi[rows] - psi[cols]
    return float(np.sqrt((mass * np.square(slack)).sum() / mass.sum()))


def _notes(
    estimate: float, exact: float, certified: float, trivial: float, floor: float | None
) -> tuple[str, ...]:
    notes = []
    if estimate < 0:
        notes.append(
            "the estimate is negative: if the critic is high on real points, pass its negative"
        )
    if certified <= trivial:
        notes.append("the critic proves no more than no critic would")
    if floor is not None and exact <= 1.5 * floor:
        notes.append("x is about as near to y as real points are: directions are noise")
    return tuple(notes)
