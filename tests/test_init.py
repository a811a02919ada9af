"""The package: its public names, each loaded when it is first used."""

from __future__ import annotations

import doctest
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import caffetools

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", caffetools.__all__)
def test_a_public_name(name: str) -> None:
    value = getattr(caffetools, name)
    assert value.__name__ == name
    assert value.__module__ == caffetools._HOMES[name]
    assert value.__doc__


def test_no_other_name() -> None:
    with pytest.raises(AttributeError, match="module 'caffetools' has no attribute 'nothing'"):
        _ = caffetools.nothing
    assert not hasattr(caffetools, "__wrapped__")


def python(program: str) -> str:
    """What a program of its own prints; a warning is an error there."""
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_loads_nothing_of_it() -> None:
    program = (
        "import caffetools, sys; print([m for m in sys.modules if m.startswith('caffetools.')])"
    )
    assert python(program) == "[]"


def test_a_public_name_is_never_hidden_by_a_module() -> None:
    """A module of the same name would take the place of `caffetools.load` when it is imported."""
    names = {path.stem for path in (ROOT / "caffetools").glob("*.py")}
    folders = {path.name for path in (ROOT / "caffetools").iterdir() if path.is_dir()}
    assert not (names | folders) & set(caffetools.__all__)


MODULES = sorted(
    path
    for path in (ROOT / "caffetools").rglob("*.py")
    if "\n    >>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_examples_in_docstrings_hold(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    result = doctest.testmod(import_module(name))
    assert result.attempted
    assert not result.failed


def test_the_public_net_has_examples() -> None:
    assert ROOT / "caffetools" / "net" / "net.py" in MODULES


HEAVY = ("numpy", "matplotlib", "torch", "google.protobuf", "h5py", "lmdb", "PIL")


@pytest.mark.parametrize(
    "use",
    [
        "caffetools.load('examples/caffenet/train_val.prototxt').to_dict()",
        "caffetools.load('examples/lenet/solver.prototxt', phase='test').cost",
        "caffetools.register",
        "main(['--help'], standalone_mode=False)",
        *(
            f"main(['shapes', 'examples/lenet/train_test.prototxt', {form}], standalone_mode=False)"
            for form in (
                "'--explain'",
                *(f"'--format', '{f}'" for f in ("table", "json", "csv", "markdown", "caffe-log")),
            )
        ),
        "main(['diff'] + ['examples/lenet/deploy.prototxt'] * 2, standalone_mode=False)",
    ],
)
def test_nothing_heavy_is_loaded(use: str) -> None:
    program = (
        f"import sys, caffetools\nfrom caffetools.cli import main\n{use}\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert python(program).splitlines()[-1] == "[]"
