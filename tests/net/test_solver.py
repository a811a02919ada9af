"""What tells a solver from a net, and which net it means."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.net.solver import added_state, is_solver, net_field, resolve
from caffetools.proto.message import Message
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source
from tests import nets
from tests.trees import plain


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
def test_is_solver(text: str, *, expected: bool) -> None:
    assert is_solver(nets.message(text)) is expected


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
def test_net_field(text: str, train: str, test: str) -> None:
    assert net_field(solver(text), "TRAIN") == train
    assert net_field(solver(text), "TEST") == test


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
        net_field(solver(text), phase)
    assert (caught.value.message, caught.value.location) == (message, ("net.prototxt", line, 1))


def test_added_state() -> None:
    given = solver("train_state { level: 1 } test_state { level: 2 } test_state { level: 3 }")
    assert plain(added_state(given, "TRAIN")) == {"level": [1]}
    assert plain(added_state(given, "TEST")) == {"level": [2]}
    assert plain(added_state(solver("net: 'n'"), "TEST")) == {}


def test_resolve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    name = str(Path("models") / "solver.prototxt")
    given = parse(Source(name, "\nnet: 'net.prototxt'"), "SolverParameter")
    with pytest.raises(CaffeToolsError) as caught:
        resolve(given, "net")
    assert str(caught.value) == (
        f"{name}:2:1: there is no file 'net.prototxt', neither here nor beside the solver"
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
        assert caught.value.message == f"there is no file {path!a}"
