"""The operators `torch.ops.monge.*`; the only file that registers anything with torch.

Each takes a batch and returns tensors of fixed shape: a plan is padded to n + m - 1 triplets whose
mass is 0, so that fake tensors, `torch.compile` and `vmap` know all sizes beforehand.

Gradients. The cost is W = min_P <C, P> = max_{f, g} <a, f> + <b, g>, piecewise linear in C and in
(a, b); by the envelope theorem its derivatives are the optimal plan and the optimal potentials:

    dW/dx_i = sum_j P_ij dc(x_i, y_j)/dx_i     dW/dC_ij = P_ij     dW/da_i = f_i     dW/db_j = g_j

Potentials are centred (mean 0): totals of a and b are tied, so a constant has no meaning, and steps
along these gradients keep the totals. Where mass may stay they are not tied, and potentials are not
centred: they are what more of a point's mass costs or saves. Where several optima exist, this is
one subgradient; where points coincide, the ground cost contributes 0.

Second derivatives. The plan does not change with points or costs, nor the potentials with masses,
except where the optimum jumps: backward functions are differentiable torch, and double backward is
right in x, y and in the incoming gradient. The plan does change with masses, and potentials with
points and costs; those mixed derivatives raise.

Memory O(B (n + m) d) for points. Inputs on the CPU are read in place. What on_device.py has is
computed on a GPU; all else is copied to the host, solved there, and the results copied back.

Source: V. M. Danskin, The theory of max-min, with applications, SIAM J. Appl. Math. 14 (1966)
641-664; for the potentials, Peyre and Cuturi, Computational optimal transport (2019), section 9.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from monge import _core
from monge.entropic import Settings, proved_results
from monge.problem import cloud_problem, dense_problem, power_cost, thread_count
from monge.torch import entropic_on_device, on_device, slicing
from monge.torch.batch import Batch, inside
from monge.torch.envelope import (
    ENTROPIC_TWICE,
    PLAN_BY_MASSES,
    POTENTIALS_BY_COSTS,
    by_masses,
    by_points,
    constant,
)
from monge.torch.ground import entropic_forces
from monge.torch.host import (
    Outputs,
    as_cost,
    counts,
    empty,
    is_partial,
    options_of,
    pack,
    pairs_of_clouds,
    parts_of_matrices,
    solve_all,
    start_all,
    threads_here,
    to_array,
    to_tensor,
)
from monge.torch.nearest import (
    check_finite,
    check_potential,
    columns_by_core,
    columns_in_blocks,
)

_PLAN = "Tensor cost, Tensor rows, Tensor cols, Tensor mass, Tensor f, Tensor g"

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

    `how` is the Python literal of a dict: solver, rtol, threads, time_limit, the solver's
    options, and mass or unmatched_cost where some may stay. Returns the cost (B,), the plan's
    rows, cols and mass (B, n + m - 1), and the potentials f (B, n) and g (B, m). Warm starts are
    earlier potentials start_g (B, m), not finite for pairs without one, and earlier plans
    start_rows, start_cols (B, k), padded with -1; they change no result, and have no gradient.
    They are for the solvers of the host, which finish sooner from there than a device does from
    nothing.
    """
    lengths = x_lengths, y_lengths
    options = options_of(how)
    begun = None
    if start_g is None and not is_partial(options):
        begun = on_device.begin_assignments(x, y, (a, b), lengths, cost, options)
    # What the device has begun is finished here, which is no news to anybody.
    points = (x, y) if begun is None else (x.cpu(), y.cpu())
    pairs = pairs_of_clouds(*points, a, b, *lengths)
    problems = [cloud_problem(*pair, as_cost(cost, power)) for pair in pairs]
    if start_g is not None:
        columns = counts(y_lengths, y.shape[0], y.shape[1], "y")
        start_all(problems, columns, start_g, start_rows, start_cols)
    solutions = solve_all(problems, how) if begun is None else begun.finish(problems)
    return pack(solutions, x.shape[1], y.shape[1], x, moved="mass" in options)


@transport.register_fake
def _(x: Tensor, y: Tensor, *_: Any) -> Outputs:
    return empty(x.shape[0], x.shape[1], y.shape[1], x)


def _transport_setup(ctx: Any, inputs: tuple[Any, ...], output: Outputs) -> None:
    *tensors, ctx.cost, ctx.power, how = inputs[:9]
    ctx.count, ctx.tied = len(inputs), not is_partial(options_of(how))
    ctx.mark_non_differentiable(*output[1:])
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors, *output[1:])


