"""Exported modules and training on a GPU, against what real Caffe computed.

Without one the same checks run on the CPU, with a few of the cases, to show that they work.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch
from click.testing import CliRunner

import caffetools
from caffetools.cli import main
from tests.caffe_results import cases
from tests.torch.golden import check_emitted
from tests.torch.training.test_caffe_curves import run_as_caffe

gpu = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no GPU"),
]
NAMES = [*cases("layers"), *cases("layers_ssd"), *cases("layers_hard")]
TOLERANCES = {False: 1e-3, True: 1e-2}
"""Of the largest value, without and with TF32, whose numbers have 10 bits after the point."""


@pytest.fixture(params=[False, True], ids=["fp32", "tf32"])
def tf32(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Products of matrices and convolutions with or without TF32."""
    found = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = request.param
    yield request.param
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = found


@pytest.mark.parametrize(
    ("device", "names"), [("cpu", NAMES[::40]), pytest.param("cuda", NAMES, marks=gpu)]
)
def test_golden_layers(caffe: Path, device: str, names: list[str], *, tf32: bool) -> None:
    """All of them in one test: without a GPU, one is skipped."""
    found = {name: difference(caffe, name, device, TOLERANCES[tf32]) for name in names}
    assert not any(found.values()), "\n".join(filter(None, found.values()))


def difference(caffe: Path, name: str, device: str, relative: float) -> str:
    """How a case differs from Caffe's result, empty if it does not."""
    try:
        check_emitted(caffe, name, device, relative)
    except (AssertionError, RuntimeError) as error:
        return f"{name}: {error}"
    return ""


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ((), ["training/sgd_step"]),
        pytest.param(("--gpu", "0"), cases("training"), marks=gpu),
    ],
)
def test_golden_runs(
    caffe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    names: list[str],
) -> None:
    """The losses of the first 20 iterations, before rounding has grown."""
    pytest.importorskip("h5py")
    for name in names:
        log = run_as_caffe(tmp_path, caffe / name, monkeypatch, *options, "--max-iter", "20")
        ours, caffes = (
            {row["iteration"]: row["loss"] for row in caffetools.parse_log(path).to_dict()["train"]}
            for path in (log, caffe / name / "caffe.log")
        )
        for iteration in range(20):
            assert ours[iteration] == pytest.approx(caffes[iteration], rel=1e-2), (name, iteration)


@pytest.mark.parametrize("index", [pytest.param("0", marks=gpu)])
def test_amp_and_compile(
    caffe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: str
) -> None:
    """A run with each ends, and its loss falls."""
    for options in (["--amp"], ["--compile"]):
        run = caffe / "training" / "sgd_step"
        folder = tmp_path / options[0]
        folder.mkdir()
        log = run_as_caffe(folder, run, monkeypatch, "--gpu", index, *options)
        losses = [row["loss"] for row in caffetools.parse_log(log).to_dict()["train"]]
        assert losses[-1] < losses[0]


def test_a_gpu_that_is_not_there() -> None:
    done = CliRunner().invoke(main, ["train", "--solver", "solver.prototxt", "--gpu", "64"])
    assert done.exit_code == 1
    assert "PyTorch finds" in done.stderr
