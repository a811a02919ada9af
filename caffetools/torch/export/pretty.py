"""Lay out Python text as Ruff's formatter does: lines of 88, split at the outermost bracket.

Covers what exported code needs: calls, tuples, lists and dicts in assignments and returns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias, Union

from caffetools.proto.wire import single

WIDTH = 88
INDENT = "    "

Piece: TypeAlias = Union[str, "Group"]


class Group:
    """Items in brackets, joined by commas, on one line or several."""

    __slots__ = ("close", "hugged", "items", "opening", "operators")

    def __init__(
        self,
        opening: str,
        items: Sequence[Piece],
        close: str,
        *,
        hugged: bool = False,
        operators: Sequence[str] = (),
    ) -> None:
        """`opening` ends with the bracket, and `close` starts with it.

        `hugged` is for the arguments of a call, which may share a line within the brackets.
        `operators` replace the commas; such a group has brackets only over several lines.
        """
        self.opening = opening
        self.items = items
        self.close = close
        self.hugged = hugged
        self.operators = operators

    def flat(self) -> str:
        """Return the group on one line."""
        if self.operators:
            rest = zip(self.operators, map(flat, self.items[1:]), strict=True)
            return flat(self.items[0]) + "".join(f" {sign} {item}" for sign, item in rest)
        items = ", ".join(map(flat, self.items))
        lone = len(self.items) == 1 and self.opening.endswith("(") and not self.hugged
        return f"{self.opening}{items}{',' if lone else ''}{self.close}"


def flat(piece: Piece) -> str:
    """Return a piece on one line."""
    return piece if isinstance(piece, str) else piece.flat()


def laid_out(prefix: str, piece: Piece, indent: str, suffix: str = "") -> list[str]:
    """Return the lines of `prefix`, piece and `suffix`, split at brackets if too long."""
    line = f"{indent}{prefix}{flat(piece)}{suffix}"
    if isinstance(piece, str) or len(line) <= WIDTH or not piece.items:
        return [line]
    inner = indent + INDENT
    if piece.operators:
        signs = ("", *(f"{sign} " for sign in piece.operators))
        items = zip(signs, piece.items, strict=True)
        parts = [part for sign, item in items for part in laid_out(sign, item, inner)]
        return [f"{indent}{prefix}(", *parts, f"{indent}){suffix}"]
    first = f"{indent}{prefix}{piece.opening}"
    if prefix.endswith(" = ") and len(first) > WIDTH:
        return [f"{indent}{prefix}(", *laid_out("", piece, inner), f"{indent}){suffix}"]
    lines = [first]
    together = inner + ", ".join(map(flat, piece.items))
    if piece.hugged and len(together) <= WIDTH:
        lines.append(together)
    elif piece.hugged and len(piece.items) == 1:
        lines += laid_out("", piece.items[0], inner)
    else:
        for item in piece.items:
            lines += laid_out("", item, inner, ",")
    return [*lines, f"{indent}{piece.close}{suffix}"]


def statement(text: str, piece: Piece, indent: str, comment: str = "") -> list[str]:
    """Return the lines of `text` and piece, with a comment behind them, or above if too long."""
    line = f"{indent}{text}{flat(piece)}"
    if not comment:
        return laid_out(text, piece, indent)
    if len(line) + 4 + len(comment) <= WIDTH:
        return [f"{line}  # {comment}"]
    return [f"{indent}# {comment}", *laid_out(text, piece, indent)]


def string(text: str) -> str:
    """Return a literal of ASCII, in double quotes unless that needs more escapes."""
    body = "".join(c if c in "'\"" else ascii(c)[1:-1] for c in text)
    double, one = body.count('"'), body.count("'")
    if double > one:
        return "'" + body.replace("'", "\\'") + "'"
    return '"' + body.replace('"', '\\"') + '"'


def literal(value: str | float | None) -> str:
    """Return a value as Python writes it."""
    if isinstance(value, str):
        return string(value)
    return repr(value) if value is None or isinstance(value, bool) else number(value)


def number(value: float) -> str:
    """Return a number; for a float the shortest with the same single precision value."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return f'float("{value}")'
    for digits in range(6, 10):
        shown = float(f"{value:.{digits}g}")
        if single(shown) == single(value):
            return repr(shown)
    return repr(value)
