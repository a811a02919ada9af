from __future__ import annotations

import os
from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.net.reading import read_message
from caffetools.proto.message import Notes
from caffetools.proto.upgrade_solver import Upgraded, upgrade_solver


def upgraded(text: str, folder: Path) -> Upgraded:
    path = folder / "my.solver.prototxt"
    path.write_text(f'net: "x" {text}')
    return upgrade_solver(read_message(os.path.relpath(path), Notes()))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SGD", "SGD"),
        ("NESTEROV", "Nesterov"),
        ("ADAGRAD", "AdaGrad"),
        ("RMSPROP", "RMSProp"),
        ("ADADELTA", "AdaDelta"),
        ("ADAM", "Adam"),
        ("5", "Adam"),
    ],
)
def test_the_former_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    monkeypatch.chdir(tmp_path)
    made = upgraded(f'solver_type: {old} snapshot_prefix: "p"', tmp_path)
    assert made.message.text("type") == new
    assert not made.message.has("solver_type")
    assert [(said.place, said.is_warning) for said in made.log] == [
        ("upgrade_proto.cpp:1084", False),
        ("upgrade_proto.cpp:1091", False),
        ("upgrade_proto.cpp:1093", True),
    ]
    assert made.log[0].text == (
        "Attempting to upgrade input file specified using deprecated 'solver_type' field (enum)': "
        "my.solver.prototxt"
    )


def test_both_types(tmp_path: Path) -> None:
    with pytest.raises(CaffeToolsError, match="expected type or the former solver_type"):
        upgraded('type: "SGD" solver_type: SGD', tmp_path)


def test_what_is_up_to_date_stays(tmp_path: Path) -> None:
    made = upgraded('type: "Adam" snapshot_prefix: "p"', tmp_path)
    assert made.log == ()
    assert (made.message.text("type"), made.message.text("snapshot_prefix")) == ("Adam", "p")


@pytest.mark.parametrize(
    ("given", "prefix", "text"),
    [
        ("", "my.solver", "snapshot_prefix was not specified and is set to my.solver"),
        (
            'snapshot_prefix: "deep"',
            "deep/my.solver",
            "snapshot_prefix was a directory and is replaced to deep/my.solver",
        ),
        (
            'snapshot_prefix: "deep/"',
            "deep/my.solver",
            "snapshot_prefix was a directory and is replaced to deep/my.solver",
        ),
    ],
)
def test_prefix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, prefix: str, text: str
) -> None:
    """Beside the solver, and in a folder under the solver's name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep").mkdir()
    made = upgraded(given, tmp_path)
    assert made.message.text("snapshot_prefix") == prefix
    assert [said.text for said in made.log] == [text]
