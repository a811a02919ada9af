"""`caffetools parse-log`: read a training log."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import click

from caffetools.cli.console import progress, wrapped
from caffetools.cli.options import flag, format_option, log_options
from caffetools.errors import CaffeToolsError
from caffetools.log.curve_data import csv_text
from caffetools.log.parser import read_log
from caffetools.writing import format_of, write_files

if TYPE_CHECKING:
    from caffetools.log.collector import LogContents


_INDENT = 9
_WRONG = re.compile(
    r"(run +died|run +diverged|event +line \d+: (?:fatal|error)|         line \d+: )"
    r"|run +stalled|event +line \d+: warning"
)
"""Lines of the summary about errors and differences, or about warnings."""


@click.command("parse-log")
@click.argument("log", metavar="LOG")
@format_option(
    *("table", "json", "csv"),
    text="Output format; csv is the training curve, or one file per net with -o.",
)
@click.option("--check", metavar="NET", help="Compare with NET; exit with 1 if they differ.")
@click.option("--net-out", metavar="FILE", help="Write the first net that the log echoes.")
@click.option("--solver-out", metavar="FILE", help="Write the first solver that the log echoes.")
@click.option("--plot", metavar="FILE", help="Plot the curves: .svg, .png or .pdf.")
@click.option("-o", "--output", metavar="STEM", help="csv: STEM.train.csv, STEM.test0.csv, …")
@click.option("--tensorboard", metavar="DIR", help="Write the curves for TensorBoard.")
@flag("--follow", help="Show the progress of LOG while it grows.")
@log_options
def command(
    log: str, form: str, check: str | None, output: str | None, year: int | None, **options: Any
) -> None:
    """Read a training log: its nets, curves and events.

    LOG may be compressed by gzip or xz, or - for standard input.
    """
    if options.pop("follow"):
        _follow(log, check, output, year, form != "table", *options.values())
        return
    if output and form != "csv":
        raise click.UsageError("-o requires --format csv")
    plot_form = format_of(options["plot"]) if options["plot"] else ""
    contents = read_log(log, year, progress(log))
    first = next(contents.train.rows(), None) if form == "csv" else None
    if first and first.time and first.time.startswith("--"):
        click.echo("note: the log has no year, so that times are left out; pass --year", err=True)
    files = _echoes(contents, options["net_out"], options["solver_out"])
    if output:
        curves = {"train": contents.train}
        curves |= {f"test{net}": curve for net, curve in contents.tests.items()}
        for name, curve in curves.items():
            files[f"{output}.{name}.csv"] = "".join(csv_text(curve)).encode()
    if plot_form:
        # matplotlib is slow to import.
        from caffetools.figures.plot import plot

        files[options["plot"]] = plot([contents], plot_form)
    write_files(files, options["force"], inputs=[log])
    if options["tensorboard"]:
        _write_events(contents, options["tensorboard"], options["force"])
    if check:
        _check(contents, check)
    elif not output:
        _print(contents, form)


def _follow(log: str, *others: object) -> None:
    if any(others):
        raise click.UsageError("--follow excludes other options")
    from caffetools.cli.follow import follow_log

    follow_log(log)


def _print(contents: LogContents, form: str) -> None:
    if form == "csv":
        for text in csv_text(contents.train):
            click.echo(text, nl=False)
        return
    # Nets are slow to import, and CSV needs none.
    from caffetools.check.log_summary import summary
    from caffetools.check.parsed_log import ParsedLog

    log = ParsedLog(contents)
    if form == "json":
        for piece in log.json():
            click.echo(piece, nl=False)
        click.echo()
    else:
        for line in summary(log):
            found = _WRONG.match(line)
            colour = ("red" if found[1] else "yellow") if found else None
            for part in wrapped([line], _INDENT):
                # click leaves colours out unless the output is a terminal.
                title = click.style(part[:_INDENT], fg=colour, bold=part[:1] != " " or None)
                click.echo(title + click.style(part[_INDENT:], fg=colour))


def _echoes(log: LogContents, net_out: str | None, solver_out: str | None) -> dict[str, bytes]:
    """Return the echoed prototxt by the file to write it to."""
    nets = [net.echo for net in log.nets if net.echo]
    files = {}
    for path, echoes, what in ((net_out, nets, "net"), (solver_out, log.solvers, "solver")):
        if path and not echoes:
            raise CaffeToolsError(f"{log.name!a} echoes no {what}")
        if path:
            files[path] = echoes[0].text.encode()
    return files


def _write_events(log: LogContents, folder: str, force: bool) -> None:
    from caffetools.log.tensorboard import event_files

    is_empty = True
    for name, records in event_files(log):
        path = os.path.join(folder, name)
        write_files({path: records}, force, os.path.dirname(path))
        is_empty = False
    if is_empty:
        raise CaffeToolsError(f"{log.name!a} contains no iteration")


def _check(contents: LogContents, path: str) -> None:
    from caffetools.check.log_summary import comparison_words, net_words
    from caffetools.check.parsed_log import ParsedLog

    found = 0
    for net, comparison in ParsedLog(contents).check(path):
        lines = (net_words(net), *(f"  {line}" for line in comparison_words(comparison)))
        for line in wrapped(lines):
            click.echo(line)
        found += len(comparison.differences)
    if found:
        where = os.path.basename(contents.name)
        raise CaffeToolsError(f"found {found} differences between {where!a} and {path!a}")
    click.echo("no difference")
