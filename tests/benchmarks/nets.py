"""Nets of any size to measure with, built like Inception-ResNet-v2.

Branches of convolution, BatchNorm, Scale and ReLU are concatenated, projected and added to what
they started from.
"""

from __future__ import annotations

from collections.abc import Iterator

_BRANCHES = (((1, 32),), ((1, 32), (3, 32)), ((1, 32), (3, 48), (3, 64)))
"""The kernel and outputs of each convolution of each branch of a block."""

LAYERS_OF_A_BLOCK = 27
"""Six units of four layers, Concat, the projection, Eltwise."""


def inception_resnet(layers: int, side: int = 35) -> str:
    """A prototxt of about so many layers; 987 make about 230 KB, as Inception-ResNet-v2 does."""
    return "".join(_net(max(1, (layers - 4) // LAYERS_OF_A_BLOCK), side))


def _net(blocks: int, side: int) -> Iterator[str]:
    yield 'name: "Inception_Resnet_like"\n'
    shape = "".join(f"      dim: {extent}\n" for extent in (1, 256, side, side))
    yield _layer("data", "Input", [], f"  input_param {{\n    shape {{\n{shape}    }}\n  }}\n")
    bottom = "data"
    for block in range(blocks):
        name = f"inception_resnet_a{block + 1}"
        ends = []
        for index, branch in enumerate(_BRANCHES):
            top = bottom
            for depth, (kernel, outputs) in enumerate(branch):
                unit = f"{name}_branch{index}_{depth}_{kernel}x{kernel}"
                yield from _unit(unit, top, kernel, outputs)
                top = unit
            ends.append(top)
        yield _layer(f"{name}_concat", "Concat", ends, "")
        yield _convolution(f"{name}_up", f"{name}_concat", 1, 256)
        residual = [bottom, f"{name}_up"]
        bottom = f"{name}_residual"
        yield _layer(bottom, "Eltwise", residual, _options("eltwise", "operation: SUM"))
    yield _layer(
        "pool", "Pooling", [bottom], _options("pooling", "pool: AVE", "global_pooling: true")
    )
    yield _layer(
        "classifier", "InnerProduct", ["pool"], _options("inner_product", "num_output: 1000")
    )
    yield _layer("prob", "Softmax", ["classifier"], "")


def _unit(name: str, bottom: str, kernel: int, outputs: int) -> Iterator[str]:
    """A convolution with what follows it in place: four layers."""
    yield _convolution(name, bottom, kernel, outputs)
    for suffix, kind, options in (
        ("bn", "BatchNorm", _options("batch_norm", "use_global_stats: true", "eps: 0.001")),
        ("scale", "Scale", _options("scale", "bias_term: true")),
        ("relu", "ReLU", ""),
    ):
        yield _layer(f"{name}_{suffix}", kind, [name], options, top=name)


def _convolution(name: str, bottom: str, kernel: int, outputs: int) -> str:
    options = _options(
        "convolution",
        "bias_term: false",
        f"num_output: {outputs}",
        f"pad: {kernel // 2}",
        f"kernel_size: {kernel}",
        "stride: 1",
        'weight_filler {\n      type: "xavier"\n    }',
    )
    return _layer(name, "Convolution", [bottom], options)


def _options(kind: str, *lines: str) -> str:
    inside = "".join(f"    {line}\n" for line in lines)
    return f"  {kind}_param {{\n{inside}  }}\n"


def _layer(name: str, kind: str, bottoms: list[str], options: str, top: str = "") -> str:
    wires = "".join(f'  bottom: "{bottom}"\n' for bottom in bottoms) + f'  top: "{top or name}"\n'
    return f'layer {{\n  name: "{name}"\n  type: "{kind}"\n{wires}{options}}}\n'
