"""Who takes part: monge, and the packages whose exact solvers can be called from Python.

A contender turns a problem into its answer: the column of each row where it solves assignments, the
cost where it solves transports, or what has it as `.cost`. Peers that solve assignments get a cost
matrix made from the clouds; making it is timed, as it is what their user has to do.

Left out, having been measured: linear programs (SciPy's HiGHS) and OR-Tools' minimum cost flow,
which take over ten times as long as POT; entropic solvers, which are not exact; lap.lapjv, lapjv in
double and fastlap's other methods, which others of the same package beat on every problem here.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from peers.problems import Array, Batch, Problem

#: For each problem the columns of an assignment, or the cost of a transport.
Answer = Sequence[Any]
Solver = Callable[[Batch], Answer]
OneSolver = Callable[[Problem], Any]


@dataclass(frozen=True)
class Contender:
    name: str
    module: str
    distribution: str
    serves: Callable[[Problem], bool]
    make: Callable[[], Solver]
    usual: bool = True  #: else seldom the best: takes part when asked for

    def is_installed(self) -> bool:
        return importlib.util.find_spec(self.module) is not None

    def version(self) -> str:
        return importlib.metadata.version(self.distribution)


def _monge() -> Solver:
    import monge

    def solve(batch: Batch) -> Answer:
        if len(batch) > 1:
            x, y = ([getattr(problem, axis) for problem in batch] for axis in "xy")
            return list(monge.emd(x, y, cost=batch[0].cost))
        (problem,) = batch
        if problem.cost_matrix is None:
            return [monge.solve(problem.x, problem.y, problem.a, problem.b, cost=problem.cost)]
        if problem.is_assignment:
            return [monge.linear_sum_assignment(problem.cost_matrix)[1]]
        return [monge.solve_cost(problem.cost_matrix, problem.a, problem.b)]

    return solve


def _each(one: OneSolver) -> Solver:
    return lambda batch: [one(problem) for problem in batch]


def _scipy() -> Solver:
    from scipy.optimize import linear_sum_assignment

    return _each(lambda problem: linear_sum_assignment(problem.matrix())[1])


def _lapx(method: str, column: int, dtype: type) -> Callable[[], Solver]:
    def make() -> Solver:
        import lap

        run = getattr(lap, method)

        def one(problem: Problem) -> Array:
            costs = problem.matrix().astype(dtype, copy=False)
            return np.asarray(run(costs, return_cost=False)[column])

        return _each(one)

    return make


def _fastlap(method: str) -> Callable[[], Solver]:
    def make() -> Solver:
        import fastlap

        return _each(lambda problem: np.asarray(fastlap.solve_lap(problem.matrix(), method)[1]))

    return make


def _lapjv() -> Solver:
    import lapjv

    return _each(lambda problem: np.asarray(lapjv.lapjv(problem.matrix())[0]))


def _ortools() -> Solver:
    from ortools.graph.python import linear_sum_assignment

    def one(problem: Problem) -> Array:
        costs = problem.matrix()
        n = len(costs)
        # It takes integers: nine digits.
        whole = np.rint(costs * (1e9 / costs.max())).astype(np.int64).ravel()
        rows = np.arange(n, dtype=np.int32)
        graph = linear_sum_assignment.SimpleLinearSumAssignment()
        graph.add_arcs_with_cost(np.repeat(rows, n), np.tile(rows, n), whole)
        if graph.solve() != graph.OPTIMAL:
            raise RuntimeError("not optimal")
        return np.array([graph.right_mate(row) for row in range(n)])

    return _each(one)


NO_LIMIT = 10**9  # iterations


def _pot() -> Solver:
    import ot

    return _each(
        lambda problem: float(ot.emd2(*problem.masses, problem.matrix(), numItermax=NO_LIMIT))
    )


def _pot_lazy() -> Solver:
    import ot

    def one(problem: Problem) -> float:
        x, y = (cloud.astype(np.float64) for cloud in (problem.x, problem.y))
        settings: dict[str, Any] = {"metric": problem.cost, "return_matrix": False}
        return float(ot.lp.emd2_lazy(x, y, *problem.masses, numItermax=NO_LIMIT, **settings))

    return _each(one)


def _any(problem: Problem) -> bool:
    return True


def _assignment(problem: Problem) -> bool:
    return problem.is_assignment


def _low_dimension(problem: Problem) -> bool:
    """It computes every cost anew each time: hopeless for images."""
    return problem.x is not None and problem.x.shape[1] <= 8


CONTENDERS = {
    one.name: one
    for one in (
        Contender("monge", "monge", "monge", _any, _monge),
        Contender("SciPy", "scipy.optimize", "scipy", _assignment, _scipy),
        Contender("lapx.lapjvh", "lap", "lapx", _assignment, _lapx("lapjvh", 1, np.float64)),
        Contender(
            "lapx.lapjvh float32", "lap", "lapx", _assignment, _lapx("lapjvh", 1, np.float32)
        ),
        Contender(
            "lapx.lapjvr float32", "lap", "lapx", _assignment, _lapx("lapjvr", 1, np.float32)
        ),
        Contender("fastlap.auction", "fastlap", "fastlap", _assignment, _fastlap("auction")),
        Contender(
            "fastlap.lapjv", "fastlap", "fastlap", _assignment, _fastlap("lapjv"), usual=False
        ),
        Contender("lapjv", "lapjv", "lapjv", _assignment, _lapjv, usual=False),
        Contender("OR-Tools", "ortools", "ortools", _assignment, _ortools, usual=False),
        Contender("POT.emd2", "ot", "POT", _any, _pot),
        Contender("POT.emd2_lazy", "ot", "POT", _low_dimension, _pot_lazy),
    )
}
