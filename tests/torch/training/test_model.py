from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob
from caffetools.torch.training.model import (
    check_finite,
    layer_blobs,
    learnable,
    load,
    loss_weights,
    outputs_of,
    owned_blobs,
    share,
    total_loss,
)
from tests.torch.training.cases import Small, SmallTest


class Shared(nn.Module):
    """Two layers with one weight, statistics in a buffer, a blob of another shape in Caffe."""

    inputs = ("a",)
    outputs = ("x", "y")
    loss_weights = {"y": 0.5, "hidden": 1.0}  # noqa: RUF012
    caffe_params = {"a": ("a.weight",), "b": ("b.weight",), "bn": ("scale",)}  # noqa: RUF012
    caffe_shapes = {"a.weight": (1, 1, 2, 2)}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(2, 2, bias=False)
        self.b = nn.Linear(2, 2, bias=False)
        self.b.weight = self.a.weight
        self.register_buffer("scale", torch.ones(1))

    def forward(self, a: Tensor) -> tuple[Tensor, Tensor]:
        return a, a


def test_blobs_stand_in_the_order_of_the_layers() -> None:
    blobs = layer_blobs(Shared())
    assert [(blob.layer, blob.key, blob.shape) for blob in blobs] == [
        ("a", "a.weight", (1, 1, 2, 2)),
        ("b", "b.weight", (2, 2)),
        ("bn", "scale", (1,)),
    ]


def test_a_shared_blob_belongs_to_the_first_layer() -> None:
    assert [blob.layer for blob in owned_blobs(Shared())] == ["a", "bn"]


def test_blobs_that_a_later_layer_shares_keep_their_order() -> None:
    """Caffe's learnable_params, and so the history of a .solverstate: by first use."""

    class Later(Small):
        caffe_params = {"ip": ("ip.weight", "ip.bias"), "again": ("ip.weight", "ip.weight")}  # noqa: RUF012

    assert [blob.key for blob in owned_blobs(Later())] == ["ip.weight", "ip.bias"]


def test_learnable() -> None:
    module = Shared()
    found = learnable(module, {"a": ((0.0, 2.0),), "bn": ((0.0, 1.0),)})
    assert [(each.lr_mult, each.decay_mult) for each in found] == [(0, 2), (0, 1)]
    assert not module.a.weight.requires_grad
    forced = learnable(module, {"a": ((0.0, 2.0),)}, force_backward=True)
    assert forced[0].tensor.requires_grad
    found = learnable(module, {})
    assert [(each.lr_mult, each.decay_mult) for each in found] == [(1, 1), (1, 1)]
    assert module.a.weight.requires_grad


def test_the_loss_is_what_the_outputs_weigh() -> None:
    module = Shared()
    assert loss_weights(module) == {"y": 0.5}
    outputs = outputs_of(module, (torch.ones(3), torch.tensor([1.0, 4.0])))
    assert float(total_loss(outputs, loss_weights(module))) == 0.5 * (1 + 4)
    assert float(total_loss(outputs, {})) == 0


def test_share_makes_one_tensor_of_two() -> None:
    trained, test = Small(), SmallTest()
    share(test, trained)
    assert test.ip.weight is trained.ip.weight
    assert test.ip.bias is trained.ip.bias


def test_share_reaches_every_layer_that_shares_the_tensor() -> None:
    trained, test = Shared(), Shared()
    share(test, trained)
    assert test.a.weight is test.b.weight is trained.a.weight


def test_share_refuses_another_shape() -> None:
    test = SmallTest()
    test.ip = nn.Linear(6, 4)
    with pytest.raises(
        CaffeToolsError, match=r"shape \(3, 6\) for layer 'ip' in the test net, found \(4, 6\)"
    ):
        share(test, Small())


def test_load_copies_by_name_and_tells_what_is_not_there() -> None:
    module = Small()
    weight, bias = np.arange(18.0, dtype=np.float32), np.ones(3, np.float32)
    blobs = [Blob((1, 1, 3, 6), weight), Blob((3,), bias)]  # the first as old files have it
    assert list(load(module, {"ip": blobs, "other": blobs, "relu": []})) == ["other"]
    assert module.ip.weight.flatten().tolist() == weight.tolist()
    assert module.ip.bias.tolist() == [1, 1, 1]


@pytest.mark.parametrize("given", [[], [None]])
def test_what_an_earlier_layer_shares_need_not_be_there(given: list[Blob | None]) -> None:
    module = Shared()
    ones = Blob((1, 1, 2, 2), np.ones(4, np.float32))
    assert list(load(module, {"b": given, "a": [ones]})) == []
    assert module.b.weight.tolist() == [[1, 1], [1, 1]]
    with pytest.raises(CaffeToolsError, match="expected 1 blobs for layer 'a', found 0"):
        list(load(module, {"a": given, "b": [ones]}))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((3, 6),), "expected 2 blobs for layer 'ip', found 1"),
        (((6, 3), (3,)), r"expected blob 0 of layer 'ip' to be \(3, 6\), found \(6, 3\)"),
    ],
)
def test_load_refuses_what_caffe_does(shapes: tuple[tuple[int, ...], ...], message: str) -> None:
    blobs = [Blob(shape, np.zeros(int(np.prod(shape)), np.float32)) for shape in shapes]
    with pytest.raises(CaffeToolsError, match=message):
        list(load(Small(), {"ip": blobs}))


def test_blobs_that_hold_no_numbers() -> None:
    module = Small()
    check_finite(module, 3)
    module.ip.bias.data[1] = float("nan")
    with pytest.raises(CaffeToolsError, match="blob 1 of layer 'ip' holds nan or inf after iter"):
        check_finite(module, 3)
