from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import load
from caffetools.torch.solver.solver_file import SolverFile, read_solver
from caffetools.torch.training.settings import SolverSettings
from tests.logs import line

NET = """\
name: "net"
layer { name: "data" type: "Input" top: "data" top: "label"
  input_param { shape { dim: 4 dim: 3 } shape { dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 2 } }
layer { name: "extra" type: "ReLU" bottom: "ip" top: "ip" include { stage: "extra" } }
layer { name: "deep" type: "ReLU" bottom: "ip" top: "ip" include { min_level: 2 } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy"
  include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
SOLVER_FIELDS = ('net: "net.prototxt"', "base_lr: 0.1", 'lr_policy: "fixed"', "max_iter: 5")
SOLVER = " ".join(SOLVER_FIELDS) + "\n"


def read(folder: Path, more: str = "", text: str = SOLVER, **options: Any) -> SolverFile:
    (folder / "net.prototxt").write_text(NET)
    path = folder / "solver.prototxt"
    path.write_text(text + more)
    return read_solver(path, **options)


def names(solver: SolverFile, test: int | None = None) -> list[str]:
    net = solver.train if test is None else solver.tests[test]
    return [layer.node.name for layer in net.layers]


def test_settings(tmp_path: Path) -> None:
    more = 'momentum: 0.9 stepvalue: 3 stepvalue: 4 test_initialization: false type: "Adam"'
    prefix = str(tmp_path / "solver")
    assert read(tmp_path, more).settings == SolverSettings(
        snapshot_prefix=prefix,
        type="Adam",
        base_lr=0.1,
        max_iter=5,
        momentum=0.9,
        stepvalue=(3, 4),
        test_initialization=False,
    )
    shorter = read(tmp_path, max_iter=7)
    assert shorter.settings.max_iter == shorter.message.integer("max_iter") == 7
    seeded = read(tmp_path, seed=0)
    assert seeded.settings.random_seed == seeded.message.integer("random_seed") == 0


@pytest.mark.parametrize(
    ("more", "kind"),
    [("solver_type: NESTEROV", "Nesterov"), ("solver_type: ADADELTA", "AdaDelta"), ("", "SGD")],
)
def test_the_former_solver_type(tmp_path: Path, more: str, kind: str) -> None:
    assert read(tmp_path, more).settings.type == kind


def test_fields_of_forks(tmp_path: Path) -> None:
    text = SOLVER.replace("fixed", "plateau")
    more = "plateau_winsize: 10 plateau_winsize: 20 rampup_interval: 5 rampup_lr: 0.01 gamma: 0.1"
    settings = read(tmp_path, more, text).settings
    assert settings.plateau_winsize == (10, 20)
    assert (settings.rampup_interval, settings.rampup_lr) == (5, 0.01)


def test_the_net_is_sought_beside_the_solver(tmp_path: Path) -> None:
    solver = read(tmp_path)
    assert names(solver) == ["data", "ip", "loss"]
    assert solver.tests == ()


def test_another_net_may_be_given(tmp_path: Path) -> None:
    other = tmp_path / "other.prototxt"
    other.write_text(NET.replace('"net"', '"other"'))
    more = "test_iter: 1 test_interval: 1"
    solver = read(tmp_path, more, SOLVER.replace("net.prototxt", "gone.prototxt"), net=other)
    assert (solver.train.name, solver.tests[0].name) == ("other", "other")


def test_states(tmp_path: Path) -> None:
    """The user's stages and level are for the net that trains; each test net has its own."""
    more = """test_iter: 1 test_iter: 2 test_interval: 1 train_state { stage: "x" }
        test_state { stage: "extra" } test_state { level: 2 }"""
    solver = read(tmp_path, more, stages=("extra",), level=3)
    assert names(solver) == ["data", "ip", "extra", "deep", "loss"]
    assert solver.train.state.stages == ("x", "extra")
    assert solver.train.state.level == 3
    assert names(solver, 0) == ["data", "ip", "extra", "accuracy", "loss"]
    assert names(solver, 1) == ["data", "ip", "deep", "accuracy", "loss"]
    assert solver.test_iterations == (1, 2)


def test_the_level_of_the_command_line_goes_before_the_solvers(tmp_path: Path) -> None:
    """Even where it is not given: `caffe train` sets it to 0, and a stage without a name."""
    solver = read(tmp_path, "train_state { level: 2 }")
    assert solver.train.state.level == 0
    assert solver.train.state.stages == ("",)
    assert "deep" not in names(solver)


