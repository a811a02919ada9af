"""`caffetools train`: `caffe train` on PyTorch."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from caffetools.cli.console import report_notes
from caffetools.cli.devices import gpus_of, require_torch
from caffetools.cli.options import choice, flag, plugin_option

_EFFECTS = ("stop", "snapshot", "none")


def _patience(_: object, parameter: click.Parameter, text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    count, _comma, output = text.partition(",")
    if not count.isdecimal() or not int(count):
        raise click.BadParameter(f"expected a number of tests, found {count!a}", param=parameter)
    return int(count), output


@click.command("train")
@click.option("--solver", "solver_path", metavar="FILE", required=True, help="Solver to train.")
@click.option("--weights", metavar="FILE[,FILE]", help="Weights to start from.")
@click.option("--snapshot", metavar="FILE.solverstate", help="Snapshot to resume.")
@click.option("--gpu", metavar="all|N[,N]", help="GPUs to train on (default: the CPU).")
@click.option("--phase", help="Ignored, as in Caffe: the solver names the training net.")
@click.option("--stage", metavar="NAME[,NAME]", help="Stages of the training net.")
@click.option("--level", type=int, default=0, help="Level of the training net.")
@choice("Effect of SIGINT.", "--sigint_effect", "--sigint-effect", "sigint", of=_EFFECTS)
@choice(
    "Effect of SIGHUP.",
    "--sighup_effect",
    "--sighup-effect",
    "sighup",
    of=_EFFECTS,
    default="snapshot",
)
@click.option("--max-iter", type=click.IntRange(min=0), help="Override the solver's max_iter.")
@click.option("--seed", type=click.IntRange(min=0), help="Override the solver's random_seed.")
@flag("--check", help="Dry run: a batch of each net, time and memory; nothing is changed.")
@flag("--eval-only", help="Run the test nets once, without training.")
@click.option(
    "--early-stop",
    metavar="N[,OUTPUT]",
    callback=_patience,
    help="Stop after N tests without a better OUTPUT (default: the loss of the first test net).",
)
@click.option("--tensorboard", metavar="DIR", help="Write the curves for TensorBoard meanwhile.")
@click.option(
    "--amp",
    is_flag=False,
    flag_value="bf16",
    type=click.Choice(["bf16", "fp16"]),
    metavar="[bf16|fp16]",
    help="Compute in bfloat16, or in float16 with a scaled loss, where autocast does.",
)
@flag("--compile", help="Compile the net with torch.compile.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes that read data ahead.")
@flag("--strict", help="Stop at a damaged item of the data.")
@plugin_option
def command(solver_path: str, **options: Any) -> None:
    """Train a net in PyTorch, as `caffe train` does.

    The log goes to standard error, in Caffe's format. SIGINT stops with a snapshot, SIGHUP takes
    one, as in Caffe also where they were ignored before (nohup, background jobs). Several GPUs, or
    processes that torchrun starts, average their gradients; the batch size is that of each. A
    damaged item of the data is reported and replaced by the next one. An error that stops a run
    lets it first save what it has trained.
    """
    if options["snapshot"] and options["weights"]:
        raise click.UsageError("--snapshot and --weights exclude each other")
    if options["check"] and options["eval_only"]:
        raise click.UsageError("--check and --eval-only exclude each other")
    require_torch("training")
    gpus = gpus_of(options.pop("gpu"))
    if len(gpus) > 1 and "WORLD_SIZE" not in os.environ:
        _spread(gpus)
    from caffetools.functions.training_runs import train

    options.pop("phase")
    stages, weights = (_names(options.pop(name)) for name in ("stage", "weights"))
    options |= {"gpus": gpus, "stages": stages, "weights": weights}
    train(solver_path, report=report_notes, **options)


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in text.split(",")] if text else []


def _spread(gpus: list[str]) -> None:
    """Start this command anew under torchrun, a process a GPU; does not return."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launcher += ["--nproc_per_node", str(len(gpus)), "-m", "caffetools", *sys.argv[1:]]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ",".join(gpus)}
    sys.stderr.flush()
    os.execve(launcher[0], launcher, environment)  # noqa: S606  # our own command
