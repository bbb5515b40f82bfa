"""Does the generator follow the geodesic? Figures 3 and 4 of the W2GAN paper, with numbers.

The paper's theorem 1: under exact updates mu_t = (e^-t Id + (1 - e^-t) T) # mu_0, so that points go
straight to T(x) and W_2^2(mu_t, P) = e^-2t W_2^2(mu_0, P) (corollary 1). Held against it:

- a *generator*, trained by Adam, whose time is not the flow's. Its e^-t is read off the share of
  the way that its points have gone; then the law says what W_2^2 must be;
- *free points* without a generator, each moved by dt along -grad phi of a critic that learns
  between the steps: their time is the flow's, (1 - dt)^k = e^-t.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from monge.critics.functions import evaluation
from monge.gan import networks, objectives
from monge.gan.data import Shuffled, Task, toy
from monge.gan.experiments import toy_maps
from monge.gan.experiments.page import Page, spread
from monge.gan.objectives.penalties import gradients
from monge.gan.trainer import GAN
from monge.gan.validation import fresh_batch
from monge.plot import X_COLOR, Y_COLOR, new_figure
from monge.solve import emd, solve

Floats = NDArray[np.float64]
TOYS = ("checkerboard", "4gaussians")
OBJECTIVE = toy_maps.METHODS["W2GAN"]
#: Points watched; steps between looks; where the figure stops to look; grid of the potentials.
POINTS, EVERY, STOPS, GRID = 1024, 10, (0, 20, 40, 80, 120), 60
#: Of e^-2t, where the table tells W_2^2.
LEVELS = (0.5, 0.25, 0.1)
#: The free points' step and number of steps, and the critic's steps between.
RATE, FLOW_STEPS, BETWEEN = 0.1, 25, 8


class Path:
    """Watched points x on their way to T(x), and how far their law is from the target's."""

    def __init__(self, toy_name: str, seed: int) -> None:
        self.task = toy(toy_name, seed)
        whole = GAN(torch.nn.Identity(), None, objectives.MinibatchOT(), self.task)
        batch, second = (fresh_batch(whole, POINTS, k) for k in (0, 1))
        self.start = batch.source
        self.x, self.y = batch.source.double().numpy(), batch.real.double().numpy()
        if self.task.true_map is None:
            image = solve(self.x, self.y, cost="sqeuclidean").barycentric_map()
        else:
            image = self.task.true_map(batch.source).double().numpy()
        self.moves = image - self.x
        self.length = float(np.square(self.moves).sum())
        self.floor = emd(second.real.double().numpy(), self.y, cost="sqeuclidean")
        self.rows: list[tuple[float, float, float]] = []
        self.look(batch.source)

    def look(self, points: Tensor) -> None:
        """Note the share of the way gone, the square off the way, and W_2^2 to the target."""
        now = points.double().numpy()
        gone = float(((now - self.x) * self.moves).sum()) / self.length
        off = float(np.square(now - self.x - gone * self.moves).sum()) / self.length
        self.rows.append((gone, off, emd(now, self.y, cost="sqeuclidean")))

    def law(self) -> dict[str, Any]:
        """Of each look e^-2t and W_2^2 over the first; off the way; the floor over the first."""
        rows = np.array(self.rows)
        return {
            "law": np.square(1 - rows[:, 0]),
            "measured": rows[:, 2] / rows[0, 2],
            "off": rows[:, 1],
            "floor": self.floor / rows[0, 2],
        }


def trained(toy_name: str, seed: int) -> dict[str, Any]:
    """A W2GAN's path; its potentials before the generator moves, its arrows at `STOPS`."""
    path = Path(toy_name, seed)
    maps: dict[str, Floats] = {}
    images, slopes = [], []

    def watch(gan: GAN) -> None:
        if gan.step not in STOPS and gan.step % EVERY:
            return
        with torch.no_grad(), evaluation(gan.generator):
            now = gan.generator(path.start)
        if gan.step in STOPS:
            images.append(now.numpy())
            slopes.append(_slopes(gan, now).numpy())
        if gan.step == 0:
            maps.update(_potentials(gan, path))
        else:
            path.look(now)

    toy_maps.train(OBJECTIVE, path.task, seed, watch)
    points = {"x": path.x, "y": path.y, "moves": path.moves}
    return {**path.law(), **points, **maps, "images": np.array(images), "slopes": np.array(slopes)}


def free(toy_name: str, seed: int) -> dict[str, Any]:
    """Points that move by `RATE` along the critic's gradient: their time is known."""
    torch.manual_seed(seed)
    path = Path(toy_name, seed)
    points = path.start.clone()
    task = Task(Shuffled(points, seed), path.task.target)
    recipe = dataclasses.replace(objectives.W2GAN().recipe(), batch=toy_maps.BATCH)
    critic = networks.potentials(2)
    gan = GAN(torch.nn.Identity(), critic, OBJECTIVE, task, recipe=recipe, seed=seed)
    for _ in range(toy_maps.WARM):
        gan.critic_step()
    for _ in range(FLOW_STEPS):
        points -= RATE * _slopes(gan, points)
        path.look(points)
        for _ in range(BETWEEN):
            gan.critic_step()
    return {**path.law(), "law": (1 - RATE) ** (2.0 * np.arange(FLOW_STEPS + 1))}


def _slopes(gan: GAN, points: Tensor) -> Tensor:
    critic: Any = gan.critic
    return gradients(critic.phi, points).detach()


