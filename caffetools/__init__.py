"""Read and recompute Caffe nets, logs and weights without Caffe.

A name is imported when it is first used, so that no command pays for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caffetools.check.parsed_log import ParsedLog as ParsedLog
    from caffetools.check.parsed_log import parse_log as parse_log
    from caffetools.editing.editor import NetEditor as NetEditor
    from caffetools.errors import CaffeToolsError as CaffeToolsError
    from caffetools.errors import ShapeError as ShapeError
    from caffetools.functions.deployment import deploy as deploy
    from caffetools.functions.modules import export as export
    from caffetools.functions.modules import module as module
    from caffetools.functions.nets import diff as diff
    from caffetools.functions.nets import format as format  # noqa: A004  # the command's name
    from caffetools.functions.nets import pack as pack
    from caffetools.functions.nets import read_weights as read_weights
    from caffetools.functions.nets import upgrade as upgrade
    from caffetools.functions.training_runs import train as train
    from caffetools.functions.views import draw as draw
    from caffetools.functions.views import plot as plot
    from caffetools.functions.views import report as report
    from caffetools.layers.base import Facts as Facts
    from caffetools.layers.base import Layer as Layer
    from caffetools.layers.base import Param as Param
    from caffetools.layers.base import Spec as Spec
    from caffetools.layers.blobs import Step as Step
    from caffetools.layers.blobs import at_least as at_least
    from caffetools.layers.blobs import between as between
    from caffetools.layers.blobs import exactly as exactly
    from caffetools.layers.python_layer import PythonLayer as PythonLayer
    from caffetools.layers.registry import register as register
    from caffetools.layers.window import Window as Window
    from caffetools.net.loading import from_text as from_text
    from caffetools.net.loading import load as load
    from caffetools.net.net import Net as Net
    from caffetools.torch.export.loaded_module import loss_weight as loss_weight
    from caffetools.torch.export.loaded_module import to_caffe as to_caffe
    from caffetools.torch.solver.net_batches import batches as batches
    from caffetools.torch.to_caffe.from_torch import from_torch as from_torch
    from caffetools.torch.to_caffe.onnx_model import from_onnx as from_onnx

_NAMES = {
    "caffetools.check.parsed_log": "ParsedLog parse_log",
    "caffetools.editing.editor": "NetEditor",
    "caffetools.errors": "CaffeToolsError ShapeError",
    "caffetools.functions.deployment": "deploy",
    "caffetools.functions.modules": "export module",
    "caffetools.functions.nets": "diff format pack read_weights upgrade",
    "caffetools.functions.training_runs": "train",
    "caffetools.functions.views": "draw plot report",
    "caffetools.layers.base": "Facts Layer Param Spec",
    "caffetools.layers.blobs": "Step at_least between exactly",
    "caffetools.layers.window": "Window",
    "caffetools.layers.registry": "register",
    "caffetools.layers.python_layer": "PythonLayer",
    "caffetools.net.loading": "from_text load",
    "caffetools.net.net": "Net",
    "caffetools.torch.export.loaded_module": "loss_weight to_caffe",
    "caffetools.torch.solver.net_batches": "batches",
    "caffetools.torch.to_caffe.from_torch": "from_torch",
    "caffetools.torch.to_caffe.onnx_model": "from_onnx",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}
"""The module of each public name."""

__all__ = list(_HOMES)


def _views(kind: str, *more: str) -> dict[str, str]:
    views = {"_repr_html_": f"{kind}_html", "_repr_svg_": f"{kind}_svg"}
    names = {"__str__": f"{kind}_text", "to_dataframe": f"{kind}_frame"}
    return views | {name: names[name] for name in more}


_NET = {"Net": _views("net", "__str__", "to_dataframe"), "Inferred": _views("inferred")}
_VIEWS = {
    "caffetools.net.net": _NET,
    "caffetools.net.loading": _NET,
    "caffetools.check.parsed_log": {"ParsedLog": _views("log", "__str__", "to_dataframe")},
}
"""The functions of `notebook` that display a class, by module, class and method.

They are attached when a public name is first used, so that no class depends on drawing.
"""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(_HOMES[name])
    for shown, methods in _VIEWS.get(_HOMES[name], {}).items():
        for method, function in methods.items():
            setattr(getattr(home, shown), method, _view(function))
    value = globals()[name] = getattr(home, name)  # not looked up again
    return value


def _view(function: str) -> Callable[[object], object]:
    def show(value: object) -> object:
        return getattr(import_module("caffetools.notebook"), function)(value)

    return show
