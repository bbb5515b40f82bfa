"""W_1's gradient tells the direction of transport and not how far: transport rays, drawn.

Where a W_1 potential u is differentiable, grad u(x) = (x - T(x)) / |x - T(x)| (Milne, section 4.5),
and mass moves along rays on which u falls with slope 1 (4.2). A WGAN-LP critic and the exact plan
are held against each other: directions agree, lengths of gradients do not follow lengths of moves.
For the cost |x - y|^2 / 2 the gradient is the move itself, which a W2GAN critic shows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from monge.critics import CriticReport
from monge.gan import networks, objectives
from monge.gan.data import Stream, Task
from monge.gan.experiments.page import Page, mean_sd
from monge.gan.objectives import Recipe
from monge.gan.trainer import GAN
from monge.gan.validation import validate_critic
from monge.plot import X_COLOR, Y_COLOR, new_figure

STEPS, POINTS = 1500, 256
#: The same rates and batches for both.
RECIPE = Recipe("adam", 5e-4, 5e-4, betas=(0.9, 0.999), n_critic=1, batch=256)
METHODS: dict[str, objectives.Objective] = {
    "WGAN-LP (W_1)": objectives.WGANLP(),
    "W2GAN (W_2^2 / 2)": objectives.W2GAN(equality=0.0),
}


def _disc(n: int, dice: torch.Generator) -> torch.Tensor:
    """Uniform on a disc of radius 0.8."""
    radius = 0.8 * torch.rand(n, generator=dice).sqrt()
    angle = 2 * torch.pi * torch.rand(n, generator=dice)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)


def _ring(n: int, dice: torch.Generator) -> torch.Tensor:
    """Two arcs around the disc, one near and one far: moves of very different lengths."""
    far = torch.rand(n, generator=dice) < 0.5
    angle = (torch.rand(n, generator=dice) - 0.5) * 2.4 + torch.where(far, 0.0, torch.pi)
    radius = torch.where(far, 3.0, 1.2) + 0.1 * torch.rand(n, generator=dice)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)


def report(objective: objectives.Objective, seed: int) -> CriticReport:
    """The report of a critic trained between disc and arcs."""
    torch.manual_seed(seed)
    one_function = isinstance(objective, objectives.WGANGP)
    critic: Any = networks.mlp(2) if one_function else networks.potentials(2)
    task = Task(Stream(_disc, "disc", 2 * seed), Stream(_ring, "arcs", 2 * seed + 1))
    gan = GAN(torch.nn.Identity(), critic, objective, task, recipe=RECIPE, seed=seed)
    for _ in range(STEPS):
        gan.critic_step()
    return validate_critic(gan, POINTS, bootstrap=0)


def lengths(found: CriticReport) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """|grad phi| and the length of the exact move, per point of x."""
    potentials, x, _, solution, _ = found._scene
    moves = solution.barycentric_map() - x.array
    slopes = potentials.gradient(x.array)
    return np.linalg.norm(slopes, axis=1), np.linalg.norm(moves, axis=1)


def run(page: Page, runs: int) -> None:
    """The table over runs; rays over the first run's critics."""
    rows = []
    figure = new_figure(4.4 * len(METHODS), 4.2)
    for k, (name, objective) in enumerate(METHODS.items()):
        found = [report(objective, seed) for seed in range(runs)]
        correlations = [float(np.corrcoef(*lengths(one))[0, 1]) for one in found]
        rows.append(
            {
                "critic": name,
                "cosine with the exact move, mean of points": mean_sd(
                    [one.cosine_mean or 0.0 for one in found]
                ),
                "median |grad|": mean_sd([float(np.median(lengths(one)[0])) for one in found]),
                "correlation of |grad| with |move|": mean_sd(correlations),
                "certified / exact": mean_sd([one.certified / one.exact for one in found]),
            }
        )
        _draw(figure.add_subplot(1, len(METHODS), k + 1), found[0], name)
    page.table(rows)
    page.figure(figure)


def _draw(ax: Any, found: CriticReport, name: str) -> None:
    potentials, x, y, solution, _ = found._scene
    low, high = (f(np.concatenate([x.array, y.array]), axis=0) for f in (np.min, np.max))
    axes = [np.linspace(low[k] - 0.3, high[k] + 0.3, 80) for k in range(2)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    ax.contour(*axes, potentials.phi(grid).reshape(80, 80), levels=16, colors="0.8", linewidths=0.6)
    chosen = np.arange(0, len(x.array), 6)
    tails, heads = x.array[chosen], solution.barycentric_map()[chosen]
    ax.plot(*np.stack([tails, heads], axis=1).T, color=Y_COLOR, lw=0.6, alpha=0.8)
    ax.scatter(*x.array.T, s=4, color=X_COLOR, label="x")
    ax.scatter(*y.array.T, s=4, color=Y_COLOR, label="y, with exact moves")
    arrows = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.005}
    slopes = potentials.gradient(tails)
    ax.quiver(*tails.T, *-slopes.T, color="black", label="-grad phi", **arrows)
    ax.set_aspect("equal")
    ax.set_title(name)
    ax.legend(fontsize="x-small", frameon=False, loc="upper left")
