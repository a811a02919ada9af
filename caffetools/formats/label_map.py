"""Label maps: the classes of a detector, by their names in the data (LabelMap of caffe.proto)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from caffetools.errors import CaffeToolsError
from caffetools.formats.files import read_text
from caffetools.proto import prototxt
from caffetools.proto.source import Source


def read_label_map(path: str, *, unique: bool = False) -> dict[str, int]:
    """Return the number of each name; of a name that is there twice, the last.

    Raises CaffeToolsError, located, for another file and, with `unique`, for such a name.
    """
    labels: dict[str, int] = {}
    for item in prototxt.parse(Source(path, read_text(path)), "LabelMap").messages("item"):
        name = item.text("name")
        if unique and name in labels:
            text = f"the name {name!a} is there twice"
            raise item.error(text, "name", kind=CaffeToolsError)
        labels[name] = item.integer("label")
    return labels


def label_names(path: str) -> dict[int, str]:
    """Return the name to display of each number."""
    items = prototxt.parse(Source(path, read_text(path)), "LabelMap").messages("item")
    return {each.integer("label"): each.text("display_name") or each.text("name") for each in items}


def label_map(labels: Mapping[str, int], shown: Sequence[str] = ()) -> bytes:
    """Return a label map with the background as 0; `shown` are names to display."""
    rows = [("none_of_the_above", 0, "background")]
    named = zip(labels.items(), shown or labels, strict=True)
    rows += [(name, label, text) for (name, label), text in named if label]
    return "".join(
        f"item {{ name: {json.dumps(name)} label: {label} display_name: {json.dumps(text)} }}\n"
        for name, label, text in rows
    ).encode()
