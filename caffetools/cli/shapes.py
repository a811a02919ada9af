"""`caffetools shapes`: shapes, parameters and costs of a net."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from caffetools.cli.console import report_notes, table_lines, wrapped
from caffetools.cli.options import flag, format_option, net_options
from caffetools.errors import CaffeToolsError
from caffetools.net.loading import load
from caffetools.net.net import Net
from caffetools.net.summary import SORTS, columns, footer, rows
from caffetools.table import csv_table, markdown_table


@click.command("shapes")
@click.argument("net", metavar="NET")
@net_options
@format_option(
    *("table", "json", "csv", "markdown", "caffe-log"),
    text="Output format; caffe-log is what Caffe logs while it initializes the net.",
)
@click.option(
    "--sort",
    type=click.Choice(tuple(SORTS)),
    help="Sort the layers, the largest first, and show the share of each.",
)
@flag("--explain", help="Print the arithmetic behind every size.")
@flag("--strict", help="Turn notes into errors: exit with status 1.")
def command(
    net: str, form: str, sort: str | None, explain: bool, strict: bool, **options: Any
) -> None:
    """Print the shapes, parameters and costs of a net.

    NET is a prototxt of any age, a solver (its net), a .caffemodel, a log that contains its net, or
    - for standard input.
    """
    loaded = load(net, **options)
    report_notes(loaded.notes)
    for line in _lines(loaded, form, explain, sort):
        click.echo(line)
    if strict and loaded.notes:
        found = len(loaded.notes)
        raise CaffeToolsError(f"expected no note with --strict, found {found}")


def _lines(net: Net, form: str, explain: bool, sort: str | None) -> Iterable[str]:
    # What most calls do not need is imported where it is used, for a quick start.
    if form == "json":
        import json

        return [json.dumps(net.to_dict())]
    if form == "caffe-log":
        from caffetools.net.caffe_log import caffe_log_lines

        return list(caffe_log_lines(net.inferred))  # whole or, with an error, not at all
    if form == "csv":
        return csv_table(columns(net, sort), list(rows(net, sort))).splitlines()
    if explain:
        from caffetools.net.explain import explain as explained

        return wrapped(explained(net), indent=8)
    table = columns(net, sort), list(rows(net, sort))
    if form == "markdown":
        return [*markdown_table(*table), "", *footer(net)]
    return [*table_lines(*table), "", *wrapped(footer(net))]
