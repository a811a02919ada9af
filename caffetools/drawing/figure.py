"""A net as papers draw it: one row of volumes, kernels drawn inside, for nets that are chains."""

from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise
from typing import NamedTuple

from caffetools.drawing.diagram import diagram, family, windows
from caffetools.drawing.graph_page import MARGIN
from caffetools.drawing.layer_text import group_count, item_shape_text, option_text
from caffetools.drawing.scene import Point, Rect, Scene, SceneGroup, SceneItem, Text, polyline
from caffetools.drawing.solids import Solid, solid_items
from caffetools.drawing.stages import Stage, stages
from caffetools.drawing.style import fitted, styled_width
from caffetools.net.certain import PartialShape
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.table import printable

_HEIGHT = 200.0
"""Height of the largest volume."""
_SLANT = (0.38, 0.26)
_GAP = 22.0
_LINE = 17.0
_WIDEST = 150.0
_UNKNOWN = 32
"""Extent to draw for an unknown one."""
_MOST_VOLUMES = 12
"""Maximum number of volumes in which equal ones that follow each other are drawn apart."""


class Volume(NamedTuple):
    """A blob in the row, and the stages that make it; none for the input."""

    shape: PartialShape
    stages: tuple[Stage, ...]


def figure_scene(net: Net) -> Scene:
    """Draw a net that is a chain as one row of volumes.

    Raises CaffeToolsError, placed at the layer, where the net branches.
    """
    found = volumes(net)
    extents = [extent for volume in found for extent in (volume.shape or ())[2:]]
    largest = max((extent or _UNKNOWN for extent in extents), default=_UNKNOWN)
    items: list[SceneItem] = []
    places: list[tuple[float, Solid]] = []
    right = down = up = 0.0
    for number, volume in enumerate(found):
        drawn = _solid(volume.shape, largest)
        operation = _operation(volume)
        lines = _lines(volume)
        half = max(drawn.width, *(styled_width(*line) for line in lines)) / 2
        gap = max((styled_width(*line) for line in operation), default=0) + _GAP
        before = places[-1][0] + places[-1][1].width if places else 0.0
        center = max(right + _GAP / 2 + half, before + gap + drawn.width / 2) if number else half
        places.append((center - drawn.width / 2, drawn))
        right = center + half
        label = drawn.full_height / 2
        items.extend(
            Text(center, label + _LINE * (row + 1) + 2, text, style, "middle")
            for row, (text, style) in enumerate(lines)
        )
        down = max(down, label + _LINE * len(lines) + 8)
        middle = (before + center - drawn.width / 2) / 2
        above = label + 10 if drawn.up else -4.0
        up = max(up, label, above + _LINE * len(operation))
        items.extend(
            Text(middle, -above - _LINE * (len(operation) - row - 1), text, style, "middle")
            for row, (text, style) in enumerate(operation)
        )
    solids: list[SceneItem] = []
    for x, drawn in places:
        style = "volume-front" if drawn.up else "dense"
        solids.extend(solid_items(drawn, x, 0, style=style))
    for (_, volume), ((x, drawn), (end, target)) in zip(
        pairwise(found), pairwise(places), strict=True
    ):
        solids.extend(_kernel(volume, x, drawn, end, target))
    size = (right + 2 * MARGIN, up + down + 2 * MARGIN)
    paper = Rect(0, 0, *size, "paper")
    row = SceneGroup((*solids, *items), offset=(MARGIN, MARGIN + up))
    text = ", ".join(item_shape_text(volume.shape) for volume in found)
    return Scene(*size, printable(net.name) or "net", f"Volumes of a net: {text}.", (paper, row))


def volumes(net: Net) -> list[Volume]:
    """Return the volumes of a net that is a chain: its input, and the output of each stage.

    Of more than `_MOST_VOLUMES`, equal ones that follow each other are one.
    """
    check_chain(net)
    found = stages(net)
    if not found:
        text = "a figure expects a net with convolutions or inner products"
        raise net.inferred.graph.message.error(text)
    shapes = net.certain.shapes

    def shape(stage: Stage) -> PartialShape:
        return shapes[stage.layers[0].node.tops[0]]

    apart = len(found) < _MOST_VOLUMES
    runs = groupby(enumerate(found), lambda each: (shape(each[1]), each[0] if apart else 0))
    volumes = [Volume(key[0], tuple(stage for _, stage in run)) for key, run in runs]
    return [Volume(shapes[found[0].layers[0].node.bottoms[0]], ()), *volumes]


