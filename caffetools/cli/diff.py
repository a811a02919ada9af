"""`caffetools diff`: compare two nets."""

from __future__ import annotations

from typing import Any

import click

from caffetools.cli.console import report_notes
from caffetools.cli.options import flag, net_options
from caffetools.net.diff import differences
from caffetools.net.loading import load


@click.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@net_options
@flag("--exit-code", help="Exit with status 1 if the nets differ.")
@click.pass_context
def command(ctx: click.Context, /, old: str, new: str, exit_code: bool, **options: Any) -> None:
    """Compare two nets, layer by layer.

    Prints a line for each layer that only OLD (-) or only NEW (+) has, and what has changed (~) of
    the others. OLD and NEW are any files that `shapes` reads.
    """
    nets = [load(path, **options) for path in (old, new)]
    for net in nets:
        report_notes(net.notes)
    lines = list(differences(*nets))
    for line in lines or ["no difference"]:
        click.echo(line)
    if exit_code and lines:
        ctx.exit(1)
