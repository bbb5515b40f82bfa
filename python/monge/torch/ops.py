"""The operators `torch.ops.monge.*`; the only file that registers anything with torch.

Each takes a batch and returns tensors of fixed shape: a plan is padded to n + m - 1 triplets whose
mass is 0, so that fake tensors, `torch.compile` and `vmap` know all sizes beforehand.

Gradients. The cost is W = min_P <C, P> = max_{f, g} <a, f> + <b, g>, piecewise linear in C and in
(a, b); by the envelope theorem its derivatives are the optimal plan and the optimal potentials:

    dW/dx_i = sum_j P_ij dc(x_i, y_j)/dx_i     dW/dC_ij = P_ij     dW/da_i = f_i     dW/db_j = g_j

Potentials are centred (mean 0): totals of a and b are tied, so a constant has no meaning, and steps
along these gradients keep the totals. Where several optima exist, this is one subgradient; where
points coincide, the ground cost contributes 0.

Second derivatives. The plan does not change with points or costs, nor the potentials with masses,
except where the optimum jumps: backward functions are differentiable torch, and double backward is
right in x, y and in the incoming gradient. The plan does change with masses, and potentials with
points and costs; those mixed derivatives raise.

Memory O(B (n + m) d) for points. Inputs on the CPU are read in place; inputs on another device are
copied to the host, solved there, and the results copied back.

Source: V. M. Danskin, The theory of max-min, with applications, SIAM J. Appl. Math. 14 (1966)
641-664; for the potentials, Peyre and Cuturi, Computational optimal transport (2019), section 9.1.
"""

from __future__ import annotations

import ast
import functools
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from monge import _core
from monge.entropic import EntropicSolution, _sinkhorn
from monge.problem import Cost, cloud_problem, dense_problem
from monge.solution import NotOptimal, from_core
from monge.solve import _solve, is_proved
from monge.torch.batch import inside
from monge.torch.ground import cost_gradient, entropic_forces
from monge.transforms import c_transform
from monge.warm_start import start_from

Outputs = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]

_PLAN = "Tensor cost, Tensor rows, Tensor cols, Tensor mass, Tensor f, Tensor g"


@functools.cache
def _say_where_it_runs(device: str) -> None:
    warnings.warn(
        f"monge solves on the CPU: tensors on {device!r} are copied to the host and back",
        RuntimeWarning,
        stacklevel=3,
    )


def _host(tensor: Tensor | None) -> Any:
    """The tensor as an array; on the CPU a view of the same memory. None stays None."""
    if tensor is None:
        return None
    if tensor.device.type != "cpu":
        _say_where_it_runs(tensor.device.type)
    return tensor.numpy(force=True)


def _part(masses: Any, k: int, count: int) -> Any:
    """The masses of pair k, without padding."""
    return None if masses is None else masses[k, :count]


def _lengths(lengths: Tensor | None, batch: int, most: int, argument: str) -> list[int]:
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


def _threads(threads: int | None) -> int | None:
    """One thread inside a DataLoader's worker, where every core has a worker of its own."""
    if threads is None and torch.utils.data.get_worker_info() is not None:
        return 1
    return threads


def _solve_all(problems: list[_core.Problem], how: str) -> list[_core.Solution]:
    options = ast.literal_eval(how)
    threads = _threads(options.pop("threads"))
    rtol = options["rtol"]
    solutions = _solve(
        problems,
        options.pop("solver"),
        options.pop("rtol"),
        threads,
        options.pop("time_limit"),
        None,
        options,
    )
    for solution in solutions:
        if not is_proved(solution, rtol):
            raise NotOptimal(from_core(solution))
    return solutions


def _start_all(
    problems: list[_core.Problem], columns: list[int], g: Any, rows: Any, cols: Any
) -> None:
    """Gives problems the earlier potentials and pairs, where there are any."""
    for k, problem in enumerate(problems):
        if not np.isfinite(g[k, : columns[k]]).all():
            continue
        plan = None if rows is None else (rows[k][rows[k] >= 0], cols[k][rows[k] >= 0])
        start_from([problem], (None, g[k, : columns[k]]), plan, False)


