"""Eltwise, Scale, Bias and Axpy."""

from __future__ import annotations

import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.loaded_module import load_module
from tests.torch.emission import Shape, lines, program_of

CASES = (
    ("Eltwise", [(2, 3), (2, 3), (2, 3)], 1, ["y = a + b + c"]),
    ("Eltwise eltwise_param { operation: PROD }", [(2, 3), (2, 3), (2, 3)], 1, ["y = a * b * c"]),
    (
        "Eltwise eltwise_param { operation: PROD stable_prod_grad: false }",
        [(2, 3), (2, 3)],
        1,
        ["y = nan_at_zero(a) * nan_at_zero(b)"],
    ),
    (
        "Eltwise eltwise_param { operation: MAX }",
        [(2, 3), (2, 3), (2, 3)],
        1,
        ["y = elementwise_max(a, b, c)"],
    ),
    ("Eltwise eltwise_param { coeff: 0.5 }", [(2, 3)], 1, ["y = 0.5 * a"]),
    ("Eltwise eltwise_param { operation: MAX }", [(2, 3)], 1, ["y = a"]),
    ("Eltwise eltwise_param { coeff: 1 coeff: -1 }", [(2, 3), (2, 3)], 1, ["y = a - b"]),
    (
        "Eltwise eltwise_param { coeff: -1 coeff: 0.5 coeff: -2 }",
        [(2, 3), (2, 3), (2, 3)],
        1,
        ["y = -a + 0.5 * b - 2.0 * c"],
    ),
    ("Scale", [(2, 3, 4)], 1, ["m = Scale((3,))", "y = self.m(a)"]),
    (
        (
            "Scale scale_param { axis: 2 bias_term: true filler { value: 3 } "
            "bias_filler { value: 4 } }"
        ),
        [(2, 3, 4)],
        1,
        [
            "m = Scale((4,), axis=2, bias=True)",
            "nn.init.constant_(m.weight, 3.0)",
            "nn.init.constant_(m.bias, 4.0)",
            "y = self.m(a)",
        ],
    ),
    (
        "Scale scale_param { num_axes: 0 }",
        [(2, 3, 4)],
        1,
        ["m = Scale((), axis=0)", "y = self.m(a)"],
    ),
    (
        "Scale scale_param { axis: 0 num_axes: -1 }",
        [(2, 3)],
        1,
        ["m = Scale((2, 3), axis=0)", "y = self.m(a)"],
    ),
    ("Scale", [(2, 3, 4), (3,)], 1, ["y = multiply_along(a, b)"]),
    (
        "Scale scale_param { axis: 0 bias_term: true }",
        [(2, 3, 4), (2, 3)],
        1,
        ["m = Bias((2, 3), axis=0)", "y = self.m(multiply_along(a, b, axis=0))"],
    ),
    ("Bias", [(2, 3, 4)], 1, ["m = Bias((3,))", "y = self.m(a)"]),
    (
        'Bias bias_param { axis: -1 filler { type: "uniform" } }',
        [(2, 3, 4)],
        1,
        ["m = Bias((4,), axis=2)", "nn.init.uniform_(m.bias)", "y = self.m(a)"],
    ),
    ("Bias", [(2, 3, 4), (3, 4)], 1, ["y = add_along(a, b)"]),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected


AXPY: tuple[tuple[Shape, Shape, str], ...] = (
    ((2, 3, 1, 1), (2, 3, 4, 5), "a"),
    ((2, 3), (2, 3, 4, 5), "a.reshape(a.size(0), -1, 1, 1)"),
    ((2, 3, 1, 1), (2, 3), "a.reshape(a.size(0), -1)"),
)


@pytest.mark.parametrize(("factors", "image", "spread"), AXPY)
def test_axpy(factors: Shape, image: Shape, spread: str) -> None:
    assert lines("Axpy", factors, image, image) == [f"y = torch.addcmul(c, {spread}, b)"]
    module = load_module(program_of("Axpy", factors, image, image))
    a, x, y = torch.randn(factors), torch.randn(image), torch.randn(image)
    expected = torch.stack(
        [torch.stack([a[n, c].flatten() * x[n, c] + y[n, c] for c in range(3)]) for n in range(2)]
    ).reshape(image)
    torch.testing.assert_close(module(a, x, y), expected)


def test_factors_beyond_the_channels_are_refused() -> None:
    with pytest.raises(CaffeToolsError, match="a factor for each channel of 2 x 3 x 4"):
        lines("Axpy", (2, 3, 4), (2, 3, 4), (2, 3, 4))


@pytest.mark.parametrize(
    ("options", "expected", "gradients"),
    [
        # Caffe sets the top, and so the first bottom, to 0, then adds 2 · 0 and 3 · k.
        ("coeff: 2 coeff: 3", [3 * 5.0, 3 * 7.0], ([2.0, 2.0], [3.0, 3.0])),
        ("", [5.0, 7.0], ([1.0, 1.0], [1.0, 1.0])),
        # Caffe sets it to -FLT_MAX: any other element exceeds it.
        ("operation: MAX", [5.0, 7.0], ([0.0, 0.0], [1.0, 1.0])),
        ("operation: PROD", [10.0, 63.0], ([5.0, 7.0], [2.0, 9.0])),
    ],
)
def test_eltwise_onto_its_first_bottom(
    options: str, expected: list[float], gradients: tuple[list[float], list[float]]
) -> None:
    one = 'layer {{ name: "{0}" type: "Input" top: "{0}" input_param {{ shape {{ dim: 2 }} }} }}\n'
    net = from_text(
        one.format("x")
        + one.format("k")
        + 'layer { name: "p" type: "Power" bottom: "x" top: "h" }\n'
        'layer { name: "l" type: "Eltwise" bottom: "h" bottom: "k" top: "h" '
        f"eltwise_param {{ {options} }} }}"
    )
    x, k = (torch.tensor(values, requires_grad=True) for values in ([2.0, 9.0], [5.0, 7.0]))
    result = load_module(assemble(net))(x, k)
    assert result.tolist() == expected
    result.sum().backward()
    assert [[0.0, 0.0] if v.grad is None else v.grad.tolist() for v in (x, k)] == list(gradients)
