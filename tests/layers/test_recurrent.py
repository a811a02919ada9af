from __future__ import annotations

from pathlib import Path

import pytest

import caffetools
from caffetools.layers.blobs import Shape
from caffetools.layers.registry import REGISTRY
from tests.layers.cases import bottoms_of, check_explained, check_refused, layer_text, set_up

T, N, K, S, D = 5, 2, 3, 7, 4


X, CONT, STATIC, STATE = (T, N, K), (T, N), (N, S), (1, N, D)


TOP = (T, N, D)


def recurrent(type_name: str, bottoms: int = 2, tops: int = 1, options: str = "") -> str:
    return layer_text(
        type_name,
        f"recurrent_param {{ num_output: {D} {options} }}",
        "a b c d e f"[: 2 * bottoms],
        "u v w x"[: 2 * tops],
    )


LSTM_PARAMS = {"W_xc": (4 * D, K), "b_c": (4 * D,), "W_hc": (4 * D, D)}


LSTM_STATIC = {"W_xc": (4 * D, K), "b_c": (4 * D,), "W_xc_static": (4 * D, S), "W_hc": (4 * D, D)}


LSTM_MACS = T * N * 4 * D * K + T * N * 4 * D * D


RNN_PARAMS = {"W_xh": (D, K), "b_h": (D,), "W_hh": (D, D), "W_ho": (D, D), "b_o": (D,)}


RNN_STATIC = {
    "W_xh": (D, K),
    "b_h": (D,),
    "W_xh_static": (D, S),
    "W_hh": (D, D),
    "W_ho": (D, D),
    "b_o": (D,),
}


RNN_MACS = T * N * D * K + T * N * D * D + T * N * D * D


@pytest.mark.parametrize(
    ("type_name", "bottoms", "tops", "options", "params", "macs"),
    [
        ("LSTM", (X, CONT), (TOP,), "", LSTM_PARAMS, LSTM_MACS),
        ("LSTM", ((T, N, 1, K), CONT), (TOP,), "", LSTM_PARAMS, LSTM_MACS),
        ("LSTM", (X, CONT, STATIC), (TOP,), "", LSTM_STATIC, LSTM_MACS + N * 4 * D * S),
        (
            "LSTM",
            (X, CONT, STATE, STATE),
            (TOP, STATE, STATE),
            "expose_hidden: true",
            LSTM_PARAMS,
            LSTM_MACS,
        ),
        (
            "LSTM",
            (X, CONT, STATIC, STATE, STATE),
            (TOP, STATE, STATE),
            "expose_hidden: true",
            LSTM_STATIC,
            LSTM_MACS + N * 4 * D * S,
        ),
        ("RNN", (X, CONT), (TOP,), "", RNN_PARAMS, RNN_MACS),
        ("RNN", (X, CONT, STATIC), (TOP,), "", RNN_STATIC, RNN_MACS + N * D * S),
        ("RNN", (X, CONT, STATE), (TOP, STATE), "expose_hidden: true", RNN_PARAMS, RNN_MACS),
        (
            "RNN",
            (X, CONT, (N, 1, S), STATE),
            (TOP, STATE),
            "expose_hidden: true",
            RNN_STATIC,
            RNN_MACS + N * D * S,
        ),
    ],
)
def test_recurrent(
    type_name: str,
    bottoms: tuple[Shape, ...],
    tops: tuple[Shape, ...],
    options: str,
    params: dict[str, Shape],
    macs: int,
) -> None:
    text = recurrent(type_name, len(bottoms), len(tops), options)
    case = set_up(text, *bottoms)
    assert case.tops == tops
    assert list(case.params.items()) == list(params.items())
    assert (case.macs, case.notes) == (macs, ())
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms_of(case)) is None
    check_explained(text, *bottoms)


def test_explained() -> None:
    assert check_explained(recurrent("LSTM", 3), X, CONT, STATIC) == [
        "inputs: 3 = 3",
        "W_xc: 16 * 3 = 48",
        "b_c: 16 = 16",
        "W_xc_static: 16 * 7 = 112",
        "W_hc: 16 * 4 = 64",
        "multiply-accumulates: 5 * 2 * 16 * 3 + 2 * 16 * 7 + 5 * 2 * 16 * 4 = 1344",
    ]


def test_force_backward_does_not_reach_the_indicators() -> None:
    for type_name, reached in (
        ("LSTM", (True, False)),
        ("RNN", (True, False)),
        ("LSTMUnit", (True, True, False)),
    ):
        layer_class = REGISTRY.find(type_name)
        assert layer_class is not None
        assert layer_class.force_backward == reached


@pytest.mark.parametrize(
    ("bottoms", "fragment"),
    [
        ((CONT, CONT), "at least 3 axes, found 5 x 2"),
        (((0, N, K), (0, N)), "at least 1 time step and 1 stream, found 0 x 2 x 3"),
        (((T, 0, K), (T, 0)), "at least 1 time step and 1 stream, found 5 x 0 x 3"),
        ((X, (T, N, 1)), "a second bottom of 5 x 2, time steps and streams, found 5 x 2 x 1"),
        ((X, (T, 3)), "found 5 x 3"),
        ((X, CONT, (N,)), "a static input of 2 streams and at least 2 axes, found 2"),
        ((X, CONT, (3, S)), "a static input of 2 streams and at least 2 axes, found 3 x 7"),
        (((2**20, 2**7, 1), (2**20, 2**7)), "the product of input and weight would have more than"),
    ],
)
def test_bottoms_that_do_not_fit(bottoms: tuple[Shape, ...], fragment: str) -> None:
    check_refused(recurrent("LSTM", len(bottoms)), bottoms, 1, 1, fragment)


