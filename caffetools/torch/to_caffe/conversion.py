"""A model's operators -> a net and its weights, verified against the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from caffetools.editing.equality import tensors_of
from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.formats.caffemodel import caffemodel
from caffetools.layers.blobs import Shape
from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.verification import compare_blobs, run
from caffetools.torch.to_caffe.draft import Array, Draft, Top
from caffetools.torch.to_caffe.finish import FinishedNet, finished
from caffetools.torch.to_caffe.profile import read_profile
from caffetools.writing import write_files

_HUGE = np.float32(3.39e38)


@dataclass(frozen=True)
class Operation:
    """One operator of a model."""

    key: str
    """Of its result."""
    name: str
    """For its layers, unique in the model."""
    kind: str
    """The operator as its format calls it."""
    operands: tuple[str, ...]
    """Keys of the results and inputs on which it depends."""
    shape: Shape
    """Of its result, or of the first."""
    place: Location
    apply: Callable[[Draft, Mapping[str, Any]], Any]
    """Adds the layers, given all results so far by key, and returns its own."""


@dataclass(frozen=True)
class ModelInput:
    """An input of a model; an example is needed where not every number is valid."""

    name: str
    shape: Shape
    example: Array | None = None

    def values(self) -> Array:
        """Return the example, or numbers drawn from a fixed seed."""
        if self.example is not None:
            return self.example
        return np.random.default_rng(0).normal(size=self.shape).astype(np.float32)


class Model(Protocol):
    """What a reader makes of a module or a file."""

    name: str
    place: Location
    inputs: dict[str, ModelInput]
    operations: list[Operation]
    outputs: dict[str, str]
    """Name of each output by key."""

    def values(self, inputs: Mapping[str, Array], wanted: set[str]) -> dict[str, Array]:
        """Compute results by their keys, with the model's own framework."""


@dataclass(frozen=True)
class Conversion:
    """A Caffe net with its weights, which computes what the source of the net computes.

    Attributes
    ----------
    prototxt : str
        The net, for deployment.
    weights : dict of str to list of ndarray
        Blobs of each layer, in Caffe's order and layout, float32.
    difference : float
        Largest difference of any blob from the source on seeded inputs; for blobs with values
        above 1, relative to the largest.
    outputs : tuple of str
        The blob of each output of the source. Caffe calls those alone outputs that no layer reads.
    notes : tuple of Note
        What was left out.
    """

    prototxt: str
    weights: dict[str, list[Array]]
    difference: float
    outputs: tuple[str, ...]
    notes: tuple[Note, ...]
    _types: dict[str, str] = field(repr=False)
    _name: str = field(repr=False)

    def save(self, stem: str, *, force: bool = False) -> None:
        """Write STEM.prototxt and STEM.caffemodel.

        Parameters
        ----------
        stem : str
            Path without extension.
        force : bool, default False
            Whether to overwrite existing files.

        Raises
        ------
        CaffeToolsError
            If a file exists or cannot be written, or would exceed 2 GiB.
        """
        layers = [(name, self._types[name], blobs) for name, blobs in self.weights.items()]
        files: dict[str, bytes | Iterable[bytes | memoryview]] = {
            f"{stem}.caffemodel": caffemodel(self._name, layers),
            f"{stem}.prototxt": self.prototxt.encode("utf-8", "surrogateescape"),
        }
        write_files(files, force)


def convert(
    model: Model, profile: str = "bvlc", outputs: Sequence[str] | None = None, *, fold: bool = False
) -> Conversion:
    """Convert a model, up to its outputs or to the named results.

    Raises CaffeToolsError, located, for an operator that has no exact form in the profile's types,
    and if the net's results are not the model's.
    """
    chosen = _chosen(model, outputs)
    needed = _needed(model.operations, chosen)
    if not chosen:
        raise CaffeToolsError("the model has no output", model.place)
    draft = Draft(read_profile(profile))
    made: dict[str, Any] = {}
    for key, each in model.inputs.items():
        made[key] = draft.input(each.name, each.shape, model.place)
    for operation in model.operations:
        if operation.key in needed:
            made[operation.key] = _applied(draft, operation, made, model)
    tops = {name: _top(made.get(key), name, model.place) for key, name in chosen.items()}
    net = finished(draft, model.name, tops, fold=fold)
    difference = _verified(net, model, made)
    types = {layer.name: layer.type for layer in net.layers}
    left = [] if outputs is None else [*_left_out(model, needed)]
    blobs = {last: blob for blob, last in net.finals.items()}
    ends = tuple(blobs[top.name] for top in tops.values())
    return Conversion(net.text, net.weights, difference, ends, tuple(left), types, model.name)


