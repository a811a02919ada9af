"""Tables of rows and columns, as text, markdown and CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

Row = TypeVar("Row")
Value: TypeAlias = "int | str | None"


_NARROWEST = 7
"""Characters that a column of text keeps."""


class Column(Generic[Row]):
    """A column of a table: its title, and its value for a row, None for an unknown one.

    `total` is the value in the last row. If a table is too wide, columns are dropped, the highest
    `spare` first; 0 is never dropped.
    """

    __slots__ = ("numeric", "spare", "title", "total", "value")

    def __init__(
        self,
        title: str,
        value: Callable[[Row], Value],
        total: Value = "",
        numeric: bool = False,
        spare: int = 0,
    ) -> None:
        self.title = title
        self.value = value
        self.total = total
        self.numeric = numeric
        self.spare = spare


def shown(value: Value) -> str:
    """Format a value for people: thousands separators, `?` for an unknown one."""
    if value is None:
        return "?"
    return f"{value:,}" if isinstance(value, int) else value


def printable(text: str) -> str:
    """Escape what could move a terminal's cursor or has no encoding."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def beginning(texts: Sequence[str], most: int = 8) -> str:
    """Join the first of many short texts, with their number."""
    more = f" … ({len(texts)} in all)" if len(texts) > most else ""
    return " ".join(texts[:most]) + more


def record_columns(
    rows: Sequence[Mapping[str, Any]], digits: int = 6
) -> list[Column[Mapping[str, Any]]]:
    """Return a column for each key of the first row; floats have `digits`, None is empty."""

    def cell(key: str, row: Mapping[str, Any]) -> Value:
        value = row[key]
        if isinstance(value, float):
            return f"{value:.{digits}g}"
        return "" if value is None else printable(value) if isinstance(value, str) else value

    return [
        Column(
            key,
            partial(cell, key),
            numeric=any(isinstance(row[key], int | float) for row in rows),
        )
        for key in (rows[0] if rows else ())
    ]


def text_table(
    columns: Sequence[Column[Row]],
    rows: Sequence[Row],
    width: int | None = None,
    style: Callable[[str, str], str] = lambda _role, text: text,
) -> list[str]:
    """Return the lines of an aligned table, with rules under the head and over the totals.

    `width` is the maximum number of characters of a line: spare columns are dropped until it fits,
    which a last line says, and long texts are cut.
    `style(role, text)` may colour a padded cell; roles are "head", "total", "unknown" and "".
    """
    cells = [[shown(column.value(row)) for column in columns] for row in rows]
    totals = [shown(column.total) for column in columns]
    heads = [column.title for column in columns]
    widths = [max(map(len, column)) for column in zip(heads, totals, *cells, strict=True)]
    kept = _fitting(columns, widths, width)
    _shrink(columns, widths, kept, width)

    def cell(text: str, i: int, role: str) -> str:
        text = text if len(text) <= widths[i] else f"{text[: widths[i] - 1]}…"
        blank = " " * (widths[i] - len(text))
        styled = style("unknown" if text == "?" else role, text)
        return blank + styled if columns[i].numeric else styled + blank

    def line(texts: Sequence[str], role: str) -> str:
        return "  ".join(cell(texts[i], i, role) for i in kept).rstrip()

    rule = "─" * (sum(widths[i] for i in kept) + 2 * (len(kept) - 1))
    body = [line(texts, "") for texts in cells]
    dropped = [column.title for i, column in enumerate(columns) if i not in kept]
    lines = [line(heads, "head"), rule, *body, rule, line(totals, "total")]
    if dropped and width is not None:
        import textwrap

        lines += textwrap.wrap(f"not shown at this width: {', '.join(dropped)}", max(width, 1))
    return lines


def _fitting(columns: Sequence[Column[Row]], widths: list[int], width: int | None) -> list[int]:
    kept = list(range(len(columns)))
    while width is not None and sum(widths[i] + 2 for i in kept) - 2 > width:
        spare = max(kept, key=lambda i: columns[i].spare)
        if columns[spare].spare == 0:
            break
        kept.remove(spare)
    return kept


def _shrink(
    columns: Sequence[Column[Row]], widths: list[int], kept: list[int], width: int | None
) -> None:
    """Narrow the widest columns of text, but not below 7 characters, until the table fits."""
    texts = [i for i in kept if not columns[i].numeric]
    excess = 0 if width is None else sum(widths[i] + 2 for i in kept) - 2 - width
    while excess > 0 and texts:
        widest = max(texts, key=widths.__getitem__)
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
        excess -= 1


def markdown_table(columns: Sequence[Column[Row]], rows: Sequence[Row]) -> list[str]:
    """Return the lines of a GitHub table, totals last."""
    lines = [
        [column.title for column in columns],
        ["---:" if column.numeric else "---" for column in columns],
        *([_escaped(shown(column.value(row))) for column in columns] for row in rows),
        [
            f"**{_escaped(shown(column.total))}**" if column.total != "" else ""
            for column in columns
        ],
    ]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _escaped(text: str) -> str:
    """Escape the characters of markdown's marks and of HTML."""
    for mark in "\\`*_[]<>|#&":
        text = text.replace(mark, f"\\{mark}")
    return text


def csv_table(columns: Sequence[Column[Row]], rows: Sequence[Row]) -> str:
    """Return comma-separated values: raw numbers, empty if unknown, no totals.

    Texts that a spreadsheet would compute are made harmless, as by `harmless`.
    """
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(column.title for column in columns)
    for row in rows:
        values = (column.value(row) for column in columns)
        writer.writerow(harmless(v) if isinstance(v, str) else v for v in values)
    return out.getvalue()


def harmless(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula.

    >>> harmless("=HYPERLINK(1)"), harmless("-1.5"), harmless("conv1")
    ("'=HYPERLINK(1)", '-1.5', 'conv1')
    """
    if not text.startswith(("=", "+", "-", "@", "\t", "\r")):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
