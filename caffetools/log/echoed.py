"""The net or the solver that a log echoes, as a text for those who read nets."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from math import prod

from caffetools.errors import CaffeToolsError, Location
from caffetools.layers.base import Shape
from caffetools.log.contents import LogContents
from caffetools.log.echo import Echo
from caffetools.log.echo_source import EchoSource
from caffetools.log.net import LoggedNet
from caffetools.log.parse import read_log
from caffetools.proto.source import shown_name


def echoed_net(path: str | os.PathLike[str], content: memoryview, phase: str) -> EchoSource:
    """The first net of this phase that a log echoes; `-` is for what stands in `content`.

    Raises CaffeToolsError, placed, for a log that echoes none.
    """
    contents = _contents(path, content)
    nets = [net for net in contents.nets if net.echo]
    fitting = [net for net in nets if net.phase in {phase, None}]
    if not fitting:
        found = f"one for {nets[0].phase}, at line {nets[0].line}" if nets else "none"
        text = f"this is a log: expected a net for {phase} that it echoes, found {found}"
        raise CaffeToolsError(text, Location(shown_name(path)))
    first = fitting[0]
    assert first.echo
    others = {net.echo.text for net in fitting if net.echo}
    return _source(path, first.echo, others, dict(_source_shapes(first)))


def echoed_solver(path: str | os.PathLike[str], content: memoryview) -> EchoSource:
    """The first solver that a log echoes likewise."""
    contents = _contents(path, content)
    if not contents.solvers:
        text = "this is a log: expected a solver that it echoes, found none"
        raise CaffeToolsError(text, Location(shown_name(path)))
    others = {echo.text for echo in contents.solvers}
    return _source(path, contents.solvers[0], others, {})


def _source(
    path: str | os.PathLike[str], echo: Echo, all_: set[str], shapes: dict[str, Shape]
) -> EchoSource:
    others = len(all_ - {echo.text})
    return EchoSource(shown_name(path), echo.text, echo.first_line, echo.cut, others, shapes)


def _contents(path: str | os.PathLike[str], content: memoryview) -> LogContents:
    if os.fspath(path) != "-":
        return read_log(path)
    read = io.BytesIO(content)
    read.name = shown_name(path)
    return read_log(read)


def _source_shapes(net: LoggedNet) -> Iterator[tuple[str, Shape]]:
    for layer in net.layers:
        for top in layer.tops if not layer.bottoms else ():
            if top.name is not None and top.shape is not None:
                items = prod(top.shape)
                # Before March 2014 the batch was counted, but not printed.
                is_item = items and top.elements not in {None, items}
                batch = ((top.elements or 0) // items,) if is_item else ()
                yield top.name, (*batch, *top.shape)
