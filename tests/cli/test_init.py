"""The command line as a whole: its commands, its exit statuses, and what it never shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from caffetools.cli import COMMANDS
from tests import nets
from tests.commands import ROOT, run, spawn

NET = nets.given("data", 2, 3)


def test_help_lists_the_commands() -> None:
    for flag in ("--help", "-h"):
        status, out, err = run(flag)
        assert (status, err) == (0, "")
        listed = re.findall(r"^  (\S+)  +(.+)$", out.partition("Commands:")[2], re.MULTILINE)
        assert listed == sorted(COMMANDS.items())


def test_summaries_are_not_cut() -> None:
    assert "..." not in run("data", "--help").out.partition("Commands:")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_help(name: str) -> None:
    status, out, err = run(name, "--help")
    assert (status, err) == (0, "")
    assert out.startswith(f"Usage: main {name} ")
    assert len(COMMANDS[name]) <= 60
    assert out.split("\n\n")[1] == f"  {COMMANDS[name]}."
    assert "--plugin" in out


def test_version() -> None:
    assert run("--version") == (0, f"{version('caffetools')}\n", "")


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["nothing"], "No such command 'nothing'"),
        (["--nothing"], "No such option"),
        (["shapes"], "Missing argument 'NET'"),
        (["shapes", "a", "b"], "Got unexpected extra argument"),
        (["shapes", "-", "--format", "xml"], "'xml' is not one of"),
        (["shapes", "-", "--phase", "deploy"], "'deploy' is not one of"),
        (["diff", "-"], "Missing argument 'NEW'"),
    ],
)
def test_wrong_usage_is_2(arguments: list[str], fragment: str) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert fragment in err


def test_a_mistake_is_1_with_its_line_and_a_caret() -> None:
    text = NET + nets.layer("ReLU", "r", "dada", "r")
    assert run("shapes", "-", stdin=text.encode()) == (
        1,
        "",
        (
            "<stdin>:2:32: unknown bottom 'dada' of layer 'r': it is no top of an earlier layer\n"
            '  layer { name: "r" type: "ReLU" bottom: "dada" top: "r"  }\n'
            "                                 ^\n"
        ),
    )


def test_a_missing_file_is_1(tmp_path: Path) -> None:
    path = tmp_path / "none.prototxt"
    assert run("shapes", path) == (1, "", f"{path}: no such file\n")
    assert run("shapes", tmp_path) == (1, "", f"{tmp_path}: this is a directory, not a file\n")


def test_python_runs_the_package() -> None:
    done = spawn("shapes", "-", "--format", "csv", stdin=NET.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.splitlines()[1] == b"data,Input,data,2 x 3,,,,"
    done = spawn("--help")
    assert done.stdout.startswith(b"Usage: caffetools [OPTIONS] COMMAND")


def test_a_mistake_in_a_plugin_is_told_like_any_other(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin.py"
    plugin.write_text("\n1 / 0\n")
    status, out, err = run("shapes", "-", "--plugin", plugin, stdin=NET.encode())
    assert (status, out) == (1, "")
    assert err == f"{plugin}:2: the plugin failed: ZeroDivisionError: division by zero\n"
    missing = tmp_path / "none.py"
    assert run("shapes", "-", "--plugin", missing) == (1, "", f"{missing}: no such file\n")


def test_other_exceptions_are_bugs_and_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caffetools.cli.shapes.load", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run("shapes", "-")


def test_a_closed_pipe_ends_the_command() -> None:
    """As in `caffetools shapes NET | head -1`: no traceback, no word."""
    program = "import sys; sys.stdin.readline()"
    text = "".join(nets.given(f"blob{index}", 2, 3) for index in range(5000))
    command = [sys.executable, "-m", "caffetools", "shapes", "-"]
    with (
        subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, stderr=subprocess.PIPE) as shapes,
        subprocess.Popen([sys.executable, "-c", program], stdin=shapes.stdout) as reader,
    ):
        assert shapes.stdout is not None
        assert shapes.stdin is not None
        assert shapes.stderr is not None
        shapes.stdout.close()
        shapes.stdin.write(text.encode())
        shapes.stdin.close()
        assert shapes.stderr.read() == b""
        assert reader.wait() == 0
        assert shapes.wait() in {0, 1}


HOSTILE = [
    "\x1b[31mred\x1b]0;title\x07",
    "two\nlines\r\n",
    "\x00\x08\x7f\x9b2J",
    "\udcff\udc80",
    "\u202e\u2066right to left",
    "x" * 10_000,
    "`|*_<b>&amp;",
    "'\"\\",
    "",
    "\ue000\ufffe",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "caffe-log", "--explain"])
def test_hostile_names_reach_no_terminal(name: str, form: str) -> None:
    from tests.strategies import quoted

    known, unknown, unread = (
        f"layer {{ name: {quoted(name)} type: {kind} top: {quoted(f'{name}{top}')} {fields} }}\n"
        for kind, top, fields in (
            ('"Input"', 1, "input_param { shape { dim: 2 dim: 3 } }"),
            (quoted(f"{name}?"), 2, ""),
            ('"ReLU"', 3, f"bottom: {quoted(f'{name}none')}"),
        )
    )
    arguments = ["--explain"] if form == "--explain" else ["--format", form]
    for text in (known, known + unknown, known + unread):
        status, out, err = run("shapes", "-", *arguments, stdin=text.encode())
        refused = text.endswith(unread) or (form == "caffe-log" and text != known)
        assert status == int(refused)
        assert all(line.isprintable() for line in (out + err).split("\n"))
        assert bool(out) != bool(status)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["shapes", "-"], ["--help"]])
def test_a_full_disk_is_told(arguments: list[str]) -> None:
    command = [sys.executable, "-W", "error", "-m", "caffetools", *arguments]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, cwd=ROOT, input=NET, stdout=full, stderr=-1, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (
        1,
        "<stdout>: cannot be written: No space left on device\n",
    )


@pytest.mark.skipif(os.name != "posix", reason="a shell closes the streams")
@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        (">&-", (0, "")),
        ("<&-", (1, "<stdin>:1:1: expected a net, found an empty file\n")),
        ("2>&-", (0, "")),
    ],
)
def test_a_stream_that_is_not_there(closed: str, expected: tuple[int, str]) -> None:
    command = f"exec {shlex.quote(sys.executable)} -m caffetools shapes - {closed}"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=ROOT,
        input=NET if closed != "<&-" else None,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == expected
    assert bool(done.stdout) == (closed == "2>&-")


def test_hostile_paths_reach_no_terminal() -> None:
    status, out, err = run("shapes", "\x1b[31m\n.prototxt")
    assert (status, out, err) == (1, "", "\\x1b[31m\\n.prototxt: no such file\n")
    done = spawn("shapes", b"\xff\xfe.prototxt")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"\\udcff\\udcfe.prototxt: no such file\n"
