"""Functions on nets and weights as files: `diff`, `upgrade`, `format`, `read_weights`, `pack`.

`net` is a path, as `caffetools.load` reads it with `**options`, or a net that is loaded already.
Mistakes in files raise CaffeToolsError, with their location.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.net.loading import load
from caffetools.net.net import Net
from caffetools.writing import check_absent, replace_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Path: TypeAlias = "str | os.PathLike[str]"


def loaded_net(net: Path | Net, options: Mapping[str, Any]) -> Net:
    """Return the net; load that of a path."""
    if isinstance(net, Net):
        if options:
            raise TypeError(f"a loaded net takes no options, found {', '.join(options)}")
        return net
    return load(net, **options)


def input_paths(*paths: object) -> list[str]:
    """Return those of the values that are paths."""
    return [os.fspath(path) for path in paths if isinstance(path, str | os.PathLike)]


def diff(old: Path | Net, new: Path | Net, **options: Any) -> list[str]:
    """Return what differs between two nets, a line for each difference.

    Parameters
    ----------
    old, new : path or Net
        The nets.
    **options
        Of `caffetools.load`, for both.

    Returns
    -------
    list of str
        Empty for equal nets.

    Examples
    --------
    >>> import caffetools
    >>> path = "examples/lenet/deploy.prototxt"
    >>> caffetools.diff(path, path)
    []
    """
    from caffetools.net.diff import differences

    return list(differences(loaded_net(old, options), loaded_net(new, options)))


def read_weights(path: Path) -> dict[str, list[NDArray[np.float32]]]:
    """Read the blobs of each layer of a .caffemodel or .caffemodel.h5.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    dict
        By layer name its blobs, in Caffe's order and shapes; a blob that an HDF5 file leaves to
        the layer that owns it is left out.

    Examples
    --------
    See `pack`.
    """
    from caffetools.formats.weights import read_layers

    return {
        name: [blob.as_float32().reshape(blob.shape) for blob in blobs if blob is not None]
        for name, blobs in read_layers(path).items()
    }


def pack(
    net: Path | Net,
    state: Path | Mapping[str, Any],
    path: Path,
    *,
    force: bool = False,
    **options: Any,
) -> list[Note]:
    """Write the weights of an exported module as a .caffemodel.

    Parameters
    ----------
    net : path or Net
        The net of the module.
    state : path or mapping
        A .safetensors or .pt file, or the module's state dict.
    path : path
        File to write.
    force : bool
        Overwrite an existing file.
    **options
        Of `caffetools.load`.

    Returns
    -------
    list of Note
        What was assumed of the net, and the parameters that it does not have.

    Examples
    --------
    >>> import caffetools, os, tempfile
    >>> net = caffetools.load("examples/lenet/deploy.prototxt")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     state = caffetools.module(net).state_dict()
    ...     notes = caffetools.pack(net, state, f"{folder}/lenet.caffemodel")
    ...     blobs = caffetools.read_weights(f"{folder}/lenet.caffemodel")
    >>> [blob.shape for blob in blobs["conv1"]]
    [(20, 1, 5, 5), (20,)]
    """
    from caffetools.formats.caffemodel import caffemodel
    from caffetools.torch.export.export import module_spec
    from caffetools.torch.export.state_dict import caffe_blobs, read_state_dict
    from caffetools.torch.export.structure import in_flat_form

    check_absent([os.fspath(path)], force, input_paths(net, state))
    loaded = loaded_net(net, options)
    spec = module_spec(loaded)
    place = Location(next(iter(input_paths(state)), "the state dict"))
    try:
        if isinstance(state, Mapping):
            arrays = {key: tensor.detach().cpu().numpy() for key, tensor in state.items()}
        else:
            arrays = read_state_dict(os.fspath(state))
        layers, unused = caffe_blobs(spec, in_flat_form(spec, arrays))
        replace_file(path, caffemodel(loaded.name, layers))
    except CaffeToolsError as error:
        raise error.at(place) from None
    left = [Note(place, f"unknown parameter {key!a}") for key in unused]
    return [*loaded.notes, *spec.notes, *left]


def upgrade(path: Path, phase: str = "train") -> str:
    """Return a net in Caffe's current form, without its weights.

    Parameters
    ----------
    path : path
        A prototxt of any age, a solver, a .caffemodel or a log, as `caffetools.load` reads it.
    phase : {"train", "test"}
        The phase, of the nets of a solver or a log.

    Returns
    -------
    str
        The prototxt.

    Examples
    --------
    >>> import caffetools
    >>> print(caffetools.upgrade("examples/lenet/deploy.prototxt")[:13])
    name: "LeNet"
    """
    from caffetools.net.reading import read_net, without_weights
    from caffetools.proto.printer import prototxt

    return prototxt(without_weights(read_net(path, phase.upper()).message))


def format(path: Path) -> str:  # noqa: A001  # the name of the command is part of the interface
    """Return a prototxt in the canonical layout, comments kept.

    Parameters
    ----------
    path : path
        The prototxt of a net or a solver.

    Returns
    -------
    str
        The same fields in the same order.

    Examples
    --------
    >>> import caffetools
    >>> caffetools.format("examples/lenet/deploy.prototxt").splitlines()[2]
    'name: "LeNet"'
    """
    from caffetools.net.reading import read_text
    from caffetools.proto.formatter import format_text

    return format_text(read_text(path))
