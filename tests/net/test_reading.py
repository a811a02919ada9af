"""A path to a net: what kind of file it is, which net a solver means, what is noted."""

from __future__ import annotations

import io
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.net.graph import State
from caffetools.net.reading import (
    LoadedNet,
    read_message,
    read_net,
    read_solver_message,
    read_text,
    without_weights,
)
from caffetools.proto.message import Notes
from tests.conftest import CheckError
from tests.protobuf_classes import protobuf_classes
from tests.trees import corpus, plain

NET = "name: 'n' layer { name: 'a' type: 'ReLU' bottom: 'a' top: 'a' }"


def caffemodel(**fields: Any) -> bytes:
    data: bytes = protobuf_classes()["NetParameter"](**fields).SerializeToString()
    return data


MODEL = caffemodel(
    name="n",
    layer=[
        {
            "name": "ip",
            "type": "InnerProduct",
            "blobs": [{"shape": {"dim": [2]}, "data": [1, 2]}],
        }
    ],
)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write a file in the working directory, which is empty, and return its name."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return write


def told(loaded: LoadedNet) -> list[str]:
    return [str(note) for note in loaded.notes]


def test_a_net(write: Any) -> None:
    loaded = read_net(write("net.prototxt", NET))
    assert loaded.message.text("name") == "n"
    assert loaded.message.location("layer") == ("net.prototxt", 1, 11)
    assert (loaded.state, loaded.notes) == (State("TRAIN"), ())


def test_a_former_net_is_in_today_s_form(write: Any) -> None:
    loaded = read_net(write("net.prototxt", "layers { type: RELU name: 'a' }"))
    assert loaded.message.messages("layer")[0].text("type") == "ReLU"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"layer {}")))
    assert str(read_net("-").message.location("layer")) == "<stdin>:1:1"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MODEL)))
    assert str(read_net("-").message.location("layer")) == "<stdin>"


def test_a_solver_of_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\nbase_lr: 0.5")))
    solver = read_solver_message("-", Notes())
    assert (solver.number("base_lr"), str(solver.location("base_lr"))) == (0.5, "<stdin>:2:1")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"layer {}")))
    with pytest.raises(CaffeToolsError, match="<stdin>: expected a solver, found a net"):
        read_solver_message("-", Notes())


@pytest.mark.parametrize(
    "text",
    [
        NET,
        f"\ufeff{NET}",
        f"# {'a' * 5000}\n{NET}",
        f"\n\t {NET}",
        f"#\x01 a control character\r\n{NET}",
        NET.replace("'n'", "'\x01'"),
        "layer [{}]",
        "layer < >",
    ],
)
def test_texts(write: Any, text: str) -> None:
    assert read_net(write("net.prototxt", text)).message.count("layer") == 1


def test_a_caffemodel(write: Any) -> None:
    loaded = read_net(write("net.caffemodel", MODEL))
    (layer,) = loaded.message.messages("layer")
    assert str(layer.location()) == "net.caffemodel"
    (blob,) = layer.messages("blobs")
    assert plain(blob) == {"shape": [{"dim": [2]}]}
    assert plain(without_weights(loaded.message)) == {
        "name": ["n"],
        "layer": [{"name": ["ip"], "type": ["InnerProduct"]}],
    }


def test_a_caffemodel_of_v1_and_what_is_unknown_in_it(write: Any) -> None:
    data = caffemodel(layers=[{"name": "a", "type": "RELU"}]) + b"\xba\x3e\x00"
    loaded = read_net(write("net.caffemodel", data))
    assert loaded.message.messages("layer")[0].text("type") == "ReLU"
    assert told(loaded) == ["net.caffemodel: unknown field number 999 of NetParameter"]


