"""Which net of a file each net of a log is compared with."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.check.checked_file import check_file
from caffetools.errors import CaffeToolsError
from caffetools.log.collector import LogContents
from tests.logs import NET, built_log, line, read

TRAIN = """\
layer { name: "data" type: "DummyData" top: "data" dummy_data_param { shape { dim: [2, 3] } } }
layer {
  name: "fc" type: "InnerProduct" bottom: "data" top: "fc" inner_product_param { num_output: 5 }
}
"""
TEST = TRAIN.replace("dim: [2, 3]", "dim: [1, 3]").replace('name: "fc"', 'name: "score"')


def net_log(kind: str, source: str, batch: int, layer: str) -> str:
    head = line(f"Creating {kind} file: {source}") + line("Initializing net from parameters: ", NET)
    texts = (
        *("Creating Layer data", "data -> data", f"Top shape: {batch} 3 ({batch * 3})"),
        *(f"Creating Layer {layer}", f"{layer} <- data", f"{layer} -> fc"),
        *(f"Top shape: {batch} 5 ({batch * 5})", "Network initialization done."),
    )
    return head + "".join(line(text, NET) for text in texts)


@pytest.fixture
def log() -> LogContents:
    train = net_log("training net from train_net", "nets/train.prototxt", 2, "fc")
    test = net_log("test net (#0) specified by test_net", "nets/test.prototxt", 1, "score")
    return read(train + test)


def checked(log: LogContents, path: Path, text: str) -> list[tuple[list[str], list[str]]]:
    path.write_text(text)
    return [
        ([difference.logged for difference in comparison.differences], list(comparison.notes))
        for _, comparison in check_file(log, str(path))
    ]


@pytest.mark.parametrize("name", ["train.prototxt", "other.prototxt"])
def test_a_net_of_another_file_is_not_compared(log: LogContents, tmp_path: Path, name: str) -> None:
    train, test = checked(log, tmp_path / name, TRAIN)
    assert train == ([], [])
    assert test[0] == []
    told = "not compared: the log has this net from 'nets/test.prototxt', not from "
    assert test[1] == [f"{told}'nets/train.prototxt'"]
    changed = TRAIN.replace("num_output: 5", "num_output: 6")
    assert checked(log, tmp_path / name, changed)[0] == (["top fc 2 x 5"], [])


def test_a_test_net_is_found_by_its_layers(log: LogContents, tmp_path: Path) -> None:
    train, test = checked(log, tmp_path / "mine.prototxt", TEST)
    assert train[1][0].startswith("not compared: ")
    assert test == ([], [])


def test_each_net_of_a_solver_is_compared_with_its_own(log: LogContents, tmp_path: Path) -> None:
    solver = 'train_net: "a.prototxt" test_net: "b.prototxt" test_iter: 1 test_interval: 9'
    (tmp_path / "a.prototxt").write_text(TRAIN)
    with pytest.raises(CaffeToolsError, match="no file 'c"):
        checked(log, tmp_path / "s.prototxt", solver.replace("a.p", "c.p").replace("b.p", "d.p"))
    train, test = checked(log, tmp_path / "s.prototxt", solver)
    assert train == ([], [])
    assert "not compared: " in test[1][0]
    assert "no file 'b.prototxt'" in test[1][0]
    (tmp_path / "b.prototxt").write_text(TEST)
    assert checked(log, tmp_path / "s.prototxt", solver) == [([], []), ([], [])]
    (tmp_path / "b.prototxt").write_text(TRAIN)
    assert checked(log, tmp_path / "s.prototxt", solver)[1][0] != []


def test_a_net_without_a_phase_is_that_of_training(tmp_path: Path) -> None:
    """As `shapes --format caffe-log` prints one."""
    log = built_log(TRAIN)
    log = log[log.index("\n") + 1 :].replace("phase: TRAIN", "")
    (tmp_path / "a.prototxt").write_text(TRAIN)
    found = checked(read(log), tmp_path / "s.prototxt", 'net: "a.prototxt" base_lr: 1')
    assert found == [([], [])]


def test_a_solver_without_that_test_net(log: LogContents, tmp_path: Path) -> None:
    _, test = checked(log, tmp_path / "s.prototxt", f"net_param {{ {TRAIN} }} base_lr: 1")
    assert test[1] == ["not compared: the solver has 0 test nets"]


def test_a_file_that_is_no_net_in_one_phase(tmp_path: Path) -> None:
    nets = [f"{kind} net from net" for kind in ("training", "test")]
    log = read("".join(net_log(kind, "net.prototxt", 2, "fc") for kind in nets))
    text = TRAIN.replace('name: "data"', 'name: "data" include { phase: TRAIN }')
    train, test = checked(log, tmp_path / "net.prototxt", text)
    assert train == ([], [])
    assert "not compared: " in test[1][0]
    assert "unknown bottom 'data'" in test[1][0]


def test_a_net_of_another_log(log: LogContents, tmp_path: Path) -> None:
    train, test = checked(log, tmp_path / "x.log", built_log(TRAIN))
    assert train == ([], [])
    assert test[1][0].startswith("not compared: ")


def test_a_log_without_a_net() -> None:
    with pytest.raises(CaffeToolsError, match="contains no net"):
        check_file(read(line("Iteration 1, loss = 1")), "x.prototxt")
