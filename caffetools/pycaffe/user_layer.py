"""Python layers of a user's own: `caffe.Layer`, and how a net sets them up (python_layer.hpp)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from caffetools.errors import CaffeToolsError, Note
from caffetools.layers.base import Facts, LayerClass, Options, Param
from caffetools.layers.blobs import Shape
from caffetools.layers.python_layer import PythonLayer
from caffetools.layers.registry import REGISTRY, Registry
from caffetools.net.graph import State
from caffetools.net.loading import infer_net
from caffetools.net.net import Net
from caffetools.proto.message import Message
from caffetools.pycaffe.layer_unit import Layer
from caffetools.pycaffe.live_blob import Blob

PHASES = ("TRAIN", "TEST")
"""In the order of Caffe's enum Phase."""


class Workbench(Registry):
    """The layer classes of one net, whose Python layers are set up while its shapes are inferred.

    `blobs` has the blobs that these layers have seen: they are the net's.
    """

    def __init__(self) -> None:
        super().__init__({})
        self.blobs: dict[str, Blob] = {}

    def find(self, name: str) -> LayerClass | None:
        """Return the class of a type; `Python` is the user's own class, never a built-in rule."""
        if name == "Python":
            return _of(self)
        return None if "." in name else REGISTRY.find(name)

    def blob(self, name: str, shape: Shape | None = None) -> Blob:
        """Return the blob of a name, of a shape if it is given."""
        found = self.blobs.setdefault(name, Blob(shape or ()))
        if shape is not None and tuple(found.shape) != shape:
            found.reshape(*shape)
        return found


class UserLayer(PythonLayer):
    """A Python layer that runs: its shapes are those that its `reshape` gives the tops."""

    type = "Python"
    bench: Workbench
    instance: Any = None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        """Call `setup` at the first time, and `reshape`."""
        bottom = [self.bench.blob(*each) for each in zip(self.spec.bottoms, bottoms, strict=True)]
        top = [self.bench.blob(name) for name in self.spec.tops]
        if self.instance is None:
            self.instance = self._made()
            self.instance.setup(bottom, top)
        self.instance.reshape(bottom, top)
        params = (
            Param(f"blob{index}", tuple(blob.shape))
            for index, blob in enumerate(self.instance.blobs)
        )
        return Facts(tuple(tuple(blob.shape) for blob in top), tuple(params))

    def _made(self) -> Any:
        module, name = self.param.text("module"), self.param.text("layer")
        kind = getattr(import_module(module), name, None)
        if not isinstance(kind, type) or not issubclass(kind, Layer):
            text = f"expected a subclass of caffe.Layer, found {type(kind).__name__} {name!a}"
            raise self.param.error(text, "layer", kind=CaffeToolsError)
        made: Any = kind(self.spec.message)
        made.param_str = self.param.text("param_str")
        made.phase = PHASES.index(self.spec.phase)
        return made


def _of(workbench: Workbench) -> LayerClass:
    return type("UserLayer", (UserLayer,), {"bench": workbench})


def infer_live(net: Message, state: State, options: Options, notes: Sequence[Note] = ()) -> Net:
    """Infer a net as `infer_net` does, with its Python layers set up."""
    return infer_net(net, state, options, notes, Workbench())


def bench_of(net: Net) -> Workbench:
    """Return the workbench on which the Python layers of a net were set up."""
    found: Sequence[Any] = [layer.layer for layer in net.layers]
    return next((each.bench for each in found if isinstance(each, UserLayer)), Workbench())
