"""LSTM and RNN."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES = (
    (
        (
            'LSTM recurrent_param { num_output: 3 weight_filler { type: "uniform" '
            "min: -0.1 max: 0.1 } }"
        ),
        [(5, 2, 4), (5, 2)],
        1,
        [
            "m = LSTM(4, 3, 2)",
            "nn.init.uniform_(m.weight_input, a=-0.1, b=0.1)",
            "nn.init.uniform_(m.weight_hidden, a=-0.1, b=0.1)",
            "y = self.m(a, b)",
        ],
    ),
    (
        "LSTM recurrent_param { num_output: 3 }",
        [(5, 2, 4), (5, 2), (2, 6)],
        1,
        ["m = LSTM(4, 3, 2, static_features=6)", "y = self.m(a, b, c)"],
    ),
    (
        "LSTM recurrent_param { num_output: 3 expose_hidden: true }",
        [(5, 2, 4), (5, 2), (1, 2, 3), (1, 2, 3)],
        3,
        ["m = LSTM(4, 3, 2)", "y, y1, y2 = self.m.run(a, b, c, d)"],
    ),
    (
        "LSTM recurrent_param { num_output: 3 expose_hidden: true }",
        [(5, 2, 4), (5, 2), (2, 6), (1, 2, 3), (1, 2, 3)],
        3,
        ["m = LSTM(4, 3, 2, static_features=6)", "y, y1, y2 = self.m.run(a, b, d, e, c)"],
    ),
    (
        "RNN recurrent_param { num_output: 3 bias_filler { value: 1 } }",
        [(5, 2, 4), (5, 2)],
        1,
        [
            "m = RNN(4, 3, 2)",
            "nn.init.ones_(m.bias)",
            "nn.init.ones_(m.bias_output)",
            "y = self.m(a, b)",
        ],
    ),
    ("LSTMUnit", [(1, 2, 3), (1, 2, 12), (1, 2)], 2, ["y, y1 = lstm_unit(a, b, c)"]),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
