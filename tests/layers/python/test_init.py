from __future__ import annotations

from importlib import import_module

import pytest

from caffetools.layers.python_layer import PythonLayer
from caffetools.layers.registry import KINDS, REGISTRY

MODULES = [module for module in KINDS if module.startswith("python.")]


@pytest.mark.parametrize("module", MODULES)
def test_each_python_layer_is_registered_as_module_and_layer(module: str) -> None:
    values = vars(import_module(f"caffetools.layers.{module}")).values()
    classes = {
        each
        for each in values
        if isinstance(each, type) and issubclass(each, PythonLayer) and each.type
    }
    assert {each.type for each in classes} == set(KINDS[module].split())
    for layer_class in classes:
        assert all(layer_class.type.rpartition(".")[::2])
        assert REGISTRY.find(layer_class.type) is layer_class
