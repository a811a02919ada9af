"""Where a quantity goes: a bar for each layer, in the order of the net."""

from __future__ import annotations

from typing import NamedTuple

from caffetools.drawing.scene import Rect, Scene, SceneGroup, SceneItem, Text
from caffetools.layers.base import count
from caffetools.net.cost import FLOAT
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.table import printable

WIDTH, HEIGHT = 400.0, 118.0
_FLOOR = 100.0
_MOST_GAP = 2.0


class Profile(NamedTuple):
    """One quantity, for each layer."""

    title: str
    values: tuple[int, ...]

    @property
    def total(self) -> int:
        """Of all layers."""
        return sum(self.values)

    def largest(self, most: int = 5) -> list[int]:
        """The layers with the greatest values, greatest first."""
        order = sorted(range(len(self.values)), key=lambda i: -self.values[i])
        return [i for i in order[:most] if self.values[i]]


def profiles(net: Net) -> tuple[Profile, ...]:
    """Parameters, multiply-accumulates and the memory of tops; the unknown counts as nothing."""
    return (
        Profile("parameters", tuple(layer.owned_params for layer in net.layers)),
        Profile("multiply-accumulates", tuple(layer.macs or 0 for layer in net.layers)),
        Profile("bytes of tops", tuple(map(_bytes, net.layers))),
    )


def _bytes(layer: InferredLayer) -> int:
    """What the layer's tops take; one in place takes nothing of its own."""
    tops = zip(layer.tops, layer.node.in_place, strict=True)
    return sum(FLOAT * count(shape) for shape, in_place in tops if shape and not in_place)


def profile_scene(net: Net, profile: Profile) -> Scene:
    """The drawing of a profile: bars of the share that each layer has."""
    greatest = max(profile.values, default=0) or 1
    step = WIDTH / max(len(profile.values), 1)
    gap = min(_MOST_GAP, step / 4)
    items: list[SceneItem] = [Rect(0, _FLOOR, WIDTH, 1, "gauge")]
    for index, value in enumerate(profile.values):
        if not value:
            continue
        height = max(_FLOOR * 0.97 * value / greatest, 1.0)
        bar = Rect(round(index * step, 2), _FLOOR - height, max(step - gap, 0.6), height, "bar")
        title = f"{net.layers[index].node.key}: {value:,} ({share(value, profile.total)})"
        items.append(SceneGroup((bar,), title, (("layers", str(index)),)))
    items.append(Text(0, HEIGHT - 6, "first layer", "tick"))
    items.append(Text(WIDTH, HEIGHT - 6, "last layer", "tick", "end"))
    told = ", ".join(
        f"{printable(net.layers[i].node.key)} {share(profile.values[i], profile.total)}"
        for i in profile.largest()
    )
    return Scene(WIDTH, HEIGHT, profile.title, f"Most in {told}" if told else "None", tuple(items))


def share(part: int, whole: int) -> str:
    """A part in percent."""
    return f"{100 * part / whole:.1f} %" if whole else "0 %"
