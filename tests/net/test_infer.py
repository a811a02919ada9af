"""What follows from a graph: shapes, unknown ones, what the user gives, loss weights, refusals."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import given

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Layer, Options, Spec
from caffetools.layers.blobs import INT_MAX, Shape
from caffetools.layers.registry import Registry
from caffetools.net.graph import State, build
from caffetools.net.infer import Inferred, infer
from tests import nets, strategies
from tests.conftest import CheckError
from tests.nets import inner_product, layer

DATA = nets.given("data", 2, 3, 8, 8)


def shapes(net: Inferred) -> dict[str, Shape | None]:
    return {blob.name: shape for blob, shape in zip(net.graph.blobs, net.shapes, strict=True)}


def notes(net: Inferred) -> list[str]:
    return [str(note) for note in net.notes]


def test_properties_of_a_layer() -> None:
    conv = "convolution_param { num_output: 4 kernel_size: 3 stride: 2 }"
    text = DATA + layer("Convolution", "a", "data", "a", conv + " param { name: 'w' }")
    text += layer("Nowhere", "b", "a", "b") + layer("Convolution", "c", "b", "c", conv)
    data, first, unknown, last = nets.inferred(text).layers
    assert (data.known_bottoms, data.windows, data.owned_params) == ((), [], 0)
    assert first.known_bottoms == ((2, 3, 8, 8),)
    assert [(window.kernel, window.stride) for window in first.windows] == [(3, 2), (3, 2)]
    assert first.owned_params == 4 * 3 * 3 * 3 + 4
    for layer_of_unknown in (unknown, last):
        assert layer_of_unknown.known_bottoms is None
        assert layer_of_unknown.windows == []


def test_shapes_go_from_layer_to_layer() -> None:
    net = nets.inferred(
        DATA
        + layer(
            "Convolution",
            "conv",
            "data",
            "conv",
            "convolution_param { num_output: 4 kernel_size: 3 }",
        )
        + layer("ReLU", "relu", "conv", "conv")
        + layer("Pooling", "pool", "conv", "pool", "pooling_param { kernel_size: 2 stride: 2 }")
        + inner_product("ip", "pool", 5)
    )
    assert shapes(net) == {
        "data": (2, 3, 8, 8),
        "conv": (2, 4, 8 - 3 + 1, 8 - 3 + 1),
        "pool": (2, 4, 6 // 2, 6 // 2),
        "ip": (2, 5),
    }
    assert [each.macs for each in net.layers] == [
        0,
        2 * 4 * 6 * 6 * 3 * 3 * 3,
        0,
        0,
        2 * 5 * 4 * 3 * 3,
    ]
    assert net.layers[2].bottoms == net.layers[2].tops == ((2, 4, 6, 6),)


def test_a_copy_has_the_shape_of_its_blob() -> None:
    net = nets.inferred(DATA + inner_product("a", "data", 1) + inner_product("b", "data", 1))
    assert shapes(net)["data_data_0_split_1"] == (2, 3, 8, 8)
    assert net.layers[1].params == ()


def test_a_layer_that_is_read_twice_keeps_its_params_to_itself() -> None:
    """A Split is put in between; the two params are not its own."""
    net = nets.inferred(
        DATA
        + inner_product("a", "data", 4, "param { lr_mult: 1 } param { lr_mult: 2 }")
        + inner_product("b", "a", 1)
        + inner_product("c", "a", 1)
    )
    assert [len(each.params) for each in net.layers] == [0, 2, 0, 2, 2]


def test_what_depends_on_an_unknown_type_is_unknown() -> None:
    net = nets.inferred(
        DATA
        + layer("Unheard", "what", "data", "what")
        + layer("ReLU", "relu", "what", "what")
        + inner_product("ip", "what", 4)
        + nets.given("other", 2, 4)
        + layer("Eltwise", "sum", "ip other", "sum")
        + inner_product("known", "other", 3)
    )
    assert shapes(net) == {
        "data": (2, 3, 8, 8),
        "what": None,
        "ip": None,
        "other": (2, 4),
        "other_other_0_split_0": (2, 4),
        "other_other_0_split_1": (2, 4),
        "sum": None,
        "known": (2, 3),
    }
    assert {each.node.name: each.macs for each in net.layers} == {
        "data": 0,
        "what": None,
        "relu": None,
        "ip": None,
        "other": 0,
        "other_other_0_split": 0,
        "sum": None,
        "known": 2 * 3 * 4,
    }
    assert notes(net) == [
        "net.prototxt:2:1: unknown layer type 'Unheard'; its output shapes are unknown"
    ]


def test_an_unknown_type_whose_tops_the_user_gives_is_an_input() -> None:
    net = nets.inferred(layer("Unheard", "x", "", "a b"), input_shapes={"a": (2, 3), "b": (2,)})
    assert (net.shapes, net.layers[0].macs, net.notes) == (((2, 3), (2,)), 0, ())
    net = nets.inferred(layer("Unheard", "x", "", "a b"), input_shapes={"a": (2, 3)})
    assert (net.shapes, net.layers[0].macs, len(net.notes)) == (((2, 3), None), None, 1)


def test_an_unknown_type_that_makes_nothing() -> None:
    net = nets.inferred(DATA + layer("Unheard", "end", "data"))
    assert [each.macs for each in net.layers] == [0, None]


def test_an_in_place_layer_of_an_unknown_type_hides_the_shape() -> None:
    net = nets.inferred(DATA + layer("Unheard", "what", "data", "data"))
    assert shapes(net) == {"data": None}
    assert net.layers[0].tops == ((2, 3, 8, 8),)
    assert net.layers[1].bottoms == ((2, 3, 8, 8),)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        (DATA, {"input_shapes": {"data": (1, 2)}}, {"data": (1, 2)}),
        (DATA, {"input_shapes": {"data": ()}}, {"data": ()}),
        (DATA, {"batch_size": 7}, {"data": (7, 3, 8, 8)}),
        (DATA, {"batch_size": 7, "input_shapes": {"data": (1, 2)}}, {"data": (7, 2)}),
        (nets.given("scalar"), {"batch_size": 7}, {"scalar": ()}),
        (
            layer("DummyData", "x", "", "a", "dummy_data_param { shape { dim: 1 dim: 5 } }"),
            {"batch_size": 7},
            {"a": (7, 5)},
        ),
        # What begins as the first input does, is of its batch.
        (
            nets.given("data", 4, 3, 8, 8) + nets.given("label", 4) + nets.given("rois", 30, 5),
            {"batch_size": 7},
            {"data": (7, 3, 8, 8), "label": (7,), "rois": (30, 5)},
        ),
        (
            nets.given("data", 4, 3, 8, 8) + nets.given("attributes", 4, 40),
            {"batch_size": 7},
            {"data": (7, 3, 8, 8), "attributes": (7, 40)},
        ),
        # In a batch of one, two axes more likely belong to the image: im_info.
        (
            nets.given("data", 1, 3, 8, 8) + nets.given("im_info", 1, 3) + nets.given("label", 1),
            {"batch_size": 7},
            {"data": (7, 3, 8, 8), "im_info": (1, 3), "label": (7,)},
        ),
        # A data layer knows itself what of its tops is the batch.
        (
            layer(
                "MemoryData",
                "x",
                "",
                "a b",
                "memory_data_param { batch_size: 2 channels: 3 height: 4 width: 5 }",
            ),
            {"batch_size": 7},
            {"a": (7, 3, 4, 5), "b": (7,)},
        ),
        (
            layer(
                "MemoryData",
                "x",
                "",
                "a b",
                "memory_data_param { batch_size: 2 channels: 3 height: 4 width: 5 }",
            ),
            {"batch_size": 7, "input_shapes": {"a": (1, 6)}},
            {"a": (7, 6), "b": (7,)},
        ),
        (layer("Unheard", "x", "", "a b"), {"input_shapes": {"b": (4,)}}, {"a": None, "b": (4,)}),
        # A layer that reads is no source: its top is what it computes.
        (
            DATA + layer("ReLU", "r", "data", "r"),
            {"input_shapes": {"r": (9,)}},
            {"data": (2, 3, 8, 8), "r": (2, 3, 8, 8)},
        ),
    ],
)
def test_what_the_user_gives(
    text: str, options: dict[str, Any], expected: dict[str, Shape | None]
) -> None:
    assert shapes(nets.inferred(text, **options)) == expected


@pytest.mark.parametrize("options", [{"batch_size": 7}, {"input_shapes": {"p": (9,)}}])
def test_a_blob_that_learns_is_no_input(options: dict[str, Any]) -> None:
    """The top of a Parameter layer is its blob: it has no batch."""
    text = layer("Parameter", "p", "", "p", "parameter_param { shape { dim: 4 dim: 5 } }")
    net = nets.inferred(text, **options)
    assert shapes(net) == {"p": net.layers[0].params[0].shape} == {"p": (4, 5)}


def test_a_shape_that_nothing_takes_is_noted() -> None:
    text = DATA + layer("ReLU", "r", "data", "r")
    given_shapes = {"data": (1, 1), "dada": (1,), "r": (2,)}
    found = notes(nets.inferred("\n " + text, input_shapes=given_shapes))
    assert [note.split(": ", 1)[1] for note in found] == [
        "unused input shape: no layer has the top 'dada'",
        "unused input shape: layer 'r' computes 'r' as 1 x 1",
    ]


def test_a_shape_is_given_for_the_top_of_an_unknown_layer_and_for_a_reshape() -> None:
    """A reshape to 10 x 4 fixes the batch; with a batch of 1 its 4 elements are 1 x 4."""
    text = DATA + layer("Odd", "o", "data", "o") + layer("ReLU", "r", "o", "r")
    text += layer("Reshape", "s", "r", "s", "reshape_param { shape { dim: 10 dim: 4 } }")
    net = nets.inferred(text, input_shapes={"data": (1, 1), "o": (1, 4), "s": (1, 4)})
    assert shapes(net) == {"data": (1, 1), "o": (1, 4), "r": (1, 4), "s": (1, 4)}
    assert notes(net) == []
    assert [each.macs for each in net.layers] == [0, None, 0, 0]
    with pytest.raises(CaffeToolsError, match="4 elements of 1 x 4 do not match the 5 of 1 x 5"):
        nets.inferred(text, input_shapes={"data": (1, 1), "o": (1, 4), "s": (1, 5)})


def test_a_note_on_an_input_goes_where_the_user_gives_all_its_tops() -> None:
    text = layer("Input", "in", "", "a b")
    assert len(notes(nets.inferred(text))) == 1
    assert len(notes(nets.inferred(text, input_shapes={"a": (1,)}))) == 1
    assert notes(nets.inferred(text, input_shapes={"a": (1,), "b": (1,)})) == []


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([(4, 6)], [(7, 6)]),
        ([(4,)], [(7,)]),
        ([(1, 3)], [(1, 3)]),
        ([()], [()]),
        ([(5, 4), (4, 5)], [(5, 4), (7, 5)]),
    ],
)
def test_what_is_of_the_batch(others: list[Shape], expected: list[Shape]) -> None:
    text = nets.given("data", 4, 3, 2, 2)
    text += "".join(nets.given(f"x{index}", *shape) for index, shape in enumerate(others))
    assert nets.inferred(text, batch_size=7).shapes == ((7, 3, 2, 2), *expected)


def test_what_is_told_of_one_image_is_not_of_its_batch() -> None:
    """As in Faster R-CNN: `data` of 1 x 3 x H x W, `im_info` of 1 x 3."""
    text = nets.given("data", 1, 3, 9, 9) + nets.given("im_info", 1, 3) + nets.given("label", 1)
    assert nets.inferred(text, batch_size=7).shapes == ((7, 3, 9, 9), (1, 3), (7,))


SCORES = nets.given("scores", 4, 10, 2)


@pytest.mark.parametrize(
    ("reader", "expected"),
    [
        (layer("SoftmaxWithLoss", "l", "scores y", "l"), (4, 2)),
        (layer("SoftmaxWithLoss", "l", "scores y", "l", "softmax_param { axis: 2 }"), (4, 10)),
        (layer("Accuracy", "l", "scores y", "l"), (4, 2)),
        (layer("EuclideanLoss", "l", "scores y", "l"), (4, 10, 2)),
        # What reads no labels tells nothing, nor does a layer that lacks its scores, too.
        (layer("Eltwise", "l", "scores y", "l"), None),
        (layer("SoftmaxWithLoss", "l", "y scores", "l"), None),
        (layer("Unheard", "l", "scores y", "l"), None),
    ],
)
def test_labels_are_as_their_reader_needs_them(reader: str, expected: Shape | None) -> None:
    net = nets.inferred(SCORES + layer("Input", "y", "", "y") + reader)
    assert shapes(net)["y"] == expected
    said = [note for note in notes(net) if "is assumed to be" in note]
    if expected is None:
        assert said == []
    else:
        extents = " x ".join(map(str, expected))
        assert said == [f"net.prototxt:3:1: 'y' is assumed to be {extents}, as layer 'l' expects"]


def test_labels_are_found_behind_a_split_and_told_once() -> None:
    net = nets.inferred(
        SCORES
        + layer("Input", "y", "", "y")
        + layer("SoftmaxWithLoss", "l", "scores y", "l")
        + layer("Accuracy", "a", "scores y", "a")
    )
    assert shapes(net)["y"] == shapes(net)["y_y_0_split_1"] == (4, 2)
    assert notes(net) == ["net.prototxt:3:1: 'y' is assumed to be 4 x 2, as layer 'l' expects"]


def test_an_assumption_refuses_no_net() -> None:
    """A loss expects labels 4 x 2 and another layer more axes: they stay unknown."""
    labels = layer("Input", "y", "", "y") + layer("SoftmaxWithLoss", "l", "scores y", "l")
    net = nets.inferred(SCORES + labels + layer("LRN", "n", "y", "n"))
    assert shapes(net)["y"] is None
    note = notes(net)[-1]
    assert note.startswith("net.prototxt:4:1: the assumed shapes do not fit: ")
    assert note.endswith("; they stay unknown")


def test_a_batch_size_that_the_net_refuses_is_not_used() -> None:
    """Time by streams, as an LSTM reads them, is no batch."""
    reshape = layer("Reshape", "r", "x", "r", "reshape_param { shape { dim: 2 dim: 3 dim: 5 } }")
    net = nets.inferred(nets.given("x", 6, 5) + reshape, batch_size=1)
    assert shapes(net) == {"x": (6, 5), "r": (2, 3, 5)}
    (note,) = notes(net)
    assert "the batch size 1 is not used, as it fits no batch axis: the 5 elements" in note
    with pytest.raises(CaffeToolsError, match="the 30 elements of 6 x 5"):
        nets.inferred(nets.given("x", 6, 5) + reshape.replace("dim: 3", "dim: 4"), batch_size=1)


def test_what_the_user_gives_is_not_assumed() -> None:
    text = SCORES + layer("Input", "y", "", "y") + layer("SoftmaxWithLoss", "l", "scores y", "l")
    net = nets.inferred(text, input_shapes={"y": (4, 1, 2)})
    assert (shapes(net)["y"], notes(net)) == ((4, 1, 2), [])


def chain(length: int) -> str:
    """Losses of which each is scored by the one before, so that labels are told one by one."""
    text = nets.given("x0", 1, 1)
    for i in range(length):
        shape = "reshape_param { shape { dim: 1 dim: 1 } }"
        text += (
            layer("Input", f"y{i}", "", f"y{i}")
            + layer("SoftmaxWithLoss", f"l{i}", f"x{i} y{i}", f"l{i}")
            + layer("Reshape", f"x{i + 1}", f"l{i}", f"x{i + 1}", shape)
        )
    return text


def test_labels_that_hang_on_labels() -> None:
    assert None not in nets.inferred(chain(5)).shapes
    assert sum("is assumed to be" in note for note in notes(nets.inferred(chain(5)))) == 5
    # Somewhere there is an end of it: each one costs another round.
    long = nets.inferred(chain(100))
    assert shapes(long)["y0"] == (1,)
    assert shapes(long)["y99"] is None


def test_force_backward_sets_every_flag_in_the_end() -> None:
    text = nets.given("data", 1) + layer("ReLU", "r", "data", "data")
    forced = nets.inferred("force_backward: true\n" + text)
    assert (forced.backward, forced.needs_backward) == ((False, False), (True, True))
    assert nets.inferred(text).needs_backward == (False, False)
    assert nets.inferred("force_backward: false\n" + text).needs_backward == (False, False)


LABELS = nets.given("ip", 2, 3) + nets.given("label", 2, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (layer("EuclideanLoss", "loss", "ip label", "l"), (1.0,)),
        (layer("EuclideanLoss", "loss", "ip label"), (1.0,)),
        (layer("EuclideanLoss", "loss", "ip label", "l", "loss_weight: 2.5"), (2.5,)),
        (layer("EuclideanLoss", "loss", "ip label", "", "loss_weight: 0"), (0.0,)),
        (layer("SoftmaxWithLoss", "loss", "ip ip", "", "loss_weight: 3"), (3.0,)),
        (layer("Eltwise", "loss", "ip label", "l"), (0.0,)),
        (layer("Eltwise", "loss", "ip label", "l", "loss_weight: -1"), (-1.0,)),
        (layer("Silence", "loss", "ip label"), ()),
        (layer("Slice", "loss", "ip", "a b c", "loss_weight: [1, 0, 2]"), (1.0, 0.0, 2.0)),
        # How many tops it has by itself nobody knows, so that no number of weights is wrong.
        (layer("Unheard", "loss", "ip label", "", "loss_weight: 1"), ()),
        (layer("Unheard", "loss", "ip label", "l", "loss_weight: [1, 2]"), (1.0,)),
        (layer("Unheard", "loss", "ip label", "l m", "loss_weight: 2"), (2.0, 0.0)),
    ],
)
def test_loss_weights(text: str, expected: tuple[float, ...]) -> None:
    labels = LABELS.replace("dim: 2 dim: 3", "dim: 2 dim: 1") if "Softmax" in text else LABELS
    net = nets.inferred(labels + text)
    assert net.layers[-1].loss_weights == expected


def test_a_loss_that_is_read_counts_in_its_copy_and_by_itself() -> None:
    """Caffe clears the weight of a loss layer whose top it copies, which so has its own 1 again."""
    net = nets.inferred(
        LABELS
        + layer("EuclideanLoss", "loss", "ip label", "l", "loss_weight: 3")
        + layer("Power", "more", "l", "m")
    )
    assert {each.node.name: each.loss_weights for each in net.layers[2:]} == {
        "loss": (1.0,),
        "l_loss_0_split": (3.0, 0.0),
        "more": (0.0,),
    }


REFUSED = [
    pytest.param(
        """\
