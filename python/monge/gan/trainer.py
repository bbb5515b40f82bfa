"""The training loop: plain, resumable, bit by bit the same whether interrupted or not."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from monge.gan import checkpoint, parallel
from monge.gan.data import Task
from monge.gan.networks import describe_network
from monge.gan.objectives import Batch, Objective, Recipe
from monge.gan.player import Player
from monge.gan.progress import Bar, Board, Log
from monge.problem import whole_number

#: Called as callback(gan, step) after each step; what it returns is logged.
Callback = Callable[["GAN", int], "dict[str, Any] | None"]


class Every:
    """A callback that is called in every n-th step only."""

    def __init__(self, n: int, callback: Callback) -> None:
        whole_number(n, "n", 1)
        self.n, self.callback = n, callback

    def __call__(self, gan: GAN, step: int) -> dict[str, Any] | None:
        """The callback's answer, if it is its turn."""
        return self.callback(gan, step) if step % self.n == 0 else None


class GAN:
    """A generator, a critic and an objective, with their optimisers.

    Parameters
    ----------
    generator : torch module
        From source points to points like the real ones.
    critic : torch module or None
        What the objective needs; None for objectives without one.
    objective : Objective
    task : Task
        Where source and real points come from; each process of a group draws its own.
    recipe : Recipe, optional
        Optimisers, turns and batch size; default the objective's.
    seed : int
        Of what the objective draws. Networks are initialised by whoever makes them.

    Attributes
    ----------
    step : int
        Steps taken. In each, `objective.turns` says how often critic and generator move.
    source_text : str or None
        The configuration file that the GAN was built from; kept in checkpoints.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module | None,
        objective: Objective,
        task: Task,
        *,
        recipe: Recipe | None = None,
        seed: int = 0,
    ) -> None:
        whole_number(seed, "seed", 0)
        rank = parallel.world()[0]
        self.generator, self.critic, self.objective = generator, critic, objective
        self.recipe = objective.recipe() if recipe is None else recipe
        self.seed, self.step = seed, 0
        self.source_text: str | None = None
        self.task, self.described_task = task.fork(rank), task.describe()
        self.dice = torch.Generator().manual_seed(seed + 7919 * rank)
        parallel.broadcast((generator, critic))
        rates = self.recipe.critic_rate, self.recipe.generator_rate
        self.players = {
            "critic": Player("critic", critic, self.recipe, rates[0]),
            "generator": Player("generator", generator, self.recipe, rates[1]),
        }

    def draw(self, with_graph: bool) -> Batch:
        """The next batch; `fake` keeps the generator's graph if wanted."""
        source = self.task.source.sample(self.recipe.batch)
        real = self.task.target.sample(self.recipe.batch)
        with torch.set_grad_enabled(with_graph):
            return Batch(source, self.generator(source), real, self.dice)

    def critic_step(self) -> float:
        """One step of the critic, the generator frozen; returns its loss."""
        self._turn("critic", "generator")
        loss = self.objective.critic_loss(self.critic, self.draw(with_graph=False))
        value = self.players["critic"].descend(loss, self.step)
        self.objective.after_critic_step(self.critic)
        return value

    def generator_step(self) -> float:
        """One step of the generator, the critic frozen; returns its loss."""
        self._turn("generator", "critic")
        loss = self.objective.generator_loss(self.critic, self.draw(with_graph=True))
        return self.players["generator"].descend(loss, self.step)

    def _turn(self, active: str, passive: str) -> None:
        self.players[active].freeze(False)
        self.players[passive].freeze()

    def train_step(self) -> dict[str, float]:
        """One step: the objective's turns of critic and generator; returns their last losses."""
        n_critic, n_generator = self.objective.turns(self.step, self.recipe)
        row = {}
        for _ in range(n_critic):
            row["critic_loss"] = self.critic_step()
        for _ in range(n_generator):
            row["generator_loss"] = self.generator_step()
        self.step += 1
        return row

    def fit(
        self,
        steps: int,
        *,
        out: str | os.PathLike[str] | None = None,
        callbacks: Sequence[Callback] = (),
        log_every: int = 10,
        checkpoint_every: int = 500,
        tensorboard: bool = False,
        bar: bool = True,
    ) -> list[dict[str, Any]]:
        """Train until `steps` steps are taken; returns the rows logged by this call.

        With a folder `out`: `log.jsonl`, and `checkpoint.pt` every `checkpoint_every` steps and at
        the end. If there is one, training goes on from it, to the bit as if it had not stopped;
        ValueError if it is of another configuration. `tensorboard` writes there too.
        """
        whole_number(steps, "steps", 0)
        whole_number(log_every, "log_every", 1)
        whole_number(checkpoint_every, "checkpoint_every", 1)
        if tensorboard and out is None:
            raise ValueError("tensorboard needs a folder: give out")
        folder, first = None if out is None else Path(out), parallel.world()[0] == 0
        path = None if folder is None else folder / "checkpoint.pt"
        if path is not None and path.exists():
            self.resume(path)
        log, writer = None, None
        if folder is not None and first:
            folder.mkdir(parents=True, exist_ok=True)
            log = Log(folder / "log.jsonl", self.step)
            writer = Board(folder, self.step) if tensorboard else None
        progress = Bar(steps, self.step, shown=bar and first)
        rows: list[dict[str, Any]] = []
        begin = time.monotonic()
        try:
            while self.step < steps:
                row: dict[str, Any] = self.train_step()
                said = [answer for callback in callbacks if (answer := callback(self, self.step))]
                for one in said:
                    row |= one
                progress.show(self.step, row)
                if said or self.step % log_every == 0 or self.step == steps:
                    rows.append({"step": self.step, "seconds": time.monotonic() - begin, **row})
                    for listener in (log, writer):
                        if listener is not None:
                            listener.write(rows[-1])
                if path is not None and (self.step % checkpoint_every == 0 or self.step == steps):
                    self.save(path)
        finally:
            for player in self.players.values():
                player.freeze(False)
            if writer is not None:
                writer.close()
        return rows

    def describe(self) -> dict[str, Any]:
        """All settings that must be the same for a run to go on."""
        return {
            "objective": self.objective.describe(),
            "recipe": vars(self.recipe),
            "task": self.described_task,
            "generator": describe_network(self.generator),
            "critic": describe_network(self.critic),
            "seed": self.seed,
            "processes": parallel.world()[1],
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint: networks, optimisers, random states, data positions, settings."""
        states = parallel.gather(
            {
                "dice": self.dice.get_state(),
                "source": self.task.source.state(),
                "target": self.task.target.state(),
                "global": checkpoint.random_states(),
            }
        )
        if parallel.world()[0] == 0:
            optimisers = {n: p.optimiser for n, p in self.players.items() if p.optimiser}
            content = {
                "step": self.step,
                "generator": self.generator.state_dict(),
                "critic": None if self.critic is None else self.critic.state_dict(),
                "optimisers": {name: one.state_dict() for name, one in optimisers.items()},
                "processes": states,
                "settings": self.describe(),
                "source_text": self.source_text,
            }
            checkpoint.save(Path(path), content)
        parallel.wait()

    def resume(self, path: str | os.PathLike[str]) -> None:
        """Go on from a checkpoint; ValueError if any setting differs."""
        content = checkpoint.load(Path(path))
        checkpoint.compare(content["settings"], self.describe())
        self.generator.load_state_dict(content["generator"])
        if self.critic is not None:
            self.critic.load_state_dict(content["critic"])
        for name, state in content["optimisers"].items():
            optimiser = self.players[name].optimiser
            if optimiser is not None:
                optimiser.load_state_dict(state)
        own = content["processes"][parallel.world()[0]]
        self.dice.set_state(own["dice"])
        self.task.source.restore(own["source"])
        self.task.target.restore(own["target"])
        checkpoint.restore_random_states(own["global"])
        self.step = content["step"]
