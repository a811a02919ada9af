"""The table of Caffe's blobs, short where names say it all."""

from __future__ import annotations

from typing import ClassVar

import pytest

from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.module_spec import Instance
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


def test_blocks_without_a_projection_have_fewer_layers() -> None:
    """The table of the class has the layers of the shortcut; b has none, and c is alone."""

    class Block:
        caffe_params: ClassVar[dict[str, tuple[str, ...]]] = {
            "p{}": ("shortcut.0.weight",),
            "c{}": ("conv.weight",),
        }

    instances = {
        "ra": Instance("Block", "a"),
        "rb": Instance("Block", "b", lacks="shortcut"),
        "rc": Instance("Block", "c", lacks="shortcut"),
    }
    keys = {
        "pa": ("ra.shortcut.0.weight",),
        "ca": ("ra.conv.weight",),
        "cb": ("rb.conv.weight",),
        "fc": ("fc.weight",),
        "cc": ("rc.conv.weight",),
    }
    lines = params_table(keys, ExpressionWriter(), instances)
    text = "\n".join(line.strip() for line in lines)
    found = eval(text.partition("= ")[2], {"Block": Block})  # our own text
    assert list(found.items()) == list(keys.items())
