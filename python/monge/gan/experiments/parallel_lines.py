"""Two parallel segments theta apart: why a generator learns by Wasserstein and not by JS.

For every theta except 0 the supports are disjoint. JS is log 2, the classifier can be perfect, and
its gradient on the generator's side vanishes as it learns; W_1 is |theta|, and its slope is 1.
Noise on the discriminator's input brings the gradient back, at the price of another distance.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from monge.divergences import jensen_shannon
from monge.gan import networks, objectives
from monge.gan.data import Stream, Task
from monge.gan.experiments.page import Page
from monge.gan.objectives import Batch
from monge.gan.objectives.penalties import gradients, lengths
from monge.gan.trainer import GAN
from monge.plot import new_figure
from monge.solve import emd

POINTS = 256
CHECKS = (0, 25, 100, 400, 800, 1600)


class _Line:
    """Points of {x} x [0, 1], blurred by noise."""

    def __init__(self, x: float, noise: float) -> None:
        self.x, self.noise = x, noise

    def __call__(self, n: int, dice: torch.Generator) -> Tensor:
        points = torch.stack([torch.full((n,), self.x), torch.rand(n, generator=dice)], 1)
        return points + self.noise * torch.randn(n, 2, generator=dice)


def slopes(objective: objectives.Objective, theta: float, noise: float, seed: int) -> list[float]:
    """The mean slope of the generator's loss by its points, at `CHECKS` critic steps."""
    torch.manual_seed(seed)
    source, target = (
        Stream(_Line(x, noise), f"line {x:g}, noise {noise:g}", 2 * seed + k)
        for k, x in enumerate((theta, 0.0))
    )
    critic = networks.mlp(2)
    gan = GAN(torch.nn.Identity(), critic, objective, Task(source, target), seed=seed)
    found = []
    for step in range(CHECKS[-1] + 1):
        if step in CHECKS:
            found.append(slope(gan))
        gan.critic_step()
    return found


def slope(gan: GAN) -> float:
    """The mean over points of |grad| of the generator's loss per point."""
    batch = gan.draw(with_graph=False)

    def loss(points: Tensor) -> Tensor:
        fake = Batch(points, points, batch.real, batch.dice)
        return gan.objective.generator_loss(gan.critic, fake) * len(points)

    return float(lengths(gradients(loss, batch.fake).detach()).mean())


def distances(theta: float, n: int) -> tuple[float, float]:
    """JS of histograms, and W_1, between samples of the two lines."""
    random = np.random.default_rng(0)
    x, y = (np.stack([np.full(n, at), random.random(n)], 1) for at in (theta, 0.0))
    edges = np.linspace(-1.05, 1.05, 22)
    p, q = (np.histogramdd(side, (edges, np.linspace(0, 1, 6)))[0].ravel() / n for side in (x, y))
    return float(jensen_shannon(p, q)), float(emd(x, y))


def run(page: Page, runs: int) -> None:
    """The table of slopes against critic steps; JS and W_1 against theta beside it."""
    methods: dict[str, Any] = {
        "JS, saturating": (objectives.Vanilla(saturating=True), 0.0),
        "JS, -log D": (objectives.Vanilla(), 0.0),
        "JS, saturating, noise 0.3": (objectives.Vanilla(saturating=True), 0.3),
        "WGAN-LP": (objectives.WGANLP(), 0.0),
    }
    rows, curves = [], {}
    for name, (objective, noise) in methods.items():
        all_runs = np.array([slopes(objective, 1.0, noise, seed) for seed in range(runs)])
        curves[name] = np.median(all_runs, axis=0)
        rows.append(
            {"generator's slope": name}
            | {f"{step} steps": float(v) for step, v in zip(CHECKS, curves[name], strict=True)}
        )
    page.table(rows)
    figure = new_figure(9, 3.4)
    thetas = np.linspace(-1, 1, 21)
    pairs = np.array([distances(theta, POINTS) for theta in thetas])
    left, right = (figure.add_subplot(1, 2, k) for k in (1, 2))
    left.plot(thetas, 2 * pairs[:, 0] - 2 * math.log(2), ".-", label="2 JS - 2 log 2")
    left.plot(thetas, pairs[:, 1], ".-", label="W_1")
    left.set_xlabel("theta")
    left.legend(frameon=False, fontsize="small")
    for name, values in curves.items():
        right.plot(CHECKS, values, ".-", label=name)
    right.set_yscale("log")
    right.set_xlabel("critic steps")
    right.set_ylabel("slope of the generator's loss")
    right.legend(frameon=False, fontsize="x-small")
    page.figure(figure)
