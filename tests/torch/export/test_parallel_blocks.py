"""Blocks that are applied alike, as a list and a loop."""

from __future__ import annotations

import pytest

from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.model_class import model_class
from caffetools.torch.export.structure import structured
from tests.torch.block_nets import NETS, layer

HEADS = NETS["heads of an SSD"]


def lines(text: str) -> list[str]:
    spec = structured(assemble(from_text(text, phase="test")))
    return [line.strip() for line in model_class(spec, ExpressionWriter())]


def test_heads_are_a_list_and_what_they_give_is_concatenated() -> None:
    found = lines(HEADS)
    start = found.index("self.heads = nn.ModuleList(")
    assert found[start + 2 : start + 4] == ["Head(6, (2.0,), (4.0,)),", "Head(5, (3.0,), (5.0,)),"]
    loop = found.index("*(block(x_, x) for block, x_ in zip(self.heads, inputs))")
    assert found[loop - 2 : loop] == [
        "inputs = (c1, c2, c3, c4, c5, self.c6(c5))",
        "loc_flat, conf_flat, priorbox = zip(",
    ]
    assert "torch.cat(priorbox, dim=2)" in "\n".join(found[loop:])
    assert 'for index, name in enumerate(str.split("c1 c2 c3 c4 c5 c6"))' in found


@pytest.mark.parametrize(
    "text",
    [
        # Something else reads what one head gives.
        HEADS + layer("TanH", "t", "c2_mbox_loc_flat"),
        # The concatenation has another order.
        HEADS.replace('bottom: "c1_mbox_loc_flat" bottom: "c2_mbox_loc_flat"',
                      'bottom: "c2_mbox_loc_flat" bottom: "c1_mbox_loc_flat"'),
    ],
)  # fmt: skip
def test_heads_that_are_not_alike_stay(text: str) -> None:
    found = lines(text)
    assert not any("ModuleList" in line for line in found)
    assert any("Head(" in line for line in found)
