from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.check.recompute import Recomputed, RecomputedLayer, recompute_echo, recompute_file
from caffetools.errors import CaffeToolsError
from caffetools.log.age import Age
from caffetools.log.logged_net import LoggedNet
from caffetools.net.reading import read_net
from tests.logs import NET_TEXT, net_log, read


def logged(*changes: tuple[str, str]) -> LoggedNet:
    (net,) = read(net_log(*changes)).nets
    return net


def recomputed(*changes: tuple[str, str]) -> dict[str, RecomputedLayer]:
    return {layer.name: layer for layer in recompute_echo(logged(*changes), "x.log", Age(), {})}


def shapes(layers: dict[str, RecomputedLayer]) -> dict[str, list[tuple[int, ...] | None]]:
    return {name: [top.shape for top in layer.tops] for name, layer in layers.items()}


def test_the_echo_is_recomputed() -> None:
    layers = recomputed()
    assert shapes(layers) == {
        "data": [(2, 3, 8, 8)],
        "conv": [(2, 4, 6, 6)],
        "relu": [(2, 4, 6, 6)],
        "fc": [(2, 5)],
    }
    assert layers["relu"].tops[0].blob == layers["conv"].tops[0].blob
    assert all(layer.is_known and layer.refusal is None for layer in layers.values())


def test_places_are_the_logs() -> None:
    log = net_log()
    (net,) = read(log).nets
    told = log.splitlines()
    for layer in recompute_echo(net, "x.log", Age(), {}):
        assert layer.location.file == "x.log"
        assert told[(layer.location.line or 0) - 1] == "layer {"
        assert told[layer.location.line or 0] == f'  name: "{layer.name}"'


INPUT_LAYER = """\
type: "Input"
  top: "data"
  input_param {
    shape {
      dim: 2
      dim: 3
      dim: 8
      dim: 8
    }
  }"""
DATA_LAYER = """\
type: "Data"
  top: "data"
  data_param {
    batch_size: 2
    source: "x"
  }"""
DATA = (INPUT_LAYER, DATA_LAYER)
LOSS = """\
layer {
  name: "power"
  type: "Power"
  bottom: "fc"
  top: "p"
  loss_weight: 1
}
layer {
  name: "side"
  type: "Power"
  bottom: "p"
  top: "q"
}
"""


def test_what_only_the_data_tell_is_the_logs() -> None:
    layers = recomputed(DATA)
    assert layers["data"].tops[0].open_axes == {1, 2, 3}
    assert layers["data"].batch == 2
    assert shapes(layers)["conv"] == [(2, 4, 6, 6)]


def test_an_input_that_differs_is_told_and_followed() -> None:
    layers = recomputed(("Top shape: 2 3 8 8 (384)", "Top shape: 2 3 9 9 (486)"))
    assert shapes(layers) == {
        "data": [(2, 3, 8, 8)],
        "conv": [(2, 4, 7, 7)],
        "relu": [(2, 4, 7, 7)],
        "fc": [(2, 5)],
    }


def test_an_unknown_layer_is_taken_as_the_log_has_it() -> None:
    layers = recomputed(('type: "Convolution"', 'type: "Konvolution"'))
    assert not layers["conv"].is_known
    assert shapes(layers)["conv"] == [(2, 4, 6, 6)]
    assert shapes(layers)["fc"] == [(2, 5)]


def test_a_layer_that_is_refused_is_taken_so_too() -> None:
    layers = recomputed(("kernel_size: 3", "kernel_size: 30"))
    assert layers["conv"].refusal is not None
    assert shapes(layers)["relu"] == [(2, 4, 6, 6)]


def test_options_that_are_refused() -> None:
    layers = recomputed(("kernel_size: 3", "kernel_size: 3\n    stride: 0"))
    assert layers["conv"].refusal is not None
    assert layers["fc"].refusal is None


def test_rules_of_the_echo_are_met_already() -> None:
    rule = 'type: "ReLU"\n  include {\n    stage: "deploy"\n    phase: TEST\n  }'
    assert "relu" in recomputed(('type: "ReLU"', rule))


def test_flags_of_both_ages() -> None:
    layers = recomputed((NET_TEXT, NET_TEXT + LOSS))
    names = ["data", "conv", "relu", "fc", "power", "side"]
    assert [layers[name].needs_backward for name in names] == [False, True, True, True, True, False]
    assert [layers[name].needed_backward for name in names] == [False, True, True, True, True, True]


def test_an_echo_that_is_no_net() -> None:
    with pytest.raises(CaffeToolsError):
        recomputed(('bottom: "data"', 'bottom: "nothing"'))


def test_a_file_is_recomputed_with_the_logs_data(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(NET_TEXT.replace(*DATA))
    layers = recompute_file(logged(), read_net(path), Age())
    assert [layer.tops[0].shape for layer in layers[1:]] == [(2, 4, 6, 6), (2, 4, 6, 6), (2, 5)]
    assert layers[1].location.file == str(path)


def test_a_net_that_is_built_again_is_recomputed_once() -> None:
    first, second = read(net_log() * 2).nets
    known: Recomputed = {}
    layers, again = (recompute_echo(net, "x.log", Age(), known) for net in (first, second))
    assert len(known) == 1
    assert first.echo is not None
    assert second.echo is not None
    offset = second.echo.first_line - first.echo.first_line
    assert offset > 0
    assert [layer.location.line for layer in again] == [
        (layer.location.line or 0) + offset for layer in layers
    ]
    assert [layer._replace(location=layers[0].location) for layer in again] == [
        layer._replace(location=layers[0].location) for layer in layers
    ]
    changed = read(net_log(("2 4 6 6 (288)", "2 4 7 6 (336)"))).nets[0]
    recompute_echo(changed, "x.log", Age(), known)
    assert len(known) == 2
