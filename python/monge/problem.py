"""From what a caller passes to problems of the core: array types and ranks, batches, costs.

Rules about values (finite, non-negative, totals) are the core's; they exist once, in
cpp/src/problem/validate.cpp.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator, Sequence, Sized
from typing import Any, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge import _core

Array: TypeAlias = NDArray[Any]
#: A ground cost by name, or ("euclidean_power", p).
Cost: TypeAlias = "str | tuple[str, float]"
#: One cloud (n, d), a batch (B, n, d), or a list of clouds of different sizes.
Clouds: TypeAlias = "ArrayLike | Sequence[ArrayLike]"


def is_tensor(value: Any) -> bool:
    """Whether it is a torch tensor, or a list of clouds with one; torch is not imported for it."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    if isinstance(value, (list, tuple)):
        return any(isinstance(one, torch.Tensor) for one in value)
    return isinstance(value, torch.Tensor)


def as_array(value: Any, argument: str) -> Array:
    """`value` as an aligned native float32 or float64 array; copied only to change its type.

    Raises TypeError for what is not real numbers.
    """
    module = type(value).__module__.split(".")[0]
    if module == "torch":
        raise TypeError(
            f"{argument} must be an array, not a torch tensor: emd, wasserstein and monge.torch "
            f"take tensors (or pass {argument}.detach().cpu().numpy(), without gradients)"
        )
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError(f"{argument} must have no masked entries; got a masked array")
    if module == "scipy" and hasattr(value, "toarray"):
        raise TypeError(f"{argument} must be a dense array; got {type(value).__name__}")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{argument} must be a regular array of numbers; {error}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{argument} must hold real numbers; got dtype {array.dtype} ({type(value).__name__})"
        )
    if array.dtype != np.float32:
        array = array.astype(np.float64, copy=False)
    whole_strides = all(stride % array.itemsize == 0 for stride in array.strides)
    if not (array.dtype.isnative and array.flags.aligned and whole_strides):
        array = np.array(array, dtype=array.dtype.newbyteorder("="))
    return array


def _as_masses(value: Any, argument: str) -> NDArray[np.float64] | None:
    if value is None:
        return None
    masses = np.ascontiguousarray(as_array(value, argument), dtype=np.float64)
    if np.ndim(value) != 1:
        raise ValueError(f"{argument} must have shape (n,); got shape {np.shape(value)}")
    return masses


def is_real_number(value: object) -> bool:
    """A Python or NumPy integer or float; True and False are none."""
    real = isinstance(value, (int, float, np.integer, np.floating))
    return real and not isinstance(value, bool)


def is_whole_number(value: object) -> TypeGuard[int]:
    """A Python or NumPy integer; True and False are none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def whole_number(value: object, argument: str, least: int) -> None:
    """Raises TypeError or ValueError unless `value` is a whole number, at least `least`."""
    if not is_whole_number(value):
        raise TypeError(f"{argument} must be a whole number; got {value!r}")
    if not least <= value < 2**31:
        raise ValueError(f"{argument} must be a whole number from {least} to 2^31; got {value!r}")


def thread_count(threads: int | None) -> int:
    """What the core takes: 0 stands for all usable threads."""
    if threads is None:
        return 0
    if not (is_whole_number(threads) and 1 <= threads <= 4096):
        raise ValueError(f"threads must be a whole number from 1 to 4096; got {threads!r}")
    return int(threads)


def parse_cost(cost: Cost) -> tuple[str, float]:
    """The name and the power of a ground cost. Unknown names are the core's to refuse."""
    if isinstance(cost, str):
        if cost == "euclidean_power":
            raise ValueError('cost must name its power: ("euclidean_power", p); got no power')
        return cost, 1.0
    if isinstance(cost, tuple) and len(cost) == 2 and isinstance(cost[0], str):
        name, power = cost
        if name != "euclidean_power":
            raise ValueError(f"cost must be ({'euclidean_power'!r}, p) or a name; got {cost!r}")
        if not is_real_number(power):
            raise TypeError(f"the power of cost must be a number; got {power!r}")
        return name, float(power)
    names = ", ".join(f'"{name}"' for name in _core.ground_cost_names())
    raise TypeError(
        f'cost must be one of {names}, the last as ("euclidean_power", p); got {cost!r}'
    )


