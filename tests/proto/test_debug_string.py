from __future__ import annotations

import re
from pathlib import Path

import pytest
from google.protobuf import text_format

import caffetools
from caffetools.net.reading import read_message
from caffetools.proto.debug_string import debug_string
from caffetools.proto.message import Message
from caffetools.proto.notes import Notes
from caffetools.proto.protobuf_classes import protobuf_classes

EXAMPLES = Path(__file__).parents[2] / "examples"


def message_of(text: str, folder: Path) -> Message:
    path = folder / "net.prototxt"
    path.write_text(text)
    return read_message(path, Notes())


def test_every_kind_of_value(tmp_path: Path) -> None:
    text = """layer { type: "Convolution" name: 'a"\\'\\n\\001\\303\\274'
      convolution_param { kernel_size: 3 num_output: 4 engine: CAFFE bias_term: false pad: 1
        weight_filler { std: 0.01 value: 1e-08 min: 1000000 max: 0.123456789 } } } name: "n" """
    assert debug_string(message_of(text, tmp_path)) == (
        'name: "n"\n'
        "layer {\n"
        '  name: "a\\"\\\'\\n\\001\\303\\274"\n'
        '  type: "Convolution"\n'
        "  convolution_param {\n"
        "    num_output: 4\n"
        "    bias_term: false\n"
        "    pad: 1\n"
        "    kernel_size: 3\n"
        "    weight_filler {\n"
        "      value: 1e-08\n"
        "      min: 1e+06\n"
        "      max: 0.123456791\n"
        "      std: 0.01\n"
        "    }\n"
        "    engine: CAFFE\n"
        "  }\n"
        "}\n"
    )


def test_what_the_schema_does_not_know_is_kept(tmp_path: Path) -> None:
    text = 'layer { future_param { b: 1.5 a: WORD c: "text" } name: "x" }'
    assert debug_string(message_of(text, tmp_path)) == (
        'layer {\n  name: "x"\n  future_param {\n    b: 1.5\n    a: WORD\n    c: "text"\n  }\n}\n'
    )


@pytest.mark.parametrize(
    "path", sorted(EXAMPLES.rglob("*.prototxt")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_examples_as_protobuf_prints_them(path: Path) -> None:
    message = read_message(path, Notes())
    assert message.descriptor is not None
    made = protobuf_classes()[message.descriptor.name]()
    text_format.Parse(path.read_text(), made)
    printed = re.sub(r"(: -?\d+)\.0$", r"\1", text_format.MessageToString(made), flags=re.MULTILINE)
    assert debug_string(message) == printed  # Python's writes 1.0 where C++ writes 1


def test_read_again_it_is_the_same(tmp_path: Path) -> None:
    net = caffetools.load(EXAMPLES / "lenet" / "train_test.prototxt")
    again = message_of(debug_string(net.inferred.graph.message), tmp_path)
    assert debug_string(again) == debug_string(net.inferred.graph.message)
