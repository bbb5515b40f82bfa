"""Trains a generator of points in the plane by exact transport between minibatches.

    python examples/minibatch_generator.py         # needs pip install "monge[torch,plot]"

There is no critic: each step draws a batch of noise and one of data, and the loss is the transport
cost between them. Its mean over batches is not the cost between the distributions but larger, by
what two batches of one distribution differ. Small batches therefore pull the generator towards the
middle of the data, however long it trains; every size of batches takes the same number of steps.

Source: K. Fatras et al., Learning with minibatch Wasserstein, AISTATS 2020.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import monge.torch as mt
import torch
from monge.plot import new_figure
from torch import Tensor, nn


def spiral(count: int, generator: torch.Generator) -> Tensor:
    """Points (count, 2) beside two arms of a spiral."""
    turn = 1.5 * torch.pi * torch.rand(count, generator=generator).sqrt() + 0.5
    side = torch.randint(2, (count,), generator=generator) * torch.pi
    arms = torch.stack([(turn + side).cos(), (turn + side).sin()], 1) * turn[:, None] / 3
    return arms + 0.04 * torch.randn(count, 2, generator=generator)


def train(batch: int, steps: int, seed: int) -> nn.Module:
    """A generator trained by batches of this size; the seed fixes all that is drawn."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    generator = torch.Generator().manual_seed(seed)
    loss = mt.EMDLoss("sqeuclidean")
    for _ in range(steps):
        noise = torch.randn(batch, 2, generator=generator)
        optimizer.zero_grad()
        loss(network(noise), spiral(batch, generator)).backward()
        optimizer.step()
        schedule.step()
    return network


def draw(clouds: dict[str, Tensor], picture: Path) -> None:
    """The clouds side by side."""
    figure = new_figure(3 * len(clouds), 3.3)
    for k, (name, cloud) in enumerate(clouds.items()):
        ax = figure.add_subplot(1, len(clouds), k + 1, aspect="equal")
        across, up = cloud.numpy().T
        ax.scatter(across, up, s=3, color="#2f6db5", linewidths=0)
        ax.set(xlim=(-2.1, 2.1), ylim=(-2.1, 2.1), title=name, xticks=[], yticks=[])
    figure.tight_layout()
    figure.savefig(picture, dpi=80)


def main(words: list[str] | None = None) -> dict[str, float]:
    """Trains with each size of batches, prints means over seeds, draws the first seed's points."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--batches", type=int, nargs="+", default=[8, 32, 256])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--unseen", type=int, default=1000, help="points that judge")
    parser.add_argument("--picture", type=Path, help="a PNG file to draw")
    options = parser.parse_args(words)

    generator = torch.Generator().manual_seed(10**6)
    unseen, others = (spiral(options.unseen, generator) for _ in range(2))
    noise = torch.randn(options.unseen, 2, generator=generator)
    clouds: dict[str, list[Tensor]] = {
        f"batches of {batch}": [
            train(batch, options.steps, seed)(noise).detach() for seed in range(options.seeds)
        ]
        for batch in options.batches
    }
    clouds["data"] = [others]
    results = {}
    for name, runs in clouds.items():
        values = mt.emd(torch.stack(runs), unseen.expand(len(runs), -1, -1), cost="sqeuclidean")
        results[name] = float(values.mean())
        spread = float(values.max() - values.min())
        print(f"{name:15} W_2^2 to unseen data {results[name]:.4f} (range {spread:.4f})")
    if options.picture:
        draw({name: runs[0] for name, runs in clouds.items()}, options.picture)
    return results


if __name__ == "__main__":
    main()
