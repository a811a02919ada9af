from __future__ import annotations

from typing import ClassVar

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Layer
from caffetools.layers.registry import Registry, python_type
from caffetools.prototxt import parse
from caffetools.source import Source


class First(Layer):
    type: ClassVar[str] = "First"


class Second(Layer):
    type: ClassVar[str] = "Second"


class SecondAgain(Layer):
    type: ClassVar[str] = "Second"


class Nameless(Layer):
    pass


def test_classes_are_found_by_type() -> None:
    registry = Registry((Second, First))
    assert registry.find("First") is First
    assert registry.find("first") is None
    assert registry.types() == ("Second", "First")


def test_a_type_is_added_once() -> None:
    registry = Registry((First,))
    registry.add(Second)
    with pytest.raises(CaffeToolsError, match=r"^the layer type 'Second' is there already$"):
        registry.add(SecondAgain)
    assert registry.find("Second") is Second


def test_a_type_is_replaced() -> None:
    registry = Registry((Second,))
    registry.replace(SecondAgain)
    registry.replace(First)
    assert registry.find("Second") is SecondAgain
    assert registry.types() == ("Second", "First")


def test_a_class_without_a_type() -> None:
    registry = Registry(())
    for method in (registry.add, registry.replace):
        with pytest.raises(CaffeToolsError, match=r"^the layer class Nameless has no type$"):
            method(Nameless)
    assert registry.types() == ()


def test_a_python_layer_goes_by_its_module_and_name() -> None:
    text = 'python_param { module: "a.b" layer: "C" }'
    assert python_type(parse(Source("net.prototxt", text), "LayerParameter")) == "a.b.C"
    assert python_type(parse(Source("net.prototxt", ""), "LayerParameter")) == "."
