"""What tells a solver from a net, and which net it means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.net.graph import State
from caffetools.net.solver_nets import (
    NetField,
    all_test_fields,
    first_test_field,
    looks_like_solver,
    resolve,
    state_of,
    train_field,
)
from caffetools.proto.message import Message
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source
from tests import nets


def solver(text: str) -> Message:
    return nets.message(text, "SolverParameter")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("name: 'n'", False),
        ("layer {} base_lr: 1", False),
        ("layers {} net: 'n'", False),
        ("input: 'x' type: 'SGD'", False),
        ("odd: 1", False),
        ("debug_info: true", False),
        ("net: 'n'", True),
        ("net_param { layer {} }", True),
        ("train_net: 'n' odd: 1", True),
        ("test_net_param {}", True),
        ("base_lr: 1", True),
        ("name: 'n' max_iter: 1", True),
    ],
)
def test_looks_like_solver(text: str, *, expected: bool) -> None:
    assert looks_like_solver(nets.message(text)) is expected


@pytest.mark.parametrize(
    ("text", "train", "test"),
    [
        ("net: 'n'", "net", "net"),
        ("net_param {}", "net_param", "net_param"),
        ("net: 'n' test_net: 't'", "net", "test_net"),
        ("net: 'n' test_net: 't' test_net_param {}", "net", "test_net_param"),
        ("train_net: 'n' test_net: 't'", "train_net", "test_net"),
        ("train_net_param {} test_net: 't'", "train_net_param", "test_net"),
    ],
)
def test_fields_of_the_first_nets(text: str, train: str, test: str) -> None:
    assert train_field(solver(text)) == (train, 0)
    assert first_test_field(solver(text)) == (test, 0)


@pytest.mark.parametrize(
    ("text", "phase", "line", "message"),
    [
        (
            "\nbase_lr: 1",
            "TRAIN",
            1,
            (
                "the solver has no net to train: expected one of net, net_param, train_net,"
                " train_net_param"
            ),
        ),
        (
            "train_net: 'n'",
            "TEST",
            1,
            (
                "the solver has no net to test: expected one of test_net_param, test_net, net,"
                " net_param"
            ),
        ),
        (
            "net: 'n'\nnet_param {}",
            "TRAIN",
            2,
            "expected one net to train, found net and net_param",
        ),
        (
            "train_net: 'n'\nnet: 'n'",
            "TRAIN",
            1,
            "expected one net to train, found net and train_net",
        ),
        ("net: 'n'\nnet_param {}", "TEST", 2, "expected one net to test, found net and net_param"),
    ],
)
def test_refusals(text: str, phase: str, line: int, message: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        (train_field if phase == "TRAIN" else first_test_field)(solver(text))
    assert (caught.value.message, caught.value.location) == (message, ("net.prototxt", line, 1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("net: 'n'", []),
        ("net: 'n' test_iter: 1 test_iter: 2", [("net", 0)] * 2),
        (
            "net: 'n' test_net: 't' test_net: 'u' test_net_param {} test_iter: [1, 1, 1, 1]",
            [("test_net_param", 0), ("test_net", 0), ("test_net", 1), ("net", 0)],
        ),
        ("train_net: 'n' test_net: 't' test_iter: 1 test_state {}", [("test_net", 0)]),
    ],
)
def test_fields_of_all_test_nets(text: str, expected: list[NetField]) -> None:
    assert all_test_fields(solver(f"{text} test_interval: 1")) == expected


@pytest.mark.parametrize(
    ("net_state", "solver_states", "train", "tests"),
    [
        ("", "", State("TRAIN"), [State("TEST")]),
        # The net's own phase overrides that of its purpose, for both nets (InitTrainNet).
        ("phase: TEST level: 3", "", State("TEST", (), 3), [State("TEST", (), 3)]),
        ("phase: TRAIN", "", State("TRAIN"), [State("TRAIN")]),
        ("phase: TEST", "train_state { phase: TRAIN }", State("TRAIN"), [State("TEST")]),
        (
            "stage: 'a' level: 1",
            """train_state { stage: 'b' level: 0 }
            test_state { phase: TRAIN stage: 'c' stage: 'd' } test_state { level: 2 }""",
            State("TRAIN", ("a", "b"), 0),
            [State("TRAIN", ("a", "c", "d"), 1), State("TEST", ("a",), 2)],
        ),
    ],
)
def test_states(net_state: str, solver_states: str, train: State, tests: list[State]) -> None:
    net, given = nets.message(f"state {{ {net_state} }}"), solver(solver_states)
    assert state_of(net, given, None) == train
    assert [state_of(net, given, index) for index in range(len(tests))] == tests


def test_resolve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    name = str(Path("models") / "solver.prototxt")
    given = parse(Source(name, "\nnet: 'net.prototxt'"), "SolverParameter")
    with pytest.raises(CaffeToolsError) as caught:
        resolve(given, "net")
    assert str(caught.value) == (
        f"{name}:2:1: no file 'net.prototxt' in the working directory or the solver's folder"
    )
    beside = tmp_path / "models" / "net.prototxt"
    beside.touch()
    assert Path(resolve(given, "net")).samefile(beside)
    here = tmp_path / "net.prototxt"
    here.touch()
    assert Path(resolve(given, "net")).samefile(here)


def test_resolve_from_one_place_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    absolute = str(tmp_path / "net.prototxt")
    for name, path in (("<stdin>", "net.prototxt"), ("models/solver.prototxt", absolute)):
        given = parse(Source(name, f'net: "{path}"'), "SolverParameter")
        with pytest.raises(CaffeToolsError) as caught:
            resolve(given, "net")
        assert caught.value.message == f"no file {path!a}"


def test_a_net_is_a_regular_file_that_protobuf_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device has no end, and a pipe that nobody writes to blocks for ever."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(1 << 31)
    for path in ("/dev/zero", "pipe", ".", "sparse"):
        given = parse(Source("s", f'base_lr: 1\nnet: "{path}"'), "SolverParameter")
        with pytest.raises(CaffeToolsError) as caught:
            resolve(given, "net")
        text = f"s:2:1: expected a regular file of less than 2 GiB, found {path!a}"
        assert str(caught.value) == text
