"""Any critic as two potentials: functions of points whose values and slopes are NumPy arrays."""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monge.critics.ground import Ground
from monge.transforms import c_transform

Floats = NDArray[np.float64]

#: Slopes of functions of arrays are differences, for points of at most this dimension.
MAX_DIFFERENCES = 64


class Points:
    """A batch of points: an array (n, d) for the solver, and the form in which it came."""

    def __init__(self, value: Any, argument: str) -> None:
        self.tensor = value if _is_tensor(value) else None
        array = value.detach().cpu().double().numpy() if _is_tensor(value) else np.asarray(value)
        if array.ndim < 2 or len(array) == 0 or array.size == 0:
            raise ValueError(
                f"{argument} must have shape (n, d) or (n, ...), at least one point; "
                f"got shape {array.shape}"
            )
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{argument} must hold real numbers; got dtype {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"{argument} must be finite; got NaN or infinity")
        self.shape = array.shape[1:]
        self.array: Floats = np.ascontiguousarray(array.reshape(len(array), -1), dtype=np.float64)


class Potentials:
    """phi on the side of x, psi on the side of y, of a critic in any of the forms of `validate`."""

    def __init__(self, critic: Any, x: Points, y: Points, ground: Ground) -> None:
        if x.shape != y.shape:
            raise ValueError(f"y must have points of x's shape, {x.shape}; got {y.shape}")
        self._x, self._y, self._ground = x, y, ground
        self._phi, self._psi = self._functions(critic)
        self._like = self._template(critic)
        both = np.concatenate([x.array, y.array])
        spread = float(np.ptp(both, axis=0).max())
        relative = 1e-5 if self._like is None else max(1e-5, _eps(self._like.dtype) ** (1 / 3))
        self._step = max(relative * spread, 2.0**-48 * float(np.abs(both).max())) or 1e-5
        #: One rounding of the critic's own arithmetic.
        self.rounding = 2.0**-53
        #: Whether slopes come from torch; a function that leaves it has differences for slopes.
        self.differentiates = self._like is not None

    def phi(self, points: Floats) -> Floats:
        """phi (n,) at points (n, d)."""
        return self._values(self._phi, points)

    def psi(self, points: Floats) -> Floats:
        """psi (n,) at points (n, d)."""
        if self._psi is not None:
            return self._values(self._psi, points)
        # A lone phi and no metric: psi is its transform over the batch.
        at_x = self.phi(self._x.array) / self._ground.scale
        return c_transform(at_x, points, self._x.array, cost=self._ground.cost)[0] * (
            self._ground.scale
        )

    def gradient(self, points: Floats) -> Floats | None:
        """The gradient (n, d) of phi; None for a function of arrays in more than 64 dimensions."""
        if self.differentiates:
            slopes = self._slopes_by_torch(points)
            if slopes is not None:
                return slopes
            self.differentiates = False
        if points.shape[1] > MAX_DIFFERENCES:
            return None
        slopes = np.empty_like(points)
        for k in range(points.shape[1]):
            ways = np.zeros(points.shape[1])
            ways[k] = self._step
            above, below = points + ways, points - ways
            slopes[:, k] = (self.phi(above) - self.phi(below)) / (above - below)[:, k]
        return slopes

    def _slopes_by_torch(self, points: Floats) -> Floats | None:
        """The gradient of phi by autograd; None where its values do not come from its points."""
        torch = sys.modules["torch"]
        with torch.inference_mode(False), torch.enable_grad():
            leaf = self._lifted(points).detach().requires_grad_()
            try:
                values = self._phi(leaf)
            except (RuntimeError, TypeError):  # NumPy takes no tensor that requires a gradient
                return None
            if not (_is_tensor(values) and values.requires_grad):
                return None
            (slopes,) = torch.autograd.grad(values.sum(), leaf, allow_unused=True)
        if slopes is None:
            return None
        array: Floats = slopes.detach().cpu().double().numpy().reshape(points.shape)
        return array

    def _functions(self, critic: Any) -> tuple[Callable[..., Any], Callable[..., Any] | None]:
        if isinstance(critic, (tuple, list)):
            if len(critic) == 2 and not any(callable(one) for one in critic):
                return self._tables(*critic)
            if len(critic) != 2 or not all(callable(one) for one in critic):
                raise TypeError(f"critic must be a pair of functions (phi, psi); got {critic!r}")
            return critic[0], critic[1]
        if callable(getattr(critic, "phi", None)) and callable(getattr(critic, "psi", None)):
            return critic.phi, critic.psi
        if not callable(critic):
            raise TypeError(
                "critic must be a function f(points), a function (x, y) -> (phi, psi), or a pair "
                f"(phi, psi) of functions; got {critic!r}"
            )
        if _takes_two(critic):
            return (
                lambda points: critic(points, self._lifted(self._y.array))[0],
                lambda points: critic(self._lifted(self._x.array), points)[1],
            )
        if self._ground.is_metric:
            return critic, lambda points: -_numbers(critic(points))
        return critic, None

    def _tables(self, phi: Any, psi: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Functions of values known on the batch: beyond it, the transform of the other's."""
        sides = []
        for name, values, own in (("phi", phi, self._x), ("psi", psi, self._y)):
            table = np.asarray(values, dtype=np.float64)
            if table.shape != (len(own.array),) or not np.isfinite(table).all():
                raise ValueError(
                    f"critic's array {name} must hold one finite number per point, "
                    f"{len(own.array)}; got shape {table.shape}"
                )
            sides.append((own.array, table))

        def function(own: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> Any:
            def at(points: Any) -> Floats:
                flat = np.asarray(points, dtype=np.float64).reshape(len(points), -1)
                if np.array_equal(flat, own[0]):
                    return own[1]
                scale = self._ground.scale
                values, _ = c_transform(other[1] / scale, flat, other[0], cost=self._ground.cost)
                return scale * values

            return at

        return function(*sides), function(*reversed(sides))

    def _template(self, critic: Any) -> Any:
        """A tensor of the type and device that the critic takes; None if it takes arrays."""
        if isinstance(critic, (tuple, list)) and not any(callable(one) for one in critic):
            return None
        for module in modules_of(critic):
            for parameter in module.parameters():
                return parameter.detach()
        return self._x.tensor if self._x.tensor is not None else self._y.tensor

    def _lifted(self, points: Floats) -> Any:
        """Points in the form in which the critic takes them: its own, which it may write to."""
        shaped = points.reshape(len(points), *self._x.shape).copy()
        if self._like is None:
            return shaped
        torch = sys.modules["torch"]
        dtype = self._like.dtype if self._like.is_floating_point() else torch.float32
        return torch.as_tensor(shaped).to(device=self._like.device, dtype=dtype)

    def _values(self, function: Callable[..., Any], points: Floats) -> Floats:
        if self._like is None:
            values = _numbers(function(self._lifted(points)))
        else:
            with sys.modules["torch"].no_grad():
                values = _numbers(function(self._lifted(points)))
        if _is_tensor(values):
            half = values.is_floating_point() and values.element_size() < 4
            values = (values.float() if half else values).detach().cpu().numpy()
        if values.shape not in ((len(points),), (len(points), 1)):
            raise ValueError(
                f"critic must return one number per point, ({len(points)},) or ({len(points)}, 1); "
                f"got shape {values.shape}"
            )
        if values.dtype.kind not in "fiub":
            raise TypeError(f"critic must return real numbers; got dtype {values.dtype}")
        if values.dtype.kind == "f":
            self.rounding = max(self.rounding, float(np.finfo(values.dtype).eps) / 2)
        numbers: Floats = values.reshape(-1).astype(np.float64)
        if not (np.abs(numbers) < 1e300).all():
            raise ValueError("critic must return finite numbers below 1e300; got one that is not")
        return numbers


@contextlib.contextmanager
def evaluation(*owners: Any) -> Iterator[None]:
    """Torch modules in evaluation mode, and back as they were."""
    modes = [
        (one, one.training)
        for owner in owners
        for module in modules_of(owner)
        for one in module.modules()
    ]
    for module, _ in modes:
        module.training = False
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def modules_of(critic: Any) -> list[Any]:
    """The torch modules that a critic is made of, or is a bound method of."""
    torch = sys.modules.get("torch")
    if torch is None:
        return []
    parts = list(critic) if isinstance(critic, (tuple, list)) else [critic]
    parts += [getattr(part, "__self__", None) for part in parts]
    return [part for part in parts if isinstance(part, torch.nn.Module)]


def _numbers(values: Any) -> Any:
    """What a critic returned, as an array or a tensor."""
    return values if _is_tensor(values) else np.asarray(values)


def _eps(dtype: Any) -> float:
    """One rounding of a torch type; integers are lifted to float32."""
    torch = sys.modules["torch"]
    return float(torch.finfo(dtype if dtype.is_floating_point else torch.float32).eps)


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _takes_two(critic: Any) -> bool:
    """Whether a function must be called with two arguments."""
    function = critic.forward if modules_of(critic)[:1] == [critic] else critic
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p for p in parameters if p.kind in positional and p.default is p.empty]
    return len(needed) == 2
