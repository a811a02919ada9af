"""Build the files of an export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.formats.safetensors import safetensors
from caffetools.formats.weights import read_weights
from caffetools.net.graph import State
from caffetools.net.loading import infer_net
from caffetools.net.net import Net
from caffetools.proto.source import decode, read_bytes
from caffetools.torch.export.assembly import assemble, assemble_folded
from caffetools.torch.export.fold import fold_tensors
from caffetools.torch.export.free_inputs import filled_notes, with_free_inputs
from caffetools.torch.export.model_code import ModelExtras, model_code
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.outputs import scores_note, with_outputs
from caffetools.torch.export.preprocess import ImageSteps, module_steps
from caffetools.torch.export.state_dict import converted, transfer_weights
from caffetools.torch.export.structure import for_inference, structured

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS = "weights.safetensors"
MEAN = "mean.safetensors"

Files = dict[str, "bytes | Iterable[bytes | memoryview]"]


@dataclass(frozen=True)
class ExportOptions:
    """What to export with the module."""

    weights: str | None = None
    """Path of Caffe's weights."""
    labels: str | None = None
    """Path of a file with a class name on each line."""
    fold: bool = False
    """Whether to fold BatchNorm and Scale into the preceding layers."""
    allow_missing: bool = False
    """Whether to export placeholders for layers of unknown types."""
    dynamic: tuple[str, ...] = ()
    """What of the inputs may differ from run to run, in ONNX: batch, size."""
    alone: bool = False
    """Whether the output is the module's file alone."""
    flat: bool = False
    """Whether to write each layer by itself, without blocks."""
    trains: bool = False
    """Whether a solver trains the module."""
    outputs: tuple[str, ...] = ()
    """Blobs to return; by default the outputs of the net."""
    preprocess: str | None = None
    """Path of steps that `deploy --preprocess` wrote."""
    preprocess_from: str | None = None
    """Path of a net to train, whose data layer says what is done to an image."""
    preprocess_in_graph: bool = False
    """Whether the ONNX graph does that, but for resizing, with RGB images as its input."""


@dataclass(frozen=True)
class ExportResult:
    """Files and notes of an export."""

    files: Files
    """Contents by path."""
    notes: tuple[Note, ...]
    mistakes: tuple[Note, ...]
    """Errors, unknown layers and misfitting weights: nothing should be written."""


def module_spec(net: Net, outputs: Sequence[str] = (), *, trains: bool = False) -> ModuleSpec:
    """Describe the module of a net, which also serves the other phase if possible.

    `outputs` names the blobs to return, without which they are those of the net. A DummyData that
    nothing fills is an input, unless the module `trains`, for which Caffe's zeros are the data.
    Raises CaffeToolsError, located, for a layer that cannot be exported and for an unknown blob.
    """
    other = _other_phase(net)
    if not trains:
        net, other = with_free_inputs(net), other and with_free_inputs(other)
    if outputs:
        net = with_outputs(net, outputs)
        try:
            other = other and with_outputs(other, outputs)
        except CaffeToolsError:
            other = None
    return assemble(net, other)


def _other_phase(net: Net) -> Net | None:
    """Return the net in its other phase, None if Caffe rejects it there."""
    state = net.state
    other = State("TEST" if state.phase == "TRAIN" else "TRAIN", state.stages, state.level)
    try:
        return infer_net(net.inferred.graph.message, other, net.options)
    except CaffeToolsError:
        return None


def export(spec: ModuleSpec, wishes: ExportOptions) -> ExportResult:
    """Build model.py and the files that it loads.

    Raises CaffeToolsError, located, for weights, labels and a mean image that cannot be read, and
    for weights of another net.
    """
    weighted = _weighted(spec, wishes)
    if not wishes.flat:
        weighted = _structured(weighted, wishes.trains)
    notes = list(weighted.notes)
    files: Files = {} if wishes.weights is None else {WEIGHTS: safetensors(weighted.tensors)}
    steps, told = _image_steps(spec, wishes)
    notes += told
    mean = None if steps is None else steps.cropped_mean
    if mean is not None:
        files[MEAN] = safetensors({"mean": mean})
    extras = ModelExtras(
        WEIGHTS if WEIGHTS in files else None,
        steps,
        MEAN if MEAN in files else None,
        () if wishes.labels is None else _labels(wishes.labels),
    )
    code = model_code(weighted.spec, extras).encode()
    return ExportResult({"model.py": code, **files}, tuple(notes), weighted.mistakes)


