from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.forward import Forward
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.training.progress import SkippedItems
from tests.torch.training.cases import Small, project, trainer

DATA, LABEL = torch.ones(2, 1, 2, 3), torch.tensor([0.0, 2.0])


def forward(module: nn.Module, called: nn.Module | None = None) -> Forward:
    skipped = SkippedItems(GlogWriter(None))
    return Forward(module, called or module, torch.device("cpu"), skipped)


def test_the_outputs_by_name() -> None:
    module = Small()
    outputs = forward(module)(module, {"label": LABEL, "data": DATA})
    assert list(outputs) == ["loss"]


def test_what_stands_for_a_net_is_called_in_training_alone() -> None:
    class Averaging(nn.Module):
        def forward(self, *inputs: Tensor) -> Tensor:
            return torch.tensor(7.0)

    module = Small()
    call = forward(module, Averaging())
    assert call(module, {"data": DATA, "label": LABEL})["loss"] == 7
    assert call(module.eval(), {"data": DATA, "label": LABEL})["loss"] != 7


def test_data_of_a_shape_that_the_net_cannot_take() -> None:
    module = Small()
    with pytest.raises(CaffeToolsError) as caught:
        forward(module)(module, {"data": torch.ones(2, 1, 3, 3), "label": LABEL})
    start = "the net cannot take 'data' (2, 1, 3, 3), 'label' (2,): mat1 and mat2 shapes"
    assert caught.value.message.startswith(start)


def test_a_label_out_of_range_that_nothing_checked() -> None:
    module = Small()
    with pytest.raises(CaffeToolsError, match="a label is out of range: Target 3 is out of bounds"):
        forward(module)(module, {"data": DATA, "label": LABEL + 3})


def test_a_net_that_cannot_be_compiled() -> None:
    def backend(*_: object) -> None:
        raise OSError("no compiler of this shape")

    module = Small()
    module.compile(backend=backend)
    with pytest.raises(CaffeToolsError) as caught:
        forward(module)(module, {"data": DATA, "label": LABEL})
    assert caught.value.message.startswith("PyTorch cannot compile the net: ")
    assert "no compiler of this shape" in caught.value.message


def test_any_other_error_is_a_bug() -> None:
    class Broken(Small):
        def forward(self, *_: Tensor) -> Tensor:
            raise RuntimeError("something else")

    module = Broken()
    with pytest.raises(RuntimeError, match="something else"):
        forward(module)(module, {"data": DATA, "label": LABEL})


def test_scores_are_the_mean_of_all_batches(tmp_path: Path) -> None:
    made = trainer(project(tmp_path))
    net = made.tests[0]
    inputs = net.readers[0].batches
    with torch.no_grad():
        batches = [made.forward(net.module, inputs[start].tensors) for start in (0, 5)]
    result = made.forward.mean_outputs(net, lambda: False)
    assert result is not None
    for blob in ("accuracy", "loss"):
        mean = sum(float(batch[blob]) for batch in batches) / 2
        assert float(result[0][blob]) == pytest.approx(mean)
    assert float(result[1]) == pytest.approx(float(result[0]["loss"]))
    assert net.readers[0].position == 10


def test_a_test_may_be_stopped(tmp_path: Path) -> None:
    made = trainer(project(tmp_path))
    assert made.forward.mean_outputs(made.tests[0], lambda: True) is None
