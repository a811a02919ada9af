"""Members of a module by name, and the projections of residual blocks."""

from __future__ import annotations

from caffetools.net.loading import from_text
from caffetools.torch.emit.base import Binary, Call, Name, call
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.block_source import Source, projection
from caffetools.torch.export.holes import Argument
from tests.torch.block_nets import NETS


def test_a_source_has_convolutions_with_all_options() -> None:
    source = Source(assemble(from_text(NETS["inceptions"], phase="test")))
    assert dict(source.made["in_a_1x1"].keywords)["stride"] == 1
    assert source.layers["in_a_1x1"] == ["in_a/1x1"]
    assert source.values[0][1] == [(-1, "x")]


def conv(inputs: int, outputs: int, *, bias: bool = True) -> Call:
    options = {} if bias else {"bias": False}
    return call("nn.Conv2d", inputs, outputs, kernel_size=1, **options)


NEEDED = [
    Argument("in_channels", (8, 16, 16), None),
    Argument("channels", (4, 4, 8), None),
]


def test_a_projection_in_terms_of_the_arguments() -> None:
    values = [call("nn.Sequential", conv(8, 16)), call("nn.Sequential", conv(16, 32))]
    width = Binary(4, "*", Name("channels"))
    assert projection(values, [0, 2], NEEDED) == call(
        "nn.Sequential", call("nn.Conv2d", Name("in_channels"), width, kernel_size=1)
    )


def test_a_projection_that_does_not_follow() -> None:
    one, other = call("nn.Sequential", conv(8, 16)), call("nn.Sequential", conv(16, 33))
    assert projection([one, other], [0, 2], NEEDED) is None
    bias = call("nn.Sequential", conv(16, 32, bias=False))
    assert projection([one, bias], [0, 2], NEEDED) is None
    assert projection([one, call("nn.Sequential")], [0, 2], NEEDED) is None
