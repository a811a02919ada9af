"""Convolutions and pooling over volumes, against loops over the windows."""

from __future__ import annotations

import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.export.loaded_module import load_module
from tests.torch.emission import lines, program_of

VIDEO = (1, 2, 5, 6, 7)


def test_a_convolution() -> None:
    options = "num_output: 4 kernel_size: 3 kernel_depth: 2 temporal_stride: 2 pad: 1"
    text = f"Convolution3D convolution3d_param {{ {options} bias_filler {{ value: 3 }} }}"
    assert lines(text, VIDEO) == [
        "m = nn.Conv3d(2, 4, kernel_size=(2, 3, 3), stride=(2, 1, 1), padding=(0, 1, 1))",
        "nn.init.zeros_(m.weight)",
        "nn.init.constant_(m.bias, 3.0)",
        "y = self.m(a)",
    ]
    (params,) = program_of(text, VIDEO).params.values()
    assert [param.shape for param in params] == [(4, 2, 2, 3, 3), (1, 1, 1, 1, 4)]
    assert [param.stored for param in params] == [(4, 2, 2, 3, 3), (4,)]


def test_a_deconvolution() -> None:
    options = "num_output: 4 kernel_size: 4 kernel_depth: 1 stride: 2 bias_term: false"
    text = f"Deconvolution3D convolution_param {{ {options} }}"
    assert lines(text, VIDEO)[0] == (
        "m = nn.ConvTranspose3d(2, 4, kernel_size=(1, 4, 4), stride=(1, 2, 2), bias=False)"
    )


@pytest.mark.parametrize("pool", ["MAX", "AVE"])
def test_pooling(pool: str) -> None:
    """Windows of 2 x 3 x 3, rounded up: the last are cut off, and averages count what is left."""
    options = f"pool: {pool} kernel_depth: 2 temporal_stride: 2 kernel_size: 3 stride: 2"
    text = f"Pooling3D pooling3d_param {{ {options} }}"
    x = torch.randn(VIDEO)
    y = load_module(program_of(text, VIDEO))(x)
    assert y.shape == (1, 2, 3, 3, 3)
    reduce = torch.amax if pool == "MAX" else torch.mean
    for length, row, column in ((0, 0, 0), (2, 2, 1), (1, 1, 2)):
        start = length * 2, row * 2, column * 2
        window = x[:, :, start[0] :, start[1] :, start[2] :][:, :, :2, :3, :3]
        torch.testing.assert_close(y[:, :, length, row, column], reduce(window, (2, 3, 4)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "kernel_depth: 1 kernel_size: 1 stride: 4",  # 0, 4, 8 of 6
            "PyTorch drops the last window, which starts beyond the input",
        ),
        (
            "pool: STOCHASTIC kernel_depth: 1 kernel_size: 1",
            "STOCHASTIC pooling of volumes has no code for the CPU in its fork",
        ),
    ],
)
def test_refused(options: str, message: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        program_of(f"Pooling3D pooling3d_param {{ {options} }}", VIDEO)
    assert caught.value.message == message
