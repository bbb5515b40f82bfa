"""Four Gaussians to four others: who recovers the optimal map?

The map is known, each cluster's translation; a generator that begins as the identity is trained by
each objective with the same networks, rates and number of steps, several seeds each.
"""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import torch

from monge.gan import networks, objectives
from monge.gan.data import toy
from monge.gan.experiments.page import Page, spread
from monge.gan.trainer import GAN
from monge.gan.validation import fresh_batch, validate_generator
from monge.plot import X_COLOR, Y_COLOR, new_figure

STEPS, POINTS = 300, 2048
#: Rates of W2GAN's recipe, for all with a critic.
METHODS: dict[str, objectives.Objective] = {
    "W2GAN": objectives.W2GAN(equality=0.0),
    "WGAN-LP": objectives.WGANLP(),
    "WGAN-GP": objectives.WGANGP(),
    "minibatch OT": objectives.MinibatchOT(),
}


def train(
    objective: objectives.Objective, seed: int, steps: int | None = None
) -> tuple[GAN, float]:
    """A trained GAN of one method and seed, and the CPU seconds it took."""
    torch.manual_seed(seed)
    recipe = objective.recipe()
    critic: Any = None
    if recipe.n_critic:
        recipe = dataclasses.replace(
            objectives.W2GAN().recipe(), n_critic=recipe.n_critic, batch=256
        )
        one_function = isinstance(objective, objectives.WGANGP)
        critic = networks.mlp(2) if one_function else networks.potentials(2)
    gan = GAN(
        networks.residual_mlp(2),
        critic,
        objective,
        toy("4gaussians", seed),
        recipe=recipe,
        seed=seed,
    )
    begin = time.process_time()
    gan.fit(STEPS if steps is None else steps, bar=False)
    return gan, time.process_time() - begin


def run(page: Page, runs: int) -> None:
    """The table over seeds, and a figure of the first seed's maps."""
    rows = []
    figure = new_figure(3.2 * len(METHODS), 3.4)
    for k, (name, objective) in enumerate(METHODS.items()):
        reports, seconds = [], []
        for seed in range(runs):
            gan, took = train(objective, seed)
            reports.append(validate_generator(gan, POINTS))
            seconds.append(took)
            if seed == 0:
                _draw(figure.add_subplot(1, len(METHODS), k + 1), gan, name)
        rows.append(
            {
                "objective": name,
                "L2-UVP %": spread([r.uvp for r in reports]),
                "cosine": spread([r.cosine or 0.0 for r in reports], 4),
                "cost of the image to the target": spread([r.image_cost for r in reports]),
                "CPU seconds": spread(seconds),
            }
        )
    linear = reports[-1].linear
    rows.append(
        {
            "objective": "(linear map)",
            "L2-UVP %": f"{linear.uvp:.3g}",
            "cosine": f"{linear.cosine:.4g}",
            "cost of the image to the target": "",
            "CPU seconds": "",
        }
    )
    page.table(rows)
    page.figure(figure)


def _draw(ax: Any, gan: GAN, name: str) -> None:
    batch = fresh_batch(gan, 300)
    source, fake, real = (side.numpy() for side in (batch.source, batch.fake, batch.real))
    steps = (fake - source)[:80].T
    ax.quiver(
        *source[:80].T, *steps, color="0.6", angles="xy", scale_units="xy", scale=1, width=0.004
    )
    ax.scatter(*source.T, s=4, color=X_COLOR, label="x")
    ax.scatter(*real.T, s=4, color=Y_COLOR, label="y")
    ax.scatter(*fake.T, s=4, color="black", label="G(x)")
    ax.set_title(name)
    ax.set_aspect("equal")
    if name == next(iter(METHODS)):
        ax.legend(fontsize="x-small", frameon=False)
