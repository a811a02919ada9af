"""The class of a block as text."""

from __future__ import annotations

from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.block_code import block_class
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.structure import structured
from tests.torch.block_nets import NETS


def lines(name: str) -> list[str]:
    spec = structured(assemble(from_text(NETS[name], phase="test")))
    return list(block_class(spec.blocks[0], spec, ExpressionWriter()))


def test_a_bottleneck() -> None:
    found = lines("bottlenecks with projections")
    assert found[1] == '    """The block of res2a, res2b and 3 more."""'
    assert found[-6:] == [
        "    def forward(self, x: Tensor) -> Tensor:",
        '        """Compute out."""',
        "        branch2a = self.norm1(self.conv1(x)).relu_()",
        "        branch2b = self.norm2(self.conv2(branch2a)).relu_()",
        "        branch2c = self.norm3(self.conv3(branch2b))",
        "        return (self.shortcut(x) + branch2c).relu_()",
    ]
    start = found.index("        self.shortcut: nn.Module = nn.Identity()")
    assert found[start + 1] == "        if projection:"


def test_several_outputs() -> None:
    found = lines("heads of an SSD")
    assert found[1] == '    """The block of c1, c2 and 4 more."""'
    assert found[-1] == "        return loc_flat, conf_flat, self.priorbox(x, x_2)"
    assert (
        "    def forward(self, x: Tensor, x_2: Tensor) -> tuple[Tensor, Tensor, Tensor]:" in found
    )