layer { name: "a" type: "Input" top: "a" input_param { shape { dim: 4 dim: 3 } } }
layer { name: "b" type: "Input" top: "b" input_param { shape { dim: 4 } } }
layer { name: "loss" type: "SoftmaxWithLoss"
  bottom: "a" bottom: "b"
  top: "loss" top: "prob"
}
""",
        (3, 1),
        "expected a loss_weight for each top, 2 in all, found 1, the default 1 of a loss layer",
        id="a loss layer with two tops and no loss_weight",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Input" top: "a" input_param { shape { dim: 4 dim: 3 } } }
layer { name: "r" type: "ReLU" bottom: "a" top: "r"
  loss_weight: 1
  loss_weight: 2
}
""",
        (4, 3),
        "expected a loss_weight for each top, 1 in all, found 2",
        id="more weights than tops",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Input" top: "a" input_param { shape { dim: 65536 dim: 32767 } } }
layer { name: "b" type: "Input" top: "b" input_param { shape { dim: 65536 dim: 32768 } } }
""",
        (2, 1),
        "the top 'b' would have more than 2^31 - 1 elements (65536 x 32768)",
        id="a top that is too large",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Input" top: "a" input_param { shape { dim: 1 dim: 65536 } } }
layer {
  name: "ip" type: "InnerProduct" bottom: "a" top: "ip"
  inner_product_param { num_output: 32768 }
}
""",
        (2, 1),
        "the weight would have more than 2^31 - 1 elements (32768 x 65536)",
        id="a blob that is too large",
    ),
    pytest.param(
        f"""\
layer {{ name: "a" type: "Input" top: "a" input_param {{ shape {{ {"dim: 1 " * 33}}} }} }}
""",
        (1, 1),
        "the top 'a' would have 33 axes, more than 32",
        id="too many axes",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Input" top: "a" input_param { shape { dim: 4 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "a" top: "ip"
  inner_product_param { num_output: 2
                        axis: 2 }
}
""",
        (4, 25),
        "axis 2 is out of range for a blob of shape 4 x 3",
        id="what a layer refuses at an option of its own",
    ),
]


@pytest.mark.parametrize(("text", "place", "fragment"), REFUSED)
def test_refused(check_error: CheckError, text: str, place: tuple[int, int], fragment: str) -> None:
    check_error(text, *place, fragment)


@pytest.mark.parametrize(
    ("shape", "fragment"),
    [
        ((2, -1), "the top 'data' would have the negative extent -1 (2 x -1)"),
        ((INT_MAX, 2), "more than 2^31 - 1 elements"),
        ((1,) * 33, "33 axes"),
    ],
)
def test_a_given_shape_is_refused_as_one_of_the_file(
    check_error: CheckError, shape: Shape, fragment: str
) -> None:
    check_error("\n" + DATA, 2, 1, fragment, input_shapes={"data": shape})


def test_the_largest_blob_is_not_refused() -> None:
    assert shapes(nets.inferred(nets.given("a", INT_MAX))) == {"a": (INT_MAX,)}
    assert shapes(nets.inferred(nets.given("a", 0, INT_MAX, INT_MAX))) == {
        "a": (0, INT_MAX, INT_MAX)
    }


class Told(Layer):
    """A type that keeps what it was told."""

    type: ClassVar[str] = "Told"

    def __init__(self, spec: Spec) -> None:
        self.told = (spec.phase, spec.bottoms, spec.tops)


def test_a_layer_is_told_its_phase_and_the_names_of_its_blobs() -> None:
    text = (
        layer("Unheard", "x", "", "x")
        + layer("Told", "own", "x", "own", "phase: TEST")
        + layer("Told", "nets", "own", "nets")
        + layer("Told", "in place", "nets", "nets")
    )
    registry = Registry({})
    registry.register(Told)
    graph = build(nets.message(text), State("TRAIN"), registry)
    told = [
        each.layer.told for each in infer(graph, Options()).layers if isinstance(each.layer, Told)
    ]
    assert told == [
        ("TEST", ("x",), ("own",)),
        ("TRAIN", ("own",), ("nets",)),
        ("TRAIN", ("nets",), ("nets",)),
    ]


@given(strategies.nets())
def test_every_shape_of_a_known_net_is_known(text: str) -> None:
    net = nets.inferred(text)
    assert None not in net.shapes
    for each in net.layers:
        assert each.tops == tuple(net.shapes[blob] for blob in each.node.tops), (
            "no layer of these changes a shape in place"
        )
        assert len(each.loss_weights) == len(each.tops)
