"""What an output is, by the layer that made it or by its name."""

from __future__ import annotations

import pytest

from caffetools.layers.registry import REGISTRY
from caffetools.log.output_kinds import output_kind, output_layers
from caffetools.log.series import log_series
from tests.logs import line, lines, read


@pytest.mark.parametrize(
    ("name", "type_", "weights", "kind"),
    [
        ("loss1/top-1", "Accuracy", {}, "accuracy"),
        ("loss", "Accuracy", {}, "accuracy"),
        ("accuracy", "SoftmaxWithLoss", {}, "loss"),
        ("top-1", "InnerProduct", {"top-1": 1.0}, "loss"),
        ("my_loss", "InnerProduct", {}, "output"),
        ("loss1/top-1", "", {}, "accuracy"),
        ("loss3/top-5", "", {"loss": 1.0}, "accuracy"),
        ("loss_accuracy", "", {}, "accuracy"),
        ("loss1/loss1", "", {}, "loss"),
        ("loss", "", {"other": 1.0}, "output"),
        ("top-1", "", {"top-1": 1.0}, "loss"),
        ("label", "", {}, "output"),
    ],
)
def test_output_kind(name: str, type_: str, weights: dict[str, float], kind: str) -> None:
    assert output_kind(name, REGISTRY.find(type_), weights) == kind


LAYERS = (
    ("l", "SoftmaxWithLoss", ("error", "loss")),
    ("a", "Accuracy", ("hits", "loss per class")),
    ("u", "NobodyKnows", ("u_loss",)),
)


def test_the_type_of_the_layer_decides() -> None:
    log = line("Initializing net from parameters: ", "net.cpp:58") + "state {\n  phase: TEST\n}\n"
    for name, type_, _ in LAYERS:
        log += f'layer {{\n  name: "{name}"\n  type: "{type_}"\n}}\n'
    for name, _, tops in LAYERS:
        log += line(f"Creating Layer {name}", "net.cpp:100")
        log += "".join(line(f"{name} -> {top}", "net.cpp:418") for top in tops)
    log += line("Network initialization done.", "net.cpp:283")
    outputs = ("error", "hits", "loss per class", "u_loss")
    log += lines(
        "Iteration 0, Testing net (#0)",
        *(f"    Test net output #{i}: {name} = 0.5" for i, name in enumerate(outputs)),
    )
    contents = read(log)
    classes = output_layers(contents, "TEST")
    assert {name: found.type for name, found in classes.items()} == {
        "error": "SoftmaxWithLoss",
        "hits": "Accuracy",
        "loss per class": "Accuracy",
    }
    assert output_layers(contents, "TRAIN") == {}
    assert {one.key.name: one.key.kind for one in log_series(contents)} == {
        "error": "loss",
        "hits": "accuracy",
        "loss per class": "accuracy",
        "u_loss": "loss",
    }


def test_an_echo_that_is_no_net_decides_nothing() -> None:
    log = line("Initializing net from parameters: ", "net.cpp:58") + "name: 5\nlayer: 7\n"
    log += line("Creating Layer a", "net.cpp:100") + line("a -> hits", "net.cpp:418")
    assert output_layers(read(log), "TRAIN") == {}
