from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.label_map import label_map, label_names, read_label_map


def test_a_map_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "labelmap.prototxt"
    path.write_bytes(label_map({"none": 0, "1": 1, "90": 2}, ["", "person", 'a "b"']))
    assert read_label_map(str(path)) == {"none_of_the_above": 0, "1": 1, "90": 2}
    assert label_names(str(path)) == {0: "background", 1: "person", 2: 'a "b"'}


def test_a_name_that_is_there_twice(tmp_path: Path) -> None:
    path = tmp_path / "labelmap.prototxt"
    path.write_text('item { name: "a" label: 1 }\nitem { name: "a" label: 2 }\n')
    assert read_label_map(str(path)) == {"a": 2}
    assert label_names(str(path)) == {1: "a", 2: "a"}
    with pytest.raises(CaffeToolsError, match="the name 'a' is there twice") as caught:
        read_label_map(str(path), unique=True)
    assert str(caught.value.location) == f"{path}:2:8"
