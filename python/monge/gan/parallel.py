"""Data parallel training by torch.distributed: each process draws its own batches, gradients are
averaged.

Gradients are averaged by hand, in one message per step. DistributedDataParallel would not do: its
hooks do not see the double backward passes of gradient penalties, nor two networks in turns.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import distributed, nn


def world() -> tuple[int, int]:
    """This process's rank and the number of processes; (0, 1) without a process group."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def broadcast(networks: Iterable[nn.Module | None]) -> None:
    """Parameters and buffers of the first process, to all."""
    if world()[1] > 1:
        for network in networks:
            for tensor in [] if network is None else network.state_dict().values():
                distributed.broadcast(tensor, 0)


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """The mean over processes of every gradient; absent ones count as 0."""
    size = world()[1]
    if size == 1:
        return
    held = [p for p in parameters if p.requires_grad]
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in held]
    flat = torch.cat([g.reshape(-1) for g in grads])
    distributed.all_reduce(flat)
    flat /= size
    for p, part in zip(held, flat.split([g.numel() for g in grads]), strict=True):
        p.grad = part.view_as(p).clone()


def gather(value: Any) -> list[Any]:
    """Each process's value, in the order of ranks."""
    size = world()[1]
    if size == 1:
        return [value]
    values: list[Any] = [None] * size
    distributed.all_gather_object(values, value)
    return values


def wait() -> None:
    """Until all processes are here."""
    if world()[1] > 1:
        distributed.barrier()
