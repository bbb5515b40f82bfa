"""Times every solver on every family of instances that it serves, through the Python API.

pytest bench/python --benchmark-only      # measure
pytest bench/python --benchmark-disable   # check the answers alone

The answer is graded, independently of the package, before it is timed.
"""

import pytest
from grading import SERVED, grade, instance_of, reference_of, solve_instance


@pytest.mark.parametrize("n", [64, 512])
@pytest.mark.parametrize(("solver", "family"), SERVED)
def test_solver(benchmark, solver, family, n):
    instance = instance_of(family, n, seed=0)
    solution = solve_instance(instance, solver, threads=1)
    grade(solution, reference_of(instance))
    benchmark.extra_info.update(solution.stats)
    benchmark(solve_instance, instance, solver, threads=1)
