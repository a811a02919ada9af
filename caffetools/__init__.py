"""Caffe nets, logs and weights, read and recomputed without Caffe."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caffetools.errors import CaffeToolsError as CaffeToolsError
    from caffetools.errors import ShapeError as ShapeError
    from caffetools.layers.base import Facts as Facts
    from caffetools.layers.base import Layer as Layer
    from caffetools.layers.base import Param as Param
    from caffetools.layers.base import Spec as Spec
    from caffetools.layers.base import Step as Step
    from caffetools.layers.base import Window as Window
    from caffetools.layers.base import at_least as at_least
    from caffetools.layers.base import between as between
    from caffetools.layers.base import exactly as exactly
    from caffetools.layers.python_layer import PythonLayer as PythonLayer
    from caffetools.log.parsed import ParsedLog as ParsedLog
    from caffetools.log.parsed import parse_log as parse_log
    from caffetools.net import Net as Net
    from caffetools.net import from_text as from_text
    from caffetools.net import load as load
    from caffetools.plugin import register as register
    from caffetools.torch.exported import loss_weight as loss_weight
    from caffetools.torch.exported import to_caffe as to_caffe

_HOMES = {
    "CaffeToolsError": "caffetools.errors",
    "Facts": "caffetools.layers.base",
    "Layer": "caffetools.layers.base",
    "Net": "caffetools.net",
    "Param": "caffetools.layers.base",
    "ParsedLog": "caffetools.log.parsed",
    "PythonLayer": "caffetools.layers.python_layer",
    "ShapeError": "caffetools.errors",
    "Spec": "caffetools.layers.base",
    "Step": "caffetools.layers.base",
    "Window": "caffetools.layers.base",
    "at_least": "caffetools.layers.base",
    "between": "caffetools.layers.base",
    "exactly": "caffetools.layers.base",
    "from_text": "caffetools.net",
    "load": "caffetools.net",
    "loss_weight": "caffetools.torch.exported",
    "parse_log": "caffetools.log.parsed",
    "register": "caffetools.plugin",
    "to_caffe": "caffetools.torch.exported",
}
"""Where each public name lives. It is imported when first used: no command needs them all."""

__all__ = [
    "CaffeToolsError",
    "Facts",
    "Layer",
    "Net",
    "Param",
    "ParsedLog",
    "PythonLayer",
    "ShapeError",
    "Spec",
    "Step",
    "Window",
    "at_least",
    "between",
    "exactly",
    "from_text",
    "load",
    "loss_weight",
    "parse_log",
    "register",
    "to_caffe",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
