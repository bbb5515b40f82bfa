"""Moves a cloud onto a shape by the gradient of a loss: exact transport beside chamfer.

    python examples/fit_cloud.py                # the bunny; needs pip install "monge[demo,torch]"
    python examples/fit_cloud.py --shape FILE   # a mesh or a cloud, any that monge.io reads

Both losses start at one small ball and take the same steps of Adam. Chamfer asks each point only
for some near point of the other cloud, so points gather where a few serve many; transport gives
every point a place of its own.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import monge
import monge.torch as mt
import numpy as np
import torch
from monge.demo import bunny
from monge.io import read_cloud
from monge.plot import new_figure

LOSSES = {"chamfer": mt.ChamferLoss(), "transport": mt.EMDLoss("sqeuclidean")}


def target_points(shape: Path | None, count: int) -> torch.Tensor:
    """Points of the shape, centred, of height 1."""
    if shape is None:
        points = bunny()
    else:
        points = np.asarray(read_cloud(shape, samples=count), dtype=np.float64)
        low, high = points.min(axis=0), points.max(axis=0)
        points = (points - (low + high) / 2) / (high[1] - low[1])
    chosen = np.random.default_rng(0).permutation(len(points))[:count]
    return torch.tensor(points[chosen], dtype=torch.float32)


def fit(
    loss: torch.nn.Module, start: torch.Tensor, target: torch.Tensor, steps: int
) -> torch.Tensor:
    """The cloud after `steps` steps of Adam, whose rate falls to 0."""
    points = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([points], lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(points, target).backward()
        optimizer.step()
        schedule.step()
    return points.detach()


def scores(points: torch.Tensor, target: torch.Tensor) -> dict[str, float]:
    """EMD, chamfer, and the share of points that are the nearest to no point of the target."""
    _, nearest = monge.c_transform(np.zeros(len(points)), target.numpy(), points.numpy())
    return {
        "emd": float(mt.emd(points, target)),
        "chamfer": float(mt.chamfer(points, target)),
        "unused": 1 - len(np.unique(nearest)) / len(points),
    }


def draw(clouds: dict[str, torch.Tensor], picture: Path) -> None:
    """The clouds side by side, the farther points paler."""
    figure = new_figure(3 * len(clouds), 3.4)
    for k, (name, cloud) in enumerate(clouds.items()):
        across, up, depth = cloud.numpy()[cloud[:, 2].argsort()].T
        ax = figure.add_subplot(1, len(clouds), k + 1, aspect="equal")
        ax.scatter(across, up, s=7, c=depth, cmap="Blues", vmin=-1.0, vmax=0.5, linewidths=0)
        ax.set(xlim=(-0.62, 0.62), ylim=(-0.6, 0.6), title=name)
        ax.axis("off")
    figure.tight_layout()
    figure.savefig(picture, dpi=90)


def main(words: list[str] | None = None) -> dict[str, dict[str, float]]:
    """Fits by each loss, prints the scores, draws the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", type=Path, help="a file; default the bunny")
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--picture", type=Path, help="a PNG file to draw")
    options = parser.parse_args(words)

    target = target_points(options.shape, options.points)
    torch.manual_seed(0)
    start = 0.1 * torch.randn(len(target), 3)
    clouds, results = {"start": start}, {"start": scores(start, target)}
    for name, loss in LOSSES.items():
        clouds[f"by {name}"] = fit(loss, start, target, options.steps)
        results[f"by {name}"] = scores(clouds[f"by {name}"], target)
    for name, values in results.items():
        print(f"{name:13}", "  ".join(f"{key} {value:.4g}" for key, value in values.items()))
    if options.picture:
        draw(clouds | {"target": target}, options.picture)
    return results


if __name__ == "__main__":
    main()
