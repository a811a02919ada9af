from __future__ import annotations

import io
import os
import re
import signal
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.sources import ArraySource, ItemArrays, OpenSource, ReadContext
from caffetools.torch.training.early_stop import EarlyStop
from caffetools.torch.training.trainer import Trainer
from tests.torch.training.cases import arrays, lines, project, trainer, with_source


def solved(tmp_path: Path, **settings: object) -> tuple[Trainer, list[str]]:
    stream = io.StringIO()
    made = trainer(project(tmp_path, **settings), stream)
    made.solve()
    return made, lines(stream)


def test_the_log_is_caffes(tmp_path: Path) -> None:
    """Tests before the iteration, the loss before the rate, one more loss at the end."""
    _, found = solved(tmp_path, max_iter=4, test_interval=4, display=2)
    number = r"[-+.e\d]+"
    speed = rf"\({number} iter/s, {number}s/2 iters\)"
    test = [
        rf"    Test net output #0: accuracy = {number}",
        rf"    Test net output #1: loss = {number} \(\* 1 = {number} loss\)",
    ]
    shown = [
        [
            rf"Iteration {i} {speed}, loss = {number}",
            rf"    Train net output #0: loss = {number} \(\* 1 = {number} loss\)",
            rf"Iteration {i}, lr = 0\.1",
        ]
        for i in (0, 2)
    ]
    prefix = re.escape(str(tmp_path / "small"))
    expected = [
        "Solving small",
        "Learning Rate Policy: fixed",
        r"Iteration 0, Testing net \(#0\)",
        *test,
        *shown[0],
        *shown[1],
        rf"Snapshotting to binary proto file {prefix}_iter_4\.caffemodel",
        rf"Snapshotting solver state to binary proto file {prefix}_iter_4\.solverstate",
        rf"Iteration 4, loss = {number}",
        r"Iteration 4, Testing net \(#0\)",
        *test,
        r"Optimization Done\.",
    ]
    assert len(found) == len(expected)
    for line, pattern in zip(found, expected, strict=True):
        assert re.fullmatch(pattern, line), line


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"test_initialization": False}, [4, 8, 12]),
        ({"test_interval": 5}, [0, 5, 10]),
        ({"test_interval": 0}, []),
    ],
)
def test_when_it_tests(tmp_path: Path, settings: dict[str, object], expected: list[int]) -> None:
    _, found = solved(tmp_path, **settings)
    tests = [line for line in found if "Testing net" in line]
    assert tests == [f"Iteration {i}, Testing net (#0)" for i in expected]


def test_the_loss_of_the_test(tmp_path: Path) -> None:
    _, found = solved(tmp_path, test_compute_loss=True, max_iter=0)
    assert [line for line in found if line.startswith("Test loss: ")]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"snapshot": 5}, [5, 10, 12]),
        ({"snapshot": 6}, [6, 12]),
        ({"snapshot_after_train": False}, []),
    ],
)
def test_when_it_takes_snapshots(
    tmp_path: Path, settings: dict[str, object], expected: list[int]
) -> None:
    solved(tmp_path, **settings)
    names = sorted(path.name for path in tmp_path.iterdir())
    endings = ("caffemodel", "resume.json", "solverstate")
    assert names == sorted(f"small_iter_{i}.{end}" for i in expected for end in endings)


def test_it_learns(tmp_path: Path) -> None:
    made, found = solved(tmp_path, max_iter=100, test_interval=100, display=0)
    assert made.losses.smoothed.value < 1
    assert float(found[-3].rpartition(" ")[2]) >= 0.8


def test_iter_size_is_a_larger_batch(tmp_path: Path) -> None:
    """Without dropout two batches of 4 are one of 8."""
    weights = []
    for batch, size in ((8, 1), (4, 2)):
        made = project(tmp_path, iter_size=size, max_iter=5, test_interval=0)
        source = ArraySource(("data", "label"), batch, arrays(40))
        run = trainer(with_source(made, source))
        run.module.drop.p = 0.0  # type: ignore[union-attr]
        run.solve()
        weights.append(run.solver.blobs[0].detach())
    torch.testing.assert_close(*weights)


def test_average_loss(tmp_path: Path) -> None:
    single, averaged = (
        [line for line in solved(tmp_path, display=1, average_loss=n)[1] if "iter/s" in line]
        for n in (1, 3)
    )
    losses = [[float(line.rpartition(" ")[2]) for line in each] for each in (single, averaged)]
    means = [sum(losses[0][max(0, i - 2) : i + 1]) / min(i + 1, 3) for i in range(12)]
    assert losses[1] == pytest.approx(means, rel=1e-4)


