from __future__ import annotations

import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.layers import python_layer
from caffetools.layers.base import Options, Spec
from caffetools.layers.python_layer import PythonLayer
from caffetools.layers.registry import REGISTRY, load_plugin
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source
from tests import strategies
from tests.layers.cases import layer_text, set_up


def python(param_str: str) -> PythonLayer:
    text = f"python_param {{ param_str: {strategies.quoted(param_str)} }}"
    message = parse(Source("net.prototxt", text), "LayerParameter")
    return PythonLayer(Spec(message, (), ("y",), "TRAIN", Options()))


def test_a_layer_that_nobody_knows() -> None:
    text = layer_text("Python", 'python_param { module: "m" layer: "L" }', "a", "y z")
    case = set_up(text, (2, 3))
    assert (case.tops, case.params, case.macs) == ((None, None), {}, 0)
    assert case.notes == (
        "the output shapes of the Python layer 'm.L' are unknown; pass a --plugin",
    )
    case = set_up(text.replace('bottom: "a"', ""), input_shapes={"y": (1, 3), "z": (4, 5)})
    assert (case.tops, case.notes) == (((1, 3), (4, 5)), ())


def test_the_plugin_in_the_docstring(tmp_path: Path) -> None:
    """What the module tells its reader to write is a plugin that works."""
    assert python_layer.__doc__ is not None
    text = python_layer.__doc__
    code = textwrap.dedent(text[text.index("    from caffetools import") :])
    (tmp_path / "halve.py").write_text(code)
    load_plugin(tmp_path / "halve.py")
    assert REGISTRY.find("my_layers.Halve") is not None
    case = set_up(
        layer_text("Python", 'python_param { module: "my_layers" layer: "Halve" }'), (2, 3, 8, 9)
    )
    assert (case.tops, case.notes) == (((2, 3, 4, 4),), ())


PYTHON = "{'stride': 16, 'scales': [4, 8.5, -1e3], 'size': (227, 9), 'tops': ['color', \"hha\"]}"
FLOW = "{stride: 16, scales: [4, 8, .5], size: [227, 9], tops: ['color', 'hha']}"
BLOCK = """'stride': 16
'scales': !!python/tuple [4, 8, 16]
'size': [227, 9]
'tops': ["color", 'hha']
"""
ODD = """'a': 'b: 1, stride: 2', 'stride' : 16, 'scales': (1, 2, 3,), 'size':(227,9),
'tops': ('color', 'hha'), 'last': {}"""


@pytest.mark.parametrize("text", [PYTHON, FLOW, BLOCK, ODD])
def test_param_str(text: str) -> None:
    layer = python(text)
    assert layer.integer("stride") == 16
    assert layer.integers("size", 2) == (227, 9)
    assert layer.length("scales", 9) == 3
    assert layer.length("ratios", 9) == 9
    assert layer.strings("tops") == ("color", "hha")
    assert layer.strings("none") == ()


@pytest.mark.parametrize(
    ("text", "name", "length", "fragment"),
    [
        ("", "stride", 1, "expected an integer as stride in param_str, found ''"),
        ("stride: 1.5", "stride", 1, "found 'stride: 1.5'"),
        ("stride: -1", "stride", 1, "expected an integer as stride"),
        ("stride: x", "stride", 1, "expected an integer as stride"),
        ("stride: 1234567890", "stride", 1, "expected an integer as stride"),
        ("stride: [1, 2]", "stride", 1, "expected an integer as stride"),
        ("upstride: 1", "stride", 1, "expected an integer as stride"),
        ("size: [1, 2, 3]", "size", 2, "expected 2 integers as size"),
    ],
)
def test_numbers_that_are_not_there(text: str, name: str, length: int, fragment: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        python(text).integers(name, length)
    assert fragment in caught.value.message
    assert caught.value.location == ("net.prototxt", 1, 16)


def test_a_list_without_numbers() -> None:
    with pytest.raises(CaffeToolsError, match="expected numbers as scales in param_str"):
        python("scales:\n - 4\n - 8").length("scales", 3)


@given(st.text("ab:'\"[]{}(),\n !/-.019", max_size=80))
def test_any_text(text: str) -> None:
    layer = python(text)
    for value in layer.options.values():
        assert value
        assert value in text


def test_long_texts_are_read_in_linear_time() -> None:
    """A pattern that backtracks takes minutes."""
    start = time.process_time()
    for text in ("a" * 200_000, "a " * 100_000, "a:[" * 70_000, "'a" * 100_000, "a:'" * 70_000):
        python(text)
    assert time.process_time() - start < 5
