"""The class of an exported module as text, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from caffetools.layers.base import Shape, dims
from caffetools.torch.export.expressions import Writer
from caffetools.torch.export.names import plain
from caffetools.torch.export.pretty import (
    INDENT,
    WIDTH,
    Group,
    Piece,
    flat,
    laid_out,
    statement,
    string,
)
from caffetools.torch.export.program import Program, Statement, Tensor

BODY = INDENT * 2


def model_class(program: Program, writer: Writer) -> Iterator[str]:
    """The lines of the class."""
    yield f"class {program.name}(nn.Module):"
    each_phase = (listed(each.variable for each in program.outputs[p]) for p in program.phases)
    results = " or ".join(dict.fromkeys(each_phase))
    arguments = listed(tensor.variable for tensor in program.inputs)
    for line in _wrapped(f"{arguments} -> {results}."):
        yield f"{INDENT}{line}"
    yield ""
    yield from _attributes(program)
    yield ""
    yield from _constructor(program, writer)
    yield ""
    fills = list(_fills(program, writer))
    if fills:
        yield from fills
        yield ""
    if _differ(program):
        yield from _train(program)
        yield ""
    yield from _forward(program, writer)


def _wrapped(text: str) -> list[str]:
    """A docstring of one sentence, as short as it must be."""
    line = f'"""{text}"""'
    return [line] if len(line) + len(INDENT) <= WIDTH else ['"""The net."""']


def _attributes(program: Program) -> Iterator[str]:
    names = Group("(", [string(tensor.blob) for tensor in program.inputs], ")")
    yield from laid_out("inputs: tuple[str, ...] = ", names, INDENT)
    yield from laid_out("outputs: tuple[str, ...] = ", _blobs(program, program.phases[0]), INDENT)
    if program.loss_weights:
        weights = (
            f"{string(blob)}: {flat(Writer().write(weight))}"
            for blob, weight in program.loss_weights.items()
        )
        yield from laid_out(
            "loss_weights: ClassVar[dict[str, float]] = ", Group("{", list(weights), "}"), INDENT
        )
    changed = {fold.layer for fold in program.folds}
    entries: list[Piece] = [
        Group(f"{string(layer)}: (", [string(each.key) for each in params], ")")
        for layer, params in program.params.items()
        if layer not in changed
    ]
    yield from _table("caffe_params: ClassVar[dict[str, tuple[str, ...]]]", entries)
    shapes: list[Piece] = [
        f"{string(each.key)}: {each.shape}"
        for params in program.params.values()
        for each in params
        if each.shape != each.stored and not each.shared
    ]
    if shapes:
        yield from _table("caffe_shapes: ClassVar[dict[str, tuple[int, ...]]]", shapes)


def _table(name: str, entries: list[Piece]) -> Iterator[str]:
    """A dictionary, one entry a line."""
    if not entries:
        yield f"{INDENT}{name} = {{}}"
        return
    yield f"{INDENT}{name} = {{"
    for entry in entries:
        yield from laid_out("", entry, BODY, ",")
    yield f"{INDENT}}}"


def _constructor(program: Program, writer: Writer) -> Iterator[str]:
    yield f"{INDENT}def __init__(self) -> None:"
    yield f"{BODY}super().__init__()"
    for made in program.constructions:
        comment = "" if made.name == made.layer else f'"{plain(made.layer)}"'
        value = writer.write(made.value)
        if made.buffer:
            value = Group(
                "self.register_buffer(",
                [string(made.name), value, "persistent=False"],
                ")",
                hugged=True,
            )
            yield from statement("", value, BODY, comment)
        else:
            yield from statement(f"self.{made.name} = ", value, BODY, comment)
    for tie in program.ties:
        yield from statement(f"self.{tie.target} = ", f"self.{tie.source}", BODY, "shared")
    if any(each.fill and not each.shared for params in program.params.values() for each in params):
        yield f"{BODY}self.reset_parameters()"


def _fills(program: Program, writer: Writer) -> Iterator[str]:
    """The method that starts the parameters, each filler once."""
    groups: dict[str, tuple[list[str], Piece]] = {}
    for params in program.params.values():
        for each in params:
            if each.fill and not each.shared:
                text = flat(writer.fill(each.fill, "parameter"))
                groups.setdefault(text, ([], writer.fill(each.fill, f"self.{each.key}")))[0].append(
                    f"self.{each.key}"
                )
    if not groups:
        return
    yield f"{INDENT}def reset_parameters(self) -> None:"
    yield f'{BODY}"""Fill the parameters as Caffe\'s fillers do."""'
    for text, (parameters, lone) in groups.items():
        if len(parameters) == 1:
            yield from laid_out("", lone, BODY)
        else:
            yield from laid_out("for parameter in ", Group("(", parameters, "):"), BODY)
            yield f"{BODY}{INDENT}{text}"


