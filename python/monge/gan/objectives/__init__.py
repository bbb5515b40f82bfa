"""What critic and generator minimise: one file per objective, listed once, in `OBJECTIVES`.

An objective is a frozen dataclass with `critic_loss`, `generator_loss` and `dual`; its fields are
its settings, with the paper's values as defaults, and `recipe()` the paper's optimisers and turns.
"""

from __future__ import annotations

from typing import Any

from monge.gan.objectives.barycentric_ot import BarycentricOT
from monge.gan.objectives.c_transform import CTransform
from monge.gan.objectives.minibatch_ot import MinibatchOT
from monge.gan.objectives.objective import Batch, Objective, Recipe, cost_matrix, cost_pairs
from monge.gan.objectives.sliced import Sliced
from monge.gan.objectives.vanilla import Vanilla
from monge.gan.objectives.w2_ot import W2OT
from monge.gan.objectives.w2gan import W2GAN
from monge.gan.objectives.wgan import WGAN
from monge.gan.objectives.wgan_gp import WGANGP
from monge.gan.objectives.wgan_lp import WGANLP

#: Every objective by the name that configuration files use.
OBJECTIVES: dict[str, type[Objective]] = {
    "vanilla": Vanilla,
    "wgan": WGAN,
    "wgan_gp": WGANGP,
    "wgan_lp": WGANLP,
    "c_transform": CTransform,
    "w2gan": W2GAN,
    "w2_ot": W2OT,
    "barycentric_ot": BarycentricOT,
    "sliced": Sliced,
    "minibatch_ot": MinibatchOT,
}


def make(name: str, **settings: Any) -> Objective:
    """The objective of this name in `OBJECTIVES`, with settings."""
    if name not in OBJECTIVES:
        raise ValueError(f"objective must be one of {', '.join(OBJECTIVES)}; got {name!r}")
    return OBJECTIVES[name](**settings)


__all__ = [
    "OBJECTIVES",
    "W2GAN",
    "W2OT",
    "WGAN",
    "WGANGP",
    "WGANLP",
    "BarycentricOT",
    "Batch",
    "CTransform",
    "MinibatchOT",
    "Objective",
    "Recipe",
    "Sliced",
    "Vanilla",
    "cost_matrix",
    "cost_pairs",
    "make",
]