def _chosen(model: Model, outputs: Sequence[str] | None) -> dict[str, str]:
    """Return the name of each output by key."""
    if outputs is None:
        return model.outputs
    keys = {each.name: key for key, each in model.inputs.items()}
    for operation in model.operations:
        keys[operation.name] = keys[operation.key] = operation.key
    unknown = next((name for name in outputs if name not in keys), None)
    if unknown is not None:
        from difflib import get_close_matches

        near = ", ".join(get_close_matches(unknown, keys)) or ", ".join([*keys][-3:])
        text = f"unknown output {unknown!a}; did you mean {near}?"
        raise CaffeToolsError(text, model.place)
    return {keys[name]: name for name in outputs}


def _needed(operations: Sequence[Operation], outputs: Iterable[str]) -> set[str]:
    """Return the keys of all operations on which the outputs depend."""
    needed = set(outputs)
    for operation in reversed(operations):
        if operation.key in needed:
            needed.update(operation.operands)
    return needed


def _top(found: Any, name: str, place: Location) -> Top:
    if not isinstance(found, Top):
        text = f"output {name!a} expected a tensor that depends on an input"
        raise CaffeToolsError(text, place)
    return found


def call_operator(found: Callable[..., Any] | None, *arguments: Any, **named: Any) -> Any:
    """Call a function of a table of operators; CaffeToolsError for arguments that it cannot take.

    Few take more than one computed tensor.
    """
    if found is None:
        raise CaffeToolsError("it has no exact form in Caffe's layers")
    computed = [isinstance(each, Top) for each in (*arguments, *named.values())]
    try:
        return found(*arguments, **named)
    except (TypeError, AttributeError) as error:
        called = error.__traceback__ is not None and error.__traceback__.tb_next is not None
        if called and sum(computed) == 1 and computed[1]:
            raise
        raise CaffeToolsError("its arguments have no exact form in Caffe's layers") from None


def item(whole: str, index: int) -> Callable[[Draft, Mapping[str, Any]], Any]:
    """Return the `apply` of an operation that takes one of several results."""

    def apply(_: Draft, made: Mapping[str, Any]) -> Any:
        if index >= len(made[whole]):
            raise CaffeToolsError(f"result {index} has no form in Caffe")
        return made[whole][index]

    return apply


def _applied(draft: Draft, operation: Operation, made: Mapping[str, Any], model: Model) -> Any:
    draft.start(operation.name, operation.shape)
    try:
        result = operation.apply(draft, made)
        draft.check(result)
    except CaffeToolsError as error:
        names = {each.key: each.name for each in model.operations}
        cut = ",".join(names[key] for key in operation.operands if key in names)
        hint = f"; cut here with --outputs {cut!a}" if cut else ""
        text = f"{operation.name!a}, operator {operation.kind}: {error.message}{hint}"
        raise CaffeToolsError(text, operation.place) from None
    return result


def _left_out(model: Model, needed: set[str]) -> Iterable[Note]:
    """Say what is left to do outside of the net."""
    left = Counter(each.kind for each in model.operations if each.key not in needed)
    if left:
        kinds = ", ".join(f"{number} {kind}" for kind, number in left.most_common())
        yield Note(model.place, f"left to do after the net: {kinds}")


def _verified(net: FinishedNet, model: Model, made: Mapping[str, Any]) -> float:
    """Return the largest difference of a blob; raise CaffeToolsError for a wrong one."""
    keys = {made[key].name: key for key in reversed([*made]) if isinstance(made[key], Top)}
    blobs = {blob: keys[last] for blob, last in net.finals.items() if last in keys}
    inputs = {key: each.values() for key, each in model.inputs.items()}
    expected = model.values(inputs, set(blobs.values()))
    reference = {blob: expected[key] for blob, key in blobs.items()}
    loaded = from_text(net.text, f"{model.name}.prototxt", "test")
    spec = assemble(loaded)
    tensors = tensors_of(loaded, net.weights, spec)
    fed = {blob: inputs[key] for blob, key in blobs.items() if key in inputs}
    found = run(
        spec, tensors, {blob: np.float32(array) for blob, array in fed.items()}, trims=False
    )
    largest = 0.0
    for values in (*reference.values(), *found.values()):  # a mask's infinity is 3.4e38 in Caffe
        np.clip(values, -_HUGE, _HUGE, out=values)
    for each in compare_blobs(spec, found, reference):
        if not each.is_right:
            text = (
                f"blob {each.blob!a} differs from the source by {each.difference} of {each.largest}"
            )
            raise CaffeToolsError(text, model.place)
        if each.difference is not None and each.largest is not None:
            largest = max(largest, each.difference / max(1.0, each.largest))
    return largest
