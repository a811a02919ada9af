"""Which form a file's name asks for."""

from __future__ import annotations

import pytest

from caffetools.drawing.output import drawn, form_of
from caffetools.drawing.scene import Scene
from caffetools.errors import CaffeToolsError

SCENE = Scene(10, 10, "title", "told", ())


@pytest.mark.parametrize(("path", "expected"), [("a.svg", "svg"), ("a/b.c.PNG", "png")])
def test_form_of(path: str, expected: str) -> None:
    assert form_of(path) == expected


@pytest.mark.parametrize(
    ("path", "found"), [("a.jpg", ".jpg"), ("svg", "no ending"), ("", "no ending")]
)
def test_other_forms_are_refused(path: str, found: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        form_of(path)
    assert caught.value.message == (
        f"expected a name that ends in one of .svg, .png, .pdf, found {found}"
    )


@pytest.mark.parametrize(
    ("form", "start"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF")]
)
def test_drawn(form: str, start: bytes) -> None:
    assert drawn(SCENE, form).startswith(start)
