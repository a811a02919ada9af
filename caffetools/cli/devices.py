"""Options of commands that run nets in PyTorch: the model, its state, the device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from caffetools.cli.options import Command
from caffetools.errors import CaffeToolsError
from caffetools.proto.source import decode, read_bytes

if TYPE_CHECKING:
    import torch

    from caffetools.torch.training.glog_writer import GlogWriter


def verb_options(command: Command) -> Command:
    """Add what Caffe's own verbs share: the model, its stages and level, GPUs."""
    for option in (
        click.option("--gpu", metavar="all|N", help="GPU to run on (default: the CPU)."),
        click.option("--level", type=int, default=0, help="Level for include and exclude rules."),
        click.option("--stage", "stages", callback=_split, help="Stages, with commas between."),
        click.option("--model", metavar="NET", required=True, help="Any file that `shapes` reads."),
    ):
        command = option(command)
    return command


def _split(_context: click.Context, _param: click.Parameter, text: str | None) -> list[str]:
    return [name for name in (text or "").split(",") if name]


def require_torch(what: str) -> None:
    """Raise CaffeToolsError if PyTorch is not installed."""
    try:
        import torch  # noqa: F401
    except ImportError:
        text = f"{what} takes PyTorch: pip install 'caffetools[torch,data]'"
        raise CaffeToolsError(text) from None


def gpus_of(text: str | None) -> list[str]:
    """The numbers of the GPUs that are asked for."""
    if not text:
        return []
    import torch

    there = [str(index) for index in range(torch.cuda.device_count())]
    gpus = there if text == "all" else text.split(",")
    if not all(gpu.isdecimal() for gpu in gpus):
        expected = "all or numbers with commas between"
        raise click.UsageError(f"--gpu: expected {expected}, found {text!a}")
    missing = [gpu for gpu in gpus if gpu not in there]
    if missing or not gpus:
        raise CaffeToolsError(f"PyTorch finds {len(there)} GPUs, asked for was {text}")
    return gpus


def device_of(gpu: str | None, log: GlogWriter, gpu_place: str, cpu_place: str) -> torch.device:
    """Return the device that --gpu asks for, the first of several, as Caffe logs it.

    Raises CaffeToolsError for a GPU that PyTorch does not find.
    """
    import torch

    gpus = gpus_of(gpu)
    log.say(gpu_place if gpus else cpu_place, _device_line(gpus))
    return torch.device(f"cuda:{gpus[0]}" if gpus else "cpu")


def _device_line(gpus: list[str]) -> str:
    return f"Use GPU with device ID {gpus[0]}" if gpus else "Use CPU."


def label_names(path: str | None) -> list[str]:
    """Return the names of classes, one a line; none without a file."""
    return [] if path is None else decode(path, read_bytes(path)).text.splitlines()
