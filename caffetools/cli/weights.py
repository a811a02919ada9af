"""`caffetools weights`: what a file of numbers holds."""

from __future__ import annotations

import json
import os

import click

from caffetools.cli.options import plugin_option
from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.inventory import columns, named, rows, to_dict
from caffetools.formats.npz import npz
from caffetools.formats.safetensors import safetensors
from caffetools.formats.weights import read_weights
from caffetools.table import csv_table, text_table
from caffetools.writing import replace_file


@click.command("weights")
@click.argument("file", metavar="FILE")
@plugin_option
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json", "csv")),
    default="table",
    show_default=True,
)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="Write the blobs, by layer/index, to a .npz or a .safetensors file instead.",
)
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def command(file: str, form: str, output: str | None, force: bool) -> None:
    """Show what FILE holds: layers, shapes, statistics.

    FILE is a .caffemodel, a .binaryproto or a .solverstate, as protobuf or as HDF5.
    """
    weights = read_weights(file)
    if output is not None:
        if os.path.lexists(output) and not force:
            raise CaffeToolsError("this is there already; --force overwrites it", Location(output))
        form = output.rpartition(".")[2]
        writers = {"npz": npz, "safetensors": safetensors}
        if form not in writers:
            raise click.UsageError("expected a file that ends in .npz or .safetensors as OUT")
        replace_file(output, writers[form](named(weights)))
        return
    found = list(rows(weights))
    if form == "json":
        click.echo(json.dumps(to_dict(weights, found)))
    elif form == "csv":
        click.echo(csv_table(columns(found), found), nl=False)
    else:
        for line in text_table(columns(found), found):
            click.echo(line)
