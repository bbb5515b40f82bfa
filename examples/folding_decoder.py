"""Trains a small autoencoder of shapes, whose decoder folds a square, by transport and by chamfer.

    python examples/folding_decoder.py             # needs pip install "monge[torch,plot]"

The shapes are superquadrics, from boxes to octahedra, drawn as they are needed. The encoder is
PointNet's (a network of each point, then the maximum), the decoder FoldingNet's (a network of a
square's points and the code, twice). Every loss trains the same initial network on the same shapes,
for as many steps; all are judged on the same unseen shapes, by the exact EMD and by chamfer.

Source: C. Qi et al., PointNet, CVPR 2017; Y. Yang et al., FoldingNet, CVPR 2018; A. Barr,
Superquadrics and angle-preserving transformations, IEEE CG&A 1 (1981).
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from pathlib import Path

import monge.torch as mt
import torch
from monge.plot import new_figure
from torch import Tensor, nn

LOSSES = {"chamfer": mt.ChamferLoss(), "transport": mt.EMDLoss("sqeuclidean")}


def shapes(count: int, points: int, generator: torch.Generator) -> Tensor:
    """Superquadrics (count, points, 3): random axes, roundness and turn about the vertical."""

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator)

    directions = torch.randn(count, points, 3, generator=generator)
    directions /= directions.norm(dim=-1, keepdim=True)
    sharp = uniform(0.7, 5.0, count, 1, 1)  # |u|^p = 1: below 1 concave, 1 octahedron, 2 ball, box
    radius = directions.abs().pow(sharp).sum(-1, keepdim=True) ** (-1 / sharp)
    solid = directions * radius * uniform(0.4, 1.0, count, 1, 3)
    turn = uniform(0.0, torch.pi / 2, count)
    rotation = torch.zeros(count, 3, 3)
    rotation[:, 0, 0] = rotation[:, 1, 1] = turn.cos()
    rotation[:, 0, 1], rotation[:, 1, 0] = turn.sin(), -turn.sin()
    rotation[:, 2, 2] = 1
    return solid @ rotation


def layers(*sizes: int) -> nn.Sequential:
    parts: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        parts += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


class Folding(nn.Module):
    """Clouds (B, n, 3) to a code, and back to (B, side^2, 3)."""

    grid: Tensor

    def __init__(self, side: int, code: int = 32, width: int = 64) -> None:
        super().__init__()
        self.encoder = layers(3, width, width, code)
        self.folds = nn.ModuleList(
            [layers(code + 2, width, width, 3), layers(code + 3, width, width, 3)]
        )
        line = torch.linspace(-1, 1, side)
        self.register_buffer("grid", torch.cartesian_prod(line, line))

    def forward(self, clouds: Tensor) -> Tensor:
        """The clouds, folded from a square."""
        code = self.encoder(clouds).amax(1, keepdim=True)
        folded = self.grid.expand(len(clouds), -1, -1)
        for fold in self.folds:
            folded = fold(torch.cat([folded, code.expand(-1, folded.shape[1], -1)], -1))
        return folded


def train(loss: nn.Module, side: int, steps: int, batch: int, seed: int) -> Folding:
    """A network trained by the loss; seed and steps fix all that is drawn."""
    torch.manual_seed(seed)
    network = Folding(side)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        clouds = shapes(batch, side**2, generator)
        optimizer.zero_grad()
        loss(network(clouds), clouds).backward()
        optimizer.step()
        schedule.step()
    return network


@torch.no_grad()
def scores(network: Folding, clouds: Tensor) -> dict[str, float]:
    """Means over clouds that the network has not seen."""
    folded = network(clouds)
    return {
        "emd": float(mt.emd(folded, clouds).mean()),
        "chamfer": float(mt.chamfer(folded, clouds).mean()),
    }


def draw(networks: dict[str, Folding], clouds: Tensor, picture: Path) -> None:
    """The first clouds, and under each what every network makes of it."""
    rows = {"unseen shape": clouds} | {name: net(clouds).detach() for name, net in networks.items()}
    figure = new_figure(2.1 * len(clouds), 2.1 * len(rows))
    for row, (name, drawn) in enumerate(rows.items()):
        for k, cloud in enumerate(drawn.numpy()):
            place = row * len(clouds) + k + 1
            ax = figure.add_subplot(len(rows), len(clouds), place, projection="3d")
            ax.scatter(*cloud.T, s=9, c=cloud[:, 2], cmap="viridis", vmin=-1, vmax=1, linewidths=0)
            ax.set(xlim=(-0.8, 0.8), ylim=(-0.8, 0.8), zlim=(-0.8, 0.8))
            ax.set_box_aspect((1, 1, 1), zoom=1.2)
            ax.axis("off")
        height = 1 - (row + 0.5) / len(rows)
        figure.text(0.012, height, name, rotation=90, va="center", size=11)
    figure.subplots_adjust(0.03, 0, 1, 1, 0, 0)
    figure.savefig(picture, dpi=80)


def main(words: list[str] | None = None) -> dict[str, dict[str, float]]:
    """Trains by each loss, prints means over seeds, draws what the first seed's networks make."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--side", type=int, default=12, help="of the square: side^2 points")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--unseen", type=int, default=50, help="shapes that judge")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--picture", type=Path, help="a PNG file to draw")
    options = parser.parse_args(words)

    unseen = shapes(options.unseen, options.side**2, torch.Generator().manual_seed(10**6))
    first, results = {}, {}
    for name, loss in LOSSES.items():
        runs, start = [], time.process_time()
        for seed in range(options.seeds):
            network = train(loss, options.side, options.steps, options.batch, seed)
            runs.append(scores(network, unseen))
            if seed == 0:
                first[f"by {name}"] = network
        seconds = (time.process_time() - start) / (options.seeds * options.steps)
        keys = runs[0].keys()
        results[name] = {key: sum(run[key] for run in runs) / len(runs) for key in keys}
        spread = {
            key: max(run[key] for run in runs) - min(run[key] for run in runs) for key in keys
        }
        told = "  ".join(f"{k} {v:.4f} (range {spread[k]:.4f})" for k, v in results[name].items())
        print(f"by {name:10} {told}  {1000 * seconds:.1f} ms of CPU time a step")
    if options.picture:
        draw(first, unseen[:5], options.picture)
    return results


if __name__ == "__main__":
    main()
