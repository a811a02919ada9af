"""Formulas as they are set."""

from __future__ import annotations

from caffetools.drawing.arithmetic import formulas, typeset
from tests.drawing.cases import conv
from tests.nets import given, net


def test_typeset() -> None:
    assert typeset("floor((227 - 11 + 2*0) / 4) + 1") == "floor((227 − 11 + 2·0) / 4) + 1"


def test_axes_of_one_formula_are_one_line() -> None:
    text = given("data", 1, 6, 20, 20) + conv(
        "c", "data", "convolution_param { num_output: 6 kernel_size: 3 group: 2 }"
    )
    found = dict(formulas(net(text).layers[-1]))
    assert found["height, width"] == "(20 − 3 + 2·0) / 1 + 1 = 18"
    assert found["weight"] == "6 · 3 · 3 · 3 = 162"
    assert sum(formula == "6 / 2 = 3" for formula in found.values()) == 1
    assert "bias" not in found  # 6 = 6 says nothing


def test_axes_that_differ_are_two() -> None:
    text = given("data", 1, 6, 20, 30) + conv(
        "c", "data", "convolution_param { num_output: 6 kernel_size: 3 }"
    )
    names = [name for name, _ in formulas(net(text).layers[-1])]
    assert names[:2] == ["height", "width"]
