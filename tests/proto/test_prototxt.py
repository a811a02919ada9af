"""The text format: its spellings, the places of what is read, what is refused and where.

google.protobuf's own reader is the second opinion on all that it reads. It is Python's, and differs
from the C++ reader that Caffe calls: that takes `- 1`, `01` as a boolean and bytes that are no
UTF-8, and refuses `inff`, `1_0` and unknown escapes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import PrototxtError
from caffetools.proto.message import Message, Word
from caffetools.proto.prototxt import MAX_DEPTH, parse
from caffetools.proto.source import Source, decode
from tests import nets
from tests.conftest import CheckError
from tests.protobuf_classes import protobuf_classes
from tests.trees import Plain, as_protobuf, corpus, messages, plain, wire

SOLVER = "SolverParameter"


def read_solver(path: Path) -> Message:
    return parse(decode(str(path), path.read_bytes()), SOLVER)


def google(text: str, root: str) -> Any:
    return text_format.Parse(text, protobuf_classes()[root]())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("  # nothing\n", {}),
        ("max_iter: 5", {"max_iter": [5]}),
        ("max_iter:5", {"max_iter": [5]}),
        ("max_iter\n:\n5\n", {"max_iter": [5]}),
        ("max_iter: # five\n 5 # it is", {"max_iter": [5]}),
        ("max_iter:\t5\v\f\r\n", {"max_iter": [5]}),
        ("max_iter: -5", {"max_iter": [-5]}),
        ("base_lr: 1f", {"base_lr": [1.0]}),
        ("base_lr: -.5e1", {"base_lr": [-5.0]}),
        ("base_lr: -inf", {"base_lr": [float("-inf")]}),
        ("base_lr: nan", {"base_lr": ["nan"]}),
        ("solver_mode: CPU", {"solver_mode": ["CPU"]}),
        ("solver_mode: 0", {"solver_mode": ["CPU"]}),
        ("debug_info: True", {"debug_info": [True]}),
        ("net: 'a'", {"net": ["a"]}),
        ('net: "a" \'b\'\n  # c\n "d"', {"net": ["abd"]}),
        ('net: "a#b{"', {"net": ["a#b{"]}),
        ('net: "a\\"b"', {"net": ['a"b']}),
        ('net: "a\'b"', {"net": ["a'b"]}),
        ('net: "a\tb"', {"net": ["a\tb"]}),
        ('net:"a"max_iter:5', {"net": ["a"], "max_iter": [5]}),
        ("max_iter: 5 display: 1", {"max_iter": [5], "display": [1]}),
        ("max_iter: 5, display: 1;", {"max_iter": [5], "display": [1]}),
        ("max_iter: 5,display:1", {"max_iter": [5], "display": [1]}),
        ("test_iter: 1 display: 2 test_iter: 3", {"test_iter": [1, 3], "display": [2]}),
        ("test_iter: [1, 2,3]", {"test_iter": [1, 2, 3]}),
        ("test_iter: [1] test_iter: 2", {"test_iter": [1, 2]}),
        ("test_iter: []", {}),
        ("test_net: ['a', \"b\" 'c']", {"test_net": ["a", "bc"]}),
        ("train_state { level: 1 }", {"train_state": [{"level": [1]}]}),
        ("train_state: { level: 1 }", {"train_state": [{"level": [1]}]}),
        ("train_state < level: 1 >", {"train_state": [{"level": [1]}]}),
        ("train_state:<level:1>", {"train_state": [{"level": [1]}]}),
        ("train_state {}, max_iter: 5", {"train_state": [{}], "max_iter": [5]}),
        ("test_state [{level: 1}, <>]", {"test_state": [{"level": [1]}, {}]}),
        ("test_state: [{}]", {"test_state": [{}]}),
        ("test_state {} test_state {}", {"test_state": [{}, {}]}),
        (
            "train_net_param < layer { name: 'a' pooling_param: < pad: 1 > } >",
            {"train_net_param": [{"layer": [{"name": ["a"], "pooling_param": [{"pad": [1]}]}]}]},
        ),
        ("net: ''", {"net": [""]}),
    ],
)
def test_spellings(text: str, expected: Plain) -> None:
    message = nets.message(text, SOLVER)
    assert plain(message) == expected
    assert wire(as_protobuf(message)) == wire(google(text, SOLVER))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max_iter: - 5", {"max_iter": [-5]}),
        ("base_lr: -\n# minus\ninf", {"base_lr": [float("-inf")]}),
        ("debug_info: 01", {"debug_info": [True]}),
        (r'net: "\377"', {"net": ["\udcff"]}),
        (r'net: "\ud83d\ude00"', {"net": ["\U0001f600"]}),
    ],
)
def test_spellings_that_only_the_c_reader_takes(text: str, expected: Plain) -> None:
    assert plain(nets.message(text, SOLVER)) == expected
    with pytest.raises(text_format.ParseError):
        google(text, SOLVER)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("odd: 1", {"odd": [1]}),
        ("odd: -1.5f odd: 0x10", {"odd": [-1.5, 16]}),
        ("odd: MAX", {"odd": [Word("MAX")]}),
        ("odd: 'MAX'", {"odd": ["MAX"]}),
        ("odd: [1, MAX, 'a' 'b']", {"odd": [1, Word("MAX"), "ab"]}),
        (
            "odd { inner: 1 inner: 2 deep < a: b > }",
            {"odd": [{"inner": [1, 2], "deep": [{"a": ["b"]}]}]},
        ),
        ("odd: { max_iter: 'a' max_iter: 1 }", {"odd": [{"max_iter": ["a", 1]}]}),
        ("odd: [{ a: 1 }, 2]", {"odd": [{"a": [1]}, 2]}),
        ("train_state { odd: 1 }", {"train_state": [{"odd": [1]}]}),
    ],
)
def test_unknown_fields_are_kept(text: str, expected: Plain) -> None:
    assert plain(nets.message(text, SOLVER)) == expected


def test_a_word_is_no_string() -> None:
    word, text = nets.message("odd: MAX odd: 'MAX'").all("odd")
    assert isinstance(word, Word)
    assert not isinstance(text, Word)


def test_places() -> None:
    net = nets.message('name: "n"\r\n\tlayer <\r  top: ["a",\n "b"] odd: {\n x: 1 } >')
    layer = net.messages("layer")[0]
    assert net.location("name") == ("net.prototxt", 1, 1)
    assert layer.location() == ("net.prototxt", 2, 2)
    assert layer.location("top", 0) == layer.location("top", 1) == ("net.prototxt", 3, 3)
    assert layer.location("odd") == ("net.prototxt", 4, 7)
    assert layer.message("odd").location("x") == ("net.prototxt", 5, 2)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("max_iter 5", 1, 10, "expected ':' after 'max_iter', found '5'"),
        ("max_iter = 5", 1, 10, "expected ':' after 'max_iter', found '='"),
        ("max_iter {}", 1, 10, "'max_iter' is of type int32, found a message"),
        ("max_iter:", 1, 10, "expected a value for 'max_iter', found the end of the file"),
        ("max_iter: -", 1, 12, "expected a value for 'max_iter', found the end of the file"),
        ("max_iter: -'5'", 1, 12, "expected a value for 'max_iter', found \"'5'\""),
        ("max_iter: }", 1, 11, "expected a value for 'max_iter', found '}'"),
        ("max_iter: 1.5", 1, 11, "'max_iter': expected an integer, found '1.5'"),
        ("max_iter: -x", 1, 11, "'max_iter': expected an integer, found '-x'"),
        ("max_iter: 5max", 1, 12, "expected a blank between 5 and 'max'"),
        ("base_lr: 1e", 1, 11, "expected a blank between 1 and 'e'"),
        ("base_lr: 1.2.3", 1, 13, "expected a blank between 1.2 and '.3'"),
        ("base_lr: 1..", 1, 12, "expected the name of a field, found '.'"),
        ("base_lr: one", 1, 10, "'base_lr': expected a number, found 'one'"),
        ("base_lr: '1'", 1, 10, "'base_lr': expected a number without quotes, found the string"),
        ("solver_mode: 'CPU'", 1, 14, "'solver_mode': expected a word without quotes"),
        ("solver_mode: cpu", 1, 14, "'solver_mode': expected one of CPU, GPU, found 'cpu'"),
        ("net: a", 1, 6, "'net': expected a string in quotes, found 'a'"),
        ("net: 'a", 1, 6, "expected a value for 'net', found a string that its line does not end"),
        ('net: "a\n"', 1, 6, "found a string that its line does not end"),
        (r"net: 'a\q'", 1, 6, r"'net': there is no escape '\\q'"),
        ("net: 'a' 'b", 1, 10, "expected the name of a field, found a string that its line"),
        ("\n\nmax_iter: 1\n  max_iter: 2", 4, 3, "'max_iter' is given twice, first in line 3"),
        ("train_state {}\ntrain_state {}", 2, 1, "'train_state' is given twice, first in line 1"),
        ("train_state { level: 1 level: 1 }", 1, 24, "'level' is given twice, first in line 1"),
        ("train_state 5", 1, 13, "expected '{' after 'train_state', found '5'"),
        ("train_state: 'a'", 1, 14, "expected '{' after 'train_state', found"),
        ("train_state", 1, 12, "expected '{' after 'train_state', found the end of the file"),
        ("train_state {\n level: 1\n", 3, 1, "within the message opened in line 1: expected '}'"),
        ("train_state <\n level: 1 }", 2, 11, "expected '>', found '}'"),
        ("train_state { level: 1 >", 1, 24, "expected '}', found '>'"),
        ("max_iter: 1 }", 1, 13, "'}' closes nothing"),
        ("max_iter: [1]", 1, 11, "'max_iter' takes one value, found a list"),
        ("train_state: [{}]", 1, 14, "'train_state' takes one value, found a list"),
        (
            "test_iter: [1, 2",
            1,
            17,
            "expected ',' or ']' in the list of 'test_iter', found the end",
        ),
        ("test_iter: [1 2]", 1, 15, "expected ',' or ']' in the list of 'test_iter', found '2'"),
        ("test_iter: [1,]", 1, 15, "expected a value for 'test_iter', found ']'"),
        ("test_iter: [[1]]", 1, 13, "expected a value for 'test_iter', found '['"),
        ("test_iter [1]", 1, 11, "expected ':' after 'test_iter', found '['"),
        ("test_iter []", 1, 11, "expected ':' after 'test_iter', found '['"),
        ("odd [1]", 1, 5, "expected ':' after 'odd', found '['"),
        ("odd 1", 1, 5, "expected ':' after 'odd', found '1'"),
        ("odd: 08", 1, 6, "'odd': '08' is not an octal number"),
        ("max_iter: 1,, display: 1", 1, 13, "expected the name of a field, found ','"),
        (", max_iter: 1", 1, 1, "expected the name of a field, found ','"),
        ("5: 1", 1, 1, "expected the name of a field, found '5'"),
        ("[a.b]: 1", 1, 1, "expected the name of a field, found '['"),
        ("// c", 1, 1, "expected the name of a field, found '/'"),
        ("n\u00e4me: 1", 1, 2, "expected ':' after 'n', found '\\xe4'"),
        ("max_iter: 1\x00", 1, 12, "expected the name of a field, found '\\x00'"),
        ("<<<<<<< HEAD\nmax_iter: 1", 1, 1, "a git conflict marker"),
        ("max_iter: 1\n=======\n", 2, 1, "a git conflict marker"),
        ("max_iter: 1\n>>>>>>> theirs", 2, 1, "a git conflict marker: the file holds two versions"),
        ("train_state {\n>>>>>>> theirs", 2, 1, "a git conflict marker"),
        ("max_iter: ${iterations}", 1, 11, "the placeholder '${iterations}': fill it in"),
        ("${solver}", 1, 1, "the placeholder '${solver}': fill it in"),
        ("max_iter: @iterations@", 1, 11, "the placeholder '@iterations@': fill it in"),
        ("max_iter: %(iterations)s", 1, 11, "the placeholder '%(iterations)s': fill it in"),
        ("max_iter: {{ iterations }}", 1, 11, "found a message"),
        ("{{ iterations }}", 1, 1, "the placeholder '{{ iterations }}': fill it in"),
    ],
)
def test_errors(check_error: CheckError, text: str, line: int, column: int, message: str) -> None:
    error = check_error(text, line, column, message, read=read_solver)
    assert isinstance(error, PrototxtError)
    assert error.excerpt == re.split(r"\r\n|\r|\n", text)[line - 1]


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("clip_param {\n  min: 0 }", 1, 1, "expected 'max', which must be given"),
        ("name: 'clip'\nclip_param {}", 2, 1, "expected 'min', which must be given"),
    ],
)
def test_required_fields(
    check_error: CheckError, text: str, line: int, column: int, message: str
) -> None:
    def read(path: Path) -> Message:
        return parse(decode(str(path), path.read_bytes()), "LayerParameter")

    check_error(text, line, column, message, read=read)


def test_depth() -> None:
    deepest = "a {" * MAX_DEPTH + "}" * MAX_DEPTH
    assert nets.message(deepest).has("a")
    for text in (f"a {{{deepest}}}", "a {" * 100_000, "a: [" * 100_000, "a <" * 100_000):
        with pytest.raises(PrototxtError):
            nets.message(text)


_NAMES = ("max_iter", "base_lr", "debug_info", "net", "solver_mode", "test_iter", "test_net")
_MESSAGES = ("train_state", "test_state", "level", "stage")
_VALUES = ("CPU", "true", "inf", "0", "1", "-5", "0x1F", "010", "1.5", ".5", "1e3", "2f", "'a'")
_MARKS = (":", ":", ":", "{", "}", "<", ">", "[", "]", ",", ";", "#\n")
_TOKENS = (*_NAMES, *_MESSAGES, *_VALUES, *_MARKS)


@given(st.lists(st.sampled_from(_TOKENS), max_size=12).map(" ".join))
def test_what_google_protobuf_refuses_is_refused(text: str) -> None:
    try:
        theirs = google(text, SOLVER)
    except text_format.ParseError:
        try:
            message = nets.message(text, SOLVER)
        except PrototxtError:
            return
        assert has_unknown_field(message)  # which is kept
    else:
        assert wire(as_protobuf(nets.message(text, SOLVER))) == wire(theirs)


def has_unknown_field(message: Message) -> bool:
    known = message.descriptor.fields if message.descriptor else {}
    return any(
        name not in known
        or any(isinstance(value, Message) and has_unknown_field(value) for value, _ in entries)
        for name, entries in message.fields.items()
    )


def by_tokens(text: str, root: str) -> Message | str:
    """What is read, or why it is refused, with no field taken at one stroke."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("caffetools.proto.prototxt._PLAIN", re.compile(r"(?!)"))
        return read_or_refuse(text, root)


