"""ReLUs in place, and what stands behind them."""

from __future__ import annotations

import pytest

from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.pretty import flat

HEAD = (
    'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 4 } } }\n'
)
CONV = 'layer { name: "c" type: "Power" bottom: "x" top: "c" power_param { scale: 2 } }\n'


def relu_line(rest: str, options: str = "") -> str:
    relu = f'layer {{ name: "r" type: "ReLU" bottom: "c" top: "c" {options} }}\n'
    program = assemble(from_text(HEAD + CONV + relu + rest))
    statement = next(each for each in program.statements if each.layer == "r")
    (value,) = statement.values
    return flat(ExpressionWriter().write(value, [each.variable for each in statement.bottoms], {}))


def layer(kind: str, rest: str = "", top: str = "c") -> str:
    return f'layer {{ name: "{kind.lower()}" type: "{kind}" bottom: "c" top: "{top}" {rest} }}\n'


@pytest.mark.parametrize(
    "rest",
    [
        "",
        layer("Dropout"),
        layer("ELU") + layer("Dropout"),
        layer("PReLU"),
        layer("BatchNorm", top="y"),
        layer("BatchNorm", top="y") + 'layer { name: "s" type: "Scale" bottom: "y" top: "y" }',
    ],
)
def test_a_plain_relu(rest: str) -> None:
    assert relu_line(rest) == "F.relu(c)"


@pytest.mark.parametrize(
    ("rest", "options", "expected"),
    [
        (layer("Scale"), "", "relu_by_later_signs(c, self.scale(F.relu(c.detach())))"),
        (
            layer("BatchNorm") + layer("Scale"),
            "",
            "relu_by_later_signs(c, self.scale(self.batchnorm.normalize(F.relu(c.detach()))))",
        ),
        (
            layer("BatchNorm", "batch_norm_param { scale_bias: true }"),
            "",
            (
                "relu_by_later_signs("
                "c, self.batchnorm_scale(self.batchnorm.normalize(F.relu(c.detach()))))"
            ),
        ),
        # A slope that is learned may turn signs.
        (
            layer("PReLU"),
            "relu_param { negative_slope: 0.1 }",
            (
                "relu_by_later_signs(c, self.prelu(F.leaky_relu(c.detach(), negative_slope=0.1)), "
                "negative_slope=0.1)"
            ),
        ),
        (
            layer("Dropout") + layer("Power", "power_param { shift: -1 }"),
            "relu_param { negative_slope: 0.1 }",
            (
                "relu_by_later_signs(c, F.leaky_relu(c.detach(), negative_slope=0.1) - 1.0, "
                "negative_slope=0.1)"
            ),
        ),
    ],
)
def test_a_relu_that_later_layers_overwrite(rest: str, options: str, expected: str) -> None:
    assert relu_line(rest, options) == expected


INNER = (
    'layer { name: "c" type: "InnerProduct" bottom: "x" top: "c"'
    " inner_product_param { num_output: 2 } }\n"
)


@pytest.mark.parametrize(
    ("between", "options", "expected"),
    [
        ("", "", "c.relu_()"),
        ("", "propagate_down: false", "F.relu(c)"),
        ("", "relu_param { negative_slope: 0.1 }", "F.leaky_relu(c, negative_slope=0.1)"),
        # A layer that needs its own output for its gradient.
        (layer("Sigmoid"), "", "F.relu(c)"),
    ],
)
def test_a_relu_in_the_memory_of_its_bottom(between: str, options: str, expected: str) -> None:
    relu = f'layer {{ name: "r" type: "ReLU" bottom: "c" top: "c" {options} }}\n'
    program = assemble(from_text(HEAD + INNER + between + relu, phase="test"))
    (value,) = next(each.values for each in program.statements if each.layer == "r")
    assert flat(ExpressionWriter().write(value, ["c"], {})) == expected
