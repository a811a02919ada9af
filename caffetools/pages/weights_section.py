"""The part of a page about weights."""

from __future__ import annotations

from caffetools.drawing.svg import svg
from caffetools.formats.stored import Weights
from caffetools.layers.base import dims
from caffetools.net.net import Net
from caffetools.pages.histogram import (
    Distribution,
    disagreements,
    distributions,
    histogram_scene,
)
from caffetools.pages.markup import Markup, element
from caffetools.pages.net_sections import section


def weights_section(net: Net, weights: Weights) -> Markup:
    """A histogram of each blob, and where the file and the net disagree."""
    told = disagreements(net, weights)
    parts = [element("p", f"From {weights.path}.")]
    if told:
        parts.append(element("h3", f"Differences from the net ({len(told)})"))
        parts.append(element("ul", *(element("li", line) for line in told)))
    figures = [_figure(found, index) for index, found in enumerate(distributions(net, weights))]
    parts.append(element("div", *figures, class_="histograms"))
    return section("weights", "Weights", *parts)


def _figure(found: Distribution, index: int) -> Markup:
    told = f"{dims(found.shape)}, mean {found.mean:.3g}, deviation {found.deviation:.3g}"
    if found.zeros:
        told += f", {found.zeros:,} zeros"
    if found.not_finite:
        told += f", {found.not_finite:,} that are no finite numbers"
    caption = element("figcaption", element("strong", found.layer), f" {found.role}: {told}")
    scene = histogram_scene(found)
    return element("figure", Markup(svg(scene, f"histogram-{index}", own_style=False)), caption)
