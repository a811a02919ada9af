"""proto/compile_log_lines.py: the table that it writes, and whether ours is up to date."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_spec = importlib.util.spec_from_file_location(
    "compile_log_lines", ROOT / "proto" / "compile_log_lines.py"
)
assert _spec is not None
assert _spec.loader is not None
script = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(script)

ROWS = r"""file	line	macro	message	master_from	master_to	commits
net.cpp	12	LOG	Creating layer <*>	2013-01-02	2013-02-01	1
net.cpp	15	LOG	Creating layer <*>	2013-02-01	HEAD	2
caffe.cpp	7	LOG	Invalid \"<*>\"\tgiven	2014-01-01	HEAD	1
"""


def test_table(tmp_path: Path) -> None:
    source = tmp_path / "lines.tsv"
    source.write_text(ROWS)
    assert script.table(source).removeprefix(script.HEADER) == (
        '\ncaffe.cpp\nInvalid "<*>" given\t7:365-9999\n'
        "\nnet.cpp\nCreating layer <*>\t12:1-31 15:31-9999\n"
    )


def test_table_is_up_to_date(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = shared / "facts" / "log_line_numbers.tsv"
    monkeypatch.setattr(sys, "argv", ["compile_log_lines.py", str(table), "--check"])
    assert script.main() == 0
