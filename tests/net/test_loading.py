"""How a net is loaded from a file or a text: state, shapes, phase."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from caffetools.net.loading import from_text, load
from tests import nets
from tests.nets import layer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "net.prototxt"
    path.write_text(
        nets.given("data", 2, 3)
        + layer("ReLU", "train", "data", "data", "include { phase: TRAIN }")
        + layer("ReLU", "staged", "data", "data", 'include { stage: "s" }')
        + layer("ReLU", "high", "data", "data", "include { min_level: 2 }")
    )
    return path


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["data", "train"]),
        ({"phase": "train"}, ["data", "train"]),
        ({"phase": "TEST"}, ["data"]),
        ({"phase": "Test", "stages": ["s"]}, ["data", "staged"]),
        ({"phase": "test", "stages": ("r", "s"), "level": 2}, ["data", "staged", "high"]),
    ],
)
def test_load_takes_a_state(path: Path, options: dict[str, Any], expected: list[str]) -> None:
    assert [each.node.name for each in load(path, **options).layers] == expected
    assert [each.node.name for each in load(str(path), **options).layers] == expected


@pytest.mark.parametrize("phase", ["train", "test", "Train", "TEST"])
def test_the_state_is_what_was_asked_for(path: Path, phase: str) -> None:
    expected = (phase.upper(), (), 0)
    assert load(path, phase=phase).state == expected
    assert from_text(path.read_text(), phase=phase).state == expected


def test_training_is_the_default(path: Path) -> None:
    assert load(path).state == ("TRAIN", (), 0)
    net = from_text(path.read_text())
    assert (net.state.phase, net.to_dict()["layers"][0]["location"]) == ("TRAIN", "<text>:1:1")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"input_shapes": {"data": (4, 5)}}, (4, 5)),
        ({"input_shapes": [("data", (1,)), ("data", (4, 5))]}, (4, 5)),
        ({"batch_size": 9}, (9, 3)),
    ],
)
def test_load_takes_shapes(path: Path, options: dict[str, Any], expected: tuple[int, ...]) -> None:
    assert load(path, **options).layers[0].tops == (expected,)


def test_load_takes_the_shape_of_an_item(path: Path) -> None:
    path.write_text(layer("Data", "d", "", "d", "data_param { batch_size: 3 }"))
    assert load(path, data_shape=(1, 28, 28)).layers[0].tops == ((3, 1, 28, 28),)


def test_the_files_own_stages_count_too(path: Path) -> None:
    path.write_text('state { stage: "s" }\n' + path.read_text())
    names = [each.node.name for each in load(path).layers]
    assert names == ["data", "train", "staged"]
    assert [each.node.name for each in from_text(path.read_text()).layers] == names


@pytest.mark.parametrize("phase", ["", "deploy", "trainn"])
def test_another_phase_is_no_phase(path: Path, phase: str) -> None:
    with pytest.raises(ValueError, match="expected the phase train or test, found"):
        load(path, phase=phase)
    with pytest.raises(ValueError, match="expected the phase train or test, found"):
        from_text("", phase=phase)


def test_a_text_is_a_net_of_any_age() -> None:
    net = from_text('input: "x" input_dim: [1, 2, 3, 4]', "old", batch_size=5)
    assert net.layers[0].tops == ((5, 2, 3, 4),)
    assert str(net.layers[0].node.message.location()) == "old:1:1"


def test_a_location_is_the_files(path: Path) -> None:
    locations = [each["location"] for each in load(path).to_dict()["layers"]]
    assert locations == [f"{path}:1:1", f"{path}:2:1"]
