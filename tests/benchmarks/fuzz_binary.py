"""Try many damaged weights, snapshots, means, databases and arrays, each within 10 s and 1 GB.

    python tests/benchmarks/fuzz_binary.py COUNT FOLDER [--start SEED]

FOLDER is a copy of examples/lenet with its databases and a trained net, as its README makes them.
Each mutant is read by a process of its own. Prints each seed that went wrong, and the figures.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from caffetools.cli import main as caffetools  # noqa: E402
from tests.mutants import mutant  # noqa: E402

SECONDS = 10
MOST = 1024
"""Megabytes of a process above the file's own size."""
NET = str(ROOT / "examples" / "lenet" / "deploy.prototxt")
TRACEBACK = 99
"""Status of a process in which a command raised what it should not."""


def commands(file: str, whole: dict[str, str]) -> list[list[str]]:
    """Return the commands that read a file of its kind, `whole` having undamaged ones by kind."""
    weights = whole[".caffemodel"]
    by_kind = {
        ".caffemodel": [["weights", file], ["shapes", file], ["verify", NET, "--weights", file]],
        ".h5": [["weights", file], ["export", NET, "--weights", file, "-o", "out"]],
        ".solverstate": [["weights", file]],
        ".binaryproto": [["weights", file]],
        ".mdb": [["data", "mean", os.path.dirname(file)]],
        ".npz": [["verify", NET, "--weights", weights, "--against", file]],
        ".safetensors": [["pack", NET, file, "-o", "out.caffemodel"]],
    }
    return by_kind[os.path.splitext(file)[1]]


def made(source: Path, folder: Path) -> list[Path]:
    """Return one file of each kind, made of what the example trained."""
    weights = next(source.glob("*.caffemodel"))
    state = next(source.glob("*.solverstate"))
    shutil.copy(weights, folder / "net.caffemodel")
    shutil.copy(state, folder / "net.solverstate")
    shutil.copytree(source / "test_lmdb", folder / "db")
    for arguments in (
        ["data", "mean", str(folder / "db"), "mean.binaryproto"],
        ["weights", "net.caffemodel", "-o", "blobs.npz"],
        ["export", NET, "--weights", "net.caffemodel", "-o", "exported"],
    ):
        caffetools(arguments, standalone_mode=False)
    shutil.copy("exported/weights.safetensors", "net.safetensors")
    _to_hdf5(folder / "net.caffemodel", folder / "net.caffemodel.h5")
    names = "net.caffemodel net.caffemodel.h5 net.solverstate mean.binaryproto blobs.npz"
    return [folder / name for name in (*names.split(), "net.safetensors", "db/data.mdb")]


def _to_hdf5(weights: Path, path: Path) -> None:
    import h5py

    from caffetools.formats.weights import read_layers

    with h5py.File(path, "w") as file:
        for layer, blobs in read_layers(str(weights)).items():
            for index, blob in enumerate(blobs):
                if blob is not None:
                    file[f"data/{layer}/{index}"] = blob.as_float32(blob.shape)


def read(arguments: list[str]) -> int:
    """Run a command in this process, silently; return its status."""
    signal.alarm(SECONDS)
    said = io.StringIO()
    try:
        with redirect_stdout(io.TextIOWrapper(io.BytesIO())), redirect_stderr(said):
            caffetools(arguments)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
        if status in (0, 1) and "Traceback" not in said.getvalue():
            return 0
    except BaseException:  # noqa: BLE001  # whatever it is, it is a fault
        traceback.print_exc()
    finally:
        signal.alarm(0)
    return TRACEBACK


def attempt(arguments: list[str]) -> tuple[int, int]:
    """Run a command in a process of its own; return its status and its peak in megabytes."""
    child = os.fork()
    if not child:
        os._exit(read(arguments))
    _, status, used = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), used.ru_maxrss // 1024


def clear() -> None:
    """Remove what the commands write."""
    shutil.rmtree("out", ignore_errors=True)
    Path("out.caffemodel").unlink(missing_ok=True)


def main() -> None:
    """Run the mutants and print what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--start", type=int, default=0)
    options = parser.parse_args()
    wrong, slowest, peak, begun = 0, 0.0, 0, time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder, source = Path(name), options.folder.resolve()
        os.chdir(folder)
        files = made(source, folder)
        whole = {file.suffix: str(file) for file in files}
        # Modules are imported here once, not by each process.
        every = [arguments for file in files for arguments in commands(str(file), whole)]
        assert not any(map(read, every))
        clear()
        usual = {file: attempt(commands(str(file), whole)[0])[1] for file in files}
        for seed in range(options.start, options.start + options.count):
            file = files[seed % len(files)]
            damaged = folder / "damaged" / file.name
            damaged.parent.mkdir(exist_ok=True)
            damaged.write_bytes(mutant(file.read_bytes(), seed))
            for arguments in commands(str(damaged), whole):
                start = time.perf_counter()
                status, most = attempt(arguments)
                slowest, peak = max(slowest, time.perf_counter() - start), max(peak, most)
                above = most - usual[file] - damaged.stat().st_size // 2**20
                if status or above > MOST:
                    wrong += 1
                    print(
                        f"seed {seed}: {arguments}: status {status}, {above} MB above", flush=True
                    )
                clear()
            leftovers = [one for one in os.listdir() if one.startswith((".caffetools", "out"))]
            assert not leftovers, f"seed {seed}: {leftovers}"
    print(
        f"{options.count} mutants of {len(files)} files in {time.perf_counter() - begun:.0f} s: "
        f"{wrong} went wrong; the slowest took {slowest:.1f} s; the peak was {peak} MB"
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