def _pack(solutions: Sequence[_core.Solution], n: int, m: int, like: Tensor) -> Outputs:
    """The outputs of an operator: a batch of solutions, padded."""
    size, most = len(solutions), n + m - 1
    costs = np.array([solution.cost for solution in solutions])
    rows, cols = np.zeros((2, size, most), dtype=np.int64)
    mass, f, g = np.zeros((size, most)), np.zeros((size, n)), np.zeros((size, m))
    for k, solution in enumerate(solutions):
        rows_k, cols_k, mass_k, f_k, g_k = solution.take_arrays()
        if len(mass_k) > most:
            raise ValueError(
                f"solver must return a plan of at most n + m - 1 = {most} triplets here; "
                f"{solution.solver!r} returned {len(mass_k)}"
            )
        rows[k, : len(rows_k)], cols[k, : len(cols_k)], mass[k, : len(mass_k)] = (
            rows_k,
            cols_k,
            mass_k,
        )
        f[k, : len(f_k)], g[k, : len(g_k)] = f_k, g_k
    values = [torch.from_numpy(array).to(like.dtype) for array in (costs, mass, f, g)]
    indices = [torch.from_numpy(array) for array in (rows, cols)]
    cost_, rows_, cols_, mass_, f_, g_ = (
        tensor.to(like.device) for tensor in (values[0], *indices, *values[1:])
    )
    return cost_, rows_, cols_, mass_, f_, g_


def _empty(batch: Any, n: Any, m: Any, like: Tensor) -> Outputs:
    """What `_pack` returns, without values."""
    most = n + m - 1
    return (
        like.new_empty(batch),
        like.new_empty((batch, most), dtype=torch.int64),
        like.new_empty((batch, most), dtype=torch.int64),
        like.new_empty((batch, most)),
        like.new_empty((batch, n)),
        like.new_empty((batch, m)),
    )


class _Constant(torch.autograd.Function):
    """`values` as they are, where differentiating them by `causes` would need what is missing."""

    @staticmethod
    def forward(values: Tensor, message: str, *causes: Tensor | None) -> Tensor:
        return values.view_as(values)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.message = inputs[1]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        raise RuntimeError(ctx.message)


def _plan_of_masses(mass: Tensor, a: Tensor | None, b: Tensor | None) -> Tensor:
    if not torch.is_grad_enabled():
        return mass
    message = (
        "the derivative of an optimal plan by masses is not available: differentiate the transport "
        "cost twice by points or costs alone, with masses that do not require grad"
    )
    return _Constant.apply(mass, message, a, b)


def _potential_of(potential: Tensor, *causes: Tensor) -> Tensor:
    if not torch.is_grad_enabled():
        return potential
    message = (
        "the derivative of optimal potentials by points or costs is not available: the gradient of "
        "a transport cost by masses can be differentiated by masses alone"
    )
    return _Constant.apply(potential, message, *causes)


def _mass_gradient(
    grad: Tensor, potential: Tensor, lengths: Tensor | None, masses: Tensor
) -> Tensor:
    """grad times the centred potential; nothing for padding."""
    held = torch.isfinite(potential) & inside(potential, lengths)
    total = torch.where(held, potential, 0).sum(-1, keepdim=True)
    mean = total / held.sum(-1, keepdim=True).clamp(min=1)
    centred = torch.where(held, potential - mean, torch.where(potential == torch.inf, potential, 0))
    return (grad[:, None] * centred).to(masses.dtype)


def _gather(points: Tensor, indices: Tensor) -> Tensor:
    return points.gather(1, indices[..., None].expand(-1, -1, points.shape[-1]))


def _scatter(values: Tensor, indices: Tensor, like: Tensor) -> Tensor:
    """Adds values (B, k, d) to their points (B, n, d)."""
    return torch.zeros_like(like).scatter_add(1, indices[..., None].expand_as(values), values)


# --- from points -------------------------------------------------------------------------------


