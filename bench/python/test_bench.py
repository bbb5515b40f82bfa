"""Times every solver on every family of instances that it serves, through the Python API.

pytest bench/python --benchmark-only      # measure
pytest bench/python --benchmark-disable   # check the answers alone

The answer is graded, independently of the package, before it is timed.
"""

import compare_discrepancies
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


def test_compare_discrepancies_verifies_answers_and_writes_a_table(tmp_path):
    table = tmp_path / "table.md"
    arguments = ["--scale", "0.005", "--repeats", "1", "--markdown", str(table)]
    assert compare_discrepancies.main(arguments) == 0
    titles, _, *rows = table.read_text(encoding="utf-8").splitlines()
    assert titles.startswith("| workload ")
    assert len(rows) >= 6


def test_compare_discrepancies_refuses_answers_that_differ():
    runs = {"monge": lambda: 1.0, "wrong": lambda: 1.1}
    with pytest.raises(SystemExit, match="wrong"):
        compare_discrepancies.verify(compare_discrepancies.Workload("w", runs))
