from __future__ import annotations

import subprocess
import sys
from typing import ClassVar

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Layer
from caffetools.layers.pooling import Pooling
from caffetools.layers.registry import Registry, python_type
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source


class First(Layer):
    type: ClassVar[str] = "First"


class Second(Layer):
    type: ClassVar[str] = "Second"


class SecondAgain(Layer):
    type: ClassVar[str] = "Second"


class OwnPooling(Layer):
    type: ClassVar[str] = "Pooling"


class Nameless(Layer):
    pass


def test_a_file_is_imported_when_one_of_its_types_is_looked_up() -> None:
    program = (
        "import sys; from caffetools.layers import REGISTRY; "
        "assert 'caffetools.layers.pooling' not in sys.modules; "
        "assert REGISTRY.find('Pooling').__module__ == 'caffetools.layers.pooling'; "
        "assert 'caffetools.layers.recurrent' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_classes_are_found_by_type() -> None:
    registry = Registry({"pooling": ("Pooling",)})
    registry.register(First)
    assert registry.find("Pooling") is Pooling
    assert registry.find("First") is First
    assert registry.find("first") is None
    assert registry.types() == ("First", "Pooling")


def test_a_type_is_replaced() -> None:
    registry = Registry({"pooling": ("Pooling",)})
    for layer_class in (Second, SecondAgain, OwnPooling):
        registry.register(layer_class)
    assert registry.find("Second") is SecondAgain
    assert registry.find("Pooling") is OwnPooling
    assert registry.types() == ("Pooling", "Second")


def test_a_class_without_a_type() -> None:
    registry = Registry({})
    with pytest.raises(CaffeToolsError, match=r"^the layer class Nameless has no type$"):
        registry.register(Nameless)
    assert registry.types() == ()


def test_a_python_layer_goes_by_its_module_and_name() -> None:
    text = 'python_param { module: "a.b" layer: "C" }'
    assert python_type(parse(Source("net.prototxt", text), "LayerParameter")) == "a.b.C"
    assert python_type(parse(Source("net.prototxt", ""), "LayerParameter")) == "."
