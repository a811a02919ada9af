"""A module, exported by torch.export, as a model of operators."""

from __future__ import annotations

import operator
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind, OutputKind
from torch.fx import Node
from torch.fx.node import map_arg

from caffetools.errors import CaffeToolsError, Location
from caffetools.layers.blobs import Shape
from caffetools.torch.to_caffe.aten_table import OPERATORS
from caffetools.torch.to_caffe.conversion import (
    ModelInput,
    Operation,
    call_operator,
    item,
)
from caffetools.torch.to_caffe.draft import Array, Draft, unused

_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_TORCH = os.path.join(os.path.dirname(torch.__file__), "")


class ExportedModel:
    """The operators of an exported program, with constant parts computed."""

    def __init__(
        self, program: ExportedProgram, name: str, names: Sequence[str] | None, place: Location
    ) -> None:
        self.name, self.place = name, place
        self.program = program
        self.constants = dict(_constants(program))
        given = [
            node
            for node in program.graph.nodes
            if node.op == "placeholder" and node.name not in self.constants
        ]
        if names is not None and not len({*names}) == len(names) == len(given):
            text = f"expected a name for each of {len(given)} inputs, found {[*names]!a}"
            raise CaffeToolsError(text, place)
        self.inputs = {
            node.name: self._input(node, names[index] if names else node.name, index)
            for index, node in enumerate(given)
        }
        self.operations: list[Operation] = []
        self.used = {each.name for each in self.inputs.values()}
        self.labels: dict[str, str] = {}
        for node in program.graph.nodes:
            if node.op == "call_function":
                self._add(node)
        self.outputs = {name: self.labels.get(name, name) for name in self._output_names()}

    def _input(self, node: Node, name: str, index: int) -> ModelInput:
        value = node.meta.get("val")
        if not isinstance(value, Tensor):
            text = f"input {name!a} expected a tensor, found {type(value).__name__}"
            raise CaffeToolsError(text, self.place)
        shape = tuple(value.shape)
        if not all(isinstance(extent, int) for extent in shape):
            text = f"input {name!a} has a dynamic shape, {[*shape]}; Caffe's shapes are fixed"
            raise CaffeToolsError(text, self.place)
        example = None
        if not value.is_floating_point():
            arguments = self.program.example_inputs
            if not arguments or len(arguments[0]) <= index:
                raise CaffeToolsError(f"input {name!a} has no example of integers", self.place)
            example = arguments[0][index].numpy()
        return ModelInput(name, shape, example)

    def _output_names(self) -> list[str]:
        """Return the keys of the outputs, each once."""
        names: dict[str, None] = {}
        for each in self.program.graph_signature.output_specs:
            if each.kind == OutputKind.USER_OUTPUT:
                names[getattr(each.arg, "name", "")] = None
        wrong = [name for name in names if name in self.constants or not name]
        if wrong:
            raise CaffeToolsError("an output does not depend on an input", self.place)
        return [*names]

    def _add(self, node: Node) -> None:
        """Add the operation of a node, or compute its result if that is constant."""
        operands = [each.name for each in node.all_input_nodes if each.name not in self.constants]
        if not operands:
            self.constants[node.name] = _called(node, self.constants)
            return
        if node.target is operator.getitem:
            (whole, index), kind = node.args, "getitem"
            assert isinstance(whole, Node)
            assert isinstance(index, int)
            label, apply = self.labels[whole.name], item(whole.name, index)
            label = unused(f"{label}_{index}", self.used) if index else label
        else:
            kind, apply = _operator_name(node), self._operator(node)
            label = unused(_label(node), self.used)
        self.labels[node.name] = label
        place = _place(node, self.place)
        self.operations.append(
            Operation(node.name, label, kind, tuple(operands), _shape(node), place, apply)
        )

    def _operator(self, node: Node) -> Any:
        """Return the function that adds the layers of a node."""

        def apply(draft: Draft, made: Mapping[str, Any]) -> Any:
            if -1 in draft.shape:
                raise CaffeToolsError("the shape of its result depends on the data")

            def value(each: Node) -> Any:
                constant = self.constants.get(each.name)
                return made[each.name] if constant is None else _array(constant, each.name)

            arguments, named = map_arg((node.args, node.kwargs), value)
            found = OPERATORS.get(_operator_name(node))
            return call_operator(found, draft, *arguments, **named)

        return apply

    def values(self, inputs: Mapping[str, Array], wanted: set[str]) -> dict[str, Array]:
        """Run the operators and return results as float32, by key."""
        nodes = [*self.program.graph.nodes]
        readers = Counter(each.name for node in nodes for each in node.all_input_nodes)
        left = set(wanted)
        known: dict[str, Any] = dict(self.constants)
        found = {}
        for node in nodes:
            if node.name in inputs:
                dtype = node.meta["val"].dtype
                known[node.name] = torch.from_numpy(inputs[node.name]).to(dtype)
            elif node.op == "call_function" and node.name not in known and left:
                with torch.no_grad():
                    known[node.name] = _called(node, known)
                for each in node.all_input_nodes:
                    readers[each.name] -= 1
                    if not readers[each.name]:
                        known.pop(each.name)
            if node.name in left:
                left.remove(node.name)
                found[node.name] = known[node.name].float().numpy()
        return found


