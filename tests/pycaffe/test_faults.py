from __future__ import annotations

import pytest

from caffetools.errors import CaffeToolsError, Location
from caffetools.pycaffe.faults import (
    CaffeError,
    LayerNameError,
    MissingFileError,
    UnknownNameError,
    failures,
)


def test_an_error_is_a_runtime_error_at_its_place() -> None:
    with pytest.raises(RuntimeError) as caught, failures():
        raise CaffeToolsError("no such layer", Location("net.prototxt", 3, 1), "layer {")
    assert isinstance(caught.value, CaffeError)
    assert str(caught.value) == "net.prototxt:3:1: no such layer"
    assert caught.value.excerpt == "layer {"


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [(LayerNameError, ValueError), (UnknownNameError, KeyError), (MissingFileError, OSError)],
)
def test_other_kinds_are_kept(kind: type[CaffeToolsError], builtin: type[Exception]) -> None:
    with pytest.raises(builtin) as caught, failures():
        raise kind("no layer 'x'", Location("n"))
    assert str(caught.value) == "n: no layer 'x'"


def test_other_exceptions_pass() -> None:
    with pytest.raises(ZeroDivisionError), failures():
        _ = 1 / 0
