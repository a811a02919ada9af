"""examples/finetune: its commands, executed in the order of its README."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commands import shell

for library in ("torch", "PIL", "lmdb", "safetensors"):
    pytest.importorskip(library)

EXAMPLES = Path(__file__).parents[1] / "examples"
BLOCK = re.compile(r"(?<=^```sh\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of examples/ in which all commands were executed; `out` has what they printed."""
    copy = tmp_path_factory.mktemp("work")
    for name in ("lenet", "finetune"):
        shutil.copytree(EXAMPLES / name, copy / name)
    commands = "\n".join(BLOCK.findall((copy / "finetune" / "README.md").read_text("utf-8")))
    done = shell(f"set -eu\n{commands}", copy, errors=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    (copy / "out").write_text(done.stdout, "utf-8")
    return copy


def accuracies(log: Path) -> list[float]:
    return [float(found) for found in re.findall(r"accuracy = ([\d.]+)", log.read_text())]


def test_images(folder: Path) -> None:
    """Of the digits every fourth is held back, up to 40: 10 * (4 * 43 - 40) remain."""
    parts = [folder / "lenet" / "digits", folder / "finetune" / "letters"]
    counts = [
        len(list((part / which).rglob("*.png"))) for part in parts for which in ("train", "test")
    ]
    assert counts == [10 * (4 * 43 - 40), 10 * 40, 8 * 10, 8 * 50]


def test_digits_are_learned(folder: Path) -> None:
    found = accuracies(folder / "lenet" / "train.log")
    assert found[0] < 0.3
    assert found[-1] > 0.9


def test_letters_are_learned_faster_than_from_nothing(folder: Path) -> None:
    """From the fillers it is 0.82 after 20 iterations."""
    before, after, *_ = accuracies(folder / "finetune" / "train.log")
    assert before < 0.3
    assert after > 0.88


def test_the_log_names_the_layer_without_weights(folder: Path) -> None:
    for log in ("check.log", "train.log"):
        assert "Ignoring source layer ip2\n" in (folder / "finetune" / log).read_text()
    assert "nothing was trained or written" in (folder / "finetune" / "check.log").read_text()


def test_what_is_printed(folder: Path) -> None:
    out = (folder / "out").read_text("utf-8")
    assert re.search(r"^ip2 +InnerProduct +ip2 +64 x 10 ", out, re.MULTILINE)
    assert "mean_value: 39.8" in out
    assert re.search(r"^test 0 .* iteration 60: accuracy = 0\.9", out, re.MULTILINE)
    assert re.search(r"^K +50 ", out, re.MULTILINE)
    assert re.search(r"^letters/test/K/07\.png +3 +K +0\.[89]", out, re.MULTILINE)
    assert out.endswith("shapes of 7 blobs compared, values of 0\n")


def test_pictures(folder: Path) -> None:
    for name in ("curves.png", "confusion.png"):
        made = (folder / "finetune" / name).read_bytes()
        assert made.startswith(b"\x89PNG")
        assert (EXAMPLES / "finetune" / name).is_file()