@torch.library.custom_op(
    "monge::transport",
    mutates_args=(),
    schema="(Tensor x, Tensor y, Tensor? a, Tensor? b, Tensor? x_lengths, Tensor? y_lengths, "
    "str cost, float power, str how, Tensor? start_g=None, Tensor? start_rows=None, "
    f"Tensor? start_cols=None) -> ({_PLAN})",
)
def transport(
    x: Tensor,
    y: Tensor,
    a: Tensor | None,
    b: Tensor | None,
    x_lengths: Tensor | None,
    y_lengths: Tensor | None,
    cost: str,
    power: float,
    how: str,
    start_g: Tensor | None = None,
    start_rows: Tensor | None = None,
    start_cols: Tensor | None = None,
) -> Outputs:
    """Exact transport between clouds x (B, n, d) and y (B, m, d).

    `how` is the Python literal of a dict: solver, rtol, threads, time_limit and the solver's
    options. Returns the cost (B,), the plan's rows, cols and mass (B, n + m - 1), and the
    potentials f (B, n) and g (B, m). Warm starts are earlier potentials start_g (B, m), not finite
    for pairs without one, and earlier plans start_rows, start_cols (B, k), padded with -1; they
    change no result, and have no gradient.
    """
    ground: Cost = (cost, power) if cost == "euclidean_power" else cost
    points_x, points_y, masses_a, masses_b = _host(x), _host(y), _host(a), _host(b)
    size, n, m = x.shape[0], x.shape[1], y.shape[1]
    counts_x, counts_y = _lengths(x_lengths, size, n, "x"), _lengths(y_lengths, size, m, "y")
    problems = []
    for k in range(size):
        i, j = counts_x[k], counts_y[k]
        masses = _part(masses_a, k, i), _part(masses_b, k, j)
        problems.append(cloud_problem(points_x[k, :i], points_y[k, :j], *masses, ground))
    if start_g is not None:
        _start_all(problems, counts_y, _host(start_g), _host(start_rows), _host(start_cols))
    return _pack(_solve_all(problems, how), n, m, x)


@transport.register_fake
def _(
    x: Tensor,
    y: Tensor,
    a: Tensor | None,
    b: Tensor | None,
    x_lengths: Tensor | None,
    y_lengths: Tensor | None,
    cost: str,
    power: float,
    how: str,
    start_g: Tensor | None = None,
    start_rows: Tensor | None = None,
    start_cols: Tensor | None = None,
) -> Outputs:
    return _empty(x.shape[0], x.shape[1], y.shape[1], x)


def _transport_setup(ctx: Any, inputs: tuple[Any, ...], output: Outputs) -> None:
    x, y, a, b, x_lengths, y_lengths, ctx.cost, ctx.power, *_ = inputs
    ctx.count = len(inputs)
    _, rows, cols, mass, f, g = output
    ctx.mark_non_differentiable(rows, cols, mass, f, g)
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(x, y, a, b, x_lengths, y_lengths, rows, cols, mass, f, g)


