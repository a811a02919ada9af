"""Python text as Ruff's formatter would lay it out: lines of 88, split at the outermost bracket.

Covers the code that an export needs: calls, tuples, lists and dicts within assignments and returns.
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
    """Items with commas between, in brackets, which may be laid out over several lines."""

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
        """`opening` ends with the bracket, `close` begins with it: more may stand outside.

        `hugged` for the arguments of a call: they may share a line within the brackets. With
        `operators` these stand between the items, and brackets only where there are several lines.
        """
        self.opening = opening
        self.items = items
        self.close = close
        self.hugged = hugged
        self.operators = operators

    def flat(self) -> str:
        """All in one line."""
        if self.operators:
            rest = zip(self.operators, map(flat, self.items[1:]), strict=True)
            return flat(self.items[0]) + "".join(f" {sign} {item}" for sign, item in rest)
        items = ", ".join(map(flat, self.items))
        lone = len(self.items) == 1 and self.opening.endswith("(") and not self.hugged
        return f"{self.opening}{items}{',' if lone else ''}{self.close}"


def flat(piece: Piece) -> str:
    """A piece in one line."""
    return piece if isinstance(piece, str) else piece.flat()


def laid_out(prefix: str, piece: Piece, indent: str, suffix: str = "") -> list[str]:
    """`prefix`, the piece and `suffix`, in one line if it fits, else split at its brackets."""
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
    """`text` and the piece, with a comment behind it, or above it where the line is too short."""
    line = f"{indent}{text}{flat(piece)}"
    if not comment:
        return laid_out(text, piece, indent)
    if len(line) + 4 + len(comment) <= WIDTH:
        return [f"{line}  # {comment}"]
    return [f"{indent}# {comment}", *laid_out(text, piece, indent)]


def string(text: str) -> str:
    """A literal of ASCII alone, in double quotes unless that takes more escapes."""
    body = _escaped(text)
    double, one = body.count('"'), body.count("'")
    if double > one:
        return "'" + body.replace("'", "\\'") + "'"
    return '"' + body.replace('"', '\\"') + '"'


def _escaped(text: str) -> str:
    """`text` with all but printable ASCII escaped, quotes left as they are."""
    return "".join(c if c in "'\"" else ascii(c)[1:-1] for c in text)


def literal(value: str | float | None) -> str:
    """A value as Python writes it."""
    if isinstance(value, str):
        return string(value)
    return repr(value) if value is None or isinstance(value, bool) else number(value)


def number(value: float) -> str:
    """A number: for a float the shortest that Caffe reads as the same single precision value."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return f'float("{value}")'
    for digits in range(6, 10):
        shown = float(f"{value:.{digits}g}")
        if single(shown) == single(value):
            return repr(shown)
    return repr(value)
