"""The lines of each layer."""

from __future__ import annotations

from caffetools.net.net import from_text
from caffetools.pages.snippets import Snippet, snippets
from tests.nets import net

TEXT = """\
name: "n"  # a net
layer {
  name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 4 } }  # one }
}
# The test's own.
layer { name: "x" type: "ReLU" bottom: "data" top: "x" include { phase: TEST } }
# What follows.
layer { name: "a" type: "ReLU" bottom: "data" top: "a" } layer { name: "b"
  type: "ReLU" bottom: "a" top: "b" }
state { phase: TRAIN }
"""


def test_snippets() -> None:
    data, a, b = snippets(from_text(TEXT))
    lines = TEXT.splitlines()
    assert data == Snippet(2, tuple(lines[1:5]))
    assert a == Snippet(9, ('layer { name: "a" type: "ReLU" bottom: "data" top: "a" }',))
    assert b is not None
    assert (b.line, b.lines[0]) == (9, 'layer { name: "b"')


def test_layers_of_input_fields() -> None:
    text = 'input: "data"\n' + "input_dim: 1\n" * 4
    (found,) = snippets(from_text(text))
    assert found == Snippet(1, tuple(text.splitlines()))


def test_no_text_no_lines() -> None:
    made = net('layer { name: "data" type: "Input" top: "data" }')
    message = made.layers[0].node.message
    message.source.text = ""
    assert snippets(made) == [None]
