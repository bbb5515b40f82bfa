"""The picture of a report. Needs Matplotlib; opens no window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from monge.critics.report import CriticReport
from monge.plot import X_COLOR, Y_COLOR, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GRID, ARROWS = 80, 60


def draw(report: CriticReport) -> Figure:
    """What `CriticReport.plot` returns."""
    figure = new_figure(10, 4.4)
    panels = [figure.add_subplot(1, 2, k) for k in (1, 2)]
    if report.dimension == 2:
        _heat_maps(report, panels)
    else:
        _against_exact(report, panels)
    figure.suptitle(
        f"estimate {report.estimate:.4g}, exact {report.exact:.4g}, "
        f"certified {report.certified:.4g}, trivial {report.trivial:.4g}"
    )
    figure.tight_layout()
    return figure


def _heat_maps(report: CriticReport, panels: list[Any]) -> None:
    potentials, x, y, solution, ground = report._scene
    both = np.concatenate([x.array, y.array])
    low, high = both.min(axis=0), both.max(axis=0)
    margin = 0.15 * max(float((high - low).max()), 1e-300)
    axes = [np.linspace(low[k] - margin, high[k] + margin, GRID) for k in range(2)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    sides = (
        ("phi", potentials.phi, x.array, X_COLOR, "x"),
        ("psi", potentials.psi, y.array, Y_COLOR, "y"),
    )
    for ax, (name, function, points, color, label) in zip(panels, sides, strict=True):
        values = function(grid).reshape(GRID, GRID)
        image = ax.pcolormesh(*axes, values, cmap="Greys", shading="auto", rasterized=True)
        ax.figure.colorbar(image, ax=ax, shrink=0.8)
        ax.scatter(*points.T, s=8, color=color, linewidths=0, label=label)
        ax.set_aspect("equal")
        ax.set_title(name)
    chosen = np.linspace(0, len(x.array) - 1, min(ARROWS, len(x.array))).round().astype(int)
    tails = x.array[chosen]
    _arrows(panels[0], tails, (solution.barycentric_map() - x.array)[chosen], Y_COLOR, "exact")
    slopes = potentials.gradient(tails)
    images = ground.map_of_gradient(tails, slopes)
    if images is None:
        # The direction alone is the critic's; as long as the exact one, to be compared by eye.
        lengths = np.linalg.norm(slopes, axis=1, keepdims=True)
        exact = np.linalg.norm((solution.barycentric_map() - x.array)[chosen], axis=1)[:, None]
        steps = np.divide(-slopes * exact, lengths, out=np.zeros_like(slopes), where=lengths > 0)
    else:
        steps = images - tails
    _arrows(panels[0], tails, steps, X_COLOR, "critic")
    panels[0].legend(loc="upper right", frameon=True, fontsize="small")


def _arrows(ax: Any, tails: Any, steps: Any, color: str, label: str) -> None:
    settings = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.004}
    ax.quiver(*tails.T, *steps.T, color=color, label=label, **settings)


def _against_exact(report: CriticReport, panels: list[Any]) -> None:
    potentials, x, y, solution, ground = report._scene
    sides = (
        ("phi", potentials.phi(x.array), ground.scale * solution.f, X_COLOR),
        ("psi", potentials.psi(y.array), ground.scale * solution.g, Y_COLOR),
    )
    for ax, (name, values, potential, color) in zip(panels, sides, strict=True):
        own, exact = values - values.mean(), potential - potential.mean()
        ax.scatter(exact, own, s=10, color=color, linewidths=0)
        ends = [min(exact.min(), own.min()), max(exact.max(), own.max())]
        ax.plot(ends, ends, color="0.6", lw=0.8, zorder=0)
        ax.set_xlabel(f"exact {name}, centred")
        ax.set_ylabel(f"critic's {name}, centred")
