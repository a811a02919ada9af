"""Layer types of a user's own, from a file of Python."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path

from caffetools.errors import CaffeToolsError, Location
from caffetools.layers import REGISTRY
from caffetools.layers.base import LayerClass


def register(layer_class: LayerClass) -> LayerClass:
    """Add a layer type, or put another class in the place of one; for use as a decorator.

    Raises CaffeToolsError for a class without a `type`.
    """
    REGISTRY.register(layer_class)
    return layer_class


def load_plugin(path: Path) -> None:
    """Run a file of Python that registers layer types.

    Raises CaffeToolsError, at the file's own line, for a file that cannot be read or run.
    """
    name = f"caffetools_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CaffeToolsError("a plugin is a file of Python, named FILE.py", Location(str(path)))
    if not path.exists():
        raise CaffeToolsError("no such file", Location(str(path)))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses and pickle look for what a module defines
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        file = str(path) if error.filename == spec.origin else str(error.filename)
        raise CaffeToolsError(f"not Python: {error.msg}", Location(file, error.lineno)) from None
    except Exception as error:  # noqa: BLE001  # other people's code may raise anything
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == spec.origin
        ]
        place = Location(str(path), lines[-1] if lines else None)
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise CaffeToolsError(f"the plugin failed: {told}", place) from None
