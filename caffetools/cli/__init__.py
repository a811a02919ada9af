"""The command line: one module for each command, imported when the command is called."""

from __future__ import annotations

from caffetools.cli import interrupts  # isort: skip

interrupts.end_at_once()

import sys  # noqa: E402  # an interrupt of these imports must not print a traceback
from importlib import import_module  # noqa: E402
from typing import Any  # noqa: E402

import click  # noqa: E402

from caffetools.cli.console import abandon_output, prepare_streams, report_error  # noqa: E402
from caffetools.errors import CaffeToolsError, Location  # noqa: E402

interrupts.raise_again()

COMMANDS = {
    "classify": "Classify images by a net",
    "data": "Make the databases and mean images that data layers read",
    "deploy": "Make the net to deploy from a net to train",
    "diff": "Compare two nets, layer by layer",
    "draw": "Draw a net: its graph, or the data flow of each stage",
    "edit": "Edit a net and its weights together",
    "export": "Export a net as a PyTorch module, or to ONNX",
    "features": "Write blobs of a net for images",
    "fmt": "Format prototxts in the canonical layout",
    "from-onnx": "Convert an ONNX file to a Caffe net and its weights",
    "from-torch": "Convert a PyTorch module to a Caffe net and its weights",
    "pack": "Write the weights of an exported module as a .caffemodel",
    "parse-log": "Read a training log: its nets, curves and events",
    "plot": "Plot the curves of training logs",
    "report": "Write a web page about a net, its training and weights",
    "run": "Run a script that imports caffe, without Caffe",
    "shapes": "Print the shapes, parameters and costs of a net",
    "test": "Test a net on its data, as `caffe test` does",
    "time": "Time each layer of a net, as `caffe time` does",
    "train": "Train a net in PyTorch, as `caffe train` does",
    "upgrade": "Print a net in Caffe's current form, without its weights",
    "verify": "Compare an exported module with Caffe, blob by blob",
    "weights": "Print the layers, shapes and statistics of a weights file",
}
"""Each command with its summary, so that `--help` imports none of them."""


class _Commands(click.Group):
    """A group that imports a command when it is called, and reports errors in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"caffetools.cli.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        if ctx.resilient_parsing:  # a shell completes
            from caffetools.cli.options import complete_paths

            complete_paths(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **extra: Any) -> Any:
        prepare_streams()
        try:
            return super().main(*args, **extra)
        except OSError as error:  # a full disk; click handles a closed pipe
            if error.filename is not None:
                raise
            abandon_output()
            message = f"cannot be written: {error.strerror}"
            report_error(CaffeToolsError(message, Location("<stdout>")))
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except CaffeToolsError as error:
            report_error(error)
            return ctx.exit(1)
        except KeyboardInterrupt:
            click.echo(interrupts.TEXT, err=True)
            return ctx.exit(interrupts.STATUS)


@click.command(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "show_default": True}
)
@click.version_option(package_name="caffetools", message="%(version)s")
def main() -> None:
    """Read and recompute Caffe nets, logs and weights without Caffe."""
