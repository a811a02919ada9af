"""The files of a drawn net, by their paths."""

from __future__ import annotations

import os
import re

from caffetools.drawing.dot import dot
from caffetools.drawing.figure import figure_scene
from caffetools.drawing.graph_page import graph_scene
from caffetools.drawing.stages import all_stages_scene, stage_scene, stages
from caffetools.drawing.svg import render
from caffetools.net.net import Net
from caffetools.writing import IMAGE_FORMATS, format_of


def graph_file(
    net: Net, path: str, fold: bool = True, columns: int | None = None, spaces: bool = False
) -> bytes:
    """Return the drawn graph, in the format of the extension of `path`."""
    form = format_of(path, (*IMAGE_FORMATS, "dot"))
    if form == "dot":
        return dot(net).encode("utf-8")
    return render(graph_scene(net, fold, columns, spaces), form)


def figure_file(net: Net, path: str) -> bytes:
    """Return the net as one row of volumes, in the format of the extension of `path`."""
    return render(figure_scene(net), format_of(path))


def stage_files(net: Net, folder: str, form: str, fold: bool = True) -> dict[str, bytes]:
    """Return one file for each stage, named by its number and name, and one with all of them.

    With `fold`, that one has the stages of repeated blocks once.
    """
    found = stages(net)
    digits = len(str(len(found)))
    files = {}
    for stage in found:
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", stage.name)[:60].strip("_")
        path = os.path.join(folder, f"{stage.number:0{digits}}_{name}.{form}")
        files[path] = render(stage_scene(net, stage), form)
    files[os.path.join(folder, f"all.{form}")] = render(all_stages_scene(net, fold), form)
    return files
