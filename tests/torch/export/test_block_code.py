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
        "        branch2a = F.relu(self.norm1(self.conv1(x)))",
        "        branch2b = F.relu(self.norm2(self.conv2(branch2a)))",
        "        branch2c = self.norm3(self.conv3(branch2b))",
        "        return F.relu(self.shortcut(x) + branch2c)",
    ]
    start = found.index("        self.shortcut: nn.Module = nn.Identity()")
    assert found[start + 1] == "        if projection:"


def test_several_outputs() -> None:
    found = lines("heads of an SSD")
    assert "        self.min_size = min_size" in found
    assert found[-1] == "        return loc_flat, conf_flat, priorbox"
    assert (
        "    def forward(self, x: Tensor, x_2: Tensor) -> tuple[Tensor, Tensor, Tensor]:" in found
    )
