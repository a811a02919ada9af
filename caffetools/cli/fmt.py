"""`caffetools fmt`: format prototxts."""

from __future__ import annotations

import click

from caffetools.cli.console import report_error
from caffetools.cli.options import flag, plugin_option
from caffetools.errors import CaffeToolsError
from caffetools.net.reading import read_text
from caffetools.proto.formatter import first_difference, format_text
from caffetools.writing import replace_file


@click.command("fmt")
@click.argument("nets", metavar="NET...", nargs=-1, required=True)
@flag("--check", help="Print nothing; exit with status 1 if a file is not formatted.")
@flag("--write", help="Replace the files.")
@plugin_option
@click.pass_context
def command(context: click.Context, nets: tuple[str, ...], check: bool, write: bool) -> None:
    """Format prototxts in the canonical layout.

    Prints each NET with the same fields in the same order, comments kept. NET is the prototxt of a
    net of any age or of a solver, or - for standard input.
    """
    if check and write:
        raise click.UsageError("--check and --write exclude each other")
    if write and "-" in nets:
        raise click.UsageError("--write does not take standard input")
    done = [_format(net, check, write) for net in nets]
    context.exit(0 if all(done) else 1)


def _format(net: str, check: bool, write: bool) -> bool:
    """Format one file; report its error, so that the others are formatted all the same."""
    try:
        source = read_text(net)
        text = format_text(source)
        difference = first_difference(source, text) if check else None
        if difference is not None:
            raise source.error("this line is not formatted", difference)
        if write and text != source.text:
            replace_file(net, text.encode("utf-8", "surrogateescape"))
    except CaffeToolsError as error:
        report_error(error)
        return False
    if not (check or write):
        click.echo(text.encode("utf-8", "surrogateescape"), nl=False)
    return True
