"""The datasets of an HDF5 file, read with h5py."""

from __future__ import annotations

from typing import Any

from caffetools.errors import CaffeToolsError


def dataset_shapes(path: str, names: tuple[str, ...]) -> list[tuple[int, ...]]:
    """The shape of each dataset that is named, if Caffe would load it (util/hdf5.cpp).

    Raises CaffeToolsError for a file that is not HDF5 and for a dataset that is not there, has no
    axis or holds no numbers; ImportError without h5py.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return [_shape(file.get(name), name) for name in names]
    except (OSError, RuntimeError, ValueError) as error:  # what h5py makes of a damaged file
        raise CaffeToolsError(f"{path!a} cannot be read as HDF5: {error}") from None


def _shape(dataset: Any, name: str) -> tuple[int, ...]:
    if not hasattr(dataset, "dtype"):
        raise CaffeToolsError(f"the HDF5 file has no dataset {name!a}")
    if dataset.dtype.kind not in "fiu":
        raise CaffeToolsError(f"the dataset {name!a} holds {dataset.dtype}, not numbers")
    if not dataset.shape:
        raise CaffeToolsError(f"the dataset {name!a} is a scalar, expected at least 1 axis")
    return tuple(int(extent) for extent in dataset.shape)
