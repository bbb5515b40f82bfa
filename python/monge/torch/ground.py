"""Ground costs as functions of u = x - y: their values, their gradients, plans that they weigh."""

from __future__ import annotations

import torch
from torch import Tensor


def power_of_length(u: Tensor, p: float) -> Tensor:
    """|u|_2^p over the last dimension; where u = 0 all derivatives are 0, never NaN."""
    if p == 2:
        return u.square().sum(-1)
    largest = u.detach().abs().amax(-1, keepdim=True)
    apart = largest > 0
    # Scaled by a constant, so that squares of tiny and huge entries neither vanish nor overflow.
    largest = torch.where(apart, largest, 1)
    scaled = torch.where(apart, u / largest, 1)
    length = largest[..., 0] * torch.linalg.vector_norm(scaled, dim=-1)
    return torch.where(apart[..., 0], length**p, 0)


def ground_cost(u: Tensor, cost: str, power: float) -> Tensor:
    """c(u) over the last dimension."""
    if cost == "cityblock":
        return u.abs().sum(-1)
    if cost == "chebyshev":
        return u.abs().amax(-1)
    return power_of_length(u, {"sqeuclidean": 2.0, "euclidean": 1.0}.get(cost, power))


def cost_gradient(u: Tensor, cost: str, power: float) -> Tensor:
    """The gradient of the ground cost by u = x - y; 0 where u = 0, in every derivative."""
    if cost == "sqeuclidean":
        return 2 * u
    if cost == "cityblock":
        return torch.sign(u)
    if cost == "chebyshev":
        axis = u.abs().argmax(-1, keepdim=True)
        return torch.zeros_like(u).scatter(-1, axis, torch.sign(u.gather(-1, axis)))
    if cost == "euclidean":
        power = 1.0
    elif cost != "euclidean_power":
        raise ValueError(f"cost must have a gradient here; got {cost!r}")
    if power == 2:
        return 2 * u
    # Lengths of tiny or huge u neither vanish nor overflow: they are scaled by the largest entry.
    largest = u.abs().amax(-1, keepdim=True)
    apart = largest > 0
    largest = torch.where(apart, largest, 1).detach()
    scaled = torch.where(apart, u / largest, 1)
    norm = torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)
    # d |u|^p = p |u|^(p - 2) u = p (largest norm)^(p - 1) scaled / norm
    gradient = scaled / norm
    if power != 1:
        gradient = power * (largest * norm) ** (power - 1) * gradient
    return torch.where(apart, gradient, 0)


def entropic_forces(
    x: Tensor,
    y: Tensor,
    weighted_f: tuple[Tensor, Tensor],
    weighted_g: tuple[Tensor, Tensor],
    cost: str,
    power: float,
    epsilon: float,
) -> tuple[Tensor, Tensor]:
    """sum_j P_ij grad c(x_i - y_j), and its like for y.

    P is the plan of entropic potentials: P_ij = a_i b_j exp((f_i + g_j - C_ij) / epsilon).
    `weighted_f` is (a, f), `weighted_g` (b, g), all (B, n) or (B, m). By blocks of rows: O(n m d)
    time, bounded memory beside the result.
    """
    (a, f), (b, g) = weighted_f, weighted_g
    by_x, by_y = torch.zeros_like(x), torch.zeros_like(y)
    rows = max(1, 2**22 // max(1, x.shape[0] * y.shape[1] * y.shape[2]))
    for start in range(0, x.shape[1], rows):
        part = slice(start, start + rows)
        ways = x[:, part, None] - y[:, None]
        exponent = (f[:, part, None] + g[:, None] - ground_cost(ways, cost, power)) / epsilon
        plan = a[:, part, None] * b[:, None] * exponent.exp()
        force = plan[..., None] * cost_gradient(ways, cost, power)
        by_x[:, part] = force.sum(2)
        by_y -= force.sum(1)
    return by_x, by_y
