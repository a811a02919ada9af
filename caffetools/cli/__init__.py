"""The command line: one module a command, loaded when called. Only here is anything printed."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from caffetools.cli.errors import report as tell
from caffetools.cli.streams import abandon_output, prepare
from caffetools.errors import CaffeToolsError, Location

COMMANDS = {
    "data": "caffetools.cli.data",
    "diff": "caffetools.cli.diff",
    "draw": "caffetools.cli.draw",
    "export": "caffetools.cli.export",
    "fmt": "caffetools.cli.fmt",
    "pack": "caffetools.cli.pack",
    "parse-log": "caffetools.cli.parse_log",
    "plot": "caffetools.cli.plot",
    "report": "caffetools.cli.report",
    "shapes": "caffetools.cli.shapes",
    "train": "caffetools.cli.train",
    "upgrade": "caffetools.cli.upgrade",
    "verify": "caffetools.cli.verify",
    "weights": "caffetools.cli.weights",
}
"""Each command, and the module whose `command` it is."""


class _Commands(click.Group):
    """A group that imports a command only when it is asked for, and tells mistakes in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name]).command
        assert isinstance(command, click.Command)
        return command

    def main(self, *args: Any, **extra: Any) -> Any:
        prepare()
        try:
            return super().main(*args, **extra)
        except OSError as error:  # a full disk; of a closed pipe click takes care
            if error.filename is not None:
                raise
            abandon_output()
            tell(CaffeToolsError(f"cannot be written: {error.strerror}", Location("<stdout>")))
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except CaffeToolsError as error:
            tell(error)
            return ctx.exit(1)


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="caffetools", message="%(version)s")
def main() -> None:
    """Caffe nets, logs and weights, read and recomputed without Caffe."""
