"""Layers of a live net that run as their exported modules do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import compress
from math import prod
from types import CodeType
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError
from caffetools.layers.blobs import Shape, dims
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.pycaffe.layer_unit import Blobs, Layer
from caffetools.pycaffe.live_blob import Blob, BlobVec
from caffetools.pycaffe.modes import current_device
from caffetools.torch.emit.base import MemberRef
from caffetools.torch.export.assembly import assemble_layer
from caffetools.torch.export.model_code import model_code
from caffetools.torch.training.interruptions import first_line

Graph: TypeAlias = "tuple[list[Tensor], list[Tensor]]"
"""A recorded pass: its inputs, which are leaves, and its results."""


class EmittedUnit(Layer):
    """A layer that runs as its exported module does."""

    def __init__(self, net: Net, layer: InferredLayer, *, needs_backward: bool) -> None:
        self.net, self.layer, self.needs_backward = net, layer, needs_backward
        self.type = layer.node.type
        forced = net.inferred.graph.message.flag("force_backward")
        self.learns = [forced or blob.lr_mult != 0 for blob in layer.params]
        self.module: nn.Module | None = None
        self._device = torch.device("cpu")
        self._graph: Graph | None = None
        self._kept: list[bool] = []
        """For each top, whether it is a constant: filled once, then the script's."""
        self._set_up(tuple(shape or () for shape in layer.bottoms), layer)
        state = self._state()
        self.blobs = BlobVec(
            Blob(param.shape, state[key])
            for key, param in zip(self.keys, layer.params, strict=True)
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the parameter blobs in the module's state."""
        params: Any = getattr(self.module, "caffe_params", {})
        return tuple(params.get("layer", ()))

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        """Set the layer up for the bottoms' shapes, if they are new, and shape the tops."""
        shapes = tuple(tuple(blob.shape) for blob in bottom)
        if shapes != self.shapes:
            tops = self._new_tops(shapes)
            self._set_up(shapes, self.layer._replace(bottoms=shapes, tops=tops))
        for blob, shape in zip(top, self.tops, strict=True):
            if shape is not None and blob.shape != list(shape):
                blob.reshape(*shape)

    def _new_tops(self, bottoms: tuple[Shape, ...]) -> tuple[Shape | None, ...]:
        assert self.layer.layer is not None
        facts = self.layer.layer.facts(bottoms)
        for blob, param in zip(self.blobs, facts.params, strict=True):
            if blob.count != prod(param.shape):
                text = f"the {param.role} of {dims(tuple(blob.shape))} cannot take bottoms of "
                raise self._error(text + " and ".join(map(dims, bottoms)))
        return facts.tops

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Compute the tops, and record what the gradients need."""
        if self.module is None:
            return
        inputs = self._inputs(bottom)
        if self.needs_backward and self.type != "ReLU":
            # What a layer in place overwrites, its gradient may need.
            inputs = [
                tensor.clone() if blob in top and blob.half("data").is_held else tensor
                for blob, tensor in zip(bottom, inputs, strict=True)
            ]
            self._graph = graph = self._recorded(inputs)
            results = graph[1]
        else:
            results = self._run(inputs)
        taken = {_place(each) for blob, each in zip(bottom, inputs, strict=True) if blob not in top}
        for blob, values, kept in zip(top, results, self._kept, strict=True):
            if not kept:
                blob.put(_own(values, taken, blob))

    def fill(self, top: Blobs) -> None:
        """Fill constant tops, as the layer does at its setup alone (dummy_data_layer.cpp)."""
        if not any(self._kept):
            return
        for blob, values in zip(top, self._run([]), strict=True):
            blob.put(values.clone())

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """Compute the gradients, of a pass that is recorded or else of a new one."""
        if self.module is None:
            return
        device = current_device()
        try:
            found = self._by_sign(bottom, top) or self._gradients(top, propagate_down, self._graph)
        except RuntimeError:  # the parameters were updated since
            found = None
        if found is None:
            recorded = self._recorded(self._inputs(bottom))
            found = self._gradients(top, propagate_down, recorded)
        own = iter(found or ())
        taken = {_place(blob.tensor(device, "diff")) for blob in top}
        for blob in compress(bottom, propagate_down):
            gradient = next(own, None)
            if gradient is None:
                gradient = torch.zeros(tuple(blob.shape), device=device)
            blob.put(_own(gradient, taken, blob), "diff")
        for blob in compress(self.blobs, self.learns):
            gradient = next(own, None)
            if gradient is not None:
                diff = blob.tensor(device, "diff")
                diff.data.add_(gradient.reshape(diff.shape))

    def _gradients(
        self, top: Blobs, propagate_down: Sequence[bool], graph: Graph | None
    ) -> list[Tensor | None] | None:
        """Return the gradients of bottoms and parameters; None without a recorded pass."""
        if graph is None:
            return None
        leaves, results = graph
        state, device = self._state(), current_device()
        wanted = [*compress(leaves, propagate_down)]
        wanted += (state[key] for key in compress(self.keys, self.learns))
        learned = [each for each in wanted if each.requires_grad]
        pairs = [
            (values, blob.tensor(device, "diff").reshape(values.shape))
            for values, blob in zip(results, top, strict=True)
            if values.requires_grad
        ]
        if not learned or not pairs:
            return []
        outputs, diffs = zip(*pairs, strict=True)
        given = torch.autograd.grad(outputs, learned, diffs, retain_graph=True, allow_unused=True)
        found = dict(zip(map(id, learned), given, strict=True))
        return [found.get(id(each)) for each in wanted]

    def _by_sign(self, bottom: Blobs, top: Blobs) -> list[Tensor | None] | None:
        """Return the gradient of a ReLU, by the sign of its bottom at this time (relu_layer.cpp).

        Later layers in place, or the script, may have changed it.
        """
        if self.type != "ReLU":
            return None
        slope = self.layer.node.message.message("relu_param").number("negative_slope")
        device = current_device()
        values, diff = bottom[0].tensor(device).detach(), top[0].tensor(device, "diff")
        return [torch.where(values > 0, diff, diff * slope)]

    def _recorded(self, inputs: list[Tensor]) -> Graph:
        leaves = [tensor.detach().requires_grad_() for tensor in inputs]
        return leaves, self._run(leaves, torch.enable_grad)

    def _run(self, inputs: list[Tensor], mode: Any = torch.no_grad) -> list[Tensor]:
        assert self.module is not None
        try:
            with mode():
                found = self.module(*inputs)
        except (IndexError, RuntimeError, ValueError) as error:
            raise self._error(f"{self.type} cannot compute: {first_line(error)}") from None
        return [found] if isinstance(found, Tensor) else list(found)

    def _inputs(self, bottom: Blobs) -> list[Tensor]:
        """Return the bottoms, once the parameters of the module are those of the blobs."""
        assert self.module is not None
        device, state = current_device(), self._state()
        rows = zip(self.keys, self.blobs, self.layer.params, strict=True)
        for key, blob, param in rows:
            if blob.count != param.elements:
                raise self._error(f"expected {param.role} of {dims(param.shape)}, found {blob!r}")
            tensor, old = blob.half("data").on(device), state[key]
            if tensor is old:
                continue
            if tensor.shape != old.shape:
                tensor = tensor.detach().view(old.shape)
            if isinstance(old, nn.Parameter) and not isinstance(tensor, nn.Parameter):
                tensor = nn.Parameter(tensor, old.requires_grad)
            owner, _, attribute = key.rpartition(".")
            setattr(self.module.get_submodule(owner), attribute, tensor)
        if device != self._device:
            self.module.to(device)
            self._device = device
        return [blob.tensor(device) for blob in bottom]

    def _set_up(self, shapes: tuple[Shape, ...], layer: InferredLayer) -> None:
        spec = assemble_layer(self.net, layer)
        self.shapes, self.tops, self._graph = shapes, layer.tops, None
        if spec is None:
            return
        namespace: dict[str, Any] = {"__name__": "caffetools_model"}
        exec(_compiled(model_code(spec)), namespace)  # noqa: S102  # text of the exporter
        module: nn.Module = namespace["build"](None)
        self.module = module.train(self.net.state.phase == "TRAIN")
        values = spec.statements[0].values
        is_source = not layer.bottoms and not layer.params
        self._kept = [is_source and isinstance(value, MemberRef) for value in values]
        if len(values) != len(layer.tops):
            self._kept = [False] * len(layer.tops)

    def _state(self) -> dict[str, Tensor]:
        return {} if self.module is None else self.module.state_dict(keep_vars=True)

    def _error(self, text: str) -> CaffeToolsError:
        return self.layer.node.message.error(text, kind=CaffeToolsError)


@lru_cache(maxsize=1024)
def _compiled(code: str) -> CodeType:
    """Compile the text of a module; equal layers have one."""
    return compile(code, "<layer>", "exec")


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _own(values: Tensor, taken: set[int], blob: Blob) -> Tensor:
    """Return the values as a tensor for a blob, in memory that is not taken."""
    values = values.detach().float()
    if values.numel() == blob.count:
        values = values.reshape(tuple(blob.shape))
    place = _place(values)
    if not values.is_contiguous() or (place and place in taken):
        values = values.clone(memory_format=torch.contiguous_format)
    taken.add(_place(values))
    return values
