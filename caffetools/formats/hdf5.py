"""HDF5 files with h5py: the shapes of data sets, and Caffe's snapshots read and written.

Layout of snapshots: net.cpp, ToHDF5; sgd_solver.cpp, SnapshotSolverStateToHDF5.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.blob import Blob
from caffetools.formats.caffemodel import NetTemplate, StoredLayer, Weights
from caffetools.formats.files import check_expansion
from caffetools.formats.solverstate import SolverState

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAGIC = b"\x89HDF\r\n\x1a\n"

DAMAGED = (OSError, RuntimeError, KeyError, ValueError, TypeError)
"""What h5py raises for a damaged file."""


@contextmanager
def opened_datasets(path: str, names: tuple[str, ...]) -> Iterator[list[Any]]:
    """Open the named data sets of a file, if Caffe would load them (util/hdf5.cpp).

    Raises CaffeToolsError for a data set that is missing, has no axis or is not numeric, one of
    DAMAGED for a file that is not HDF5, and ImportError without h5py.
    """
    import h5py

    with h5py.File(path, "r") as file:
        yield [_checked(file.get(name), name) for name in names]


def dataset_shapes(path: str, names: tuple[str, ...]) -> list[tuple[int, ...]]:
    """Return the shapes of the named data sets, checked as in `opened_datasets`.

    Raises CaffeToolsError for a file that is not HDF5, too.
    """
    try:
        with opened_datasets(path, names) as datasets:
            return [tuple(map(int, dataset.shape)) for dataset in datasets]
    except DAMAGED as error:
        raise CaffeToolsError(f"{path!a} cannot be read as HDF5: {error}") from None


def _checked(dataset: Any, name: str) -> Any:
    if not hasattr(dataset, "dtype"):
        raise CaffeToolsError(f"the HDF5 file has no dataset {name!a}")
    if dataset.dtype.kind not in "fiu":
        raise CaffeToolsError(f"the dataset {name!a} holds {dataset.dtype}, not numbers")
    if not dataset.shape:
        raise CaffeToolsError(f"the dataset {name!a} is a scalar, expected at least 1 axis")
    return dataset


def read_hdf5(path: str, buffer: memoryview) -> Weights:
    """Read a snapshot: /data/LAYER/INDEX, or /history/INDEX and the state of a solver.

    `buffer` is the mapped file. Raises CaffeToolsError, placed at the file, for one that is damaged
    or holds neither.
    """
    try:
        source = path if os.path.isfile(path) else io.BytesIO(buffer)
        with _h5py().File(source, "r") as file:
            sizes: list[int] = []
            file.visititems(lambda _, item: sizes.append(getattr(item, "nbytes", 0)))
            check_expansion(sum(sizes), len(buffer))
            data, history = _group(file, "data"), _group(file, "history")
            if data is not None:
                layers = tuple(_layers(data, buffer, "", set()))
                return Weights(path, "caffemodel", "", layers)
            if history is not None:
                state = _solver_state(file, _layer("", history, buffer))
                return Weights(
                    path, "solverstate", "", (StoredLayer("", "", tuple(state.history)),), state
                )
    except CaffeToolsError as error:
        raise error.at(Location(path)) from None
    except DAMAGED as error:
        text = f"the HDF5 file is damaged: {error}"
        raise CaffeToolsError(text, Location(path)) from None
    text = "this HDF5 file holds neither weights nor the state of a solver"
    raise CaffeToolsError(text, Location(path))


def hdf5_caffemodel(template: NetTemplate, blobs: Mapping[str, Sequence[Blob | None]]) -> bytes:
    """Encode a net's weights: /data/LAYER/INDEX, with a group for each layer without blobs, too.

    None is a blob that an earlier layer shares: it has no data set.
    """
    with _new_file() as (file, data):
        layers = file.create_group("data")
        for name in dict.fromkeys(name for name, _ in template.layers):
            _save(layers.require_group(name), blobs.get(name, ()))
    return data.getvalue()


def hdf5_solverstate(state: SolverState) -> bytes:
    """Encode a solver's state; the data sets of `plateau` are named as in the SSD fork."""
    import numpy as np

    with _new_file() as (file, data):
        integers = {"iter": state.iteration, "current_step": state.current_step}
        if state.plateau is not None:
            minimum_loss, integers["iter_last_event"] = state.plateau
            file.create_dataset("minimum_loss", data=np.array([minimum_loss], np.float32))
        for name, value in integers.items():
            file.create_dataset(name, data=np.array([value], np.int32))
        if state.learned_net is not None:
            _save_text(file, "learned_net", state.learned_net)
        _save(file.create_group("history"), state.history)
    return data.getvalue()