def test_the_state_of_a_net_overrides_the_phase_of_its_purpose(tmp_path: Path) -> None:
    """As in Solver::InitTrainNet, for `shapes` and for training alike."""
    more = "test_iter: 1 test_interval: 1 test_state { phase: TRAIN }"
    net = f'{NET} state {{ phase: TEST level: 2 stage: "extra" }}'
    (tmp_path / "own.prototxt").write_text(net)
    given = SOLVER.replace("net.prototxt", "own.prototxt")
    solver = read(tmp_path, more, given, level=2)
    loaded = load(tmp_path / "solver.prototxt")
    assert solver.train.state.phase == loaded.state.phase == "TEST"
    assert names(solver) == [layer.node.name for layer in loaded.layers]
    assert names(solver) == ["data", "ip", "extra", "deep", "accuracy", "loss"]
    assert solver.tests[0].state == load(tmp_path / "solver.prototxt", "test").state
    assert solver.tests[0].state == ("TRAIN", ("extra",), 2)


def test_nets_within_the_solver(tmp_path: Path) -> None:
    inner = NET.replace('"net"', '"inner"')
    text = f'train_net: "net.prototxt" test_net_param {{ {inner} }} test_net: "net.prototxt"\n'
    more = 'base_lr: 1 lr_policy: "fixed" test_iter: 3 test_iter: 4 test_interval: 1'
    solver = read(tmp_path, more, text)
    assert solver.train.name == "net"
    assert [net.name for net in solver.tests] == ["inner", "net"]


def test_own_test_nets_come_before_the_generic_one(tmp_path: Path) -> None:
    (tmp_path / "own.prototxt").write_text(NET.replace('"net"', '"own"'))
    more = 'test_net: "own.prototxt" test_iter: 1 test_iter: 1 test_interval: 1'
    assert [net.name for net in read(tmp_path, more).tests] == ["own", "net"]


@pytest.mark.parametrize(
    ("more", "column", "message"),
    [
        ("iter_size: 0", 1, "expected iter_size of at least 1, found 0"),
        ('type: "X"', 1, "expected type SGD or Nesterov"),
        ('type: "SGD" solver_type: SGD', 13, "expected type or the former solver_type"),
        ("test_iter: 1", None, "expected test_interval of at least 1, found 0"),
        (
            'test_net: "net.prototxt" test_interval: 1',
            None,
            "expected a test_iter for each test net, 1 in all, found 0",
        ),
        (
            "test_iter: 1 test_interval: 1 test_state {} test_state {}",
            45,
            "expected a test_state for each test net, 1 in all, found 2",
        ),
        ('net_param { name: "a" }', 1, "expected one net to train"),
    ],
)
def test_what_caffe_refuses(tmp_path: Path, more: str, column: int | None, message: str) -> None:
    """Told at the field in line 2, or where it is not given at the solver."""
    with pytest.raises(CaffeToolsError) as caught:
        read(tmp_path, more)
    assert message in caught.value.message
    place = (1, 1) if column is None else (2, column)
    assert caught.value.location == (str(tmp_path / "solver.prototxt"), *place)


def test_a_policy_must_be_given(tmp_path: Path) -> None:
    with pytest.raises(CaffeToolsError, match="expected lr_policy, one of fixed, step"):
        read(tmp_path, "", 'net: "net.prototxt" base_lr: 1\n')


def test_a_net_is_no_solver(tmp_path: Path) -> None:
    with pytest.raises(CaffeToolsError, match="expected a solver, found a net"):
        read(tmp_path, "", NET)
    with pytest.raises(CaffeToolsError, match="expected a net, found the solver 'solver"):
        read(tmp_path, "", SOLVER.replace("net.prototxt", "solver.prototxt"))


def test_what_is_not_read_is_noted(tmp_path: Path) -> None:
    """But for what says what holds anyway."""
    more = "debug_info: true snapshot_diff: false\nwarmup_iter: 5\nlayer_wise_reduce: true"
    notes = read(tmp_path, more).notes
    assert [(note.location.line, note.message) for note in notes] == [
        (2, "debug_info has no effect here"),
        (3, "warmup_iter, a field of intel/caffe, has no effect here"),
    ]


def test_a_log_that_echoes_its_solver_and_nets(tmp_path: Path) -> None:
    fields = (*SOLVER_FIELDS, "test_iter: 3", "test_interval: 2")
    echoes = [("solver", "".join(f"{field}\n" for field in fields))]
    echoes += [("net", f"state {{\n  phase: {phase}\n}}\n{ECHOED}") for phase in ("TRAIN", "TEST")]
    log = tmp_path / "train.log"
    log.write_text(
        "".join(
            line(f"Initializing {what} from parameters: ", "net.cpp:1") + text
            for what, text in echoes
        )
    )
    solver = read_solver(log, net=log)
    assert (solver.settings.max_iter, solver.test_iterations) == (5, (3,))
    assert solver.train.state.phase == "TRAIN"
    assert [net.state.phase for net in solver.tests] == ["TEST"]
    assert names(solver) == names(solver, 0) == ["input", "ip"]


ECHOED = """\
input: "data"
input_dim: 4
input_dim: 3
input_dim: 1
input_dim: 1
layer {
  name: "ip"
  type: "InnerProduct"
  bottom: "data"
  top: "ip"
  inner_product_param {
    num_output: 2
  }
}
"""
