"""What the data layers of a net give, batch after batch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import load
from caffetools.net.net import Net
from caffetools.torch.solver.data_layers import check_sources, origins_of, sources_of
from caffetools.torch.training.data.batches import Reading
from caffetools.torch.training.data.draws import Draws
from caffetools.torch.training.data.reader import Reader
from caffetools.torch.training.project import Origin


def batches(
    net: str | os.PathLike[str] | Net,
    phase: str = "train",
    *,
    seed: int = 0,
    workers: int = 0,
    **options: Any,
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Read what the data layers of a net give, batch after batch, for ever, in Caffe's order.

    Parameters
    ----------
    net : path or Net
        A net; of a solver, the net that it trains or tests. Sources are resolved from the working
        directory, as Caffe does, then from the folder of the prototxt.
    phase : {"train", "test"}
        Phase of a net that is given by its path, with the other `options` of `caffetools.load`.
    seed : int
        Of the random numbers: crops, mirroring, the patches and distortions of SSD.
    workers : int
        Processes that read ahead of each layer; 0 for none.

    Yields
    ------
    dict of str to ndarray
        The values of each top, float32, `(N, C, H, W)` for images.

    Raises
    ------
    CaffeToolsError
        Located, for a net without data layers and for data that is missing or damaged.

    Examples
    --------
    >>> import caffetools
    >>> batch = next(caffetools.batches("train_val.prototxt"))  # doctest: +SKIP
    >>> {top: values.shape for top, values in batch.items()}  # doctest: +SKIP
    {'data': (64, 1, 28, 28), 'label': (64,)}
    """
    loaded = net if isinstance(net, Net) else load(net, phase, **options)
    return batches_of(readers_of(loaded, seed, workers))


def readers_of(net: Net, seed: int, workers: int) -> list[tuple[Reader, Origin]]:
    """Return the reader of each data layer, and the function that locates its errors.

    Raises CaffeToolsError, located, for a net without data layers and for a missing source.
    """
    check_sources(net)
    path = net.inferred.graph.message.source.name
    sources, origins = sources_of(net), origins_of(net)
    if not sources:
        raise net.inferred.graph.message.error("the net has no data layer", kind=CaffeToolsError)
    readers = []
    for index, source in enumerate(sources):
        reading = Reading(
            Draws(seed, index).below(2**62),
            train=net.state.phase == "TRAIN",
            folder=os.path.dirname(path) or ".",
            strict=True,
            workers=workers,
        )
        readers.append(Reader(source, reading))
    return list(zip(readers, origins, strict=True))


def batches_of(readers: list[tuple[Reader, Origin]]) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Yield the batches of readers, for ever; errors are located."""
    while True:
        batch: dict[str, NDArray[np.float32]] = {}
        for reader, located in readers:
            try:
                tensors = reader.next().tensors
            except CaffeToolsError as error:
                raise located(error) from None
            batch.update({top: values.numpy() for top, values in tensors.items()})
        yield batch
