"""Networks that know nothing of losses: generators that begin as the identity, critics, pairs.

Sizes follow the W2GAN paper, section 8.9, and DCGAN for images. `describe_network` is what a
checkpoint compares before it resumes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


def mlp(
    inputs: int, outputs: int = 1, widths: Sequence[int] = (128, 128), norm: bool = False
) -> nn.Sequential:
    """Linear layers with ReLU in between, and batch normalisation before each if `norm`.

    Points (n, ...) are flattened.
    """
    layers: list[nn.Module] = [nn.Flatten()]
    for width in widths:
        layers.append(nn.Linear(inputs, width))
        if norm:
            layers.append(nn.BatchNorm1d(width))
        layers.append(nn.ReLU())
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


class Residual(nn.Module):
    """G(z) = z + H(z) that begins near the identity: H's last layer is N(0, `start`^2), bias 0.

    For images, `bounded` keeps G in [-1, 1]: G(z) = clip(2 tanh(H(z)) + clip(z)). The outer clip is
    ours: without it the paper's 2 H + z reaches [-3, 3].
    """

    def __init__(self, body: nn.Module, bounded: bool = False, start: float = 1e-3) -> None:
        super().__init__()
        self.body, self.bounded = body, bounded
        last = [one for one in body.modules() if isinstance(one, nn.Linear | nn.ConvTranspose2d)]
        nn.init.normal_(last[-1].weight, std=start)
        if last[-1].bias is not None:
            nn.init.zeros_(last[-1].bias)

    def forward(self, points: Tensor) -> Tensor:
        """Images of points, of their shape."""
        step = self.body(points).reshape(points.shape)
        if self.bounded:
            return (2 * step.tanh() + points.clamp(-1, 1)).clamp(-1, 1)
        return points + step


def residual_mlp(
    dim: int, widths: Sequence[int] = (128,) * 4, norm: bool = True, bounded: bool = False
) -> Residual:
    """The paper's generator of points (n, dim): four layers of 128 with batch normalisation."""
    return Residual(mlp(dim, dim, widths, norm), bounded)


class Potentials(nn.Module):
    """Two potentials: phi on the generated side, psi on the real side, networks of their own."""

    def __init__(self, phi: nn.Module, psi: nn.Module) -> None:
        super().__init__()
        self.first, self.second = phi, psi

    def phi(self, points: Tensor) -> Tensor:
        """(n,)"""
        out: Tensor = self.first(points).reshape(len(points))
        return out

    def psi(self, points: Tensor) -> Tensor:
        """(n,)"""
        out: Tensor = self.second(points).reshape(len(points))
        return out


class Reparameterised(Potentials):
    """psi = -phi + eps, with networks for phi and eps: stabler in many dimensions (8.7)."""

    def epsilon(self, points: Tensor) -> Tensor:
        """eps (n,), which the penalty (29) keeps from being positive."""
        return super().psi(points)

    def psi(self, points: Tensor) -> Tensor:
        """(n,)"""
        return self.epsilon(points) - self.phi(points)


def potentials(
    dim: int, widths: Sequence[int] = (128, 128), reparameterised: bool = True
) -> Potentials:
    """Two potentials of points (n, dim), each of two layers of 128."""
    kind = Reparameterised if reparameterised else Potentials
    return kind(mlp(dim, 1, widths), mlp(dim, 1, widths))


class GradientMap(nn.Module):
    """The map T(x) = x - grad phi(x) of a critic's potential, equation (3)."""

    def __init__(self, critic: nn.Module) -> None:
        super().__init__()
        # Kept from the registry of modules: the critic's parameters are the critic's.
        self.potential: Any
        object.__setattr__(self, "potential", critic)

    def forward(self, points: Tensor) -> Tensor:
        """Images of points, of their shape; cut from graphs."""
        with torch.enable_grad():
            leaf = points.detach().requires_grad_()
            (slopes,) = torch.autograd.grad(self.potential.phi(leaf).sum(), leaf)
        return points.detach() - slopes


class FeatureCritic(nn.Module):
    """A classifier whose last but one layer are features, for the sliced objective."""

    def __init__(self, body: nn.Module, width: int) -> None:
        super().__init__()
        self.body, self.head = body, nn.Linear(width, 1)

    def features(self, points: Tensor) -> Tensor:
        """(n, width)"""
        out: Tensor = self.body(points)
        return out

    def forward(self, points: Tensor) -> Tensor:
        """Logits (n,) of "real"."""
        out: Tensor = self.head(self.features(points))[:, 0]
        return out


def feature_critic(dim: int, widths: Sequence[int] = (128, 128)) -> FeatureCritic:
    """Features of the width of the last of `widths`, after its ReLU."""
    *inner, width = widths
    return FeatureCritic(nn.Sequential(mlp(dim, width, inner), nn.ReLU()), width)


class DCGenerator(nn.Module):
    """A small DCGAN generator: noise (n, dim) to images (n, channels, size, size) in [-1, 1].

    `flat`: to their rows (n, channels size size), where the real points are such.
    """

    def __init__(
        self, dim: int = 64, channels: int = 1, size: int = 28, width: int = 32, flat: bool = False
    ) -> None:
        super().__init__()
        if size % 4:
            raise ValueError(f"size must be a multiple of 4; got {size}")
        self.flat = flat
        self.shape = (2 * width, size // 4, size // 4)
        cells = 2 * width * (size // 4) ** 2
        self.start = nn.Sequential(nn.Linear(dim, cells), nn.BatchNorm1d(cells), nn.ReLU())
        self.body = nn.Sequential(
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.ConvTranspose2d(width, channels, 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, noise: Tensor) -> Tensor:
        """Images."""
        out: Tensor = self.body(self.start(noise).reshape(-1, *self.shape))
        return out.flatten(1) if self.flat else out


def dc_critic(channels: int = 1, size: int = 28, width: int = 32) -> nn.Sequential:
    """A small DCGAN critic of images (n, channels, size, size) or their rows, not normalised."""
    if size % 4:
        raise ValueError(f"size must be a multiple of 4; got {size}")
    return nn.Sequential(
        nn.Flatten(),
        nn.Unflatten(1, (channels, size, size)),
        nn.Conv2d(channels, width, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(2 * width * (size // 4) ** 2, 1),
    )


#: What configuration files can name.
GENERATORS: dict[str, Any] = {"residual_mlp": residual_mlp, "mlp": mlp, "dcgan": DCGenerator}
CRITICS: dict[str, Any] = {
    "potentials": potentials,
    "mlp": mlp,
    "feature_critic": feature_critic,
    "dcgan": dc_critic,
}


def describe_network(network: nn.Module | None) -> dict[str, Any] | None:
    """Structure, types and sizes of a network, as plain data."""
    if network is None:
        return None
    sizes = {name: [str(t.dtype), *t.shape] for name, t in network.state_dict().items()}
    return {"structure": repr(network), "tensors": sizes}
