"""Pictures of transport. Needs Matplotlib, `pip install "monge[plot]"`; opens no window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from monge.extras import require
from monge.solution import Solution

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

MAX_ARROWS = 300
X_COLOR, Y_COLOR = "#2f6db5", "#d9622b"


def plot_solution(solution: Solution, ax: Axes | None = None) -> Axes:
    """Draw both clouds and an arrow for each mass that moves, the darker the more mass.

    Parameters
    ----------
    solution : Solution
        Between point clouds of dimension 1 (drawn on two lines, x below y), 2 or 3.
    ax : matplotlib Axes, optional
        Default: those of a new figure; `ax.figure.savefig("plan.png")` saves it. For dimension 3
        they must be made with projection="3d".

    Returns
    -------
    matplotlib Axes

    Notes
    -----
    At most 300 arrows are drawn, those of the largest masses; of equal masses an even selection.

    Raises
    ------
    ValueError
        For a solution of a cost matrix, another dimension, or axes of the wrong kind.
    MissingExtra
        If Matplotlib is not installed.
    """
    if solution.x is None or solution.y is None:
        raise ValueError("a plot needs a solution between point clouds; got one of a cost matrix")
    x, y, plan = solution.x, solution.y, solution.plan
    dim = x.shape[1]
    if dim > 3:
        raise ValueError(f"a plot takes points of dimension 1, 2 or 3; got dimension {dim}")
    projection = "3d" if dim == 3 else "rectilinear"
    if ax is None:
        ax = new_figure(6.4, 5.6).add_subplot(projection=projection)
    elif ax.name != projection:
        raise ValueError(f"the axes for dimension {dim} must be {projection}; got {ax.name}")
    if dim == 1:
        x, y = np.insert(x, 1, 0, axis=1), np.insert(y, 1, 1, axis=1)
        ax.set_yticks([])
    else:
        ax.set_aspect("equal")

    moved = np.flatnonzero((x[plan.rows] != y[plan.cols]).any(axis=1))
    drawn = moved[largest(plan.mass[moved], MAX_ARROWS)]
    _draw_arrows(ax, x[plan.rows[drawn]], y[plan.cols[drawn]], plan.mass[drawn])
    _draw_points(ax, x, X_COLOR, "x")
    _draw_points(ax, y, Y_COLOR, "y")
    ax.legend(loc="upper right", frameon=False)
    ax.set_title(f"cost {solution.cost:.6g}, relative gap {solution.relative_gap:.1g}")
    return ax


def largest(mass: Floats, count: int) -> NDArray[np.intp]:
    """Indices of the `count` largest masses; evenly spread among those that tie for the last."""
    if len(mass) <= count:
        return np.arange(len(mass))
    last = np.partition(mass, -count)[-count]
    above, tied = np.flatnonzero(mass > last), np.flatnonzero(mass == last)
    spread = np.linspace(0, len(tied) - 1, count - len(above)).round().astype(np.intp)
    return np.concatenate([above, tied[spread]])


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches, which belongs to no window."""
    figure: Figure = require("matplotlib.figure", "plot").Figure(
        figsize=(width, height), facecolor="white"
    )
    require("matplotlib.backends.backend_agg", "plot").FigureCanvasAgg(figure)
    return figure


def _draw_points(ax: Any, points: Floats, color: str, label: str) -> None:
    ax.scatter(*points.T, s=12, color=color, linewidths=0, label=label)


def _draw_arrows(ax: Any, tails: Floats, heads: Floats, mass: Floats) -> None:
    if len(mass) == 0:
        return
    colors = np.full((len(mass), 4), 0.25)
    colors[:, 3] = 0.1 + 0.6 * mass / mass.max()
    if ax.name == "3d":
        # Each arrow is a shaft, then, after all shafts, the two strokes of its head.
        strokes = np.concatenate([colors, np.repeat(colors, 2, axis=0)])
        ax.quiver(*tails.T, *(heads - tails).T, colors=strokes, lw=0.8, arrow_length_ratio=0.12)
    else:
        steps = (heads - tails).T
        ax.quiver(
            *tails.T, *steps, color=colors, angles="xy", scale_units="xy", scale=1, width=0.003
        )
