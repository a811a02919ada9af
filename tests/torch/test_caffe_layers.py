"""Exported modules compared with what real Caffe computed of the same small nets.

Each case is one layer, or a small net, with seeded inputs and weights. Outputs, running statistics
and the gradients of inputs and blobs are equal to Caffe's within 1e-4 of the largest value.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from torch import Tensor, nn

import caffetools
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.loaded_module import load_module
from tests.caffe_results import cases
from tests.torch.cases import read_case
from tests.torch.golden import check_emitted, check_module

ALL = ("layers", "layers_ssd", "layers_hard", "layers_forks")


@pytest.mark.parametrize("name", [name for folder in ALL for name in cases(folder)])
def test_a_case(caffe: Path, name: str) -> None:
    check_emitted(caffe, name)


@pytest.mark.parametrize("name", cases("layers_quirks"))
def test_a_case_is_equal_or_has_a_note(caffe: Path, name: str) -> None:
    case = read_case(caffe, name)
    net = caffetools.load(caffe / name / "net.prototxt", phase=case.phase)
    notes = [note.message for note in assemble(net).notes]
    if not any("Caffe's gradient is not the true one" in note for note in notes):
        check_emitted(caffe, name)
        return
    with pytest.raises(AssertionError, match=r"gradient of|dparam"):
        check_emitted(caffe, name)


class Wrong(nn.Module):
    """A module with wrong outputs, or with right outputs and wrong gradients."""

    def __init__(self, inner: Any, *, outputs: bool) -> None:
        super().__init__()
        self.inner, self.wrong_outputs = inner, outputs
        self.inputs, self.outputs = inner.inputs, inner.outputs
        self.caffe_params: dict[str, tuple[str, ...]] = {}

    def forward(self, blob: Tensor) -> Any:
        wrong = self.inner(blob * 1.001)
        return wrong if self.wrong_outputs else wrong - (wrong - self.inner(blob)).detach()


@pytest.mark.parametrize(("outputs", "message"), [(True, "y"), (False, "gradient of")])
def test_a_difference_is_seen(caffe: Path, message: str, *, outputs: bool) -> None:
    case = read_case(caffe, "layers/power_affine")
    program = assemble(caffetools.load(caffe / case.name / "net.prototxt", phase="train"))
    with pytest.raises(AssertionError, match=message):
        check_module(case, Wrong(load_module(program), outputs=outputs))
