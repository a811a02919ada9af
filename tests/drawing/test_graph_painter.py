"""Pictures connected by lines, with labels, arrows and dots."""

from __future__ import annotations

from caffetools.drawing.graph_painter import Connection, assemble
from caffetools.drawing.layer_box import BlobLabel
from caffetools.drawing.scene import Picture, Rect, SceneGroup
from tests.drawing.cases import styles_of

BOX = Picture(60, 30, (Rect(0, 0, 60, 30, "box"),))


def test_labels_take_room_below() -> None:
    label = BlobLabel("1 × 2", 100, "pill")
    found, items = assemble([BOX, BOX], [Connection(0, (1,), label, "title", (("blob", "blob"),))])
    assert found.width == 100  # the label's
    group, first, second = (item for item in items if isinstance(item, SceneGroup))
    assert group.title == "title"
    assert dict(group.data) == {"blob": "blob"}
    assert styles_of((group,)) == ["link", "link", "pill", "shape", "arrow"]
    assert first.offset[0] == 20  # in the middle above its label
    assert second.offset[1] > 30 + 20


def test_no_arrow_where_a_line_leaves() -> None:
    connection = Connection(0, (1,), None, "")
    _, items = assemble([BOX, Picture(0, 0, ())], [connection], without_arrow=1)
    assert styles_of(tuple(items)) == ["link", "box"]


def test_dots_where_lines_branch() -> None:
    pictures = [BOX] * 3
    _, items = assemble(pictures, [Connection(0, (1, 2), None, "")])
    assert styles_of((items[0],)) == ["link", "arrow", "arrow", "arrow"]
    _, items = assemble(pictures[:2], [Connection(0, (1,), None, "")])
    assert styles_of((items[0],)) == ["link", "arrow"]


def test_several_labels_stand_side_by_side() -> None:
    label = BlobLabel("1", 40, "pill")
    pair = [Connection(0, (), label, name) for name in "ab"]
    _, items = assemble([BOX], pair)
    pills = [
        part
        for item in items
        if isinstance(item, SceneGroup)
        for part in item.items
        if isinstance(part, Rect) and part.style == "pill"
    ]
    assert pills[1].x - pills[0].x == 46
