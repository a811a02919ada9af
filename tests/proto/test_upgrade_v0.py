"""Nets of 2013: where each option goes, padding folded, what is dropped, what is refused."""

from __future__ import annotations

import pytest

from caffetools.errors import CaffeToolsError, GraphError
from caffetools.proto.message import Message, Notes
from caffetools.proto.upgrade_v0 import TYPES, upgrade_v0
from tests import nets
from tests.trees import Plain, plain


def upgraded(text: str) -> tuple[Message, list[str]]:
    """The net in V1's form, and what was noted."""
    notes = Notes()
    net = upgrade_v0(nets.message(text), notes)
    return net, [note.message for note in notes.all()]


def layer(options: str) -> Plain:
    """One layer in V1's form, of which nothing is dropped."""
    net, notes = upgraded(f"layers {{ layer {{ {options} }} }}")
    assert notes == []
    return plain(net.messages("layers")[0])


@pytest.mark.parametrize(("old", "new"), TYPES.items())
def test_types(old: str, new: str) -> None:
    assert layer(f"type: '{old}'") == {"type": [new]}


CONVOLUTION = """
name: 'c' type: 'conv' num_output: 96 biasterm: false pad: 2 kernelsize: 11 group: 2 stride: 4
weight_filler { type: 'gaussian' std: 0.01 } bias_filler { value: 1 }
blobs_lr: 1 blobs_lr: 2 weight_decay: 1 weight_decay: 0 blobs { num: 96 }
"""
CONVOLUTION_V1 = """
name: 'c' type: CONVOLUTION
convolution_param {
  num_output: 96 bias_term: false pad: 2 kernel_size: 11 group: 2 stride: 4
  weight_filler { type: 'gaussian' std: 0.01 } bias_filler { value: 1 }
}
blobs_lr: 1 blobs_lr: 2 weight_decay: 1 weight_decay: 0 blobs { num: 96 }
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (CONVOLUTION, CONVOLUTION_V1),
        (
            "type: 'innerproduct' num_output: 10 biasterm: true weight_filler {} bias_filler {}",
            (
                "type: INNER_PRODUCT inner_product_param"
                " { num_output: 10 bias_term: true weight_filler {} bias_filler {} }"
            ),
        ),
        (
            "type: 'pool' pool: STOCHASTIC kernelsize: 3 stride: 2 pad: 1",
            "type: POOLING pooling_param { pool: STOCHASTIC kernel_size: 3 stride: 2 pad: 1 }",
        ),
        (
            "type: 'dropout' dropout_ratio: 0.3",
            "type: DROPOUT dropout_param { dropout_ratio: 0.3 }",
        ),
        (
            "type: 'lrn' local_size: 3 alpha: 0.1 beta: 0.2 k: 2",
            "type: LRN lrn_param { local_size: 3 alpha: 0.1 beta: 0.2 k: 2 }",
        ),
        (
            (
                "type: 'data' source: 's' meanfile: 'm' batchsize: 8 cropsize: 227 mirror: true"
                " scale: 0.5 rand_skip: 3"
            ),
            (
                "type: DATA data_param { source: 's' batch_size: 8 rand_skip: 3 }"
                " transform_param { mean_file: 'm' crop_size: 227 mirror: true scale: 0.5 }"
            ),
        ),
        (
            (
                "type: 'images' source: 's' batchsize: 8 rand_skip: 3 shuffle_images: true"
                " new_height: 2 new_width: 3"
            ),
            (
                "type: IMAGE_DATA image_data_param { source: 's' batch_size: 8 rand_skip: 3"
                " shuffle: true new_height: 2 new_width: 3 }"
            ),
        ),
        (
            (
                "type: 'window_data' source: 's' batchsize: 8 det_fg_threshold: 0.1"
                " det_bg_threshold: 0.2 det_fg_fraction: 0.3 det_context_pad: 4"
                " det_crop_mode: 'square'"
            ),
            (
                "type: WINDOW_DATA window_data_param { source: 's' batch_size: 8 fg_threshold: 0.1"
                " bg_threshold: 0.2 fg_fraction: 0.3 context_pad: 4 crop_mode: 'square' }"
            ),
        ),
        (
            "type: 'hdf5_data' source: 's' batchsize: 8",
            "type: HDF5_DATA hdf5_data_param { source: 's' batch_size: 8 }",
        ),
        (
            "type: 'hdf5_output' hdf5_output_param { file_name: 'f' }",
            "type: HDF5_OUTPUT hdf5_output_param { file_name: 'f' }",
        ),
        (
            "type: 'infogain_loss' source: 's'",
            "type: INFOGAIN_LOSS infogain_loss_param { source: 's' }",
        ),
        ("type: 'concat' concat_dim: 0", "type: CONCAT concat_param { concat_dim: 0 }"),
        # Whatever the type, these four go into transform_param.
        ("type: 'relu' scale: 0.5", "type: RELU transform_param { scale: 0.5 }"),
    ],
)
def test_options(old: str, new: str) -> None:
    assert layer(old) == plain(nets.message(new, "V1LayerParameter"))


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ("type: 'relu' num_output: 3", "'num_output' from a layer of V0's type 'relu'"),
        ("type: 'lrn' pad: 3", "'pad' from a layer of V0's type 'lrn'"),
        ("type: 'pool' group: 3", "'group' from a layer of V0's type 'pool'"),
        ("type: 'data' new_num: 3", "'new_num' from a layer of V0's type 'data'"),
        ("type: 'conv' odd: 3", "'odd' from a layer of V0's type 'conv'"),
        ("pad: 3", "'pad' from a layer of V0's type ''"),
    ],
)
def test_options_that_the_type_does_not_have(options: str, note: str) -> None:
    net, notes = upgraded(f"layers {{ layer {{ {options} }} }}")
    assert notes == [f"Caffe drops {note}"]
    assert not set(net.messages("layers")[0].fields) - {"type"}


def test_an_unknown_type_stays() -> None:
    assert layer("name: 'x' type: 'inner_product'") == {"name": ["x"], "type": ["inner_product"]}


def test_what_stands_beside_a_layer_is_dropped() -> None:
    net, notes = upgraded("layers { layer { name: 'a' } name: 'b' include {} top: 't' }")
    assert plain(net.messages("layers")[0]) == {"name": ["a"], "top": ["t"]}
    assert notes == [
        "Caffe drops 'name' next to a layer of V0",
        "Caffe drops 'include' next to a layer of V0",
    ]


def test_what_a_net_keeps() -> None:
    net, notes = upgraded(
        "name: 'n' input: 'data' input_dim: 1 force_backward: true odd: 1"
        " input_shape {} debug_info: true state {} layers { layer { name: 'a' } }"
    )
    assert list(net.fields) == ["name", "input", "input_dim", "force_backward", "odd", "layers"]
    assert notes == [
        "Caffe drops 'input_shape' from a net of V0",
        "Caffe drops 'debug_info' from a net of V0",
        "Caffe drops 'state' from a net of V0",
    ]


def test_places() -> None:
    net, _ = upgraded(
        "layers {\n  layer { name: 'c' type: 'conv'\n    kernelsize: 3\n    pad: 1 }\n"
        "  bottom: 'd' }\ninput: 'd'"
    )
    layer = net.messages("layers")[0]
    options = layer.message("convolution_param")
    assert layer.location() == ("net.prototxt", 1, 1)
    assert layer.location("type") == ("net.prototxt", 2, 21)
    assert layer.location("bottom") == ("net.prototxt", 5, 3)
    assert options.location() == options.location("kernel_size") == ("net.prototxt", 3, 5)
    assert options.location("pad") == ("net.prototxt", 4, 5)


PADDED = """
input: 'data'
layers { layer { name: 'pad1' type: 'padding' pad: 2 } bottom: 'data' top: 'pad1' }
layers { layer { name: 'conv1' type: 'conv' pad: 7 } bottom: 'pad1' top: 'conv1' }
layers { layer { name: 'pad2' type: 'padding' } bottom: 'conv1' top: 'pad2' }
layers { layer { name: 'pool2' type: 'pool' } bottom: 'pad2' top: 'pool2' }
layers { layer { name: 'conv2' type: 'conv' } bottom: 'pool2' top: 'conv2' }
"""


def test_padding() -> None:
    net, notes = upgraded(PADDED)
    layers = net.messages("layers")
    assert notes == []
    assert [layer.text("name") for layer in layers] == ["conv1", "pool2", "conv2"]
    assert [layer.texts("bottom") for layer in layers] == [["data"], ["conv1"], ["pool2"]]
    assert layers[0].message("convolution_param").integers("pad") == [2]
    assert layers[0].message("convolution_param").location("pad") == ("net.prototxt", 3, 47)
    assert layers[0].location("bottom") == ("net.prototxt", 3, 56)
    assert layers[1].message("pooling_param").integer("pad") == 0
    assert layers[2].message("convolution_param").integers("pad") == []


def test_padding_is_that_of_the_last_layer_above() -> None:
    net, _ = upgraded(
        "input: 'data'"
        "layers { layer { type: 'padding' pad: 1 } bottom: 'data' top: 'a' }"
        "layers { layer { type: 'padding' pad: 2 } bottom: 'data' top: 'a' }"
        "layers { layer { type: 'conv' } bottom: 'a' top: 'b' }"
        "layers { layer { type: 'padding' pad: 3 } bottom: 'b' top: 'b' }"
        "layers { layer { type: 'relu' } bottom: 'data' top: 'b' }"
        "layers { layer { type: 'conv' } bottom: 'b' top: 'c' }"
    )
    layers = net.messages("layers")
    assert [layer.message("convolution_param").integers("pad") for layer in layers] == [[2], [], []]
    assert [layer.texts("bottom") for layer in layers] == [["data"], ["data"], ["b"]]


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        (
            "layers { layer { type: 'relu' }\n  bottom: 'a' bottom: 'b' }\ninput: 'a'",
            2, 15, "unknown bottom 'b': no layer above makes it",
        ),
        (
            ("input: 'a'\nlayers { layer { type: 'padding' } bottom: 'a' top: 'b' }\n"
            "layers { layer { type: 'relu' } bottom: 'b' }"),
            3, 33, "a padding layer feeds a layer of type 'relu': expected conv or pool",
        ),
        (
            ("input: 'a'\nlayers { layer { type: 'padding' } bottom: 'a' top: 'b' }\n"
            "layers { layer { type: 'padding' } bottom: 'b' top: 'c' }"),
            3, 36, "a padding layer feeds a layer of type 'padding': expected conv or pool",
        ),
        (
            ("input: 'a'\nlayers { layer { type: 'padding' } bottom: 'a' top: 'b' }\n"
            "layers { layer { type: 'conv' } bottom: 'a' bottom: 'b' }"),
            3, 45, "a layer that reads from a padding layer takes 1 bottom, found 2",
        ),
        (
            ("input: 'a'\nlayers { layer { type: 'padding' } bottom: 'a' bottom: 'a' top: 'b' }\n"
            "layers { layer { type: 'conv' } bottom: 'b' }"),
            2, 48, "a padding layer takes 1 bottom, found 2",
        ),
        (
            ("layers { layer { type: 'padding' } top: 'b' }\n"
            "layers { layer { type: 'conv' } bottom: 'b' }"),
            1, 1, "a padding layer takes 1 bottom, found 0",
        ),
        (
            ("input: 'a'\nlayers { layer { type: 'padding' } bottom: 'a' top: 'b' top: 'c' }\n"
            "layers { layer { type: 'conv' } bottom: 'b' }"),
            2, 57, "a padding layer makes 1 top, found 2",
        ),
    ],
)  # fmt: skip
def test_refusals(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        upgraded(text)
    assert isinstance(caught.value, GraphError)
    assert (caught.value.message, caught.value.location) == (
        message,
        ("net.prototxt", line, column),
    )


def test_the_net_given_stays_as_it_is() -> None:
    net = nets.message(PADDED)
    before = plain(net)
    upgrade_v0(net, Notes())
    assert plain(net) == before
