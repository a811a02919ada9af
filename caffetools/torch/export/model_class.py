"""The class of an exported module as text, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from caffetools.layers.blobs import Shape, dims
from caffetools.torch.emit.base import Name, call
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.fills import fills
from caffetools.torch.export.module_spec import Construction, ModuleSpec, Statement, Variable
from caffetools.torch.export.names import comment_text
from caffetools.torch.export.params_table import BODY, caffe_attributes
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


def model_class(spec: ModuleSpec, writer: ExpressionWriter) -> Iterator[str]:
    """Yield the lines of the class."""
    yield f"class {spec.name}(nn.{'Sequential' if spec.is_sequential else 'Module'}):"
    each_phase = (listed(each.variable for each in spec.outputs[p]) for p in spec.phases)
    results = " or ".join(dict.fromkeys(each_phase))
    arguments = listed(tensor.variable for tensor in spec.inputs)
    for line in _wrapped(f"{arguments} -> {results}."):
        yield f"{INDENT}{line}"
    yield ""
    yield from _attributes(spec, writer)
    yield ""
    yield from _constructor(spec, writer)
    for lines in (
        fills(spec, writer),
        _train(spec) if _differ(spec) else (),
        () if spec.is_sequential else _forward(spec, writer),
    ):
        part = list(lines)
        yield from ["", *part] if part else ()


def _wrapped(text: str) -> list[str]:
    """Return a docstring of one sentence, a shorter one where that is too long."""
    line = f'"""{text}"""'
    return [line] if len(line) + len(INDENT) <= WIDTH else ['"""The net."""']


def _attributes(spec: ModuleSpec, writer: ExpressionWriter) -> Iterator[str]:
    names = Group("(", [string(tensor.blob) for tensor in spec.inputs], ")")
    yield from laid_out("inputs: tuple[str, ...] = ", names, INDENT)
    yield from laid_out("outputs: tuple[str, ...] = ", _blobs(spec, spec.phases[0]), INDENT)
    if spec.loss_weights:
        weights = (
            f"{string(blob)}: {flat(ExpressionWriter().write(weight))}"
            for blob, weight in spec.loss_weights.items()
        )
        yield from laid_out(
            "loss_weights: ClassVar[dict[str, float]] = ", Group("{", list(weights), "}"), INDENT
        )
    yield from caffe_attributes(spec, writer)


def _constructor(spec: ModuleSpec, writer: ExpressionWriter) -> Iterator[str]:
    yield f"{INDENT}def __init__(self) -> None:"
    if spec.is_sequential:
        yield from _items(spec, writer)
    else:
        yield f"{BODY}super().__init__()"
        yield from members(spec.constructions, writer)
    for tie in spec.ties:
        if tie.reshaped:
            module, _, name = tie.target.rpartition(".")
            places = Name(f"self.{module}"), name, Name(f"self.{tie.source}")
            yield from statement("", writer.write(call("share_reshaped", *places)), BODY, "shared")
        else:
            yield from statement(f"self.{tie.target} = ", f"self.{tie.source}", BODY, "shared")
    if any(each.fill and not each.shared for params in spec.params.values() for each in params):
        yield f"{BODY}self.reset_parameters()"


def _items(spec: ModuleSpec, writer: ExpressionWriter) -> Iterator[str]:
    """Yield the call that constructs an `nn.Sequential`."""
    indent = BODY + INDENT * 2
    yield f"{BODY}super().__init__("
    yield f"{BODY}{INDENT}OrderedDict("
    before = spec.inputs[0].shape
    for made in spec.constructions:
        lines = laid_out(f"{made.name}=", writer.write(made.value), indent, ",")
        comment = f"  # {shown(made.shape)}"
        if made.shape not in {before, None} and len(lines[-1] + comment) <= WIDTH:
            lines[-1] += comment
        before = made.shape or before
        yield from lines
    yield f"{BODY}{INDENT})"
    yield f"{BODY})"


def members(constructions: Iterable[Construction], writer: ExpressionWriter) -> Iterator[str]:
    """Yield the lines that construct members."""
    for made in constructions:
        comment = "" if made.name == made.layer else f'"{comment_text(made.layer)}"'
        value = writer.write(made.value)
        if made.condition:
            writer.modules.add("nn")
            yield f"{BODY}self.{made.name}: nn.Module = nn.Identity()"
            yield f"{BODY}if {made.condition}:"
            yield from laid_out(f"self.{made.name} = ", value, BODY + INDENT)
        elif made.buffer:
            arguments = [string(made.name), value, "persistent=False"]
            call = Group("self.register_buffer(", arguments, ")", hugged=True)
            yield from statement("", call, BODY, comment)
        else:
            yield from statement(f"self.{made.name} = ", value, BODY, comment)


def _differ(spec: ModuleSpec) -> bool:
    """Whether the module has different outputs in its two phases."""
    return len({_blobs(spec, phase).flat() for phase in spec.phases}) > 1


def _train(spec: ModuleSpec) -> Iterator[str]:
    other = _blobs(spec, spec.phases[1])
    sides = ["type(self).outputs", other.flat()]
    training, testing = sides if spec.phases[0] == "TRAIN" else reversed(sides)
    yield f"{INDENT}def train(self, mode: bool = True) -> {spec.name}:"
    yield f'{BODY}"""Go to training, or with False to testing, which has other outputs."""'
    line = f"{BODY}self.outputs = {training} if mode else {testing}"
    if len(line) > WIDTH:
        yield from laid_out("outputs = ", other, BODY)
        line = line.replace(other.flat(), "outputs")
    yield line
    yield f"{BODY}return super().train(mode)"


def _blobs(spec: ModuleSpec, phase: str) -> Group:
    return Group("(", [string(tensor.blob) for tensor in spec.outputs[phase]], ")")


def _forward(spec: ModuleSpec, writer: ExpressionWriter) -> Iterator[str]:
    results = sorted({result_type(spec.outputs[phase]) for phase in spec.phases})
    arguments = ["self", *(f"{tensor.variable}: Tensor" for tensor in spec.inputs)]
    close = f") -> {' | '.join(results)}:"
    yield from laid_out("", Group("def forward(", arguments, close, hugged=True), INDENT)
    yield f'{BODY}"""Compute {listed(t.variable for t in spec.outputs[spec.phases[0]])}."""'
    first = spec.outputs[spec.phases[0]]
    if spec.is_structured and not _differ(spec) and not any(e.phase for e in spec.statements):
        yield from returning_lines(spec.statements, first, writer, BODY)
        return
    order = [phase for phase, _ in groupby(each.phase for each in spec.statements)]
    apart = _differ(spec) and order == sorted({*order}, key=(None, "TRAIN", "TEST").index)
    for phase, group in groupby(spec.statements, lambda each: each.phase):
        lines = [each for each in group if each.values or each.bottoms]
        if phase is not None and (apart or not lines):
            continue
        if phase is not None:
            yield f"{BODY}if {'' if phase == 'TRAIN' else 'not '}self.training:"
        for line in lines:
            yield from statement_lines(line, writer, BODY if phase is None else BODY + INDENT)
    if _differ(spec):
        own = [[e for e in spec.statements if apart and e.phase == p] for p in ("TRAIN", "TEST")]
        yield f"{BODY}if self.training:"
        yield from returning_lines(own[0], spec.outputs["TRAIN"], writer, BODY + INDENT)
        yield from returning_lines(own[1], spec.outputs["TEST"], writer, BODY)
    else:
        yield from return_lines(first, BODY)


def returning_lines(
    statements: Sequence[Statement],
    outputs: tuple[Variable, ...],
    writer: ExpressionWriter,
    indent: str,
) -> Iterator[str]:
    """Yield the lines of statements that end with a return, in which the last value is written."""
    for each in statements[:-1]:
        yield from statement_lines(each, writer, indent)
    if not statements:
        yield from return_lines(outputs, indent)
        return
    last = statements[-1]
    if len(last.values) == 1 and len(last.targets) == 1 and outputs.count(last.targets[0]) == 1:
        *others, result = outputs
        names = "".join(f"{tensor.variable}, " for tensor in others)
        piece = writer.write(last.values[0], _read(last), last.members)
        if last.targets[0] == result and (
            not others or len(f"{indent}return {names}{flat(piece)}") <= WIDTH
        ):
            yield from laid_out(f"return {names}", piece, indent)
            return
    yield from statement_lines(last, writer, indent)
    yield from return_lines(outputs, indent)


def _read(line: Statement) -> list[str]:
    """Return the variables that a statement reads, detached where no gradient passes."""
    return [
        f"{tensor.variable}.detach()" if index in line.stopped else tensor.variable
        for index, tensor in enumerate(line.bottoms)
    ]


def statement_lines(line: Statement, writer: ExpressionWriter, indent: str) -> Iterator[str]:
    """Yield the lines of a statement."""
    if not line.values:
        dropped = ", ".join(tensor.variable for tensor in line.bottoms)
        yield from statement(f"del {dropped}", "", indent, comment_text(line.type))
        return
    bottoms = _read(line)
    targets = [(tensor,) for tensor in line.targets]
    for each, value in zip(
        [line.targets] if len(line.values) == 1 else targets, line.values, strict=True
    ):
        names = ", ".join(tensor.variable for tensor in each)
        comment = ", ".join(dict.fromkeys(shown(tensor.shape) for tensor in each))
        if line.bottoms and comment == shown(line.bottoms[0].shape):
            comment = ""  # sizes only where they change
        piece = writer.write(value, bottoms, line.members)
        if not each:  # an unknown layer type without tops
            yield from laid_out("", piece, indent)
        elif flat(piece) != names:
            yield from _assignment(names, piece, indent, comment)


def _assignment(names: str, piece: Piece, indent: str, comment: str) -> Iterator[str]:
    """Yield `names = piece`, with many names in brackets, one a line."""
    if ", " not in names or len(f"{indent}{names} = (") <= WIDTH:
        yield from statement(f"{names} = ", piece, indent, comment)
        return
    if comment:
        yield f"{indent}# {comment}"
    yield f"{indent}("
    yield from (f"{indent}{INDENT}{name}," for name in names.split(", "))
    yield from laid_out(") = ", piece, indent)


def return_lines(outputs: tuple[Variable, ...], indent: str) -> list[str]:
    """Return the lines that return variables."""
    names = [tensor.variable for tensor in outputs]
    line = f"{indent}return {', '.join(names) or '()'}"
    if len(line) <= WIDTH:
        return [line]
    return laid_out("return ", Group("(", names, ")"), indent)


def result_type(outputs: tuple[Variable, ...]) -> str:
    """Return the annotation of what is returned."""
    if len(outputs) == 1:
        return "Tensor"
    if len(outputs) > 3:
        return "tuple[Tensor, ...]"
    return f"tuple[{', '.join(['Tensor'] * len(outputs)) or '()'}]"


def listed(names: Iterable[str]) -> str:
    """Return names joined by commas."""
    return ", ".join(names) or "nothing"


def shown(shape: Shape | None) -> str:
    """Return a shape for a comment."""
    return "unknown" if shape is None else dims(shape)
