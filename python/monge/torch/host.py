"""Between tensors and the core: arrays of the same memory, pairs without padding, and back.

Tensors on the CPU are read in place; those of another device are copied to the host, and what is
found copied back, which a warning says once.
"""

from __future__ import annotations

import ast
import functools
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from monge import _core
from monge.device import device_info
from monge.partial import leave_unmatched
from monge.problem import Cost
from monge.solution import ATTAINED, NotOptimal, from_core
from monge.solve import solve_problems
from monge.warm_start import start_from

Outputs = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
#: The points of x and y and the masses a and b of one pair, without padding.
Pair = tuple[Any, Any, Any, Any]


@functools.cache
def _say_where_it_runs(device: str) -> None:
    reason = device_info().reason if device == "cuda" else None
    warnings.warn(
        f"monge solves this on the CPU: tensors on {device!r} are copied to the host and back"
        + (f", since {reason}" if reason else ""),
        RuntimeWarning,
        stacklevel=3,
    )


def to_array(tensor: Tensor) -> Any:
    """The tensor as an array; on the CPU a view of the same memory."""
    if tensor.device.type != "cpu":
        _say_where_it_runs(tensor.device.type)
    return tensor.numpy(force=True)


def counts(lengths: Tensor | None, batch: int, most: int, argument: str) -> list[int]:
    """How many of the padded size count, of each of the batch."""
    if lengths is None:
        return [most] * batch
    values = [int(value) for value in lengths.tolist()]
    for k, value in enumerate(values):
        if not 1 <= value <= most:
            raise ValueError(
                f"lengths of {argument} must be from 1 to {most}, the padded size; "
                f"got {value} for pair {k} of the batch"
            )
    return values


def _parts(masses: Tensor | None, sizes: list[int]) -> list[Any]:
    if masses is None:
        return [None] * len(sizes)
    array = to_array(masses)
    return [array[k, :count] for k, count in enumerate(sizes)]


def pairs_of_clouds(
    x: Tensor,
    y: Tensor,
    a: Tensor | None,
    b: Tensor | None,
    x_lengths: Tensor | None,
    y_lengths: Tensor | None,
) -> Iterator[Pair]:
    """The arrays x, y, a and b of each pair of a padded batch."""
    x_counts = counts(x_lengths, x.shape[0], x.shape[1], "x")
    y_counts = counts(y_lengths, y.shape[0], y.shape[1], "y")
    points = _parts(x, x_counts), _parts(y, y_counts)
    masses = _parts(a, x_counts), _parts(b, y_counts)
    return zip(points[0], points[1], masses[0], masses[1], strict=True)


def parts_of_matrices(
    cost_matrix: Tensor,
    a: Tensor | None,
    b: Tensor | None,
    row_lengths: Tensor | None,
    col_lengths: Tensor | None,
) -> Iterator[tuple[Any, Any, Any]]:
    """The arrays C, a and b of each matrix of a padded batch."""
    size, n, m = cost_matrix.shape
    rows, cols = counts(row_lengths, size, n, "rows"), counts(col_lengths, size, m, "columns")
    costs = [one[:i, :j] for one, i, j in zip(to_array(cost_matrix), rows, cols, strict=True)]
    return zip(costs, _parts(a, rows), _parts(b, cols), strict=True)


def as_cost(name: str, power: float) -> Cost:
    """The ground cost of the name and power that operators take."""
    return (name, power) if name == "euclidean_power" else name


def start_all(
    problems: list[_core.Problem],
    columns: list[int],
    g: Tensor,
    rows: Tensor | None,
    cols: Tensor | None,
) -> None:
    """Gives problems their earlier potentials and pairs, where there are any."""
    prices = g.numpy(force=True)
    pairs = None if rows is None or cols is None else torch.stack([rows, cols]).numpy(force=True)
    for k, problem in enumerate(problems):
        price = prices[k, : columns[k]]
        if np.isfinite(price).all():
            plan = None if pairs is None else tuple(pairs[:, k, pairs[0, k] >= 0])
            start_from([problem], (None, price), plan, False)


def threads_here(threads: int | None) -> int | None:
    """One thread inside a DataLoader's worker, where every core has a worker of its own."""
    if threads is None and torch.utils.data.get_worker_info() is not None:
        return 1
    return threads


