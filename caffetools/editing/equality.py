"""Whether two nets with weights compute the same, by their exact modules on seeded inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from numpy.typing import NDArray

from caffetools.editing.edited_net import Array, EditedNet
from caffetools.errors import CaffeToolsError
from caffetools.net.net import Net
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.verification import difference_of, run, seeded_inputs

TOLERANCE = 1e-5
"""Allowed difference relative to the largest value of a blob, or to 1."""


@dataclass(frozen=True)
class Equality:
    """Comparison of the blobs that two nets have in common."""

    differences: Mapping[str, float]
    """Of each common blob, relative to its largest value; infinite for another size."""

    @property
    def largest(self) -> float:
        """Largest difference; 0 without a common blob."""
        return max(self.differences.values(), default=0.0)

    @property
    def changed(self) -> dict[str, float]:
        """The blobs that differ by more than rounding."""
        return {blob: gap for blob, gap in self.differences.items() if not gap <= TOLERANCE}


def compare(old: EditedNet, new: EditedNet, renamed: Mapping[str, str] | None = None) -> Equality:
    """Compare two nets on inputs drawn from a fixed seed; `renamed` has new names by old.

    Blobs are compared by their values alone, since an edit may add axes of extent 1. Raises
    CaffeToolsError for a net that cannot be run: an unknown type, an input of unknown shape.
    """
    names = renamed or {}
    first, inputs = _blobs(old, {})
    second, _ = _blobs(new, {names.get(name, name): each for name, each in inputs.items()})
    found: dict[str, float] = {}
    for name, values in first.items():
        other = second.get(names.get(name, name))
        if other is not None and other.size != values.size:
            found[name] = inf
        elif other is not None:
            gap, largest = difference_of(other.ravel(), values.ravel())
            found[name] = gap / max(largest, 1.0)
    return Equality(found)


def _blobs(
    edited: EditedNet, given: Mapping[str, NDArray[Any]]
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Return all blobs of a net, and the inputs that they were computed from."""
    spec = assemble(edited.net)
    if spec.placeholders:
        node = spec.placeholders[0].layers[0].node
        text = f"layer {node.key!a} of type {node.type!a} cannot be run"
        raise CaffeToolsError(text, node.message.location())
    wanted = {tensor.blob: tensor.shape for tensor in spec.inputs}
    fitting = {name: each for name, each in given.items() if each.shape == wanted.get(name)}
    inputs = seeded_inputs(spec, fitting)
    return run(spec, tensors_of(edited.net, edited.weights, spec), inputs, trims=False), inputs


def tensors_of(
    net: Net, weights: Mapping[str, Sequence[Array]], spec: ModuleSpec
) -> dict[str, NDArray[Any]]:
    """Return the weights of a net as the tensors of its module."""
    return {
        param.key: values.reshape(param.stored)
        for layer in net.layers
        for param, values in zip(
            spec.params.get(layer.node.key, ()), weights.get(layer.node.name, ()), strict=False
        )
    }
