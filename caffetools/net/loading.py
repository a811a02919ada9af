"""Load a net from a file or text, and infer it."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from caffetools.errors import Note
from caffetools.layers.base import Options
from caffetools.layers.blobs import Shape, count
from caffetools.layers.registry import REGISTRY, Registry
from caffetools.net.graph import State, build
from caffetools.net.infer import Inferred, infer
from caffetools.net.net import Net
from caffetools.net.reading import read_net
from caffetools.proto import prototxt
from caffetools.proto.message import Message
from caffetools.proto.source import BinarySource, Source
from caffetools.proto.upgrade import upgrade


def infer_net(
    net: Message,
    state: State,
    options: Options,
    notes: Sequence[Note] = (),
    registry: Registry = REGISTRY,
) -> Net:
    """Infer an upgraded net; the shapes of data layers that a log prints apply to its nets.

    Raises CaffeToolsError, placed, for what Caffe refuses.
    """
    inferred = infer(build(net, state, registry), options)
    printed = _printed_shapes(net.source)
    if printed:
        given = {**_as_printed(inferred, printed), **options.input_shapes}
        inferred = infer(inferred.graph, replace(options, input_shapes=given))
    return Net(inferred, (*notes, *inferred.notes), options)


def _printed_shapes(source: Source) -> dict[str, Shape]:
    """Return the shapes that a log prints of the tops of data layers; none for other sources."""
    if type(source) in {Source, BinarySource}:
        return {}
    from caffetools.log.extract import EchoSource

    return source.shapes if isinstance(source, EchoSource) else {}


def _as_printed(net: Inferred, printed: Mapping[str, Shape]) -> dict[str, Shape]:
    """Return the logged tops of data layers, without the axes of one that Caffe once added."""
    blobs = net.graph.blobs
    found: dict[str, Shape] = {}
    for layer in net.layers:
        if layer.node.bottoms or layer.params:
            continue
        for blob, shape in zip(layer.node.tops, layer.tops, strict=True):
            logged = printed.get(blobs[blob].name)
            if logged is not None:
                is_same = shape is not None and count(shape) == count(logged)
                found[blobs[blob].name] = shape if shape and is_same else logged
    return found


def load(  # noqa: PLR0917  # the order of these is part of the interface
    path: str | os.PathLike[str],
    phase: str = "train",
    stages: Sequence[str] = (),
    level: int = 0,
    input_shapes: Mapping[str, Shape] | Iterable[tuple[str, Shape]] | None = None,
    data_shape: Shape | None = None,
    batch_size: int | None = None,
) -> Net:
    """Load a net and infer its shapes, parameters and costs.

    Parameters
    ----------
    path : path
        A prototxt of any age, a solver, a .caffemodel, a log that echoes its net, or "-" for
        standard input. Of a solver it is the train net, or for the phase test the first test net,
        in the state that the solver gives it.
    phase : {"train", "test"}
        Phase of the net.
    stages : sequence of str
        Stages in addition to those of the net and its solver.
    level : int
        Level of the net; 0 for that of its solver.
    input_shapes : mapping or pairs of str and shape, optional
        Override the shapes of tops of input and data layers.
    data_shape : tuple of int, optional
        Shape (C, H, W) of one item of a data layer, if nothing else gives it.
    batch_size : int, optional
        Override the batch size N of inputs and data layers.

    Returns
    -------
    Net

    Raises
    ------
    CaffeToolsError
        For a mistake in the file, with its location, and for what Caffe refuses.
    ValueError
        For an unknown phase.

    Examples
    --------
    >>> import caffetools
    >>> shapes = {"data": (1, 1, 28, 28)}
    >>> net = caffetools.load("examples/lenet/deploy.prototxt", input_shapes=shapes)
    >>> net.cost.macs
    2293000
    """
    with _collector_paused():
        loaded = read_net(path, _phase(phase))
        own = loaded.state
        state = State(own.phase, (*own.stages, *stages), level or own.level)
        folder = os.path.dirname(loaded.message.source.name) or "."
        options = Options(dict(input_shapes or {}), data_shape, batch_size, folder)
        return infer_net(loaded.message, state, options, loaded.notes)


def from_text(text: str, name: str = "<text>", phase: str = "train", **options: Any) -> Net:
    """Infer the net in the text of a prototxt.

    Parameters
    ----------
    text : str
        The prototxt of a net, of any age.
    name : str
        File name in locations.
    phase : {"train", "test"}
        Phase of the net.
    **options
        `input_shapes` (a dict), `data_shape` and `batch_size` as in `load`, and `folder`, to which
        the paths in the net are relative.

    Returns
    -------
    Net

    Raises
    ------
    CaffeToolsError, ValueError
        As `load`.

    Examples
    --------
    >>> import caffetools
    >>> net = caffetools.from_text('''
    ...     layer { name: "data" type: "Input" top: "data"
    ...       input_param { shape { dim: 1 dim: 3 dim: 224 dim: 224 } } }
    ...     layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
    ...       convolution_param { num_output: 64 kernel_size: 7 stride: 2 pad: 3 } }
    ... ''')
    >>> net.layers[1].tops
    ((1, 64, 112, 112),)
    """
    with _collector_paused():
        message, notes = upgrade(prototxt.parse(Source(name, text)))
        state = State(_phase(phase), tuple(message.message("state").texts("stage")))
        return infer_net(message, state, Options(**options), notes)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the garbage collector, which walks the growing trees of a net again and again.

    They have no cycles: without it, a net of 100,000 layers takes two thirds of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _phase(name: str) -> str:
    phase = name.upper()
    if phase not in {"TRAIN", "TEST"}:
        raise ValueError(f"expected the phase train or test, found {name!r}")
    return phase
