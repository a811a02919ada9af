"""The text of code of which some statements were changed: the others keep theirs, with comments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import TypeAlias

from caffetools.torch.export.pretty import INDENT, Group, Piece, laid_out

_BODIES = (ast.If, ast.For, ast.While, ast.With, ast.FunctionDef, ast.ClassDef)
_Compound: TypeAlias = "ast.If | ast.For | ast.While | ast.With | ast.FunctionDef | ast.ClassDef"


def python_text(source: str, tree: ast.Module) -> str:
    """Return the text of a tree that was parsed from `source` and then changed in place."""
    lines = source.splitlines()
    original: dict[tuple[type[ast.AST], int, int], ast.AST] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt):
            original[type(node), node.lineno, node.col_offset] = node
    return "\n".join(_Writer(lines, original).block(tree.body, ""))


class _Writer:
    def __init__(
        self, lines: list[str], original: dict[tuple[type[ast.AST], int, int], ast.AST]
    ) -> None:
        self.lines = lines
        self.original = original

    def block(self, statements: Iterable[ast.stmt], indent: str) -> list[str]:
        """Return the lines of a block, with the comments and blank lines above each statement."""
        found: list[str] = []
        for index, statement in enumerate(statements):
            start = _start(statement)
            above = start - 1
            while above and re.fullmatch(r"\s*(#.*)?", self.lines[above - 1]):
                above -= 1
            before = self.moved(above, start - 1, statement, indent)
            while not index and before and not before[0].strip():
                before.pop(0)
            found += [*before, *self.statement(statement, indent)]
        return found

    def moved(self, start: int, stop: int, statement: ast.stmt, indent: str) -> list[str]:
        """Return lines of the source as they are, at another indentation."""
        cut = statement.col_offset
        return [line and indent + line[cut:] for line in self.lines[start:stop]]

    def statement(self, statement: ast.stmt, indent: str) -> list[str]:
        """Return the lines of a statement."""
        old = self.original[type(statement), statement.lineno, statement.col_offset]
        start, end = _start(statement) - 1, statement.end_lineno or 0
        same = ast.dump(old) == ast.dump(statement)
        text = self.moved(start, end, statement, indent)
        simple = not isinstance(statement, _BODIES)
        if same and not (simple and len(text) > 1 and statement.col_offset != len(indent)):
            return text
        if simple:
            made = list(_simple(statement, indent))
            return text if same and ("#" in str(text) or len(made) > 1) else made
        assert isinstance(old, _BODIES)
        assert isinstance(statement, _BODIES)
        if _emptied(old) == _emptied(statement):
            end = _start(old.body[0]) - 1
            while re.fullmatch(r"\s*(#.*)?", self.lines[end - 1]):
                end -= 1
            found = self.moved(start, end, statement, indent)
        else:
            decorators = getattr(statement, "decorator_list", [])
            found = [f"{indent}@{unparsed(each)}" for each in decorators]
            found += _head(statement, indent)
        found += self.block(statement.body, indent + INDENT)
        if isinstance(statement, ast.If) and statement.orelse:
            found += [f"{indent}else:", *self.block(statement.orelse, indent + INDENT)]
        return found


def _emptied(statement: _Compound) -> str:
    """Return what a compound statement is without its body."""
    copy = deepcopy(statement)
    copy.body = []
    return ast.dump(copy)


def _start(statement: ast.stmt) -> int:
    """Return the first line of a statement, which may be that of a decorator."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)])


def _head(statement: ast.stmt, indent: str) -> list[str]:
    """Return the lines of a compound statement before its body."""
    if not isinstance(statement, ast.FunctionDef):
        copy = ast.parse(ast.unparse(statement)).body[0]
        assert isinstance(copy, _BODIES)
        text = unparsed(copy).splitlines()[0]
        return [f"{indent}{text}"]
    args = statement.args
    lacking = len(args.args) - len(args.defaults)
    items = [
        _argument(each, None if place < lacking else args.defaults[place - lacking])
        for place, each in enumerate(args.args)
    ]
    items += [f"*{_argument(args.vararg, None)}"] if args.vararg else ["*"] * bool(args.kwonlyargs)
    items += map(_argument, args.kwonlyargs, args.kw_defaults)
    close = f") -> {unparsed(statement.returns)}:" if statement.returns else "):"
    group = Group(f"def {statement.name}(", items, close, hugged=True)
    return laid_out("", group, indent)


def _argument(arg: ast.arg, default: ast.expr | None) -> str:
    text = unparsed(arg)
    return text if default is None else f"{text} = {unparsed(default)}"


def _simple(statement: ast.stmt, indent: str) -> Iterator[str]:
    """Yield the lines of a statement without a block."""
    match statement:
        case ast.Expr(ast.Constant(str(text))):
            yield from f'{indent}"""{text}"""'.splitlines()
        case ast.Assign(targets, value):
            names = (f"{_bare(each)} = " for each in targets)
            yield from laid_out("".join(names), _side(value), indent)
        case ast.AnnAssign(target, kind, value) if value is not None:
            yield from laid_out(f"{unparsed(target)}: {unparsed(kind)} = ", _piece(value), indent)
        case ast.Return(value) if value is not None:
            yield from laid_out("return ", _side(value), indent)
        case ast.Expr(value):
            yield from laid_out("", _piece(value), indent)
        case _:
            yield indent + unparsed(statement)


def _bare(node: ast.expr) -> str:
    text = unparsed(node)
    return text[1:-1] if isinstance(node, ast.Tuple) and text.startswith("(") else text


def _side(node: ast.expr) -> Piece:
    """Return a whole side of an assignment, a tuple without brackets."""
    several = isinstance(node, ast.Tuple) and len(node.elts) > 1
    return _bare(node) if several else _piece(node)


def _piece(node: ast.expr) -> Piece:
    """Return an expression that may be split at its brackets."""
    if isinstance(node, ast.Call):
        named = (f"{each.arg}={unparsed(each.value)}" for each in node.keywords)
        items = [*map(_piece, node.args), *named]
        return Group(f"{unparsed(node.func)}(", items, ")", hugged=True)
    if isinstance(node, ast.List):
        return Group("[", list(map(_piece, node.elts)), "]")
    return unparsed(node)


def unparsed(node: ast.AST) -> str:
    """Return the text of an expression as Ruff writes it."""
    text = re.sub(r"'([^'\"\\\n]*)'", r'"\1"', ast.unparse(node))
    text = re.sub(r"\(\(((?:[^()]|\([^()]*\))* for (?:[^()]|\([^()]*\))*)\)\)", r"(\1)", text)
    text = re.sub(r"\*\* \((-[\w.]+)\)", r"** \1", text)
    return re.sub(r"(?<![\w.)\]] )(?<![)\]])\b([\w.]+) \*\* (-?[\w.]+)(?![\w(\[])", r"\1**\2", text)
