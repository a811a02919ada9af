"""`caffetools shapes`: a net recomputed."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable
from typing import Any

import click

from caffetools.cli.errors import report_note
from caffetools.cli.options import net_options
from caffetools.errors import CaffeToolsError
from caffetools.net.caffe_log import caffe_log
from caffetools.net.explain import explain as explained
from caffetools.net.net import Net, load
from caffetools.net.summary import columns, footer, rows
from caffetools.table import csv_table, markdown_table, text_table


@click.command("shapes")
@click.argument("net", metavar="NET")
@net_options
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json", "csv", "markdown", "caffe-log")),
    default="table",
    show_default=True,
    help="How to print it; caffe-log as Caffe itself would log the net's initialisation.",
)
@click.option("--explain", is_flag=True, help="Write the arithmetic of every size out.")
@click.option("--strict", is_flag=True, help="End with status 1 where there is a note.")
def command(net: str, form: str, explain: bool, strict: bool, **options: Any) -> None:
    """Recompute NET: every shape, parameter, cost and flag.

    NET is a net's prototxt of any age, a solver's (the net that it names), a .caffemodel, a log
    that echoes its net, or - for standard input.
    """
    loaded = load(net, **options)
    for note in loaded.notes:
        report_note(note)
    for line in _lines(loaded, form, explain):
        click.echo(line)
    if strict and loaded.notes:
        found = len(loaded.notes)
        raise CaffeToolsError(f"found {found} note{'s' * (found > 1)}, expected none (--strict)")


def _lines(net: Net, form: str, explain: bool) -> Iterable[str]:
    if form == "json":
        return [json.dumps(net.to_dict())]
    if form == "caffe-log":
        return list(caffe_log(net.inferred))  # whole or, with an error, not at all
    if form == "csv":
        return csv_table(columns(net.cost), list(rows(net))).splitlines()
    if explain:
        return explained(net)
    if form == "markdown":
        return [*markdown_table(columns(net.cost), list(rows(net))), "", *footer(net)]
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return [*text_table(columns(net.cost), list(rows(net)), width, _styled), "", *footer(net)]


def _styled(role: str, text: str) -> str:
    """Colour, which click leaves out where the output is no terminal."""
    if role == "unknown":
        return click.style(text, fg="yellow")
    return click.style(text, bold=True) if role and text else text
