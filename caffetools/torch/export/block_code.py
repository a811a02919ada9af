"""The classes of repeated blocks as text, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.model_class import (
    listed,
    members,
    result_type,
    returning_lines,
)
from caffetools.torch.export.module_spec import BlockSpec, ModuleSpec, Variable
from caffetools.torch.export.params_table import BODY, params_table
from caffetools.torch.export.pretty import INDENT, Group, flat, laid_out


def block_class(block: BlockSpec, spec: ModuleSpec, writer: ExpressionWriter) -> Iterator[str]:
    """Yield the lines of a class."""
    yield f"class {block.name}(nn.Module):"
    found = [item for item in spec.instances.items() if item[1].block == block.name]
    uses = [each.own if "." in name else name for name, each in found]
    more = f" and {len(uses) - 2} more" if len(uses) > 3 else f" and {uses[-1]}"
    yield f'{INDENT}"""The block of {listed(uses[:2] if len(uses) > 3 else uses[:-1])}{more}."""'
    yield ""
    if block.params:
        yield from params_table(block.params, writer)
        yield ""
    arguments = ["self"]
    for each in block.arguments:
        default = "" if each.default is None else f" = {flat(writer.write(each.default))}"
        arguments.append(f"{each.name}: {each.type}{default}")
    head = Group("def __init__(", arguments, ") -> None:", hugged=True)
    yield from laid_out("", head, INDENT)
    yield f"{BODY}super().__init__()"
    yield from (f"{BODY}self.{each.name} = {each.name}" for each in block.arguments if each.is_kept)
    yield from members(block.constructions, writer)
    yield ""
    yield from _forward(block, writer)


def _forward(block: BlockSpec, writer: ExpressionWriter) -> Iterator[str]:
    arguments = ["self", *(f"{tensor.variable}: Tensor" for tensor in block.inputs)]
    close = f") -> {result_type(block.outputs)}:"
    yield from laid_out("", Group("def forward(", arguments, close, hugged=True), INDENT)
    yield f'{BODY}"""Compute {listed(tensor.variable for tensor in block.outputs)}."""'
    lines = [
        replace(each, targets=_unsized(each.targets), bottoms=_unsized(each.bottoms))
        for each in block.statements
    ]
    yield from returning_lines(lines, _unsized(block.outputs), writer, BODY)


def _unsized(tensors: tuple[Variable, ...]) -> tuple[Variable, ...]:
    """Return variables without sizes, which differ from block to block."""
    return tuple(replace(each, shape=None) for each in tensors)
