from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any

import pytest
import torch

import caffetools
from caffetools.check.parsed_log import parse_log
from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob
from caffetools.formats.caffemodel import NetTemplate
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.loaded_module import load_module
from caffetools.torch.solver.solver_file import read_solver
from caffetools.torch.solver.solver_project import (
    has_unused,
    multipliers_of,
    net_template,
    project_of,
    shown_outputs,
)
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.training.model import (
    layer_blobs,
    learnable,
    loss_weights,
    outputs_of,
    total_loss,
)
from tests.protobuf_classes import protobuf_classes
from tests.torch.solver.test_solver_file import NET, SOLVER, read
from tests.torch.training.cases import lines

TEST = "test_iter: 3 test_interval: 2"


def weights_of(project_net: torch.nn.Module, folder: Path, name: str = "ip") -> str:
    path = folder / "weights.caffemodel"
    blobs = [Blob(b.shape, b.tensor.detach().numpy() * 0 + 2) for b in layer_blobs(project_net)]
    template = NetTemplate("net", ((name, b"\x0a" + bytes([len(name)]) + name.encode()),))
    path.write_bytes(b"".join(template.with_blobs({name: blobs})))
    return str(path)


def test_a_project_is_what_its_files_say(tmp_path: Path) -> None:
    made = project_of(read(tmp_path, TEST), (), GlogWriter(None))
    assert made.name == "net"
    assert [test.iterations for test in made.tests] == [3]
    assert made.multipliers == {"ip": ((1.0, 1.0), (1.0, 1.0))}
    assert [name for name, _ in made.template.layers] == ["data", "ip", "loss"]
    assert made.folder == str(tmp_path)
    module = made.net.build()
    assert module.inputs == ("data", "label")
    assert made.tests[0].build().outputs == ("accuracy", "loss")


def test_the_log_is_caffes(tmp_path: Path) -> None:
    stream = io.StringIO()
    project_of(read(tmp_path, TEST), (), GlogWriter(stream))
    found = lines(stream)
    for message in (
        "Initializing solver from parameters: ",
        "Creating training net from net file: net.prototxt",
        "Network initialization done.",
        "Creating test net (#0) specified by net file: net.prototxt",
        "Solver scaffolding done.",
    ):
        assert message in found
    path = tmp_path / "log"
    path.write_text(stream.getvalue())
    log = parse_log(path).to_dict()
    assert [net["phase"] for net in log["nets"]] == ["TRAIN", "TEST"]
    assert [net["differences"] for net in log["nets"]] == [[], []]
    assert log["solver"]["max_iter"] == 5


ECHO = """\
test_iter: 3
test_interval: 2
base_lr: 0.1
max_iter: 5
lr_policy: "fixed"
snapshot_prefix: "{folder}/solver"
net: "net.prototxt"
train_state {{
  level: 0
  stage: ""
}}
weights: "{folder}/weights.caffemodel"
"""


def test_where_the_nets_come_from(tmp_path: Path) -> None:
    text = f"""train_net_param {{ {NET} }} test_net_param {{ {NET} }} test_net: "net.prototxt"
        base_lr: 1 lr_policy: "fixed" test_iter: 3 test_iter: 4 test_interval: 1"""
    stream = io.StringIO()
    project_of(read(tmp_path, "", text), (), GlogWriter(stream))
    assert [line for line in lines(stream) if line.startswith("Creating t")] == [
        "Creating training net specified in train_net_param.",
        "Creating test net (#0) specified by test_net_param",
        "Creating test net (#1) specified by test_net file: net.prototxt",
    ]


def test_the_echo_is_caffes(tmp_path: Path) -> None:
    """What the command line added, and the weights in place of those that the solver names."""
    path = weights_of(project_of(read(tmp_path), (), GlogWriter(None)).net.build(), tmp_path)
    stream = io.StringIO()
    project_of(read(tmp_path, TEST + ' weights: "gone"'), [path], GlogWriter(stream))
    text = stream.getvalue()
    assert "Initializing solver from parameters: \n" + ECHO.format(folder=tmp_path) in text
    assert 'state {\n  phase: TRAIN\n  level: 0\n  stage: ""\n}\nlayer {' in text
    assert "state {\n  phase: TEST\n}\nlayer {" in text
    assert text.count("Finetuning from") == 2


