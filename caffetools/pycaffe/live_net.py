"""`caffe.Net`: layers that run one by one over blobs (net.cpp, _caffe.cpp)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from itertools import chain
from typing import Any, TypeVar

import numpy as np
import torch

from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.formats.caffemodel import NetTemplate
from caffetools.formats.hdf5 import hdf5_caffemodel
from caffetools.formats.weights import read_layers
from caffetools.layers.joining import HDF5Output
from caffetools.net.backward import bottom_flags
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net as RecomputedNet
from caffetools.pycaffe.emitted_unit import EmittedUnit
from caffetools.pycaffe.faults import CaffeError, UnknownNameError, failures
from caffetools.pycaffe.layer_unit import SharingUnit
from caffetools.pycaffe.live_blob import Blob
from caffetools.pycaffe.live_sources import MemoryFeed, source_units
from caffetools.pycaffe.modes import current_device
from caffetools.pycaffe.net_module import NetModule
from caffetools.pycaffe.user_layer import UserLayer, bench_of
from caffetools.torch.emit import emitter_of
from caffetools.torch.solver.solver_project import net_template
from caffetools.torch.training.model import load, stored_blobs
from caffetools.writing import replace_file

Value = TypeVar("Value")
Callback = Callable[[int], object]


class ByName(OrderedDict[str, Value]):
    """Values by name; an unknown name is located in the prototxt."""

    what = "blob"
    place: Location

    def __missing__(self, name: str) -> Value:
        near = get_close_matches(str(name), self, 1)
        hint = f"; did you mean {near[0]!a}?" if near else ""
        raise UnknownNameError(f"the net has no {self.what} {name!a}{hint}", self.place)

    def __repr__(self) -> str:
        return repr(OrderedDict(self))  # pycaffe's class


def _adder(name: str) -> Callable[[LiveNet, Callback], None]:
    def add(self: LiveNet, run: Callback) -> None:
        """Call `run` with the index of each layer, before or after its pass."""
        self.callbacks.setdefault(name, []).append(run)

    return add


class LiveNet:
    """A net that runs layer by layer, by the names of pycaffe's extension module."""

    def set_up(self, net: RecomputedNet) -> None:
        """Build the layers and blobs of an inferred net.

        Raises CaffeToolsError, located, for a layer that cannot run.
        """
        self.recomputed = net
        inferred, graph = net.inferred, net.inferred.graph
        bench, sources = bench_of(net), dict(source_units(net))
        self.place = graph.message.location()
        self._places = [node.message.location() for node in graph.nodes]
        self._blob_names = [blob.name for blob in graph.blobs]
        self._layer_names = [node.name for node in graph.nodes]
        self._blobs = [
            bench.blobs.get(blob.name) or Blob(_known(net, shape))
            for blob, shape in zip(graph.blobs, inferred.shapes, strict=True)
        ]
        self._bottoms, self._tops = (
            [[self._blobs[blob] for blob in getattr(node, side)] for node in graph.nodes]
            for side in ("bottoms", "tops")
        )
        learns = [any(blob.needs_backward for blob in layer.params) for layer in inferred.layers]
        weights = [layer.loss_weights for layer in inferred.layers]
        self._needs = inferred.needs_backward
        self._flags = bottom_flags(graph, learns, weights)
        self.layers = [
            _unit(net, layer, sources, needs_backward=needed)
            for layer, needed in zip(inferred.layers, self._needs, strict=True)
        ]
        self._keys = {
            layer.node.key: unit.blobs
            for layer, unit in zip(inferred.layers, self.layers, strict=True)
            if unit.blobs
        }
        self._share_params()
        for unit, bottom, top in self._rows():
            if isinstance(unit, EmittedUnit):
                unit.fill(top)
            elif isinstance(unit, SharingUnit):
                unit.reshape(bottom, top)
        self._losses = [
            [pair for pair in zip(tops, each, strict=True) if pair[1]]
            for tops, each in zip(self._tops, weights, strict=True)
        ]
        for blob, weight in chain.from_iterable(self._losses):
            blob.diff[...] = weight
        self.callbacks: dict[str, list[Callback]] = {}
        self.module = NetModule(self, net, self._keys, self._blobs)

    def _share_params(self) -> None:
        """Let layers share the parameters of one name."""
        owners: dict[str, Blob] = {}
        for layer, unit in zip(self.recomputed.inferred.layers, self.layers, strict=True):
            for param, blob in zip(layer.params, unit.blobs, strict=True):
                owner = blob if param.owner is None else owners[param.name or ""]
                owners[param.name or ""] = owner
                if owner is not blob:
                    blob.share(owner, "data", "diff")

    def _rows(self) -> Iterable[tuple[Any, list[Blob], list[Blob]]]:
        return zip(self.layers, self._bottoms, self._tops, strict=True)

    @property
    def _inputs(self) -> list[int]:
        nodes = self.recomputed.inferred.graph.nodes
        return [blob for node in nodes if node.type == "Input" for blob in node.tops]

    @property
    def _outputs(self) -> list[int]:
        return list(self.recomputed.inferred.graph.outputs)

    @property
    def _blob_loss_weights(self) -> list[float]:
        weights = {id(blob): weight for losses in self._losses for blob, weight in losses}
        return [float(np.float32(weights.get(id(blob), 0.0))) for blob in self._blobs]

    def _bottom_ids(self, layer: int) -> list[int]:
        return list(self.recomputed.inferred.graph.nodes[layer].bottoms)

    def _top_ids(self, layer: int) -> list[int]:
        return list(self.recomputed.inferred.graph.nodes[layer].tops)

    def run(self, start: int = 0, end: int | None = None) -> float:
        """Run the layers from `start` to `end`, by default all; return their loss."""
        end = len(self.layers) - 1 if end is None else end
        self._check_range(start, end)
        device = current_device()
        loss = torch.zeros((), device=device)
        for index in range(start, end + 1):
            self._call("before_forward", index)
            unit, bottom, top = self.layers[index], self._bottoms[index], self._tops[index]
            with failures(self._places[index]):
                unit.reshape(bottom, top)
                unit.forward(bottom, top)
            for blob, _ in self._losses[index]:  # a script may change the weights in `diff`
                data, diff = (blob.tensor(device, half).reshape(-1) for half in ("data", "diff"))
                loss += data.detach() @ diff
            self._call("after_forward", index)
        return float(loss)

    def run_back(self, start: int | None = None, end: int = 0) -> None:
        """Run the layers backward from `start` down to `end`, by default all."""
        start = len(self.layers) - 1 if start is None else start
        self._check_range(end, start)
        for index in range(start, end - 1, -1):
            self._call("before_backward", index)
            if self._needs[index]:
                with failures():
                    self.layers[index].backward(
                        self._tops[index], self._flags[index], self._bottoms[index]
                    )
            self._call("after_backward", index)

    _forward, _backward = run, run_back

    def _check_range(self, first: int, last: int) -> None:
        if first < 0 or last >= len(self.layers):
            text = f"expected layers from 0 to {len(self.layers) - 1}, found {first} to {last}"
            raise CaffeError(text, self.place)

    def _call(self, name: str, layer: int) -> None:
        for callback in self.callbacks.get(name, ()):
            callback(layer)

    before_forward, after_forward, before_backward, after_backward = map(
        _adder, ("before_forward", "after_forward", "before_backward", "after_backward")
    )

    def reshape(self) -> None:
        """Give all blobs the shapes that follow from those of the inputs."""
        for place, (unit, bottom, top) in zip(self._places, self._rows(), strict=True):
            with failures(place):
                unit.reshape(bottom, top)

    def clear_param_diffs(self) -> None:
        """Set the gradients of all parameters to zero."""
        for blobs in self._keys.values():
            for blob in blobs:
                if "diff" in blob.memory:
                    blob.tensor(current_device(), "diff").data.zero_()

    def copy_from(self, path: str) -> None:
        """Copy the blobs of layers of the same name from a .caffemodel, or its HDF5."""
        with failures(Location(str(path))):
            list(load(self.module, read_layers(str(path))))

    load_hdf5 = copy_from

    def share_with(self, other: LiveNet) -> None:
        """Use the parameters of layers of the same name (net.cpp, ShareTrainedLayersWith)."""
        common = [key for key in self._keys if key in other._keys]
        pairs = [(key, self._keys[key], other._keys[key]) for key in common]
        for key, *sides in pairs:
            own, theirs = ([tuple(blob.shape) for blob in each] for each in sides)
            if own != theirs:
                text = f"expected blobs of {own} for layer {key!a}, found {theirs}"
                raise CaffeError(text, self.place)
        for _, mine, others in pairs:
            for blob, owner in zip(mine, others, strict=True):
                blob.share(owner, "data")

    def save(self, path: str, is_hdf5: bool = False) -> None:
        """Write the net and its parameters as a .caffemodel."""
        template = NetTemplate.parse(net_template(self.recomputed))
        blobs = stored_blobs(self.module, is_hdf5=is_hdf5)
        with failures():
            data = hdf5_caffemodel(template, blobs) if is_hdf5 else template.with_blobs(blobs)
            replace_file(path, data)

    def save_hdf5(self, path: str) -> None:
        """Write the parameters as HDF5, those that layers share once."""
        self.save(path, is_hdf5=True)

    def _set_input_arrays(self, data: Any, labels: Any) -> None:
        feed = getattr(self.layers[0], "read", None)
        if not isinstance(feed, MemoryFeed):
            text = "set_input_arrays may only be called if the first layer is a MemoryDataLayer"
            raise CaffeError(text, self.place)
        feed.reset(data, labels)


def _known(net: RecomputedNet, shape: tuple[int, ...] | None) -> tuple[int, ...]:
    """Return a shape; an unknown one is an error, with the note that says why."""
    if shape is None:
        reason = next((note for note in net.notes if "unknown" in note.message), None)
        where = reason or Note(net.inferred.graph.message.location(), "a shape is unknown")
        raise CaffeToolsError(where.message, where.location)
    return shape


def _unit(
    net: RecomputedNet, layer: InferredLayer, sources: dict[str, Any], *, needs_backward: bool
) -> Any:
    node, own = layer.node, layer.layer
    if isinstance(own, UserLayer):
        return own.instance
    if own is not None and own.shares_data:
        return SharingUnit(layer)
    if node.key in sources and not node.bottoms:
        return sources[node.key]
    if own is None or isinstance(own, HDF5Output) or not emitter_of(type(own)):
        reason = own.no_torch if own is not None else ""
        text = f"layers of type {node.type} cannot run here"
        raise node.message.error(f"{text}: {reason}" if reason else text, kind=CaffeToolsError)
    return EmittedUnit(net, layer, needs_backward=needs_backward)