def test_clipping_is_told(tmp_path: Path) -> None:
    _, found = solved(tmp_path, clip_gradients=1e-3, max_iter=1)
    told = [line for line in found if line.startswith("Gradient clipping")]
    pattern = (
        r"Gradient clipping: scaling down gradients \(L2 norm \S+ > 0\.001\) by scale factor \S+"
    )
    assert len(told) == 1
    assert re.fullmatch(pattern, told[0])


@pytest.mark.parametrize(
    ("number", "at", "last"),
    [(signal.SIGINT, 2, "Optimization stopped early."), (signal.SIGHUP, 2, "Optimization Done.")],
)
def test_signals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, at: int, last: str
) -> None:
    """SIGINT stops after the iteration, with a snapshot; SIGHUP takes one and goes on."""
    stream = io.StringIO()
    made = trainer(project(tmp_path), stream)
    update = made.update

    def interrupted(*, shows: bool) -> None:
        if made.iteration == at:
            os.kill(os.getpid(), number)
        update(shows=shows)

    monkeypatch.setattr(made, "update", interrupted)
    made.solve()
    assert lines(stream)[-1] == last
    assert (tmp_path / f"small_iter_{at + 1}.solverstate").exists()
    assert made.iteration == (at + 1 if number == signal.SIGINT else 12)


def test_a_test_is_interrupted(tmp_path: Path) -> None:
    stream = io.StringIO()
    made = trainer(project(tmp_path), stream)
    with made.signals.caught():
        os.kill(os.getpid(), signal.SIGINT)
        assert not made.train_to(12)
    assert lines(stream) == ["Iteration 0, Testing net (#0)", "Test interrupted."]


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_snapshot(tmp_path: Path) -> None:
    data, labels = arrays(20)
    data[14] = np.nan  # in the fourth batch of four
    source = ArraySource(("data", "label"), 4, (data, labels))
    stream = io.StringIO()
    made = trainer(with_source(project(tmp_path, snapshot=2), source), stream)
    with pytest.raises(CaffeToolsError, match="the loss is nan at iteration 3: training stops"):
        made.solve()
    last = tmp_path / "small_iter_2.solverstate"
    assert lines(stream)[-1] == f"the last snapshot is {last}: resume from it"
    states = sorted(path.name for path in tmp_path.glob("*.solverstate"))
    assert states == ["small_iter_2.solverstate"]


def test_damaged_data_stops_with_a_snapshot(tmp_path: Path) -> None:
    data, labels = arrays(20)
    labels[14] = 5
    source = ArraySource(("data", "label"), 4, (data, labels))
    made = with_source(project(tmp_path, snapshot=100), source)
    from caffetools.torch.training.data.sources import LabelRange

    made = replace(made, net=replace(made.net, labels={"label": LabelRange(3)}))
    with pytest.raises(CaffeToolsError) as caught:
        trainer(made).solve()
    assert caught.value.message == (
        "item 14 of what was fed: the label 5 is out of range: 'label' is read for 3 classes, "
        "from 0 (training, iteration 3)"
    )
    assert [path.name for path in tmp_path.glob("*.solverstate")] == ["small_iter_3.solverstate"]


def test_weights_that_are_no_numbers_are_not_kept(tmp_path: Path) -> None:
    """The loss of the iteration was a number yet: its gradient was not."""
    stream = io.StringIO()
    made = trainer(project(tmp_path, snapshot=2, test_interval=0), stream)
    update = made.update

    def diverged(*, shows: bool) -> None:
        update(shows=shows)
        if made.iteration == 4:
            made.solver.blobs[0].data.fill_(float("inf"))

    made.update = diverged  # type: ignore[method-assign]
    message = "blob 0 of layer 'ip' holds nan or inf after iteration 4: training stops"
    with pytest.raises(CaffeToolsError, match=message):
        made.solve()
    last = tmp_path / "small_iter_2.solverstate"
    assert lines(stream)[-1] == f"the last snapshot is {last}: resume from it"
    states = [path.name for path in tmp_path.glob("*.solverstate")]
    assert states == ["small_iter_2.solverstate"]


