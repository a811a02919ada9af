"""The text of a layer in a drawing: shapes, kernels, options, formulas."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from caffetools.drawing.diagram import family, windows
from caffetools.net.certain import PartialShape
from caffetools.net.explain import steps
from caffetools.net.infer import InferredLayer
from caffetools.proto.message import Message
from caffetools.table import shown

_TIMES = " × "
_FILES = {"source", "root_folder", "mean_file", "backend", "db_backend"}
"""Options about the storage of data, which are too long for a drawing."""
_AXES = {"length", "depth", "height", "width"}


def shape_text(shape: PartialShape) -> str:
    """Return a shape as `256 × 96 × ? × ?`, or `?` if all of it is unknown."""
    return shape_range_text([shape])


def shape_range_text(shapes: Sequence[PartialShape]) -> str:
    """Return one text for several shapes; an axis that differs is `first…last`."""
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes) or len(set(map(len, known))) != 1:
        return "?"
    axes = zip(*known, strict=True)
    parts = [
        "…".join(
            "?" if size is None else str(size) for size in (axis[0], axis[-1])[: len(set(axis))]
        )
        for axis in axes
    ]
    return _TIMES.join(parts) or "scalar"


def item_shape_text(shape: PartialShape, groups: int = 1) -> str:
    """Return the shape of one item of a batch, channels last: `27 × 27 × 96`.

    With `groups`, the channels are those of one group.
    """
    if shape is None or len(shape) < 2:
        return shape_text(shape)
    channels = None if shape[1] is None else shape[1] // groups
    return shape_text((*shape[2:], channels))


def kernel_text(layer: InferredLayer, lanes: int = 1) -> str:
    """Return the kernels of a convolution as `96 × 11×11×3`; empty for a layer without weights.

    The number of input channels is `?` if it is unknown.
    An inner product has neurons: `4096 × 9216`. With `lanes`, count the kernels of one lane.
    """
    weight = next((blob for blob in layer.params if blob.role == "weight"), None)
    found = windows(layer) or []
    if weight is None and layer.known_bottoms is None and family(layer) == "convolution":
        kernels = "×".join(str(window.kernel) for window in found)
        return f"{getattr(layer.layer, 'num_output', 0) // lanes}{_TIMES}{kernels}×?"
    if weight is None or layer.layer is None:
        return ""
    count, *rest = weight.shape
    if found:
        channels = rest[0]
        if layer.layer.transposed:
            count, channels = channels * group_count(layer), count // group_count(layer)
        rest = [*(window.kernel for window in found), channels]
    return _TIMES.join(filter(None, (str(count // lanes), "×".join(map(str, rest)))))


def group_count(layer: InferredLayer) -> int:
    """Return the number of groups of a convolution; 1 for other layers."""
    found = getattr(layer.layer, "group", 1)
    return found if isinstance(found, int) and found > 0 else 1


def window_text(layer: InferredLayer, defaults: bool = False) -> str:
    """Return `stride 2, pad 1`; stride 1 and pad 0 are left out unless `defaults` is set."""
    parts = []
    for name, default in (("stride", 1), ("pad", 0), ("dilation", 1)):
        values = [getattr(window, name) for window in windows(layer) or ()]
        if values and (set(values) != {default} or (defaults and name != "dilation")):
            one = len(set(values)) == 1
            parts.append(f"{name} {values[0] if one else '×'.join(map(str, values))}")
    return ", ".join(parts)


def option_text(layer: InferredLayer, defaults: bool = False) -> str:
    """Return the options of a layer in one line; `defaults` as for `window_text`."""
    if layer.node.type in _MEANINGS:
        return _MEANINGS[layer.node.type](layer.node.message)
    parts = [kernel_text(layer) or _pooling_text(layer), window_text(layer, defaults)]
    if group_count(layer) > 1:
        parts.append(f"{group_count(layer)} groups")
    if not any(parts):
        parts = _scalar_options(layer.node.message)
    return ", ".join(filter(None, parts))


def _pooling_text(layer: InferredLayer) -> str:
    """Return the window of a layer without weights, as `MAX 3×3`."""
    sizes = "×".join(str(window.kernel) for window in windows(layer) or () if window.kernel)
    if not sizes or not layer.node.message.has("pooling_param"):
        return sizes
    return f"{layer.node.message.message('pooling_param').text('pool')} {sizes}"


def _scalar_options(message: Message) -> list[str]:
    """Return the scalar options of a layer that the file sets, without those of fillers."""
    found = []
    for name in message.fields:
        if not name.endswith("_param") or name in {"transform_param", "input_param"}:
            continue
        param = message.get(name)
        if not isinstance(param, Message):
            continue
        for option in param.fields:
            values = [v for v in param.all(option) if not isinstance(v, Message | bytes)]
            if values and option not in _FILES:
                found.append(f"{option} {' '.join(map(_scalar, values))}")
    return found


def _offset_text(message: Message) -> str:
    """Return the offset of a Crop: `offset 5`, or `axis 1, offset 0×5×5`."""
    param = message.message("crop_param")
    axis = f"axis {param.integer('axis')}, " if param.has("axis") else ""
    return f"{axis}offset {'×'.join(map(str, param.integers('offset') or [0]))}"


def _priors_text(message: Message) -> str:
    """Return the boxes of a PriorBox: `min 60, max 111, ratios 2 3, step 16`."""
    param = message.message("prior_box_param")
    names = {"min_size": "min", "max_size": "max", "aspect_ratio": "ratios", "step": "step"}
    return ", ".join(
        f"{name} {' '.join(map(_scalar, param.all(option)))}"
        for option, name in names.items()
        if param.has(option)
    )


_MEANINGS = {"Crop": _offset_text, "PriorBox": _priors_text}
"""Texts of types whose options say more than their windows."""


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def formulas(layer: InferredLayer) -> list[tuple[str, str]]:
    """Return what each step computes and its formula.

    For example `height, width` and `(227 − 11 + 2·0) / 4 + 1 = 55`. Spatial axes with the same
    formula share an entry, and so do parameters; of other steps with the same formula only the
    first is named. The values of parameters without a formula are included.
    """
    names: dict[str, list[str]] = {}
    roles = {blob.role for blob in layer.params}
    for step in steps(layer):
        plain = step.formula == str(step.value)
        if not plain or step.name in roles:
            formula = "" if plain else step.formula.replace("*", "·").replace("-", "−") + " = "
            same = names.setdefault(f"{formula}{step.value:,}", [])
            if not same or {step.name, *same} <= _AXES or {step.name, *same} <= roles:
                same.append(step.name)
    return [(", ".join(same), formula) for formula, same in names.items()]


def cost_text(layers: Sequence[InferredLayer], form: Callable[[int | None], str] = shown) -> str:
    """Return the total cost of layers: `34,944 parameters, 105,415,200 multiply-accumulates`."""
    is_known = all(layer.macs is not None for layer in layers)
    params = total_text(sum(layer.owned_params for layer in layers), is_known, form)
    macs = total_text(sum(layer.macs or 0 for layer in layers), is_known, form)
    return f"{params} parameters, {macs} multiply-accumulates"


def total_text(total: int, is_known: bool, form: Callable[[int | None], str] = shown) -> str:
    """Return a total; if parts of it are unknown, `at least` the sum of the others, or `?`."""
    if is_known or not total:
        return form(total if is_known else None)
    return f"at least {form(total)}"


def short_number(number: int | None) -> str:
    """Return a number to three digits: `34.9 k`, `1.05 G`; `?` if it is unknown."""
    if number is None:
        return "?"
    scaled = float(number)
    for unit in ("", " k", " M", " G", " T", " P"):
        if scaled < 999.5 or unit == " P":
            break
        scaled /= 1000
    if not unit:
        return str(number)
    return f"{scaled:.{2 if scaled < 9.995 else 1 if scaled < 99.95 else 0}f}{unit}"
