"""`caffetools weights`: the contents of a weights file."""

from __future__ import annotations

import json

import click

from caffetools.cli.console import table_lines
from caffetools.cli.options import (
    force_option,
    format_option,
    output_option,
    plugin_option,
)
from caffetools.formats.inventory import columns, named, rows, to_dict
from caffetools.formats.npz import npz
from caffetools.formats.safetensors import safetensors
from caffetools.formats.weights import read_weights
from caffetools.table import csv_table
from caffetools.writing import check_absent, replace_file


@click.command("weights")
@click.argument("file", metavar="FILE")
@plugin_option
@format_option("table", "json", "csv")
@output_option(
    "OUT", "Write the blobs to a .npz or .safetensors file instead, as layer/index.", required=False
)
@force_option
def command(file: str, form: str, output: str | None, force: bool) -> None:
    """Print the layers, shapes and statistics of a weights file.

    FILE is a .caffemodel, .binaryproto or .solverstate, in protobuf or HDF5.
    """
    weights = read_weights(file)
    if output is not None:
        check_absent([output], force, [file])
        form = output.rpartition(".")[2]
        writers = {"npz": npz, "safetensors": safetensors}
        if form not in writers:
            raise click.UsageError("-o expected a .npz or .safetensors file")
        replace_file(output, writers[form](named(weights)))
        return
    found = list(rows(weights))
    if form == "json":
        click.echo(json.dumps(to_dict(weights, found)))
    elif form == "csv":
        click.echo(csv_table(columns(found), found), nl=False)
    else:
        for line in table_lines(columns(found), found):
            click.echo(line)
