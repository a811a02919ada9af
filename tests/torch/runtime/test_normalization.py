"""Caffe's normalisations: golden cases, and the sums written out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from caffetools.torch.runtime.normalization import (
    BN,
    BatchNorm,
    Normalize,
    lrn_squared_factor,
    lrn_within_channel,
    mean_variance_normalize,
)
from tests.torch.cases import assert_close, check_case, check_runs_everywhere, gradients, read_case

BOTH_FALSE = {"across_spatial": False, "channel_shared": False}


@pytest.mark.parametrize(
    ("name", "channels", "options"),
    [
        ("bn_2d", 6, {}),
        ("bn_train", 2, {}),
        ("bn_test", 2, {"eps": 0.001}),
        ("bn_global", 8, {"use_global_stats": True}),
    ],
)
def test_golden_batch_norm(caffe: Path, name: str, channels: int, options: dict[str, Any]) -> None:
    case = read_case(caffe, f"layers/{name}")
    module = BatchNorm(channels, **options)
    check_case(case, lambda blobs: {"y": module(blobs["x"])}, {"l": module})
    for index, blob in enumerate(module.buffers()):
        want = case.arrays.get(f"after/l/{index}", case.arrays[f"param/l/{index}"])
        assert_close(want, blob, f"{name}: blob {index} afterwards")


@pytest.mark.parametrize(
    ("name", "local_size", "alpha", "beta"),
    [("lrn_2_within_channel", 5, 0.5, 0.5), ("lrn_3_within_channel", 5, 0.5, 0.75)],
)
def test_golden_lrn(caffe: Path, name: str, local_size: int, alpha: float, beta: float) -> None:
    case = read_case(caffe, f"layers/{name}")
    check_case(case, lambda blobs: {"y": lrn_within_channel(blobs["x"], local_size, alpha, beta)})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mvn_0", {}),
        ("mvn_1", {"normalize_variance": False}),
        ("mvn_2", {"across_channels": True}),
        ("mvn_3", {"across_channels": True, "eps": 0.01}),
    ],
)
def test_golden_mvn(caffe: Path, name: str, options: dict[str, Any]) -> None:
    case = read_case(caffe, f"layers/{name}")
    check_case(case, lambda blobs: {"y": mean_variance_normalize(blobs["x"], **options)})


@pytest.mark.parametrize(
    ("name", "channels", "options"),
    [
        ("normalize_2d", 5, {**BOTH_FALSE, "eps": 0.01}),
        ("normalize_3d", 3, {"eps": 0.01}),
        ("normalize_default", 3, {}),
        ("normalize_eps_spatial_false", 3, {**BOTH_FALSE, "eps": 0.5}),
        ("normalize_eps_spatial_true", 3, {"channel_shared": False, "eps": 0.5}),
        ("normalize_spatial_false_shared_false", 6, BOTH_FALSE),
        ("normalize_spatial_false_shared_true", 6, {"across_spatial": False}),
        ("normalize_spatial_true_shared_false", 3, {"channel_shared": False}),
        ("normalize_ssd", 8, BOTH_FALSE),
        ("normalize_zeros", 3, {"across_spatial": False}),
    ],
)
def test_golden_normalize(caffe: Path, name: str, channels: int, options: dict[str, Any]) -> None:
    case = read_case(caffe, f"layers_ssd/{name}")
    module = Normalize(channels, **options)
    check_case(case, lambda blobs: {"y": module(blobs["x"])}, {"l": module})


def test_the_running_sums_of_batch_norm() -> None:
    module = BatchNorm(2, moving_average_fraction=0.5)
    batches = torch.randn(2, 3, 2, 4)
    for batch in batches:
        y = module(batch)
    values = batches.numpy().transpose(0, 2, 1, 3).reshape(2, 2, 12)
    # sum = 0.5 * sum + batch's mean, or variance over 12 - 1; factor = 0.5 * 1 + 1
    means, variances = values.mean(2), values.var(2, ddof=1)
    assert_close(0.5 * means[0] + means[1], module.mean, "mean")
    assert_close(0.5 * variances[0] + variances[1], module.variance, "variance")
    assert module.scale_factor.tolist() == [1.5]
    last = (values[1] - means[1][:, None]) / np.sqrt(values[1].var(1)[:, None] + 1e-5)
    assert_close(last.reshape(2, 3, 4).transpose(1, 0, 2), y, "normalised with 1 / m")


def test_a_scale_factor_of_0_is_a_mean_and_variance_of_0() -> None:
    module = BatchNorm(3, eps=0.25).eval()
    module.mean.fill_(7)
    module.variance.fill_(7)
    x = torch.randn(2, 3, 4)
    torch.testing.assert_close(module(x), x / 0.5)


def test_batch_norm_of_one_value_a_channel() -> None:
    module = BatchNorm(3)
    x = torch.tensor([[1.0, 2, 3]], requires_grad=True)
    y = module(x)
    assert y.tolist() == [[0, 0, 0]]
    assert module.mean.tolist() == [1, 2, 3]
    assert module.variance.tolist() == [0, 0, 0]
    assert gradients(y, x)[0].tolist() == [[0, 0, 0]]


def test_bn_of_one_value_a_channel_is_its_bias() -> None:
    module = BN(3, momentum=0.75)
    nn.init.constant_(module.bias, 5)
    x = torch.tensor([[1.0, 2, 3]], requires_grad=True)
    y = module(x)
    assert y.tolist() == [[5, 5, 5]]
    assert module.mean.flatten().tolist() == [0.25, 0.5, 0.75]
    assert module.variance.flatten().tolist() == [0, 0, 0]
    found = gradients(y, x, module.weight, module.bias)
    assert [each.flatten().tolist() for each in found] == [[0, 0, 0], [0, 0, 0], [1, 1, 1]]


def test_a_frozen_bn_learns_nothing() -> None:
    module, x = BN(3, frozen=True), torch.randn(2, 3, requires_grad=True)
    by_x, *learned = gradients(module(x), x, module.weight, module.bias)
    torch.testing.assert_close(by_x, torch.full((2, 3), (1 + 1e-5) ** -0.5))
    assert [each.any().item() for each in learned] == [False, False]


def test_use_global_stats_goes_before_the_phase() -> None:
    always, never = BatchNorm(1, use_global_stats=True), BatchNorm(1, use_global_stats=False).eval()
    x = torch.tensor([[1.0], [3.0]])
    always(x)
    assert always.scale_factor.item() == 0
    never(x)
    assert never.scale_factor.item() == 1


def test_mvn_has_four_axes_and_an_exact_gradient_without_eps() -> None:
    x = torch.randn(2, 6, dtype=torch.float64, requires_grad=True)
    y = mean_variance_normalize(x, across_channels=True, eps=0)
    assert y.shape == (2, 6, 1, 1)
    torch.autograd.gradcheck(lambda x: mean_variance_normalize(x, across_channels=True, eps=0), x)


def test_a_constant_has_a_gradient_of_0_under_mvn() -> None:
    x = torch.full((1, 1, 2, 2), 5.0, requires_grad=True)
    y = mean_variance_normalize(x)
    assert y.abs().max() == 0
    assert gradients(y, x)[0].tolist() == [[[[0, 0], [0, 0]]]]


def test_lrn_by_hand() -> None:
    # the squares of the whole 3 x 3 window around the centre, 9 of them 4; at a corner 4 of 9
    y = lrn_within_channel(torch.full((1, 1, 3, 3), 2.0), local_size=3, alpha=9, beta=1)
    assert y[0, 0, 1, 1].item() == pytest.approx(2 / (1 + 9 * (9 * 4 / 9)))
    assert y[0, 0, 0, 0].item() == pytest.approx(2 / (1 + 9 * (4 * 4 / 9)))


def test_lrn_in_place_by_hand() -> None:
    # the squares are 1, 4, 9; the windows of three channels hold 5, 14, 13: 1 + 3 / 3 of each
    x = torch.tensor([1.0, -2, 3]).reshape(1, 3, 1, 1)
    y = lrn_squared_factor(x, local_size=3, alpha=3, beta=0.5)
    torch.testing.assert_close(y.flatten(), torch.tensor([1 / 6, 1 / 15, 1 / 14]))


@pytest.mark.parametrize(
    "function",
    [
        BatchNorm(3).eval(),
        Normalize(3, channel_shared=False),
        Normalize(3, across_spatial=False),
        BN(3),
        lrn_squared_factor,
        lrn_within_channel,
        mean_variance_normalize,
        lambda x: mean_variance_normalize(x, normalize_variance=False),
    ],
)
def test_runs_everywhere(function: Callable[[Tensor], Tensor]) -> None:
    check_runs_everywhere(function, torch.randn(2, 3, 6, 7))


def test_batch_norm_trains_as_one_graph() -> None:
    plain, compiled = BatchNorm(3), BatchNorm(3)
    step = torch.compile(compiled, fullgraph=True, backend="aot_eager")
    for x in torch.randn(3, 2, 3, 4):
        torch.testing.assert_close(step(x), plain(x))
    assert_close(plain.variance.numpy(), compiled.variance, "variance")


def test_bn_is_pytorchs_with_biased_statistics() -> None:
    ours, theirs = BN(3, eps=1e-3, momentum=0.75), nn.BatchNorm2d(3, eps=1e-3, momentum=0.25)
    nn.init.normal_(ours.weight)
    nn.init.normal_(ours.bias)
    theirs.weight, theirs.bias = (nn.Parameter(p.flatten()) for p in ours.parameters())
    theirs.running_var = torch.zeros(3)
    for x in torch.randn(3, 2, 3, 4, 5):
        torch.testing.assert_close(ours(x), theirs(x))
    assert theirs.running_mean is not None
    torch.testing.assert_close(ours.mean.flatten(), theirs.running_mean)
    # 2 * 4 * 5 values a channel
    torch.testing.assert_close(ours.variance.flatten(), theirs.running_var * (39 / 40))
    theirs.running_var *= 39 / 40
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ({"frozen": True}, False),
        ({"moving_average": False}, True),
        ({"statistics": False}, True),
    ],
)
def test_bn_of_the_batch_or_of_the_past(options: dict[str, Any], *, same: bool) -> None:
    module, x = BN(3, **options), 5 + torch.randn(2, 3, 4, 5)
    trained = module(x)
    torch.testing.assert_close(module.eval()(x), trained)
    batch = F.batch_norm(x, None, None, training=True)
    assert torch.allclose(trained, batch, atol=1e-5) == same
    assert len(list(module.buffers())) == (0 if "statistics" in options else 2)