def test_a_text_keeps_its_blobs(write: Any) -> None:
    net = read_net(write("net.prototxt", "layer { blobs { data: 1 } }")).message
    assert without_weights(net) is net
    assert net.messages("layer")[0].has("blobs")


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (b"", ":1:1", "expected a net, found an empty file"),
        (b" \n# nothing\n", ":1:1", "expected a net, found no field"),
        (b"item { id: 1 }", ":1:1", "expected a field of a net or solver, found 'item'"),
        (b"layer {\n  name: 'a'\n", ":3:1", "the file ends within the message opened in line 1"),
        (b"<<<<<<< HEAD\nname: 'a'", ":1:1", "a git conflict marker"),
        (b"<html>", ":1:1", "expected the name of a field, found '<'"),
        (b"\x89HDF\r\n\x1a\n", "", "expected a net, found an HDF5 file, which holds only weights"),
        ("name: 'n'".encode("utf-16"), "", "expected UTF-8, found UTF-16"),
        (b"\xfe\xff\0n", "", "expected UTF-8, found UTF-16"),
        (b"\x7fELF\x02\x01\x01\0\0\0", "", "this is no binary NetParameter: "),
        (b"\x1f\x8b\x08\x00", "", "expected a log of Caffe, found no message of it"),
        (MODEL[:-3], "", "the file is cut off or damaged: field 100 claims "),
        (caffemodel(name="n"), "", "expected a .caffemodel, found a binary file without a net"),
        (
            b"\x08\x01\x10\x02\x18\x03",
            "",
            "expected a .caffemodel, found a binary file without a net",
        ),
    ],
)
def test_what_holds_no_net(write: Any, content: bytes, place: str, message: str) -> None:
    name = write("net", content)
    with pytest.raises(CaffeToolsError) as caught:
        read_net(name)
    assert str(caught.value).startswith(f"{name}{place}: ")
    assert message in caught.value.message


def test_paths_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CaffeToolsError, match=r"^missing\.prototxt: no such file$"):
        read_net("missing.prototxt")
    with pytest.raises(CaffeToolsError, match="this is a directory, not a file"):
        read_net(tmp_path)


def test_the_text_of_a_file(write: Any) -> None:
    assert read_text(write("net.prototxt", NET)).text == NET
    with pytest.raises(
        CaffeToolsError,
        match=r"^net: expected the prototxt of a net or solver",
    ):
        read_text(write("net", MODEL))
    with pytest.raises(CaffeToolsError, match=r"^net:1:7: 'name': expected a string"):
        read_text(write("net", "name: 1"))


@pytest.mark.parametrize(
    ("solver", "phase", "name"),
    [
        ("net: 'net.prototxt'", "TRAIN", "n"),
        ("net: 'net.prototxt'", "TEST", "n"),
        ("net: 'net.prototxt' test_net: 'test.prototxt'", "TRAIN", "n"),
        ("net: 'net.prototxt' test_net: 'test.prototxt'", "TEST", "t"),
        ("train_net: 'net.prototxt' test_net_param { name: 'p' layer {} }", "TEST", "p"),
        ("net_param { name: 'p' layer {} }", "TRAIN", "p"),
        ("net: 'net.caffemodel'", "TRAIN", "n"),
        ("max_iter: 1 net: 'net.prototxt'", "TRAIN", "n"),
    ],
)
def test_the_net_of_a_solver(write: Any, solver: str, phase: str, name: str) -> None:
    write("net.prototxt", NET)
    write("test.prototxt", "name: 't' layer {}")
    write("net.caffemodel", MODEL)
    loaded = read_net(write("solver.prototxt", solver), phase)
    assert loaded.message.text("name") == name
    assert loaded.notes == ()


def test_a_net_beside_its_solver(write: Any) -> None:
    write("models/net.prototxt", NET)
    loaded = read_net(write("models/solver.prototxt", "net: 'net.prototxt'"))
    assert loaded.message.source.name == str(Path("models") / "net.prototxt")


@pytest.mark.parametrize(
    ("net_state", "solver_states", "phase", "stages", "level"),
    [
        ("", "", "TRAIN", (), 0),
        ("stage: 'a' level: 1", "", "TRAIN", ("a",), 1),
        ("stage: 'a' level: 1", "train_state { stage: 'b' level: 2 }", "TRAIN", ("a", "b"), 2),
        ("stage: 'a' level: 1", "train_state { stage: 'b' level: 0 }", "TRAIN", ("a", "b"), 0),
        ("stage: 'a' level: 1", "train_state { stage: 'b' }", "TEST", ("a",), 1),
        ("", "test_state { stage: 'c' level: 3 } test_state { level: 4 }", "TEST", ("c",), 3),
    ],
)
def test_states(
    write: Any,
    net_state: str,
    solver_states: str,
    phase: str,
    stages: tuple[str, ...],
    level: int,
) -> None:
    write("net.prototxt", f"{NET} state {{ {net_state} }}")
    solver = write("solver.prototxt", f"net: 'net.prototxt' {solver_states}")
    loaded = read_net(solver, phase)
    assert loaded.state == (phase, stages, level)


