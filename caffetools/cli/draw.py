"""`caffetools draw`: draw a net."""

from __future__ import annotations

import os
import re
from typing import Any

import click

from caffetools.cli.console import report_notes
from caffetools.cli.options import choice, flag, force_option, net_options, output_option
from caffetools.drawing.dot import dot
from caffetools.drawing.graph_page import graph_scene
from caffetools.drawing.stages import all_stages_scene, stage_scene, stages
from caffetools.drawing.svg import render
from caffetools.net.loading import load
from caffetools.net.net import Net
from caffetools.writing import IMAGE_FORMATS, format_of, write_files


@click.command("draw")
@click.argument("net", metavar="NET")
@net_options
@output_option("FILE|DIR", "File to write: .svg, .png, .pdf or .dot; with --stages a folder.")
@flag("--stages", "by_stage", help="Draw one diagram for each layer with weights.")
@choice("File format for --stages.", "--form", of=IMAGE_FORMATS)
@flag("--no-fold", help="Draw each of several repeated blocks.")
@click.option(
    "--columns", type=click.IntRange(min=1), help="Number of columns, if the graph can be split."
)
@force_option
def command(net: str, output: str, by_stage: bool, **options: Any) -> None:
    """Draw a net: its graph, or the data flow of each stage.

    With --stages, each layer with weights gets one diagram that includes the activation,
    normalization, pooling and dropout after it. The folder also gets all of them on one page,
    all.svg.
    """
    form, no_fold, columns, force = (
        options.pop(name) for name in ("form", "no_fold", "columns", "force")
    )
    loaded = load(net, **options)
    report_notes(loaded.notes)
    if by_stage:
        write_files(_stage_files(loaded, output, form), force, output)
    else:
        write_files({output: _graph(loaded, output, no_fold, columns)}, force, inputs=[net])


def _graph(net: Net, path: str, no_fold: bool, columns: int | None) -> bytes:
    form = format_of(path, (*IMAGE_FORMATS, "dot"))
    if form == "dot":
        return dot(net).encode("utf-8")
    return render(graph_scene(net, fold=not no_fold, columns=columns), form)


def _stage_files(net: Net, folder: str, form: str) -> dict[str, bytes]:
    """Return one file for each stage, named by its number and name, and one with all of them."""
    found = stages(net)
    digits = len(str(len(found)))
    files = {}
    for stage in found:
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", stage.name)[:60].strip("_")
        path = os.path.join(folder, f"{stage.number:0{digits}}_{name}.{form}")
        files[path] = render(stage_scene(net, stage), form)
    files[os.path.join(folder, f"all.{form}")] = render(all_stages_scene(net), form)
    return files
