from __future__ import annotations

import ast
import io
import os
import runpy
import subprocess
import sys
from contextlib import redirect_stderr
from pathlib import Path

import numpy as np
import pytest

from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.model_code import model_code
from caffetools.torch.solver.solver_file import read_solver
from caffetools.torch.solver.train_code import training_files
from tests.commands import ROOT, Ran
from tests.torch.solver.test_solver_file import NET, SOLVER, read

h5py = pytest.importorskip("h5py")

DATA = 'layer { name: "data" type: "Input" top: "data" top: "label"'
HDF5 = 'layer { name: "data" type: "HDF5Data" top: "data" top: "label"'
SHAPES = "input_param { shape { dim: 4 dim: 3 } shape { dim: 4 } }"
MORE = "test_iter: 2 test_interval: 2 display: 1 snapshot_prefix: 'net' momentum: 0.9"


def files_of(
    folder: Path, text: str = SOLVER + MORE, net: str = NET, *, standalone: bool = False
) -> dict[str, bytes]:
    read(folder, "", SOLVER)
    (folder / "net.prototxt").write_text(net)
    (folder / "solver.prototxt").write_text(text)
    solver = read_solver(folder / "solver.prototxt")
    merged = assemble(solver.train, solver.tests[0])
    return {
        "model.py": model_code(merged).encode(),
        **training_files(solver, merged, standalone=standalone),
    }


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / "export" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / "export"


def with_data(folder: Path, *, standalone: bool = False) -> Path:
    """An export of the net with HDF5Data, and its data in the folder."""
    random = np.random.default_rng(0)
    with h5py.File(folder / "data.h5", "w") as file:
        file["data"] = random.normal(size=(10, 3)).astype(np.float32)
        file["label"] = random.integers(0, 2, 10)
    (folder / "list.txt").write_text(str(folder / "data.h5"))
    net = NET.replace(DATA, HDF5)
    net = net.replace(SHAPES, 'hdf5_data_param { source: "list.txt" batch_size: 4 }')
    return written(folder, files_of(folder, net=net, standalone=standalone))


OWN_COPY = """
import runpy, sys
sys.path.insert(0, sys.argv[1])
import caffetools
assert caffetools.__path__ == [sys.argv[1] + "/caffetools"]
for arguments in (["--max-iter", "3"], ["--resume", "net_iter_3.solverstate"]):
    sys.argv[1:] = arguments
    runpy.run_path(sys.path[0] + "/train.py", run_name="__main__")
"""