def test_the_state_of_a_net_alone(write: Any) -> None:
    # Caffe sets phase and level itself (net.cpp, Net::Net) and keeps the stages.
    path = write("net.prototxt", f"{NET} state {{ phase: TEST level: 2 stage: 'a' }}")
    loaded = read_net(path)
    assert loaded.state == State("TRAIN", ("a",), 0)


@pytest.mark.parametrize(
    ("solver", "line", "column", "message"),
    [
        ("base_lr: 1", 1, 1, "the solver has no net to train"),
        ("max_iter: 1\nnet: 'missing'", 2, 1, "no file 'missing' in the working directory"),
        ("net: 'net.prototxt'", 1, 1, "expected a net, found the solver 'net.prototxt'"),
        ("net: 'net.prototxt'\nnet_param {}", 2, 1, "expected one net to train, found net and"),
        ("net_param { layer {}\n layers {} }", 2, 2, "expected layers of one form"),
        ("net: 'a' base_lr: x", 1, 19, "'base_lr': expected a number, found 'x'"),
    ],
)
def test_refused_solvers(
    check_error: CheckError, solver: str, line: int, column: int, message: str
) -> None:
    check_error(solver, line, column, message, read=read_net)


def test_a_mistake_in_the_net_of_a_solver_stands_there(write: Any) -> None:
    write("net.prototxt", "layer { name: a }")
    with pytest.raises(CaffeToolsError, match=r"^net\.prototxt:1:15: "):
        read_net(write("solver.prototxt", "net: 'net.prototxt'"))


def test_unknown_fields_are_told_once(write: Any) -> None:
    text = "layer { odd: 1 }\nlayer { odd: 2 odd: 3 pooling_param { odd: 4 } }\nodd { odder: 5 }"
    assert told(read_net(write("net.prototxt", text))) == [
        "net.prototxt:1:9: unknown field 'odd' of LayerParameter (2 times)",
        "net.prototxt:2:39: unknown field 'odd' of PoolingParameter",
        "net.prototxt:3:1: unknown field 'odd' of NetParameter",
    ]


def test_fields_that_the_upgrade_knows_are_not_unknown(write: Any) -> None:
    text = "layers { type: BN prelu_param {} local_param {} odd: 1 }"
    assert told(read_net(write("net.prototxt", text))) == [
        "net.prototxt:1:49: unknown field 'odd' of LayerParameter"
    ]


def test_notes_of_solvers_and_of_their_nets(write: Any) -> None:
    write("net.prototxt", "layer { odd: 1 }")
    solver = write("solver.prototxt", "odd: 1 train_state { odd: 1 } net: 'net.prototxt'")
    assert told(read_net(solver)) == [
        "solver.prototxt:1:1: unknown field 'odd' of SolverParameter",
        "solver.prototxt:1:22: unknown field 'odd' of NetState",
        "net.prototxt:1:9: unknown field 'odd' of LayerParameter",
    ]
    solver = write("solver.prototxt", "net_param {\n layers { type: ODD odd: 1 } }")
    assert told(read_net(solver)) == [
        "solver.prototxt:1:1: Caffe does not upgrade a net embedded in a solver's net_param",
        "solver.prototxt:2:21: unknown field 'odd' of LayerParameter",
        "solver.prototxt:2:11: the former layer type 'ODD' has no known name in today's form",
    ]


def test_a_message_as_it_is_read(write: Any) -> None:
    net = read_message(write("net.prototxt", "layers {}"), Notes())
    assert list(net.fields) == ["layers"]
    solver = read_message(write("solver.prototxt", "net: 'n'"), Notes())
    assert solver.descriptor is not None
    assert solver.descriptor.name == "SolverParameter"


def tried(path: Path) -> LoadedNet | CaffeToolsError:
    try:
        return read_net(path)
    except CaffeToolsError as error:
        return error


def test_real_files(shared: Path) -> None:
    steps = {"nets": 20, "solvers": 10, "caffemodels": 3, "others": 1}
    for path in chain.from_iterable(corpus(shared, *one) for one in steps.items()):
        found = tried(path)
        if isinstance(found, LoadedNet):
            assert found.message.count("layer")
        else:
            assert found.location is not None
            assert found.location.file == str(path), found