def literal_of(settings: dict[str, Any]) -> str:
    """Settings as the one text that an operator takes: a Python literal of a dict.

    Numbers may be nan or inf, which are refused where all others are.
    """
    entries = []
    for name, value in settings.items():
        plain = value.item() if isinstance(value, np.generic) else value
        numbers = isinstance(plain, tuple) and all(isinstance(one, float) for one in plain)
        if not (plain is None or numbers or isinstance(plain, (bool, int, float, str))):
            raise TypeError(f"{name} must be a number, a text or a bool; got {value!r}")
        entries.append(f"{name!r}: {plain!r}")
    return "{" + ", ".join(entries) + "}"


class _NotFinite(ast.NodeTransformer):
    """nan and inf, which Python prints but has no literals of."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.copy_location(ast.Constant(float(node.id)), node)


def options_of(how: str) -> dict[str, Any]:
    """The settings in the literal that an operator takes."""
    options: dict[str, Any] = ast.literal_eval(_NotFinite().visit(ast.parse(how, mode="eval")))
    return options | {"threads": threads_here(options["threads"])}


def is_partial(options: dict[str, Any]) -> bool:
    """Whether mass may stay, by the settings of an operator."""
    return "mass" in options or "unmatched_cost" in options


def solve_all(problems: list[_core.Problem], how: str) -> list[_core.Solution]:
    """Solutions that are proved; NotOptimal else."""
    options = options_of(how)
    solver, rtol = options.pop("solver"), options.pop("rtol")
    threads, time_limit = options.pop("threads"), options.pop("time_limit")
    slack = options.pop("mass", None), options.pop("unmatched_cost", None)
    leave_unmatched(problems, *slack, False)
    return proved(solve_problems(problems, solver, rtol, threads, time_limit, None, options))


def proved(solutions: list[_core.Solution]) -> list[_core.Solution]:
    """The solutions, which must be what was asked for; NotOptimal else."""
    for k, solution in enumerate(solutions):
        if solution.status not in ATTAINED:
            raise NotOptimal(from_core(solution), k if len(solutions) > 1 else None)
    return solutions


def pack(
    solutions: Sequence[_core.Solution], n: int, m: int, like: Tensor, moved: bool = False
) -> Outputs:
    """A batch of solutions, padded: cost, the plan's rows, cols and mass, and f and g.

    Where a given mass `moved`, what one more of it costs is taken out of f: then f and g are what
    more of a and b saves.
    """
    size, most = len(solutions), n + m - 1
    costs = np.array([solution.cost for solution in solutions])
    rows, cols = np.zeros((2, size, most), dtype=np.int64)
    mass, f, g = np.zeros((size, most)), np.zeros((size, n)), np.zeros((size, m))
    for k, solution in enumerate(solutions):
        arrays: tuple[Any, ...] = solution.take_arrays()
        if len(arrays[2]) > most:
            raise ValueError(
                f"solver must return a plan of at most n + m - 1 = {most} triplets here; "
                f"{solution.solver!r} returned {len(arrays[2])}"
            )
        for padded, values in zip((rows, cols, mass, f, g), arrays, strict=True):
            padded[k, : len(values)] = values
        if moved and solution.unmatched_cost is not None:
            f[k, : len(arrays[3])] -= solution.unmatched_cost[0]
    cost_, mass_, f_, g_ = (to_tensor(one, like, like.dtype) for one in (costs, mass, f, g))
    return cost_, to_tensor(rows, like), to_tensor(cols, like), mass_, f_, g_


def to_tensor(array: Any, like: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """The array as a tensor where `like` is, of its own type by default."""
    return torch.from_numpy(array).to(dtype=dtype).to(like.device)


def empty(batch: Any, n: Any, m: Any, like: Tensor) -> Outputs:
    """What `pack` returns, without values."""
    most = n + m - 1
    return (
        like.new_empty(batch),
        like.new_empty((batch, most), dtype=torch.int64),
        like.new_empty((batch, most), dtype=torch.int64),
        like.new_empty((batch, most)),
        like.new_empty((batch, n)),
        like.new_empty((batch, m)),
    )