def cloud_problem(x: Any, y: Any, a: Any, b: Any, cost: Cost, line: bool = False) -> _core.Problem:
    """The transport between two clouds (n, d) and (m, d); of a line, errors call them u and v."""
    name, power = parse_cost(cost)
    x_array, y_array = as_array(x, "x"), as_array(y, "y")
    for argument, array in (("x", x_array), ("y", y_array)):
        if array.ndim != 2:
            hint = ""
            if array.ndim == 1:
                hint = "; for numbers on a line use wasserstein_1d, or pass them as (n, 1)"
            raise ValueError(
                f"{argument} must have shape (n, d), or (B, n, d) for a batch; "
                f"got shape {array.shape}{hint}"
            )
    if x_array.dtype != y_array.dtype:
        x_array, y_array = x_array.astype(np.float64), y_array.astype(np.float64)
    return _core.Problem.clouds(
        x_array, y_array, _as_masses(a, "a"), _as_masses(b, "b"), name, power, line
    )


def line_problem(u: Any, v: Any, a: Any, b: Any, p: float) -> _core.Problem:
    """The transport between numbers u (n,) and v (m,) at cost |u - v|^p."""
    columns = []
    for argument, value in (("u", u), ("v", v)):
        array = as_array(value, argument)
        if array.ndim != 1:
            raise ValueError(f"{argument} must have shape (n,); got shape {array.shape}")
        columns.append(array[:, None])
    return cloud_problem(columns[0], columns[1], a, b, power_cost(p), line=True)


def power_cost(p: float) -> Cost:
    """The ground cost |x - y|_2^p, p >= 1."""
    if not is_real_number(p):
        raise TypeError(f"p must be a number; got {p!r}")
    if not (p >= 1 and math.isfinite(p)):
        raise ValueError(f"p must be finite and at least 1; got {p!r}")
    if p == 1:
        return "euclidean"
    return "sqeuclidean" if p == 2 else ("euclidean_power", float(p))


def cost_of_distance(p: float, options: dict[str, Any]) -> Cost:
    """The ground cost |x - y|^p of W_p, which no option may name otherwise."""
    if "cost" in options:
        raise TypeError(
            "cost must not be given for W_p, whose cost is |x - y|^p (emd takes any); "
            f"got {options['cost']!r}"
        )
    return power_cost(p)


def dense_problem(cost_matrix: Any, a: Any, b: Any) -> _core.Problem:
    """The transport by a cost matrix (n, m)."""
    array = as_array(cost_matrix, "cost_matrix")
    if array.ndim != 2:
        raise ValueError(f"cost_matrix must have shape (n, m); got shape {array.shape}")
    return _core.Problem.dense(array, _as_masses(a, "a"), _as_masses(b, "b"), False)


def _is_ragged(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and any(getattr(one, "ndim", 0) == 2 for one in value)


def _is_batch(value: Any) -> bool:
    return _is_ragged(value) or (not isinstance(value, (list, tuple)) and np.ndim(value) == 3)


def cloud_problems(x: Any, y: Any, a: Any, b: Any, cost: Cost) -> tuple[list[_core.Problem], bool]:
    """The problems of one pair of clouds, or of a batch of pairs; and whether it is a batch."""
    if isinstance(x, (list, tuple)) and not _is_ragged(x):
        x = as_array(x, "x")
    if isinstance(y, (list, tuple)) and not _is_ragged(y):
        y = as_array(y, "y")
    if not (_is_batch(x) or _is_batch(y)):
        return [cloud_problem(x, y, a, b, cost)], False
    for argument, value in (("x", x), ("y", y)):
        if not _is_batch(value):
            raise ValueError(
                f"{argument} must be a batch as the other cloud is: (B, n, d) or a list of (n, d) "
                f"arrays; got shape {np.shape(value)}"
            )
    size = len(x)
    for argument, value in (("y", y), ("a", a), ("b", b)):
        if value is None:
            continue
        if not isinstance(value, Sized) or getattr(value, "ndim", 1) == 0:
            raise ValueError(f"{argument} must have one entry per pair of the batch; got {value!r}")
        if len(value) != size:
            raise ValueError(
                f"{argument} must have one entry per pair of the batch, {size}; got {len(value)}"
            )
    problems = []
    for k in range(size):
        masses = (None if a is None else a[k], None if b is None else b[k])
        with pair_named(k):
            problems.append(cloud_problem(x[k], y[k], *masses, cost))
    return problems, True


@contextlib.contextmanager
def pair_named(k: int, batch: bool = True) -> Iterator[None]:
    """Errors say of which pair they are, if it is one of a batch."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if not batch:
            raise
        raise type(error)(f"pair {k} of the batch: {error}") from None


def of_each(
    problems: list[_core.Problem], batch: bool, work: Callable[[_core.Problem], Any]
) -> list[Any]:
    """What `work` makes of each problem, in order."""
    results = []
    for k, problem in enumerate(problems):
        with pair_named(k, batch):
            results.append(work(problem))
    return results
