"""HDF5 files of numbers: Caffe's `snapshot_format: HDF5` (net.cpp, ToHDF5; sgd_solver.cpp).

Imports h5py, which only users of such files need.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import h5py

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.stored import StoredBlob, StoredLayer, Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray


def parse(path: str, buffer: memoryview) -> Weights:
    """What an HDF5 file holds: /data/<layer>/<i>, or /history/<i> and the numbers beside it.

    `buffer` is the mapped file. Raises CaffeToolsError, placed at the file, for one that is damaged
    or holds neither.
    """
    source = path if os.path.isfile(path) else io.BytesIO(buffer)
    try:
        with h5py.File(source, "r") as file:
            data, history = _group(file, "data"), _group(file, "history")
            if data is not None:
                layers = tuple(_layers(data, buffer, "", set()))
                return Weights(path, "caffemodel", "", layers)
            if history is not None:
                return _solverstate(file, history, buffer, path)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        text = f"the HDF5 file is damaged: {error}"
        raise CaffeToolsError(text, Location(path)) from None
    text = "this HDF5 file holds neither weights nor the state of a solver"
    raise CaffeToolsError(text, Location(path))


def _solverstate(file: h5py.File, history: h5py.Group, buffer: memoryview, path: str) -> Weights:
    net = _dataset(file, "learned_net")
    iteration, step = _dataset(file, "iter"), _dataset(file, "current_step")
    return Weights(
        path,
        "solverstate",
        "",
        (StoredLayer("", "", _blobs(history, buffer)),),
        _integer(iteration),
        _integer(step),
        None if net is None else net.asstr()[()],
    )


def _integer(dataset: h5py.Dataset | None) -> int:
    """The number in a data set, which Caffe makes with one axis of one; 0 without a data set."""
    return 0 if dataset is None else int(dataset[()].reshape(-1)[0])


def _layers(
    group: h5py.Group, buffer: memoryview, prefix: str, seen: set[int]
) -> Iterator[StoredLayer]:
    """The layers of a group; one whose name has slashes stands in groups within groups.

    Each group is visited once, however many links lead to it.
    """
    seen.add(h5py.h5o.get_info(group.id).addr)
    for name in group:
        member = _group(group, name)
        if member is not None and h5py.h5o.get_info(member.id).addr not in seen:
            blobs = _blobs(member, buffer)
            if blobs or not len(member):
                yield StoredLayer(prefix + name, "", blobs)
            yield from _layers(member, buffer, f"{prefix}{name}/", seen)


def _blobs(group: h5py.Group, buffer: memoryview) -> tuple[StoredBlob, ...]:
    """The data sets named 0, 1, ... of a group."""
    blobs: list[StoredBlob] = []
    while (member := _dataset(group, str(len(blobs)))) is not None:
        blobs.append(StoredBlob(member.shape, _values(member, buffer)))
    return tuple(blobs)


def _values(dataset: h5py.Dataset, buffer: memoryview) -> NDArray[Any]:
    """The numbers of a data set: a view of the file where they lie in one piece."""
    import numpy as np

    if dataset.dtype.kind not in "fiu":
        raise ValueError(f"{dataset.name} holds no numbers")
    offset = dataset.id.get_offset()
    row: NDArray[Any] = (
        np.asarray(dataset[()]).reshape(-1)
        if offset is None
        else np.ndarray(dataset.size, dataset.dtype, buffer, offset)
    )
    return row


def _group(group: h5py.Group, name: str) -> h5py.Group | None:
    member = _member(group, name)
    return member if isinstance(member, h5py.Group) else None


def _dataset(group: h5py.Group, name: str) -> h5py.Dataset | None:
    member = _member(group, name)
    return member if isinstance(member, h5py.Dataset) else None


def _member(group: h5py.Group, name: str) -> Any:
    """What stands under a name in this very file: a link to elsewhere counts as nothing."""
    link = group.get(name, getlink=True)
    return group[name] if isinstance(link, h5py.HardLink) else None
