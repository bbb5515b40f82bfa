"""Transport rays: the optimal plan for Euclidean cost that is monotone along each of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monge import _core
from monge.problem import cloud_problem
from monge.solution import ATTAINED, Plan, Solution

Floats = NDArray[np.float64]
Groups = NDArray[np.intp]

#: Lines are the same if their directions and offsets agree to this, relative to the clouds' size.
SAME_LINE = 1e-9
#: The plan must cost what the solution says, so that its cost is the Euclidean one.
SAME_COST = 1e-9


def ray_monotone_plan(solution: Solution) -> Plan:
    """Rearrange an optimal plan for Euclidean cost monotonically along its transport rays.

    For the cost |x - y|, mass that moves along one line in one direction may change places at no
    cost, so optimal plans are many. Of those with the same rays, this is the one in which no mass
    overtakes another: on each ray the sources, from the left, go to the targets, from the left.

    Parameters
    ----------
    solution : Solution
        Between point clouds, of cost "euclidean", optimal.

    Returns
    -------
    Plan
        Same marginals and, up to rounding, same cost. Rows may be split among several targets where
        masses differ; between clouds of equal size and masses, a permutation stays one.

    Raises
    ------
    ValueError
        For a solution of a cost matrix, of another cost, or without an optimal plan.

    Notes
    -----
    Moves belong to one ray if direction and line agree within 1e-9, relative to the size of the
    clouds; mass that stays where it is takes part in the ray that passes over it, if there is one.
    `dataclasses.replace(solution, plan=ray_monotone_plan(solution)).barycentric_map()` is the map.
    O(k log k) for k triplets, and O(s r) for s triplets that stay and r rays with several.

    Source: L. A. Caffarelli, M. Feldman and R. J. McCann, Constructing optimal maps for Monge's
    transport problem as a limit of strictly convex costs, J. Amer. Math. Soc. 15 (2002) 1-26; on a
    ray the monotone map, Villani, Topics in Optimal Transportation (2003), theorem 2.18.
    """
    if solution.x is None or solution.y is None:
        raise ValueError("solution must be one between point clouds; got one of a cost matrix")
    plan = solution.plan
    origin = solution.x[0].astype(np.float64)
    tails, heads = solution.x[plan.rows] - origin, solution.y[plan.cols] - origin
    steps = heads - tails
    lengths = np.linalg.norm(steps, axis=1)
    cost = float(plan.mass @ lengths)
    same = abs(cost - solution.cost) <= SAME_COST * max(cost, abs(solution.cost))
    if solution.status not in ATTAINED or not same:
        raise ValueError(
            f'solution must be an optimal one of cost "euclidean"; got status {solution.status!r}, '
            f"cost {solution.cost:.10g}, where its moves have Euclidean cost {cost:.10g}"
        )
    size = float(max(np.abs(tails).max(), np.abs(heads).max()))
    moving = lengths > SAME_LINE * size
    groups = _rays(tails, heads, lengths, moving, size)

    alone = groups < 0
    pieces = [(plan.rows[alone], plan.cols[alone], plan.mass[alone])]
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-2))
    for members in np.split(order, starts[1:]):
        if groups[members[0]] < 0:
            continue
        first = members[np.argmax(lengths[members])]
        direction = steps[first] / lengths[first]
        pieces.append(_monotone(plan, members, tails @ direction, heads @ direction))
    rows, cols, mass = (np.concatenate(part) for part in zip(*pieces, strict=True))
    return Plan(rows, cols, mass, plan.shape)


def _rays(
    tails: Floats, heads: Floats, lengths: Floats, moving: NDArray[np.bool_], size: float
) -> Groups:
    """The ray of each move, -1 for those that are alone on theirs."""
    groups = np.full(len(tails), -1, dtype=np.intp)
    index = np.flatnonzero(moving)
    direction = (heads[index] - tails[index]) / lengths[index, None]
    along = np.einsum("ij,ij->i", tails[index], direction)
    foot = (tails[index] - along[:, None] * direction) / size
    groups[index] = _clusters(np.hstack([direction, foot]))
    members = np.bincount(groups[index], minlength=1) if len(index) else np.zeros(1, dtype=int)

    # What stays joins the first ray that passes over it.
    still = np.flatnonzero(~moving)
    for ray in np.unique(groups[index]) if len(still) else ():
        of_ray = index[groups[index] == ray]
        longest = of_ray[np.argmax(lengths[of_ray])]
        u = (heads[longest] - tails[longest]) / lengths[longest]
        free = still[groups[still] < 0]
        at = tails[free] @ u
        off = np.linalg.norm(
            tails[free] - tails[longest] - np.outer(at - tails[longest] @ u, u), axis=1
        )
        within = (at >= (tails[of_ray] @ u).min()) & (at <= (heads[of_ray] @ u).max())
        joined = free[within & (off <= SAME_LINE * size)]
        groups[joined] = ray
        members[ray] += len(joined)
    alone = (groups >= 0) & (members[groups] == 1)
    groups[alone] = -1
    return groups


def _clusters(points: Floats) -> Groups:
    """Labels of points that are the same within SAME_LINE, by a sweep along a generic direction."""
    count = len(points)
    labels = np.full(count, -1, dtype=np.intp)
    generic = np.random.default_rng(0).standard_normal(points.shape[1])
    position = points @ (generic / np.linalg.norm(generic))
    order = np.argsort(position, kind="stable")
    reach = SAME_LINE * 2 * np.sqrt(points.shape[1])
    cuts = np.flatnonzero(np.diff(position[order]) > reach) + 1
    label = 0
    for run in np.split(order, cuts):
        rest = run
        while len(rest):
            same = np.abs(points[rest] - points[rest[0]]).max(axis=1) <= SAME_LINE * 2
            labels[rest[same]] = label
            label += 1
            rest = rest[~same]
    return labels


def _monotone(
    plan: Plan, members: Groups, tails: Floats, heads: Floats
) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats]:
    """The monotone plan of the moves of one ray, given their places along it."""
    sources, source = np.unique(plan.rows[members], return_inverse=True)
    targets, target = np.unique(plan.cols[members], return_inverse=True)
    u, v = np.empty(len(sources)), np.empty(len(targets))
    u[source], v[target] = tails[members], heads[members]
    a = np.bincount(source, plan.mass[members])
    b = np.bincount(target, plan.mass[members])
    problem = cloud_problem(u[:, None], v[:, None], a, b, "euclidean")
    (solved,) = _core.solve([problem], "sorting_1d", {}, 0.0, 1, None, None)
    rows, cols, mass, _, _ = solved.take_arrays()
    return sources[rows], targets[cols], mass
