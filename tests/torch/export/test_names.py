"""Names of any characters as names of Python's that mean nothing else."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.torch.export.names import (
    MODULE_ATTRIBUTES,
    RESERVED,
    Names,
    camel,
    comment_text,
    snake,
)
from tests.strategies import names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conv1", "conv1"),
        ("conv1/7x7_s2", "conv1_7x7_s2"),
        ("Inception 3a", "inception_3a"),
        ("7x7", "layer_7x7"),
        ("", "layer"),
        ("\u5377\u79ef", "layer"),
        ("__init__", "init"),
        ("\uff43lass", "lass"),
        ("x" * 10_000, "x" * 50),
    ],
)
def test_snake(text: str, expected: str) -> None:
    assert snake(text, "layer") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CaffeNet", "CaffeNet"),
        ("VGG_ILSVRC_16_layers", "VGGILSVRC16Layers"),
        ("lenet", "Lenet"),
        ("16 layers", "Net16Layers"),
        ("", "Net"),
        ("none", "NoneNet"),
        ("Tensor", "TensorNet"),
        ("lstm", "Lstm"),
        ("LSTM", "LSTMNet"),
    ],
)
def test_camel(text: str, expected: str) -> None:
    assert camel(text, {"LSTM"}) == expected


def test_what_python_or_a_module_means_otherwise_gets_a_mark() -> None:
    found = Names(MODULE_ATTRIBUTES, "layer")
    assert found.add("a", "class") == "class_"
    assert found.add("b", "half") == "half_"
    assert found.add("c", "l") == "l_"
    assert found.add("d", "print") == "print_"
    assert found.add("e", "match") == "match_"


def test_a_key_has_one_name_and_a_name_one_key() -> None:
    found = Names((), "blob")
    assert found.add("a b", "a b") == "a_b"
    assert found.add("a/b", "a/b") == "a_b_2"
    assert found.add("a_b_2", "a_b_2") == "a_b_2_2"
    assert found.add("a b", "other") == "a_b"
    assert found["a/b"] == "a_b_2"
    assert "a/b" in found
    assert "other" not in found


@given(st.lists(names | st.sampled_from(sorted(RESERVED | MODULE_ATTRIBUTES))))
def test_all_names_are_apart_and_free(texts: list[str]) -> None:
    found = Names(MODULE_ATTRIBUTES, "layer")
    made = [found.add(index, text) for index, text in enumerate(texts)]
    assert len(set(made)) == len(made)
    for name in made:
        assert name.isidentifier()
        assert name.isascii()
        assert not keyword.iskeyword(name)
        assert name not in RESERVED | MODULE_ATTRIBUTES


@given(names)
def test_plain_text_is_one_short_line_that_ends_no_docstring(text: str) -> None:
    shown = comment_text(text)
    assert shown.isascii()
    assert shown.isprintable() or not shown
    assert '"' not in shown
    assert "\\" not in shown
    assert len(shown) <= 53


def test_every_attribute_of_a_module_is_kept_clear() -> None:
    torch = pytest.importorskip("torch")
    attributes = {name for name in dir(torch.nn.Module()) if not name.startswith("_")}
    assert attributes <= MODULE_ATTRIBUTES
