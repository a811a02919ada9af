"""Run a module, keep every blob, and compare them with a reference."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.files import check_expansion
from caffetools.layers.base import Layer
from caffetools.layers.blobs import Shape, dims
from caffetools.layers.linear import Embed
from caffetools.layers.region import PSROIPooling, ROIPooling
from caffetools.proto.source import read_bytes
from caffetools.torch.export.module_spec import ModuleSpec, Variable

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1e-4
"""Allowed difference relative to the largest value of a blob; rounding stays far below."""
_FLOOR = 1e-6
_LIMIT = 1e30
"""Larger values mark missing ones: a pooling window without input."""


@dataclass(frozen=True, slots=True)
class BlobComparison:
    """Comparison of one blob with the reference."""

    layer: str
    """The last layer that writes the blob."""
    blob: str
    shape: Shape
    expected: Shape | None
    """Shape of the reference, or the inferred one; None if unknown."""
    difference: float | None
    """Largest absolute difference, None without a reference of this shape."""
    largest: float | None
    """Largest absolute value of the reference."""

    @property
    def is_right(self) -> bool:
        """Whether shape and values match."""
        if self.expected is not None and self.shape != self.expected:
            return False
        if self.difference is None or self.largest is None:
            return True
        return self.difference <= TOLERANCE * self.largest + _FLOOR


def with_all_outputs(spec: ModuleSpec) -> ModuleSpec:
    """Return the description with all blobs as outputs, by their final values."""
    phase = spec.phases[0]
    kept = [each for each in spec.statements if each.values and each.phase in {None, phase}]
    made: dict[str, Variable] = {}
    for statement in kept:
        made.update((tensor.blob, tensor) for tensor in statement.targets)
    return replace(
        spec,
        phases=(phase,),
        outputs={phase: tuple(made.values())},
        statements=tuple(replace(each, phase=None) for each in kept),
    )


def run(
    spec: ModuleSpec,
    tensors: Mapping[str, NDArray[Any]],
    inputs: Mapping[str, NDArray[Any]],
    *,
    trims: bool = True,
) -> dict[str, NDArray[Any]]:
    """Run the module and return every blob by its name.

    `tensors` are its weights, by the keys of its state dict. Unless `trims`, its helpers are not
    those that an export writes, which takes time.
    """
    from caffetools.torch.export.loaded_module import load_module, run_module

    trace = with_all_outputs(spec)
    names = [tensor.blob for tensor in trace.outputs[trace.phases[0]]]
    ordered = (inputs[tensor.blob] for tensor in trace.inputs)
    return dict(
        zip(names, run_module(load_module(trace, tensors, trims=trims), *ordered), strict=True)
    )


def seeded_inputs(spec: ModuleSpec, given: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return an array for each input, drawn from a fixed seed unless given.

    Labels are 0 or 1; regions of interest are small ones of the first image.

    Raises CaffeToolsError for an input of unknown shape, and for an array of the wrong shape.
    """
    import numpy as np

    random = np.random.default_rng(0)
    labels, regions = _special_inputs(spec)
    found = {}
    for tensor in spec.inputs:
        array = given.get(tensor.blob)
        if tensor.shape is None:
            raise CaffeToolsError(
                f"the shape of the input {tensor.blob!a} is unknown; use --input-shape"
            )
        if array is not None and array.shape != tensor.shape:
            text = f"input {tensor.blob!a} expected {dims(tensor.shape)}, found {dims(array.shape)}"
            raise CaffeToolsError(text)
        if array is None and tensor.blob in regions:
            array = np.zeros(tensor.shape)
            corners = np.abs(random.normal(size=(array.size // 5, 4))) * 10
            corners[:, 2:] += corners[:, :2]
            array.reshape(-1, 5)[:, 1:] = corners
        elif array is None:
            label = tensor.blob in labels or len(tensor.shape) < 2 or tensor.shape[1:] == (1, 1, 1)
            array = (
                random.integers(0, 2, tensor.shape) if label else random.normal(size=tensor.shape)
            )
        found[tensor.blob] = np.asarray(array, np.float32)
    return found


def _special_inputs(spec: ModuleSpec) -> tuple[set[str], set[str]]:
    """Return the blobs that a layer reads as labels or indices, and as regions of interest."""
    labels, regions = set(), set()
    for statement in spec.statements:
        kind = statement.layer_class
        for index, tensor in enumerate(statement.bottoms):
            if kind is Embed or (index and kind and kind.expects is not Layer.expects):
                labels.add(tensor.blob)
            if index == 1 and kind in (PSROIPooling, ROIPooling):
                regions.add(tensor.blob)
    return labels, regions


def compare_blobs(
    spec: ModuleSpec, found: Mapping[str, NDArray[Any]], reference: Mapping[str, NDArray[Any]]
) -> Iterator[BlobComparison]:
    """Yield the comparison of each blob, in the order of the layers that last write them."""
    last = {
        tensor.blob: (statement, tensor)
        for statement in with_all_outputs(spec).statements
        for tensor in statement.targets
    }
    order = {statement.layer: index for index, statement in enumerate(spec.statements)}
    for blob, (statement, tensor) in sorted(last.items(), key=lambda item: order[item[1][0].layer]):
        values, wanted = found[blob], reference.get(blob)
        expected = tensor.shape if wanted is None else wanted.shape
        difference = largest = None
        if wanted is not None and wanted.shape == values.shape:
            difference, largest = difference_of(values, wanted)
        yield BlobComparison(statement.layer, blob, values.shape, expected, difference, largest)


def difference_of(values: NDArray[Any], wanted: NDArray[Any]) -> tuple[float, float]:
    """Return the largest absolute difference, and the largest value of the reference.

    The difference is infinite where only one has a value that is not finite or a missing one.
    """
    import numpy as np

    known = np.isfinite(wanted) & (np.abs(wanted) < _LIMIT)
    largest = float(np.abs(wanted[known]).max(initial=0))
    odd = ~known & ~((wanted == values) | (np.isnan(wanted) & np.isnan(values)))
    gap = np.abs(np.where(known, values.astype(np.float64) - wanted, 0))
    return float("inf") if odd.any() else float(gap.max(initial=0)), largest


_GROUPS = ("in/", "out/", "blob/")
"""Prefixes of blob names in a file."""


def read_arrays(path: str) -> dict[str, NDArray[Any]]:
    """Read the arrays of a .npz file by blob, with the prefixes in/, out/ and blob/ removed.

    Raises CaffeToolsError, located at the file, for any other file.
    """
    data = read_bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            check_expansion(sum(archive.getinfo(name).file_size for name in names), len(data))
            return {_blob(name.removesuffix(".npy")): _array(archive.read(name)) for name in names}
    except CaffeToolsError as error:
        raise error.at(Location(path)) from None
    except (zipfile.BadZipFile, ValueError, KeyError, zlib.error, EOFError) as error:
        raise CaffeToolsError(f"not a .npz file: {error}", Location(path)) from None


def _array(data: bytes) -> NDArray[Any]:
    """Decode a .npy file without taking memory for what its header claims and it does not hold."""
    import numpy as np

    file = io.BytesIO(data)
    form = np.lib.format
    headers = {(1, 0): form.read_array_header_1_0, (2, 0): form.read_array_header_2_0}
    shape, is_fortran, kind = headers[form.read_magic(file)](file)
    if kind.hasobject:
        raise ValueError("objects are not loaded")
    values: NDArray[Any] = np.frombuffer(data, kind, offset=file.tell())
    return values.reshape(shape, order="F" if is_fortran else "C")


def _blob(name: str) -> str:
    group = next((group for group in _GROUPS if name.startswith(group)), "")
    return name.removeprefix(group)


def run_pycaffe(
    net: str, weights: str, phase: str, inputs: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Compute every blob with pycaffe; `inputs` are the tops of Input layers.

    Raises CaffeToolsError if pycaffe is not installed.
    """
    os.environ.setdefault("GLOG_minloglevel", "2")
    try:
        import caffe  # type: ignore[import-not-found]
    except ImportError:
        raise CaffeToolsError("pycaffe is not installed: import caffe fails") from None
    made = caffe.Net(net, weights, getattr(caffe, phase))
    for blob, values in inputs.items():
        made.blobs[blob].reshape(*values.shape)
        made.blobs[blob].data[...] = values
    made.forward()
    return {blob: data.data.copy() for blob, data in made.blobs.items()}
