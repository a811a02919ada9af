"""Inner products, embeddings, distances, and convolution with weights for each position."""

from pathlib import Path

import torch
from torch import nn

from caffetools.torch.runtime.linear import (
    Embed,
    InnerDistance,
    Local,
    TransposedLinear,
    inner_distance,
)
from tests.torch.cases import check_case, check_runs_everywhere, gradients, read_case


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
    check_runs_everywhere(InnerDistance(3, 4), torch.randn(2, 3))
    check_runs_everywhere(Local(2, 3, (2, 3), 2), torch.randn(2, 2, 3, 4))


def test_distances_by_hand() -> None:
    x = torch.tensor([[1.0, 2], [3, 5]], requires_grad=True)
    rows = torch.tensor([[0.0, 0], [1, 4]], requires_grad=True)
    assert inner_distance(x, rows).tolist() == [[1 + 4, 4], [9 + 25, 4 + 1]]
    assert inner_distance(x, rows, distance_type="L1").tolist() == [[3, 2], [8, 3]]
    # Caffe adds -1, whatever the gradient of the distance, where a difference is negative.
    tripled = gradients(3 * inner_distance(x, rows, distance_type="L1"), x, rows)
    signs = (rows - x.unsqueeze(1)).sign()
    by_x, by_row = (torch.where(side > 0, 3, side) for side in (-signs, signs))
    assert [each.tolist() for each in tripled] == [by_x.sum(1).tolist(), by_row.sum(0).tolist()]
    _, by_rows = gradients(inner_distance(x, rows, torch.tensor([1.0, 1])), x, rows)
    # Row 1 alone, from both items: 2 (1 - 1 + 1 - 3), 2 (4 - 2 + 4 - 5).
    assert by_rows.tolist() == [[0, 0], [-4, 2]]


def test_rows_are_normalized_for_good_in_training() -> None:
    layer = InnerDistance(2, 1, bias=True, normalize=True)
    layer.load_state_dict({"weight": torch.tensor([[3.0, 4]]), "bias": torch.ones(1)})
    x = torch.tensor([[0.6, 1.8]])
    torch.testing.assert_close(layer.eval()(x), torch.tensor([[1.0 + 1]]))
    assert layer.weight.tolist() == [[3, 4]]
    y = layer.train()(x)
    torch.testing.assert_close(layer.weight.detach(), torch.tensor([[0.6, 0.8]]))
    (gradient,) = gradients(y, layer.weight)
    torch.testing.assert_close(gradient, torch.tensor([[0.0, -2]]))


def test_local_by_hand() -> None:
    """Two positions of a kernel of 1 with stride 2: 1 and 3, times 10 and 20, plus 5 and 6."""
    layer = Local(1, 1, (1, 2), 1, stride=2)
    weight, bias = (torch.tensor(each).reshape(1, 1, 1, 2) for each in ([10.0, 20], [5.0, 6]))
    layer.load_state_dict({"weight": weight, "bias": bias})
    assert layer(torch.tensor([1.0, 2, 3]).reshape(1, 1, 1, 3)).tolist() == [[[[15, 66]]]]


def test_local_with_one_kernel_is_a_convolution() -> None:
    conv, x = nn.Conv2d(2, 3, 3, stride=2, padding=1), torch.randn(2, 2, 5, 6)
    layer = Local(2, 3, (3, 3), 3, stride=2, padding=1, bias=False)
    kernel = conv.weight.flatten(1)[:, None, :, None].expand(layer.weight.shape)
    layer.load_state_dict({"weight": kernel})
    assert conv.bias is not None
    torch.testing.assert_close(layer(x) + conv.bias[:, None, None], conv(x))
