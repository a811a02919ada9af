"""What a message answers: values, defaults, places."""

from __future__ import annotations

from caffetools.errors import GraphError, Location, Note, ShapeError
from caffetools.proto.message import Message, Notes
from caffetools.proto.source import Source
from tests import nets

TEXT = """\
layer {
  name: "conv1"
  top: "a"
  top: "b"
  loss_weight: 0.5
  convolution_param { num_output: 3 bias_term: false kernel_size: 5 kernel_size: 3 }
  include { phase: TEST }
  odd: 1
}
"""


def layer() -> Message:
    return nets.message(TEXT).messages("layer")[0]


def test_values() -> None:
    message = layer()
    assert message.text("name") == "conv1"
    assert message.texts("top") == ["a", "b"]
    assert message.numbers("loss_weight") == [0.5]
    options = message.message("convolution_param")
    assert options.integer("num_output") == 3
    assert options.integers("kernel_size") == [5, 3]
    assert options.flag("bias_term") is False
    assert [rule.text("phase") for rule in message.messages("include")] == ["TEST"]


def test_defaults_where_a_field_is_not_set() -> None:
    message = layer()
    assert message.text("type") == ""
    assert message.texts("bottom") == []
    assert message.message("convolution_param").integer("group") == 1
    assert message.message("lrn_param").number("beta") == 0.75
    assert message.message("lrn_param").text("norm_region") == "ACROSS_CHANNELS"
    assert message.get("blobs") is None


def test_what_is_set() -> None:
    message = layer()
    assert message.has("name")
    assert not message.has("type")
    assert (message.count("top"), message.count("bottom")) == (2, 0)
    assert message.all("top") == ["a", "b"]


def test_an_unknown_field_is_kept() -> None:
    message = layer()
    assert message.get("odd") == 1
    assert message.get("odder") is None
    unknown = Message(None, message.source)
    assert unknown.get("odd") is None
    assert unknown.message("odd").descriptor is None


def test_places() -> None:
    message = layer()
    assert message.location() == Location("net.prototxt", 1, 1)
    assert message.location("name") == Location("net.prototxt", 2, 3)
    assert message.location("top") == Location("net.prototxt", 4, 3)
    assert message.location("top", 0) == Location("net.prototxt", 3, 3)
    assert message.location("bottom") == Location("net.prototxt", 1, 1)
    options = message.message("convolution_param")
    assert options.location("kernel_size", 0) == Location("net.prototxt", 6, 54)
    assert message.message("lrn_param").location("alpha") == message.location()


def test_errors() -> None:
    error = layer().error("too many", "top")
    assert isinstance(error, ShapeError)
    assert (error.location, error.excerpt) == (("net.prototxt", 4, 3), '  top: "b"')
    assert isinstance(layer().error("too many", kind=GraphError), GraphError)


def test_repr_tells_what_and_where() -> None:
    message = nets.message('name: "n"').message("state")
    assert repr(message) == "<NetState at net.prototxt:1:1: >"
    assert repr(Message(None, Source("net", "x"))) == "<unknown message at net:1:1: >"
    pooling = nets.message("pad: 1 stride: 2", "PoolingParameter")
    assert repr(pooling) == "<PoolingParameter at net.prototxt:1:1: pad, stride>"


def test_a_message_with_other_fields_stands_where_it_stood() -> None:
    old = nets.message("layer { name: 'b' }").messages("layer")[0]
    new = old.replaced({**old.fields, "type": [("ReLU", 3)]})
    assert (new.text("name"), new.text("type"), new.location("type").column) == ("b", "ReLU", 4)
    assert (new.descriptor, new.source, new.offset) == (old.descriptor, old.source, old.offset)
    assert not old.has("type")


def test_notes_are_gathered() -> None:
    net = nets.message('name: "n"\ninput: "a"\ninput: "b"\n')
    notes = Notes()
    assert notes.all() == ()
    notes.add("odd", net, "input", 1)
    notes.add("other", net)
    notes.add("odd", net, "input", 0)
    notes.add("third", net, "input")
    assert notes.all() == (
        Note(Location("net.prototxt", 3, 1), "odd (2 times)"),
        Note(Location("net.prototxt", 1, 1), "other"),
        Note(Location("net.prototxt", 2, 1), "third"),
    )
