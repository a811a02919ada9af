"""Normalisation layers of Caffe and of its forks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.export.loaded_module import load_module
from tests.torch.emission import Shape, lines, program_of
from tests.torch.golden import check_emitted

CASES = (
    ("LRN", [(1, 4, 5, 5)], 1, ["m = nn.LocalResponseNorm(5, alpha=1.0)", "y = self.m(a)"]),
    (
        "LRN lrn_param { local_size: 3 alpha: 0.0001 beta: 0.5 k: 2 }",
        [(1, 4, 5, 5)],
        1,
        ["m = nn.LocalResponseNorm(3, beta=0.5, k=2.0)", "y = self.m(a)"],
    ),
    (
        "LRN lrn_param { norm_region: WITHIN_CHANNEL local_size: 3 }",
        [(1, 4, 5, 5)],
        1,
        ["y = lrn_within_channel(a, 3)"],
    ),
    (
        "LRN lrn_param { norm_region: WITHIN_CHANNEL alpha: 2 beta: 0.5 }",
        [(1, 4, 5, 5)],
        1,
        ["y = lrn_within_channel(a, 5, alpha=2.0, beta=0.5)"],
    ),
    ("BatchNorm", [(1, 4, 5, 5)], 1, ["m = BatchNorm(4)", "y = self.m(a)"]),
    (
        (
            "BatchNorm batch_norm_param { eps: 0.001 moving_average_fraction: 0.9 "
            "use_global_stats: true }"
        ),
        [(1, 4, 5, 5)],
        1,
        [
            "m = BatchNorm(4, eps=0.001, moving_average_fraction=0.9, use_global_stats=True)",
            "y = self.m(a)",
        ],
    ),
    (
        "BatchNorm phase: TEST",
        [(1, 4, 5, 5)],
        1,
        ["m = BatchNorm(4, use_global_stats=True)", "y = self.m(a)"],
    ),
    (
        "BatchNorm phase: TRAIN",
        [(1, 4, 5, 5)],
        1,
        ["m = BatchNorm(4, use_global_stats=False)", "y = self.m(a)"],
    ),
    (
        "BatchNorm batch_norm_param { scale_bias: true bias_filler { value: 2 } }",
        [(1, 4, 5, 5)],
        1,
        [
            "m = BatchNorm(4)",
            "m_scale = Scale((4,), bias=True)",
            "nn.init.constant_(m_scale.bias, 2.0)",
            "y = self.m_scale(self.m(a))",
        ],
    ),
    ("MVN", [(1, 4, 5, 5)], 1, ["y = mean_variance_normalize(a)"]),
    (
        "MVN mvn_param { normalize_variance: false across_channels: true eps: 0.1 }",
        [(1, 4, 5, 5)],
        1,
        ["y = mean_variance_normalize(a, normalize_variance=False, across_channels=True, eps=0.1)"],
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected


GOLDEN = (
    "head_normalize", "normalize_2d", "normalize_3d", "normalize_default",
    "normalize_eps_spatial_false", "normalize_spatial_false_shared_false",
    "normalize_spatial_true_shared_false", "normalize_spatial_true_shared_true", "normalize_ssd",
    "normalize_zeros",
)  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(caffe: Path, name: str) -> None:
    check_emitted(caffe, f"layers_ssd/{name}")


IMAGE = (2, 4, 3, 3)


SCALE = "scale_filler { value: 20 }"


APPLIED = "y = self.m(a)"


FORK_CASES = (
    ("Normalize", IMAGE, 1, ["m = Normalize(4)", APPLIED]),
    (
        f"Normalize norm_param {{ across_spatial: false channel_shared: false {SCALE} }}",
        IMAGE,
        1,
        [
            "m = Normalize(4, across_spatial=False, channel_shared=False)",
            "nn.init.constant_(m.weight, 20.0)",
            APPLIED,
        ],
    ),
    (
        "Normalize normalize_param { }",
        IMAGE,
        1,
        ["y = a / (a.square().sum(1, keepdim=True) + 1e-06).sqrt()"],
    ),
    (
        'Normalize normalize_param { normalize_type: "L1" bp_norm: true }',
        IMAGE,
        2,
        [
            "y = a / (a.abs().sum(1, keepdim=True) + 1e-06)",
            "y1 = a.abs().sum(1, keepdim=True) + 1e-06",
        ],
    ),
    (
        "BN bn_param { slope_filler { value: 1 } bias_filler { value: 0 } }",
        IMAGE,
        1,
        ["m = BN(4)", APPLIED],
    ),
    (
        "BN bn_param { frozen: true eps: 0.001 momentum: 0.75 }",
        IMAGE,
        1,
        # Caffe's filler, where none is given, is 0.
        [
            "m = BN(4, eps=0.001, momentum=0.75, frozen=True)",
            "nn.init.zeros_(m.weight)",
            APPLIED,
        ],
    ),
    (
        "BN bn_param { scale_filler { value: 1 } shift_filler { value: 0.5 } }",
        IMAGE,
        3,
        [
            "m = BN(4, eps=1e-09, statistics=False)",
            "nn.init.constant_(m.bias, 0.5)",
            APPLIED,
            "y1 = a.mean((0, 2, 3), keepdim=True).detach()",
            "y2 = a.var((0, 2, 3), correction=0, keepdim=True).detach()",
        ],
    ),
    (
        f"BN bn_param {{ bn_mode: INFERENCE {SCALE} }}",
        IMAGE,
        1,
        ["m = Scale((4,), bias=True)", "nn.init.constant_(m.weight, 20.0)", APPLIED],
    ),
)


@pytest.mark.parametrize(("layer", "bottom", "tops", "expected"), FORK_CASES)
def test_lines_of_forks(layer: str, bottom: Shape, tops: int, expected: list[str]) -> None:
    assert lines(layer, bottom, tops=tops) == expected


def test_what_has_no_counterpart_is_refused() -> None:
    with pytest.raises(CaffeToolsError, match="rescale"):
        lines("Normalize normalize_param { rescale: true }", IMAGE)
    with pytest.raises(CaffeToolsError, match="L1 or L2"):
        lines('Normalize normalize_param { normalize_type: "L3" }', IMAGE)


def test_the_gradient_of_fix_gradient_is_that_of_the_cpu() -> None:
    program = program_of("Normalize normalize_param { fix_gradient: true }", IMAGE)
    assert any("fix_gradient" in str(note) for note in program.notes)


def test_a_bn_without_statistics_has_four_axes() -> None:
    module = load_module(program_of(f"BN bn_param {{ {SCALE} }}", (3, 4), tops=3))
    assert [tuple(each.shape) for each in module(torch.randn(3, 4))] == [
        (3, 4, 1, 1),
        (1, 4, 1, 1),
        (1, 4, 1, 1),
    ]


def test_lengths_by_hand() -> None:
    module = load_module(program_of("Normalize normalize_param { }", (1, 2, 1, 1), tops=2))
    unit, length = module(torch.tensor([3.0, 4]).reshape(1, 2, 1, 1))
    torch.testing.assert_close(unit.flatten(), torch.tensor([0.6, 0.8]))
    torch.testing.assert_close(length, torch.full((1, 1, 1, 1), 5.0))


def test_a_bn_without_statistics_takes_the_batchs_in_both_phases() -> None:
    options = "bn_param { scale_filler { value: 1 } shift_filler { value: 0 } }"
    module = load_module(program_of(f"BN {options}", IMAGE, tops=3))
    x = 3 + torch.randn(IMAGE)
    for phase in (True, False):
        y, mean, variance = module.train(phase)(x)
        torch.testing.assert_close(y, (x - mean) / variance.sqrt())
        assert y.mean().abs() < 1e-5
        assert mean.shape == variance.shape == (1, 4, 1, 1)


@pytest.mark.parametrize("frozen", ["true", "false"])
def test_a_bn_with_statistics_runs_on_them(frozen: str) -> None:
    module: Any = load_module(program_of(f"BN bn_param {{ frozen: {frozen} }}", IMAGE)).eval()
    layer = module.m
    with torch.no_grad():
        layer.weight.fill_(2)
        layer.mean.fill_(1)
        layer.variance.fill_(4)
    # 2 * (5 - 1) / 2
    torch.testing.assert_close(module(torch.full(IMAGE, 5.0)), torch.full(IMAGE, 4.0))


def test_caffes_blobs_have_their_places() -> None:
    program = program_of("BN bn_param { frozen: true }", IMAGE)
    found = [(param.key, param.shape, param.stored) for param in program.params["m"]]
    names = ("weight", "bias", "mean", "variance")
    assert found == [(f"m.{name}", (1, 4, 1, 1), (1, 4, 1, 1)) for name in names]
