from __future__ import annotations

import caffetools.layers.python
from caffetools.layers.base import Layer
from caffetools.layers.python import PYTHON_LAYERS
from caffetools.layers.registry import REGISTRY


def test_all_are_there_under_a_module_and_a_name() -> None:
    for layer_class in PYTHON_LAYERS:
        module, _, name = layer_class.type.rpartition(".")
        assert module
        assert name
        assert REGISTRY.find(layer_class.type) is layer_class


def test_each_class_that_is_imported_is_listed() -> None:
    named = vars(caffetools.layers.python).values()
    classes = {each for each in named if isinstance(each, type) and issubclass(each, Layer)}
    assert set(PYTHON_LAYERS) == classes
    assert len(PYTHON_LAYERS) == len(classes)
