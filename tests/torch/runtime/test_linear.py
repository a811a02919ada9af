"""InnerProduct with a transposed weight, and Embed."""

from pathlib import Path

import torch
from torch import nn

from caffetools.torch.runtime.linear import Embed, TransposedLinear
from tests.torch.cases import check_case, check_runs_everywhere, read_case


def test_golden(caffe: Path) -> None:
    linear = TransposedLinear(12, 6)
    check_case(
        read_case(caffe, "layers/ip_1"),
        lambda blobs: {"y": linear(blobs["x"].flatten(1))},
        {"l": linear},
    )
    embed = Embed(7, 5, bias=False)
    check_case(
        read_case(caffe, "layers/embed"), lambda blobs: {"y": embed(blobs["x"])}, {"l": embed}
    )


def test_transposed() -> None:
    ours, theirs = TransposedLinear(3, 4), nn.Linear(3, 4)
    ours.load_state_dict({"weight": theirs.weight.t(), "bias": theirs.bias})
    x = torch.randn(2, 5, 3)
    torch.testing.assert_close(ours(x), theirs(x))
    assert TransposedLinear(3, 4, bias=False).bias is None


def test_embed_by_hand() -> None:
    embed = Embed(3, 2)
    embed.load_state_dict(
        {"weight": torch.arange(6.0).reshape(3, 2), "bias": torch.tensor([10.0, 20])}
    )
    assert embed(torch.tensor([[2.0], [0]])).tolist() == [[[14, 25]], [[10, 21]]]


def test_runs_everywhere() -> None:
    check_runs_everywhere(TransposedLinear(3, 4), torch.randn(2, 3))
    check_runs_everywhere(Embed(3, 4), torch.tensor([0.0, 2]))
