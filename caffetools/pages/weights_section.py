"""The section of a page about weights: a histogram of each blob, and differences from the net."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from caffetools.drawing.scene import Rect, Scene, SceneGroup, SceneItem, Text
from caffetools.drawing.svg import svg
from caffetools.formats.blob import Blob
from caffetools.formats.caffemodel import Weights
from caffetools.layers.blobs import dims
from caffetools.net.net import Net
from caffetools.pages.chart import number
from caffetools.pages.filters import filter_figure
from caffetools.pages.markup import Markup, element, folded, section
from caffetools.table import printable

WIDTH, HEIGHT = 220.0, 96.0
_FLOOR = 74.0
_BINS = 48
_LONG = 12
"""Number of differences that are not collapsed."""
_FIRST = 24
"""Number of layers whose histograms are not collapsed."""


@dataclass(frozen=True)
class Distribution:
    """Distribution of the numbers of a blob; `counts` are of the finite ones, in equal bins."""

    layer: str
    role: str
    shape: tuple[int, ...]
    counts: tuple[int, ...]
    low: float
    high: float
    mean: float
    deviation: float
    zeros: int
    not_finite: int


def distributions(net: Net, weights: Weights) -> Iterator[Distribution]:
    """Yield the distribution of each blob of the file whose layer is in the net, by name."""
    stored = {layer.name: layer for layer in weights.layers}
    for layer in net.layers:
        found = stored.get(layer.node.name)
        for index, blob in enumerate(found.blobs if found else ()):
            known = layer.params[index] if index < len(layer.params) else None
            role = known.role if known else f"blob {index}"
            yield _distribution(layer.node.key, role, blob)


def _distribution(layer: str, role: str, blob: Blob) -> Distribution:
    import numpy as np

    values = blob.values
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    counts, _ = np.histogram(finite, bins=_BINS, range=(low, high if high > low else low + 1))
    return Distribution(
        layer,
        role,
        blob.shape,
        tuple(map(int, counts)),
        low,
        high,
        float(finite.mean(dtype=np.float64)) if finite.size else 0.0,
        float(finite.std(dtype=np.float64)) if finite.size else 0.0,
        int(values.size - np.count_nonzero(values)),
        int(values.size - finite.size),
    )


def disagreements(net: Net, weights: Weights) -> list[str]:
    """Return the layers and blobs that are missing in the file or the net, or differ in shape."""
    stored = {layer.name: layer for layer in weights.layers if layer.blobs}
    named = {layer.node.name: layer for layer in net.layers}
    lines = []
    for layer in net.layers:
        found = stored.get(layer.node.name)
        if not found:
            if layer.params:
                lines.append(f"{layer.node.key}: the file has no weights for it")
            continue
        if len(found.blobs) != len(layer.params):
            lines.append(
                f"{layer.node.key}: {len(found.blobs)} blobs in the file, "
                f"{len(layer.params)} in the net"
            )
        lines.extend(
            f"{layer.node.key}: {param.role} is {dims(blob.shape)} in the file, "
            f"{dims(param.shape)} in the net"
            for blob, param in zip(found.blobs, layer.params, strict=False)
            if not blob.fits(param.shape)
        )
    lines.extend(f"{name}: the net has no such layer" for name in stored if name not in named)
    return lines


def histogram_scene(found: Distribution) -> Scene:
    """Draw a histogram."""
    largest = max(found.counts, default=0) or 1
    step = WIDTH / _BINS
    items: list[SceneItem] = [Rect(0, _FLOOR, WIDTH, 1, "gauge")]
    for index, value in enumerate(found.counts):
        if value:
            height = max((_FLOOR - 4) * value / largest, 0.8)
            items.append(Rect(index * step, _FLOOR - height, step - 0.6, height, "bar"))
    items.append(Text(0, _FLOOR + 14, number(float(f"{found.low:.3g}")), "tick"))
    items.append(Text(WIDTH, _FLOOR + 14, number(float(f"{found.high:.3g}")), "tick", "end"))
    description = (
        f"{sum(found.counts):,} numbers from {found.low:.4g} to {found.high:.4g}, "
        f"mean {found.mean:.4g}, standard deviation {found.deviation:.4g}"
    )
    title = f"{printable(found.layer)}: {found.role}"
    return Scene(
        WIDTH, HEIGHT, title, description, (SceneGroup(tuple(items), f"{title}\n{description}"),)
    )


def weights_section(net: Net, weights: Weights, names: Mapping[str, str]) -> Markup:
    """Return the section about weights: differences, filters, and the histograms of each layer."""
    lines = disagreements(net, weights)
    parts = [element("p", "From ", element("span", names[weights.path], title=weights.path), ".")]
    if lines:
        items = element("ul", *(element("li", line) for line in lines))
        title = f"Differences from the net ({len(lines)})"
        parts.append(folded(title, items, is_open=len(lines) <= _LONG))
    parts.append(filter_figure(net, weights))
    found = groupby(enumerate(distributions(net, weights)), key=lambda pair: pair[1].layer)
    layers = [_layer(layer, list(group)) for layer, group in found]
    parts.append(element("h3", "Histograms"))
    parts.append(element("div", *layers[:_FIRST], class_="histograms"))
    if len(layers) > _FIRST:
        more = element("div", *layers[_FIRST:], class_="histograms")
        parts.append(folded(f"{len(layers) - _FIRST:,} further layers", more))
    return section("weights", "Weights", *parts)


def _layer(name: str, found: Sequence[tuple[int, Distribution]]) -> Markup:
    """Return the histograms of a layer's blobs side by side."""
    figures = (_figure(one, index) for index, one in found)
    return element("div", element("h4", name), *figures, class_="layer")


def _figure(found: Distribution, index: int) -> Markup:
    words = f"{dims(found.shape)}, mean {found.mean:.3g}, deviation {found.deviation:.3g}"
    if found.zeros:
        words += f", {found.zeros:,} zeros"
    if found.not_finite:
        words += f", {found.not_finite:,} not finite"
    caption = element("figcaption", f"{found.role}: {words}")
    scene = histogram_scene(found)
    return element("figure", Markup(svg(scene, f"histogram-{index}", own_style=False)), caption)