def _image_steps(
    spec: ModuleSpec, wishes: ExportOptions
) -> tuple[ImageSteps | None, tuple[Note, ...]]:
    """Return the steps of `preprocess`, and notes; None if there are none that can be done."""
    steps = module_steps(spec, wishes.preprocess, wishes.preprocess_from)
    if steps is None:
        return None, ()
    try:
        steps.checked()
    except CaffeToolsError as error:
        return None, (Note(_location(spec), f"preprocess is left out: {error.message}"),)
    if steps.mean_image is not None and wishes.alone and not wishes.preprocess_in_graph:
        text = "preprocess is left out: it needs a second file, for the mean image"
        return None, (*steps.notes, Note(_location(spec), text))
    return steps, steps.notes


def export_onnx(spec: ModuleSpec, wishes: ExportOptions) -> ExportResult:
    """Build model.onnx, or nothing if there are mistakes.

    Raises CaffeToolsError, located, for weights that cannot be read or are of another net, and for
    a module that ONNX cannot express.
    """
    weighted = _weighted(spec, wishes)
    if weighted.mistakes:
        return ExportResult({}, weighted.notes, weighted.mistakes)
    steps = None
    if wishes.preprocess_in_graph:
        steps, found = _image_steps(spec, wishes)
        weighted = replace(weighted, notes=(*weighted.notes, *found))
        if steps is None:
            text = "--preprocess-in-graph needs a data layer, --preprocess or --preprocess-from"
            raise CaffeToolsError(text, _location(spec))
    try:
        from caffetools.torch.export.onnx_file import onnx_file

        module, tensors = for_inference(weighted.spec), weighted.tensors
        data, told = onnx_file(module, tensors, wishes.dynamic, steps)
    except ImportError:
        text = "--to onnx needs PyTorch: pip install 'caffetools[torch,onnx]'"
        raise CaffeToolsError(text) from None
    except CaffeToolsError as error:
        raise error.at(_location(spec)) from None
    notes = (Note(_location(spec), text) for text in told)
    return ExportResult({"model.onnx": data}, (*weighted.notes, *notes), ())


@dataclass(frozen=True)
class _Weighted:
    """A module description with its weights."""

    spec: ModuleSpec
    tensors: dict[str, NDArray[Any]]
    notes: tuple[Note, ...]
    mistakes: tuple[Note, ...]


def _weighted(spec: ModuleSpec, wishes: ExportOptions) -> _Weighted:
    notes = [*spec.notes, *scores_note(spec.net)]
    notes += () if wishes.trains else filled_notes(spec.net)
    mistakes: list[Note] = []
    if wishes.allow_missing:
        notes += _missing(spec)
    else:
        mistakes += _missing(spec, "; pass --allow-missing to export a class to fill in")
    if wishes.weights is None:
        notes += () if mistakes else _weightless(spec)
        return _Weighted(spec, {}, tuple(notes), tuple(mistakes))
    found = transfer_weights(spec, read_weights(wishes.weights))
    tensors, folded = found.tensors, spec
    notes += found.notes
    mistakes += found.misfits
    if wishes.fold and not mistakes:
        folded = assemble_folded(spec.net)
        tensors = fold_tensors(folded, spec, tensors)
    return _Weighted(folded, tensors, tuple(notes), tuple(mistakes))


def _structured(weighted: _Weighted, trains: bool) -> _Weighted:
    """Return the structured form of a module with its weights."""
    spec = structured(weighted.spec, trains=trains)
    return replace(weighted, spec=spec, tensors=converted(weighted.tensors, weighted.spec, spec))


def _location(spec: ModuleSpec) -> Location:
    """Return the location for notes on the whole net."""
    return spec.net.inferred.graph.message.location()


def _missing(spec: ModuleSpec, hint: str = "") -> Iterator[Note]:
    for placeholder in spec.placeholders:
        for layer in placeholder.layers:
            text = f"layer {layer.node.key!a} has the unknown type {layer.node.type!a}{hint}"
            yield Note(layer.node.message.location(), text)


def _weightless(spec: ModuleSpec) -> Iterator[Note]:
    """Yield a note on the parameters of a net to deploy, which nothing trains."""
    if spec.params and not spec.loss_weights:
        fillers = {
            each.fill.function for params in spec.params.values() for each in params if each.fill
        }
        constant = fillers <= {"nn.init.zeros_", "nn.init.ones_", "nn.init.constant_"}
        zeros = "zeros" if fillers <= {"nn.init.zeros_"} else "constants"
        found = zeros if constant else "random, as the fillers say"
        yield Note(
            _location(spec), f"the weights are {found}; pass --weights to export trained ones"
        )


def _labels(path: str) -> tuple[str, ...]:
    """Read the lines of a file without empty ones at its end."""
    text = decode(path, read_bytes(path)).text
    return tuple(line.strip() for line in text.rstrip().splitlines())
