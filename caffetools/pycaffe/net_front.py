"""`caffe.Net` as pycaffe.py presents it: names instead of indices, arrays instead of blobs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from caffetools.layers.base import Options
from caffetools.net.net import Net as RecomputedNet
from caffetools.net.reading import read_net
from caffetools.pycaffe.faults import CaffeError, LayerNameError, failures
from caffetools.pycaffe.live_blob import Blob, BlobVec
from caffetools.pycaffe.live_net import ByName, LiveNet
from caffetools.pycaffe.user_layer import PHASES, infer_live

Array = NDArray[np.float32]
Arrays = dict[str, Array]
Lists = dict[str, list[Array]]
Value = TypeVar("Value")


class Net(LiveNet):
    """A net, from a prototxt and perhaps weights.

    Parameters
    ----------
    network_file : str
        The prototxt.
    phase : {0, 1}
        `caffe.TRAIN` or `caffe.TEST`.
    level, stages : int, sequence of str
        The rest of its state.
    weights : str, optional
        A .caffemodel, or its HDF5.

    Attributes
    ----------
    blobs, blob_loss_weights : OrderedDict
        All blobs by name, those of inserted Splits included; their weights in the loss.
    layer_dict, params : OrderedDict
        All layers by name; the parameter blobs of those that have some.
    inputs, outputs : list of str
        Tops of Input layers; blobs that no layer reads.
    top_names, bottom_names : OrderedDict
        Names of the tops and bottoms of each layer.

    Raises
    ------
    RuntimeError
        For a file that cannot be read and for a net that Caffe refuses, with the location.
    """

    def __init__(
        self,
        network_file: Any,
        phase: Any,
        level: Any = 0,
        stages: Sequence[str] | None = None,
        weights: str | None = None,
    ) -> None:
        if isinstance(phase, str):  # Net(network_file, weights, phase) of old
            text = "Net(network_file, weights, phase) is deprecated; use Net(…, weights=…)"
            warnings.warn(text, DeprecationWarning, stacklevel=2)
            weights, phase, level = phase, level, 0
        if not isinstance(network_file, str) or phase not in (0, 1):
            given = f"{type(network_file).__name__} and {phase!r}"
            raise TypeError(f"expected a file name and caffe.TRAIN or caffe.TEST, found {given}")
        with failures():
            loaded = read_net(network_file, PHASES[phase])
            state = loaded.state
            state = state._replace(stages=(*state.stages, *(stages or ())), level=level)
            options = Options(folder=os.path.dirname(network_file) or ".")
            self.set_up(infer_live(loaded.message, state, options, loaded.notes))
        if weights is not None:
            self.copy_from(weights)

    @classmethod
    def of(cls, net: RecomputedNet) -> Net:
        """Return the net of an inferred one."""
        made = cls.__new__(Net)
        made.set_up(net)
        return made

    def set_up(self, net: RecomputedNet) -> None:
        """Build the layers and blobs of an inferred net, and name them."""
        super().set_up(net)
        blobs, layers = self._blob_names, self._layer_names
        self.blobs: ByName[Blob] = self._by_name(blobs, self._blobs)
        self.blob_loss_weights = self._by_name(blobs, self._blob_loss_weights)
        self.layer_dict: ByName[Any] = self._by_name(layers, self.layers, "layer")
        own = {name: layer.blobs for name, layer in self.layer_dict.items() if layer.blobs}
        self.params: ByName[BlobVec] = self._by_name(own, own.values(), "layer with parameters")
        self.inputs, self.outputs = (
            [blobs[index] for index in each] for each in (self._inputs, self._outputs)
        )
        self.top_names, self.bottom_names = (
            self._by_name(layers, [[blobs[i] for i in ids(n)] for n in range(len(layers))], "layer")
            for ids in (self._top_ids, self._bottom_ids)
        )

    def _by_name(
        self, names: Iterable[str], values: Iterable[Value], what: str = "blob"
    ) -> ByName[Value]:
        found = ByName(zip(names, values, strict=True))
        found.what, found.place = what, self.place
        return found

    def forward(
        self,
        blobs: Sequence[str] | None = None,
        start: str | None = None,
        end: str | None = None,
        **inputs: Any,
    ) -> Arrays:
        """Run the layers from `start` to `end`, both included.

        Parameters
        ----------
        blobs : sequence of str, optional
            Blobs to return besides the outputs, or besides the tops of `end`.
        start, end : str, optional
            Names of layers.
        **inputs : array
            Values of all inputs, by name.

        Returns
        -------
        dict of str to array
            The blobs' own arrays, which the next pass overwrites.
        """
        first = 0 if start is None else self._index(start)
        last = len(self.layers) - 1 if end is None else self._index(end)
        wanted = self.outputs if end is None else self.top_names[end]
        self._assign("data", inputs, self.inputs)
        self._forward(first, last)
        return {name: self.blobs[name].data for name in {*wanted, *(blobs or ())}}

    def backward(
        self,
        diffs: Sequence[str] | None = None,
        start: str | None = None,
        end: str | None = None,
        **outputs: Any,
    ) -> Arrays:
        """Run the layers backward from `start` down to `end`, both included.

        `outputs` are gradients of all outputs, by name; without them, the `diff` of each blob
        counts, which for a loss is its weight. Returns the gradients of the inputs, or of the
        bottoms of `end`, and of `diffs`.
        """
        first = len(self.layers) - 1 if start is None else self._index(start)
        last = 0 if end is None else self._index(end)
        wanted = self.inputs if end is None else self.bottom_names[end]
        self._assign("diff", outputs, self.outputs)
        self._backward(first, last)
        return {name: self.blobs[name].diff for name in {*wanted, *(diffs or ())}}

    def _index(self, name: str) -> int:
        if name not in self._layer_names:
            raise LayerNameError(f"the net has no layer {name!a}", self.place)
        return self._layer_names.index(name)

    def _assign(self, half: str, given: Mapping[str, Any], names: list[str]) -> None:
        """Write arrays into `data` or `diff` of blobs."""
        if given and given.keys() != set(names):
            what = "Input blob arguments do not match net inputs"
            if half == "diff":
                what = "Top diff arguments do not match net outputs"
            text = f"{what}: expected {', '.join(names)}, found {', '.join(given)}"
            raise CaffeError(text, self.place)
        for name, array in given.items():
            blob, found = self.blobs[name], np.shape(array)[:1]
            if found != tuple(blob.shape[:1]):
                what = "Input" if half == "data" else "Diff"
                text = f"{what} is not batch sized: expected {blob.shape[:1]}, found {list(found)}"
                raise CaffeError(f"{text} for {name!a}", self.place)
            getattr(blob, half)[...] = array

    def forward_all(self, blobs: Sequence[str] | None = None, **inputs: Any) -> Arrays:
        """Run forward over any number of items, in batches; the last is filled up with zeros.

        Returns copies of the outputs, and of `blobs`, of as many items.
        """
        found: Lists = {}
        for batch in self._batch(inputs):
            _collect(found, self.forward(blobs, **batch))
        return _packed(found, inputs)

    def forward_backward_all(
        self, blobs: Sequence[str] | None = None, diffs: Sequence[str] | None = None, **given: Any
    ) -> tuple[Arrays, Arrays]:
        """Run forward and backward over any number of items, in batches.

        `given` has values of inputs and gradients of outputs, by name. Returns copies of outputs
        and `blobs`, and of the gradients of inputs and `diffs`.
        """
        values: Lists = {}
        gradients: Lists = {}
        batches = (
            self._batch({name: given[name] for name in names if name in given})
            for names in (self.inputs, self.outputs)
        )
        for forward, backward in zip_longest(*batches, fillvalue={}):
            _collect(values, self.forward(blobs, **forward))
            _collect(gradients, self.backward(diffs, **backward))
        return _packed(values, given), _packed(gradients, given)

    def _batch(self, arrays: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield batches of the net's batch size, the last one filled up with zeros."""
        size = next(iter(self.blobs.values())).shape[0]
        for start in range(0, len(next(iter(arrays.values()), ())), size):
            batch = {name: np.asarray(each[start : start + size]) for name, each in arrays.items()}
            yield {
                name: np.concatenate([each, np.zeros((size - len(each), *each.shape[1:]))])
                for name, each in batch.items()
            }

    def set_input_arrays(self, data: Array, labels: Array) -> None:
        """Give the net's MemoryData layer its arrays, which are read in place.

        `data` is `(N, C, H, W)`, `labels` `(N,)` or `(N, 1, 1, 1)`, both float32.
        """
        if labels.ndim == 1:
            labels = np.ascontiguousarray(labels[:, np.newaxis, np.newaxis, np.newaxis])
        self._set_input_arrays(data, labels)


def _collect(found: Lists, arrays: Arrays) -> None:
    for name, array in arrays.items():
        found.setdefault(name, []).extend(array.copy())


def _packed(found: Lists, given: Mapping[str, Any]) -> Arrays:
    count = len(next(iter(given.values())))
    return {name: np.asarray(items)[:count] for name, items in found.items()}
