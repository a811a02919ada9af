"""CONTRIBUTING's recipes, executed in a copy of the project."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SECTION = re.compile(r"^### (.*?)\n(.*?)(?=^##)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^ *```(python|diff)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"`(python .*?)`")
RECIPES = {
    title: text
    for title, text in SECTION.findall(TEXT)
    if "\nRun `" in textwrap.dedent(text) or "   Run `" in text
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project."""
    copy = tmp_path_factory.mktemp("original")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("caffetools", "examples", "proto", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("setup.cfg", "pyproject.toml"):
        shutil.copy(ROOT / name, copy / name)
    return copy


def changes(recipe: str) -> Iterator[tuple[str, str, str]]:
    """The file, the old and the new lines of each change; without old lines, append the new."""
    for kind, indented in BLOCK.findall(recipe):
        block = textwrap.dedent(indented)
        if kind == "python":
            path, _, added = block.partition("\n")
            yield path.removeprefix("# append to "), "", f"\n\n{added}"
            continue
        for file in block.split("--- ")[1:]:
            path, _, lines = file.partition("\n")
            for hunk in re.findall(r"(?:^-.*\n)+(?:^\+.*\n)+", lines, re.MULTILINE):
                old, new = (
                    "".join(re.findall(rf"^\{mark}(.*\n)", hunk, re.MULTILINE)) for mark in "-+"
                )
                yield path, old, new


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe(original: Path, tmp_path: Path, title: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(original, copy)
    for path, old, new in changes(RECIPES[title]):
        text = (copy / path).read_text("utf-8")
        assert text.count(old) == 1 or not old, f"{path} has no line {old!r}"
        (copy / path).write_text(text.replace(old, new) if old else text + new, "utf-8")
    commands = COMMANDS.findall(RECIPES[title].rpartition("Run `")[2].join(["`", ""]))
    assert commands
    if any("proto/compile.py" in command for command in commands):
        pytest.importorskip("grpc_tools", reason="protoc comes with the extra dev")
    for command in commands:
        arguments = [sys.executable, *shlex.split(command)[1:]]
        done = subprocess.run(arguments, cwd=copy, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_every_recipe_is_executed() -> None:
    assert len(RECIPES) == 5
    assert all(list(changes(recipe)) for recipe in RECIPES.values())


def test_a_plugin_is_a_recipe_of_its_own(tmp_path: Path) -> None:
    (section,) = (text for title, text in SECTION.findall(TEXT) if "of your own" in title)
    (program,) = (block for _, block in BLOCK.findall(section))
    (tmp_path / "halve.py").write_text(program)
    net = 'layer { name: "h" type: "Halve" bottom: "x" top: "y" }'
    net = 'input: "x" input_shape { dim: 2 dim: 3 dim: 8 dim: 6 } ' + net
    command = [sys.executable, "-m", "caffetools", "shapes", "-", "--format", "csv"]
    done = subprocess.run(
        [*command, "--plugin", str(tmp_path / "halve.py")],
        cwd=ROOT,
        input=net,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "2 x 3 x 4 x 3" in done.stdout
