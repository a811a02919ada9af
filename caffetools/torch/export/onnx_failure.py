"""What an exception of the exporter is about: the layer, and the reason in plain words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from torch.fx import Node

from caffetools.errors import CaffeToolsError
from caffetools.torch.export.loaded_module import FILENAME
from caffetools.torch.export.model_code import model_code
from caffetools.torch.export.module_spec import ModuleSpec

_LINE = re.compile(rf'File "{re.escape(FILENAME)}", line (\d+), in forward')
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_FIXED = "inferred a static shape"
_KINDS = {
    "DispatchError": "ONNX has no operator for {target}",
    "GuardOnDataDependentSymNode": "its shapes depend on the values of its inputs",
}
"""Reasons by the name of an exception."""


def onnx_failure(
    spec: ModuleSpec, error: Exception, what: str = "ONNX cannot express"
) -> CaffeToolsError:
    """Return the error to raise for an exception of torch.onnx.export, or of the module itself.

    It is located at the layer whose line of `forward` the exporter was at, if it tells.
    """
    chain = list(_chain(error))
    node = next((node for each in reversed(chain) for node in _nodes(each)), None)
    reason = _reason(chain, "" if node is None else str(node.target))
    layer = _layer(spec, _lines(chain, node))
    if layer is None:
        return CaffeToolsError(f"{what} this net: {reason}")
    message = next(each.node for each in spec.net.layers if each.node.key == layer)
    text = f"{what} layer {layer!a} of type {message.type!a}: {reason}"
    return message.message.error(text, kind=CaffeToolsError)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and its causes."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _frames(error: BaseException) -> Iterator[tuple[Any, int]]:
    """Yield the frames of a traceback with their lines, the innermost last."""
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def _nodes(error: BaseException) -> Iterator[Node]:
    """Yield the nodes that the exporter was translating."""
    for frame, _ in _frames(error):
        node = frame.f_locals.get("node")
        if isinstance(node, Node):
            yield node


def _reason(chain: list[BaseException], target: str) -> str:
    """Return the reason in one line, from the deepest exception that says one."""
    for error in reversed(chain):
        if isinstance(error, CaffeToolsError):
            return error.message
        if _FIXED in str(error):
            return "a size that is to be dynamic is fixed in the net"
        if type(error).__name__ in _KINDS:
            return _KINDS[type(error).__name__].format(target=target)
    lines = (first_line(each) for each in reversed(chain))
    return next((line for line in lines if line), type(chain[-1]).__name__)


def first_line(error: BaseException) -> str:
    """Return the first line of an exception's text, without escape codes."""
    return _ESCAPES.sub("", str(error)).strip().partition("\n")[0]


def _lines(chain: list[BaseException], node: Node | None) -> list[int]:
    """Return the lines of the module's file that the exporter was at."""
    trace = "" if node is None else node.meta.get("stack_trace") or ""
    found = [int(line) for line in _LINE.findall(trace)]
    for error in chain:
        for frame, line in _frames(error):
            if (frame.f_code.co_filename, frame.f_code.co_name) == (FILENAME, "forward"):
                found.append(line)
    return found


def _layer(spec: ModuleSpec, lines: list[int]) -> str | None:
    """Return the key of the layer that one of these lines of `forward` computes."""
    statements = iter(spec.statements)
    for assignment in _assignments(spec):
        names = {each.id for each in ast.walk(assignment.targets[0]) if isinstance(each, ast.Name)}
        layer = next(
            (s.layer for s in statements if {t.variable for t in s.targets} == names), None
        )
        last = assignment.end_lineno or assignment.lineno
        if any(assignment.lineno <= line <= last for line in lines):
            return layer
    return None


def _assignments(spec: ModuleSpec) -> Iterator[ast.Assign]:
    """Yield the assignments of `forward`, in order."""
    tree = ast.parse(model_code(spec))
    for owner in tree.body:
        if isinstance(owner, ast.ClassDef) and owner.name == spec.name:
            for method in owner.body:
                if isinstance(method, ast.FunctionDef) and method.name == "forward":
                    found = (each for each in ast.walk(method) if isinstance(each, ast.Assign))
                    yield from sorted(found, key=lambda each: each.lineno)