def test_states_that_do_not_fit() -> None:
    text = recurrent("LSTM", 4, 3, "expose_hidden: true")
    fragment = "expected a state of 1 x 2 x 4, found 2 x 4"
    check_refused(text, (X, CONT, STATE, (N, D)), 1, 1, fragment)


@pytest.mark.parametrize(
    ("text", "bottoms", "line", "column", "fragment"),
    [
        (
            recurrent("LSTM", 4),
            (X, CONT, STATIC, STATIC),
            1,
            68,
            "LSTM without expose_hidden expects 2 to 3 bottoms, found 4",
        ),
        (
            recurrent("LSTM", 2, 3, "expose_hidden: true"),
            (X, CONT),
            1,
            44,
            "LSTM with expose_hidden expects 4 to 5 bottoms, found 2",
        ),
        (
            recurrent("RNN", 3, 1, "expose_hidden: true"),
            (X, CONT, STATE),
            1,
            67,
            "RNN with expose_hidden expects 2 tops, found 1",
        ),
        (
            layer_text("RNN", "recurrent_param { num_output: 0 }", "a b"),
            (X, CONT),
            2,
            19,
            "expected num_output of at least 1, found 0",
        ),
        (
            layer_text("RNN", "recurrent_param { num_output: 2147483648 }", "a b"),
            (X, CONT),
            2,
            19,
            "expected num_output below 2^31",
        ),
        (
            recurrent("RNN", options='weight_filler { type: "bilinear" }'),
            (X, CONT),
            2,
            49,
            "expected 4 axes and a square kernel",
        ),
        (recurrent("RNN"), ((T, N, 0), CONT), 2, 1, "nothing can be filled"),
    ],
)
def test_refused(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)


def test_lstm_unit() -> None:
    text = layer_text("LSTMUnit", bottoms="a b c", tops="y z")
    case = set_up(text, (1, N, D), (1, N, 4 * D), (1, N))
    assert (case.tops, case.params, case.macs) == (((1, N, D),) * 2, {}, 0)
    fragment = "expected bottoms of 1 x 2 x 4, 1 x 2 x 16, 1 x 2, found 1 x 2 x 4, 1 x 2 x 4, 1 x 2"
    check_refused(text, ((1, N, D), (1, N, D), (1, N)), 1, 1, fragment)
    check_refused(text, ((N, D), (N, D), (N,)), 1, 1, "a bottom of 3 axes, found 2 x 4")


@pytest.mark.parametrize("name", ["lstm", "lstm_static", "rnn", "rnn_static"])
def test_blobs_as_caffe_has_them(caffe: Path, name: str) -> None:
    numpy = pytest.importorskip("numpy")
    folder = caffe / "layers" / name
    blobs = numpy.load(folder / "data.npz")
    (layer,) = (layer for layer in caffetools.load(folder / "net.prototxt").layers if layer.params)
    start = f"param/{layer.node.name}/"
    expected = [value.shape for entry, value in sorted(blobs.items()) if entry.startswith(start)]
    assert [param.shape for param in layer.params] == expected


def indicator(options: str, bottoms: str = "") -> str:
    param = f"continuation_indicator_param {{ {options} }}"
    return layer_text("ContinuationIndicator", param, bottoms)


@pytest.mark.parametrize(
    ("options", "bottoms", "top"),
    [
        ("time_step: 18 batch_size: 64", (), (18, 64)),
        ("time_step: 18", ((64, 83, 20),), (18, 64)),
        ("time_step: 18 axis: 1", ((18, 64, 83),), (18, 64)),
        ("time_step: 18 axis: -2", ((18, 64, 83),), (18, 64)),
    ],
)
def test_continuation_indicator(options: str, bottoms: tuple[Shape, ...], top: Shape) -> None:
    case = set_up(indicator(options, "a" if bottoms else ""), *bottoms)
    assert case.tops == (top,)
    assert case.params == {}


@pytest.mark.parametrize(
    ("options", "bottoms", "column", "fragment"),
    [
        ("time_step: 18", (), 1, "expected batch_size of at least 1, found 0"),
        ("batch_size: 18", (), 1, "expected time_step of at least 1, found 0"),
        ("time_step: 4294967295", ((2, 3),), 32, "expected time_step below 2^31"),
        (
            "time_step: 18 axis: 2",
            ((2, 3),),
            46,
            "axis 2 is out of range for a blob of shape 2 x 3",
        ),
        ("time_step: 18", ((0, 3),), 1, "axis 0 of 0 x 3 is empty"),
    ],
)
def test_refused_continuation(
    options: str, bottoms: tuple[Shape, ...], column: int, fragment: str
) -> None:
    check_refused(indicator(options, "a" if bottoms else ""), bottoms, 2, column, fragment)


BOTTOMS = ((1, 21, 500, 500), (1, 21, 500, 500), (1, 3, 500, 500))


def meanfield(iterations: int) -> str:
    param = f"multi_stage_meanfield_param {{ num_iterations: {iterations}"
    theta = "theta_alpha: 160 theta_beta: 3 theta_gamma: 3 }"
    return layer_text("MultiStageMeanfield", f"{param} {theta}", "unary start data")


def test_shapes() -> None:
    case = set_up(meanfield(10), *BOTTOMS)
    assert case.tops == ((1, 21, 500, 500),)
    assert case.params == dict.fromkeys(("spatial", "bilateral", "compatibility"), (1, 1, 21, 21))
    assert case.macs == 0
    assert case.layer.layer is not None
    assert case.layer.layer.windows(BOTTOMS) is None
    assert check_explained(meanfield(10), *BOTTOMS)[0] == "spatial: 21 * 21 = 441"


def test_one_iteration_is_refused() -> None:
    check_refused(meanfield(1), BOTTOMS, 2, 31, "num_iterations of at least 2, found 1")
