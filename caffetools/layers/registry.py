"""Which class a layer type has: Caffe's and the known forks' types, and those that a user adds."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Layer, LayerClass
from caffetools.proto.message import Message


class Registry:
    """Layer classes by type; a file of them is imported when one of its types is looked up."""

    def __init__(self, families: Mapping[str, tuple[str, ...]]) -> None:
        """`families` lists the types of each module in `caffetools.layers`."""
        self._homes = {name: home for home, types in families.items() for name in types}
        self._classes: dict[str, LayerClass] = {}

    def find(self, name: str) -> LayerClass | None:
        """The class of a type, or None if nobody knows it."""
        found = self._classes.get(name)
        if found is None and name in self._homes:
            found = self._classes[name] = _class_in(self._homes[name], name)
        return found

    def register(self, layer_class: LayerClass) -> None:
        """Add a type or take the place of one; CaffeToolsError for a class without a `type`."""
        if not layer_class.type:
            raise CaffeToolsError(f"the layer class {layer_class.__name__} has no type")
        self._classes[layer_class.type] = layer_class

    def types(self) -> tuple[str, ...]:
        """All types, by name."""
        return tuple(sorted({*self._homes, *self._classes}))


def _class_in(home: str, name: str) -> LayerClass:
    module = import_module(f"caffetools.layers.{home}")
    return next(
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Layer) and value.type == name
    )


def python_type(layer: Message) -> str:
    """Under which type a Python layer's own class is registered: `module.layer`."""
    param = layer.message("python_param")
    return f"{param.text('module')}.{param.text('layer')}"
