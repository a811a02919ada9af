"""Blocks in place of their statements."""

from __future__ import annotations

from caffetools.net.loading import from_text
from caffetools.torch.emit.base import Bottom, MemberRef, call
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.block_classes import with_blocks
from caffetools.torch.export.module_spec import Instance
from tests.torch.block_nets import NETS


def test_an_inception_is_one_statement() -> None:
    spec = with_blocks(assemble(from_text(NETS["inceptions apart"], phase="test")))
    assert [(each.name, each.value) for each in spec.constructions] == [
        ("in_a", call("Inception", 8, 2, 3, 4)),
        ("in_b", call("Inception", 9, 4, 2, 3)),
        ("in_c", call("Inception", 9, 1, 2, 3)),
        ("in_d", call("Inception", 6, 3, 3, 3)),
    ]
    assert [each.values for each in spec.statements if each.members] == [
        (call(MemberRef(), Bottom(0)),)
    ] * 4
    assert [each.bottoms[0].blob for each in spec.statements] == [
        "x",
        "in_a/output",
        "in_b/output",
        "t",
        "in_c/output",
    ]
    assert spec.instances["in_c"] == Instance("Inception", "in_c")
    assert [each.key for each in spec.params["in_d/3x3_reduce"]] == [
        "in_d.conv_3x3_reduce.weight",
        "in_d.conv_3x3_reduce.bias",
    ]


def test_a_head_reads_the_image_and_gives_three_blobs() -> None:
    spec = with_blocks(assemble(from_text(NETS["heads of an SSD"], phase="test")))
    head = next(each for each in spec.statements if each.members.get("") == "c2_mbox")
    assert [each.blob for each in head.bottoms] == ["c2", "x"]
    assert [each.blob for each in head.targets] == [
        "c2_mbox_loc_flat",
        "c2_mbox_conf_flat",
        "c2_mbox_priorbox",
    ]


def test_what_is_shared_is_in_no_block() -> None:
    spec = with_blocks(assemble(from_text(NETS["a shared parameter"], phase="test")))
    keys = {param.key for params in spec.params.values() for param in params if param.shared}
    assert keys == {"c2_a.weight"}
