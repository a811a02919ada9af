"""Caffe's snapshots as HDF5 (net.cpp, ToHDF5; sgd_solver.cpp), written and read with h5py."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.formats.snapshot import Blob, NetTemplate, Pieces, SolverState


def caffemodel(template: NetTemplate, blobs: Mapping[str, Sequence[Blob | None]]) -> Pieces:
    """A net's weights: /data/<layer>/<i>, a group for layers without blobs, too.

    None stands for a blob that an earlier layer shares: there is no data set for it.
    """
    with _new_file() as (file, data):
        layers = file.create_group("data")
        for name in dict.fromkeys(name for name, _ in template.layers):
            _save(layers.require_group(name), blobs.get(name, ()))
    return [data.getvalue()]


def solverstate(state: SolverState) -> Pieces:
    """A solver's state; the names of what `plateau` remembers are the SSD fork's."""
    with _new_file() as (file, data):
        numbers = {"iter": state.iteration, "current_step": state.current_step}
        for name, value in numbers.items():
            file.create_dataset(name, data=np.array([value], np.int32))
        if state.learned_net is not None:
            _save_text(file, "learned_net", state.learned_net)
        if state.plateau is not None:
            minimum_loss, last_event = state.plateau
            file.create_dataset("iter_last_event", data=np.array([last_event], np.int32))
            file.create_dataset("minimum_loss", data=np.array([minimum_loss], np.float32))
        _save(file.create_group("history"), state.history)
    return [data.getvalue()]


def read_caffemodel(path: str) -> dict[str, list[Blob | None]]:
    """The blobs of each layer, None where there is no data set before one that is there.

    Raises CaffeToolsError for a file that holds none.
    """
    with _open(path) as file:
        found: dict[str, list[Blob | None]] = {}

        def visit(name: str, member: Any) -> None:
            blobs = _load(member) if hasattr(member, "keys") else []
            if blobs:
                found[name] = blobs

        _member(file, "data").visititems(visit)
        return found


def read_solverstate(path: str) -> SolverState:
    """What the file of a solver holds. Raises CaffeToolsError for a file that is none."""
    with _open(path) as file:
        net, loss, event = map(file.get, ("learned_net", "minimum_loss", "iter_last_event"))
        text = None if net is None else net[()].decode("utf-8", "surrogateescape")
        return SolverState(
            int(np.ravel(_member(file, "iter")[()])[0]),
            text,
            [blob for blob in _load(_member(file, "history")) if blob is not None],
            int(np.ravel(_member(file, "current_step")[()])[0]),
            None if loss is None or event is None else (float(loss[0]), int(event[0])),
        )


@contextmanager
def _new_file() -> Iterator[tuple[Any, io.BytesIO]]:
    """A file in memory, and its bytes, which are whole once it is closed."""
    data = io.BytesIO()
    with _h5py().File(data, "w") as file:
        yield file, data


@contextmanager
def _open(path: str) -> Iterator[Any]:
    """A file to read; what h5py makes of a damaged one becomes a CaffeToolsError."""
    try:
        with _h5py().File(path, "r") as file:
            yield file
    except FileNotFoundError:
        raise
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise CaffeToolsError(f"cannot be read as HDF5: {error}") from None


def _h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise CaffeToolsError("HDF5 needs h5py: pip install h5py") from None
    return h5py


def _member(file: Any, name: str) -> Any:
    if name not in file:
        raise CaffeToolsError(f"the HDF5 file has no {name!a}")
    return file[name]


def _save(group: Any, blobs: Sequence[Blob | None]) -> None:
    for index, blob in enumerate(blobs):
        if blob is None:
            continue
        values = np.asarray(blob.values, np.float32).reshape(blob.shape)
        group.create_dataset(str(index), data=values)


def _save_text(file: Any, name: str, text: str) -> None:
    """A string that ends with a zero: Caffe reads up to there."""
    h5py = _h5py()
    data = text.encode("utf-8", "surrogateescape") + b"\0"
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(len(data))
    kind.set_strpad(h5py.h5t.STR_NULLTERM)
    space = h5py.h5s.create(h5py.h5s.SCALAR)
    dataset = h5py.h5d.create(file.id, name.encode(), kind, space)
    dataset.write(space, space, np.array(data, f"S{len(data)}"))


def _load(group: Any) -> list[Blob | None]:
    """The data sets that are named for their places."""
    found = {
        int(name): Blob(tuple(each.shape), np.ravel(each[()]).astype(np.float32))
        for name, each in group.items()
        if name.isdecimal() and hasattr(each, "shape")
    }
    return [found.get(place) for place in range(max(found, default=-1) + 1)]