@pytest.mark.parametrize("case", ["legacy_solver_type", "sgd_batchnorm", "adam_poly"])
def test_caffes_own_echoes(caffe: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the solver and of both nets, line by line."""
    folder = caffe / "training" / case
    monkeypatch.chdir(folder)
    stream = io.StringIO()
    solver = read_solver("solver.prototxt")
    for said in solver.log:
        GlogWriter(stream).say(said.place, said.text)
    project_of(solver, ["init.caffemodel"], GlogWriter(stream))
    found, wanted = (
        [line for line in text.splitlines() if not re.match(r"[IWE]\d{4} ", line)]
        for text in (stream.getvalue(), (folder / "caffe.log").read_text())
    )
    assert len(found) > 200
    assert found == wanted


def test_batch_norm_with_iter_size(tmp_path: Path) -> None:
    norm = 'layer { name: "bn" type: "BatchNorm" bottom: "data" top: "bn" }\n'
    (tmp_path / "norm.prototxt").write_text("force_backward: true\n" + NET + norm)
    text = SOLVER.replace("net.prototxt", "norm.prototxt") + "iter_size: 3"
    stream = io.StringIO()
    made = project_of(read(tmp_path, "", text), (), GlogWriter(stream))
    assert made.force_backward
    assert "] iter_size 3: BatchNorm normalizes each batch by itself, and its" in stream.getvalue()


def test_weights(tmp_path: Path) -> None:
    solver = read(tmp_path)
    path = weights_of(project_of(solver, (), GlogWriter(None)).net.build(), tmp_path)
    stream = io.StringIO()
    module = project_of(solver, [path], GlogWriter(stream)).net.build()
    assert all((blob.tensor == 2).all() for blob in layer_blobs(module))
    assert f"Finetuning from {path}" in lines(stream)


def test_weights_of_other_layers(tmp_path: Path) -> None:
    solver = read(tmp_path)
    path = weights_of(project_of(solver, (), GlogWriter(None)).net.build(), tmp_path, "other")
    stream = io.StringIO()
    project_of(solver, [path], GlogWriter(stream)).net.build()
    assert lines(stream)[-1] == "Ignoring source layer other"


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    solver = read(tmp_path)
    path = weights_of(project_of(solver, (), GlogWriter(None)).net.build(), tmp_path)
    (tmp_path / "net.prototxt").write_text(
        (tmp_path / "net.prototxt").read_text().replace("num_output: 2", "num_output: 5")
    )
    other = read_solver(tmp_path / "solver.prototxt")
    with pytest.raises(CaffeToolsError, match=r"expected blob 0 of layer 'ip' to be \(5, 3\)"):
        project_of(other, [path], GlogWriter(None)).net.build()


LEARNING = """\
layer { name: "data" type: "Input" top: "data" top: "label"
  input_param { shape { dim: 4 dim: 3 } shape { dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  param { lr_mult: 1 decay_mult: 2 } param { lr_mult: 0 }
  inner_product_param { num_output: 2 } }
layer { name: "bn" type: "BatchNorm" bottom: "ip" top: "ip" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
SIDE = """\
layer { name: "side" type: "InnerProduct" bottom: "data" top: "side"
  inner_product_param { num_output: 2 } }
layer { name: "silence" type: "Silence" bottom: "side" }
"""


def test_multipliers() -> None:
    """Those of BatchNorm's statistics are 0, whatever the book-keeping says."""
    assert multipliers_of(caffetools.from_text(LEARNING)) == {
        "ip": ((1.0, 2.0), (0.0, 1.0)),
        "bn": ((0.0, 1.0),) * 3,
    }


SHARED = """\
layer { name: "data" type: "Input" top: "data" top: "other" top: "label"
  input_param { shape { dim: 4 dim: 3 } shape { dim: 4 dim: 3 } shape { dim: 4 } } }
layer { name: "a" type: "InnerProduct" bottom: "data" top: "a"
  param { name: "w" } param { name: "b" decay_mult: 0 } inner_product_param { num_output: 3 } }
layer { name: "b" type: "InnerProduct" bottom: "other" top: "b"
  param { name: "w" lr_mult: 0.5 } param { name: "b" } inner_product_param { num_output: 3 } }
layer { name: "loss" type: "ContrastiveLoss" bottom: "a" bottom: "b" bottom: "label" top: "loss" }
"""


def test_shared_blobs_learn_as_any_of_their_layers_says() -> None:
    """Caffe's: be it the second layer; each is one parameter (net.cpp, AppendParam)."""
    net = caffetools.from_text(SHARED)
    multipliers = multipliers_of(net)
    assert multipliers == dict.fromkeys(("a", "b"), ((0.5, 1.0), (1.0, 0.0)))
    module = load_module(assemble(net))
    found = learnable(module, multipliers)
    assert [(each.lr_mult, each.decay_mult) for each in found] == [(0.5, 1.0), (1.0, 0.0)]
    assert len(found) == len(list(module.parameters())) == 2


READ = LEARNING + 'layer { name: "p" type: "Power" bottom: "loss" top: "p" }'


def test_what_the_log_calls_outputs() -> None:
    """A loss that a layer reads is none, or where it is given a weight that of its Split."""
    assert shown_outputs(caffetools.from_text(LEARNING)) is None
    assert shown_outputs(caffetools.from_text(READ)) == {"p": "p"}
    given = READ.replace('top: "loss" }', 'top: "loss" loss_weight: 2 }')
    assert shown_outputs(caffetools.from_text(given)) == {
        "loss": "loss_loss_0_split_0",
        "p": "p",
    }


@pytest.mark.parametrize("text", [LEARNING, READ])
def test_a_loss_that_is_read_is_trained(text: str) -> None:
    module = load_module(assemble(caffetools.from_text(text))).train()
    outputs = outputs_of(module, module(torch.randn(4, 3), torch.tensor([0.0, 1.0, 0.0, 1.0])))
    total_loss(outputs, loss_weights(module)).backward()  # type: ignore[no-untyped-call]
    weight = module.get_parameter("ip.weight")
    assert weight.grad is not None
    assert weight.grad.any()


def test_blobs_from_which_no_way_leads_to_the_loss() -> None:
    assert not has_unused(caffetools.from_text(LEARNING))
    assert has_unused(caffetools.from_text(LEARNING + SIDE))


SET_UP = """\
name: "net"
layer { name: "data" type: "Input" top: "data" top: "label"
  input_param { shape { dim: 4 dim: 3 } shape { dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" future_field: 3
  inner_product_param { num_output: 2 } }
layer { name: "bn" type: "BatchNorm" bottom: "ip" top: "ip" param { lr_mult: 0 } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
layer { name: "half" type: "EuclideanLoss" bottom: "ip" bottom: "ip" loss_weight: 0.5 }
"""


def set_up(text: str, **options: Any) -> Any:
    net = caffetools.from_text(text, **options)
    return protobuf_classes()["NetParameter"].FromString(net_template(net))


def test_layers_are_those_that_caffe_sets_up() -> None:
    net = set_up(SET_UP)
    assert net.name == "net"
    layers = {layer.name: layer for layer in net.layer}
    assert list(layers) == [
        "data",
        "label_data_1_split",
        "ip",
        "bn",
        "ip_bn_0_split",
        "accuracy",
        "loss",
        "half",
    ]
    assert list(layers["accuracy"].bottom) == ["ip_bn_0_split_0", "label_data_1_split_0"]
    assert layers["label_data_1_split"].type == "Split"
    assert list(layers["label_data_1_split"].top) == [
        "label_data_1_split_0",
        "label_data_1_split_1",
    ]
    assert layers["ip"].inner_product_param.num_output == 2
    assert [param.lr_mult for param in layers["bn"].param] == [0, 0, 0]
    assert list(layers["loss"].loss_weight) == [1]
    assert list(layers["half"].loss_weight) == [0.5]
    assert list(layers["half"].top) == []  # Caffe names it (automatic), and nowhere in the layer
    assert {layer.phase for layer in net.layer} == {0}
    assert not any(layer.blobs for layer in net.layer)


def test_a_layer_keeps_the_phase_that_it_is_given() -> None:
    text = (
        'layer { name: "d" type: "DummyData" top: "d" phase: TEST dummy_data_param { shape {} } }'
    )
    assert set_up(text).layer[0].phase == 1


@pytest.mark.parametrize("case", ["sgd_fixed", "sgd_batchnorm", "sgd_frozen"])
def test_caffes_own_snapshots(caffe: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Field by field what Caffe wrote, but for the blobs."""
    folder = caffe / "training" / case
    monkeypatch.chdir(folder)
    assert os.path.exists("train_val.prototxt")
    found: Any = protobuf_classes()["NetParameter"].FromString(
        net_template(caffetools.load("train_val.prototxt"))
    )
    expected: Any = protobuf_classes()["NetParameter"].FromString(
        (folder / "final.caffemodel").read_bytes()
    )
    for layer in expected.layer:
        del layer.blobs[:]
    assert found == expected
