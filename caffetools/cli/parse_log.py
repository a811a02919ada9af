"""`caffetools parse-log`: a log read back."""

from __future__ import annotations

import os
from typing import Any

import click

from caffetools.check.log_summary import net_words, summary
from caffetools.check.parsed_log import ParsedLog, parse_log
from caffetools.check.records import csv_text
from caffetools.cli.options import plugin_option
from caffetools.errors import CaffeToolsError
from caffetools.table import printable
from caffetools.writing import format_of, write_files


@click.command("parse-log")
@click.argument("log", metavar="LOG")
@plugin_option
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json", "csv")),
    default="table",
    show_default=True,
    help="How to print it; csv is the training curve, or with -o a file for each net.",
)
@click.option("--check", metavar="NET", help="Compare with NET; status 1 if they differ.")
@click.option("--net-out", metavar="FILE", help="Write the first net that is echoed.")
@click.option("--solver-out", metavar="FILE", help="Write the first solver that is echoed.")
@click.option("--plot", metavar="FILE", help="Draw its curves: a .svg, .png or .pdf.")
@click.option("-o", "--output", metavar="STEM", help="csv: STEM.train.csv, STEM.test0.csv, …")
@click.option("--tensorboard", metavar="DIR", help="Write its curves for TensorBoard.")
@click.option("--follow", is_flag=True, help="Show where LOG stands while it grows.")
@click.option("--year", type=click.IntRange(1970, 9999), help="The year of the first line.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
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
        raise click.UsageError("-o goes with --format csv")
    plot_form = format_of(options["plot"]) if options["plot"] else ""
    parsed = parse_log(log, year)
    files = _echoes(parsed, options["net_out"], options["solver_out"])
    if output:
        files |= _csv_files(parsed, output)
    if plot_form:
        # matplotlib is slow to load.
        from caffetools.figures.plot import plot

        files[options["plot"]] = plot([parsed.contents], plot_form)
    write_files(files, options["force"])
    if options["tensorboard"]:
        _write_events(parsed, options["tensorboard"], options["force"])
    if check:
        _check(parsed, check)
    elif not output:
        _print(parsed, form)


def _follow(log: str, *others: object) -> None:
    if any(others):
        raise click.UsageError("--follow goes with no other option")
    from caffetools.cli.follow import follow_log

    follow_log(log)


def _print(log: ParsedLog, form: str) -> None:
    if form == "json":
        for piece in log.json():
            click.echo(piece, nl=False)
        click.echo()
    elif form == "table":
        for line in summary(log):
            click.echo(line)
    else:
        click.echo(csv_text(log.contents.train), nl=False)


def _echoes(log: ParsedLog, net_out: str | None, solver_out: str | None) -> dict[str, bytes]:
    """What the log echoes, by the file that it is to be written to."""
    nets = [net.echo for net in log.contents.nets if net.echo]
    files = {}
    for path, echoes, what in (
        (net_out, nets, "net"),
        (solver_out, log.contents.solvers, "solver"),
    ):
        if path and not echoes:
            raise CaffeToolsError(f"{log.contents.name!a} echoes no {what}")
        if path:
            files[path] = echoes[0].text.encode()
    return files


def _csv_files(log: ParsedLog, stem: str) -> dict[str, bytes]:
    files = {f"{stem}.train.csv": csv_text(log.contents.train).encode()}
    for net, curve in log.contents.tests.items():
        files[f"{stem}.test{net}.csv"] = csv_text(curve).encode()
    return files


def _write_events(log: ParsedLog, folder: str, force: bool) -> None:
    from caffetools.log.tensorboard import event_files

    is_empty = True
    for name, records in event_files(log.contents):
        path = os.path.join(folder, name)
        write_files({path: records}, force, os.path.dirname(path))
        is_empty = False
    if is_empty:
        raise CaffeToolsError(f"{log.contents.name!a} tells of no iteration")


def _check(log: ParsedLog, path: str) -> None:
    found = 0
    for net, comparison in log.check(path):
        click.echo(net_words(net))
        if comparison.memory_rule:
            click.echo(f"  memory counts {comparison.memory_rule}")
        for line in (*comparison.notes, *map(str, comparison.differences)):
            click.echo(printable(f"  {line}"))
        found += len(comparison.differences)
    if found:
        where = os.path.basename(log.contents.name)
        raise CaffeToolsError(f"found {found} differences between {where!a} and {path!a}")
    click.echo("no difference")