def check_chain(net: Net) -> None:
    """Raise CaffeToolsError, placed, where a net branches, except to losses and accuracies."""
    drawing = diagram(net)
    read = Counter(reader for link in drawing.links for reader in link.readers)
    made = {link.source for link in drawing.links if link.readers}
    ends = {
        box
        for box, inside in enumerate(drawing.boxes)
        if box not in made
        and (read[box] > 1 or family(net.known_layers[inside.layers[0]]) == "loss")
    }
    starts = 0
    for box, inside in enumerate(drawing.boxes):
        readers = {r for link in drawing.links if link.source == box for r in link.readers} - ends
        starts += not read[box] and bool(readers)
        layer = net.known_layers[inside.layers[0]]
        if len(readers) > 1 or (read[box] > 1 and box not in ends) or starts > 1:
            text = f"a figure expects a chain of layers; {layer.node.key!a} "
            names = [net.known_layers[drawing.boxes[r].layers[0]].node.key for r in sorted(readers)]
            many = f"is read by {', '.join(names)}" if len(names) > 1 else "has several inputs"
            raise layer.node.message.error(text + (many if starts < 2 else "is a second input"))


def _solid(shape: PartialShape, largest: int) -> Solid:
    """Return the solid of a shape; lengths grow slower than extents."""
    given = (None,) * 4 if shape is None else shape
    extents = [_UNKNOWN if extent is None else extent for extent in given[1:]]
    if len(extents) < 2:
        return Solid(13, 14 + 9 * float(extents[0] if extents else 1) ** 0.32, 0, 0)
    channels, height, width = (*extents, 1)[:3]
    high, wide = (_HEIGHT * (extent / largest) ** 0.55 for extent in (height, width))
    return Solid(3.6 * channels**0.5, high, wide * _SLANT[0], wide * _SLANT[1])


def _lines(volume: Volume) -> list[tuple[str, str]]:
    """Return the lines below a volume: shape, name, what follows."""
    lines = [(item_shape_text(volume.shape), "figure-size")]
    if not volume.stages:
        return [*lines, ("input", "figure-name")]
    first, last = volume.stages[0], volume.stages[-1]
    name = f"{len(volume.stages)} × {first.name} …" if last is not first else first.name
    lines.append((fitted(name, "figure-name", _WIDEST), "figure-name"))
    following = [layer for layer in last.layers[1:] if family(layer) != "pooling"]
    types = ", ".join(dict.fromkeys(layer.node.type for layer in following))
    texts = [types] if types else []
    for layer in last.layers[1:]:
        if family(layer) == "pooling":
            method, _, window = option_text(layer).partition(" ")
            texts += [f"{method.lower()} pooling", window]
    lines.extend((fitted(text, "detail", _WIDEST), "detail") for text in texts)
    return lines


def _operation(volume: Volume) -> list[tuple[str, str]]:
    """Return the lines above the gap before a volume: kernel, stride, groups."""
    if not volume.stages:
        return []
    layer = volume.stages[0].layers[0]
    found = windows(layer)
    if not found:
        return [("dense", "figure-name")]
    lines = [("×".join(str(window.kernel or "?") for window in found), "kernel")]
    strides = {window.stride for window in found}
    lines.extend((f"stride {stride}", "detail") for stride in strides if strides != {1})
    groups = group_count(layer)
    return [*lines, (f"{groups} groups", "detail")] if groups > 1 else lines


def _kernel(volume: Volume, x: float, drawn: Solid, end: float, target: Solid) -> list[SceneItem]:
    """Draw the kernel of a stage on the face of its input, and rays to where its output is."""
    layer = volume.stages[0].layers[0]
    right, top = x + drawn.thickness, -drawn.full_height / 2 + drawn.up
    tip = (end + min(target.thickness / 2, 12), -target.full_height / 2 + target.up)
    found = windows(layer) or []
    if len(found) != 2 or not drawn.up:
        edge = (x + drawn.width, -drawn.full_height / 2)
        foot = (x + drawn.width, drawn.full_height / 2 - drawn.up)
        ends = [(end, tip[1]), (end, target.full_height / 2)]
        return [polyline([a, b], "ray-dense") for a, b in zip((edge, foot), ends, strict=True)]
    shares = _shares(layer)
    low, near = 0.5 - shares[0] / 2, 0.5 - shares[1] / 2

    def on_face(across: float, along: float) -> Point:
        return right + across * drawn.right, top + along * drawn.height - across * drawn.up

    corners = [
        on_face(near, low),
        on_face(near + shares[1], low),
        on_face(near + shares[1], low + shares[0]),
        on_face(near, low + shares[0]),
    ]
    tip = (tip[0], tip[1] + target.height / 2)
    rays = [polyline([corner, tip], "ray") for corner in corners]
    dot = Rect(tip[0] - 1.8, tip[1] - 1.8, 3.6, 3.6, "kernel-tip", 1.8)
    return [polyline([*corners, corners[0]], "kernel-face"), *rays, dot]


def _shares(layer: InferredLayer) -> tuple[float, float]:
    """Return the shares of the height and width of its bottom that a kernel covers."""
    shape = layer.bottoms[0] or (_UNKNOWN,) * 4
    kernels = [window.kernel for window in windows(layer) or ()]
    pairs = zip(kernels, shape[-2:], strict=True)
    high, wide = (min(max(kernel / max(extent, 1), 0.09), 1.0) for kernel, extent in pairs)
    return high, wide
