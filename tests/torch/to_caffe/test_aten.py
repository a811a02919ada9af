"""PyTorch's functions as nets: `from_torch` verifies each, so the layers are what is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError, Location
from caffetools.torch.to_caffe.from_torch import from_torch
from tests.torch.drafts import Called, converted, random_module, types


def _excited(x: Tensor, conv: nn.Module) -> Tensor:
    return x * torch.sigmoid(conv(F.adaptive_avg_pool2d(x, 1)))


def _focused(x: Tensor) -> Tensor:
    parts = [x[..., i::2, j::2] for i in (0, 1) for j in (0, 1)]
    return torch.cat(parts, 1)


def _shuffled(x: Tensor) -> Tensor:
    return x.view(1, 2, 2, 8, 10).transpose(1, 2).reshape(1, 4, 8, 10)


def _attended(x: Tensor, conv: nn.Module) -> Tensor:
    planes = [x.mean(1, keepdim=True), x.amax(1, keepdim=True)]
    return x * torch.sigmoid(conv(torch.cat(planes, 1)))


CASES: list[tuple[Callable[..., Any], list[nn.Module], str]] = [
    (lambda x, c: c(x), [nn.Conv2d(4, 8, 3, 2, 1, 2, groups=2)], "Convolution"),
    (lambda x, c: c(x), [nn.Conv2d(4, 8, (3, 1), padding="same")], "Convolution"),
    (lambda x, c: c(x), [nn.Conv2d(4, 8, 3, padding=1, padding_mode="reflect")],
     "Slice Concat Slice Concat Convolution"),
    (lambda x, c: c(F.pad(x, (1, 1, 2, 2))), [nn.Conv2d(4, 8, 3)], "Convolution"),
    (lambda x, c: c(x.flatten(2)), [nn.Conv1d(4, 8, 3)], "Reshape Convolution"),
    (lambda x, c: c(x), [nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2)], "Deconvolution"),
    (lambda x, b: b(x), [nn.BatchNorm2d(4, eps=1e-3)], "BatchNorm Scale"),
    (lambda x, b: b(x.flatten(1)), [nn.BatchNorm1d(320)], "Flatten BatchNorm Scale"),
    (lambda x, b: b(x), [nn.InstanceNorm2d(4, track_running_stats=True)], "BatchNorm"),
    (lambda x, m: m(x), [nn.LayerNorm(10)],
     "Reduction Power Bias Power Reduction Power Scale Scale"),
    (lambda x, m: m(x), [nn.RMSNorm(10)], "Power Reduction Power Scale Scale"),
    (lambda x, m: m(x), [nn.GroupNorm(2, 4)],
     "Reshape Reduction Power Bias Power Reduction Power Scale Reshape Scale"),
    (lambda x: F.max_pool1d(x.flatten(2), 3, 2, 1), [], "Reshape Pooling Reshape"),
    (lambda x: F.avg_pool2d(x, 3, 2, 1), [], "Pooling"),
    (lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), [], "Pooling Scale"),
    (lambda x: F.adaptive_max_pool2d(x, (4, 5)), [], "Pooling"),
    (_excited, [nn.Conv2d(4, 4, 1)], "Pooling Convolution Sigmoid Flatten Scale"),
    (_focused, [], " ".join(["Convolution"] * 8 + ["Concat"])),
    (_shuffled, [], "Reshape Slice Concat Reshape"),
    (_attended, [nn.Conv2d(2, 1, 3, padding=1)],
     "Reshape Pooling Reshape Reshape Pooling Reshape Concat Convolution Sigmoid Tile Eltwise"),
    (lambda x, f: f(x.mean((2, 3))), [nn.Linear(4, 2)], "Pooling InnerProduct"),
    (lambda x: x @ torch.ones(10, 2), [], "InnerProduct"),
    (lambda x: torch.addmm(torch.ones(2), x.flatten(1), torch.ones(320, 2)), [],
     "InnerProduct"),
    (lambda x: torch.addcmul(torch.ones(4, 1, 1), x, 2 * torch.ones(4, 1, 1)), [], "Scale"),
    (lambda x: F.relu6(x) + F.hardtanh(x), [], "Clip Clip Eltwise"),
    (lambda x: F.silu(x) - x, [], "Swish Eltwise"),
    (lambda x: (2 - x) * 3 / 4, [], "Power"),
    (lambda x: torch.rsqrt(x * x + 1), [], "Power Power"),
    (lambda x: torch.exp(-x).abs().clamp(max=2), [], "Power Exp AbsVal Clip"),
    (lambda x: torch.log_softmax(x, 1), [], "Softmax Log"),
    (lambda x: (x > 0.5).float(), [], "Threshold"),
    (lambda x: torch.stack(x.unbind(1)[::-1], 1), [], "Slice Concat"),
    (lambda x: torch.cat(x.chunk(2, 1)[::-1], 1), [], "Slice Concat"),
    (lambda x: torch.cat([x, torch.ones(1, 2, 8, 10)], 1), [],
     "Slice Power Tile Bias Concat Silence"),
    (lambda x: x[:, 1:3, 2:, -4:-1], [], "Slice Slice Slice Silence"),
    (lambda x: x.flip(1), [], "Slice Concat"),
    (lambda x: x[:, [3, 0]], [], "Slice Concat Silence"),
    (lambda x: F.glu(x, 1), [], "Slice Sigmoid Eltwise"),
    (lambda x: x.amin((2, 3)), [], "Power Pooling Power Flatten"),
    (lambda x: F.max_pool2d(x, 2, return_indices=True)[0], [], "Pooling"),
    (lambda x: (x < 0.5).float(), [], "Power Threshold"),
    (lambda x: torch.roll(x, (1, 2), (1, 2)), [], "Slice Concat Slice Concat"),
    (lambda x: x.index_select(1, torch.tensor([2, 0])), [], "Slice Concat Silence"),
    (lambda x: x[:, 1].repeat(1, 2, 1), [], "Slice Reshape Tile Silence"),
    (lambda x: x.mean(1, keepdim=True).expand(-1, 3, -1, -1), [], "Reshape Pooling Reshape Tile"),
    (lambda x: x.max(1)[0], [], "Reshape Pooling Reshape"),
    (F.normalize, [], "Power Reshape Pooling Reshape Power Clip Tile Power Eltwise"),
    (lambda x: F.dropout(x, training=False) * 1.5, [], "Power"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "modules", "layers"), CASES)
def test_functions(function: Callable[..., Any], modules: list[nn.Module], layers: str) -> None:
    net = converted(function, *modules)
    assert types(net.prototxt) == layers.split()
    assert net.difference < 1e-5


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x @ x[0, 0, 0], "'matmul', operator matmul: the product with a computed vector"),
        (lambda x: F.linear(x, x[0, 0]), "operator linear: the product of two computed matrices"),
        (F.gelu, "'gelu', operator gelu: GELU has no form in Caffe"),
        (torch.erf, "'erf', operator erf: it has no exact form in Caffe's layers"),
        (lambda x: F.conv2d(x, x[:, :, :2, :2]), "computed weights of Convolution have no form"),
        (
            lambda x: x[x > 0],
            "operator index: the shape of its result depends on the data",
        ),
        (lambda x: x[:, [0], [1]], "several or computed lists of indices"),
        (lambda x: torch.roll(x, 1), "'roll', operator roll: roll expected axes"),
        (lambda x: x.sum(), "'sum', operator sum: a tensor without axes"),
        (lambda x: F.prelu(x, x[0, :, 0, 0]), "operator prelu: its arguments have no exact form"),
    ],
)
def test_refusals_name_the_operator_and_its_line(
    function: Callable[..., Any], message: str
) -> None:
    with pytest.raises(CaffeToolsError) as error:
        converted(function)
    assert message in error.value.message
    line = Called.forward.__code__.co_firstlineno + 1
    assert error.value.location == Location(Called.forward.__code__.co_filename, line)


def test_embedding_reads_integers() -> None:
    module = random_module(Called(lambda x, e: e(x), nn.Embedding(5, 3)))
    net = from_torch(module, torch.tensor([[1, 4]]))
    assert types(net.prototxt) == ["Embed"]
    assert net.difference == 0
