"""Layers of a live net that run as their exported modules do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

import torch
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError
from caffetools.layers.blobs import Shape, dims
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.pycaffe.layer_unit import Blobs
from caffetools.pycaffe.live_blob import Blob, BlobVec
from caffetools.pycaffe.modes import current_device
from caffetools.torch.emit.base import MemberRef
from caffetools.torch.export.assembly import assemble_layer
from caffetools.torch.export.model_code import model_code
from caffetools.torch.training.interruptions import first_line

_SHARING = ("Flatten", "Reshape")
"""Types whose tops share the memory of their bottoms in Caffe."""


class EmittedUnit:
    """A layer that runs as its exported module does."""

    def __init__(self, net: Net, layer: InferredLayer, device: torch.device) -> None:
        self.net, self.layer = net, layer
        self.type = layer.node.type
        forced = net.inferred.graph.message.flag("force_backward")
        self.learns = [forced or blob.lr_mult != 0 for blob in layer.params]
        self.needs_backward = False
        self.shapes: tuple[Shape, ...] = ()
        self.module: nn.Module | None = None
        self.blobs = BlobVec()
        self._kept: list[bool] = []
        """For each top, whether it is a constant: filled once, then the script's."""
        self._graph: tuple[list[Tensor], list[Tensor]] | None = None
        self._set_up(tuple(shape or () for shape in layer.bottoms), layer)
        for key, param in zip(self.keys, layer.params, strict=True):
            tensor = self._state()[key]
            self.blobs.append(Blob(param.shape, tensor))
        self.to(device)

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the parameter blobs in the module's state."""
        params: Any = getattr(self.module, "caffe_params", {})
        return tuple(params.get("layer", ()))

    def to(self, device: torch.device) -> None:
        """Move parameters and buffers, with what a script wrote to the blobs."""
        for blob in self.blobs:
            blob.half("data").on(device)
        if self.module is not None:
            self.module.to(device)

    def adopt(self, index: int, owner: Blob, *halves: str) -> None:
        """Use the memory of another blob for a parameter, in the module, too."""
        self.blobs[index].share(owner, *halves)
        self._use(self.keys[index], owner.half("data").tensor)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        """Set the layer up for the bottoms' shapes, if they are new."""
        shapes = tuple(tuple(blob.shape) for blob in bottom)
        if shapes == self.shapes:
            return
        assert self.layer.layer is not None
        try:
            facts = self.layer.layer.facts(shapes)
        except CaffeToolsError as error:
            raise self._error(error.message) if error.location is None else error from None
        for blob, param in zip(self.blobs, facts.params, strict=True):
            if blob.count != Blob(param.shape).count:
                text = f"the {param.role} of {dims(tuple(blob.shape))} cannot take bottoms of "
                raise self._error(text + " and ".join(map(dims, shapes)))
        old = dict(zip(self.keys, self.blobs, strict=True))
        self._set_up(shapes, self.layer._replace(bottoms=shapes, tops=facts.tops))
        for key, blob in old.items():
            self._use(key, blob.half("data").tensor)
        for blob, shape in zip(top, facts.tops, strict=True):
            if shape is not None and blob.shape != list(shape):
                blob.reshape(*shape)

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
        taken = {
            _place(each)
            for blob, each in zip(bottom, inputs, strict=True)
            if self.type not in _SHARING and blob not in top
        }
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
        try:
            found = self._by_sign(bottom, top) or self._gradients(top, propagate_down, self._graph)
        except RuntimeError:  # the parameters were updated since
            found = None
        if found is None:
            recorded = self._recorded(self._inputs(bottom))
            found = self._gradients(top, propagate_down, recorded)
        own = iter(found or ())
        taken = {_place(blob.tensor(current_device(), "diff")) for blob in top}
        for blob, wanted in zip(bottom, propagate_down, strict=True):
            if wanted:
                gradient = next(own, None)
                device = current_device()
                zeros = gradient is None
                values = torch.zeros(tuple(blob.shape), device=device) if zeros else gradient
                assert values is not None
                blob.put(_own(values, taken, blob), "diff")
        for blob, learns in zip(self.blobs, self.learns, strict=True):
            gradient = next(own, None) if learns else None
            if gradient is not None:
                diff = blob.tensor(current_device(), "diff")
                diff.data.add_(gradient.reshape(diff.shape))

    def _gradients(
        self,
        top: Blobs,
        propagate_down: Sequence[bool],
        graph: tuple[list[Tensor], list[Tensor]] | None,
    ) -> list[Tensor | None] | None:
        """Return the gradients of bottoms and parameters; None without a recorded pass."""
        if graph is None:
            return None
        leaves, results = graph
        state = self._state()
        params = [state[key] for key, learns in zip(self.keys, self.learns, strict=True) if learns]
        wanted = [leaf for leaf, flag in zip(leaves, propagate_down, strict=True) if flag]
        wanted += [param for param in params if param.requires_grad]
        pairs = [
            (values, blob.tensor(current_device(), "diff").reshape(values.shape))
            for values, blob in zip(results, top, strict=True)
            if values.requires_grad
        ]
        if not wanted or not pairs:
            return []
        outputs, diffs = zip(*pairs, strict=True)
        found = list(
            torch.autograd.grad(outputs, wanted, diffs, retain_graph=True, allow_unused=True)
        )
        kept = iter(found[sum(propagate_down) :])
        return found[: sum(propagate_down)] + [
            next(kept, None) if param.requires_grad else None for param in params
        ]

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

    def _recorded(self, inputs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        with torch.enable_grad():
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
        device = current_device()
        for blob, param in zip(self.blobs, self.layer.params, strict=True):
            if "data" not in blob.memory or blob.count != param.elements:
                raise self._error(f"expected {param.role} of {dims(param.shape)}, found {blob!r}")
        if any(blob.half("data").tensor.device.type != device.type for blob in self.blobs):
            self.to(device)
        return [blob.tensor(device) for blob in bottom]

    def _set_up(self, shapes: tuple[Shape, ...], layer: InferredLayer) -> None:
        spec = assemble_layer(self.net, layer)
        self.shapes, self._graph = shapes, None
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

    def _use(self, key: str, tensor: Tensor) -> None:
        assert self.module is not None
        owner, _, attribute = key.rpartition(".")
        setattr(self.module.get_submodule(owner), attribute, tensor)

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
