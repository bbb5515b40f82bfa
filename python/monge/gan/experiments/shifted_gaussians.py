"""Two standard Gaussians in the plane, shifted by -(1, 1) and (1, 1): estimates while training.

Mallasto et al., figure 2: critics see 500 batches of 64, then are asked for the cost of fresh
batches. The distributions' own distance is |(2, 2)| = 2.83; batches' exact costs scatter around it.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch

from monge.critics import validate
from monge.gan import networks, objectives
from monge.gan.data import shifted_gaussians
from monge.gan.experiments.page import Page, mean_sd
from monge.gan.objectives import Batch
from monge.gan.trainer import GAN
from monge.plot import new_figure

STEPS, BATCHES = 500, 40
METHODS: dict[str, objectives.Objective] = {
    "weight clipping": objectives.WGAN(),
    "gradient penalty": objectives.WGANGP(),
    "c-transform": objectives.CTransform(),
    "(c, 0.1)-transform": objectives.CTransform(epsilon=0.1),
}


def estimates(objective: objectives.Objective, seed: int) -> list[tuple[float, float, float]]:
    """(estimate, exact, certified) of fresh batches after training."""
    torch.manual_seed(seed)
    recipe = dataclasses.replace(objective.recipe(), batch=64)
    critic = networks.mlp(2)
    task = shifted_gaussians(2, 1.0, seed)
    gan = GAN(torch.nn.Identity(), critic, objective, task, recipe=recipe, seed=seed)
    for _ in range(STEPS):
        gan.critic_step()
    found = []
    for _ in range(BATCHES):
        batch = gan.draw(with_graph=False)

        def dual(x: torch.Tensor, y: torch.Tensor, dice: Any = batch.dice) -> Any:
            return objective.dual(critic, Batch(x, x, y, dice))

        report = validate(dual, batch.fake, batch.real, cost="euclidean")
        found.append((report.estimate, report.exact, report.certified))
    return found


def run(page: Page, runs: int) -> None:
    """The table over runs, and the first run's batches."""
    rows = []
    figure = new_figure(7.5, 3.4)
    for k, (name, objective) in enumerate(METHODS.items()):
        results = np.array([estimates(objective, seed) for seed in range(runs)])
        errors = np.abs(results[..., 0] - results[..., 1]).mean(axis=1)
        rows.append(
            {
                "critic": name,
                "error": mean_sd(errors.tolist()),
                "estimate": mean_sd(results[..., 0].mean(axis=1).tolist()),
                "certified": mean_sd(results[..., 2].mean(axis=1).tolist()),
                "exact": mean_sd(results[..., 1].mean(axis=1).tolist()),
            }
        )
        ax = figure.add_subplot(1, len(METHODS), k + 1)
        order = np.argsort(results[0, :, 1])
        ax.plot(results[0, order, 1], color="0.3", lw=1.2, label="exact")
        ax.plot(results[0, order, 0], ".", ms=4, color="#2f6db5", label="estimate")
        ax.plot(results[0, order, 2], ".", ms=4, color="#d9622b", label="certified")
        ax.set_title(name, fontsize="small")
        ax.set_ylim(0, 3.6)
        ax.set_xlabel("batch", fontsize="small")
        if k == 0:
            ax.legend(fontsize="x-small", frameon=False)
    page.table(rows)
    page.figure(figure)
