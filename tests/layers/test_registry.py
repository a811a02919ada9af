from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import ClassVar

import pytest

import caffetools
from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Facts, Layer, Param
from caffetools.layers.blobs import Blobs, Shape
from caffetools.layers.pooling import Pooling
from caffetools.layers.registry import KINDS, REGISTRY, Registry, load_plugin, python_type, register
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source
from tests import nets
from tests.nets import layer


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
        "import sys; from caffetools.layers.registry import REGISTRY; "
        "assert 'caffetools.layers.pooling' not in sys.modules; "
        "assert REGISTRY.find('Pooling').__module__ == 'caffetools.layers.pooling'; "
        "assert 'caffetools.layers.recurrent' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_classes_are_found_by_type() -> None:
    registry = Registry({"pooling": "Pooling"})
    registry.register(First)
    assert registry.find("Pooling") is Pooling
    assert registry.find("First") is First
    assert registry.find("first") is None
    assert registry.types() == ("First", "Pooling")


def test_a_type_is_replaced() -> None:
    registry = Registry({"pooling": "Pooling"})
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


CAFFE = """
    AbsVal Accuracy ArgMax BatchNorm BatchReindex Bias BNLL Clip Concat ContrastiveLoss Convolution
    Crop Data Deconvolution Dropout DummyData Eltwise ELU Embed EuclideanLoss Exp Filter Flatten
    HDF5Data HDF5Output HingeLoss Im2col ImageData InfogainLoss InnerProduct Input Log LRN LSTM
    LSTMUnit MemoryData MultinomialLogisticLoss MVN Parameter Pooling Power PReLU Python Reduction
    ReLU Reshape RNN Scale Sigmoid SigmoidCrossEntropyLoss Silence Slice Softmax SoftmaxWithLoss
    Split SPP Swish TanH Threshold Tile WindowData
"""
"""The types that Caffe's master registers."""


@pytest.mark.parametrize("type_name", REGISTRY.types())
def test_a_class_describes_itself(type_name: str) -> None:
    layer_class = REGISTRY.find(type_name)
    assert layer_class is not None
    assert issubclass(layer_class, Layer)
    assert layer_class.__doc__
    assert layer_class.__doc__ != Layer.__doc__
    assert isinstance(layer_class.bottoms, Blobs)
    assert isinstance(layer_class.tops, Blobs)


# The type of a Python layer is its module and its class, with a dot between.


def test_all_of_caffes_own_types_are_known() -> None:
    types = set(CAFFE.split())
    assert len(types) == 61
    found = {name: REGISTRY.find(name) for name in REGISTRY.types() if "." not in name}
    own = {name for name, layer_class in found.items() if layer_class and not layer_class.origin}
    assert own == types


def test_the_families_list_every_class_of_their_files() -> None:
    for home, types in KINDS.items():
        module = import_module(f"caffetools.layers.{home}")
        classes = {
            value.type
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Layer) and value.type
            if value.__module__ == module.__name__
        }
        assert classes == set(types.split()), home


def test_the_table_is_sorted() -> None:
    assert list(KINDS) == sorted(KINDS)
    for types in KINDS.values():
        assert types.split() == sorted(types.split(), key=str.lower)


