"""Exact, certified discrete optimal transport.

>>> import numpy as np, monge
>>> x, y = np.random.rand(100, 3), np.random.rand(100, 3)
>>> cost = monge.emd(x, y)  # the least cost of moving x onto y
>>> solution = monge.solve(x, y)  # plan, potentials and the proof
>>> solution.relative_gap <= 1e-9
True

`emd` and `wasserstein` return numbers, `solve` and `solve_cost` a `Solution`; `solvers()` lists
what solves what. All functions accept anything that NumPy can read; float32 and float64 arrays
enter without a copy. `monge.torch` has differentiable versions and losses, `monge.metrics` scores
of generated clouds, `monge.compat` the names of other packages.
"""

import importlib
from typing import Any

from monge import divergences as divergences
from monge._core import __version__
from monge.chamfer import chamfer
from monge.device import DeviceInfo, device_info
from monge.entropic import sinkhorn, sinkhorn_cost, sinkhorn_divergence
from monge.entropic_solution import EntropicPlan, EntropicSolution
from monge.line import monotone_map, wasserstein_1d
from monge.rays import ray_monotone_plan
from monge.sliced import (
    max_sliced_wasserstein,
    sliced_gradient,
    sliced_order,
    sliced_wasserstein,
)
from monge.solution import NotOptimal, Plan, Solution
from monge.solve import emd, linear_sum_assignment, solve, solve_cost, solvers, wasserstein
from monge.transforms import (
    c_transform,
    is_c_concave,
    is_lipschitz,
    legendre_transform,
    transport_map_from_gradient,
)

__all__ = [
    "DeviceInfo",
    "EntropicPlan",
    "EntropicSolution",
    "NotOptimal",
    "Plan",
    "Solution",
    "__version__",
    "c_transform",
    "chamfer",
    "device_info",
    "emd",
    "is_c_concave",
    "is_lipschitz",
    "legendre_transform",
    "linear_sum_assignment",
    "max_sliced_wasserstein",
    "monotone_map",
    "ray_monotone_plan",
    "sinkhorn",
    "sinkhorn_cost",
    "sinkhorn_divergence",
    "sliced_gradient",
    "sliced_order",
    "sliced_wasserstein",
    "solve",
    "solve_cost",
    "solvers",
    "transport_map_from_gradient",
    "wasserstein",
    "wasserstein_1d",
]


_SUBPACKAGES = ("compat", "critics", "gan", "metrics", "torch")


def __getattr__(name: str) -> Any:
    """The subpackages, imported when first used."""
    if name in _SUBPACKAGES:
        return importlib.import_module(f"monge.{name}")
    raise AttributeError(f"module 'monge' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBPACKAGES})
