"""What `validate` returns: numbers, a table, JSON and a picture."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Percentiles:
    """Of a set of numbers: 5th, 50th and 95th percentile, and the largest."""

    p5: float
    p50: float
    p95: float
    max: float

    @classmethod
    def of(cls, values: Floats) -> Percentiles | None:
        if values.size == 0:
            return None
        return cls(*(float(v) for v in np.percentile(values, [5, 50, 95, 100])))

    def __str__(self) -> str:
        return f"median {self.p50:.4g}, 5-95 % {self.p5:.4g} to {self.p95:.4g}, max {self.max:.4g}"


@dataclass(frozen=True)
class Violations:
    """How far phi_i + psi_j exceeds c(x_i, y_j) over all pairs.

    `max` and `mean` of the positive part, and the `fraction` of pairs that exceed by more than
    `tolerance`, the rounding of the critic's own arithmetic.
    """

    max: float
    mean: float
    fraction: float
    tolerance: float

    def __str__(self) -> str:
        return f"max {self.max:.4g}, mean {self.mean:.4g}, {100 * self.fraction:.3g} % of pairs"


class Report:
    """A frozen dataclass of numbers as JSON."""

    def to_dict(self) -> dict[str, Any]:
        """Public fields as plain numbers, texts and dicts; what is not finite is None."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        return {f.name: _plain(getattr(self, f.name)) for f in fields if f.repr}

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """The report as JSON text, floats exact; written to `path` too, if given."""
        text = json.dumps(self.to_dict(), allow_nan=False, indent=2)
        if path is not None:
            Path(path).write_text(text + "\n")
        return text


@dataclass(frozen=True)
class CriticReport(Report):
    """A critic held against exact transport between the same two batches.

    All costs are of the batches, not of the distributions that they were drawn from.

    Attributes
    ----------
    estimate : float
        mean phi(x_i) + mean psi(y_j): what the critic claims the cost is.
    exact : float
        The least cost of moving x onto y, by the certified solver.
    relative_error : float
        (estimate - exact) / exact; positive where the critic claims too much. 0 if both are 0.
    certified : float
        A lower bound on the exact cost that follows from the critic, whatever it is: the better of
        mean phi + mean_j min_i (c_ij - phi_i) and its mirror image.
    gap : float
        exact - certified.
    rounding : float
        certified <= exact + rounding holds in floating point, for every critic.
    trivial : float
        `certified` of the critic that is 0 everywhere: what no critic is needed for.
    floor, floor_sd : float or None
        The exact cost between y and a second real sample, `reference`, and its standard deviation
        over random splits of the two pooled; None without a reference.
    displacement_over_floor : float or None
        exact / floor. Near 1 no direction can be told from noise.
    violations, interpolated_violations : Violations
        Of phi + psi <= c over all pairs of points, and of points between x and y.
    lipschitz : Percentiles or None
        |phi_k - phi_l| / d over pairs of points, d the cost if that is a metric, else Euclidean;
        None where all points coincide.
    gradient_norm : Percentiles or None
        Euclidean norms of phi's gradient at points between x and y.
    cosine, cosine_mean : float or None
        Between -grad phi(x_i) and the exact displacement T(x_i) - x_i: of all points as one long
        vector, and the mean over points. None for costs that are no power of |x - y|_2, or
        nothing moves.
    equality_residual : float or None
        The root mean square of phi(x) + psi(T(x)) - c(x, T(x)), T(x) the point that phi's own
        gradient sends x to; 0 for optimal potentials. None for costs that are no power > 1 of
        |x - y|_2: there a gradient does not tell how far.
    slackness : float
        The root mean square of c - phi - psi over the exact plan; 0 for optimal potentials.
    gradient_of : str
        "autograd", "differences" or "none": where gradients come from.
    n, m, dimension : int
    cost : str
        The ground cost.
    notes : tuple of str
        What a reader should know of these numbers.
    """

    estimate: float
    exact: float
    relative_error: float
    certified: float
    gap: float
    rounding: float
    trivial: float
    floor: float | None
    floor_sd: float | None
    displacement_over_floor: float | None
    violations: Violations
    interpolated_violations: Violations
    lipschitz: Percentiles | None
    gradient_norm: Percentiles | None
    cosine: float | None
    cosine_mean: float | None
    equality_residual: float | None
    slackness: float
    gradient_of: str
    n: int
    m: int
    dimension: int
    cost: str
    notes: tuple[str, ...]
    # What the picture is drawn from.
    _scene: Any = field(repr=False, compare=False, default=None)

    def __getstate__(self) -> dict[str, Any]:
        # A critic may be any function, which need not be picklable.
        return {**self.__dict__, "_scene": None}

    def __str__(self) -> str:
        """The report as a table."""
        proved = "" if self.exact <= 0 else f" ({100 * self.certified / self.exact:.3g} % of exact)"
        rows = {
            "estimate": f"{self.estimate:.6g}",
            "exact": f"{self.exact:.6g}",
            "relative error": f"{100 * self.relative_error:+.3g} %",
            "certified": f"{self.certified:.6g}{proved}, rounding {self.rounding:.1g}",
            "trivial": f"{self.trivial:.6g}",
            "floor": "no reference" if self.floor is None else _text_of_floor(self),
            "violations": str(self.violations),
            "  interpolated": str(self.interpolated_violations),
            "Lipschitz": _or(self.lipschitz, "all points coincide"),
            "gradient norm": _or(self.gradient_norm, "no gradient"),
            "cosine": _text_of_cosine(self),
            "c-equality": _number(self.equality_residual, "this cost has no map of a gradient"),
            "slackness": f"{self.slackness:.4g}",
            "points": f"{self.n} to {self.m}, dimension {self.dimension}, cost {self.cost}",
        }
        lines = [f"{label:<16}{value}" for label, value in rows.items()]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def plot(self) -> Figure:
        """Draw the critic: in the plane heat maps of phi and psi with arrows, else its potentials
        against the exact ones.

        Over phi, from each x_i the map that its gradient gives (for powers > 1 of |x - y|_2; else
        its direction) and the exact displacement, for at most 60 points. Needs Matplotlib:
        pip install "monge[plot]". Raises ValueError for a report that was unpickled or copied: the
        critic stays behind.
        """
        if self._scene is None:
            raise ValueError("a report that was unpickled or copied has no critic to draw")
        from monge.critics.picture import draw

        return draw(self)


def _text_of_floor(report: CriticReport) -> str:
    text = f"{report.floor:.6g}"
    if report.floor_sd is not None:
        text += f" +- {report.floor_sd:.2g}"
    if report.displacement_over_floor is not None:
        text += f", exact / floor {report.displacement_over_floor:.3g}"
    return text


def _text_of_cosine(report: CriticReport) -> str:
    if report.cosine is None or report.cosine_mean is None:
        return "not defined"
    beside = report.displacement_over_floor
    ratio = "floor unknown" if beside is None else f"exact / floor {beside:.3g}"
    return f"{report.cosine:.3f}, mean of points {report.cosine_mean:.3f} ({ratio})"


def _or(value: object, otherwise: str) -> str:
    return otherwise if value is None else str(value)


def _number(value: float | None, otherwise: str) -> str:
    return otherwise if value is None else f"{value:.4g}"


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value
