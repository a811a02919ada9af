"""An ONNX file as a model of operators: shapes by the onnx package, constant parts computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from caffetools.errors import CaffeToolsError, Location
from caffetools.layers.blobs import Shape
from caffetools.torch.to_caffe import onnx_graph
from caffetools.torch.to_caffe.conversion import (
    Conversion,
    ModelInput,
    Operation,
    call_operator,
    convert,
    item,
)
from caffetools.torch.to_caffe.draft import Array, Draft, Top, unused
from caffetools.torch.to_caffe.onnx_table import OPERATORS


def from_onnx(
    path: str,
    input_shapes: Mapping[str, Shape] | None = None,
    profile: str = "bvlc",
    outputs: Sequence[str] | None = None,
    fold_bn: bool = False,
) -> Conversion:
    """Convert an ONNX file to a Caffe net that computes the same.

    The net is verified against onnxruntime or, where that is not installed, the onnx package.

    Parameters
    ----------
    path : str
        The file.
    input_shapes : mapping of str to shape, optional
        Shapes of inputs whose sizes the file leaves open.
    profile : str
        Layer types that the net may use: "bvlc", "ssd", "any", or a file with one type a line.
    outputs : sequence of str, optional
        Nodes or results after which the net ends. Default: the outputs of the file.
    fold_bn : bool, default False
        Whether to multiply BatchNorm and Scale into the preceding layers.

    Returns
    -------
    Conversion

    Raises
    ------
    CaffeToolsError
        For a file that cannot be read, and an operator that the profile cannot express exactly.

    Examples
    --------
    >>> import caffetools
    >>> try:
    ...     caffetools.from_onnx("missing.onnx")
    ... except caffetools.CaffeToolsError as error:
    ...     print(error)
    missing.onnx: no such file
    """
    return convert(OnnxModel(path, input_shapes or {}), profile, outputs, fold=fold_bn)


class OnnxModel:
    """The nodes of a file."""

    def __init__(self, path: str, shapes: Mapping[str, Shape]) -> None:
        self.place = Location(path)
        self.model = onnx_graph.inferred(path, shapes, self.place)
        graph = self.model.graph
        self.name = graph.name or "net"
        self.constants = onnx_graph.constants(graph, self.place)
        self.shapes = onnx_graph.shapes(graph)
        self.inputs = {
            each.name: self._input(each) for each in graph.input if each.name not in self.constants
        }
        self.operations: list[Operation] = []
        self._names = {*self.inputs}
        self._kept = {each.name for each in graph.output}
        for node in graph.node:
            self._add(node)
        self.outputs = {each.name: each.name for each in graph.output}

    def _input(self, each: Any) -> ModelInput:
        shape = self.shapes.get(each.name)
        if shape is None:
            text = f"input {each.name!a} has a dynamic shape; use --input {each.name}=D,D,…"
            raise CaffeToolsError(text, self.place)
        return ModelInput(each.name, shape, onnx_graph.example(each, shape))

    def _add(self, node: Any) -> None:
        """Add a node, or compute its results if they are constant."""
        given = [name for name in node.input if name]
        if node.op_type == "Shape" and given[0] in self.shapes:
            self.constants[node.output[0]] = np.array(self.shapes[given[0]], np.int64)
        elif all(name in self.constants for name in given):
            values = {name: self.constants[name] for name in given}
            self.constants.update(onnx_graph.computed(node, values, self.place))
        else:
            self._add_operation(node, tuple(name for name in given if name not in self.constants))

    def _add_operation(self, node: Any, operands: tuple[str, ...]) -> None:
        """Add a node; one with several results also becomes an operation for each of them."""
        own = node.domain in {"", "ai.onnx"}
        kind = node.op_type if own else f"{node.domain}.{node.op_type}"
        first = next(name for name in node.output if name)
        label, shape = self._label(node, first), self.shapes.get(first)
        if shape is None:
            text = f"{label!a}, operator {kind}: the shape of its result is unknown"
            raise CaffeToolsError(text, self.place)
        key = first if len(node.output) == 1 else f"{first} of {label}"
        apply = self._operator(node, kind)
        self.operations.append(Operation(key, label, kind, operands, shape, self.place, apply))
        for index, name in enumerate(node.output if key != first else ()):
            shape = self.shapes.get(name, ())
            part = Operation(name, name, "result", (key,), shape, self.place, item(key, index))
            self.operations += [part] if name else []

    def _operator(self, node: Any, kind: str) -> Any:
        """Return the function that adds the layers of a node."""
        attributes = {each.name: onnx_graph.attribute(each) for each in node.attribute}

        def apply(draft: Draft, made: Mapping[str, Any]) -> Any:
            known = {**made, **self.constants}
            inputs = [known[name] if name else None for name in node.input]
            result = call_operator(OPERATORS.get(kind), draft, *inputs, **attributes)
            single = len(node.output) == 1 and not isinstance(result, Top)
            return result[0] if single else result

        return apply

    def _label(self, node: Any, result: str) -> str:
        """Return the name of the result or, where that is a number or derived, of the node."""
        plain = result in self._kept or not (result.isdigit() or result.endswith("_output_0"))
        name = result if plain or not node.name else node.name
        return unused(name.strip("/"), self._names)

    def values(self, inputs: Mapping[str, Array], wanted: set[str]) -> dict[str, Array]:
        """Run the file with these results as its outputs."""
        import onnx

        names = [name for name in wanted if name not in inputs]
        found = {name: inputs[name] for name in wanted if name in inputs}
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        del model.graph.output[:]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
        results = onnx_graph.run(model, names, dict(inputs), self.place) if names else []
        found.update(zip(names, (np.asarray(each, np.float32) for each in results), strict=True))
        return found
