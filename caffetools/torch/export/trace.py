"""A module whose every blob can be had, and what it computes against a reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Shape, dims
from caffetools.torch.export.program import Program, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1e-4
"""Of the largest value of a blob; differences of rounding stay far below."""
_FLOOR = 1e-6
_LIMIT = 1e30
"""Values beyond stand for what is not there: a window without input."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A blob, as the module has it and as it should be."""

    layer: str
    """The last layer that makes or changes it."""
    blob: str
    shape: Shape
    expected: Shape | None
    """As the engine, or the reference, has it; None where neither knows."""
    difference: float | None
    """The largest one, None without a reference of this shape."""
    largest: float | None
    """The largest value of the reference."""

    @property
    def is_right(self) -> bool:
        """Are shape and values as they should be?"""
        if self.expected is not None and self.shape != self.expected:
            return False
        if self.difference is None or self.largest is None:
            return True
        return self.difference <= TOLERANCE * self.largest + _FLOOR


def traced(program: Program) -> Program:
    """The program with all its blobs as outputs, by the values that they have in the end."""
    phase = program.phases[0]
    kept = [each for each in program.statements if each.values and each.phase in {None, phase}]
    made: dict[str, Tensor] = {}
    for statement in kept:
        made.update((tensor.blob, tensor) for tensor in statement.targets)
    return replace(
        program,
        phases=(phase,),
        outputs={phase: tuple(made.values())},
        statements=tuple(replace(each, phase=None) for each in kept),
    )


def run(
    program: Program, tensors: Mapping[str, NDArray[Any]], inputs: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Every blob that the program's module computes from these inputs, by its name.

    `tensors` are its weights, by the keys of its state dict.
    """
    from caffetools.torch.export.live import module_of, results_of

    trace = traced(program)
    names = [tensor.blob for tensor in trace.outputs[trace.phases[0]]]
    ordered = (inputs[tensor.blob] for tensor in trace.inputs)
    return dict(zip(names, results_of(module_of(trace, tensors), *ordered), strict=True))


def seeded(program: Program, given: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """An array for each input: the given one, or numbers drawn from a seed, 0 and 1 for labels.

    Raises CaffeToolsError for an input of unknown shape, and for an array of another one.
    """
    import numpy as np

    random = np.random.default_rng(0)
    found = {}
    for tensor in program.inputs:
        array = given.get(tensor.blob)
        if tensor.shape is None:
            raise CaffeToolsError(f"the shape of the input {tensor.blob!a} is not known")
        if array is not None and array.shape != tensor.shape:
            text = f"the input {tensor.blob!a} is {dims(tensor.shape)}, found {dims(array.shape)}"
            raise CaffeToolsError(text)
        if array is None:
            label = len(tensor.shape) < 2 or tensor.shape[1:] == (1, 1, 1)
            drawn = (
                random.integers(0, 2, tensor.shape) if label else random.normal(size=tensor.shape)
            )
            array = drawn
        found[tensor.blob] = np.asarray(array, np.float32)
    return found


def compared(
    program: Program, found: Mapping[str, NDArray[Any]], reference: Mapping[str, NDArray[Any]]
) -> Iterator[Comparison]:
    """The blobs in the order of the layers that have the last word on them."""
    import numpy as np

    last = {
        tensor.blob: (statement, tensor)
        for statement in traced(program).statements
        for tensor in statement.targets
    }
    order = {statement.layer: index for index, statement in enumerate(program.statements)}
    for blob, (statement, tensor) in sorted(last.items(), key=lambda item: order[item[1][0].layer]):
        values, wanted = found[blob], reference.get(blob)
        expected = tensor.shape if wanted is None else wanted.shape
        difference = largest = None
        if wanted is not None and wanted.shape == values.shape:
            known = np.isfinite(wanted) & (np.abs(wanted) < _LIMIT)
            largest = float(np.abs(wanted[known]).max(initial=0))
            odd = ~known & ~((wanted == values) | (np.isnan(wanted) & np.isnan(values)))
            gap = np.abs(np.where(known, values.astype(np.float64) - wanted, 0))
            difference = float("inf") if odd.any() else float(gap.max(initial=0))
        yield Comparison(statement.layer, blob, values.shape, expected, difference, largest)
