"""Options of commands that run nets: GPUs, stages, labels."""

from __future__ import annotations

import io
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from caffetools.cli.devices import device_of, gpus_of, label_names, require_torch, verb_options
from caffetools.errors import CaffeToolsError
from caffetools.torch.training.glog_writer import GlogWriter


@verb_options
def _echo(**options: object) -> None:
    click.echo(str(options))


def test_options() -> None:
    result = CliRunner().invoke(click.command()(_echo), ["--model", "m", "--stage", "a,b"])
    expected = {"model": "m", "stages": ["a", "b"], "level": 0, "gpu": None}
    assert result.output == f"{expected}\n"


def test_devices() -> None:
    log = io.StringIO()
    assert device_of(None, GlogWriter(log), "a.cpp:1", "b.cpp:2").type == "cpu"
    assert log.getvalue().endswith("b.cpp:2] Use CPU.\n")
    require_torch("a test")
    assert gpus_of(None) == []
    with pytest.raises(CaffeToolsError, match="PyTorch finds"):
        gpus_of("99")
    with pytest.raises(click.UsageError, match="expected all or numbers"):
        gpus_of("x")


def test_labels(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("a b\nc\n")
    assert label_names(str(tmp_path / "labels")) == ["a b", "c"]
    assert label_names(None) == []
