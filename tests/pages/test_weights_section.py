"""Distributions of weights, and files that do not fit the net."""

from __future__ import annotations

import numpy as np
import pytest

from caffetools.drawing.scene import Rect, flat
from caffetools.formats.blob import Blob
from caffetools.formats.caffemodel import StoredLayer, Weights
from caffetools.pages.weights_section import (
    HEIGHT,
    WIDTH,
    disagreements,
    distributions,
    histogram_scene,
    weights_section,
)
from tests.drawing.cases import conv
from tests.nets import given, net

MADE = net(given("data", 1, 4, 8, 8) + conv("c", "data"))
WEIGHT = np.linspace(-1, 1, 4 * 4 * 3 * 3, dtype=np.float32)
BIAS = np.zeros(4, dtype=np.float32)


def stored(*layers: tuple[str, tuple[Blob, ...]]) -> Weights:
    made = tuple(StoredLayer(name, "Convolution", blobs) for name, blobs in layers)
    return Weights("w.caffemodel", "caffemodel", "", made)


NAMES = {"w.caffemodel": "w.caffemodel"}
BLOBS = (Blob((4, 4, 3, 3), WEIGHT), Blob((1, 1, 1, 4), BIAS))


def test_distributions() -> None:
    weight, bias = distributions(MADE, stored(("c", BLOBS)))
    assert (weight.layer, weight.role, weight.shape) == ("c", "weight", (4, 4, 3, 3))
    assert (weight.low, weight.high, sum(weight.counts)) == (-1, 1, 144)
    assert weight.counts == weight.counts[::-1]
    assert weight.mean == pytest.approx(0, abs=1e-7)
    # n numbers evenly from -1 to 1 deviate by sqrt((n + 1) / (3 (n - 1)))
    assert weight.deviation == pytest.approx((145 / (3 * 143)) ** 0.5)
    assert (bias.role, bias.zeros, bias.low, bias.high) == ("bias", 4, 0, 0)


def test_numbers_that_are_none_are_counted_apart() -> None:
    values = np.array([1, np.nan, np.inf, 2], dtype=np.float32)
    (found,) = distributions(MADE, stored(("c", (Blob((4,), values),))))
    assert (found.low, found.high, found.not_finite, sum(found.counts)) == (1, 2, 2, 2)


def test_nothing_but_nan_and_nothing_at_all() -> None:
    for values in (np.array([np.nan], dtype=np.float32), np.array([], dtype=np.float32)):
        (found,) = distributions(MADE, stored(("c", (Blob(values.shape, values),))))
        assert sum(found.counts) == 0
        histogram_scene(found)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (stored(("c", BLOBS)), []),
        (stored(), ["c: the file has no weights for it"]),
        (stored(("c", BLOBS), ("d", BLOBS)), ["d: the net has no such layer"]),
        (stored(("c", BLOBS[:1])), ["c: 1 blobs in the file, 2 in the net"]),
        (
            stored(("c", (Blob((4, 4, 2, 2), WEIGHT[:64]), BLOBS[1]))),
            ["c: weight is 4 x 4 x 2 x 2 in the file, 4 x 4 x 3 x 3 in the net"],
        ),
    ],
)
def test_disagreements(weights: Weights, expected: list[str]) -> None:
    assert disagreements(MADE, weights) == expected


def test_the_drawing() -> None:
    weight, _ = distributions(MADE, stored(("c", BLOBS)))
    scene = histogram_scene(weight)
    assert scene.title == "c: weight"
    assert scene.description.startswith("144 numbers from -1 to 1, mean ")
    bars = [
        item for item, _, _ in flat(scene.items) if isinstance(item, Rect) and item.style == "bar"
    ]
    assert len(bars) == 48
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH and 0 <= bar.y <= HEIGHT for bar in bars)


def test_a_figure_for_each_blob() -> None:
    html = weights_section(MADE, stored(("c", BLOBS)), NAMES)
    assert html.count("<figure>") == html.count("<svg") == 2
    assert html.count("<h4>c</h4>") == 1
    assert "bias: 1 x 1 x 1 x 4, mean 0, deviation 0, 4 zeros" in html
    assert "Differences" not in html


def test_differences_are_listed() -> None:
    html = weights_section(MADE, stored(("<d>", BLOBS)), NAMES)
    assert "<summary>Differences from the net (2)</summary>" in html
    assert "<li>&lt;d&gt;: the net has no such layer</li>" in html


def test_values_that_are_not_finite_are_named() -> None:
    blob = Blob((2,), np.array([np.nan, 1], dtype=np.float32))
    html = weights_section(MADE, stored(("c", (blob,))), NAMES)
    assert "1 not finite" in html


def test_further_layers_are_collapsed() -> None:
    names = [f"c{n}" for n in range(30)]
    text = given("data", 1, 4, 8, 8) + "".join(conv(name, "data") for name in names)
    html = weights_section(net(text), stored(*((name, BLOBS) for name in names)), NAMES)
    assert html.count("<h4>") == 30
    assert html.index("<details><summary>6 further layers") < html.index("<h4>c24</h4>")
