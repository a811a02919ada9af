"""Scenes as files: which form a file's name asks for, and its bytes."""

from __future__ import annotations

import os

from caffetools.drawing.scene import Scene
from caffetools.drawing.svg import svg
from caffetools.errors import CaffeToolsError, Location

FORMS = ("svg", "png", "pdf")


def form_of(path: str, forms: tuple[str, ...] = FORMS) -> str:
    """The form that the end of a file's name tells; raises CaffeToolsError for another."""
    form = os.path.splitext(path)[1].lower().removeprefix(".")
    if form not in forms:
        expected = ", ".join(f".{name}" for name in forms)
        found = f".{form}" if form else "no ending"
        message = f"expected a name that ends in one of {expected}, found {found}"
        raise CaffeToolsError(message, Location(path))
    return form


def drawn(scene: Scene, form: str) -> bytes:
    """The scene in a form."""
    if form == "svg":
        return svg(scene).encode("utf-8")
    from caffetools.drawing import raster

    return raster.png(scene) if form == "png" else raster.pdf(scene)
