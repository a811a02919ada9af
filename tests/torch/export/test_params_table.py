"""The table of Caffe's blobs, short where names say it all."""

from __future__ import annotations

import pytest

from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.params_table import Keys, params_table

BY_RULE: Keys = {f"c{index}": (f"c{index}.weight", f"c{index}.bias") for index in range(6)}
OTHERS: Keys = {"a/b": ("a_b.weight",), "s": ("c0.weight", "c0.bias"), "p": ("p",)}


@pytest.mark.parametrize(
    "keys", [BY_RULE, OTHERS, {**BY_RULE, **OTHERS}, {**OTHERS, **BY_RULE}, {}]
)
def test_the_text_is_the_table(keys: Keys) -> None:
    text = "\n".join(line.strip() for line in params_table(keys, ExpressionWriter()))
    found = eval(text.partition("= ")[2])  # our own text
    assert found == keys
    assert list(found) == list(keys)


def test_layers_of_one_rule_are_only_named() -> None:
    assert len(list(params_table(BY_RULE, ExpressionWriter()))) == 6
    assert len(list(params_table(dict(list(BY_RULE.items())[:5]), ExpressionWriter()))) == 5 + 2