def hdf5_arrays(arrays: Mapping[str, NDArray[Any]], texts: Mapping[str, Sequence[str]]) -> bytes:
    """Encode arrays and lists of texts, a data set each; `/` in a name makes groups."""
    with _new_file() as (file, data):
        for name, array in arrays.items():
            file.create_dataset(name, data=array)
        for name, values in texts.items():
            encoded = [text.encode("utf-8", "surrogateescape") for text in values]
            file.create_dataset(name, data=encoded, dtype=_h5py().string_dtype())
    return data.getvalue()


def _h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise CaffeToolsError("HDF5 needs h5py: pip install h5py") from None
    return h5py


def _solver_state(file: Any, history: StoredLayer) -> SolverState:
    import numpy as np

    def scalar(name: str) -> Any:
        """The only element of a data set, None where that is missing."""
        dataset = _dataset(file, name)
        return None if dataset is None else np.ravel(dataset[()])[0]

    iteration, step, net = scalar("iter"), scalar("current_step"), scalar("learned_net")
    loss, event = scalar("minimum_loss"), scalar("iter_last_event")
    if iteration is None or step is None:
        missing = "iter" if iteration is None else "current_step"
        raise CaffeToolsError(f"the HDF5 file has no dataset {missing!a}")
    return SolverState(
        int(iteration),
        None if net is None else net.decode("utf-8", "surrogateescape"),
        history.blobs,
        int(step),
        None if loss is None or event is None else (float(loss), int(event)),
    )


def _layers(group: Any, buffer: memoryview, prefix: str, seen: set[int]) -> Iterator[StoredLayer]:
    """The layers of a group; a name with slashes is a path of groups.

    Each group is visited once, however many links lead to it.
    """
    h5o = _h5py().h5o
    seen.add(h5o.get_info(group.id).addr)
    for name in group:
        member = _group(group, name)
        if member is not None and h5o.get_info(member.id).addr not in seen:
            layer = _layer(prefix + name, member, buffer)
            if layer.blobs or not len(member):
                yield layer
            yield from _layers(member, buffer, f"{prefix}{name}/", seen)


def _layer(name: str, group: Any, buffer: memoryview) -> StoredLayer:
    """The data sets of a group that are named for their index."""
    indices = sorted(int(member) for member in group if member.isdecimal())
    found = {index: _dataset(group, str(index)) for index in indices}
    blobs = {
        index: Blob(dataset.shape, _values(dataset, buffer))
        for index, dataset in found.items()
        if dataset is not None
    }
    return StoredLayer(name, "", tuple(blobs.values()), indices=tuple(blobs))


def _values(dataset: Any, buffer: memoryview) -> NDArray[Any]:
    """The elements of a data set: a view of the file if it is stored in one piece."""
    import numpy as np

    if dataset.dtype.kind not in "fiu":
        raise ValueError(f"{dataset.name} holds no numbers")
    offset = dataset.id.get_offset()
    place = (dataset.size, dataset.dtype, buffer, offset)
    values: NDArray[Any] = np.ravel(dataset[()]) if offset is None else np.ndarray(*place)
    return values


def _member(group: Any, name: str, *, attribute: str) -> Any:
    """The member of a name, None if it lacks the attribute or a link leads to another file."""
    is_here = isinstance(group.get(name, getlink=True), _h5py().HardLink)
    member = group[name] if is_here else None
    return member if hasattr(member, attribute) else None


_group, _dataset = partial(_member, attribute="keys"), partial(_member, attribute="dtype")


@contextmanager
def _new_file() -> Iterator[tuple[Any, io.BytesIO]]:
    """A file in memory, and its bytes, which are complete once it is closed."""
    data = io.BytesIO()
    with _h5py().File(data, "w") as file:
        yield file, data


def _save(group: Any, blobs: Sequence[Blob | None]) -> None:
    for index, blob in enumerate(blobs):
        if blob is not None:
            group.create_dataset(str(index), data=blob.as_float32())


def _save_text(file: Any, name: str, text: str) -> None:
    """Save a string with a terminating zero: Caffe reads up to there."""
    import numpy as np

    h5py = _h5py()
    data = text.encode("utf-8", "surrogateescape") + b"\0"
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(len(data))
    kind.set_strpad(h5py.h5t.STR_NULLTERM)
    space = h5py.h5s.create(h5py.h5s.SCALAR)
    dataset = h5py.h5d.create(file.id, name.encode(), kind, space)
    dataset.write(space, space, np.array(data, f"S{len(data)}"))
