"""Exact, certified discrete optimal transport.

>>> import numpy as np, monge
>>> x, y = np.random.rand(100, 3), np.random.rand(100, 3)
>>> cost = monge.emd(x, y)  # the least cost of moving x onto y
>>> solution = monge.solve(x, y)  # plan, potentials and the proof
>>> solution.relative_gap <= 1e-9
True

`emd` and `wasserstein` return numbers, `solve` and `solve_cost` a `Solution`; `solvers()` lists
what solves what. All functions accept anything that NumPy can read; float32 and float64 arrays
enter without a copy.
"""

from monge._core import __version__
from monge.entropic import (
    EntropicPlan,
    EntropicSolution,
    sinkhorn,
    sinkhorn_cost,
    sinkhorn_divergence,
)
from monge.line import monotone_map, wasserstein_1d
from monge.solution import NotOptimal, Plan, Solution
from monge.solve import emd, linear_sum_assignment, solve, solve_cost, solvers, wasserstein

__all__ = [
    "EntropicPlan",
    "EntropicSolution",
    "NotOptimal",
    "Plan",
    "Solution",
    "__version__",
    "emd",
    "linear_sum_assignment",
    "monotone_map",
    "sinkhorn",
    "sinkhorn_cost",
    "sinkhorn_divergence",
    "solve",
    "solve_cost",
    "solvers",
    "wasserstein",
    "wasserstein_1d",
]
