"""LSTM and RNN."""

from __future__ import annotations

import pytest

from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.pretty import flat
from tests.torch.emission import Shape, lines, program_of

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


SHARED = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 3 dim: 2 dim: 4 } } }
layer { name: "c" type: "Input" top: "c" input_param { shape { dim: 3 dim: 2 } } }
layer { name: "l1" type: "LSTM" bottom: "x" bottom: "c" top: "u" param { name: "wx" }
  param { name: "b" } param { name: "wh" } recurrent_param { num_output: 4 } }
layer { name: "l2" type: "LSTM" bottom: "u" bottom: "c" top: "y" param { name: "wx" }
  param { name: "b" } param { name: "wh" } recurrent_param { num_output: 4 FILLER } }
"""


@pytest.mark.parametrize(("filler", "value"), [("", 0.0), ("weight_filler { value: 0.25 }", 0.25)])
def test_a_shared_lstm_has_stale_weights_after_its_first_step(filler: str, value: float) -> None:
    first, second = assemble(from_text(SHARED.replace("FILLER", filler))).constructions
    assert flat(ExpressionWriter().write(first.value)) == "LSTM(4, 4, 2)"
    expected = f'LSTM(4, 4, 2, stale=(("weight_hidden", {value}),))'
    assert flat(ExpressionWriter().write(second.value)) == expected


def test_random_stale_weights_are_not_known() -> None:
    spec = assemble(from_text(SHARED.replace("FILLER", 'weight_filler { type: "xavier" }')))
    assert flat(ExpressionWriter().write(spec.constructions[1].value)) == "LSTM(4, 4, 2)"
    (note,) = spec.notes
    assert note.location.line == 6
    assert note.message == (
        "in training, Caffe's steps after the first do not share W_hc but keep what the "
        "weight_filler drew; the exported module shares it in every step"
    )


@pytest.mark.parametrize(
    ("options", "bottoms"),
    [("time_step: 3 batch_size: 2", []), ("time_step: 3 axis: 1", [(7, 2, 5)])],
)
def test_continuation_indicator(options: str, bottoms: list[Shape]) -> None:
    layer = f"ContinuationIndicator continuation_indicator_param {{ {options} }}"
    assert lines(layer, *bottoms) == ["m = continuation_indicator(3, 2)", "y = self.m"]


def test_mean_field() -> None:
    """CRF-RNN's iterations have the blobs of the layer; without weights two of them are unknown."""
    param = "num_iterations: 5 theta_alpha: 160 theta_beta: 3 theta_gamma: 10"
    layer = f"MultiStageMeanfield multi_stage_meanfield_param {{ {param} }}"
    bottoms = (1, 21, 5, 5), (1, 21, 5, 5), (1, 3, 5, 5)
    assert lines(layer, *bottoms) == [
        "m = MultiStageMeanfield(21, 5, theta_alpha=160.0, theta_beta=3.0)",
        "y = self.m(a, b, c)",
    ]
    spec = program_of(layer, *bottoms)
    roles = ("spatial", "bilateral", "compatibility")
    assert [param.key for param in spec.params["m"]] == [f"m.{role}" for role in roles]
    assert any("spatial.par" in note.message for note in spec.notes)
