"""A module description -> the text of its `model.py`.

Values of a prototxt enter the text only as numbers, as literals from `string`, as identifiers from
`Names`, and in comments through `comment_text`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

from caffetools.layers.blobs import dims
from caffetools.torch.emit.base import Name, call, differing
from caffetools.torch.export.block_code import block_class
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.helpers import Helper, needed
from caffetools.torch.export.model_class import model_class, shown
from caffetools.torch.export.module_spec import ModuleSpec, Placeholder, Variable
from caffetools.torch.export.names import comment_text
from caffetools.torch.export.params_table import BODY
from caffetools.torch.export.preprocess import ImageSteps
from caffetools.torch.export.pretty import INDENT, WIDTH, Group, laid_out, string
from caffetools.torch.export.trimmed import trimmed

_PYTORCH = {
    "F": "import torch.nn.functional as F",
    "Tensor": "from torch import Tensor",
    "nn": "from torch import nn",
    "torch": "import torch",
}
_FIRST = frozenset({"norm_keys"})
"""Helpers that the bodies of classes call."""
_PHASES = {"TRAIN": "training", "TEST": "testing"}


@dataclass(frozen=True)
class ModelExtras:
    """What `model.py` has besides the module."""

    weights: str | None = None
    """Name of the file that `build` loads by default."""
    steps: ImageSteps | None = None
    """What `preprocess` does."""
    mean: str | None = None
    """Name of the file with the mean image."""
    labels: tuple[str, ...] = ()


def model_code(spec: ModuleSpec, extras: ModelExtras = ModelExtras(), *, trims: bool = True) -> str:
    """Return the text of the file; its helpers keep all their options unless `trims`."""
    writer = ExpressionWriter()
    _classes(spec, extras, writer)
    classes = {each.name for each in spec.placeholders} | {each.name for each in spec.blocks}
    names = {*writer.calls, *writer.names, "read_safetensors"} - classes
    helpers, left_out = trimmed(names, writer.calls) if trims else (needed(names), {})
    writer = ExpressionWriter(left_out)
    blocks, model = _classes(spec, extras, writer)
    weights = extras.weights
    if extras.labels:
        labels = Group("(", list(map(string, extras.labels)), ")")
        model += ["", "", *laid_out("LABELS: tuple[str, ...] = ", labels, "")]
    modules = writer.modules | {"Tensor", "nn"}
    imported = {"from collections import OrderedDict"} if spec.is_sequential else set()
    if weights is not None or extras.mean is not None:
        imported.add("from pathlib import Path")
    lacks_half = "LocalResponseNorm" in "".join(blocks + model)
    docstring = _docstring(spec, weights, extras.steps, lacks_half=lacks_half)
    lines = [*docstring, "", *_imports(modules, helpers, imported)]
    for helper in helpers:
        lines += ["", "", helper.source] if helper.name in _FIRST else []
    lines += blocks + model
    for placeholder in spec.placeholders:
        lines += ["", "", *_placeholder(placeholder)]
    for helper in helpers:
        lines += ["", "", helper.source] if helper.name not in _FIRST else []
    return "\n".join(lines) + "\n"


def _classes(
    spec: ModuleSpec, extras: ModelExtras, writer: ExpressionWriter
) -> tuple[list[str], list[str]]:
    """Return the lines of the blocks' classes, and those of the model's and its functions."""
    blocks = [line for each in spec.blocks for line in ("", "", *block_class(each, spec, writer))]
    model = ["", "", *model_class(spec, writer), "", "", *_build(spec, extras.weights)]
    if extras.steps is not None:
        model += ["", "", *preprocess_lines(extras.steps, extras.mean, writer)]
    return blocks, model


def _docstring(
    spec: ModuleSpec, weights: str | None, steps: ImageSteps | None, *, lacks_half: bool
) -> Iterator[str]:
    net = spec.net
    source = comment_text(os.path.basename(net.inferred.graph.message.source.name))
    phases = " and ".join(_PHASES[phase] for phase in spec.phases)
    yield f'"""{spec.name}, from the Caffe net {source}, for {phases}.'
    yield ""
    cost = net.cost
    macs = "an unknown number of" if cost.macs is None else f"{cost.macs:,}"
    yield f"{cost.params or 0:,} parameters; {macs} multiply-accumulates in a forward pass."
    if lacks_half:
        yield "On a CPU, PyTorch has no nn.LocalResponseNorm in half precision or bfloat16."
    if spec.folds:
        yield "BatchNorm and Scale are folded into the preceding layers: for inference only."
    yield ""
    yield f"    model = build(){'' if weights is None else '  # with weights'}"
    for tensor in spec.inputs:
        yield f"    # {tensor.variable}: {shown(tensor.shape)}"
    arguments = ", ".join(tensor.variable for tensor in spec.inputs)
    differ = len(set(map(_assigned, spec.outputs.values()))) > 1
    for phase in spec.phases if differ else spec.phases[:1]:
        mode = "" if phase == spec.phases[0] else ".train()" if phase == "TRAIN" else ".eval()"
        yield f"    {_assigned(spec.outputs[phase])}model{mode}({arguments})"
    if steps is not None:
        yield ""
        yield from wrap(f"Images are {steps.lines()}. {steps.traps()}", WIDTH)
    yield '"""'