def _transport_backward(ctx: Any, grad: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
    gradients: list[Tensor | None] = [None] * ctx.count
    if grad is None:
        return tuple(gradients)
    x, y, a, b, x_lengths, y_lengths, rows, cols, mass, f, g = ctx.saved_tensors
    if ctx.needs_input_grad[0] or ctx.needs_input_grad[1]:
        moved = _gather(x, rows) - _gather(y, cols)
        weight = grad[:, None] * _plan_of_masses(mass, a, b)
        force = weight[..., None] * cost_gradient(moved, ctx.cost, ctx.power)
        gradients[0] = _scatter(force, rows, x) if ctx.needs_input_grad[0] else None
        gradients[1] = _scatter(-force, cols, y) if ctx.needs_input_grad[1] else None
    if a is not None and ctx.needs_input_grad[2]:
        gradients[2] = _mass_gradient(grad, _potential_of(f, x, y), x_lengths, a)
    if b is not None and ctx.needs_input_grad[3]:
        gradients[3] = _mass_gradient(grad, _potential_of(g, x, y), y_lengths, b)
    return tuple(gradients)


transport.register_autograd(_transport_backward, setup_context=_transport_setup)


# --- from a cost matrix ------------------------------------------------------------------------


@torch.library.custom_op(
    "monge::transport_cost",
    mutates_args=(),
    schema="(Tensor cost_matrix, Tensor? a, Tensor? b, Tensor? row_lengths, "
    f"Tensor? col_lengths, str how) -> ({_PLAN})",
)
def transport_cost(
    cost_matrix: Tensor,
    a: Tensor | None,
    b: Tensor | None,
    row_lengths: Tensor | None,
    col_lengths: Tensor | None,
    how: str,
) -> Outputs:
    """Exact transport by cost matrices (B, n, m); otherwise as `transport`."""
    costs, masses_a, masses_b = _host(cost_matrix), _host(a), _host(b)
    size, n, m = cost_matrix.shape
    rows, cols = _lengths(row_lengths, size, n, "rows"), _lengths(col_lengths, size, m, "columns")
    problems = []
    for k in range(size):
        i, j = rows[k], cols[k]
        masses = _part(masses_a, k, i), _part(masses_b, k, j)
        problems.append(dense_problem(costs[k, :i, :j], *masses))
    return _pack(_solve_all(problems, how), n, m, cost_matrix)


@transport_cost.register_fake
def _(
    cost_matrix: Tensor,
    a: Tensor | None,
    b: Tensor | None,
    row_lengths: Tensor | None,
    col_lengths: Tensor | None,
    how: str,
) -> Outputs:
    size, n, m = cost_matrix.shape
    return _empty(size, n, m, cost_matrix)


def _transport_cost_setup(ctx: Any, inputs: tuple[Any, ...], output: Outputs) -> None:
    cost_matrix, a, b, row_lengths, col_lengths, _ = inputs
    _, rows, cols, mass, f, g = output
    ctx.mark_non_differentiable(rows, cols, mass, f, g)
    ctx.set_materialize_grads(False)
    ctx.shape = cost_matrix.shape
    ctx.save_for_backward(cost_matrix, a, b, row_lengths, col_lengths, rows, cols, mass, f, g)


def _transport_cost_backward(ctx: Any, grad: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
    gradients: list[Tensor | None] = [None] * 6
    if grad is None:
        return tuple(gradients)
    cost_matrix, a, b, row_lengths, col_lengths, rows, cols, mass, f, g = ctx.saved_tensors
    size, n, m = ctx.shape
    if ctx.needs_input_grad[0]:
        weight = grad[:, None] * _plan_of_masses(mass, a, b)
        flat = weight.new_zeros((size, n * m)).scatter_add(1, rows * m + cols, weight)
        gradients[0] = flat.reshape(size, n, m)
    if a is not None and ctx.needs_input_grad[1]:
        gradients[1] = _mass_gradient(grad, _potential_of(f, cost_matrix), row_lengths, a)
    if b is not None and ctx.needs_input_grad[2]:
        gradients[2] = _mass_gradient(grad, _potential_of(g, cost_matrix), col_lengths, b)
    return tuple(gradients)


transport_cost.register_autograd(_transport_cost_backward, setup_context=_transport_cost_setup)


# --- entropic transport --------------------------------------------------------------------------


@torch.library.custom_op(
    "monge::entropic",
    mutates_args=(),
    schema="(Tensor x, Tensor y, Tensor? a, Tensor? b, Tensor? x_lengths, Tensor? y_lengths, "
    "str cost, float power, float epsilon, bool symmetric, str how) "
    "-> (Tensor value, Tensor f, Tensor g)",
)
def entropic(
    x: Tensor,
    y: Tensor,
    a: Tensor | None,
    b: Tensor | None,
    x_lengths: Tensor | None,
    y_lengths: Tensor | None,
    cost: str,
    power: float,
    epsilon: float,
    symmetric: bool,
    how: str,
) -> tuple[Tensor, Tensor, Tensor]:
    """The regularised optimum of Sinkhorn's problem (B,), and its potentials in double.

    `symmetric`: y is x, b is a. `how` is the Python literal of a dict: rtol, max_iterations,
    threads, time_limit. By the envelope theorem the derivatives are those of the cost by the
    points, for the entropic plan, and the potentials by the masses.
    """
    ground: Cost = (cost, power) if cost == "euclidean_power" else cost
    points_x, points_y, masses_a, masses_b = _host(x), _host(y), _host(a), _host(b)
    size, n, m = x.shape[0], x.shape[1], y.shape[1]
    counts_x, counts_y = _lengths(x_lengths, size, n, "x"), _lengths(y_lengths, size, m, "y")
    given, problems = [], []
    for k in range(size):
        i, j = counts_x[k], counts_y[k]
        masses = _part(masses_a, k, i), _part(masses_b, k, j)
        given.append((points_x[k, :i], points_y[k, :j], *masses, ground))
        problems.append(cloud_problem(*given[k]))
    options = ast.literal_eval(how)
    options["threads"] = _threads(options["threads"])
    results = _sinkhorn(
        problems,
        symmetric,
        epsilon,
        method="auto",
        penalty=math.inf,
        progress=None,
        **options,
    )
    values = np.zeros(size)
    f, g = np.zeros((size, n)), np.zeros((size, m))
    for k, result in enumerate(results):
        if result.status != "within_tolerance":
            names = dict(zip(("x", "y", "a", "b", "cost"), given[k], strict=True))
            raise NotOptimal(EntropicSolution(result, names, epsilon, math.inf, 0))
        values[k] = result.value
        f[k, : counts_x[k]], g[k, : counts_y[k]] = result.take_potentials()
    potentials = [torch.from_numpy(one).to(x.device) for one in (f, g)]
    return torch.from_numpy(values).to(x.dtype).to(x.device), potentials[0], potentials[1]


@entropic.register_fake
def _(
    x: Tensor,
    y: Tensor,
    a: Tensor | None,
    b: Tensor | None,
    x_lengths: Tensor | None,
    y_lengths: Tensor | None,
    cost: str,
    power: float,
    epsilon: float,
    symmetric: bool,
    how: str,
) -> tuple[Tensor, Tensor, Tensor]:
    f, g = (x.new_empty(one.shape[:2], dtype=torch.float64) for one in (x, y))
    return x.new_empty(x.shape[0]), f, g


def _entropic_setup(
    ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]
) -> None:
    x, y, a, b, x_lengths, y_lengths, ctx.cost, ctx.power, ctx.epsilon, *_ = inputs
    _, f, g = output
    ctx.mark_non_differentiable(f, g)
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(x, y, a, b, x_lengths, y_lengths, f, g)


def _shares(masses: Tensor | None, points: Tensor, lengths: Tensor | None) -> Tensor:
    """Masses (B, n) in double, 0 for padding; 1/n where none are given."""
    held = inside(points, lengths)
    if masses is None:
        return held.double() / held.sum(-1, keepdim=True)
    return torch.where(held, masses, 0).double()


@torch.no_grad()
def _entropic_forces(ctx: Any) -> tuple[Tensor, Tensor]:
    """The gradient by the points, in double; a constant to autograd."""
    x, y, a, b, x_lengths, y_lengths, f, g = ctx.saved_tensors
    a, b = _shares(a, x, x_lengths), _shares(b, y, y_lengths)
    b = b * (a.sum(-1, keepdim=True) / b.sum(-1, keepdim=True))
    x = torch.where(inside(x, x_lengths)[..., None], x, 0).double()
    y = torch.where(inside(y, y_lengths)[..., None], y, 0).double()
    return entropic_forces(x, y, (a, f), (b, g), ctx.cost, ctx.power, ctx.epsilon)


def _entropic_backward(ctx: Any, grad: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
    gradients: list[Tensor | None] = [None] * 11
    if grad is None:
        return tuple(gradients)
    x, y, a, b, x_lengths, y_lengths, f, g = ctx.saved_tensors

    def constant(values: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            return values
        message = (
            "the second derivative of entropic transport is not available: its gradient is that of "
            "the envelope theorem, with the plan held fixed"
        )
        return _Constant.apply(values, message, x, y, a, b)

    if ctx.needs_input_grad[0] or ctx.needs_input_grad[1]:
        for k, force in enumerate(_entropic_forces(ctx)):
            if ctx.needs_input_grad[k]:
                gradients[k] = grad[:, None, None] * constant(force.to(x.dtype))
    for k, masses, potential, lengths in ((2, a, f, x_lengths), (3, b, g, y_lengths)):
        if masses is not None and ctx.needs_input_grad[k]:
            gradients[k] = _mass_gradient(grad, constant(potential), lengths, masses)
    return tuple(gradients)


entropic.register_autograd(_entropic_backward, setup_context=_entropic_setup)


# --- assignment --------------------------------------------------------------------------------


@torch.library.custom_op(
    "monge::assignment",
    mutates_args=(),
    schema="(Tensor cost_matrix, str how) -> (Tensor rows, Tensor cols)",
)
def assignment(cost_matrix: Tensor, how: str) -> tuple[Tensor, Tensor]:
    """The cheapest matching of each cost matrix (B, n, m): pairs (B, min(n, m)), rows sorted."""
    costs = _host(cost_matrix)
    size, n, m = costs.shape
    rows, cols = np.zeros((2, size, min(n, m)), dtype=np.int64)
    if min(n, m) > 0:
        problems = [_core.Problem.dense(one, None, None, True) for one in costs]
        for k, solution in enumerate(_solve_all(problems, how)):
            rows_k, cols_k, *_ = solution.take_arrays()
            order = np.argsort(rows_k)
            rows[k], cols[k] = rows_k[order], cols_k[order]
    device = cost_matrix.device
    return torch.from_numpy(rows).to(device), torch.from_numpy(cols).to(device)


@assignment.register_fake
def _(cost_matrix: Tensor, how: str) -> tuple[Tensor, Tensor]:
    size, n, m = cost_matrix.shape
    pairs = cost_matrix.new_empty((size, torch.sym_min(n, m)), dtype=torch.int64)
    return pairs, torch.empty_like(pairs)


# --- nearest points ------------------------------------------------------------------------------


def check_finite(points: Tensor, lengths: Tensor | None, argument: str) -> None:
    """Raises ValueError for NaN or infinity in points (B, n, d), and for wrong lengths."""
    _lengths(lengths, points.shape[0], points.shape[1], argument)
    if not bool(torch.isfinite(points[inside(points, lengths)]).all()):
        raise ValueError(f"{argument} must have finite coordinates; got NaN or infinity")


def _largest(points: Tensor, lengths: Tensor | None) -> float:
    entries = points[inside(points, lengths)]
    return float(entries.abs().max()) or 1.0 if entries.numel() else 1.0


@torch.library.custom_op(
    "monge::nearest",
    mutates_args=(),
    schema="(Tensor x, Tensor y, Tensor? x_lengths, Tensor? y_lengths, float norm) "
    "-> Tensor columns",
)
def nearest(
    x: Tensor, y: Tensor, x_lengths: Tensor | None, y_lengths: Tensor | None, norm: float
) -> Tensor:
    """For each point of x (B, n, d) the nearest of y (B, m, d), the first of several: (B, n).

    On the CPU the core searches, in a tree where that pays; elsewhere all distances are computed
    on the device, from differences, so that far clouds lose nothing to cancellation: O(B n m d)
    time, memory bounded by working on rows in blocks.
    """
    check_finite(x, x_lengths, "x")
    check_finite(y, y_lengths, "y")
    if x.device.type == "cpu":
        return _nearest_by_core(
            x, y, x_lengths, y_lengths, "euclidean" if norm == 2 else "cityblock"
        )
    return nearest_in_blocks(x, y, x_lengths, y_lengths, norm)


def _nearest_by_core(
    x: Tensor, y: Tensor, x_lengths: Tensor | None, y_lengths: Tensor | None, cost: str
) -> Tensor:
    size, n, m = x.shape[0], x.shape[1], y.shape[1]
    columns = np.zeros((size, n), dtype=np.int64)
    threads = _threads(None)
    points_x, points_y = _host(x), _host(y)
    counts = zip(_lengths(x_lengths, size, n, "x"), _lengths(y_lengths, size, m, "y"), strict=True)
    for k, (i, j) in enumerate(counts):
        parts = points_x[k, :i], points_y[k, :j]
        columns[k, :i] = c_transform(np.zeros(j), *parts, cost=cost, threads=threads)[1]
    return torch.from_numpy(columns)


def nearest_in_blocks(
    x: Tensor, y: Tensor, x_lengths: Tensor | None, y_lengths: Tensor | None, norm: float
) -> Tensor:
    """`nearest` in torch's own operations."""
    size, n, m = x.shape[0], x.shape[1], y.shape[1]
    columns = x.new_zeros((size, n), dtype=torch.int64)
    # The unit of length matters to no nearest point, but squares of tiny or huge ones would vanish.
    unit = max(_largest(x, x_lengths), _largest(y, y_lengths))
    x, y = x / unit, y / unit
    padding = ~inside(y, y_lengths)[:, None]
    rows = max(1, 2**24 // max(1, size * m))
    for start in range(0, n, rows):
        block = torch.cdist(
            x[:, start : start + rows], y, p=norm, compute_mode="donot_use_mm_for_euclid_dist"
        )
        columns[:, start : start + rows] = block.masked_fill_(padding, torch.inf).argmin(-1)
    return columns


@nearest.register_fake
def _(
    x: Tensor, y: Tensor, x_lengths: Tensor | None, y_lengths: Tensor | None, norm: float
) -> Tensor:
    return x.new_empty(x.shape[:2], dtype=torch.int64)


# --- vmap: one more batch dimension is a larger batch --------------------------------------------


def _register_vmap(operator: Any) -> None:
    def batched(info: Any, in_dims: tuple[Any, ...], *arguments: Any) -> Any:
        folded = []
        for argument, dim in zip(arguments, in_dims, strict=True):
            if not isinstance(argument, Tensor):
                folded.append(argument)
                continue
            outer = (
                argument.expand(info.batch_size, *argument.shape)
                if dim is None
                else argument.movedim(dim, 0)
            )
            folded.append(outer.flatten(0, 1))
        outputs = operator(*folded)
        if isinstance(outputs, Tensor):
            return outputs.unflatten(0, (info.batch_size, len(outputs) // info.batch_size)), 0
        unfolded = tuple(
            one.unflatten(0, (info.batch_size, len(one) // info.batch_size)) for one in outputs
        )
        return unfolded, (0,) * len(outputs)

    operator.register_vmap(batched)


for _operator in (transport, transport_cost, entropic, assignment, nearest):
    _register_vmap(_operator)
