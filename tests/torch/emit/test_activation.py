"""Functions of each element."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES = (
    ("AbsVal", [(2, 3)], 1, ["y = torch.abs(a)"]),
    ("BNLL", [(2, 3)], 1, ["y = F.softplus(a)"]),
    ("Sigmoid", [(2, 3)], 1, ["y = torch.sigmoid(a)"]),
    ("TanH", [(2, 3)], 1, ["y = torch.tanh(a)"]),
    ("ReLU6", [(2, 3)], 1, ["y = F.relu6(a)"]),
    (
        "ReLU6 relu6_param { negative_slope: 0.1 }",
        [(2, 3)],
        1,
        ["y = F.relu6(a) + a.clamp(max=0) * 0.1"],
    ),
    ("ReLU", [(2, 3)], 1, ["y = F.relu(a)"]),
    (
        "ReLU relu_param { negative_slope: 0.1 }",
        [(2, 3)],
        1,
        ["y = F.leaky_relu(a, negative_slope=0.1)"],
    ),
    ("PReLU", [(2, 3, 4)], 1, ["m = nn.PReLU(3)", "y = self.m(a)"]),
    (
        "PReLU prelu_param { channel_shared: true }",
        [(2, 3, 4)],
        1,
        ["m = nn.PReLU()", "y = self.m(a)"],
    ),
    (
        'PReLU prelu_param { filler { type: "gaussian" std: 0.1 } }',
        [(2, 3, 4)],
        1,
        ["m = nn.PReLU(3)", "nn.init.normal_(m.weight, std=0.1)", "y = self.m(a)"],
    ),
    ("Dropout", [(2, 3)], 1, ["m = nn.Dropout(0.5)", "y = self.m(a)"]),
    (
        "Dropout dropout_param { dropout_ratio: 0.3 } phase: TEST",
        [(2, 3)],
        1,
        ["y = F.dropout(a, 0.3, training=False)"],
    ),
    ("ELU", [(2, 3)], 1, ["y = F.elu(a)"]),
    ("ELU elu_param { alpha: 0.5 }", [(2, 3)], 1, ["y = F.elu(a, alpha=0.5)"]),
    ("Clip clip_param { min: -1 max: 2 }", [(2, 3)], 1, ["y = a.clamp(-1.0, 2.0)"]),
    # max(min, min(x, max)) is 2 for every x
    (
        "Clip clip_param { min: 2 max: -1 }",
        [(2, 3)],
        1,
        ["y = a.clamp(max=-1.0).clamp(min=2.0)"],
    ),
    ("Swish", [(2, 3)], 1, ["y = F.silu(a)"]),
    ("Swish swish_param { beta: 2 }", [(2, 3)], 1, ["y = a * torch.sigmoid(2.0 * a)"]),
    ("Threshold threshold_param { threshold: 0.5 }", [(2, 3)], 1, ["y = (a > 0.5).to(a.dtype)"]),
    ("Power", [(2, 3)], 1, ["y = a"]),
    (
        "Power power_param { power: 2 scale: 3 shift: -1 }",
        [(2, 3)],
        1,
        ["y = (3.0 * a - 1.0) ** 2"],
    ),
    ("Power power_param { power: 0.5 }", [(2, 3)], 1, ["y = a**0.5"]),
    ("Power power_param { power: 0 }", [(2, 3)], 1, ["y = torch.ones_like(a)"]),
    (
        "Power power_param { scale: 0 shift: 2 power: 3 }",
        [(2, 3)],
        1,
        ["y = torch.full_like(a, 2.0) ** 3"],
    ),
    ("Power power_param { scale: -1 }", [(2, 3)], 1, ["y = -a"]),
    ("Exp", [(2, 3)], 1, ["y = torch.exp(a)"]),
    (
        "Exp exp_param { base: 2 scale: 0.5 shift: 1 }",
        [(2, 3)],
        1,
        ["y = torch.exp(0.3465736 * a + 0.6931472)"],
    ),
    ("Log", [(2, 3)], 1, ["y = torch.log(a)"]),
    ("Log log_param { base: 10 }", [(2, 3)], 1, ["y = torch.log10(a)"]),
    (
        "Log log_param { base: 2 scale: 3 shift: 1 }",
        [(2, 3)],
        1,
        ["y = torch.log(3.0 * a + 1.0) / 0.6931472"],
    ),
    ("Softmax", [(1, 4, 5, 5)], 1, ["y = F.softmax(a, dim=1)"]),
    ("Softmax softmax_param { axis: -1 }", [(1, 4, 5, 5)], 1, ["y = F.softmax(a, dim=3)"]),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