def _differ(program: Program) -> bool:
    """Have the phases that the module serves outputs of their own?"""
    return len({_blobs(program, phase).flat() for phase in program.phases}) > 1


def _train(program: Program) -> Iterator[str]:
    training, testing = (_blobs(program, phase) for phase in ("TRAIN", "TEST"))
    yield f"{INDENT}def train(self, mode: bool = True) -> {program.name}:"
    yield f'{BODY}"""Go to training, or with False to testing, which has other outputs."""'
    yield from laid_out("training = ", training, BODY)
    yield from laid_out("testing = ", testing, BODY)
    yield f"{BODY}self.outputs = training if mode else testing"
    yield f"{BODY}return super().train(mode)"


def _blobs(program: Program, phase: str) -> Group:
    return Group("(", [string(tensor.blob) for tensor in program.outputs[phase]], ")")


def _forward(program: Program, writer: Writer) -> Iterator[str]:
    results = sorted({_result_type(program.outputs[phase]) for phase in program.phases})
    arguments = ["self", *(f"{tensor.variable}: Tensor" for tensor in program.inputs)]
    close = f") -> {' | '.join(results)}:"
    yield from laid_out("", Group("def forward(", arguments, close, hugged=True), INDENT)
    yield f'{BODY}"""Compute {listed(t.variable for t in program.outputs[program.phases[0]])}."""'
    for phase, group in groupby(program.statements, lambda each: each.phase):
        lines = [each for each in group if each.values or each.bottoms]
        if phase is not None and lines:
            yield f"{BODY}if {'' if phase == 'TRAIN' else 'not '}self.training:"
        for line in lines:
            yield from _statement(line, writer, BODY if phase is None else BODY + INDENT)
    if _differ(program):
        yield f"{BODY}if self.training:"
        yield from _return(program.outputs["TRAIN"], BODY + INDENT)
        yield from _return(program.outputs["TEST"], BODY)
    else:
        yield from _return(program.outputs[program.phases[0]], BODY)


def _statement(line: Statement, writer: Writer, indent: str) -> Iterator[str]:
    bottoms = [tensor.variable for tensor in line.bottoms]
    if not line.values:
        yield from statement(f"del {', '.join(bottoms)}", "", indent, plain(line.type))
        return
    targets = [(tensor,) for tensor in line.targets]
    for each, value in zip(
        [line.targets] if len(line.values) == 1 else targets, line.values, strict=True
    ):
        names = ", ".join(tensor.variable for tensor in each)
        comment = ", ".join(dict.fromkeys(shown(tensor.shape) for tensor in each))
        piece = writer.write(value, bottoms, line.members)
        if not each:  # a type that nobody knows, and that names no top
            yield from laid_out("", piece, indent)
        elif flat(piece) != names:
            yield from _assignment(names, piece, indent, comment)


def _assignment(names: str, piece: Piece, indent: str, comment: str) -> Iterator[str]:
    """`names = piece`; many names stand in brackets, one in each line."""
    if ", " not in names or len(f"{indent}{names} = (") <= WIDTH:
        yield from statement(f"{names} = ", piece, indent, comment)
        return
    yield f"{indent}# {comment}"
    yield f"{indent}("
    yield from (f"{indent}{INDENT}{name}," for name in names.split(", "))
    yield from laid_out(") = ", piece, indent)


def _return(outputs: tuple[Tensor, ...], indent: str) -> list[str]:
    names = [tensor.variable for tensor in outputs]
    line = f"{indent}return {', '.join(names) or '()'}"
    if len(line) <= WIDTH:
        return [line]
    return laid_out("return ", Group("(", names, ")"), indent)


def _result_type(outputs: tuple[Tensor, ...]) -> str:
    if len(outputs) == 1:
        return "Tensor"
    return (
        f"tuple[{', '.join(['Tensor'] * len(outputs)) or '()'}]"
        if len(outputs) < 4
        else ("tuple[Tensor, ...]")
    )


def listed(names: Iterable[str]) -> str:
    """Names with commas between."""
    return ", ".join(names) or "nothing"


def shown(shape: Shape | None) -> str:
    """A shape for a comment."""
    return "unknown" if shape is None else dims(shape)
