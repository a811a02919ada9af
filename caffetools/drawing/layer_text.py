"""What stands in a layer's box: its name, its type, and what it is told to do."""

from __future__ import annotations

from caffetools.layers.base import Shape
from caffetools.net.infer import InferredLayer
from caffetools.proto.message import Message

_TIMES = " × "


_FILES = {"source", "root_folder", "mean_file", "backend", "db_backend"}
"""Options that say where data lie, which a drawing of the net has no room for."""


def extents(shape: Shape | None) -> str:
    """A shape as drawings write it: `256 × 96 × 55 × 55`."""
    if shape is None:
        return "?"
    return _TIMES.join(map(str, shape)) if shape else "scalar"


def extents_of_all(shapes: list[Shape | None]) -> str:
    """One shape for all of them; where an axis differs, from the first to the last."""
    if None in shapes or len({len(shape or ()) for shape in shapes}) != 1:
        return "?"
    axes = zip(*(shape or () for shape in shapes), strict=True)
    parts = [f"{axis[0]}" if len(set(axis)) == 1 else f"{axis[0]}…{axis[-1]}" for axis in axes]
    return _TIMES.join(parts) or "scalar"


def kernels(layer: InferredLayer) -> str:
    """The kernels of a convolution as `96 × 11×11×3`; nothing for a layer without weights.

    A layer that sees all of its bottom has neurons: `4096 × 9216`.
    """
    weight = next((blob for blob in layer.params if blob.role == "weight"), None)
    if weight is None or layer.layer is None:
        return ""
    first, *rest = weight.shape
    if not layer.windows:
        return f"{first} × {'×'.join(map(str, rest))}" if rest else f"{first}"
    channels = rest[0]
    if layer.layer.transposed:
        first, channels = channels * groups(layer), first // groups(layer)
    spatial = "×".join(str(window.kernel) for window in layer.windows)
    return f"{first} × {spatial}×{channels}"


def groups(layer: InferredLayer) -> int:
    """Into how many groups a convolution's channels are divided; 1 for other layers."""
    found = getattr(layer.layer, "group", 1)
    return found if isinstance(found, int) and found > 0 else 1


def movement(layer: InferredLayer, usual: bool = False) -> str:
    """How a window moves: `stride 2, pad 1`; stride 1 and pad 0 are told with `usual` alone."""
    if not layer.windows:
        return ""
    _, stride, pad, dilation = zip(*layer.windows, strict=True)
    parts = []
    for name, values, default in (
        ("stride", stride, 1),
        ("pad", pad, 0),
        ("dilation", dilation, 1),
    ):
        if set(values) != {default} or (usual and name != "dilation"):
            one = len(set(values)) == 1
            parts.append(f"{name} {values[0] if one else '×'.join(map(str, values))}")
    return ", ".join(parts)


def options(layer: InferredLayer, usual: bool = False) -> str:
    """What the layer is told, in one line; with `usual`, a window's stride 1 and pad 0 too."""
    parts = [kernels(layer) or _window(layer), movement(layer, usual)]
    if groups(layer) > 1:
        parts.append(f"{groups(layer)} groups")
    if not any(parts):
        parts = _given(layer.node.message)
    return ", ".join(part for part in parts if part)


def _window(layer: InferredLayer) -> str:
    """The window of a layer without weights, as `MAX 3×3`."""
    pooled = layer.node.message.message("pooling_param")
    method = f"{pooled.text('pool')} " if layer.node.message.has("pooling_param") else ""
    return (
        method + "×".join(str(window.kernel) for window in layer.windows) if layer.windows else ""
    )


def _given(message: Message) -> list[str]:
    """The plain options of a layer as the file gives them, those of fillers left out."""
    found = []
    for name in message.fields:
        if not name.endswith("_param") or name in {"transform_param", "input_param"}:
            continue
        param = message.get(name)
        if isinstance(param, Message):
            for option in param.fields:
                values = [v for v in param.all(option) if not isinstance(v, Message | bytes)]
                if option in _FILES:
                    continue
                if values:
                    found.append(f"{option} {' '.join(map(_value, values))}")
    return found


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def short(number: int | None) -> str:
    """A large number for a glance: `34.9 k`, `1.05 G`; `?` for what cannot be known."""
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
