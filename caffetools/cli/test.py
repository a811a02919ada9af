"""`caffetools test`: `caffe test` on PyTorch."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from caffetools.cli.console import report_notes, table_lines
from caffetools.cli.devices import device_of, label_names, require_torch, verb_options
from caffetools.cli.options import data_options, force_option, format_option, plugin_option
from caffetools.errors import CaffeToolsError
from caffetools.net.loading import load
from caffetools.table import csv_table, record_columns
from caffetools.writing import check_absent, format_of, replace_file


@click.command("test")
@verb_options
@click.option("--weights", metavar="FILE[,FILE]", required=True, help="Weights to test.")
@click.option(
    "--iterations", type=click.IntRange(min=1), default=50, metavar="N", help="Batches to test."
)
@click.option("--confusion", metavar="FILE", help="Write the confusion matrix: csv, png, svg, pdf.")
@click.option("--labels", metavar="FILE", help="Names of the classes, one a line.")
@format_option("table", "json", "csv")
@force_option
@data_options
@plugin_option
def command(
    model: str, weights: str, gpu: str | None, confusion: str | None, form: str, **options: Any
) -> None:
    """Test a net on its data, as `caffe test` does.

    The log goes to standard error, in Caffe's format. Standard output gets the means of the net's
    outputs, the accuracy of each class and the items whose class scores furthest below the best,
    where the net compares scores with labels, and average precisions where it has a
    DetectionEvaluate.
    """
    form_of_picture = confusion and format_of(confusion, ("csv", "png", "svg", "pdf"))
    check_absent([confusion] if confusion else [], options.pop("force"))
    iterations, labels = options.pop("iterations"), options.pop("labels")
    names = label_names(labels)
    net = load(model, "test", **options)
    require_torch("a test")
    from caffetools.torch.training.glog_writer import GlogWriter
    from caffetools.torch.verbs.scoring import score

    report_notes(net.notes)
    log = GlogWriter(sys.stderr)
    device = device_of(gpu, log, "caffe.cpp:267", "caffe.cpp:275")
    found = score(net, [name.strip() for name in weights.split(",")], iterations, device, log)
    tables = found.tables(names)
    if form == "json":
        data = {
            name: getattr(found, name) for name in ("iterations", "loss", "outputs", "confusion")
        }
        click.echo(json.dumps({**data, **tables}))
    elif form == "csv":
        click.echo(csv_table(record_columns(tables["means"]), tables["means"]), nl=False)
    else:
        for rows in filter(None, tables.values()):
            for line in table_lines(record_columns(rows), rows):
                click.echo(line)
    if confusion and form_of_picture:
        if found.confusion is None:
            raise CaffeToolsError("the net compares no scores with labels: no confusion matrix")
        shown = [str(row["class"]) for row in tables["classes"]]
        replace_file(confusion, _picture(found.confusion, shown, form_of_picture))


def _picture(matrix: list[list[int]], names: list[str], form: str) -> bytes:
    if form == "csv":
        keys = ("label", *names)
        rows = [
            dict(zip(keys, (name, *row), strict=True))
            for name, row in zip(names, matrix, strict=True)
        ]
        return csv_table(record_columns(rows), rows).encode()
    from caffetools.figures.confusion import draw_confusion

    return draw_confusion(matrix, names, form)
