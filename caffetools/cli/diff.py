"""`caffetools diff`: compare two nets."""

from __future__ import annotations

from typing import Any

import click

from caffetools.cli.console import report_notes, wrapped
from caffetools.cli.options import flag, net_options
from caffetools.net.diff import differences
from caffetools.net.loading import load


@click.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@net_options
@flag("--all", "every", help="Compare batch sizes and fillers, too.")
@flag("--exit-code", help="Exit with status 1 if the nets differ.")
@click.pass_context
def command(
    ctx: click.Context, /, old: str, new: str, exit_code: bool, every: bool, **options: Any
) -> None:
    """Compare two nets, layer by layer.

    Prints a line for each layer that only OLD (-) or only NEW (+) has, and what has changed (~) of
    the others; a renamed layer is paired by its place. OLD and NEW are any files that `shapes`
    reads.
    """
    first, second = (load(path, **options) for path in (old, new))
    report_notes((*first.notes, *second.notes))
    lines = list(differences(first, second, every))
    for line in lines or ["no difference"]:
        colour = {"+": "green", "-": "red", "~": "yellow"}.get(line[0])
        for part in wrapped([line], indent=8):
            click.echo(click.style(part, fg=colour) if colour else part)
    if not every and list(differences(first, second, every=True)) != lines:
        click.echo("note: batch sizes or fillers differ; use --all to list them", err=True)
    if exit_code and lines:
        ctx.exit(1)
