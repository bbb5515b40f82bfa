from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__version__: str

class Problem:
    @staticmethod
    def clouds(
        x: NDArray[Any],
        y: NDArray[Any],
        a: NDArray[np.float64] | None,
        b: NDArray[np.float64] | None,
        cost: str,
        power: float,
        line: bool,
    ) -> Problem: ...
    @staticmethod
    def dense(
        cost_matrix: NDArray[Any],
        a: NDArray[np.float64] | None,
        b: NDArray[np.float64] | None,
        assignment: bool,
    ) -> Problem: ...
    def move_only(self, mass: float) -> None: ...
    def price_unmatched(self, of_a: float, of_b: float) -> None: ...
    def start_from(
        self,
        f: NDArray[np.float64],
        g: NDArray[np.float64],
        rows: NDArray[np.int32],
        cols: NDArray[np.int32],
    ) -> None: ...
    @property
    def dim(self) -> int: ...

class Solution:
    @property
    def cost(self) -> float: ...
    @property
    def lower_bound(self) -> float: ...
    @property
    def gap(self) -> float: ...
    @property
    def relative_gap(self) -> float: ...
    @property
    def marginal_error(self) -> float: ...
    @property
    def status(self) -> str: ...
    @property
    def solver(self) -> str: ...
    @property
    def stats(self) -> dict[str, float]: ...
    def take_arrays(
        self,
    ) -> tuple[
        NDArray[np.int32],
        NDArray[np.int32],
        NDArray[np.float64],
        NDArray[np.float64],
        NDArray[np.float64],
    ]: ...
    @property
    def unmatched_cost(self) -> tuple[float, float] | None: ...
    def take_unmatched(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

class EntropicResult:
    @property
    def value(self) -> float: ...
    @property
    def error(self) -> float: ...
    @property
    def status(self) -> str: ...
    @property
    def stats(self) -> dict[str, float]: ...
    def take_potentials(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

class GradedPlan:
    @property
    def cost(self) -> float: ...
    @property
    def row_sums(self) -> NDArray[np.float64]: ...
    @property
    def col_sums(self) -> NDArray[np.float64]: ...

def sinkhorn(
    problems: Sequence[Problem],
    symmetric: bool,
    options: dict[str, bool | int | float | str],
    threads: int,
    time_limit: float | None,
    progress: Callable[[str, float], object] | None,
) -> list[EntropicResult]: ...
def grade_plan(
    problem: Problem,
    f: NDArray[np.float64],
    g: NDArray[np.float64],
    epsilon: float,
    penalty: float,
    threads: int,
) -> GradedPlan: ...
def apply_plan(
    problem: Problem,
    plan: GradedPlan,
    values: NDArray[np.float64],
    transposed: bool,
    penalty: float,
    threads: int,
) -> NDArray[np.float64]: ...
def dense_plan(
    problem: Problem, plan: GradedPlan, penalty: float, threads: int
) -> NDArray[np.float64]: ...
def dual_bound(problem: Problem, g: NDArray[np.float64], penalty: float, threads: int) -> float: ...
def ground_cost_names() -> list[str]: ...
def solve(
    problems: Sequence[Problem],
    solver: str,
    options: dict[str, bool | int | float | str],
    rtol: float,
    threads: int,
    time_limit: float | None,
    progress: Callable[[str, float], object] | None,
) -> list[Solution]: ...
def complete_assignments(
    problems: Sequence[Problem],
    columns: Sequence[NDArray[np.int32]],
    g: Sequence[NDArray[np.float64]],
    rtol: float,
    threads: int,
    time_limit: float | None,
) -> list[Solution]: ...
def assign(cost_matrix: NDArray[Any]) -> NDArray[np.int32] | None: ...
def solvers() -> dict[str, dict[str, Any]]: ...
def usable_threads() -> int: ...
def line_cost(problem: Problem) -> float: ...
def monotone_map(problem: Problem) -> NDArray[np.float64]: ...
def sliced_costs(
    problem: Problem, directions: NDArray[np.float64], p: float, threads: int
) -> NDArray[np.float64]: ...
def sliced_order(
    problem: Problem, directions: NDArray[np.float64], threads: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]: ...
def sliced_gradient(
    problem: Problem, directions: NDArray[np.float64], p: float, threads: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...
def max_sliced(
    problem: Problem,
    directions: NDArray[np.float64],
    p: float,
    starts: int,
    max_iterations: int,
    threads: int,
) -> tuple[float, NDArray[np.float64]]: ...
def c_transform(
    problem: Problem, g: NDArray[np.float64], threads: int
) -> tuple[NDArray[np.float64], NDArray[np.int32]]: ...
def chamfer(
    problem: Problem, with_indices: bool, threads: int
) -> tuple[float, NDArray[np.int32], NDArray[np.int32]]: ...
def legendre_lines(
    values: NDArray[np.float64],
    positions: NDArray[np.float64],
    slopes: NDArray[np.float64],
    threads: int,
) -> NDArray[np.float64]: ...
def instance_families() -> dict[str, str]: ...
def generate_instance(family: str, n: int, seed: int) -> dict[str, Any]: ...
