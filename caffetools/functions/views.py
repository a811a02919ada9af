"""Functions that show nets and logs: `draw`, `plot`, `report`.

Outputs are written whole or not at all, and replace existing ones only with `force`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal

from caffetools.errors import Note
from caffetools.functions.nets import Path, input_paths, loaded_net
from caffetools.net.net import Net
from caffetools.writing import format_of, write_files


def draw(  # noqa: PLR0913  # as the command
    net: Path | Net,
    path: Path,
    *,
    stages: bool = False,
    form: str = "svg",
    fold: bool = True,
    columns: int | None = None,
    namespaces: bool = False,
    figure: bool = False,
    force: bool = False,
    **options: Any,
) -> None:
    """Draw the graph of a net, or the data flow of each stage.

    Parameters
    ----------
    net : path or Net
        The net.
    path : path
        File to write: .svg, .png, .pdf or .dot; with `stages` a folder.
    stages : bool
        Draw one diagram for each layer with weights, in files of format `form`.
    fold : bool
        Draw repeated blocks once.
    columns : int, optional
        Number of columns, if the graph can be split.
    namespaces : bool
        Draw the layers whose names begin with the same `name/` as one box.
    figure : bool
        Draw a net that is a chain as one row of volumes.
    force : bool
        Overwrite existing files.
    **options
        Of `caffetools.load`.

    Examples
    --------
    >>> import caffetools, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     caffetools.draw("examples/lenet/deploy.prototxt", f"{folder}/lenet.svg")
    ...     os.listdir(folder)
    ['lenet.svg']
    """
    from caffetools.drawing.pictures import figure_file, graph_file, stage_files

    loaded, name = loaded_net(net, options), os.fspath(path)
    if stages:
        write_files(stage_files(loaded, name, form, fold), force, name)
    elif figure:
        write_files({name: figure_file(loaded, name)}, force, inputs=input_paths(net))
    else:
        write_files(
            {name: graph_file(loaded, name, fold, columns, namespaces)},
            force,
            inputs=input_paths(net),
        )


def plot(  # noqa: PLR0913  # as the command
    logs: Path | Sequence[Path],
    path: Path,
    *,
    names: Sequence[str] = (),
    x: Literal["iteration", "epoch", "time"] = "iteration",
    only: Sequence[str] = (),
    rate: bool = True,
    events: bool = True,
    year: int | None = None,
    force: bool = False,
    progress: Callable[[str], Callable[[int], None] | None] | None = None,
    **look: Any,
) -> None:
    r"""Plot the curves of training logs as one figure.

    Parameters
    ----------
    logs : path or sequence of paths
        Training logs.
    path : path
        File to write: .svg, .png or .pdf.
    names : sequence of str
        What the logs are called, in their order.
    x : {"iteration", "epoch", "time"}
        What the curves go over.
    only : sequence of str
        Outputs to draw, also "loss" (the displayed loss) and "lr"; all by default.
    rate, events : bool
        Draw the learning rate, and snapshots, restarts and errors.
    year : int, optional
        Year of the first line.
    force : bool
        Overwrite an existing file.
    progress : callable, optional
        Returns for the path of a log what gets the bytes read of it so far.
    **look
        `smooth` (int), `log_x`, `log_y` (bool) and `title` (str), as `caffetools plot` has them.

    Examples
    --------
    >>> import caffetools, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open(f"{folder}/train.log", "w") as file:
    ...         for i in range(3):
    ...             text = f"solver.cpp:228] Iteration {i}, loss = {3 - i}"
    ...             _ = file.write(f"I0721 10:38:1{i}.326920  4692 {text}\n")
    ...     caffetools.plot(f"{folder}/train.log", f"{folder}/loss.svg")
    ...     sorted(os.listdir(folder))
    ['loss.svg', 'train.log']
    """
    from caffetools.figures.panels import Selection
    from caffetools.log.parser import read_log

    name = os.fspath(path)
    form = format_of(name)
    paths = input_paths(logs) or input_paths(*logs)  # type: ignore[misc]  # one path, or several
    if len(names) > len(paths):
        raise ValueError(f"found {len(names)} names for {len(paths)} logs")
    found = [read_log(log, year, progress(log) if progress else None) for log in paths]
    # matplotlib is slow to load: a mistake in a log is reported before.
    from caffetools.figures.plot import Drawing
    from caffetools.figures.plot import plot as picture

    selection = Selection(x, tuple(only), rate)
    data = picture(found, form, tuple(names), selection, Drawing(events=events, **look))
    write_files({name: data}, force, inputs=paths)


def report(
    net: Path | Net,
    path: Path,
    logs: Sequence[Path] = (),
    weights: Path | None = None,
    *,
    force: bool = False,
    **options: Any,
) -> list[Note]:
    """Write a web page about a net, its training and weights; it loads nothing else.

    Parameters
    ----------
    net : path or Net
        The net; logs that print one are compared with the net of a path.
    path : path
        HTML file to write.
    logs : sequence of paths
        Training logs.
    weights : path, optional
        A .caffemodel or .caffemodel.h5.
    force : bool
        Overwrite an existing file.
    **options
        Of `caffetools.load`.

    Returns
    -------
    list of Note
        What was assumed of the net.

    Examples
    --------
    >>> import caffetools, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     notes = caffetools.report("examples/lenet/deploy.prototxt", f"{folder}/lenet.html")
    ...     os.listdir(folder)
    ['lenet.html']
    """
    from caffetools.check.parsed_log import parse_log
    from caffetools.formats.weights import read_weights as stored
    from caffetools.pages.log_section import CheckedLog
    from caffetools.pages.page import page

    name = "the net" if isinstance(net, Net) else os.fspath(net)
    checked = []
    loaded = loaded_net(net, options)
    for log in map(parse_log, logs):
        compares = name not in {"-", "the net"} and any(each.layers for each in log.contents.nets)
        checked.append(CheckedLog(log, tuple(log.check(name)) if compares else ()))
    made = page(loaded, name, checked, None if weights is None else stored(weights))
    inputs = input_paths(net, weights, *logs)
    write_files({os.fspath(path): made.encode("utf-8")}, force, inputs=inputs)
    return list(loaded.notes)
