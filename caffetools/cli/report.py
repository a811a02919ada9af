"""`caffetools report`: a web page about a net."""

from __future__ import annotations

from typing import Any

import click

from caffetools.cli.console import report_notes
from caffetools.cli.options import force_option, net_options, output_option, repeatable
from caffetools.functions.views import report


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
    report_notes(report(net, output, logs, weights, force=force, **options))
