"""`caffetools report`: a web page about a net."""

from __future__ import annotations

from typing import Any

import click

from caffetools.check.parsed_log import parse_log
from caffetools.cli.console import report_notes
from caffetools.cli.options import force_option, net_options, output_option, repeatable
from caffetools.formats.weights import read_weights
from caffetools.net.loading import load
from caffetools.pages.log_section import CheckedLog
from caffetools.pages.page import page
from caffetools.writing import write_files


@click.command("report")
@click.argument("net", metavar="NET")
@net_options
@repeatable("A training log.", "--log", "logs", metavar="LOG")
@click.option("--weights", metavar="W", help="A .caffemodel or .caffemodel.h5, for histograms.")
@output_option("FILE", "HTML file to write.")
@force_option
def command(
    net: str, logs: tuple[str, ...], weights: str | None, output: str, force: bool, **options: Any
) -> None:
    """Write a web page about a net, its training and weights.

    The page shows the summary, graph, costs and table of NET, the curves of its logs and histograms
    of its weights. It is one file that loads nothing else.
    """
    loaded = load(net, **options)
    report_notes(loaded.notes)
    stored = None if weights is None else read_weights(weights)
    made = page(loaded, net, [_checked(log, net) for log in logs], stored)
    write_files({output: made.encode("utf-8")}, force, inputs=(net, weights or "-", *logs))


def _checked(path: str, net: str) -> CheckedLog:
    """Read a log and compare it with the net, if it prints one and the net is a file."""
    log = parse_log(path)
    if net == "-" or not any(found.layers for found in log.contents.nets):
        return CheckedLog(log)
    return CheckedLog(log, tuple(log.check(net)))
