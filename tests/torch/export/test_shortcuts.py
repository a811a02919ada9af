"""Shortcuts of residual blocks: the identity, or a convolution and a normalization."""

from __future__ import annotations

from caffetools.net.loading import from_text
from caffetools.torch.emit.base import Binary, Bottom, MemberRef, X, call
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.norms import with_pytorch_norms
from caffetools.torch.export.shortcuts import (
    IDENTITY,
    SHORTCUT,
    renamed,
    with_shortcuts,
    without_identity,
)
from tests.torch.block_nets import NETS


def test_projections_become_members() -> None:
    spec = with_pytorch_norms(
        assemble(from_text(NETS["bottlenecks with projections"], phase="test"))
    )
    made = with_shortcuts(spec)
    members = {each.name: each.value for each in made.constructions if SHORTCUT in each.name}
    assert [
        members[f"res{own}_shortcut"] == IDENTITY for own in ("2a", "2b", "3a", "3b", "4a")
    ] == [
        False,
        True,
        False,
        True,
        False,
    ]
    assert members["res3a_shortcut"] == call(
        "nn.Sequential",
        call("nn.Conv2d", 8, 16, kernel_size=1, stride=2, bias=False),
        call("nn.BatchNorm2d", 16),
    )
    assert [each.key for each in made.params["scale3a_branch1"]] == [
        "res3a_shortcut.1.weight",
        "res3a_shortcut.1.bias",
    ]
    sums = [each for each in made.statements if each.type == "Eltwise"]
    assert sums[1].values == (Binary(call(MemberRef(SHORTCUT), X), "+", Bottom(1)),)
    assert without_identity(sums[1]).values == (Binary(X, "+", Bottom(1)),)
    assert len(made.statements) == len(spec.statements) - 3 * 2


def test_without_projections_nothing_changes() -> None:
    spec = assemble(from_text(NETS["bottlenecks without projections"], phase="test"))
    assert with_shortcuts(spec) is spec


def test_renamed() -> None:
    assert renamed("a.weight", {"a": "b.0"}) == "b.0.weight"
    assert renamed("a", {"a": "b.c"}) == "b.c"
    assert renamed("ab.weight", {"a": "b"}) == "ab.weight"