def _transport_backward(ctx: Any, grad: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
    gradients: list[Tensor | None] = [None] * ctx.count
    if grad is None:
        return tuple(gradients)
    x, y, a, b, x_lengths, y_lengths, rows, cols, mass, f, g = ctx.saved_tensors
    wanted = ctx.needs_input_grad
    if wanted[0] or wanted[1]:
        weight = grad[:, None] * constant(mass, PLAN_BY_MASSES, a, b)
        gradients[:2] = by_points(wanted[:2], (x, y), (rows, cols, weight), ctx.cost, ctx.power)
    f, g = (constant(one, POTENTIALS_BY_COSTS, x, y) for one in (f, g))
    sides = (a, f, x_lengths), (b, g, y_lengths)
    gradients[2:4] = by_masses(grad, wanted[2:4], *sides, tied=ctx.tied)
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
    _, n, m = cost_matrix.shape
    parts = parts_of_matrices(cost_matrix, a, b, row_lengths, col_lengths)
    return pack(solve_all([dense_problem(*part) for part in parts], how), n, m, cost_matrix)


@transport_cost.register_fake
def _(cost_matrix: Tensor, *_: Any) -> Outputs:
    size, n, m = cost_matrix.shape
    return empty(size, n, m, cost_matrix)


def _transport_cost_setup(ctx: Any, inputs: tuple[Any, ...], output: Outputs) -> None:
    *tensors, _ = inputs
    ctx.mark_non_differentiable(*output[1:])
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors, *output[1:])


def _transport_cost_backward(ctx: Any, grad: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
    gradients: list[Tensor | None] = [None] * 6
    if grad is None:
        return tuple(gradients)
    cost_matrix, a, b, row_lengths, col_lengths, rows, cols, mass, f, g = ctx.saved_tensors
    wanted = ctx.needs_input_grad
    if wanted[0]:
        size, n, m = cost_matrix.shape
        weight = grad[:, None] * constant(mass, PLAN_BY_MASSES, a, b)
        flat = weight.new_zeros((size, n * m)).scatter_add(1, rows * m + cols, weight)
        gradients[0] = flat.reshape(size, n, m)
    f, g = (constant(one, POTENTIALS_BY_COSTS, cost_matrix) for one in (f, g))
    gradients[1:3] = by_masses(grad, wanted[1:3], (a, f, row_lengths), (b, g, col_lengths))
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
    others = a, b, x_lengths, y_lengths
    found = entropic_on_device.entropic(x, y, others, cost, epsilon, symmetric, options_of(how))
    if found is not None:
        return found
    ground = as_cost(cost, power)
    pairs = list(pairs_of_clouds(x, y, a, b, x_lengths, y_lengths))
    problems = [cloud_problem(*pair, ground) for pair in pairs]
    settings = Settings(epsilon, **options_of(how))
    results = proved_results(settings, problems, pairs, ground, symmetric)
    values, f, g = np.zeros(len(x)), np.zeros(x.shape[:2]), np.zeros(y.shape[:2])
    for k, (result, pair) in enumerate(zip(results, pairs, strict=True)):
        values[k] = result.value
        f[k, : len(pair[0])], g[k, : len(pair[1])] = result.take_potentials()
    return to_tensor(values, x, x.dtype), to_tensor(f, x), to_tensor(g, x)


@entropic.register_fake
def _(x: Tensor, y: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
    f, g = (x.new_empty(one.shape[:2], dtype=torch.float64) for one in (x, y))
    return x.new_empty(x.shape[0]), f, g


def _entropic_setup(
    ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]
) -> None:
    *tensors, ctx.cost, ctx.power, ctx.epsilon, _, _ = inputs
    ctx.mark_non_differentiable(*output[1:])
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors, *output[1:])


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
    wanted, causes = ctx.needs_input_grad, (x, y, a, b)
    if wanted[0] or wanted[1]:
        for k, force in enumerate(_entropic_forces(ctx)):
            if wanted[k]:
                held = constant(force.to(x.dtype), ENTROPIC_TWICE, *causes)
                gradients[k] = grad[:, None, None] * held
    f, g = (constant(one, ENTROPIC_TWICE, *causes) for one in (f, g))
    gradients[2:4] = by_masses(grad, wanted[2:4], (a, f, x_lengths), (b, g, y_lengths))
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
    costs = to_array(cost_matrix)
    size, n, m = costs.shape
    rows, cols = np.zeros((2, size, min(n, m)), dtype=np.int64)
    if min(n, m) > 0:
        problems = [_core.Problem.dense(one, None, None, True) for one in costs]
        for k, solution in enumerate(solve_all(problems, how)):
            rows_k, cols_k, *_ = solution.take_arrays()
            order = np.argsort(rows_k)
            rows[k], cols[k] = rows_k[order], cols_k[order]
    return to_tensor(rows, cost_matrix), to_tensor(cols, cost_matrix)


@assignment.register_fake
def _(cost_matrix: Tensor, _: str) -> tuple[Tensor, Tensor]:
    size, n, m = cost_matrix.shape
    pairs = cost_matrix.new_empty((size, torch.sym_min(n, m)), dtype=torch.int64)
    return pairs, torch.empty_like(pairs)


