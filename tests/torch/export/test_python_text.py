"""Text of changed code: statements that did not change keep theirs."""

from __future__ import annotations

import ast

from caffetools.torch.export.constant_folding import folded
from caffetools.torch.export.python_text import python_text, unparsed

SOURCE = '''\
@decorated(1)
def function(
    x: Tensor,
    flag: bool = True,
    *,
    size: int = 3,
) -> Tensor:
    """Return it."""
    # Why it is so.
    y = compute(
        x,  # the first
        'a',
    )
    if flag:
        # In a branch.
        y = y.sum(1)
    for each in y:
        y = go(each, "b", size=size)
    return y'''


def test_comments_and_layout_stay() -> None:
    tree = ast.parse(SOURCE)
    folded(tree, {"flag": ast.Constant(True), "size": ast.Constant(4)}, unused=False)
    assert (
        python_text(SOURCE, tree)
        == '''\
@decorated(1)
def function(x: Tensor) -> Tensor:
    """Return it."""
    # Why it is so.
    y = compute(
        x,  # the first
        'a',
    )
    # In a branch.
    y = y.sum(1)
    for each in y:
        y = go(each, "b", size=4)
    return y'''
    )


def test_unchanged_code_is_the_same_text() -> None:
    assert python_text(SOURCE, ast.parse(SOURCE)) == SOURCE


def test_expressions_as_ruff_writes_them() -> None:
    texts = ('f("a")', "all(x for x in y)", "x**-0.5", "(x + 1) ** 2", '"it\'s"')
    for text in texts:
        assert unparsed(ast.parse(text, mode="eval").body) == text
