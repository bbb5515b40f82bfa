"""Points of real surfaces, drawn evenly by area from meshes that packages on PyPI carry."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from peers.problems import Array

#: The bunny is in pymeshfix, the cortex in nilearn, which nibabel reads; trimesh samples.
MODULES = ("nibabel", "nilearn", "pymeshfix", "trimesh")


def bunny(count: int, seed: int) -> Array:
    """Of the Stanford bunny, a scan with holes, 35 000 vertices; (count, 3)."""
    import trimesh

    file = _folder("pymeshfix") / "examples/StanfordBunny.ply"
    return _sample(trimesh.load(file, process=False), count, seed)


def cortex(count: int, seed: int) -> Array:
    """Of the folded left cortex of fsaverage5, 10 242 vertices; (count, 3)."""
    import nibabel
    import trimesh

    file = _folder("nilearn") / "datasets/data/fsaverage5/pial_left.gii.gz"
    vertices, faces = (array.data for array in nibabel.load(file).darrays)
    return _sample(trimesh.Trimesh(vertices, faces, process=False), count, seed)


def _folder(package: str) -> Path:
    """Found without importing it, which takes seconds."""
    specification = importlib.util.find_spec(package)
    assert specification and specification.submodule_search_locations
    return Path(specification.submodule_search_locations[0])


def _sample(mesh: Any, count: int, seed: int) -> Array:
    import trimesh

    return np.asarray(trimesh.sample.sample_surface(mesh, count, seed=seed)[0])
