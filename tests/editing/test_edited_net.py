"""Nets with weights: files of weights, drawn blobs, blobs that fit or are made to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffetools.editing.edited_net import drawn_blobs, read_blobs
from caffetools.errors import CaffeToolsError
from caffetools.formats.caffemodel import caffemodel
from caffetools.writing import replace_file
from tests.editing.nets import SMALL, edited, names
from tests.nets import net


def written(path: Path, **blobs: list[np.ndarray]) -> Path:
    replace_file(path, caffemodel("n", ((name, "", arrays) for name, arrays in blobs.items())))
    return path


def test_blobs_have_the_shapes_of_the_net(tmp_path: Path) -> None:
    wide = [np.arange(15, dtype=np.float32).reshape(1, 1, 3, 5), np.ones((1, 1, 1, 3), np.float32)]
    path = written(tmp_path / "w.caffemodel", f2=wide, other=[np.ones(2, np.float32)])
    found = read_blobs(path, net(SMALL, "TEST"))
    assert [blob.shape for blob in found["f2"]] == [(3, 5), (3,)]
    assert found["f2"][0][1].tolist() == [5, 6, 7, 8, 9]
    assert [blob.shape for blob in found["other"]] == [(2,)]


@pytest.mark.parametrize(
    ("blobs", "fragment"),
    [
        ({"f2": [np.ones((3, 6), np.float32)]}, "blob 0 of layer 'f2' expected 3 x 5, found 3 x 6"),
        ({"other": [np.ones(2, np.float32)]}, "no layer of the net has weights in this file"),
    ],
)
def test_weights_of_another_net(
    tmp_path: Path, blobs: dict[str, list[np.ndarray]], fragment: str
) -> None:
    path = written(tmp_path / "w.caffemodel", **blobs)
    with pytest.raises(CaffeToolsError, match=fragment) as caught:
        read_blobs(path, net(SMALL, "TEST"))
    assert caught.value.location == (str(path), None, None)


def test_drawn_blobs_are_the_same_each_time() -> None:
    first, second = (drawn_blobs(net(SMALL, "TEST")) for _ in range(2))
    assert list(first) == ["c1", "bn", "scale", "c2", "f1", "f2"]
    assert all(
        np.array_equal(*pair)
        for name in first
        for pair in zip(first[name], second[name], strict=True)
    )
    assert (first["bn"][1] > 0).all()


def test_fitting_weights_are_cut_or_extended_by_zeros() -> None:
    small = edited()
    weights = {**small.weights, "f2": (np.ones((2, 9), np.float32), np.ones(4, np.float32))}
    weight, bias = small.with_weights(weights).with_fitting_weights().weights["f2"]
    assert weight.tolist() == [[1.0] * 5, [1.0] * 5, [0.0] * 5]
    assert bias.tolist() == [1.0] * 3


def test_misfits_are_refused_at_their_layer() -> None:
    small = edited()
    small.check_weights()
    wrong = small.with_weights({"f2": small.weights["f2"][:1]})
    with pytest.raises(CaffeToolsError, match="'f2' would expect blobs of 3 x 5, 3, it has 3 x 5"):
        wrong.check_weights()
    with pytest.raises(CaffeToolsError, match="no layer 'x' in the phase TEST"):
        small.layer("x")


def test_weights_of_removed_layers_are_removed() -> None:
    found = edited().with_messages(
        lambda each: [] if each.text("name") in {"f2", "prob"} else [each]
    )
    assert names(found)[-1] == "relu_f"
    assert "f2" not in found.weights
