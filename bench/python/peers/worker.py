"""One contender and one problem in a process of their own: `python -m peers.worker SPEC`.

SPEC is JSON: contender, max_memory (MB), and `problems`, a file of two pickled batches: solving
the first loads what a contender loads when it is first called, the second is the race's. Each line
on stdin asks for a run; each answer on stdout is a line MARK + JSON, since peers print too. The
first answer says that the worker is ready; that to the first run has the costs, and monge's its
certificate.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from peers import memory
from peers.contenders import CONTENDERS, Answer
from peers.problems import Batch, Problem

MARK = "@@"


def costs_of(batch: Batch, answer: Answer) -> list[float]:
    """The cost of each answer; of an assignment, from the input."""
    return [_cost_of(problem, one) for problem, one in zip(batch, answer, strict=True)]


def _cost_of(problem: Problem, one: Any) -> float:
    if isinstance(one, np.ndarray):
        return problem.cost_of(one)
    return float(getattr(one, "cost", one))


def certified_gap(batch: Batch, answer: Answer) -> float:
    """The largest relative gap that monge's certificate leaves: of its answer, or solved for."""
    if all(hasattr(one, "relative_gap") for one in answer):
        return max(one.relative_gap for one in answer)
    import monge

    solutions = [
        monge.solve(problem.x, problem.y, problem.a, problem.b, cost=problem.cost)
        if problem.cost_matrix is None
        else monge.solve_cost(problem.cost_matrix, problem.a, problem.b)
        for problem in batch
    ]
    return max(solution.relative_gap for solution in solutions)


def say(**answer: Any) -> None:
    print(MARK + json.dumps(answer), flush=True)


def main(argument: str) -> int:
    spec = json.loads(argument)
    contender = CONTENDERS[spec["contender"]]
    warm_up, batch = pickle.loads(Path(spec["problems"]).read_bytes())
    solve = contender.make()
    solve(warm_up)
    before = memory.reset_peak()
    memory.limit(spec["max_memory"])
    say(ready=True)
    for run, _ in enumerate(sys.stdin):
        begin, cpu = time.perf_counter(), time.process_time()
        answer = solve(batch)
        seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
        result: dict[str, Any] = {"seconds": seconds, "cpu": cpu}
        if run == 0:
            after = memory.peak()
            result["memory"] = None if before is None or after is None else after - before
            result["costs"] = costs_of(batch, answer)
            if contender.name == "monge":
                result["gap"] = certified_gap(batch, answer)
        del answer
        say(**result)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except MemoryError:
        say(error="memory")
    except Exception as error:
        say(error=f"{type(error).__name__}: {error}"[:300])
