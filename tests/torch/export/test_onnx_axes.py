"""Which axes of inputs are the batch, height and width."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.onnx_axes import Axes, dynamic_axes, resized
from tests.nets import given

SIZE = {2: "height", 3: "width"}
NET = given("x", 1, 3, 8, 6) + given("info", 1, 3) + given("label", 1) + given("mask", 1, 1, 8, 6)


@pytest.mark.parametrize(
    ("dynamic", "expected"),
    [
        ((), ({}, {}, {}, {})),
        (("batch",), ({0: "batch"}, {}, {0: "batch"}, {0: "batch"})),
        (("size",), (SIZE, {}, {}, SIZE)),
        (("size", "batch"), ({0: "batch", **SIZE}, {}, {0: "batch"}, {0: "batch", **SIZE})),
    ],
)
def test_axes(dynamic: Sequence[str], expected: tuple[Axes, ...]) -> None:
    assert dynamic_axes(assemble(from_text(NET, phase="test")), dynamic) == expected


def test_sizes() -> None:
    spec = assemble(from_text(NET, phase="test"))
    axes = dynamic_axes(spec, ("batch", "size"))
    found = resized(spec, axes, {"batch": 3, "height": 1.5})
    assert [tensor.shape for tensor in found.inputs] == [(3, 3, 12, 6), (1, 3), (3,), (3, 1, 12, 6)]
    assert resized(spec, axes, {}) == spec
