"""Convolutions over any number of axes: golden cases, and PyTorch's where it has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from caffetools.torch.runtime.convolution import ConvNd, ConvTransposeNd, im2col
from tests.torch.cases import check_case, check_runs_everywhere, read_case


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("conv_1d", ConvNd(3, 4, (3,), (1,), (1,), (1,))),
        ("conv_3d", ConvNd(3, 4, (3, 3, 3), (2, 2, 2), (1, 1, 1), (1, 1, 1))),
        ("conv_6", ConvNd(6, 8, (3, 3), (3, 3), (0, 0), (2, 2), groups=2)),
        ("conv_depthwise", ConvNd(6, 6, (3, 3), (2, 2), (1, 1), (1, 1), groups=6, bias=False)),
        ("deconv_0", ConvTransposeNd(4, 4, (2, 2), (1, 1), (0, 0), (1, 1), groups=2)),
        ("deconv_1", ConvTransposeNd(2, 2, (4, 4), (2, 2), (1, 1), (1, 1), bias=False)),
        ("deconv_dilated", ConvTransposeNd(3, 2, (3, 3), (2, 2), (0, 0), (2, 2))),
    ],
)
def test_golden(caffe: Path, name: str, module: nn.Module) -> None:
    case = read_case(caffe, f"layers/{name}")
    check_case(case, lambda blobs: {"y": module(blobs["x"])}, {"l": module})


def test_golden_im2col(caffe: Path) -> None:
    case = read_case(caffe, "layers/im2col")
    check_case(case, lambda blobs: {"y": im2col(blobs["x"], (3, 3), (2, 2), (1, 1), (1, 1))})


axes = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2))


@settings(max_examples=40)
@given(st.lists(axes, min_size=1, max_size=3), st.sampled_from([1, 2]))
def test_equal_to_pytorch(windows: list[tuple[int, int, int, int]], groups: int) -> None:
    kernel, stride, padding, dilation = (tuple(line) for line in zip(*windows, strict=True))
    dims = len(windows)
    x = torch.randn(2, 4, *range(6, 6 + dims))
    kinds: Any = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
    theirs = kinds[dims - 1](4, 6, kernel, stride, padding, dilation, groups)
    ours = ConvNd(4, 6, kernel, stride, padding, dilation, groups=groups)
    ours.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-5)
    kinds = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    theirs = kinds[dims - 1](4, 6, kernel, stride, padding, 0, groups, dilation=dilation)
    ours_back = ConvTransposeNd(4, 6, kernel, stride, padding, dilation, groups=groups)
    ours_back.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(ours_back(x), theirs(x), rtol=1e-4, atol=1e-5)


@settings(max_examples=40)
@given(axes, axes)
def test_im2col_is_unfold(
    vertical: tuple[int, int, int, int], horizontal: tuple[int, int, int, int]
) -> None:
    kernel, stride, padding, dilation = zip(vertical, horizontal, strict=True)
    x = torch.randn(2, 3, 5, 6)
    assume(all(d * (k - 1) + 1 <= 5 + 2 * p for k, _, p, d in (vertical, horizontal)))
    columns = im2col(x, kernel, stride, padding, dilation)
    assert torch.equal(columns.flatten(2), F.unfold(x, kernel, dilation, padding, stride))


def test_four_axes_are_sums_of_three() -> None:
    module = ConvNd(2, 3, (2, 1, 2, 1), (1,) * 4, (0,) * 4, (1,) * 4)
    nn.init.normal_(module.weight)
    x = torch.randn(1, 2, 3, 2, 3, 2)
    y = module(x)
    assert y.shape == (1, 3, 2, 2, 2, 2)
    for index in range(2):
        slices = [F.conv3d(x[:, :, index + step], module.weight[:, :, step]) for step in range(2)]
        torch.testing.assert_close(y[:, :, index], slices[0] + slices[1])
    back = ConvTransposeNd(3, 2, (2, 1, 2, 1), (1,) * 4, (0,) * 4, (1,) * 4, bias=False)
    with torch.no_grad():
        back.weight.copy_(module.weight)
    # the transpose: <conv(x), z> = <x, transpose(z)>
    z = torch.randn(y.shape)
    torch.testing.assert_close((y * z).sum(), (x * back(z)).sum(), rtol=1e-4, atol=1e-4)


def test_runs_everywhere() -> None:
    x = torch.randn(1, 2, 3, 4)
    check_runs_everywhere(ConvNd(2, 4, (2, 2), (1, 2), (1, 0), (1, 1), groups=2), x)
    check_runs_everywhere(ConvTransposeNd(2, 4, (2, 2), (1, 2), (1, 0), (1, 1)), x)
    check_runs_everywhere(lambda x: im2col(x, (2, 2), (1, 2), (1, 0), (1, 1)), x)
