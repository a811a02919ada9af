"""What the occurrences of a block have in common."""

from __future__ import annotations

from caffetools.net.blocks import Block
from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.block_occurrences import Occurrences
from caffetools.torch.export.block_source import Source
from tests.torch.block_nets import NETS


def occurrences(name: str, *starts: int, length: int) -> Occurrences:
    source = Source(assemble(from_text(NETS[name], phase="test")))
    return Occurrences(source, Block(starts, length, 1, ((length - 1, 0),)))


def test_members_are_called_as_their_layers_or_by_kind() -> None:
    """An inception has 10 statements: 4 convolutions with ReLUs, a pooling and a Concat."""
    found = occurrences("inceptions", 0, 10, length=10)
    assert [*found.members.values()] == [
        "conv_1x1",
        "conv_3x3_reduce",
        "conv_3x3",
        "pool",
        "pool_proj",
    ]
    assert found.layers(1, shortcut=False) == [
        f"in_b/{each}" for each in ("1x1", "3x3_reduce", "3x3", "pool_proj")
    ]
    assert found.is_regular
    assert found.projected == []
    first = occurrences("bottlenecks without projections", 0, 13, length=13)
    assert [*first.members.values()][:3] == ["conv1", "norm1", "scale1"]


def test_what_enters() -> None:
    found = occurrences("inceptions", 0, 10, length=10)
    assert [[each.blob for each in found.entering(index)] for index in (0, 1)] == [
        ["x"],
        ["in_a/output"],
    ]


def test_names_without_a_rule() -> None:
    assert not occurrences("braces in names", 0, 7, length=7).is_regular
