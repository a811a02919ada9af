"""Caffe nets, logs and weights, read and recomputed without Caffe."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caffetools.errors import CaffeToolsError as CaffeToolsError
    from caffetools.net import Net as Net
    from caffetools.net import load as load
    from caffetools.plugin import register as register

_HOMES = {
    "CaffeToolsError": "caffetools.errors",
    "Net": "caffetools.net",
    "load": "caffetools.net",
    "register": "caffetools.plugin",
}
"""Where each public name lives. It is imported when first used: no command needs them all."""

__all__ = ["CaffeToolsError", "Net", "load", "register"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
