"""Wasserstein GANs whose critics are checked.

A `GAN` is a generator, a critic, an objective and a task; `gan.fit(steps, out=folder)` trains and
resumes. `validate_critic(gan)` says what its critic's number means. Needs PyTorch:
pip install "monge[gan]". docs/gan.md shows the whole.
"""

from monge.extras import require

require("torch", "gan")

from monge.gan import data, networks, objectives  # noqa: E402
from monge.gan.configuration import build, from_checkpoint  # noqa: E402
from monge.gan.objectives import Batch, Objective, Recipe  # noqa: E402
from monge.gan.trainer import GAN, Every  # noqa: E402
from monge.gan.validation import (  # noqa: E402
    critic_callback,
    map_callback,
    validate_critic,
    validate_generator,
)

__all__ = [
    "GAN",
    "Batch",
    "Every",
    "Objective",
    "Recipe",
    "build",
    "critic_callback",
    "data",
    "from_checkpoint",
    "map_callback",
    "networks",
    "objectives",
    "validate_critic",
    "validate_generator",
]
