"""Lines laid out as Ruff's formatter lays them out."""

from __future__ import annotations

import ast
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.torch.export.pretty import Group, laid_out, literal, number, statement, string
from tests.strategies import names

LONG = "a" * 30


def call(*items: str | Group) -> Group:
    return Group("f(", items, ")", hugged=True)


@pytest.mark.parametrize(
    ("piece", "expected"),
    [
        (call("a", "b=1"), ["x = f(a, b=1)"]),
        (call(LONG, LONG, "b=1" * 6), ["x = f(", f"    {LONG}, {LONG}, {'b=1' * 6}", ")"]),
        (
            call(LONG, LONG, LONG),
            ["x = f(", f"    {LONG},", f"    {LONG},", f"    {LONG},", ")"],
        ),
        (
            call(Group("[", [LONG] * 3, "]")),
            ["x = f(", "    [", *[f"        {LONG},"] * 3, "    ]", ")"],
        ),
        (Group("(", [LONG], ")"), [f"x = ({LONG},)"]),
        (Group("(", [LONG] * 3, ")"), ["x = (", *[f"    {LONG},"] * 3, ")"]),
        (
            Group("", [LONG] * 3, "", operators=["+", "-"]),
            ["x = (", f"    {LONG}", f"    + {LONG}", f"    - {LONG}", ")"],
        ),
        (Group("", ["a", "b"], "", operators=["+"]), ["x = a + b"]),
        ("a" * 100, ["x = " + "a" * 100]),
    ],
)
def test_laid_out(piece: str | Group, expected: list[str]) -> None:
    assert laid_out("x = ", piece, "") == expected


def test_a_call_whose_first_line_is_too_long_moves_into_brackets() -> None:
    name = "x" * 60
    piece = Group(f"{'f' * 30}(", ["a"], ")", hugged=True)
    assert laid_out(f"{name} = ", piece, "") == [f"{name} = (", f"    {'f' * 30}(a)", ")"]


def test_a_comment_moves_above_a_line_that_is_too_long_for_it() -> None:
    assert statement("x = ", "a", "  ", "1 x 2") == ["  x = a  # 1 x 2"]
    assert statement("x = ", "a" * 80, "", "1 x 2") == ["# 1 x 2", f"x = {'a' * 80}"]
    assert statement("x = ", "a", "") == ["x = a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", '"a"'),
        ('a"b', "'a\"b'"),
        ("a'b", '"a\'b"'),
        ("\"'", '"\\"\'"'),
        ("a\nb\\", '"a\\nb\\\\"'),
        ("\u00e9", '"\\xe9"'),
        ("\udc80", '"\\udc80"'),
    ],
)
def test_strings(text: str, expected: str) -> None:
    assert string(text) == expected


@given(names)
def test_a_string_is_itself(text: str) -> None:
    assert ast.literal_eval(string(text)) == text
    assert string(text).isascii()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, "3"),
        (0.1, "0.1"),
        (9.999999747378752e-05, "0.0001"),
        (0.75, "0.75"),
        (1e-10, "1e-10"),
        (16777217.0, "16777217.0"),
        (math.inf, 'float("inf")'),
        (math.nan, 'float("nan")'),
    ],
)
def test_numbers(value: float, expected: str) -> None:
    assert number(value) == expected


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_number_of_single_precision_is_itself(value: float) -> None:
    import struct

    assert struct.pack("f", float(number(value))) == struct.pack("f", value)


def test_literals() -> None:
    assert [literal(value) for value in (None, True, 1, 1.5, "a")] == [
        "None",
        "True",
        "1",
        "1.5",
        '"a"',
    ]
