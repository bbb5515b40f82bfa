"""The commands `monge train` and `monge validate`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from monge.problem import whole_number


def add_training_commands(commands: Any) -> None:
    """Register both with the command line; torch is imported when one runs."""
    text = "Train a generator by a configuration file; go on where it stopped."
    train = commands.add_parser("train", help=text, description=text, allow_abbrev=False)
    train.add_argument("config", metavar="CONFIG", help="a .toml; docs/gan.md has an example")
    train.add_argument(
        "--out", metavar="FOLDER", help="for log.jsonl and checkpoint.pt (default: CONFIG's stem)"
    )
    train.add_argument("--steps", metavar="N", type=int, help="instead of the configuration's")
    train.add_argument("--tensorboard", action="store_true", help="write for TensorBoard too")
    train.set_defaults(run=_train)

    text = "Hold a checkpoint's critic and generator against exact transport."
    check = commands.add_parser("validate", help=text, description=text, allow_abbrev=False)
    check.add_argument("checkpoint", metavar="CHECKPOINT", help="checkpoint.pt of monge train")
    check.add_argument(
        "--points", metavar="N", type=int, default=512, help="of each side (%(default)s)"
    )
    check.add_argument("--seed", metavar="S", type=int, default=0, help="of the points (0)")
    check.add_argument("--plot", metavar="FILE", help="draw the critic: a .png")
    check.add_argument("--json", action="store_true", help="print one JSON object")
    check.set_defaults(run=_validate)


def _train(args: argparse.Namespace) -> int:
    from monge.gan import configuration

    path = Path(args.config)
    try:
        text = path.read_text()
    except OSError as error:
        raise type(error)(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path}: it is no text") from None
    settings = configuration.read(text)
    gan = configuration.build(text)
    folder = path.with_suffix("") if args.out is None else Path(args.out)
    steps = settings["steps"] if args.steps is None else args.steps
    every = {name: settings[name] for name in ("log_every", "checkpoint_every")}
    rows = gan.fit(steps, out=folder, tensorboard=args.tensorboard, **every)
    (folder / "config.toml").write_text(text)
    last = rows[-1] if rows else {"step": gan.step}
    print("  ".join(f"{k} {v:.6g}" for k, v in last.items() if v is not None))
    print(f"monge validate {folder / 'checkpoint.pt'}")
    return 0


def _validate(args: argparse.Namespace) -> int:
    from monge import io
    from monge.gan import from_checkpoint, validate_critic, validate_generator

    if args.plot is not None:
        io.checked_output(args.plot, (".png",))
    whole_number(args.points, "--points", 1)
    whole_number(args.seed, "--seed", 0)
    gan = from_checkpoint(args.checkpoint)
    critic = validate_critic(gan, args.points, args.seed)
    generator = validate_generator(gan, args.points, args.seed)
    if args.plot is not None:
        critic.plot().savefig(args.plot, dpi=150)
    if args.json:
        report = {"step": gan.step, "critic": critic.to_dict(), "map": generator.to_dict()}
        print(json.dumps(report, allow_nan=False))
    else:
        print(f"{'step':<16}{gan.step}", critic, "", generator, sep="\n")
    return 0
