"""Options that several commands share: what they take, and what is wrong usage."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from caffetools.cli import COMMANDS, main
from caffetools.cli.options import ShapeType, net_options, plugin_option


@click.command
@net_options
def told(**options: object) -> None:
    """Print what the options mean to the library."""
    click.echo(options)


def result_of(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(told, arguments)
    return result.exit_code, result.stdout, result.stderr


DEFAULTS = {
    "phase": "train",
    "stages": (),
    "level": 0,
    "input_shapes": (),
    "data_shape": None,
    "batch_size": None,
}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", {}),
        ("--phase test", {"phase": "test"}),
        ("--phase TRAIN", {"phase": "train"}),
        ("--stage a --stage b", {"stages": ("a", "b")}),
        ("--level -3", {"level": -3}),
        ("--input-shape data=1,2", {"input_shapes": (("data", (1, 2)),)}),
        (
            "--input-shape a=1 --input-shape b=2,3",
            {"input_shapes": (("a", (1,)), ("b", (2, 3)))},
        ),
        # A scalar has no extent; a name may hold the mark itself.
        ("--input-shape label=", {"input_shapes": (("label", ()),)}),
        ("--input-shape a=b=0", {"input_shapes": (("a=b", (0,)),)}),
        ("--data-shape 3,224,224", {"data_shape": (3, 224, 224)}),
        ("--batch-size 8", {"batch_size": 8}),
    ],
)
def test_what_they_mean(arguments: str, expected: dict[str, object]) -> None:
    status, out, err = result_of(*arguments.split())
    assert (status, ast.literal_eval(out), err) == (0, DEFAULTS | expected, "")


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ("--phase deploy", "'deploy' is not one of 'train', 'test'"),
        ("--level x", "'x' is not a valid integer"),
        ("--input-shape 1,2", "expected TOP=D,D,…, found '1,2'"),
        ("--input-shape =1,2", "expected TOP=D,D,…, found '=1,2'"),
        ("--input-shape a=1,x", "expected integers separated by commas, found '1,x'"),
        ("--input-shape a=1,,2", "expected integers separated by commas, found '1,,2'"),
        ("--input-shape a=1.5", "expected integers separated by commas, found '1.5'"),
        ("--input-shape a=-1,2", "expected sizes of at least 0, found '-1,2'"),
        ("--data-shape 3,-1,2", "expected sizes of at least 0, found '3,-1,2'"),
        (f"--data-shape {'9' * 5000}", "expected integers separated by commas"),
        ("--batch-size 0", "0 is not in the range x>=1"),
        ("--batch-size -1", "-1 is not in the range x>=1"),
        ("--nothing", "No such option"),
    ],
)
def test_wrong_usage(arguments: str, fragment: str) -> None:
    status, out, err = result_of(*arguments.split())
    assert (status, out) == (2, "")
    assert fragment in " ".join(err.split())


def test_names_of_a_shape_are_quoted_when_wrong() -> None:
    assert "found '\\x1b[2J'" in result_of("--input-shape", "\x1b[2J")[2]


def test_help_names_the_values() -> None:
    out = result_of("--help")[1]
    assert "--input-shape TOP=D,D,…" in out
    assert "--data-shape C,H,W" in out
    assert "--plugin FILE.py" in out


def test_a_shape_that_is_one_already_stays() -> None:
    assert ShapeType(named=False).convert((1, 2), None, None) == (1, 2)


def test_plugins_are_loaded_before_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "caffetools.layers.registry.load_plugin", lambda path: click.echo(f"loads {path}")
    )

    @click.command
    @plugin_option
    def command() -> None:
        click.echo("runs")

    command(["--plugin", "b.py", "--plugin", "a.py"], standalone_mode=False)
    assert capsys.readouterr().out.splitlines() == ["loads b.py", "loads a.py", "runs"]


def completed(line: str, incomplete: str = "") -> list[tuple[str, str]]:
    """What a shell is told to complete with: types and values."""
    complete = ShellComplete(main, {}, "caffetools", "_CAFFETOOLS_COMPLETE")
    return [(item.type, item.value) for item in complete.get_completions(line.split(), incomplete)]


PATHS = re.compile(r"\[?(FILE|NET|LOG|STEM|DIR|DATABASE|DEPLOY|FOLDER|IMAGE|SCRIPT|MODEL|W\b)")


@pytest.mark.parametrize("name", COMMANDS)
def test_paths_are_completed(name: str) -> None:
    """Wherever the help shows a path."""
    group = main.get_command(click.Context(main, resilient_parsing=True), name)
    assert group is not None
    for command in group.commands.values() if isinstance(group, click.Group) else (group,):
        for param in command.params:
            if PATHS.match(param.metavar or ""):
                context = click.Context(command, resilient_parsing=True)
                found = [item.type for item in param.shell_complete(context, "x")]
                assert found == ["file"], (name, param.name)


def test_completion(tmp_path: Path) -> None:
    assert ("plain", "shapes") in completed("", "sh")
    assert completed("shapes", "exam") == [("file", "exam")]
    assert completed("shapes x --format", "ca") == [("plain", "caffe-log")]
    plugin = tmp_path / "plugin.py"
    plugin.write_text("1 / 0")
    assert completed(f"shapes --plugin {plugin}", "x") == [("file", "x")]
