"""Names of blocks: what differs between occurrences, and what their layers have in common."""

from __future__ import annotations

import pytest

from caffetools.torch.export.block_names import (
    Templates,
    class_name,
    common_start,
    kind,
    numbered,
    part_name,
    templates,
)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            [["res2b_branch2a", "bn2b_branch2a"], ["res3c_branch2a", "bn3c_branch2a"]],
            Templates(("2b", "3c"), ("res{}_branch2a", "bn{}_branch2a")),
        ),
        ([["in_3a/1x1", "in_3a/3x3"], ["in_4b/1x1", "in_4b/3x3"]],
         Templates(("in_3a", "in_4b"), ("{}/1x1", "{}/3x3"))),
        ([["fc7_mbox_loc", "fc7_mbox_conf"], ["c_mbox_loc", "c_mbox_conf"]],
         Templates(("fc7_mbox", "c_mbox"), ("{}_loc", "{}_conf"))),
        ([["conv1"], ["conv11"]], Templates(("conv1", "conv11"), ("{}",))),
        ([["a1", "b1"], ["a2", "b3"]], None),
        ([["a{1}"], ["a{2}"]], None),
    ],
)  # fmt: skip
def test_templates(names: list[list[str]], expected: Templates | None) -> None:
    found = templates(names)
    assert found == expected
    if found:
        filled = [[layer.format(own) for layer in found.layers] for own in found.own]
        assert filled == names


def test_names() -> None:
    assert common_start(["abc", "abd", "ab"]) == "ab"
    assert part_name("in_3a/1x1", "in_3a", "conv") == "conv_1x1"
    assert part_name("res2a", "2a", "conv") == "out"
    assert part_name("other", "2a", "conv") == "other"
    assert [kind(name) for name in ("nn.Conv2d", "FrozenBatchNorm2d", "Scale")] == [
        "conv",
        "norm",
        "scale",
    ]
    assert numbered(["conv", "norm", "conv"]) == ["conv1", "norm", "conv2"]


@pytest.mark.parametrize(
    ("functions", "last", "groups", "shortcut", "expected"),
    [
        (["nn.Conv2d"] * 3, "Eltwise", False, True, "Bottleneck"),
        (["nn.Conv2d"] * 2, "Eltwise", False, True, "BasicBlock"),
        (["nn.Conv2d"] * 6, "Concat", False, False, "Inception"),
        (["nn.Conv2d"] * 3, "Concat", False, False, "Fire"),
        (["nn.Conv2d"] * 2, "Concat", False, True, "DenseLayer"),
        (["nn.Conv2d"] * 2, "ReLU", True, False, "Separable"),
        (["nn.Conv2d", "PriorBox"], "PriorBox", False, False, "Head"),
        (["nn.Linear"], "ReLU", False, False, "Block"),
    ],
)
def test_class_names(
    functions: list[str], last: str, groups: bool, shortcut: bool, expected: str
) -> None:
    assert class_name(functions, last, groups, shortcut) == expected