def launched(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Python in a folder."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def run(export: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Ran:
    """Run train.py in this process and in the folder above."""
    monkeypatch.chdir(export.parent)
    monkeypatch.syspath_prepend(export)
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    error, reason = io.StringIO(), None
    with redirect_stderr(error):
        try:
            runpy.run_path(str(export / "train.py"), run_name="__main__")
        except SystemExit as ended:
            reason = ended.code
        finally:
            sys.modules.pop("model", None)
    return Ran(int(reason is not None), "", f"{error.getvalue()}{reason or ''}")


def test_the_files_stand_alone(tmp_path: Path) -> None:
    """They import the standard library, PyTorch, NumPy, what reads data, and each other."""
    files = files_of(tmp_path, standalone=True)
    allowed = {*sys.stdlib_module_names, "torch", "numpy", "h5py", "PIL", "plyvel", "safetensors"}
    own = {"model", "test_model", "caffetools"}
    for name, content in files.items():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(content)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for each in names:
                assert each.partition(".")[0] in allowed | own, f"{name}: {each}"
                if each.startswith("caffetools."):
                    home = each.replace(".", "/")
                    assert f"{home}.py" in files or f"{home}/__init__.py" in files


def test_without_standalone_only_the_copy_is_left_out(tmp_path: Path) -> None:
    """The rest is the same, README.md but for its last line."""
    short, long = files_of(tmp_path), files_of(tmp_path, standalone=True)
    assert list(short) == ["model.py", "train.py", "README.md", "net.caffemodel"]
    for name, content in long.items():
        if name == "README.md":
            assert content.splitlines()[:-1] == short[name].splitlines()[:-1]
        else:
            assert name.startswith("caffetools/") or content == short[name]


def test_the_readme_says_how_to_run_it(tmp_path: Path) -> None:
    text = files_of(tmp_path)["README.md"].decode()
    assert "Trains the net of solver.prototxt on PyTorch" in text
    assert "    torchrun --nproc_per_node=4 train.py --device cuda  # 4 GPUs\n" in text
    assert text.endswith("Needs `pip install 'caffetools[torch,data]'`.\n")
    assert len(text.splitlines()) <= 15


def test_it_is_the_same_every_time(tmp_path: Path) -> None:
    assert files_of(tmp_path) == files_of(tmp_path)


def test_a_net_without_windows_takes_no_window_reader(tmp_path: Path) -> None:
    files = files_of(tmp_path, standalone=True)
    assert "caffetools/torch/training/trainer.py" in files
    assert "caffetools/torch/training/data/windows.py" not in files


def test_settings_are_written_as_data(tmp_path: Path) -> None:
    text = files_of(tmp_path)["train.py"].decode()
    assert "    max_iter=5,\n    base_lr=0.1,\n    momentum=0.9,\n" in text
    assert 'MULTIPLIERS = {"ip": ((1.0, 1.0), (1.0, 1.0))}\n' in text
    assert "        iterations=2,\n" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_without_a_prefix_snapshots_lie_where_it_runs(tmp_path: Path) -> None:
    text = files_of(tmp_path, SOLVER + MORE.replace("snapshot_prefix: 'net' ", ""))["train.py"]
    assert b'snapshot_prefix="solver"' in text


def test_a_test_net_that_the_model_cannot_serve_has_a_file_of_its_own(tmp_path: Path) -> None:
    inner = NET.replace("num_output: 2", "num_output: 3").replace('"ip" type', '"ip2" type')
    text = SOLVER + MORE + f" test_net_param {{ {inner} }} test_iter: 4"
    files = files_of(tmp_path, text)
    assert b"iterations=4" in files["train.py"]
    assert b"test_model.build" in files["train.py"]
    assert b"class Net" in files["test_model.py"]


def test_it_trains_and_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export = with_data(tmp_path)
    whole = run(export, monkeypatch)
    assert whole.status == 0, whole.err
    assert whole.err.endswith("] Optimization Done.\n")
    assert "Iteration 4, Testing net (#0)" in whole.err
    first = run(export, monkeypatch, "--max-iter", "3")
    assert first.status == 0, first.err
    resumed = run(export, monkeypatch, "--resume", "net_iter_3.solverstate")
    assert resumed.status == 0, resumed.err
    assert "Resuming from net_iter_3.solverstate" in resumed.err


def test_a_standalone_one_trains_and_resumes(tmp_path: Path) -> None:
    """With its own copy of caffetools."""
    export = with_data(tmp_path, standalone=True)
    done = launched(tmp_path, "-c", OWN_COPY, str(export))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(" solver.cpp:332] Optimization Done.\n") == 2
    assert "Resuming from net_iter_3.solverstate" in done.stderr


def test_it_trains_under_torchrun(tmp_path: Path) -> None:
    """Two processes that average their gradients; only the first writes the log and snapshots."""
    train = str(with_data(tmp_path) / "train.py")
    done = launched(tmp_path, "-m", "torch.distributed.run", "--nproc_per_node=2", train)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(" solver.cpp:332] Optimization Done.\n") == 1
    assert (tmp_path / "net_iter_5.caffemodel").is_file()


def test_damaged_data_is_told_as_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label that is out of range, then a file that is not there: no net is lost by either."""
    export = with_data(tmp_path)
    with h5py.File(tmp_path / "data.h5", "a") as file:
        file["label"][6] = 2
    done = run(export, monkeypatch)
    assert done.status == 1
    assert done.err.splitlines()[-1] == (
        f"{tmp_path}/data.h5: row 6: the label 2 is out of range: 'label' is read for 2 classes, "
        "from 0 (test net #0, iteration 0)"
    )
    (tmp_path / "data.h5").unlink()
    done = run(export, monkeypatch)
    assert done.status == 1
    assert done.err.splitlines()[-1] == f"{tmp_path}/data.h5: there is no such file"
