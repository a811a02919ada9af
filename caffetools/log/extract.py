"""Extract the net or solver that a log echoes, as input of the commands that expect a prototxt."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING

from caffetools.errors import CaffeToolsError, Location
from caffetools.layers.blobs import Shape
from caffetools.proto.source import Source, shown_name

if TYPE_CHECKING:
    from caffetools.log.collector import LogContents
    from caffetools.log.echo_reader import Echo
    from caffetools.log.logged_net import LoggedNet


class EchoSource(Source):
    """The prototxt that a log echoes, with the log's line numbers."""

    __slots__ = ("cut", "others", "shapes")

    def __init__(self, name: str, echo: Echo, others: int, shapes: dict[str, Shape]) -> None:
        super().__init__(name, echo.text, echo.first_line)
        self.cut = echo.cut
        """Whether the text is truncated: glog cuts a message at 30,000 bytes."""
        self.others = others
        """Number of different nets or solvers that the log echoes, this one not counted."""
        self.shapes = shapes
        """Logged top shapes of the layers without bottoms, by top."""


def extract_net(path: str | os.PathLike[str], content: memoryview, phase: str) -> EchoSource:
    """Return the first net of a phase that a log echoes; for path `-` the log is `content`.

    Raises CaffeToolsError if the log echoes none.
    """
    nets = [net for net in _read(path, content).nets if net.echo]
    fitting = [net for net in nets if net.phase in {phase, None}]
    if not fitting:
        found = f"one for {nets[0].phase}, at line {nets[0].line}" if nets else "none"
        text = f"this is a log: expected an echoed {phase} net, found {found}"
        raise CaffeToolsError(text, Location(shown_name(path)))
    echoes = [net.echo for net in fitting if net.echo]
    return _source(path, echoes, dict(_source_shapes(fitting[0])))


def extract_solver(path: str | os.PathLike[str], content: memoryview) -> EchoSource:
    """Return the first solver that a log echoes; for path `-` the log is `content`."""
    contents = _read(path, content)
    if not contents.solvers:
        text = "this is a log: expected an echoed solver, found none"
        raise CaffeToolsError(text, Location(shown_name(path)))
    return _source(path, contents.solvers, {})


def _read(path: str | os.PathLike[str], content: memoryview) -> LogContents:
    # Few nets come from logs, and the readers of logs are slow to import.
    from caffetools.log.parser import read_log

    if os.fspath(path) != "-":
        return read_log(path)
    file = io.BytesIO(content)
    file.name = shown_name(path)
    return read_log(file)


def _source(
    path: str | os.PathLike[str], echoes: Sequence[Echo], shapes: dict[str, Shape]
) -> EchoSource:
    others = len({echo.text for echo in echoes}) - 1
    return EchoSource(shown_name(path), echoes[0], others, shapes)


def _source_shapes(net: LoggedNet) -> Iterator[tuple[str, Shape]]:
    for layer in net.layers:
        for top in layer.tops if not layer.bottoms else ():
            if top.name is not None and top.shape is not None:
                items = prod(top.shape)
                # Before March 2014 Caffe counted the batch, but did not print it.
                is_item = items and top.elements not in {None, items}
                batch = ((top.elements or 0) // items,) if is_item else ()
                yield top.name, (*batch, *top.shape)
