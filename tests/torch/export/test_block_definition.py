"""The class of a block: arguments, members, statements and Caffe's layers."""

from __future__ import annotations

from caffetools.net.loading import from_text
from caffetools.torch.emit.base import Binary, Name, call
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.block_classes import with_blocks
from caffetools.torch.export.module_spec import BlockArgument, BlockSpec
from caffetools.torch.export.norms import with_pytorch_norms
from tests.torch.block_nets import NETS


def block(name: str) -> BlockSpec:
    spec = with_pytorch_norms(assemble(from_text(NETS[name], phase="test")))
    (found,) = with_blocks(spec).blocks
    return found


def test_a_bottleneck() -> None:
    found = block("bottlenecks with projections")
    assert found.name == "Bottleneck"
    assert found.arguments == (
        BlockArgument("in_channels", "int", None, is_kept=False),
        BlockArgument("channels", "int", None, is_kept=False),
        BlockArgument("stride", "int", 1, is_kept=False),
        BlockArgument("projection", "bool", default=False, is_kept=False),
    )
    shortcut = found.constructions[-1]
    width = Binary(4, "*", Name("channels"))
    assert (shortcut.name, shortcut.condition) == ("shortcut", "projection")
    assert shortcut.value == call(
        "nn.Sequential",
        call("nn.Conv2d", Name("in_channels"), width, kernel_size=1, stride=Name("stride"),
             bias=False),
        call("nn.BatchNorm2d", width),
    )  # fmt: skip
    assert list(found.params)[:3] == ["res{}_branch1", "bn{}_branch1", "scale{}_branch1"]
    assert found.params["scale{}_branch2b"] == ("norm2.weight", "norm2.bias")


def test_inputs_and_outputs() -> None:
    found = block("heads of an SSD")
    kinds = [(each.name, each.type) for each in found.arguments if "size" in each.name]
    assert kinds == [("min_size", "tuple[float, ...]"), ("max_size", "tuple[float, ...]")]
    assert [each.variable for each in found.inputs] == ["x", "x_2"]
    assert [each.variable for each in found.outputs] == ["loc_flat", "conf_flat", "priorbox"]
