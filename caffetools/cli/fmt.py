"""`caffetools fmt`: prototxts in the canonical layout."""

from __future__ import annotations

import click

from caffetools.cli.errors import report
from caffetools.cli.options import plugin_option
from caffetools.errors import CaffeToolsError
from caffetools.net.reading import read_text
from caffetools.proto.formatter import first_difference, format_text
from caffetools.writing import replace_file


@click.command("fmt")
@click.argument("nets", metavar="NET...", nargs=-1, required=True)
@click.option(
    "--check",
    is_flag=True,
    help="Print nothing; end with status 1 if a file is laid out otherwise.",
)
@click.option("--write", is_flag=True, help="Put the result in the file's place.")
@plugin_option
@click.pass_context
def command(context: click.Context, nets: tuple[str, ...], check: bool, write: bool) -> None:
    """Print each NET in the canonical layout: the same fields in the same order, comments kept.

    NET is a prototxt of any age, a net's or a solver's, or - for standard input.
    """
    if check and write:
        raise click.UsageError("--check and --write exclude each other")
    if write and "-" in nets:
        raise click.UsageError("standard input cannot be written")
    done = [_is_done(net, check, write) for net in nets]
    context.exit(0 if all(done) else 1)


def _is_done(net: str, check: bool, write: bool) -> bool:
    """Format one file; False, with its mistake told, where that cannot be done."""
    try:
        _format(net, check, write)
    except CaffeToolsError as error:
        report(error)
        return False
    return True


def _format(net: str, check: bool, write: bool) -> None:
    source = read_text(net)
    text = format_text(source)
    if check:
        difference = first_difference(source, text)
        if difference is not None:
            raise source.error("this line is laid out otherwise", difference)
    elif not write:
        click.echo(text.encode("utf-8", "surrogateescape"), nl=False)
    elif text != source.text:
        replace_file(net, text.encode("utf-8", "surrogateescape"))
