"""Nets written with their comments: order, places, what was removed, and the same message."""

from __future__ import annotations

from pathlib import Path

from caffetools.editing.messages import layer_message, with_layers
from caffetools.errors import CaffeToolsError
from caffetools.net.reading import read_net, without_weights
from caffetools.proto.comments import with_comments
from caffetools.proto.formatter import format_text
from caffetools.proto.message import Message
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source
from caffetools.proto.upgrade import upgrade
from tests.trees import corpus, plain

TEXT = """\
# a net
name: "n"  # its name
layer {  # the first
  top: "x"
  name: "a"  # not where others put it
  type: "Input"
  # why one
  input_param {
    shape { dim: 1 dim: 2 }
  }
  # the end of a
}
# about b
layer {
  name: "b"
  type: "ReLU"
  bottom: "x"
  top: "x"
}
# the end
"""


def read(text: str) -> Message:
    return upgrade(parse(Source("net.prototxt", text)))[0]


def test_a_net_is_written_as_its_author_did() -> None:
    assert with_comments(read(TEXT)) == TEXT == format_text(Source("net.prototxt", TEXT))


def test_comments_of_a_removed_layer_are_removed() -> None:
    net = read(TEXT)
    net.fields["layer"] = net.fields["layer"][:1]
    second = TEXT[TEXT.index("# about b") : TEXT.rindex("# the end")]
    assert with_comments(net) == TEXT.replace(second, "")


def test_a_new_layer_has_a_blank_line_above_where_others_do() -> None:
    for text, blank in ((TEXT, ""), (TEXT.replace("# about b", "\n# about b"), "\n")):
        net = read(text)
        new = layer_message(net, "TanH", "c", ["x"], ["y"])
        written = with_comments(with_layers(net, [*net.messages("layer"), new]))
        assert f'}}\n{blank}layer {{\n  name: "c"\n  type: "TanH"\n  bottom: "x"\n' in written


def test_an_upgraded_net_keeps_its_comments() -> None:
    text = 'layers { name: "a" type: RELU bottom: "x" top: "x"  # old\n blobs_lr: 2  # twice\n}\n'
    expected = """\
layer {
  name: "a"
  type: "ReLU"
  bottom: "x"
  top: "x"  # old
  param { lr_mult: 2 }  # twice
}
"""
    assert with_comments(read(text)) == expected


def test_public_nets_are_the_same_when_read_again(shared: Path) -> None:
    for path in corpus(shared, "nets", 15):
        try:
            net = without_weights(read_net(path).message)
        except CaffeToolsError:
            continue
        assert plain(read(with_comments(net))) == plain(net), path
