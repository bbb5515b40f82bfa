"""Checkerboard, spirals and four Gaussians: which method's map is the optimal one?

Figures 1 and 2 of the W2GAN paper, with numbers. All GANs have the same networks, rates, batches
and steps, generators that begin as the identity, and critics that learn for a while before the
generator moves. The first column of the figure is the exact plan between two samples.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from monge.critics import MapReport, validate_map
from monge.entropic import sinkhorn
from monge.gan import networks, objectives
from monge.gan.data import Task, toy
from monge.gan.experiments.page import Page, spread
from monge.gan.trainer import GAN
from monge.gan.validation import fresh_batch, validate_generator
from monge.plot import X_COLOR, Y_COLOR, new_figure
from monge.solve import solve

TOYS = ("checkerboard", "spirals", "4gaussians")
#: Steps of critic and generator, more where the way is longer.
STEPS = {"checkerboard": 120, "spirals": 240, "4gaussians": 240}
#: The critic's steps before them, batch, and points of the evaluation.
WARM, BATCH, POINTS = 120, 128, 2048
DRAWN = 300
#: (4) is an expectation over all pairs; over a batch's n^2 it is told better than over n.
METHODS: dict[str, objectives.Objective] = {
    "W2GAN": objectives.W2GAN(equality=0.0, pairs="all"),
    "W2GAN with c-equality": objectives.W2GAN(pairs="all"),
    "WGAN-LP": objectives.WGANLP(),
    "WGAN-LP, slower": objectives.WGANLP(),
    "WGAN-GP": objectives.WGANGP(),
    "Barycentric-OT": objectives.BarycentricOT(epsilon=0.01, potential_steps=240),
    "minibatch OT": objectives.MinibatchOT(),
}
#: Methods with more steps, so many times, and what differs in their recipes.
SLOWER: dict[str, tuple[int, dict[str, Any]]] = {
    "WGAN-LP, slower": (3, {"n_critic": 10, "generator_rate": 3e-5}),
}
DISCRETE = "Discrete-OT"


class NearestMove:
    """The plan between two samples, carried to other points: each takes the move of the sample's
    point nearest to it. Exact, or with `epsilon` the entropic one of |x - y|^2 / 2."""

    def __init__(self, x: Tensor, y: Tensor, epsilon: float | None = None) -> None:
        self.x = x
        if epsilon is None:
            plan: Any = solve(x.numpy(), y.numpy(), cost="sqeuclidean")
        else:
            plan = sinkhorn(x.numpy(), y.numpy(), epsilon=2 * epsilon, rtol=1e-3)
        image = plan.barycentric_map()
        self.moves = torch.as_tensor(image, dtype=x.dtype) - x

    def __call__(self, points: Tensor) -> Tensor:
        """Images of points (n, d)."""
        nearest = torch.cdist(points.to(self.x), self.x).argmin(1)
        return points + self.moves[nearest].to(points)


def train(
    objective: objectives.Objective,
    task: Task,
    seed: int,
    watch: Callable[[GAN], None] | None = None,
    times: int = 1,
    **changes: Any,
) -> GAN:
    """A GAN after `WARM` critic steps and `times` `STEPS` steps; `watch` sees it before and after
    each. `changes` are the recipe's."""
    torch.manual_seed(seed)
    recipe, warm, steps = objective.recipe(), 0, times * STEPS[task.name]
    critic: Any = None
    if isinstance(objective, objectives.BarycentricOT):
        critic, steps = networks.potentials(2), objective.potential_steps + steps
    elif recipe.n_critic:
        recipe, warm = objectives.W2GAN().recipe(), WARM
        one_function = isinstance(objective, objectives.WGANGP)
        critic = networks.mlp(2) if one_function else networks.potentials(2)
    recipe = dataclasses.replace(recipe, batch=BATCH, **changes)
    gan = GAN(networks.residual_mlp(2), critic, objective, task, recipe=recipe, seed=seed)
    for _ in range(warm):
        gan.critic_step()
    if watch is None:
        gan.fit(steps, bar=False)
        return gan
    watch(gan)
    gan.fit(steps, callbacks=[lambda one, _: watch(one)], bar=False)
    return gan


