"""Code of which some names are constants."""

from __future__ import annotations

import ast

import pytest

from caffetools.torch.export.constant_folding import folded


def after(body: str, **constants: float | str | None) -> str:
    """What is left of a function's body."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    tree = ast.parse(f"def f({', '.join(constants)}):\n{lines}")
    found = {name: ast.Constant(value) for name, value in constants.items()}
    folded(tree, {**found}, unused=False)
    made = tree.body[0]
    assert isinstance(made, ast.FunctionDef)
    return "; ".join(map(ast.unparse, made.body))


@pytest.mark.parametrize(
    ("body", "value", "expected"),
    [
        ("if a is None:\n    return x\nreturn y", None, "return x"),
        ("if a is not None:\n    x = y\nreturn x", None, "return x"),
        ("if a:\n    x = 1 / y\nelse:\n    x = y\nreturn x", False, "x = y; return x"),
        ("return x if a == 'A' else y", "B", "return y"),
        ("return a or x", None, "return x"),
        ("return not a and x", False, "return x"),
        ("return x * a", 1.0, "return x"),
        ("return x[a + 1:]", 1, "return x[2:]"),
        ("return f'{a}_{x}'", "n", "return f'n_{x}'"),
        # Variables that are constants then, or that nothing reads any more.
        ("b = 1 if a else x\nreturn y(b)", True, "return y(1)"),
        ("b = x(y)\nreturn b if a else y", False, "return y"),
        # An argument that the code writes is a variable.
        ("a = x(a)\nreturn a", 1, "a = x(a); return a"),
    ],
)
def test_what_is_left(body: str, value: float | str | None, expected: str) -> None:
    assert after(body, a=value) == expected


def test_a_loop_over_nothing() -> None:
    tree = ast.parse("def f(a):\n    for z in a:\n        x(z)\n    return x")
    folded(tree, {"a": ast.Tuple([], ast.Load())}, unused=False)
    assert ast.unparse(tree) == "def f():\n    return x"


def test_attributes_that_keep_a_constant() -> None:
    text = (
        "class C:\n"
        '    """What it is.\n\n    Of its options.\n    """\n'
        "    def __init__(self, size, flag=False):\n"
        "        self.size = size\n"
        "        self.flag = flag\n"
        "    def go(self):\n"
        "        return self.size if self.flag else 0\n"
    )
    tree = ast.parse(text)
    assert folded(tree, {"flag": ast.Constant(False)}, unused=False) == {"flag"}
    assert ast.unparse(tree).splitlines()[1:] == [
        '    """What it is."""',
        "",
        "    def __init__(self, size):",
        "        self.size = size",
        "",
        "    def go(self):",
        "        return 0",
    ]
