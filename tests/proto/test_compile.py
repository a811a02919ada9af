"""proto/compile.py: the table is what it writes, and it reads the marks of forks."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.protobuf_classes import file_descriptor

pytest.importorskip("grpc_tools", reason="protoc comes with the extra dev")

ROOT = Path(__file__).parents[2]


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compile_proto", ROOT / "proto" / "compile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script = load_script()


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["compile.py", *arguments])
    script.main()


def test_table_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, "--check")


def test_check_and_write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = tmp_path / "schema.txt"
    monkeypatch.setattr(script, "TABLE", table)
    with pytest.raises(SystemExit, match="out of date"):
        run(monkeypatch, "--check")
    assert not table.exists()
    run(monkeypatch)
    run(monkeypatch, "--check")
    table.write_text(table.read_text() + "\n")
    with pytest.raises(SystemExit, match="out of date"):
        run(monkeypatch, "--check")


def test_protobuf_classes_are_what_protoc_reads() -> None:
    protoc = script.compile_proto(script.SOURCE)
    ours = file_descriptor()
    for message in protoc.message_type:
        for field in [*message.field, *(f for inner in message.nested_type for f in inner.field)]:
            field.ClearField("json_name")
    assert list(ours.message_type) == list(protoc.message_type)
    assert list(ours.enum_type) == list(protoc.enum_type)


def test_every_mark_is_read() -> None:
    """Protoc hands over the comment at the end of each line, so that none is lost or misplaced."""
    _, _, schema = script.SOURCE.read_text().partition("\npackage ")
    marks = schema.count("// fork: ")
    assert marks > 100
    assert len(script.read_origins(script.compile_proto(script.SOURCE))) == marks


def test_private_numbers_are_marked() -> None:
    """A number from 20000 to 29999 is our own, and says which number it stands for."""
    for line in script.SOURCE.read_text().splitlines():
        statement, _, comment = line.partition(";")
        own = statement.partition(" = ")[2].partition(" ")[0]
        is_private = own.isdigit() and 20000 <= int(own) < 30000
        assert is_private == comment.endswith((" there", "; number unknown")), line


def write(folder: Path, text: str) -> Path:
    path = folder / "some.proto"
    path.write_text(f'syntax = "proto2";\npackage some;\n{text}')
    return path


def test_table_of_a_small_schema(tmp_path: Path) -> None:
    source = write(
        tmp_path,
        """\
// A message of master.
message Layer {
  // An enum of master.
  enum Kind {
    NONE = 0;
    OTHER = 7;  // fork: a/b; 1 there
  }

  required string name = 1 [default = "x"];
  optional Kind kind = 2 [default = OTHER];
  repeated float data = 3 [packed = true];
  optional double small = 4 [default = 1e-08];  // not a fork's
  optional Fork fork = 5;  // fork: a/b
}

message Fork {  // fork: a/b
  // A message of the fork.
  message Inner {
    repeated bool flag = 1;
  }
  enum Mode {  // fork: c/d
    OFF = 0;
  }
  optional Inner inner = 1;
  optional Mode mode = 2;  // fork: e/f; 3 there
}

// The last.
enum Phase {
  TRAIN = 0;
}
""",
    )
    text = script.table(script.compile_proto(source))
    assert (
        text.removeprefix(script.HEADER)
        == """
message Layer
name 1 required string x
kind 2 optional Layer.Kind OTHER
data 3 packed float
small 4 optional double 1e-08
fork 5 optional Fork - a/b

message Fork a/b
inner 1 optional Fork.Inner - a/b
mode 2 optional Fork.Mode - e/f

message Fork.Inner a/b
flag 1 repeated bool - a/b

enum Phase
TRAIN 0

enum Layer.Kind
NONE 0
OTHER 7 a/b

enum Fork.Mode
OFF 0 c/d
"""
    )


@pytest.mark.parametrize("default", ["two words", "-"])
def test_default_that_the_table_cannot_hold(tmp_path: Path, default: str) -> None:
    source = write(
        tmp_path, f'message M {{ optional string field = 1 [default = "{default}"]; }}\n'
    )
    file = script.compile_proto(source)
    with pytest.raises(SystemExit, match="field: the table has no form for the default"):
        script.table(file)


def test_mistake_in_the_schema(tmp_path: Path) -> None:
    source = write(tmp_path, "message M { optional string field = 0; }\n")
    with pytest.raises(SystemExit) as caught:
        script.compile_proto(source)
    assert caught.value.code == 1
