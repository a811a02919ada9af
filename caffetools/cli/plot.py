"""`caffetools plot`: the curves of logs as a figure."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import click

from caffetools.cli.console import progress
from caffetools.cli.options import (
    choice,
    flag,
    log_options,
    output_option,
    repeatable,
)
from caffetools.errors import CaffeToolsError
from caffetools.functions.views import plot


def _outputs(context: click.Context, _param: click.Parameter, start: str) -> list[str]:
    """Return what the logs before --only have, for the completion of shells."""
    from caffetools.figures.panels import output_name
    from caffetools.log.parser import read_log
    from caffetools.log.series import log_series

    names: list[str] = []
    with suppress(CaffeToolsError):
        # An option without its value, as here, leaves what comes before it unparsed.
        for log in map(read_log, context.params.get("logs") or context.args):
            names += map(output_name, log_series(log))
    return [name for name in dict.fromkeys(names) if name.startswith(start)]


@click.command("plot")
@click.argument("logs", metavar="LOG…", nargs=-1, required=True)
@output_option("FILE", "Where to: a .svg, .png or .pdf.")
@repeatable("What a log is called, in their order.", "--name", "names", metavar="NAME")
@choice("What the curves go over.", "--x", of=("iteration", "epoch", "time"))
@repeatable(
    "Draw only this output (loss: the displayed loss; lr).",
    "--only",
    metavar="OUTPUT",
    shell_complete=_outputs,
)
@click.option(
    "--smooth",
    type=click.IntRange(min=1),
    metavar="N",
    help="Average training over N values, which are drawn behind the line (default: a hundredth "
    "of a line, at most 100; 1: none).",
)
@flag("--log-x", help="A logarithmic x axis.")
@flag("--log-y", help="Logarithmic axes of losses and of large outputs.")
@flag("--no-rate", help="Leave the learning rate out.")
@flag("--no-events", help="Leave snapshots, restarts and errors out.")
@click.option("--title", default="", show_default=False, help="Figure title.")
@log_options
def command(logs: tuple[str, ...], output: str, **options: Any) -> None:
    """Plot the curves of training logs.

    The losses, accuracies, other outputs and learning rates of all LOGs are overlaid. Lines of
    training are thin, those of test nets thick. Iterations that a resumed run repeats are drawn
    once. Crosses mark where NaN or infinite values begin, triangles values above the axis.
    """
    options |= {name: not options.pop(f"no_{name}") for name in ("rate", "events")}
    try:
        plot(logs, output, progress=progress, **options)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