def read_or_refuse(text: str, root: str) -> Message | str:
    try:
        return nets.message(text, root)
    except PrototxtError as error:
        return str(error)


def placed(found: Message | str) -> object:
    """A tree with the offset of every field."""
    if isinstance(found, str):
        return found
    return {
        name: [
            (offset, placed(value) if isinstance(value, Message) else repr(value))
            for value, offset in entries
        ]
        for name, entries in found.fields.items()
    }


_LINES = st.builds(
    "{}{}{}{}".format,
    st.sampled_from((*_NAMES, *_MESSAGES, "unheard")),
    st.sampled_from((":", ": ", " : ", ":  ", "", " ", ":\t", ":#\n")),
    st.sampled_from(
        (*_VALUES, '"a"', '"a" "b"', '"a" # c\n "b"', '"', '"\\n"', "+5", "1_0", "{", "-")
    ),
    st.sampled_from(("\n", " ", "", " }", "}", ",", " ,", ";", "#", "\r", "'b'", "\t")),
)


@given(st.lists(_LINES, max_size=6).map("".join))
def test_a_field_at_one_stroke_is_what_its_tokens_are(text: str) -> None:
    assert placed(read_or_refuse(text, SOLVER)) == placed(by_tokens(text, SOLVER))


@given(st.text(st.sampled_from("ab01.-+eExf\"'\\:{}<>[],;# \n\r\t\0\u00e9\udcff"), max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    caught = None
    try:
        parse(Source("net.prototxt", text))
    except PrototxtError as error:
        caught = error
    if caught is not None:
        assert caught.location is not None
        assert caught.location.line is not None
        assert "\n" not in caught.message


@given(messages("SolverParameter", texts=st.text(max_size=5)))
def test_what_google_protobuf_prints(message: Message) -> None:
    theirs = as_protobuf(message)
    text = text_format.MessageToString(theirs)
    assert wire(as_protobuf(nets.message(text, SOLVER))) == wire(theirs)


def test_real_nets(shared: Path) -> None:
    compared = 0
    for path in corpus(shared, "nets", step=20):
        text = path.read_bytes().decode("utf-8", "replace")
        try:
            theirs = google(text, "NetParameter")
        except text_format.ParseError:
            continue
        compared += 1
        assert wire(as_protobuf(nets.message(text))) == wire(theirs), path
    assert compared
