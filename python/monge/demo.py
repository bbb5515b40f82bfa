"""A torus and the Stanford bunny, and a picture of the transport between them.

The bunny, 2503 points of a scanned figure, is the one that the package PyGSP carries. Needs
`pip install "monge[demo]"`.
"""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from monge.atomic_write import replace_file
from monge.extras import MissingExtra, require
from monge.plot import largest, new_figure
from monge.solution import Solution

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

GREY = "#555555"
#: Degrees to the right of the front, and upwards.
CAMERA = (-25, 12)
TIMES = (0.0, 0.25, 0.5, 0.75, 1.0)
ARROWS = 90
#: Around the torus, and round to the start again.
WHEEL = ("#e4572e", "#f0a202", "#8ab833", "#17a398", "#2f6db5", "#7d4fa8", "#d1477f", "#e4572e")


def bunny() -> Floats:
    """The Stanford bunny: (2503, 3), centred, of height 1, y upwards, x to the right.

    Source: Stanford Computer Graphics Laboratory; `data/pointclouds/bunny.mat` of PyGSP.
    """
    package = find_spec("pygsp")  # its file is all that is needed: importing it takes seconds
    if package is None or not package.submodule_search_locations:
        raise MissingExtra('this needs pygsp, which carries the bunny: pip install "monge[demo]"')
    file = Path(package.submodule_search_locations[0]) / "data" / "pointclouds" / "bunny.mat"
    points = np.asarray(require("scipy.io", "demo").loadmat(file)["bunny"], dtype=np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    return np.asarray((points - (low + high) / 2) / (high[1] - low[1]))


def shapes(seed: int = 0) -> tuple[Floats, Floats]:
    """Points of a torus, and the bunny to carry them to: (2503, 3) each."""
    target = bunny()
    return torus(len(target), seed), target


def torus(count: int, seed: int) -> Floats:
    """Points spread evenly by area on an upright torus, of the bunny's height: (count, 3), centred.

    A Kronecker sequence of the plastic number fills the surface without clumps; the seed shifts it.
    M. Roberts, The unreasonable effectiveness of quasirandom sequences (2018).
    """
    plastic = 1.324717957244746
    steps = np.arange(count)[:, None] / plastic ** np.array([2, 1])
    u, v = ((np.random.default_rng(seed).random(2) + steps) % 1).T
    ring, tube = 0.35, 0.15
    # The share of the area up to angle t of the tube is (t + tube / ring sin t) / (2 pi).
    t = np.linspace(0, 2 * np.pi, 4097)
    around = np.interp(v, (t + tube / ring * np.sin(t)) / (2 * np.pi), t)
    reach, angle = ring + tube * np.cos(around), 2 * np.pi * u
    return np.stack([reach * np.cos(angle), reach * np.sin(angle), tube * np.sin(around)], axis=1)


def picture(solution: Solution) -> Figure:
    """Where the mass of a 3-D solution goes, and below, McCann's interpolation on its way there.

    Each point keeps its colour: the angle of its start around the centre, seen from the front.
    """
    steps = [solution.interpolate(t)[0] for t in TIMES]
    wheel = require("matplotlib.colors", "demo").LinearSegmentedColormap.from_list("wheel", WHEEL)
    colors = wheel(np.arctan2(steps[0][:, 1], steps[0][:, 0]) / (2 * np.pi) % 1)[:, :3]

    figure = new_figure(11, 8.4)
    figure.text(
        0.5, 0.955, "A torus becomes the Stanford bunny", ha="center", size=19, weight="bold"
    )
    figure.text(0.5, 0.92, _certificate(solution), ha="center", size=11.5, color=GREY)

    top = _panel(figure, (0.02, 0.37, 0.96, 0.53), width=3.0)
    aside = np.array([0.98, 0.0])
    tails, heads = _project(steps[0])[0] - aside, _project(steps[-1])[0] + aside
    _scatter(top, steps[0], colors, size=30, offset=-aside)
    _scatter(top, steps[-1], colors, size=30, offset=aside)
    for k in largest(solution.plan.mass, ARROWS):
        style = {"arrowstyle": "-|>", "mutation_scale": 9, "color": 0.8 * colors[k], "alpha": 0.75}
        top.annotate("", heads[k], tails[k], arrowprops=style)
    n, m = solution.plan.shape
    figure.text(0.18, 0.37, f"{n} points of a torus", ha="center", size=11.5)
    figure.text(0.5, 0.37, f"{ARROWS} of the moves", ha="center", size=11.5, color=GREY)
    figure.text(0.82, 0.37, f"{m} points of a scanned figure", ha="center", size=11.5)

    note = "On the way (McCann's interpolation): each point goes straight and keeps its colour"
    figure.text(0.5, 0.325, note, ha="center", size=11.5, color=GREY)
    for k, (t, points) in enumerate(zip(TIMES, steps, strict=True)):
        ax = _panel(figure, (0.01 + 0.196 * k, 0.045, 0.196, 0.26), width=1.2)
        _scatter(ax, points, colors, size=7, offset=np.zeros(2))
        figure.text(0.108 + 0.196 * k, 0.018, f"t = {t:g}", ha="center", size=11.5)
    return figure


def save_picture(path: Path, solution: Solution) -> None:
    """Write `picture(solution)` as a PNG file of some 300 kB."""
    drawn = BytesIO()
    picture(solution).savefig(drawn, format="png", dpi=150)
    # A palette of 256 colours: a quarter of the size, and the eye sees no difference.
    image = require("PIL.Image", "demo").open(drawn).convert("RGB").quantize(256)
    replace_file(path, lambda stream: image.save(stream, format="png", optimize=True))


def _certificate(solution: Solution) -> str:
    n, _ = solution.plan.shape
    return (
        f"{n} points, moved at the least mean squared distance:  "
        f"cost {solution.cost:.9f},  lower bound {solution.lower_bound:.9f},  "
        f"relative gap {solution.relative_gap:.1g}"
    )


def _panel(figure: Figure, box: tuple[float, float, float, float], width: float) -> Axes:
    """Axes without a frame, `width` units of length wide, centred on the origin."""
    ax = figure.add_axes(box)
    inches = figure.get_size_inches()
    height = width * (box[3] * inches[1]) / (box[2] * inches[0])
    ax.set(xlim=(-width / 2, width / 2), ylim=(-height / 2, height / 2), aspect="equal")
    ax.axis("off")
    return ax


def _scatter(ax: Axes, points: Floats, colors: Floats, size: float, offset: Floats) -> None:
    """Draws points from the back to the front, the paler the farther."""
    screen, depth = _project(points)
    order = np.argsort(depth)
    far = ((depth.max() - depth) / np.ptp(depth))[:, None]
    shades = colors + (1 - colors) * 0.65 * far
    across, up = (screen + offset)[order].T
    ax.scatter(across, up, s=size, c=shades[order], linewidths=0, clip_on=False)


def _project(points: Floats) -> tuple[Floats, Floats]:
    """Where the camera sees points, (n, 2), and how near they are, (n,)."""
    yaw, pitch = np.radians(CAMERA)
    turn = [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
    tilt = [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    seen = points @ (np.array(tilt) @ turn).T
    return seen[:, :2], seen[:, 2]