def measure(name: str, toy_name: str, seed: int) -> dict[str, Any]:
    """The scores of one method; of the first seed, points to draw."""
    task = toy(toy_name, seed)
    if name == DISCRETE:
        identity = GAN(torch.nn.Identity(), None, objectives.MinibatchOT(), task, seed=seed)
        sample = fresh_batch(identity, POINTS, seed=2)  # 0 is what all are scored on
        batch = fresh_batch(identity, POINTS)
        transport: Any = NearestMove(sample.source, sample.real)
        report = validate_map(
            transport, batch.source, batch.real, scale=0.5, true_map=task.true_map
        )
    else:
        times, changes = SLOWER.get(name, (1, {}))
        gan = train(METHODS[name], task, seed, times=times, **changes)
        report, transport = validate_generator(gan, POINTS), gan.generator
        batch = fresh_batch(gan, POINTS)
    with torch.no_grad():
        fake = transport(batch.source[:DRAWN]) if name == DISCRETE else batch.fake[:DRAWN]
    drawn = {"x": batch.source[:DRAWN], "y": batch.real[:DRAWN], "image": fake}
    kept = {key: one.numpy() for key, one in drawn.items()} if seed == 0 else {}
    return {**_scores(report), **kept}


def _scores(report: MapReport) -> dict[str, Any]:
    return {
        "uvp": report.uvp,
        "cosine": report.cosine,
        "cost": report.transport_cost,
        "optimal_cost": report.optimal_cost,
        "image_cost": report.image_cost,
        "linear_uvp": report.linear.uvp,
        "linear_cosine": report.linear.cosine,
        "against": report.against,
    }


_SCORES = ("uvp", "cosine", "image_cost", "cpu_seconds")


def run(page: Page, runs: int) -> None:
    """The table over seeds, and a figure of the first seed's maps."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    names = [*METHODS, DISCRETE]
    for seed in range(runs):
        for toy_name in TOYS:
            for name in names:
                key = {"toy": toy_name, "method": name, "seed": seed, "points": POINTS}
                if name != DISCRETE:
                    times, changes = SLOWER.get(name, (1, {}))
                    key |= {
                        "objective": METHODS[name].describe(),
                        "steps": times * STEPS[toy_name],
                        "warm": WARM,
                        "batch": BATCH,
                    }
                    key |= {"changes": changes} if changes else {}
                one = page.once(key, partial(measure, name, toy_name, seed))
                found.setdefault((toy_name, name), []).append(one)
    rows = []
    for (toy_name, name), several in found.items():
        columns = {key: [one[key] for one in several] for key in _SCORES}
        rows.append(
            {
                "toy": toy_name,
                "method": name,
                "L2-UVP %": spread(columns["uvp"]),
                "cosine": spread(columns["cosine"]),
                "cost / least cost": spread([one["cost"] / one["optimal_cost"] for one in several]),
                "cost of the image to the target": spread(columns["image_cost"]),
                "CPU seconds": spread(columns["cpu_seconds"], 2),
            }
        )
        if name == DISCRETE:
            linear = [one["linear_uvp"] for one in several], [o["linear_cosine"] for o in several]
            rows.append(
                dict.fromkeys(rows[-1], "")
                | {
                    "toy": toy_name,
                    "method": "(linear map)",
                    "L2-UVP %": spread(linear[0]),
                    "cosine": spread(linear[1]),
                }
            )
    page.table(rows)
    figure = new_figure(2.5 * len(names), 2.7 * len(TOYS))
    for k, ((toy_name, name), several) in enumerate(found.items()):
        row, column = TOYS.index(toy_name), names.index(name)
        ax = figure.add_subplot(len(TOYS), len(names), row * len(names) + column + 1)
        _draw(ax, several[0], name if row == 0 else "")
        if k == 0:
            figure.legend(loc="lower center", ncols=3, fontsize="small", frameon=False)
    page.figure(figure)


def _draw(ax: Any, one: dict[str, Any], title: str) -> None:
    x, y, image = one["x"], one["y"], one["image"]
    moves = (image - x)[:120].T
    ax.quiver(*x[:120].T, *moves, color="0.6", angles="xy", scale_units="xy", scale=1, width=0.004)
    ax.scatter(*x.T, s=3, color=X_COLOR, label="x")
    ax.scatter(*y.T, s=3, color=Y_COLOR, label="y")
    ax.scatter(*image.T, s=3, color="black", label="G(x)")
    ax.set_title(f"{title}\nL2-UVP {one['uvp']:.3g} %".strip(), fontsize="small")
    ax.set_aspect("equal")
    ax.set_xticks([])
    ax.set_yticks([])
    low, high = (f(np.concatenate([x, y]), axis=0) for f in (np.min, np.max))
    ax.set_xlim(low[0] - 0.2, high[0] + 0.2)
    ax.set_ylim(low[1] - 0.2, high[1] + 0.2)
