"""Every blob of a module, and how far it is from a reference."""

from __future__ import annotations

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.net.net import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.trace import compared, run, seeded, traced
from tests.torch.nets import PHASES

TEXT = (
    'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }'
    'layer { name: "p" type: "Power" bottom: "x" top: "y" power_param { scale: 2 } }'
    'layer { name: "r" type: "ReLU" bottom: "y" top: "y" }'
    'layer { name: "s" type: "Power" bottom: "y" top: "z" power_param { shift: 1 } }'
)
X = {"x": np.array([[1, -1]], np.float32)}


def test_all_blobs_as_they_are_in_the_end() -> None:
    found = run(assemble(from_text(TEXT)), {}, X)
    assert {name: values.tolist() for name, values in found.items()} == {
        "y": [[2, 0]],
        "z": [[3, 1]],
    }


def test_only_the_phase_of_the_net_is_traced() -> None:
    both = assemble(from_text(PHASES), from_text(PHASES, phase="test"))
    trace = traced(both)
    assert {phase: [each.blob for each in tensors] for phase, tensors in trace.outputs.items()} == {
        "TRAIN": ["ip", "loss"]
    }
    assert len(trace.statements) == 2


def test_comparison() -> None:
    program = assemble(from_text(TEXT))
    found = run(program, {}, X)
    reference = {"y": np.array([[2, 1]]), "z": np.array([[3.0]])}
    first, second = compared(program, found, reference)
    assert (first.layer, first.blob, first.difference, first.largest) == ("r", "y", 1.0, 2.0)
    assert not first.is_right
    assert (second.expected, second.difference) == ((1, 1), None)
    assert not second.is_right
    assert all(row.is_right for row in compared(program, found, {}))
    assert all(row.is_right for row in compared(program, found, found))


@pytest.mark.parametrize(
    ("wanted", "found", "is_right"),
    [
        (np.nan, np.nan, True),
        (np.nan, 0.0, False),
        (-3.4028235e38, -3.4028235e38, True),
        (-3.4028235e38, 0.0, False),
        (0.0, np.nan, False),
    ],
)
def test_what_has_no_value(wanted: float, found: float, *, is_right: bool) -> None:
    program = assemble(from_text(TEXT))
    values = {"y": np.array([[1, found]], np.float32), "z": np.zeros((1, 2), np.float32)}
    reference = {"y": np.array([[1, wanted]], np.float32)}
    first, _ = compared(program, values, reference)
    assert first.is_right is is_right


def test_inputs_are_drawn_or_given() -> None:
    program = assemble(from_text(PHASES))
    drawn = seeded(program, {})
    assert drawn["data"].shape == (8, 4)
    assert set(drawn["label"].tolist()) <= {0.0, 1.0}
    np.testing.assert_array_equal(seeded(program, {})["data"], drawn["data"])
    given = np.ones((8, 4))
    assert seeded(program, {"data": given})["data"].dtype == np.float32
    with pytest.raises(CaffeToolsError) as caught:
        seeded(program, {"data": np.ones((2, 4))})
    assert caught.value.message == "the input 'data' is 8 x 4, found 2 x 4"