def test_damaged_data_of_a_test_saves_what_was_trained(tmp_path: Path) -> None:
    made = project(tmp_path, test_interval=5, test_initialization=False)
    data, labels = arrays(10, 1)
    labels[7] = -1
    from caffetools.torch.training.data.sources import LabelRange

    test = replace(
        made.tests[0],
        sources=(ArraySource(("data", "label"), 5, (data, labels)),),
        labels={"label": LabelRange(3)},
    )
    stream = io.StringIO()
    with pytest.raises(CaffeToolsError) as caught:
        trainer(replace(made, tests=(test,)), stream).solve()
    assert caught.value.message == (
        "item 7 of what was fed: the label -1 is out of range: 'label' is read for 3 classes, "
        "from 0 (test net #0, iteration 5)"
    )
    assert [path.name for path in tmp_path.glob("*.solverstate")] == ["small_iter_5.solverstate"]
    last = tmp_path / "small_iter_5.solverstate"
    assert lines(stream)[-1] == f"the last snapshot is {last}: resume from it"


def test_damaged_items_are_counted(tmp_path: Path) -> None:
    data, labels = arrays(20)

    @dataclass(frozen=True)
    class Damaged(ArraySource):
        def open(self, place: ReadContext) -> OpenSource:
            return DamagedItems(super().open(place))

    @dataclass(frozen=True)
    class DamagedItems:
        whole: OpenSource

        def read(self, number: int, slot: int) -> ItemArrays:
            if number % 20 == 6:
                raise CaffeToolsError("it is damaged")
            return self.whole.read(number, slot)

        def name(self, number: int, slot: int) -> str:
            return self.whole.name(number, slot)

    source = Damaged(("data", "label"), 4, (data, labels))
    stream = io.StringIO()
    trainer(with_source(project(tmp_path, max_iter=12, test_interval=0), source), stream).solve()
    told = [line for line in lines(stream) if "it is damaged" in line or "skipped" in line]
    assert told == [
        "item 6 of what was fed: it is damaged; the next item takes its place",
        "damaged items that were skipped in this run: 3",
    ]


def test_what_was_saved_is_not_saved_again(tmp_path: Path) -> None:
    data, labels = arrays(20)
    labels[14] = 5
    source = ArraySource(("data", "label"), 4, (data, labels))
    made = with_source(project(tmp_path, snapshot=3, test_interval=0), source)
    from caffetools.torch.training.data.sources import LabelRange

    stream = io.StringIO()
    made = replace(made, net=replace(made.net, labels={"label": LabelRange(3)}))
    with pytest.raises(CaffeToolsError, match=r"\(training, iteration 3\)"):
        trainer(made, stream).solve()
    assert sum(line.startswith("Snapshotting to") for line in lines(stream)) == 1


def test_a_snapshot_that_fails_does_not_end_the_run(tmp_path: Path) -> None:
    """Training goes on; that the last could not be written is an error in the end."""
    folder = tmp_path / "gone"
    folder.mkdir()
    stream = io.StringIO()
    made = trainer(project(folder, snapshot=6), stream)
    folder.rmdir()
    with pytest.raises(CaffeToolsError, match="cannot be written: No such file"):
        made.solve()
    assert made.iteration == 12
    failed = [line for line in lines(stream) if line.startswith("no snapshot: ")]
    assert len(failed) == 2
    assert all(line.endswith("No such file or directory; training goes on") for line in failed)


def test_a_test_net_has_the_weights_of_the_trained_one(tmp_path: Path) -> None:
    made, _ = solved(tmp_path)
    assert made.tests[0].module.ip.weight is made.module.ip.weight  # type: ignore[union-attr]


def test_a_worker_that_dies_between_two_weights_saves_nothing(tmp_path: Path) -> None:
    stream = io.StringIO()
    made = trainer(project(tmp_path, snapshot=2), stream)

    def interrupted(**_: object) -> None:
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. \nMore.")

    made.update = interrupted  # type: ignore[method-assign]
    message = r"read ahead: DataLoader worker \(pid 7\) is killed by signal: Killed\.; if memory"
    with pytest.raises(CaffeToolsError, match=message):
        made.solve()
    assert lines(stream)[-1] == "there is no snapshot"
    assert not list(tmp_path.iterdir())


def test_an_early_stop(tmp_path: Path) -> None:
    """Tests before iterations 0, 2 and 4: a rate of 0 improves nothing, so 2 suffice after 0."""
    stream, curves = io.StringIO(), []
    made = trainer(
        project(tmp_path, max_iter=9, test_interval=2, base_lr=0.0),
        stream,
        early_stop=EarlyStop(2, "loss"),
        curve=lambda *given: curves.append(given),
    )
    made.solve()
    found = lines(stream)
    assert any(line.startswith("Early stop at iteration 4: loss ") for line in found)
    assert found[-1] == "Optimization stopped early."
    assert made.iteration == made.state.saved == 5
    tests = [(curve, at) for curve, at, _ in curves if curve != "train"]
    assert tests == [("test0", 0), ("test0", 2), ("test0", 4)]
