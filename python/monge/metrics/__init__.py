"""Distances between sets of clouds, and the scores of generated clouds that are built on them."""

from monge.metrics.generation import generation
from monge.metrics.pairwise import pairwise

__all__ = ["generation", "pairwise"]
