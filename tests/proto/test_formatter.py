"""Texts laid out anew: nothing but blanks, brackets, separators and quotes changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.net.reading import read_text
from caffetools.proto.formatter import first_difference, format_text
from caffetools.proto.message import Message
from caffetools.proto.printer import prototxt
from caffetools.proto.prototxt import TOKEN
from caffetools.proto.source import Source
from tests import nets
from tests.trees import corpus, messages, plain


def formatted(text: str) -> str:
    return format_text(Source("net.prototxt", text))


def comments(text: str) -> list[str]:
    """The comments of a text, without the blanks around them, in order."""
    gaps = (match.string[match.start() : match.start(match.lastindex or 0)]
            for match in TOKEN.finditer(text))  # fmt: skip
    return [c.strip() for gap in gaps for c in re.findall(r"#[^\r\n]*", gap)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a:1", "a: 1\n"),
        ("a : 1", "a: 1\n"),
        ("a: 1 b: 2", "a: 1\nb: 2\n"),
        ("a: 1, b: 2; c: 3", "a: 1\nb: 2\nc: 3\n"),
        ("b: 1 a: 2 b: 3", "b: 1\na: 2\nb: 3\n"),
        # A value is what its author wrote.
        ("a: 0x1F b: 010 c: 1.50f d: .5 e: -1 f: - 1 g: True h: MAX", (
            "a: 0x1F\nb: 010\nc: 1.50f\nd: .5\ne: -1\nf: -1\ng: True\nh: MAX\n")),
        ("a: 'b'", 'a: "b"\n'),
        ("a: '\"'", "a: '\"'\n"),
        (r"a: 'it\'s' ", r'a: "it\'s"' + "\n"),
        ("a: \"it's\"", "a: \"it's\"\n"),
        ("a: 'b'  \"c\"\n'd'", 'a: "b" "c" "d"\n'),
        ("a: [1,2 , 3]", "a: [1, 2, 3]\n"),
        ("a: ['b' 'c', \"d\"]", 'a: ["b" "c", "d"]\n'),
        ("a: []", "a: []\n"),
        ("a { b: 1 }", "a { b: 1 }\n"),
        ("a: { b: 1 }", "a { b: 1 }\n"),
        ("a<b:1>", "a { b: 1 }\n"),
        ("a {\n\n}", "a {}\n"),
        ("layer{name:'a'}", 'layer {\n  name: "a"\n}\n'),
        ("a [{ b: 1 }, <>]", "a { b: 1 }\na {}\n"),
        ("a: [{ b: 1 }, 2]", "a { b: 1 }\na: 2\n"),
        ("a_param { b { c: 1 } }", "a_param {\n  b { c: 1 }\n}\n"),
        ("a: 1\r\n\r\n\r\nb: 2\r\n", "a: 1\n\nb: 2\n"),
        ("a: 1\rb: 2\r", "a: 1\nb: 2\n"),
        ("\n\n  a: 1\n \t\n\n\nb: 2\n\n", "a: 1\n\nb: 2\n"),
        ("layer {\n\n  a: 1\n\n\n  b: 2\n\n}", "layer {\n  a: 1\n\n  b: 2\n}\n"),
        ("a: '\udcff'", 'a: "\udcff"\n'),
    ],
)  # fmt: skip
def test_fields(text: str, expected: str) -> None:
    assert formatted(text) == expected
    assert formatted(expected) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# c", "# c\n"),
        ("#c  \n\n\n#d", "#c\n\n#d\n"),
        ("# c\na: 1", "# c\na: 1\n"),
        ("a: 1 # c", "a: 1  # c\n"),
        ("a: 1 # c\n, # d\nb: 2", "a: 1  # c\n# d\nb: 2\n"),
        ("a: 1, # c\nb: 2", "a: 1  # c\nb: 2\n"),
        ("a: 1\n # c\n\nb: 2", "a: 1\n# c\n\nb: 2\n"),
        ("a: # c\n 1", "# c\na: 1\n"),
        ("a # c\n : # d\n - # e\n 1 # f", "# c\n# d\n# e\na: -1  # f\n"),
        ("a: 'b' # c\n 'd'", '# c\na: "b" "d"\n'),
        ("a: [ # c\n 1, # d\n 2 # e\n] # f", "# c\n# d\n# e\na: [1, 2]  # f\n"),
        ("a: [{ # c\n}, # d\n{}]", "# d\na {  # c\n}\na {}\n"),
        ("a { # c\n b: 1 }", "a {  # c\n  b: 1\n}\n"),
        ("a { # c\n }", "a {  # c\n}\n"),
        ("a {\n # c\n }", "a {\n  # c\n}\n"),
        ("a # c\n {}", "# c\na {}\n"),
        ("a { b: 1 # c\n }", "a {\n  b: 1  # c\n}\n"),
        ("a { b: 1\n # c\n } # d\n# e", "a {\n  b: 1\n  # c\n}  # d\n# e\n"),
        ("a { b: 1 } # c", "a { b: 1 }  # c\n"),
        ("layer {\n a: 1\n\n # c\n\n}", "layer {\n  a: 1\n\n  # c\n}\n"),
        ("a: 1\n#\tb: 2\n#\n", "a: 1\n#\tb: 2\n#\n"),
    ],
)
def test_comments(text: str, expected: str) -> None:
    assert formatted(text) == expected
    assert formatted(expected) == expected


def respelled(text: str, data: st.DataObject) -> str:
    """The tokens of a text with other blanks, and comments, between them."""
    gaps = st.sampled_from((" ", " ", "\n", "\t", "\n\n\n", " # c\n", "\n# d\r\n", "#e\n #\n"))
    return "".join(match[match.lastindex or 0] + data.draw(gaps) for match in TOKEN.finditer(text))


@given(messages("NetParameter", depth=3), st.data())
def test_the_meaning_and_the_comments_stay(message: Message, data: st.DataObject) -> None:
    text = respelled(prototxt(message), data)
    result = formatted(text)
    assert plain(nets.message(result)) == plain(message)
    assert comments(result) == comments(text)
    assert formatted(result) == result


@given(messages("NetParameter", depth=3))
def test_without_comments_there_is_one_layout(message: Message) -> None:
    text = prototxt(message)
    other = " ".join(match[match.lastindex or 0] for match in TOKEN.finditer(text))
    assert formatted(other) == text.replace("\n\n", "\n")


@pytest.mark.parametrize(
    ("text", "laid_out", "expected"),
    [
        ("", "", None),
        ("a: 1\n", "a: 1\n", None),
        ("a:1\n", "a: 1\n", 0),
        ("a: 1\nb:1\n", "a: 1\nb: 1\n", 5),
        ("a: 1\r\n", "a: 1\n", 0),
        ("a: 1\nb: 2", "a: 1\nb: 2\n", 5),
        ("a: 1\n\n\n", "a: 1\n", 5),
        ("a: 1\n", "a: 1\nb: 2\n", 5),
    ],
)
def test_first_difference(text: str, laid_out: str, expected: int | None) -> None:
    assert first_difference(Source("net.prototxt", text), laid_out) == expected


def tried(path: Path) -> Source | None:
    try:
        return read_text(path)
    except CaffeToolsError:
        return None


@pytest.mark.parametrize(("folder", "step"), [("nets", 25), ("solvers", 10)])
def test_real_files(shared: Path, folder: str, step: int) -> None:
    for source in map(tried, corpus(shared, folder, step)):
        if source is not None:
            result = format_text(source)
            assert plain(nets.message(result)) == plain(nets.message(source.text))
            assert sorted(comments(result)) == sorted(comments(source.text))
            assert formatted(result) == result


def test_examples_are_in_the_canonical_layout() -> None:
    examples = sorted((Path(__file__).parents[2] / "examples").rglob("*.prototxt"))
    assert examples
    for path in examples:
        assert format_text(read_text(path)) == path.read_text(), path
