"""Which class a layer type has: Caffe's and the known forks' types, and those that a user adds."""

from __future__ import annotations

from collections.abc import Iterable

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Layer


class Registry:
    """Layer classes by type."""

    def __init__(self, classes: Iterable[type[Layer]]) -> None:
        self._classes: dict[str, type[Layer]] = {}
        for layer_class in classes:
            self.add(layer_class)

    def find(self, name: str) -> type[Layer] | None:
        """The class of a type, or None if nobody knows it."""
        return self._classes.get(name)

    def add(self, layer_class: type[Layer]) -> None:
        """Add a type; raises CaffeToolsError for one without a name or with a name that is taken."""
        name = layer_class.type
        if not name:
            raise CaffeToolsError(f"the layer class {layer_class.__name__} has no type")
        if self._classes.setdefault(name, layer_class) is not layer_class:
            raise CaffeToolsError(f"the layer type {name!a} is there already")

    def types(self) -> tuple[str, ...]:
        """All types, in the order in which they were added."""
        return tuple(self._classes)
