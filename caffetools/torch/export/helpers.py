"""Definitions of `torch.runtime` as text, to copy into the models that need them.

Reads the source files without importing PyTorch.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

PACKAGE = "caffetools.torch.runtime"

_NOQA = re.compile(r"  # noqa\b.*")


class Helper(NamedTuple):
    """A class, function or constant of `runtime`."""

    name: str
    source: str
    """Its text, with all that is registered with it, without a final newline."""
    needs: tuple[str, ...]
    """Names of other helpers that it uses."""
    imports: tuple[str, ...]
    """The import statements that it needs, one name each."""


def needed(names: Iterable[str]) -> list[Helper]:
    """Return the helpers of these names and their dependencies, each after what it needs.

    Raises KeyError for an unknown name.
    """
    known = helpers()
    order = {name: index for index, name in enumerate(known)}
    found: dict[str, Helper] = {}

    def visit(name: str) -> None:
        if name not in found:
            for need in sorted(known[name].needs, key=order.__getitem__):
                visit(need)
            found[name] = known[name]

    for name in sorted(names, key=order.__getitem__):
        visit(name)
    return list(found.values())


@cache
def helpers() -> dict[str, Helper]:
    """Return all helpers by name, in the order of the file names and of their definitions."""
    known: dict[str, Helper] = {}
    for text in _texts():
        tree = ast.parse(text)
        statements: dict[str, list[ast.stmt]] = {}
        for name, node in _definitions(tree):
            statements.setdefault(name, []).append(node)
        imports = dict(_imports(tree))
        for name, nodes in statements.items():
            words = set().union(*map(words_of, nodes)) - {name}
            lines = (imports.get(word) for word in words)
            known[name] = Helper(
                name,
                _source(text, nodes),
                tuple(sorted(words & {*statements, *_siblings(tree)})),
                tuple(sorted(line for line in lines if line)),
            )
    return known


def _texts() -> Iterator[str]:
    """Yield the source of each file of the package except `__init__`."""
    for file in sorted(files(PACKAGE).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".py") and file.name != "__init__.py":
            yield file.read_text(encoding="utf-8")


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each name that a file imports from outside the package, and its import."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name, f"import {_renamed(alias)}"
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith(PACKAGE):
            for alias in node.names:
                yield alias.asname or alias.name, f"from {node.module} import {_renamed(alias)}"


def _siblings(tree: ast.Module) -> set[str]:
    """Return the helpers that a file imports from other files of the package."""
    return {
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE)
        for alias in node.names
    }


def _renamed(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _definitions(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the statements of each helper with its name."""
    names: list[str] = []
    for node in tree.body:
        name = _name(node, names)
        if name is not None:
            names.append(name)
            yield name, node


def _name(node: ast.stmt, names: list[str]) -> str | None:
    """Return the helper of a statement: its own, one it registers with, or the previous one."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        owners = (_root(decorator) for decorator in node.decorator_list)
        return next((owner for owner in owners if owner in names), node.name)
    if isinstance(node, ast.Assign):
        return _root(node.targets[0])
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return _root(node.value)
    # The docstring of a constant; that of the file comes before all helpers.
    return names[-1] if isinstance(node, ast.Expr) and names else None


def _root(node: ast.expr) -> str | None:
    """Return the first name of an expression such as `name.attribute(...)`."""
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def words_of(node: ast.AST) -> set[str]:
    """Return all names in code."""
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _source(text: str, nodes: list[ast.stmt]) -> str:
    """Return the text of statements with their decorators and without `noqa` comments."""
    lines = text.splitlines()
    source = ""
    for node in nodes:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        if source:
            source += "\n" if isinstance(node, ast.Expr) and _root(node.value) is None else "\n\n\n"
        source += "\n".join(_NOQA.sub("", line) for line in lines[first - 1 : node.end_lineno])
    return source
