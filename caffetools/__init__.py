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


_NET = {"Net": ("net_html", "net_svg"), "Inferred": ("inferred_html", "inferred_svg")}
_VIEWS = {
    "caffetools.net.net": _NET,
    "caffetools.net.loading": _NET,
    "caffetools.check.parsed_log": {"ParsedLog": ("log_html", "log_svg")},
}
"""The functions of `notebook` that display a class as HTML and SVG, by module and class.

They are attached when a public name is first used, so that no class depends on drawing.
"""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(_HOMES[name])
    for shown, (html, svg) in _VIEWS.get(_HOMES[name], {}).items():
        getattr(home, shown)._repr_html_ = _view(html)
        getattr(home, shown)._repr_svg_ = _view(svg)
    value = globals()[name] = getattr(home, name)  # not looked up again
    return value


def _view(function: str) -> Callable[[object], str]:
    def show(value: object) -> str:
        return str(getattr(import_module("caffetools.notebook"), function)(value))

    return show
