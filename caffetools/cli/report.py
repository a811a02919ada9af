"""`caffetools report`: a net in one page."""

from __future__ import annotations

from typing import Any

import click

from caffetools.check.parsed_log import parse_log
from caffetools.cli.errors import report_note
from caffetools.cli.files import write_files
from caffetools.cli.options import net_options
from caffetools.formats.weights import read_weights
from caffetools.net.net import load
from caffetools.pages.log_section import CheckedLog
from caffetools.pages.page import page


@click.command("report")
@click.argument("net", metavar="NET")
@net_options
@click.option("--log", "logs", multiple=True, metavar="LOG", help="A log. May be repeated.")
@click.option("--weights", metavar="W", help="A .caffemodel, or its .h5: histograms of its blobs.")
@click.option("-o", "--output", metavar="FILE", required=True, help="The page, an HTML file.")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def command(
    net: str, logs: tuple[str, ...], weights: str | None, output: str, force: bool, **options: Any
) -> None:
    """Write a page about NET: summary, graph, costs, table; curves and weights if given.

    The page needs nothing else, neither files beside it nor the network.
    """
    loaded = load(net, **options)
    for note in loaded.notes:
        report_note(note)
    made = page(
        loaded,
        net,
        [_checked(log, net) for log in logs],
        None if weights is None else read_weights(weights),
    )
    write_files({output: made.encode("utf-8")}, force)


def _checked(path: str, net: str) -> CheckedLog:
    """A log, held against the net's file where both can be."""
    log = parse_log(path)
    if net == "-" or not any(found.layers for found in log.contents.nets):
        return CheckedLog(log)
    return CheckedLog(log, tuple(log.check(net)))
