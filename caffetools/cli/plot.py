"""`caffetools plot`: the curves of logs as a figure."""

from __future__ import annotations

from typing import Any

import click

from caffetools.cli.options import force_option, plugin_option, year_option
from caffetools.figures.panels import Selection
from caffetools.log.parser import read_log
from caffetools.writing import format_of, write_files


@click.command("plot")
@click.argument("logs", metavar="LOG…", nargs=-1, required=True)
@plugin_option
@click.option(
    "-o", "--output", metavar="FILE", required=True, help="Where to: a .svg, .png or .pdf."
)
@click.option(
    "--name", "names", multiple=True, metavar="NAME", help="What a log is called, in their order."
)
@click.option(
    "--x",
    type=click.Choice(("iteration", "epoch", "time")),
    default="iteration",
    help="What the curves go over.",
)
@click.option("--only", multiple=True, metavar="OUTPUT", help="Draw this output; may be repeated.")
@click.option(
    "--smooth",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Average over N values; the values are drawn behind the line.",
)
@click.option("--log-x", is_flag=True, help="A logarithmic x axis.")
@click.option("--log-y", is_flag=True, help="Logarithmic axes of losses and of large outputs.")
@click.option("--no-rate", is_flag=True, help="Leave the learning rate out.")
@click.option("--no-events", is_flag=True, help="Leave snapshots, restarts and errors out.")
@click.option("--title", default="", show_default=False, help="Figure title.")
@year_option
@force_option
def command(logs: tuple[str, ...], output: str, year: int | None, **options: Any) -> None:
    """Plot the curves of training logs.

    The losses, outputs and learning rates of all LOGs are overlaid. Lines of training
    are thin, those of test nets thick. Iterations that a resumed run repeats are drawn once.
    """
    form = format_of(output)
    if len(options["names"]) > len(logs):
        raise click.UsageError(f"found {len(options['names'])} names for {len(logs)} logs")
    found = [read_log(log, year) for log in logs]
    # matplotlib is slow to load: a mistake in a log is reported before.
    from caffetools.figures.plot import Drawing, plot

    selection = Selection(options["x"], options["only"], not options["no_rate"])
    drawing = Drawing(
        options["smooth"],
        options["log_x"],
        options["log_y"],
        not options["no_events"],
        options["title"],
    )
    picture = plot(found, form, options["names"], selection, drawing)
    write_files({output: picture}, options["force"])
