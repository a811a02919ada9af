"""What a module is held against: arrays of a file, or what pycaffe computes."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError, Location
from caffetools.proto.source import read_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GROUPS = ("in/", "out/", "blob/")
"""What may stand before a blob's name in a file."""


def read_arrays(path: str) -> dict[str, NDArray[Any]]:
    """The arrays of a .npz file by blob, with or without in/, out/ or blob/ before its name.

    Raises CaffeToolsError, placed at the file, for one that is no such file.
    """
    import numpy as np

    content = io.BytesIO(read_bytes(path))
    try:
        with zipfile.ZipFile(content) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            return {
                _blob(name.removesuffix(".npy")): np.lib.format.read_array(
                    io.BytesIO(archive.read(name)), allow_pickle=False
                )
                for name in names
            }
    except (zipfile.BadZipFile, ValueError, zlib.error, EOFError) as error:
        raise CaffeToolsError(f"this is no .npz file: {error}", Location(path)) from None


def _blob(name: str) -> str:
    group = next((group for group in _GROUPS if name.startswith(group)), "")
    return name.removeprefix(group)


def run_pycaffe(
    net: str, weights: str, phase: str, inputs: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Every blob that Caffe itself computes from these inputs, which must be those of Input layers.

    Raises CaffeToolsError where there is no pycaffe.
    """
    os.environ.setdefault("GLOG_minloglevel", "2")
    try:
        import caffe  # type: ignore[import-not-found]
    except ImportError:
        raise CaffeToolsError("there is no pycaffe in this Python: import caffe fails") from None
    made = caffe.Net(net, weights, getattr(caffe, phase))
    for blob, values in inputs.items():
        made.blobs[blob].reshape(*values.shape)
        made.blobs[blob].data[...] = values
    made.forward()
    return {blob: data.data.copy() for blob, data in made.blobs.items()}
