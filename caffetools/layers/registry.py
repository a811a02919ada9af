"""Which class a layer type has: Caffe's and the known forks' types, and those that a user adds."""

from __future__ import annotations

from collections.abc import Iterable

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import LayerClass
from caffetools.message import Message


class Registry:
    """Layer classes by type."""

    def __init__(self, classes: Iterable[LayerClass]) -> None:
        self._classes: dict[str, LayerClass] = {}
        for layer_class in classes:
            self.add(layer_class)

    def find(self, name: str) -> LayerClass | None:
        """The class of a type, or None if nobody knows it."""
        return self._classes.get(name)

    def add(self, layer_class: LayerClass) -> None:
        """Add a type; raises CaffeToolsError for a name that is taken."""
        if layer_class.type in self._classes:
            raise CaffeToolsError(f"the layer type {layer_class.type!a} is there already")
        self.replace(layer_class)

    def replace(self, layer_class: LayerClass) -> None:
        """Add a type or take the place of one; CaffeToolsError for a class without a `type`."""
        if not layer_class.type:
            raise CaffeToolsError(f"the layer class {layer_class.__name__} has no type")
        self._classes[layer_class.type] = layer_class

    def types(self) -> tuple[str, ...]:
        """All types, in the order in which they were added."""
        return tuple(self._classes)


def python_type(layer: Message) -> str:
    """Under which type a Python layer's own class is registered: `module.layer`."""
    param = layer.message("python_param")
    return f"{param.text('module')}.{param.text('layer')}"