def _imports(used: set[str], helpers: list[Helper], others: set[str]) -> Iterator[str]:
    found = {_PYTORCH[name] for name in used & _PYTORCH.keys()} | {
        "import os",
        "from typing import ClassVar",
    }
    found |= {line for helper in helpers for line in helper.imports}
    found |= others
    yield "from __future__ import annotations"
    pytorch = {line for line in found if line.split()[1].partition(".")[0] == "torch"}
    for group in (found - pytorch, pytorch):
        yield ""
        yield from sorted(line for line in group if line.startswith("import"))
        names: dict[str, list[str]] = {}
        for line in sorted(group):
            if line.startswith("from"):
                _, module, _, name = line.split()
                names.setdefault(module, []).append(name)
        for module, each in names.items():
            yield f"from {module} import {', '.join(each)}"


def _build(spec: ModuleSpec, weights: str | None) -> Iterator[str]:
    if weights is not None:
        yield f"WEIGHTS = Path(__file__).with_name({string(weights)})"
        yield ""
        yield ""
    default = "None" if weights is None else "WEIGHTS"
    argument = f"weights: str | os.PathLike[str] | None = {default}"
    line = f"def build({argument}) -> {spec.name}:"
    if len(line) <= WIDTH:
        yield line
    else:
        yield from ("def build(", f"{INDENT}{argument},", f") -> {spec.name}:")
    yield f'{INDENT}"""Make the model and load a .safetensors file, unless `weights` is None."""'
    yield f"{INDENT}model = {spec.name}()"
    yield f"{INDENT}if weights is not None:"
    yield f"{BODY}model.load_state_dict(model.state_dict() | read_safetensors(weights))"
    yield f"{INDENT}return model{'.eval()' if spec.phases[0] == 'TEST' else ''}"


def preprocess_lines(
    steps: ImageSteps, mean: str | None, writer: ExpressionWriter
) -> Iterator[str]:
    """Yield the function that turns an image into an input."""
    options = differing(
        size=(steps.resized, None),
        crop=(steps.size, steps.resized),
        mean=(steps.mean if mean is None else (), ()),
        mean_image=(None if mean is None else Name("mean"), None),
        scale=(steps.scale, 1.0),
        gray=(steps.gray, False),
    )
    yield "def preprocess(image: Tensor) -> Tensor:"
    channels = "1 or 3 x H x W" if steps.gray else "3 x H x W"
    shape = dims((1, *steps.shape[1:]))
    yield f'{INDENT}"""Turn an RGB image of any size, {channels} from 0 to 255, into {shape}."""'
    if mean is not None:
        yield f"{INDENT}path = Path(__file__).with_name({string(mean)})"
        yield f'{INDENT}mean = read_safetensors(path)["mean"]'
    value = writer.write(call("transform_image", Name("image"), **options))
    yield from laid_out("return ", value, INDENT)


def _placeholder(placeholder: Placeholder) -> Iterator[str]:
    yield f"class {placeholder.name}(nn.Module):"
    kind = comment_text(placeholder.type)
    yield f'{INDENT}"""To fill in: what Caffe layers of type {kind} compute.'
    yield ""
    for layer in placeholder.layers:
        bottoms, tops = (", ".join(map(shown, shapes)) for shapes in (layer.bottoms, layer.tops))
        yield f"{INDENT}{comment_text(layer.node.key)}: {bottoms} -> {tops}"
    yield f'{INDENT}"""'
    yield ""
    yield f"{INDENT}def forward(self, *bottoms: Tensor) -> Tensor:"
    yield f'{BODY}"""Compute the top, or a tuple of the tops."""'
    yield f'{BODY}raise NotImplementedError("{placeholder.name} is to be filled in")'


def _assigned(outputs: tuple[Variable, ...]) -> str:
    names = ", ".join(tensor.variable for tensor in outputs)
    return f"{names} = " if names else ""
