from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.torch.training import command
from caffetools.torch.training.command import main, settings_text
from caffetools.torch.training.data.sources import ArraySource
from caffetools.torch.training.settings import SolverSettings
from tests.torch.training.cases import arrays, project, with_source


def test_main_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(project(tmp_path), "Trains.", ["--max-iter", "2"])
    log = capsys.readouterr().err
    assert "] Use CPU.\n" in log
    assert "] Initializing solver from parameters: \nmax_iter: 2\n" in log
    assert log.endswith("] Optimization Done.\n")
    assert (tmp_path / "small_iter_2.caffemodel").exists()


def test_main_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(project(tmp_path), "Trains.", ["--max-iter", "2"])
    state = str(tmp_path / "small_iter_2.solverstate")
    main(project(tmp_path), "Trains.", ["--resume", state, "--max-iter", "4"])
    assert f"] Resuming from {state}\n" in capsys.readouterr().err
    assert (tmp_path / "small_iter_4.caffemodel").exists()


def test_main_is_fed(tmp_path: Path) -> None:
    made = with_source(project(tmp_path), ArraySource(("data", "label"), 4))
    feeds = dict(zip(("data", "label"), arrays(20), strict=True))
    main(made, "Trains.", ["--max-iter", "1"], feeds)
    assert (tmp_path / "small_iter_1.caffemodel").exists()


def test_a_mistake_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(project(tmp_path), "Trains.", ["--resume", str(tmp_path / "gone.solverstate")])
    assert caught.value.code == f"{tmp_path}/gone.solverstate: no such file"


def test_sigint_before_training_ends_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "run", interrupted)
    with pytest.raises(SystemExit) as caught:
        main(project(tmp_path), "Trains.", [])
    assert caught.value.code == "interrupted"


def test_settings_are_told_as_a_prototxt() -> None:
    settings = SolverSettings(
        type="Adam",
        lr_policy="multistep",
        base_lr=0.5,
        stepvalue=(3, 5),
        test_initialization=False,
        snapshot_format="HDF5",
    )
    assert settings_text(settings).splitlines() == [
        'type: "Adam"',
        "base_lr: 0.5",
        'lr_policy: "multistep"',
        "stepvalue: 3",
        "stepvalue: 5",
        "test_initialization: false",
        "snapshot_format: HDF5",
    ]
