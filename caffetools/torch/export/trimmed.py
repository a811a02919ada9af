"""Helpers without the options that a model does not use.

An argument that is the same constant in all calls, its default for example, is replaced by that
constant, and what then is never computed is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from caffetools.torch.emit.base import Call
from caffetools.torch.export.constant_folding import (
    Constants,
    definition,
    folded,
    initializer,
    is_literal,
)
from caffetools.torch.export.helpers import Helper, needed, words_of
from caffetools.torch.export.python_text import python_text


class _Use(NamedTuple):
    """The arguments of a call; None for those that may be anything."""

    positional: Sequence[ast.expr | None]
    keywords: Mapping[str, ast.expr | None]


class _Parameter(NamedTuple):
    name: str
    default: ast.expr | None
    is_positional: bool


def trimmed(
    names: Iterable[str], calls: Mapping[str, Sequence[Call]]
) -> tuple[list[Helper], dict[str, set[str]]]:
    """Return the helpers of these names and what they need, as `needed` does, without options.

    `calls` are all calls of the model, by function. Of their own options, those that choose a way
    to compute, not numbers, count as constants. Also returned are the arguments that each helper
    does not have any more.
    """
    roots, known = {*names}, needed(names)
    trees = {helper.name: ast.parse(helper.source) for helper in known}
    before = {name: ast.dump(tree) for name, tree in trees.items()}
    signatures = {name: _parameters(definition(tree)) for name, tree in trees.items()}
    uses = {name: list(map(_use, calls.get(name, ()))) for name in trees}
    fixed = roots - {*calls}
    dropped: dict[str, set[str]] = {}
    for name in reversed(trees):
        tree = trees[name]
        if name not in roots and not any(name in words_of(trees[other]) for other in dropped):
            continue
        dropped[name] = set()
        if name not in fixed:
            constants = _constants(signatures[name], uses[name], is_operator=_is_operator(tree))
            dropped[name] = folded(tree, constants, unused=name not in roots)
        _read_calls(tree, name, uses, fixed)
    found = []
    for helper in known:
        if helper.name in dropped:
            tree = trees[helper.name]
            _leave_out_arguments(tree, signatures, dropped)
            words = words_of(tree)
            same = ast.dump(tree) == before[helper.name]
            source = helper.source if same else python_text(helper.source, tree)
            needs = tuple(name for name in helper.needs if name in words)
            imports = tuple(line for line in helper.imports if line.split()[-1] in words)
            found.append(Helper(helper.name, source, needs, imports))
    return found, dropped


def _use(call: Call) -> _Use:
    """Return the arguments of a call of the model."""
    named = {
        name: ast.Constant(value) if value is None or isinstance(value, str | bool) else None
        for name, value in call.keywords
    }
    return _Use([None] * len(call.arguments), named)


def _parameters(made: ast.FunctionDef | ast.ClassDef | None) -> list[_Parameter]:
    """Return what a call passes."""
    function = initializer(made) if isinstance(made, ast.ClassDef) else made
    if function is None:
        return []
    args = function.args
    lacking: list[ast.expr | None] = [None] * (len(args.args) - len(args.defaults))
    plain = zip(args.args, [*lacking, *args.defaults], strict=True)
    named = zip(args.kwonlyargs, args.kw_defaults, strict=True)
    found = [_Parameter(each.arg, default, True) for each, default in plain]
    found += [_Parameter(each.arg, default, False) for each, default in named]
    return found[1:] if function is not made else found


def _is_operator(tree: ast.Module) -> bool:
    made = definition(tree)
    return made is not None and any("custom_op" in ast.dump(each) for each in made.decorator_list)


def _constants(
    signature: list[_Parameter], uses: list[_Use], *, is_operator: bool = False
) -> Constants:
    """Return the parameters that have the same constant in all calls.

    Of a custom operator, which ONNX's translation is called instead of, only defaults count.
    """
    found: Constants = {}
    for index, (name, default, is_positional) in enumerate(signature):
        values = [
            use.positional[index]
            if is_positional and index < len(use.positional)
            else use.keywords.get(name, default)
            for use in uses
        ]
        first = values[0] if values else None
        is_usual = (
            first is not None and default is not None and ast.dump(first) == ast.dump(default)
        )
        if first is not None and is_literal(first) and (is_usual or not is_operator):
            texts = {each and ast.dump(each) for each in values}
            found |= {name: first} if len(texts) == 1 else {}
    return found


def _read_calls(tree: ast.AST, own: str, uses: dict[str, list[_Use]], fixed: set[str]) -> None:
    """Add the calls in a helper to `uses`, and what it uses in other ways to `fixed`."""
    called: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            called.add(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            spread = any(isinstance(each, ast.Starred) for each in node.args)
            if node.func.id in uses and not spread and all(each.arg for each in node.keywords):
                called.add(node.func)
                named = {str(each.arg): each.value for each in node.keywords}
                uses[node.func.id].append(_Use(node.args, named))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id != own and node not in called:
            fixed.add(node.id)


def _leave_out_arguments(
    tree: ast.AST, signatures: Mapping[str, list[_Parameter]], dropped: Mapping[str, set[str]]
) -> None:
    """Leave out the arguments of calls that helpers do not have any more."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            gone = dropped.get(node.func.id, set())
            names = [each.name for each in signatures.get(node.func.id, ())]
            if gone:
                node.args = [
                    each
                    for each, name in zip_longest(node.args, names)
                    if each and name not in gone
                ]
                node.keywords = [each for each in node.keywords if each.arg not in gone]
