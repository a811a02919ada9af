"""Printed messages: order, values, and that they mean the same when read again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

import caffetools
from caffetools.errors import CaffeToolsError
from caffetools.net.reading import read_message, read_net
from caffetools.proto.formatter import format_text
from caffetools.proto.message import Message, Notes
from caffetools.proto.printer import debug_string, prototxt, quoted
from caffetools.proto.source import Source
from caffetools.proto.upgrade import upgrade
from caffetools.proto.values import unquote
from tests import nets, strategies
from tests.protobuf_classes import protobuf_classes
from tests.trees import as_protobuf, corpus, messages, plain, wire

NET = """\
name: "n"
force_backward: true

layer {
  name: "a"
  type: "Convolution"
  bottom: "x"
  bottom: "y"
  top: "z"
  include { phase: TEST }
  loss_weight: 0.5
  param { lr_mult: 1 decay_mult: 0 }
  param { lr_mult: 2 }
  convolution_param {
    num_output: 3
    kernel_size: 3
    weight_filler { type: "gaussian" std: 0.01 }
    engine: CUDNN
  }
}

layer {
  name: "b"
}
"""


def test_fields_stand_as_people_write_them() -> None:
    text = (
        "layer { convolution_param { num_output: 3 kernel_size: [3] weight_filler"
        " { type: 'gaussian' std: 0.01 } engine: 2 } param { lr_mult: 1 decay_mult: 0 }"
        " include { phase: TEST } top: 'z' bottom: ['x', 'y'] param { lr_mult: 2 }"
        " loss_weight: 0.5 type: 'Convolution' name: 'a' }"
        " layer { name: 'b' } force_backward: t name: 'n'"
    )
    assert prototxt(nets.message(text)) == NET


@pytest.mark.parametrize(
    ("root", "text", "expected"),
    [
        ("SolverParameter", "base_lr: 1", "base_lr: 1\n"),
        ("SolverParameter", "base_lr: 0.1f", "base_lr: 0.1\n"),
        ("SolverParameter", "base_lr: 1e-4", "base_lr: 0.0001\n"),
        ("SolverParameter", "base_lr: .00001", "base_lr: 1e-05\n"),
        ("SolverParameter", "base_lr: -0", "base_lr: -0\n"),
        ("SolverParameter", "base_lr: 1e20", "base_lr: 1e+20\n"),
        ("SolverParameter", "base_lr: -INF", "base_lr: -inf\n"),
        ("SolverParameter", "base_lr: NaN", "base_lr: nan\n"),
        ("SolverParameter", "max_iter: 0x10", "max_iter: 16\n"),
        ("SolverParameter", "solver_mode: 0", "solver_mode: CPU\n"),
        ("SolverParameter", "debug_info: 0", "debug_info: false\n"),
        ("SolverParameter", "net: 'a' \"'b'\"", "net: \"a'b'\"\n"),
        ("SolverParameter", "test_iter: [1, 2]", "test_iter: 1\ntest_iter: 2\n"),
        ("SolverParameter", "odd: [1, 1.0, 1.5, MAX, 'a']",
         'odd: 1\nodd: 1\nodd: 1.5\nodd: MAX\nodd: "a"\n'),
        ("SolverParameter", "odd < odder: -1 deep {} >", "odd {\n  odder: -1\n  deep {}\n}\n"),
        ("Datum", r"data: '\377\000a'", 'data: "\\377\\000a"\n'),
        ("V1LayerParameter", "type: CCCP", "type: CCCP\n"),
        ("PythonParameter", "layer: 'l' module: 'm'", 'layer: "l"\nmodule: "m"\n'),
    ],
)  # fmt: skip
def test_values(root: str, text: str, expected: str) -> None:
    assert prototxt(nets.message(text, root)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '""'),
        ("a'b", '"a\'b"'),
        ('a"b\\', r'"a\"b\\"'),
        ("a\nb\r\tc", r'"a\nb\r\tc"'),
        ("\0\x1b\x7f", r'"\000\033\177"'),
        ("caf\u00e9 \u5377", '"caf\u00e9 \u5377"'),
        ("\u2028\u202e", r'"\342\200\250\342\200\256"'),
        ("\udcff\udcc3", r'"\377\303"'),
    ],
)
def test_quoted(text: str, expected: str) -> None:
    assert quoted(text) == expected
    assert unquote([expected]) == text


@given(strategies.names)
def test_quoted_text_is_read_again(text: str) -> None:
    line = quoted(text)
    assert line.isprintable()
    assert unquote([line]) == text


@given(messages("NetParameter", depth=3))
def test_a_printed_message_is_read_again(message: Message) -> None:
    text = prototxt(message)
    again = nets.message(text)
    assert plain(again) == plain(message)
    assert prototxt(again) == text
    assert format_text(Source("net.prototxt", text)) == text


@given(messages("SolverParameter", texts=st.text(st.characters(codec="utf-8"), max_size=4)))
def test_google_protobuf_reads_it(message: Message) -> None:
    theirs = text_format.Parse(prototxt(message), protobuf_classes()["SolverParameter"]())
    assert wire(theirs) == wire(as_protobuf(message))


def tried(path: Path) -> Message | None:
    try:
        return read_net(path).message
    except CaffeToolsError:
        return None


def test_real_nets_in_today_s_form(shared: Path) -> None:
    for path in corpus(shared, "nets", step=20):
        net = tried(path)
        if net is not None:
            text = prototxt(net)
            again, notes = upgrade(nets.message(text))
            assert plain(again) == plain(net)
            assert notes == ()
            assert prototxt(again) == text


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
