"""The section of a page about costs: a bar for each layer, in the order of the net."""

from __future__ import annotations

from typing import NamedTuple

from caffetools.drawing.layer_text import total_text
from caffetools.drawing.scene import Rect, Scene, SceneGroup, SceneItem, Text
from caffetools.drawing.svg import svg
from caffetools.layers.blobs import count
from caffetools.net.cost import FLOAT_BYTES
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.pages.markup import Markup, cut, element, section
from caffetools.table import printable

WIDTH, HEIGHT = 400.0, 118.0
_FLOOR = 100.0
_MAX_GAP = 2.0


class Profile(NamedTuple):
    """A quantity of each layer."""

    title: str
    values: tuple[int, ...]
    is_known: bool = True
    """Whether no value is unknown, and so counted as 0."""

    @property
    def total(self) -> int:
        """Sum over all layers."""
        return sum(self.values)

    def largest(self, most: int = 5) -> list[int]:
        """Return the layers with the largest values, in descending order."""
        order = sorted(range(len(self.values)), key=lambda i: -self.values[i])
        return [i for i in order[:most] if self.values[i]]


def profiles(net: Net) -> tuple[Profile, ...]:
    """Return parameters, multiply-accumulates and memory of tops; unknown values count as 0."""
    layers = net.layers
    is_known = net.cost.macs is not None
    has_shapes = net.cost.memory_bytes is not None
    return (
        Profile("parameters", tuple(layer.owned_params for layer in layers), is_known),
        Profile("multiply-accumulates", tuple(layer.macs or 0 for layer in layers), is_known),
        Profile("bytes of tops", tuple(map(_bytes, layers)), has_shapes),
    )


def _bytes(layer: InferredLayer) -> int:
    """Return the memory of the layer's tops; a top in place has none of its own."""
    tops = zip(layer.tops, layer.node.in_place, strict=True)
    return sum(FLOAT_BYTES * count(shape) for shape, in_place in tops if shape and not in_place)


def profile_scene(net: Net, profile: Profile) -> Scene:
    """Draw a profile as bars."""
    largest = max(profile.values, default=0) or 1
    step = WIDTH / max(len(profile.values), 1)
    gap = min(_MAX_GAP, step / 4)
    items: list[SceneItem] = [Rect(0, _FLOOR, WIDTH, 1, "gauge")]
    for index, value in enumerate(profile.values):
        if not value:
            continue
        height = max(_FLOOR * 0.97 * value / largest, 1.0)
        bar = Rect(round(index * step, 2), _FLOOR - height, max(step - gap, 0.6), height, "bar")
        title = f"{net.layers[index].node.key}: {value:,} ({percent(value, profile.total)})"
        items.append(SceneGroup((bar,), title, (("layers", str(index)),)))
    items.append(Text(0, HEIGHT - 6, "first layer", "tick"))
    items.append(Text(WIDTH, HEIGHT - 6, "last layer", "tick", "end"))
    most = ", ".join(
        f"{printable(net.layers[i].node.key)} {percent(profile.values[i], profile.total)}"
        for i in profile.largest()
    )
    return Scene(WIDTH, HEIGHT, profile.title, f"Most in {most}" if most else "None", tuple(items))


def percent(part: int, whole: int) -> str:
    """Return a share in percent."""
    return f"{100 * part / whole:.1f} %" if whole else "0 %"


def cost_section(net: Net) -> Markup:
    """Return the section about parameters, multiply-accumulates and memory."""
    parts = [_figure(net, profile, index) for index, profile in enumerate(profiles(net))]
    return section("costs", "Costs", element("div", *parts, class_="profiles"))


def _figure(net: Net, profile: Profile, index: int) -> Markup:
    largest = [
        element(
            "li",
            element("button", cut(net.layers[i].node.key), type="button", data_layer=i),
            f" {profile.values[i]:,} ({percent(profile.values[i], profile.total)})",
        )
        for i in profile.largest()
    ]
    return element(
        "figure",
        element("figcaption", f"{profile.title}: {total_text(profile.total, profile.is_known)}"),
        Markup(svg(profile_scene(net, profile), f"profile-{index}", own_style=False)),
        element("ol", *largest),
    )
