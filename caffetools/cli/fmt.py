"""`caffetools fmt`: format prototxts."""

from __future__ import annotations

import click

from caffetools.cli.console import report_error
from caffetools.cli.options import plugin_option
from caffetools.errors import CaffeToolsError
from caffetools.net.reading import read_text
from caffetools.proto.formatter import first_difference, format_text
from caffetools.writing import replace_file


@click.command("fmt")
@click.argument("nets", metavar="NET...", nargs=-1, required=True)
@click.option(
    "--check", is_flag=True, help="Print nothing; exit with status 1 if a file is not formatted."
)
@click.option("--write", is_flag=True, help="Replace the files.")
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
    done = [_succeeds(net, check, write) for net in nets]
    context.exit(0 if all(done) else 1)


def _succeeds(net: str, check: bool, write: bool) -> bool:
    """Format one file; report its error, so that the others are formatted all the same."""
    try:
        _format(net, check, write)
    except CaffeToolsError as error:
        report_error(error)
        return False
    return True


def _format(net: str, check: bool, write: bool) -> None:
    source = read_text(net)
    text = format_text(source)
    if check:
        difference = first_difference(source, text)
        if difference is not None:
            raise source.error("this line is not formatted", difference)
    elif not write:
        click.echo(text.encode("utf-8", "surrogateescape"), nl=False)
    elif text != source.text:
        replace_file(net, text.encode("utf-8", "surrogateescape"))
