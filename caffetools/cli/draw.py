"""`caffetools draw`: draw a net."""

from __future__ import annotations

from typing import Any

import click

from caffetools.cli.console import report_notes
from caffetools.cli.options import (
    choice,
    flag,
    force_option,
    net_options,
    output_option,
)
from caffetools.drawing.pictures import figure_file, graph_file, stage_files
from caffetools.net.loading import load
from caffetools.writing import IMAGE_FORMATS, write_files


@click.command("draw")
@click.argument("net", metavar="NET")
@net_options
@output_option("FILE|DIR", "File to write: .svg, .png, .pdf or .dot; with --stages a folder.")
@flag("--stages", "by_stage", help="Draw one diagram for each layer with weights.")
@flag("--figure", help="Draw a chain as one row of volumes, as papers do.")
@choice("File format for --stages.", "--form", of=IMAGE_FORMATS)
@flag("--no-fold", help="Draw each of several repeated blocks.")
@flag("--namespaces", help="Draw the layers of each `name/` as one box.")
@click.option(
    "--columns", type=click.IntRange(min=1), help="Number of columns, if the graph can be split."
)
@force_option
def command(net: str, output: str, by_stage: bool, **options: Any) -> None:
    """Draw a net: its graph, or the data flow of each stage.

    With --stages, each layer with weights gets one diagram that includes the activation,
    normalization, pooling and dropout after it. The folder also gets all of them on one page,
    all.svg.

    With --figure, a net that is a chain, such as AlexNet or VGG, is drawn as one row of volumes
    with the kernels inside:

        caffetools draw deploy.prototxt --figure -o alexnet.pdf
    """
    form, no_fold, spaces, figure, columns, force = (
        options.pop(name)
        for name in ("form", "no_fold", "namespaces", "figure", "columns", "force")
    )
    if by_stage and figure:
        raise click.UsageError("expected --stages or --figure, found both")
    loaded = load(net, **options)
    report_notes(loaded.notes)
    if by_stage:
        write_files(stage_files(loaded, output, form, not no_fold), force, output)
    elif figure:
        write_files({output: figure_file(loaded, output)}, force, inputs=[net])
    else:
        write_files(
            {output: graph_file(loaded, output, not no_fold, columns, spaces)}, force, inputs=[net]
        )