def _axes(x: Floats, y: Floats) -> list[Floats]:
    both = np.concatenate([x, y])
    return [np.linspace(both[:, k].min() - 0.3, both[:, k].max() + 0.3, GRID) for k in range(2)]


def _potentials(gan: GAN, path: Path) -> dict[str, Floats]:
    grid = np.stack(np.meshgrid(*_axes(path.x, path.y)), axis=-1).reshape(-1, 2)
    critic: Any = gan.critic
    with torch.no_grad():
        points = torch.as_tensor(grid, dtype=torch.float32)
        values = [side(points).double().numpy() for side in (critic.phi, critic.psi)]
    return {name: one.reshape(GRID, GRID) for name, one in zip(("phi", "psi"), values, strict=True)}


def run(page: Page, runs: int) -> None:
    """The table over seeds; the first seed's path, potentials and laws."""
    movers = {"generator": trained, "free points": free}
    rows, firsts = [], {}
    for toy_name in TOYS:
        for mover, measure in movers.items():
            found = []
            for seed in range(runs):
                key = {"toy": toy_name, "mover": mover, "seed": seed, **_settings(toy_name, mover)}
                found.append(page.once(key, partial(measure, toy_name, seed)))
            firsts[toy_name, mover] = found[0]
            row = {"toy": toy_name, "moved": mover}
            for at in LEVELS:
                ratios = [_at(one, at) for one in found]
                row[f"W_2^2 where e^-2t = {at}"] = spread(ratios)
            row["off the way, at the end"] = spread([float(one["off"][-1]) for one in found])
            row["floor"] = spread([one["floor"] for one in found])
            rows.append(row)
    page.table(rows)
    page.figure(_picture(firsts))


def _at(one: dict[str, Any], level: float) -> float:
    """W_2^2 where e^-2t first is `level`, between two looks; NaN where the path ends before."""
    law, measured = one["law"], one["measured"]
    if law.min() > level:
        return float("nan")
    k = int(np.argmax(law <= level))
    return float(np.interp(level, law[[k, k - 1]], measured[[k, k - 1]]))


def _settings(toy_name: str, mover: str) -> dict[str, Any]:
    own = {"objective": OBJECTIVE.describe(), "warm": toy_maps.WARM, "points": POINTS}
    own["batch"] = toy_maps.BATCH
    if mover == "generator":
        return own | {"steps": toy_maps.STEPS[toy_name], "every": EVERY, "stops": list(STOPS)}
    return own | {"rate": RATE, "steps": FLOW_STEPS, "between": BETWEEN}


def _picture(firsts: dict[tuple[str, str], dict[str, Any]]) -> Any:
    columns = max(len(STOPS), 2 + len(TOYS))
    figure = new_figure(2.5 * columns, 7.6)
    one = firsts[TOYS[0], "generator"]
    for k, step in enumerate(STOPS):
        _draw_stop(figure.add_subplot(3, columns, k + 1), one, k, f"step {step}", True)
        _draw_stop(figure.add_subplot(3, columns, columns + k + 1), one, k, "", False)
    below = 2 * columns + 1
    for k, name in enumerate(("phi", "psi")):
        ax = figure.add_subplot(3, columns, below + k)
        axes = _axes(one["x"], one["y"])
        ax.pcolormesh(*axes, one[name], cmap="viridis", shading="auto", rasterized=True)
        ax.contour(*axes, one[name], levels=14, colors="white", linewidths=0.4)
        ax.set_aspect("equal")
        ax.set_title(f"{name}, step 0", fontsize="small")
    for k, toy_name in enumerate(TOYS):
        ax = figure.add_subplot(3, columns, below + 2 + k)
        ax.plot([1e-3, 1], [1e-3, 1], color="0.6", lw=1, label="law (15)")
        for mover, color in (("generator", X_COLOR), ("free points", Y_COLOR)):
            found = firsts[toy_name, mover]
            ax.plot(found["law"], found["measured"], ".-", ms=3, lw=0.8, color=color, label=mover)
        ax.axhline(found["floor"], color="0.3", ls=":", lw=1, label="floor")
        ax.set(xscale="log", yscale="log", xlim=(1.1, 3e-3), ylim=(3e-3, 1.3), title=toy_name)
        ax.set_xlabel("e^-2t")
        if k == 0:
            ax.set_ylabel("W_2^2(mu_t, P) over its first")
            ax.legend(fontsize="xx-small", frameon=False)
    return figure


def _draw_stop(ax: Any, one: dict[str, Any], k: int, title: str, way: bool) -> None:
    """The way so far, or what the critic's gradient says is left of it."""
    image = one["images"][k]
    ax.scatter(*one["y"][:400].T, s=2, color=Y_COLOR, alpha=0.6)
    ax.scatter(*image[:400].T, s=2, color="black" if way else X_COLOR)
    tails = one["x"][:120] if way else image[:120]
    moves = image[:120] - one["x"][:120] if way else -one["slopes"][k][:120]
    arrows = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.004}
    ax.quiver(*tails.T, *moves.T, color="0.5" if way else "black", **arrows)
    low, high = (f(np.concatenate([one["x"], one["y"]]), axis=0) for f in (np.min, np.max))
    ax.set(xlim=(low[0] - 0.2, high[0] + 0.2), ylim=(low[1] - 0.2, high[1] + 0.2))
    ax.set(xticks=[], yticks=[], aspect="equal")
    ax.set_title(title or "-grad phi", fontsize="small")