# --- sliced transport --------------------------------------------------------------------------


@torch.library.custom_op(
    "monge::sliced",
    mutates_args=(),
    schema="(Tensor x, Tensor y, Tensor? a, Tensor? b, Tensor? x_lengths, Tensor? y_lengths, "
    "Tensor directions, float p, bool slopes) -> (Tensor means, Tensor x_slope, Tensor y_slope)",
)
def sliced(
    x: Tensor,
    y: Tensor,
    a: Tensor | None,
    b: Tensor | None,
    x_lengths: Tensor | None,
    y_lengths: Tensor | None,
    directions: Tensor,
    p: float,
    slopes: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """The mean over directions (k, d) of W_p^p on the line (B,); its gradients by x and y.

    Masses, of equal totals, and directions are constants. Gradients are empty unless `slopes`: the
    forward pass, which has sorted, finds them on the way.
    """
    rows = np.ascontiguousarray(to_array(directions), dtype=np.float64)
    threads = thread_count(threads_here(None))
    means = np.zeros(len(x))
    gradients = [np.zeros(one.shape if slopes else 0) for one in (x, y)]
    for k, pair in enumerate(pairs_of_clouds(x, y, a, b, x_lengths, y_lengths)):
        problem = cloud_problem(*pair, power_cost(p))
        if slopes:
            costs, *found = _core.sliced_gradient(problem, rows, p, threads)
            for gradient, one in zip(gradients, found, strict=True):
                gradient[k, : len(one)] = one
        else:
            costs = _core.sliced_costs(problem, rows, p, threads)
        means[k] = costs.mean()
    x_slope, y_slope = (to_tensor(one, x, x.dtype) for one in gradients)
    return to_tensor(means, x, x.dtype), x_slope, y_slope


@sliced.register_fake
def _(x: Tensor, y: Tensor, *others: Any) -> tuple[Tensor, Tensor, Tensor]:
    *_, slopes = others
    x_slope, y_slope = (torch.empty_like(one) if slopes else one.new_empty(0) for one in (x, y))
    return x.new_empty(x.shape[0]), x_slope, y_slope


def _sliced_setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    *tensors, ctx.p, _ = inputs
    ctx.mark_non_differentiable(*output[1:])
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors, *output[1:])


def _sliced_backward(ctx: Any, grad: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
    gradients: list[Tensor | None] = [None] * 9
    if grad is None:
        return tuple(gradients)
    x, y, a, b, x_lengths, y_lengths, directions, x_slope, y_slope = ctx.saved_tensors
    wanted = [k for k in range(2) if ctx.needs_input_grad[k]]
    if torch.is_grad_enabled():  # to be differentiated once more
        batch = Batch(x, y, a, b, x_lengths, y_lengths, single=False)
        means = slicing.mean_costs(batch, directions, ctx.p)
        points = [(x, y)[k] for k in wanted]
        found = torch.autograd.grad(means, points, grad, create_graph=True)
        for k, one in zip(wanted, found, strict=True):
            gradients[k] = one
        return tuple(gradients)
    for k in wanted:
        gradients[k] = grad[:, None, None] * (x_slope, y_slope)[k]
    return tuple(gradients)


sliced.register_autograd(_sliced_backward, setup_context=_sliced_setup)


# --- c-transforms and nearest points -------------------------------------------------------------


@torch.library.custom_op(
    "monge::c_transform",
    mutates_args=(),
    schema="(Tensor x, Tensor y, Tensor? g, Tensor? x_lengths, Tensor? y_lengths, str cost, "
    "float power) -> Tensor columns",
)
def c_transform(
    x: Tensor,
    y: Tensor,
    g: Tensor | None,
    x_lengths: Tensor | None,
    y_lengths: Tensor | None,
    cost: str,
    power: float,
) -> Tensor:
    """For each point of x (B, n, d) the j of least c(x_i, y_j) - g_j, the first of several: (B, n).

    g (B, m); None, which is 0, asks for the nearest points. On the CPU the core searches, in a tree
    where that pays; elsewhere all costs are computed on the device, from differences, so that far
    clouds lose nothing to cancellation: O(B n m d) time, by monge's kernel in O(B n) memory, or by
    torch's operations on rows in blocks.
    """
    lengths = x_lengths, y_lengths
    check_finite(x, x_lengths, "x")
    check_finite(y, y_lengths, "y")
    if g is not None:
        check_potential(g, y_lengths)
    if on_device.transforms(x, cost):
        return on_device.least_columns(x, y, g, lengths, cost)
    search = columns_by_core if x.device.type == "cpu" else columns_in_blocks
    return search(x, y, g, lengths, cost, power)


@c_transform.register_fake
def _(x: Tensor, *_: Any) -> Tensor:
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


for _operator in (transport, transport_cost, entropic, assignment, c_transform):
    _register_vmap(_operator)
