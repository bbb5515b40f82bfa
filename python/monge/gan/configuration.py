"""A GAN from a configuration file: tables of names and settings, in TOML.

steps = 300
seed = 0

[task]
name = "4gaussians"

[objective]
name = "w2gan"
equality = 0.0

[generator]           # default: residual_mlp of the task's dimension
name = "residual_mlp"

[critic]              # default: what the objective needs
name = "potentials"

[recipe]              # what differs from the objective's
batch = 128
"""

from __future__ import annotations

import dataclasses
import inspect
import os
import sys
from pathlib import Path
from typing import Any

import torch

from monge.critics.functions import evaluation
from monge.extras import require
from monge.gan import checkpoint, objectives
from monge.gan.data import TOYS, Shuffled, Stream, Task, digits_5000, load_images, toy
from monge.gan.networks import CRITICS, GENERATORS, GradientMap
from monge.gan.trainer import GAN
from monge.problem import whole_number

TABLES = {"task", "objective", "generator", "critic", "recipe"}
NUMBERS = {"steps": 1000, "seed": 0, "log_every": 10, "checkpoint_every": 500}


def read(text: str) -> dict[str, Any]:
    """The tables of a configuration, checked for unknown names."""
    toml = require("tomllib" if sys.version_info >= (3, 11) else "tomli", "gan")
    try:
        content: dict[str, Any] = toml.loads(text)
    except toml.TOMLDecodeError as error:
        raise ValueError(f"the configuration is not TOML: {error}") from None
    for name, value in content.items():
        if name in NUMBERS:
            whole_number(value, name, 0 if name == "seed" else 1)
        elif name not in TABLES:
            known = ", ".join([*NUMBERS, *sorted(TABLES)])
            raise ValueError(f"the configuration has {name!r}; known are {known}")
        elif not isinstance(value, dict):
            raise ValueError(f"[{name}] must be a table; got {value!r}")
    for name in ("task", "objective"):
        if "name" not in content.get(name, {}):
            raise ValueError(f"[{name}] must have a name")
    return NUMBERS | content


def build(text: str) -> GAN:
    """The GAN of a configuration's text; the same text gives the same networks."""
    settings = read(text)
    torch.manual_seed(settings["seed"])
    objective = _make("objective", objectives.OBJECTIVES, settings["objective"])
    task, dim = _task(dict(settings["task"]), settings["seed"])
    critic_name = objective.default_critic
    critic = None
    if critic_name is not None:
        critic = _network("critic", CRITICS, settings.get("critic", {"name": critic_name}), dim)
    elif "critic" in settings:
        raise ValueError(f"[critic]: {settings['objective']['name']} has no critic")
    if isinstance(objective, objectives.W2OT):
        if "generator" in settings:
            raise ValueError("[generator]: w2_ot reads its map off the critic")
        assert critic is not None
        generator: torch.nn.Module = GradientMap(critic)
    else:
        wanted = settings.get("generator", {"name": "residual_mlp"})
        generator = _network("generator", GENERATORS, wanted, dim)
    recipe = _changed(objective.recipe(), settings.get("recipe", {}))
    _fit_together(generator, critic, objective, task)
    gan = GAN(generator, critic, objective, task, recipe=recipe, seed=settings["seed"])
    gan.source_text = text
    return gan


def from_checkpoint(path: str | os.PathLike[str]) -> GAN:
    """The GAN of a checkpoint that `monge train` wrote, where it stopped."""
    content = checkpoint.load(Path(path))
    if content["source_text"] is None:
        raise ValueError(f"{path}: not from a configuration file; build the GAN and resume it")
    gan = build(content["source_text"])
    gan.resume(path)
    return gan


@torch.no_grad()
def _fit_together(
    generator: torch.nn.Module, critic: torch.nn.Module | None, objective: Any, task: Task
) -> None:
    """Raises ValueError unless the networks take the task's points, and the objective the critic.

    Two points go through, in evaluation mode; the task's streams are as before.
    """
    trial = task.fork(0)
    source, real = trial.source.sample(2), trial.target.sample(2)
    with evaluation(generator, critic):
        try:
            fake = generator(source)
        except RuntimeError as error:
            shape = tuple(source.shape[1:])
            raise ValueError(f"[generator] must take points of shape {shape}; {error}") from None
        if fake.shape != real.shape:
            raise ValueError(
                f"[generator] must give points of shape {tuple(real.shape[1:])}, as the task's "
                f"are; got {tuple(fake.shape[1:])}"
            )
        try:
            objective.dual(critic, objectives.Batch(source, fake, real, torch.Generator()))
        except (RuntimeError, AttributeError, ValueError) as error:
            name = type(objective).__name__
            raise ValueError(
                f"[critic] must serve {name} and points of shape {tuple(real.shape[1:])}; "
                f"{str(error) or type(error).__name__}"
            ) from None


def _task(table: dict[str, Any], seed: int) -> tuple[Task, int]:
    """The task of a table, and its points' dimension."""
    name = table.pop("name")
    if name in TOYS:
        _no_more("task", table)
        return toy(name, seed), 2
    if name not in ("digits_5000", "images"):
        known = ", ".join([*TOYS, "digits_5000", "images"])
        raise ValueError(f"[task] name must be one of {known}; got {name!r}")
    if name == "images":
        if not isinstance(table.get("file"), str):
            raise ValueError(f"[task] images needs a file, by its name; got {table.get('file')!r}")
        images, _ = load_images(table.pop("file"), table.pop("split", "train"))
    else:
        images, _ = digits_5000()
    _no_more("task", table)
    points = images.flatten(1)
    dim = points.shape[1]
    noise = Stream(_Normal(dim), f"N(0, I) {dim}", 2 * seed)
    return Task(noise, Shuffled(points, 2 * seed + 1), name=name), dim


class _Normal:
    """Draws of the standard normal distribution."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def __call__(self, n: int, dice: torch.Generator) -> torch.Tensor:
        return torch.randn(n, self.dim, generator=dice)


def _network(table: str, known: dict[str, Any], settings: dict[str, Any], dim: int) -> Any:
    """A network of the task's dimension where it takes one and none is given."""
    make = known.get(settings.get("name", ""))
    names = [] if make is None else list(inspect.signature(make).parameters)
    own: dict[str, Any] = {name: dim for name in ("dim", "inputs") if name in names}
    if "flat" in names:
        own["flat"] = True  # as images are in every task
    if table == "generator" and "outputs" in names:
        own["outputs"] = dim
    return _make(table, known, own | settings)


def _make(table: str, known: dict[str, Any], settings: dict[str, Any]) -> Any:
    settings = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
    name = settings.pop("name", None)
    if name not in known:
        raise ValueError(f"[{table}] name must be one of {', '.join(known)}; got {name!r}")
    parameters = list(inspect.signature(known[name]).parameters)
    for setting in settings:
        if setting not in parameters:
            options = ", ".join(parameters)
            raise ValueError(f"[{table}] {name} has no {setting!r}; it has {options}")
    return known[name](**settings)


def _changed(recipe: objectives.Recipe, table: dict[str, Any]) -> objectives.Recipe:
    names = [field.name for field in dataclasses.fields(recipe)]
    for name in table:
        if name not in names:
            raise ValueError(f"[recipe] has no {name!r}; it has {', '.join(names)}")
    changes: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    return dataclasses.replace(recipe, **changes)


def _no_more(table: str, settings: dict[str, Any]) -> None:
    if settings:
        raise ValueError(f"[{table}] has no {next(iter(settings))!r} for this name")
