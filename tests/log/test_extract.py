"""A log taken for the net, or the solver, that it echoes."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path
from typing import Any

import pytest

import caffetools
from caffetools.errors import CaffeToolsError, Location
from caffetools.log.echo_reader import Echo
from caffetools.log.extract import EchoSource, extract_net, extract_solver
from caffetools.log.text import is_log
from caffetools.net.reading import read_message, read_net, read_solver_message
from caffetools.proto.message import Notes
from tests.logs import NET, line, net_log

PROTOTXT = """\
name: "small"
state {
  phase: TRAIN
}
layer {
  name: "data"
  type: "Data"
  top: "data"
  top: "label"
  data_param {
    source: "nowhere"
    batch_size: 4
  }
}
layer {
  name: "fc"
  type: "InnerProduct"
  bottom: "data"
  top: "fc"
  inner_product_param {
    num_output: 10
  }
}
"""
SHAPES = (
    *("Creating Layer data", "data -> data", "data -> label"),
    *("Top shape: 4 3 5 5 (300)", "Top shape: 4 1 1 1 (4)"),
)


def echo(text: str, shapes: tuple[str, ...] = (), what: str = "net") -> str:
    head = line(f"Initializing {what} from parameters: ", NET)
    return head + text + "".join(line(shape, NET) for shape in shapes)


def load(folder: Path, text: str, **options: Any) -> caffetools.Net:
    path = folder / "train.log"
    path.write_text(text)
    return caffetools.load(path, **options)


def test_the_log_tells_what_only_the_data_know(tmp_path: Path) -> None:
    net = load(tmp_path, echo(PROTOTXT, SHAPES))
    data, fc = net.layers
    # Labels are what they are today: the prototxt tells them.
    assert data.tops == ((4, 3, 5, 5), (4,))
    assert fc.tops == ((4, 10),)
    assert [param.shape for param in fc.params] == [(10, 3 * 5 * 5), (10,)]
    assert net.notes == ()
    # The head is line 1, and the echo begins behind it.
    assert fc.node.message.location() == Location(str(tmp_path / "train.log"), 16, 1)


def test_what_the_user_says_goes_before(tmp_path: Path) -> None:
    net = load(tmp_path, echo(PROTOTXT, SHAPES), input_shapes={"data": (2, 7)})
    assert net.layers[1].params[0].shape == (10, 7)


def test_a_batch_that_was_counted_but_not_printed(tmp_path: Path) -> None:
    shapes = [*SHAPES[:3], "Top shape: 3 5 5 (300)"]
    assert load(tmp_path, echo(PROTOTXT, tuple(shapes))).layers[0].tops[0] == (4, 3, 5, 5)


def test_the_net_of_the_phase(tmp_path: Path) -> None:
    test = PROTOTXT.replace("TRAIN", "TEST").replace("batch_size: 4", "batch_size: 9")
    text = echo(PROTOTXT, SHAPES) + line("Solving", NET) + echo(test)
    assert load(tmp_path, text, phase="test").layers[0].tops[1] == (9,)
    assert load(tmp_path, text).layers[0].tops[1] == (4,)


def test_of_several_nets_the_first_with_a_note(tmp_path: Path) -> None:
    text = echo(PROTOTXT) + line("x") + echo(PROTOTXT) + line("x") + echo('name: "b"\n')
    net = load(tmp_path, text)
    assert net.name == "small"
    (note, *_) = net.notes
    assert note.message == "read the first net of the log, which echoes 1 others"


def test_a_net_that_glog_cut(tmp_path: Path) -> None:
    net = load(tmp_path, echo(PROTOTXT + 'layer {\n  name: "lo'))
    assert [layer.node.name for layer in net.layers] == ["data", "fc"]
    assert net.notes[0].message == ("glog truncated this net at 30,000 bytes")


def test_compressed_and_from_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(echo(PROTOTXT, SHAPES).encode()))
    assert read_net(path).message.text("name") == "small"
    source = extract_net("-", memoryview(echo(PROTOTXT, SHAPES).encode()), "TRAIN")
    assert (source.name, source.first_line, source.cut) == ("<stdin>", 2, False)
    assert source.shapes == {"data": (4, 3, 5, 5), "label": (4, 1, 1, 1)}


def test_a_solver(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.write_text(echo('net: "n"\nbase_lr: 0.5\n', what="solver") + echo(PROTOTXT))
    solver = read_solver_message(path, Notes())
    assert (solver.text("net"), solver.location("base_lr").line) == ("n", 3)
    assert read_message(path, Notes()).text("name") == "small"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (line("Solving"), "an echoed TEST net, found none"),
        (echo(PROTOTXT), "an echoed TEST net, found one for TRAIN, at line 1"),
    ],
)
def test_no_net(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "log"
    path.write_text(text)
    with pytest.raises(CaffeToolsError) as caught:
        read_net(path, "TEST")
    assert str(caught.value) == f"{path}: this is a log: expected {found}"


def test_no_solver() -> None:
    with pytest.raises(CaffeToolsError, match="expected an echoed solver, found none"):
        extract_solver("-", memoryview(echo(PROTOTXT).encode()))


def test_a_mistake_is_told_at_the_logs_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(echo(PROTOTXT.replace("num_output: 10", "num_output: 0"), SHAPES))
    with pytest.raises(CaffeToolsError) as caught:
        caffetools.load(path)
    told = "the weight of shape 0 x 75 is empty, nothing can be filled"
    assert str(caught.value) == f"{path}:21:3: {told}"
    assert caught.value.excerpt == "  inner_product_param {"


@pytest.mark.parametrize(
    "head",
    [
        line("Top shape: 1", "net.cpp:1").encode(),
        b"some program's words: 'x\n" + line("Solving a").encode(),
        b"12  " + line("Solving a").encode(),
        b"I20230721 10:38:15.326920  4692 net.cpp:125] a\n",
        "1. I0721 10:38:15.326920  4692 net.cpp:125] Top".replace(" ", "\xa0").encode(),
        b'  "I0721 10:38:15.326920  4692 net.cpp:125] Top\\n",',
        gzip.compress(b"x", mtime=0),
        lzma.compress(b"x"),
    ],
)
def test_logs(head: bytes) -> None:
    assert is_log(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b'name: "n"\n',
        b"# " + line("Top shape: 1", "net.cpp:1").encode(),
        b'name: "' + line("a").encode() + b'"',
        b"name: '" + line("a").encode() + b"'",
        b"\x0a\x04I0721",
        b"I0721 is no prefix\n",
    ],
)
def test_others(head: bytes) -> None:
    assert not is_log(head)


def test_lines_are_the_logs_own() -> None:
    assert is_log(net_log().encode())
    source = EchoSource("log", Echo("net", 6, 7, "a\nb\n", cut=False), 0, {})
    assert source.location(2) == Location("log", 8, 1)
    assert source.line(8) == "b"