PLUGIN = '''\
"""A type that doubles the channels, and has a blob."""

from caffetools import register
from caffetools.layers.base import Facts, Layer, Param


@register
class Doubled(Layer):
    type = "Doubled"

    def __init__(self, spec):
        self.times = spec.param("doubled_param").get("times") or 2

    def facts(self, bottoms):
        batch, channels = bottoms[0]
        return Facts(((batch, self.times * channels),), (Param("scale", (channels,)),))
'''
TEXT = nets.given("data", 2, 3) + layer(
    "Doubled", "double", "data", "double", "doubled_param { times: 4 }"
)


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what a test registers."""
    monkeypatch.setattr(REGISTRY, "_classes", dict(REGISTRY._classes))


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    return tmp_path / "plugin.py"


class Tripled(Layer):
    type: ClassVar[str] = "Tripled"

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts(((3 * bottoms[0][0],),), (Param("scale", bottoms[0]),))


def test_a_registered_type_is_known() -> None:
    text = nets.given("data", 2) + layer("Tripled", "t", "data", "t")
    assert nets.net(text).layers[1].tops == (None,)
    assert register(Tripled) is Tripled
    assert caffetools.register is register
    net = nets.net(text)
    assert net.layers[1].tops == ((6,),)
    assert (net.cost.params, net.notes) == (2, ())


def test_a_registered_type_may_take_the_place_of_another() -> None:
    class ReLU(Layer):
        type: ClassVar[str] = "ReLU"

        def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
            return Facts(((7,),))

    register(ReLU)
    assert nets.net(nets.given("a", 2) + layer("ReLU", "r", "a", "r")).layers[1].tops == ((7,),)


def test_a_class_without_a_type_is_refused() -> None:
    class Nameless(Layer):
        pass

    with pytest.raises(CaffeToolsError, match="the layer class Nameless has no type"):
        register(Nameless)


def test_a_plugin_registers_its_types(plugin: Path) -> None:
    plugin.write_text(PLUGIN)
    load_plugin(plugin)
    net = nets.net(TEXT)
    assert net.layers[1].tops == ((2, 4 * 3),)
    assert net.layers[1].params[0].shape == (3,)


def test_two_plugins_of_one_name(plugin: Path, tmp_path: Path) -> None:
    plugin.write_text(PLUGIN)
    other = tmp_path / "other" / "plugin.py"
    other.parent.mkdir()
    other.write_text(PLUGIN.replace("Doubled", "Other"))
    load_plugin(plugin)
    load_plugin(other)
    assert {"Doubled", "Other"} <= set(REGISTRY.types())


def check_refused(path: Path, line: int | None, fragment: str, place: Path | None = None) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        load_plugin(path)
    assert caught.value.location == (str(place or path), line, None)
    assert fragment in caught.value.message
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "fragment"),
    [
        ("x = 1\nclass:\n", 2, "not Python: invalid syntax"),
        ("\n\nx = 1 / 0\n", 3, "the plugin failed: ZeroDivisionError: division by zero"),
        ("import nowhere_at_all\n", 1, "the plugin failed: ModuleNotFoundError: No module named"),
        ("def f():\n    raise ValueError('a\\nb')\nf()\n", 2, "failed: ValueError: a b"),
        ("open('not there')\n", 1, "failed: FileNotFoundError: "),
        (
            "import caffetools as c\nL = c.layers.base.Layer\n@c.register\nclass A(L): ...\n",
            3,
            "failed: CaffeToolsError: the layer class A has no type",
        ),
        ("raise Exception\n", 1, "the plugin failed: Exception:"),
    ],
)
def test_a_broken_plugin(plugin: Path, text: str, line: int, fragment: str) -> None:
    plugin.write_text(text)
    check_refused(plugin, line, fragment)


def test_a_plugin_that_is_not_text(plugin: Path) -> None:
    plugin.write_bytes(b"x = '\xff'\n")
    with pytest.raises(CaffeToolsError, match=r"plugin\.py.*: not Python: .*utf-8"):
        load_plugin(plugin)


def test_a_broken_module_that_a_plugin_imports(
    plugin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = plugin.with_name("plugin_helper.py")
    helper.write_text("\n\n)\n")
    plugin.write_text("import plugin_helper\n")
    monkeypatch.syspath_prepend(plugin.parent)
    check_refused(plugin, 3, "not Python: unmatched ')'", helper)


def test_no_plugin(tmp_path: Path) -> None:
    check_refused(tmp_path / "none.py", None, "no such file")
    check_refused(tmp_path / "plugin.txt", None, "expected a Python file, FILE.py, as plugin")
    (tmp_path / "folder.py").mkdir()
    check_refused(tmp_path / "folder.py", None, "the plugin failed: IsADirectoryError")


def test_a_relative_path_is_shown_as_given(plugin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin.write_text("1 / 0\n")
    monkeypatch.chdir(plugin.parent)
    check_refused(Path(plugin.name), 1, "ZeroDivisionError")
    plugin.write_text("(\n")
    os.utime(plugin, (1, 1))  # another time than that of its bytecode
    check_refused(Path(plugin.name), 1, "not Python: '(' was never closed")
