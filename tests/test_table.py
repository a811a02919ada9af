"""Tables: how values look, what fits a width, and that what is written parses back."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.table import (
    Column,
    Value,
    beginning,
    csv_table,
    harmless,
    markdown_table,
    printable,
    record_columns,
    shown,
    text_table,
)
from tests import strategies

Row = tuple[Value, ...]


def column(index: int, title: str, total: Value = "", **options: int) -> Column[Row]:
    return Column(
        title,
        lambda row: row[index],
        total,
        numeric=bool(options.get("numeric")),
        spare=options.get("spare", 0),
    )


COLUMNS = [
    column(0, "layer", "total"),
    column(1, "shape", spare=1),
    column(2, "parameters", 1234567, numeric=1),
]
ROWS: list[Row] = [("conv", "1 x 2", 1234560), ("unknown", None, None), ("ip", "", 7)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (-1234567, "-1,234,567"),
        (None, "?"),
        ("", ""),
        ("1000", "1000"),
    ],
)
def test_shown(value: Value, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conv1/3x3 reduce", "conv1/3x3 reduce"),
        ("\u5377\u79ef", "\u5377\u79ef"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("\udce5", "\\udce5"),
        ("left\u202eright", "left\\u202eright"),
        ("a\u2028b\xa0c", "a\\u2028b\\xa0c"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    assert printable(text) == expected


@given(strategies.names | st.text(st.characters()))
def test_what_is_printable_prints_anywhere(text: str) -> None:
    result = printable(text)
    assert result.isprintable()
    assert result.encode().decode() == result
    assert printable(result) == result


def test_text_table() -> None:
    assert text_table(COLUMNS, ROWS) == [
        "layer    shape  parameters",
        "──────────────────────────",
        "conv     1 x 2   1,234,560",
        "unknown  ?               ?",
        "ip                       7",
        "──────────────────────────",
        "total            1,234,567",
    ]


def test_no_line_ends_in_blanks() -> None:
    lines = text_table([COLUMNS[2], COLUMNS[0]], [("", None, 2)])
    assert lines == [
        "parameters  layer",
        "─────────────────",
        "         2",
        "─────────────────",
        " 1,234,567  total",
    ]


@pytest.mark.parametrize(
    ("width", "titles"),
    [(26, "layer shape parameters"), (25, "layer parameters"), (1, "layer parameters")],
)
def test_spare_columns_go_where_the_line_is_too_long(width: int, titles: str) -> None:
    assert text_table(COLUMNS, ROWS, width)[0].split() == titles.split()


def test_the_sparest_column_goes_first() -> None:
    columns = [column(0, name, spare=spare) for name, spare in (("a", 1), ("b", 3), ("c", 2))]
    heads = [text_table(columns, [("x",)], width)[0].split() for width in (7, 6, 3, 0)]
    assert heads == [["a", "b", "c"], ["a", "c"], ["a"], []]


def test_a_column_is_of_words_and_stays_unless_it_says_otherwise() -> None:
    columns: list[Column[Row]] = [Column("a long title", lambda row: row[0])]
    assert text_table(columns, [("x",)], 5)[::2] == ["a long…", "x", ""]


def test_style_colours_cells_and_leaves_the_padding() -> None:
    lines = text_table(COLUMNS, ROWS, style=lambda role, text: f"<{role}:{text}>" if role else text)
    assert lines == [
        "<head:layer>    <head:shape>  <head:parameters>",
        "──────────────────────────",
        "conv     1 x 2   1,234,560",
        "unknown  <unknown:?>               <unknown:?>",
        "ip                       7",
        "──────────────────────────",
        "<total:total>    <total:>        <total:1,234,567>",
    ]


cells = strategies.names.map(printable)
rows = st.lists(st.tuples(cells, cells, st.none() | st.integers(), st.none() | st.integers()))
DRAWN = [
    column(0, "layer"),
    column(1, "top", spare=2),
    column(2, "parameters", numeric=1),
    column(3, "macs", 12, numeric=1, spare=1),
]


@given(rows, st.integers(1, 80))
def test_a_table_fits_unless_nothing_is_to_spare(drawn: list[Row], width: int) -> None:
    lines = text_table(DRAWN, drawn, width)
    fits = max(map(len, lines)) <= width
    assert fits or lines[0].split() == ["layer", "parameters"]
    wide = text_table(DRAWN, drawn)
    assert len(wide) == len(drawn) + 4
    note = "".join(lines[len(wide) :])
    assert bool(note) == (len(lines[0].split()) < 4)
    if max(map(len, wide)) <= width:
        assert lines == wide


@given(rows)
def test_csv_parses_back(drawn: list[Row]) -> None:
    found = list(csv.reader(io.StringIO(csv_table(DRAWN, drawn))))
    assert found[0] == ["layer", "top", "parameters", "macs"]
    texts = [["" if value is None else str(value) for value in row] for row in drawn]
    assert found[1:] == [[harmless(text) for text in row] for row in texts]


def test_markdown_table() -> None:
    assert markdown_table(COLUMNS, [*ROWS, ("a|b_c*<i>", "`x`", 1)]) == [
        "| layer | shape | parameters |",
        "| --- | --- | ---: |",
        "| conv | 1 x 2 | 1,234,560 |",
        "| unknown | ? | ? |",
        "| ip |  | 7 |",
        r"| a\|b\_c\*\<i\> | \`x\` | 1 |",
        "| **total** |  | **1,234,567** |",
    ]


@given(rows)
def test_a_markdown_row_is_one_line_with_all_its_cells(drawn: list[Row]) -> None:
    lines = markdown_table(DRAWN, drawn)
    assert len(lines) == len(drawn) + 3
    for line, row in zip(lines[2:], drawn, strict=False):
        assert line.isprintable()
        bars = re.sub(r"\\.", "", line).count("|")
        assert bars == len(DRAWN) + 1
        shown_cells = re.sub(r"\\(.)", r"\1", line)
        assert shown_cells == f"| {' | '.join(map(shown, row))} |"


def test_the_beginning_of_many() -> None:
    assert beginning([]) == ""
    assert beginning(list("abcdefgh")) == "a b c d e f g h"
    assert beginning(list("abcdefghi")) == "a b c d e f g h … (9 in all)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-conv1", "'-conv1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("-1.5e-07", "-1.5e-07"),
        ("-inf", "-inf"),
        ("conv=1", "conv=1"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, expected: str) -> None:
    assert harmless(text) == expected


def test_columns_of_records() -> None:
    rows: list[dict[str, Any]] = [{"a": 1, "b": None, "c": 1 / 3}, {"a": 2, "b": "x\n", "c": None}]
    columns = record_columns(rows, digits=2)
    assert [column.numeric for column in columns] == [True, False, True]
    assert [[column.value(row) for column in columns] for row in rows] == [
        [1, "", "0.33"],
        [2, "x\\n", ""],
    ]
    assert record_columns([]) == []
