"""Python code with constants in place of some names, without what then is never computed."""

from __future__ import annotations

import ast
from collections import Counter
from copy import deepcopy
from typing import Any, TypeAlias

Constants: TypeAlias = dict[str, ast.expr]
Definition: TypeAlias = "ast.FunctionDef | ast.ClassDef"

_COMPOUND = (ast.If, ast.For, ast.While, ast.With, ast.FunctionDef, ast.ClassDef)


def definition(tree: ast.Module) -> Definition | None:
    """Return the function or class of a helper, None for a constant."""
    found = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return next(found, None)


def initializer(made: ast.ClassDef) -> ast.FunctionDef | None:
    """Return the constructor of a class."""
    inits = (node for node in made.body if isinstance(node, ast.FunctionDef))
    return next((node for node in inits if node.name == "__init__"), None)


def is_literal(node: ast.expr) -> bool:
    """Whether an expression is a constant, or a tuple of some."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)
    if isinstance(node, ast.Tuple):
        return all(map(is_literal, node.elts))
    return isinstance(node, ast.Constant)


def folded(tree: ast.Module, constants: Constants, *, unused: bool) -> set[str]:
    """Replace arguments of a helper by constants, in place, and return those that it has no more.

    With `unused` also those that it does not read any more.
    """
    made = definition(tree)
    function = initializer(made) if isinstance(made, ast.ClassDef) else made
    if function is None or made is None:
        return set()
    read = _reads(made)
    stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and _is_stored(n)}
    folder = _Folder({name: value for name, value in constants.items() if name not in stored})
    if not folder.names and not unused:
        return set()
    if function is not made:
        _fix_attributes(made, function, folder)
    _fold(made, folder, read)
    gone = {*folder.names} & {*constants}
    if unused and function is made:
        gone |= (read - _reads(made)) & {each.arg for each in _arguments(function)}
    for arg in _arguments(function):
        if arg.arg in gone:
            _remove(function.args, arg)
    if gone:
        _shorten(made)
    return gone


def _fold(made: Definition, folder: _Folder, read: set[str]) -> None:
    """Compute what can be, until nothing changes."""
    last = ""
    while last != (last := ast.dump(made)):
        made.body = folder.block(made.body)
        for each in ast.walk(made):
            if isinstance(each, ast.FunctionDef):
                each.body = _Folder(_constant_variables(each)).block(each.body)
                _drop_unread(each, read)


def _arguments(function: ast.FunctionDef) -> list[ast.arg]:
    return [*function.args.args, *function.args.kwonlyargs]


def _remove(args: ast.arguments, arg: ast.arg) -> None:
    """Remove an argument with its default."""
    if arg in args.kwonlyargs:
        args.kw_defaults.pop(args.kwonlyargs.index(arg))
        args.kwonlyargs.remove(arg)
        return
    place = args.args.index(arg) - (len(args.args) - len(args.defaults))
    if place >= 0:
        args.defaults.pop(place)
    args.args.remove(arg)


def _is_stored(node: ast.Name | ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store | ast.Del)


def _reads(node: ast.AST) -> set[str]:
    """Return the names that code reads."""
    names = (each for each in ast.walk(node) if isinstance(each, ast.Name))
    return {each.id for each in names if not _is_stored(each)}


def _fix_attributes(made: Definition, init: ast.FunctionDef, folder: _Folder) -> None:
    """Let attributes that keep a constant argument be that constant."""
    attributes = [node for node in ast.walk(made) if isinstance(node, ast.Attribute)]
    stores = Counter(node.attr for node in attributes if _is_stored(node))
    for statement in [*init.body]:
        match statement:
            case ast.Assign([ast.Attribute(ast.Name("self"), name)], ast.Name(value)):
                if value in folder.names and stores[name] == 1:
                    folder.attributes[name] = folder.names[value]
                    init.body.remove(statement)


def _drop_unread(function: ast.FunctionDef, read: set[str]) -> None:
    """Drop assignments of variables that were read before."""
    left = _reads(function)

    def is_kept(statement: ast.stmt) -> bool:
        match statement:
            case ast.Assign([ast.Name(name)]) | ast.AnnAssign(ast.Name(name)):
                return name in left or name not in read
        return True

    for each in ast.walk(function):
        if isinstance(each, ast.FunctionDef | ast.If | ast.For | ast.With):
            each.body = [statement for statement in each.body if is_kept(statement)]


def _constant_variables(function: ast.FunctionDef) -> Constants:
    """Return the variables that are a constant from their only assignment on."""
    names = (each for each in ast.walk(function) if isinstance(each, ast.Name))
    stores = Counter(each.id for each in names if _is_stored(each))
    found: Constants = {}
    for statement in function.body:
        match statement:
            case ast.Assign([ast.Name(name)], value) if is_literal(value) and stores[name] == 1:
                found[name] = value
    return found


def _shorten(made: Definition) -> None:
    """Keep the first paragraph of docstrings: the others describe options."""
    for each in ast.walk(made):
        if isinstance(each, ast.FunctionDef | ast.ClassDef):
            match each.body:
                case [ast.Expr(ast.Constant(str(text))) as first, *_] if "\n\n" in text:
                    first.value = ast.Constant(text.partition("\n\n")[0])


class _Folder(ast.NodeTransformer):
    """Computes what depends on constants alone."""

    def __init__(self, names: Constants) -> None:
        self.names = names
        self.attributes: Constants = {}
        """Those of self."""

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Return the statements that are executed."""
        found: list[ast.stmt] = []
        for statement in statements:
            if found and isinstance(found[-1], ast.Return | ast.Raise):
                break
            found += self.executed(statement)
        return found

    def executed(self, statement: ast.stmt) -> list[ast.stmt]:
        """Return what is executed of a statement."""
        if not isinstance(statement, _COMPOUND):
            return [self.visit(statement)]
        if isinstance(statement, ast.If):
            statement.test = self.visit(statement.test)
            if is_literal(statement.test):
                return self.block(
                    statement.body if ast.literal_eval(statement.test) else statement.orelse
                )
            statement.orelse = self.block(statement.orelse)
        elif isinstance(statement, ast.For):
            statement.iter = self.visit(statement.iter)
            if is_literal(statement.iter) and not ast.literal_eval(statement.iter):
                return []
        elif isinstance(statement, ast.While):
            statement.test = self.visit(statement.test)
        statement.body = self.block(statement.body)
        return [statement] if statement.body else []

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace a name."""
        value = None if _is_stored(node) else self.names.get(node.id)
        return node if value is None else deepcopy(value)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Replace an attribute of self."""
        match node:
            case ast.Attribute(ast.Name("self"), name) if name in self.attributes:
                return deepcopy(self.attributes[name])
        return self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """Choose a side."""
        self.generic_visit(node)
        if not is_literal(node.test):
            return node
        return node.body if ast.literal_eval(node.test) else node.orelse

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """Leave out the sides that decide nothing."""
        self.generic_visit(node)
        decides = isinstance(node.op, ast.Or)
        values: list[ast.expr] = []
        for place, value in enumerate(node.values):
            constant = is_literal(value)
            if constant and bool(ast.literal_eval(value)) is decides:
                values.append(value)
                break
            if not constant or place == len(node.values) - 1:
                values.append(value)
        node.values = values
        return values[0] if len(values) == 1 else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """Negate a constant."""
        self.generic_visit(node)
        return _computed(node) if is_literal(node.operand) else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Compute with constants; a product with 1 is the other factor."""
        self.generic_visit(node)
        if is_literal(node.left) and is_literal(node.right):
            return _computed(node)
        one = isinstance(node.right, ast.Constant) and node.right.value in (1, 1.0)
        return node.left if one and isinstance(node.op, ast.Mult | ast.Div) else node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Compare constants."""
        self.generic_visit(node)
        return _computed(node) if all(map(is_literal, [node.left, *node.comparators])) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        """Write constants into the text."""
        self.generic_visit(node)
        node.values = [
            ast.Constant(str(each.value.value))
            if isinstance(each, ast.FormattedValue) and isinstance(each.value, ast.Constant)
            else each
            for each in node.values
        ]
        return node


def _computed(node: ast.expr) -> ast.expr:
    """Return the value of an expression of constants."""
    code: Any = compile(ast.Expression(ast.fix_missing_locations(node)), "", "eval")
    return ast.Constant(eval(code, {}))  # noqa: S307  # constants of our own helpers
