"""Fold BatchNorm and Scale into the preceding convolution or inner product, for inference.

With weight W and bias b, mean m and variance v, scale g and shift s, the folded layer has the
weight W g / sqrt(v + eps) and the bias (b - m) g / sqrt(v + eps) + s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError
from caffetools.layers.convolution import Convolution
from caffetools.layers.elementwise import Scale
from caffetools.layers.linear import InnerProduct
from caffetools.layers.normalization import BatchNorm
from caffetools.torch.emit.base import Slot
from caffetools.torch.export.emitted_layers import EmittedLayer
from caffetools.torch.export.module_spec import FoldedLayer, ModuleSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray


def folded(lines: Sequence[EmittedLayer]) -> tuple[list[EmittedLayer], list[FoldedLayer]]:
    """Return the layers without those that can be folded, and the folded layers."""
    result: list[EmittedLayer] = []
    folds: list[FoldedLayer] = []
    taken: set[int] = set()
    for index, line in enumerate(lines):
        if index in taken:
            continue
        behind = list(_behind(lines, index)) if _is_affine(line) else []
        if behind:
            taken.update(behind)
            folds.append(_fold(line, [lines[each] for each in behind]))
            line = _with_bias(line, lines[behind[-1]].tops)  # noqa: PLW2901
        result.append(line)
    return result, folds


def _behind(lines: Sequence[EmittedLayer], index: int) -> Iterator[int]:
    """Yield the indices of the BatchNorm and the Scale that can be folded into a layer."""
    for kind in (BatchNorm, Scale):
        found = _reader(lines, index, kind)
        if found is not None:
            yield found
            index = found


def _is_affine(line: EmittedLayer) -> bool:
    """Whether it is a layer with one bottom that shares no parameters."""
    return (
        isinstance(line.layer.layer, Convolution | InnerProduct)
        and len(line.bottoms) == 1
        and len(line.layer.tops[0] or ()) >= 2
        and _axis(line) == 1
        and not _is_shared(line)
    )


def _is_shared(line: EmittedLayer) -> bool:
    return any(blob.owner is not None or blob.name is not None for blob in line.layer.params)


def _axis(line: EmittedLayer) -> int:
    """Return the axis of a layer's outputs, or that which Scale scales."""
    layer, bottom = line.layer.layer, line.layer.bottoms[0]
    assert bottom is not None
    if isinstance(layer, Convolution):
        return layer.channel_axis(bottom)
    if isinstance(layer, InnerProduct):
        return layer.axis_of(bottom)
    assert isinstance(layer, Scale)
    axis = layer.param.integer("axis")
    return axis if axis >= 0 else axis + len(bottom)


def _reader(lines: Sequence[EmittedLayer], index: int, kind: type) -> int | None:
    """Return the index of the only reader of a layer's top, if it can be folded into it."""
    (top,) = lines[index].tops
    readers = []
    for place in range(index + 1, len(lines)):
        if top in lines[place].bottoms:
            readers.append(place)
        if top in lines[place].tops:
            break
    if len(readers) != 1:
        return None
    line = lines[readers[0]]
    found = line.layer.layer
    if type(found) is not kind or len(line.bottoms) > 1 or line.phase is not None:
        return None
    if _is_shared(line):
        return None
    if isinstance(found, BatchNorm):
        uses = found.param
        trained = uses.has("use_global_stats") and not uses.flag("use_global_stats")
        return None if trained or found.affine else readers[0]
    (bottom,) = line.layer.bottoms
    assert bottom is not None
    whole = all(blob.shape == bottom[1:2] for blob in line.layer.params)
    return readers[0] if _axis(line) == 1 and whole else None


def _fold(line: EmittedLayer, behind: list[EmittedLayer]) -> FoldedLayer:
    layer = line.layer.layer
    keys = {type(each.layer.layer): each.layer.node.key for each in behind}
    norm = next((each.layer.layer for each in behind if type(each.layer.layer) is BatchNorm), None)
    eps = norm.param.number("eps") if isinstance(norm, BatchNorm) else 0.0
    if isinstance(layer, Convolution):
        outputs_last, groups = layer.transposed, layer.group
    else:
        outputs_last, groups = isinstance(layer, InnerProduct) and layer.transpose, 1
    return FoldedLayer(
        line.layer.node.key, keys.get(BatchNorm), eps, keys.get(Scale), outputs_last, groups
    )


def _with_bias(line: EmittedLayer, tops: tuple[str, ...]) -> EmittedLayer:
    """Return the layer with a bias and other tops."""
    emission, layer = line.emission, line.layer
    assert emission is not None
    (member,) = emission.members
    keywords = tuple(each for each in member.value.keywords if each[0] != "bias")
    member = replace(member, value=replace(member.value, keywords=keywords))
    (shape,) = layer.tops
    assert shape is not None
    weight = layer.params[0]
    bias = weight._replace(role="bias", shape=shape[1:2])
    return replace(
        line,
        tops=tops,
        layer=layer._replace(params=(weight, bias)),
        emission=replace(emission, members=(member,), slots=(Slot("weight"), Slot("bias"))),
    )


def fold_tensors(
    spec: ModuleSpec, plain: ModuleSpec, tensors: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Return the tensors of a folded module, from those of `plain`, the same without folding.

    Raises CaffeToolsError, without a location, if those of a folded layer are missing.
    """
    folds = {fold.layer: fold for fold in spec.folds}
    found: dict[str, NDArray[Any]] = {}
    for layer, params in spec.params.items():
        fold = folds.get(layer)
        if fold is not None:
            for param, values in zip(params, _folded_blobs(fold, plain, tensors), strict=True):
                found[param.key] = values
            continue
        for param, old in zip(params, plain.params[layer], strict=True):
            if old.key in tensors:
                found[param.key] = tensors[old.key]
    return found


def _folded_blobs(
    fold: FoldedLayer, plain: ModuleSpec, tensors: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the weight and bias of a folded layer, computed in double precision."""
    import numpy as np

    def blobs(layer: str) -> list[NDArray[Any]]:
        keys = [param.key for param in plain.params[layer]]
        if any(key not in tensors for key in keys):
            raise CaffeToolsError(f"layer {layer!a} cannot be folded: it has no weights")
        return [tensors[key].astype(np.float64) for key in keys]

    weight, *biases = blobs(fold.layer)
    factor: NDArray[Any] = np.ones(1)
    bias: NDArray[Any] = biases[0] if biases else np.zeros(1)
    if fold.norm is not None:
        mean, variance, total = blobs(fold.norm)
        share = 0.0 if total[0] == 0 else 1 / total[0]
        factor = 1 / np.sqrt(variance * share + fold.eps)
        bias = (bias - mean * share) * factor
    if fold.scale is not None:
        scale, *shift = blobs(fold.scale)
        factor, bias = factor * scale, bias * scale + (shift[0] if shift else 0.0)
    if fold.outputs_last:
        groups = weight.reshape(fold.groups, -1, *weight.shape[1:])
        factor = factor.reshape(fold.groups, 1, -1, *(1,) * (weight.ndim - 2))
        scaled = (groups * factor).reshape(weight.shape)
    else:
        scaled = weight * factor.reshape(-1, *(1,) * (weight.ndim - 1))
    return scaled.astype(np.float32), bias.astype(np.float32)
