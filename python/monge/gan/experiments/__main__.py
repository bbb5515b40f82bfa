"""The command line of the experiments."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from monge.extras import MissingExtra
from monge.gan.experiments import EXPERIMENTS
from monge.gan.experiments.page import Page


def main(argv: Sequence[str] | None = None) -> int:
    """Run one experiment; its table is printed and written."""
    parser = argparse.ArgumentParser(prog="python -m monge.gan.experiments")
    parser.add_argument("name", choices=list(EXPERIMENTS))
    parser.add_argument("--out", type=Path, default=Path("."), help="folder of table and figure")
    parser.add_argument("--runs", type=int, default=5, help="seeds (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (%(default)s)")
    parser.add_argument("--data", type=Path, help="folder of your files (digit_adaptation)")
    args = parser.parse_args(argv)
    if args.runs < 1:
        parser.error(f"--runs must be at least 1; got {args.runs}")
    torch.set_num_threads(args.threads)
    try:
        EXPERIMENTS[args.name](Page(args.out, args.name, args.data), args.runs)
    except (ValueError, MissingExtra) as error:
        parser.exit(2, f"{args.name}: {error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
