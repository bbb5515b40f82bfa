"""A GAN held against exact transport: its critic, and its generator as a map."""

from __future__ import annotations

from typing import Any

import torch

from monge.critics import CriticReport, MapReport, validate, validate_map
from monge.critics.functions import evaluation
from monge.gan.objectives import Batch
from monge.gan.trainer import GAN
from monge.problem import whole_number

#: Which of a task's independent streams validation draws from; ranks of processes are far below.
STREAM = 1_000_000


def fresh_batch(gan: GAN, n: int, seed: int = 0) -> Batch:
    """n points each of the task, none of which training draws; the run's state stays untouched."""
    whole_number(n, "n", 1)
    task = gan.task.fork(STREAM + seed)
    source, real = task.source.sample(n), task.target.sample(n)
    with torch.no_grad(), evaluation(gan.generator):
        fake = gan.generator(source)
    return Batch(source, fake, real, torch.Generator().manual_seed(seed))


def validate_critic(gan: GAN, n: int = 512, seed: int = 0, **settings: Any) -> CriticReport:
    """`critics.validate` of the GAN's critic, or of the solver's potentials where there is none.

    On n fresh points of each side, with a second real sample as reference; `settings` as for
    `critics.validate`.
    """
    batch, second = fresh_batch(gan, n, seed), fresh_batch(gan, n, seed + 1)
    objective = gan.objective
    x = objective.compared(batch)

    def dual(left: torch.Tensor, right: torch.Tensor) -> Any:
        return objective.dual(gan.critic, Batch(left, left, right, batch.dice))

    with evaluation(gan.critic):
        # Without a critic the potentials are values on the batch.
        critic: Any = dual
        if gan.critic is None:
            critic = tuple(side.detach().cpu().numpy() for side in dual(x, batch.real))
        return validate(
            critic,
            x,
            batch.real,
            cost=objective.cost,
            scale=objective.cost_scale,
            reference=second.real,
            **settings,
        )


def validate_generator(gan: GAN, n: int = 512, seed: int = 0, **settings: Any) -> MapReport:
    """`critics.validate_map` of the GAN's generator, for |x - y|^2 / 2, against the task's true map
    where it is known.

    Only where source and real points have one shape.
    """
    batch = fresh_batch(gan, n, seed)
    return validate_map(
        gan.generator,
        batch.source,
        batch.real,
        cost="sqeuclidean",
        scale=0.5,
        true_map=gan.task.true_map,
        **settings,
    )


def critic_callback(gan: GAN, step: int) -> dict[str, float]:
    """For `Every`: the critic's estimate, what is exact and what is certified."""
    report = validate_critic(gan, 256, bootstrap=0)
    return {
        "estimate": report.estimate,
        "exact": report.exact,
        "certified": report.certified,
    }


def map_callback(gan: GAN, step: int) -> dict[str, float]:
    """For `Every`: the generator's L2-UVP in percent, and the cost of its image."""
    report = validate_generator(gan, 512)
    return {"uvp": report.uvp, "image_cost": report.image_cost}
