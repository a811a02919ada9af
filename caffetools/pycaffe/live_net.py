"""`caffe.Net`: layers that run one by one over blobs (net.cpp, _caffe.cpp)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from difflib import get_close_matches
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
from caffetools.pycaffe.layer_unit import SplitUnit
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
        graph, bench = net.inferred.graph, bench_of(net)
        sources: dict[str, Any] = dict(source_units(net))
        self.place = graph.message.location()
        self._blob_names = [blob.name for blob in graph.blobs]
        self._blobs = [
            bench.blobs.get(blob.name) or Blob(_known(net, shape))
            for blob, shape in zip(graph.blobs, net.inferred.shapes, strict=True)
        ]
        self._layer_names = [node.name for node in graph.nodes]
        self._bottoms, self._tops = (
            [[self._blobs[blob] for blob in getattr(node, side)] for node in graph.nodes]
            for side in ("bottoms", "tops")
        )
        self.layers = [_unit(net, layer, sources) for layer in net.inferred.layers]
        self._keys = {
            layer.node.key: unit.blobs
            for layer, unit in zip(net.inferred.layers, self.layers, strict=True)
            if unit.blobs
        }
        self._share_params()
        self._set_flags()
        for unit, bottom, top in self._rows():
            if isinstance(unit, EmittedUnit):
                unit.fill(top)
            elif isinstance(unit, SplitUnit):
                unit.reshape(bottom, top)
        self.callbacks: dict[str, list[Callback]] = {}
        self.module = NetModule(self, net, self._keys, self._blobs)

    def _share_params(self) -> None:
        """Let layers share the parameters of one name."""
        owners: dict[str, Blob] = {}
        for layer, unit in zip(self.recomputed.inferred.layers, self.layers, strict=True):
            for index, (param, blob) in enumerate(zip(layer.params, unit.blobs, strict=True)):
                if param.owner is None:
                    owners[param.name or ""] = blob
                elif isinstance(unit, EmittedUnit):
                    unit.adopt(index, owners[param.name or ""], "data", "diff")
                else:
                    blob.share(owners[param.name or ""], "data", "diff")

    def _set_flags(self) -> None:
        """Set which layers and bottoms get gradients, and the gradients of the losses."""
        inferred = self.recomputed.inferred
        learns = [any(blob.needs_backward for blob in layer.params) for layer in inferred.layers]
        weights = [layer.loss_weights for layer in inferred.layers]
        self._needs = inferred.needs_backward
        self._flags = bottom_flags(inferred.graph, learns, weights)
        self._losses = [
            [pair for pair in zip(tops, each, strict=True) if pair[1]]
            for tops, each in zip(self._tops, weights, strict=True)
        ]
        for unit, needed, losses in zip(self.layers, self._needs, self._losses, strict=True):
            if isinstance(unit, EmittedUnit):
                unit.needs_backward = needed
            for blob, weight in losses:
                blob.diff[...] = weight

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

    def _forward(self, start: int, end: int) -> float:
        """Run the layers from `start` to `end`; return their loss."""
        self._check_range(start, end)
        device = current_device()
        loss = torch.zeros((), device=device)
        for index in range(start, end + 1):
            self._call("before_forward", index)
            unit, bottom, top = self.layers[index], self._bottoms[index], self._tops[index]
            with failures():
                unit.reshape(bottom, top)
                unit.forward(bottom, top)
            for blob, _ in self._losses[index]:  # a script may change the weights in `diff`
                data, diff = (blob.tensor(device, half).reshape(-1) for half in ("data", "diff"))
                loss += data.detach() @ diff
            self._call("after_forward", index)
        return float(loss)

    def _backward(self, start: int, end: int) -> None:
        """Run the layers backward from `start` down to `end`."""
        self._check_range(end, start)
        for index in range(start, end - 1, -1):
            self._call("before_backward", index)
            if self._needs[index]:
                with failures():
                    self.layers[index].backward(
                        self._tops[index], self._flags[index], self._bottoms[index]
                    )
            self._call("after_backward", index)

    def forward_all_layers(self) -> float:
        """Run all layers; return the loss."""
        return self._forward(0, len(self.layers) - 1)

    def backward_all_layers(self) -> None:
        """Run all layers backward."""
        self._backward(len(self.layers) - 1, 0)

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
        with failures():
            for unit, bottom, top in self._rows():
                unit.reshape(bottom, top)

    def clear_param_diffs(self) -> None:
        """Set the gradients of all parameters to zero."""
        for blobs in self._keys.values():
            for blob in blobs:
                if "diff" in blob.memory:
                    blob.tensor(current_device(), "diff").data.zero_()

    def copy_from(self, path: str) -> None:
        """Copy the blobs of layers of the same name from a .caffemodel, or its HDF5."""
        with failures():
            layers = read_layers(str(path))
            try:
                list(load(self.module, layers))
            except CaffeToolsError as error:
                raise error.at(Location(str(path))) from None

    load_hdf5 = copy_from

    def share_with(self, other: LiveNet) -> None:
        """Use the parameters of layers of the same name (net.cpp, ShareTrainedLayersWith)."""
        pairs = [(key, other._keys[key]) for key in self._keys if key in other._keys]
        for key, theirs in pairs:
            shapes = [[tuple(blob.shape) for blob in each] for each in (theirs, self._keys[key])]
            if shapes[0] != shapes[1]:
                text = f"expected blobs of {shapes[1]} for layer {key!a}, found {shapes[0]}"
                raise CaffeError(text, self.place)
        for layer, unit in zip(self.recomputed.inferred.layers, self.layers, strict=True):
            for index, blob in enumerate(other._keys.get(layer.node.key, ()) if unit.blobs else ()):
                if isinstance(unit, EmittedUnit):
                    unit.adopt(index, blob, "data")
                else:
                    unit.blobs[index].share(blob, "data")

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


def _unit(net: RecomputedNet, layer: InferredLayer, sources: dict[str, Any]) -> Any:
    node = layer.node
    if isinstance(layer.layer, UserLayer):
        return layer.layer.instance
    if node.type == "Split":
        return SplitUnit()
    if node.key in sources and not node.bottoms:
        return sources[node.key]
    if (
        layer.layer is None
        or isinstance(layer.layer, HDF5Output)
        or not emitter_of(type(layer.layer))
    ):
        reason = layer.layer.no_torch if layer.layer is not None else ""
        text = f"layers of type {node.type} cannot run here"
        raise node.message.error(f"{text}: {reason}" if reason else text, kind=CaffeToolsError)
    return EmittedUnit(net, layer, current_device())
