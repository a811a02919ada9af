"""PNG and PDF: the sizes, the limits, and the same bytes each time."""

from __future__ import annotations

import struct

import pytest

from caffetools.drawing import raster
from caffetools.drawing.scene import Move, Path, Rect, Scene, SceneGroup, SceneItem, Text


def scene(width: float = 100, height: float = 50, *items: SceneItem) -> Scene:
    return Scene(width, height, "title", "words", (Rect(0, 0, width, height, "paper"), *items))


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


EVERYTHING = scene(
    100,
    50,
    Rect(1, 1, 20, 10, "shade", 2, 0.5),
    Path((Move((0, 0), start=True), Move((9, 9)), Move((20, 9), ((9, 20),))), "link"),
    SceneGroup((Text(5, 20, "$x^2$ 卷 <b>", "name", "end"),), offset=(30, 0)),
)


def test_two_dots_to_a_pixel() -> None:
    assert size(raster.png(EVERYTHING)) == (200, 100)


def test_a_large_drawing_is_written_at_a_lower_density(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raster, "_MAX_DOTS", 100 * 50)
    assert size(raster.png(scene())) == (100, 50)


def test_a_long_drawing_stays_within_what_the_library_can_draw() -> None:
    width, height = size(raster.png(scene(10, 100_000)))
    assert height <= 65_000
    assert width == 6  # 10 at 65,000 to 100,000


def test_the_page_of_a_pdf_is_as_large_as_readers_promise_to_show() -> None:
    assert b"/MediaBox [ 0 0 100 50 ]" in raster.pdf(scene())
    assert b"/MediaBox [ 0 0 1.44 14400 ]" in raster.pdf(scene(10, 100_000))


def test_the_same_bytes_each_time() -> None:
    assert raster.png(EVERYTHING) == raster.png(EVERYTHING)
    assert raster.pdf(EVERYTHING) == raster.pdf(EVERYTHING)


def test_paint_is_where_the_scene_says() -> None:
    from io import BytesIO

    from matplotlib.image import imread

    pixels = imread(BytesIO(raster.png(scene(10, 10, Rect(0, 0, 5, 5, "gauge-part")))))
    assert pixels.shape[:2] == (20, 20)
    assert pixels[4, 4, :3] == pytest.approx([0x2F / 255, 0x4B / 255, 0x66 / 255], abs=0.01)
    assert pixels[14, 14, :3] == pytest.approx([1, 1, 1])
