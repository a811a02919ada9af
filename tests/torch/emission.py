"""A layer of a net of its own, and the lines of Python that it becomes."""

from __future__ import annotations

from typing import Any

from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.pretty import flat

Shape = tuple[int, ...]


def program_of(layer: str, *bottoms: Shape, tops: int = 1, **options: Any) -> ModuleSpec:
    """The program of a net with one layer `m`, given by its type and options.

    Its bottoms are inputs a, b, ... of these shapes, its tops y, y1, ....
    """
    inputs = "".join(
        f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ '
        + " ".join(f"dim: {extent}" for extent in shape)
        + " } } }\n"
        for name, shape in zip("abcdefgh", bottoms, strict=False)
    )
    names = "".join(f' bottom: "{name}"' for name, _ in zip("abcdefgh", bottoms, strict=False))
    names += "".join(f' top: "y{index or ""}"' for index in range(tops))
    kind, _, rest = layer.partition(" ")
    text = f'{inputs}layer {{ name: "m" type: "{kind}"{names} {rest} }}'
    return assemble(from_text(text, **options))


def lines(layer: str, *bottoms: Shape, tops: int = 1, **options: Any) -> list[str]:
    """What the layer constructs, fills and computes, each in one line."""
    program, writer = program_of(layer, *bottoms, tops=tops, **options), ExpressionWriter()
    made = [f"{each.name} = {flat(writer.write(each.value))}" for each in program.constructions]
    fills = [
        flat(writer.fill(param.fill, param.key))
        for params in program.params.values()
        for param in params
        if param.fill is not None
    ]
    computed = []
    for statement in program.statements:
        names = [bottom.variable for bottom in statement.bottoms]
        targets = [tensor.variable for tensor in statement.targets]
        if len(statement.values) == 1:
            targets = [", ".join(targets)]
        computed += [
            f"{target} = {flat(writer.write(value, names, statement.members))}"
            for target, value in zip(targets, statement.values, strict=False)
        ]
    return [*made, *fills, *computed]
