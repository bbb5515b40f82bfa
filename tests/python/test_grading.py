"""The grade that the other tests rely on fails whatever is wrong with a solution."""

import dataclasses

import monge
import numpy as np
import pytest
from grading import assignment_reference, cloud_reference, dense_reference, grade, ground_costs

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 12, 3))
REFERENCE = cloud_reference(X, Y)
SOLUTION = monge.solve(X, Y)


def read_only(array):
    array.setflags(write=False)
    return array


def with_plan(**changes):
    arrays = {name: read_only(np.array(value)) for name, value in changes.items()}
    return dataclasses.replace(SOLUTION, plan=dataclasses.replace(SOLUTION.plan, **arrays))


def changed(array, index, value):
    array = array.copy()
    array[index] = value
    return read_only(array)


PLAN = SOLUTION.plan
WRONG = {
    "cost": lambda: dataclasses.replace(SOLUTION, cost=SOLUTION.cost * (1 + 1e-11)),
    "lower bound": lambda: dataclasses.replace(SOLUTION, lower_bound=SOLUTION.cost * (1 - 1e-11)),
    "gap": lambda: dataclasses.replace(SOLUTION, gap=1e-15),
    "relative gap": lambda: dataclasses.replace(SOLUTION, relative_gap=1e-10),
    "marginal error": lambda: dataclasses.replace(SOLUTION, marginal_error=1e-9),
    "status": lambda: dataclasses.replace(SOLUTION, status="time_limit"),
    "solver": lambda: dataclasses.replace(SOLUTION, solver="somebody"),
    "infeasible f": lambda: dataclasses.replace(
        SOLUTION, f=changed(SOLUTION.f, 3, SOLUTION.f[3] + 1e-9)
    ),
    "infeasible g": lambda: dataclasses.replace(
        SOLUTION, g=changed(SOLUTION.g, 3, SOLUTION.g[3] + 1e-9)
    ),
    "loose potentials": lambda: dataclasses.replace(
        SOLUTION, f=changed(SOLUTION.f, 3, SOLUTION.f[3] - 1e-9)
    ),
    "potentials that are not centred": lambda: dataclasses.replace(
        SOLUTION, f=read_only(SOLUTION.f + 1), g=read_only(SOLUTION.g - 1)
    ),
    "nan": lambda: dataclasses.replace(SOLUTION, f=changed(SOLUTION.f, 0, np.nan)),
    "negative mass": lambda: with_plan(
        rows=[*PLAN.rows, 0], cols=[*PLAN.cols, 0], mass=[*PLAN.mass, -1e-13]
    ),
    "a cell twice": lambda: with_plan(
        rows=[*PLAN.rows, PLAN.rows[0]], cols=[*PLAN.cols, PLAN.cols[0]], mass=[*PLAN.mass, 0.0]
    ),
    "lost mass": lambda: with_plan(mass=changed(PLAN.mass, 0, PLAN.mass[0] - 1e-11)),
    "many to one": lambda: with_plan(cols=changed(PLAN.cols, 0, PLAN.cols[1])),
    "a row out of range": lambda: with_plan(rows=changed(PLAN.rows, 0, 12)),
    "a column out of range": lambda: with_plan(cols=changed(PLAN.cols, 0, -1)),
    "int64 indices": lambda: with_plan(rows=PLAN.rows.astype(np.int64)),
}


def test_the_right_solution_passes():
    grade(SOLUTION, REFERENCE)


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_anything_wrong_is_noticed(wrong):
    with pytest.raises(AssertionError):
        grade(wrong(), REFERENCE)


def test_another_permutation_is_noticed():
    """A plan that is consistent in itself, but not optimal, with its true bound and gap."""
    cols = np.roll(PLAN.cols, 1)
    cost = float(np.sum(PLAN.mass * REFERENCE.costs[PLAN.rows, cols]))
    gap = cost - SOLUTION.lower_bound
    worse = dataclasses.replace(
        with_plan(cols=cols), cost=cost, gap=gap, relative_gap=gap / cost, status="time_limit"
    )
    grade(worse, REFERENCE, proved=False)
    with pytest.raises(AssertionError):
        grade(dataclasses.replace(worse, status="optimal"), REFERENCE)


def test_another_problem_is_noticed():
    with pytest.raises(AssertionError):
        grade(SOLUTION, cloud_reference(X, Y, cost="cityblock"))
    with pytest.raises(AssertionError):
        grade(SOLUTION, cloud_reference(Y, X))
    with pytest.raises(AssertionError):
        grade(SOLUTION, assignment_reference(REFERENCE.costs))
    grade(SOLUTION, dense_reference(ground_costs(X, Y, ("euclidean_power", 1))))


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        ("euclidean", 5),
        ("sqeuclidean", 25),
        ("cityblock", 7),
        ("chebyshev", 4),
        (("euclidean_power", 3), 125),
    ],
    ids=str,
)
def test_ground_costs_by_hand(cost, expected):
    assert ground_costs([[1, 1]], [[4, -3]], cost) == pytest.approx(expected, rel=1e-15)