def _constants(program: ExportedProgram) -> Iterator[tuple[str, Any]]:
    """Yield parameters, buffers and constants by the names of their nodes."""
    for each in program.graph_signature.input_specs:
        if each.kind == InputKind.USER_INPUT:
            continue
        assert each.target is not None
        value = program.state_dict.get(each.target)
        value = program.constants.get(each.target) if value is None else value
        yield each.arg.name, value.detach() if isinstance(value, Tensor) else value


def _called(node: Node, known: Mapping[str, Any]) -> Any:
    arguments, named = map_arg((node.args, node.kwargs), lambda each: known[each.name])
    assert callable(node.target)
    return node.target(*arguments, **named)


def _array(constant: Any, name: str) -> Any:
    """Return a constant as an array; other values than tensors are returned as they are."""
    if not isinstance(constant, Tensor):
        return constant
    if constant.dtype in {torch.float16, torch.bfloat16}:
        text = f"{name} expected float32, found {constant.dtype}; use module.float()"
        raise CaffeToolsError(text)
    if constant.is_complex() or constant.is_quantized or constant.layout != torch.strided:
        raise CaffeToolsError(f"{name} expected a dense tensor of real numbers")
    return constant.detach().cpu().numpy()


def _operator_name(node: Node) -> str:
    """Return the name in the namespace aten, or namespace and name of another."""
    target = node.target
    full = getattr(target, "name", lambda: getattr(target, "__name__", str(target)))()
    return str(full).removeprefix("aten::").partition(".")[0]


def _label(node: Node) -> str:
    """Return the name of the module that is the operator, or of its module and the operator."""
    stack = [*(node.meta.get("nn_module_stack") or {"": ("", "")}).values()]
    path, kind = stack[-1]
    kind = kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"
    if kind.startswith("torch.nn.modules.") and path:
        return str(path)
    short = _operator_name(node).lstrip("_")
    return f"{path}.{short}" if path else short


def _shape(node: Node) -> Shape:
    """Return the shape of the result, or of the first; extents that are unknown are -1."""
    value = node.meta.get("val")
    if isinstance(value, (list, tuple)):
        value = value[0] if value else None
    shape = value.shape if isinstance(value, Tensor) else ()
    known: list[Any] = [*shape]  # integers, or symbols for them
    return tuple(extent if isinstance(extent, int) else -1 for extent in known)


def _place(node: Node, default: Location) -> Location:
    """Return the line of the user's code, outside of PyTorch."""
    frames = _FRAME.findall(node.meta.get("stack_trace") or "")
    own = [(path, int(line)) for path, line in frames if not path.startswith((_TORCH, "<"))]
    return Location(*own[-1]) if own else default
