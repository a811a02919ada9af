"""A path -> numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.caffemodel import caffemodel
from caffetools.formats.weights import read_layers, read_weights
from caffetools.proto.source import mapped
from caffetools.proto.wire import bytes_field, integer_field, string_field


def test_by_name_or_by_content(tmp_path: Path) -> None:
    data = b"".join(caffemodel("net", [("a", "Bias", [np.ones(2, np.float32)])]))
    for name in ("net.caffemodel", "net", "net.bin"):
        (tmp_path / name).write_bytes(data)
        weights = read_weights(tmp_path / name)
        assert (weights.kind, weights.name, len(weights.layers)) == ("caffemodel", "net", 1)
        assert weights.path == str(tmp_path / name)


def test_a_mean(tmp_path: Path) -> None:
    path = tmp_path / "mean.binaryproto"
    # num 1, channels 1, height 1, width 2, and two numbers
    path.write_bytes(bytes.fromhex("08 01 10 01 18 01 20 02 2a 08 0000803f 00000040"))
    (layer,) = read_weights(path).layers
    assert layer.blobs[0].shape == (1, 1, 1, 2)
    assert layer.blobs[0].values.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "no such file"),
        (b"", "the file is empty: expected weights"),
        (b"layer { name: 'a' }", "this is not a .caffemodel"),
        (b"\x89HDF\r\n\x1a\n", "the HDF5 file is damaged"),
    ],
)
def test_what_is_no_such_file(tmp_path: Path, content: bytes | None, text: str) -> None:
    path = tmp_path / "net.caffemodel"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CaffeToolsError) as caught:
        read_weights(path)
    assert text in caught.value.message
    assert caught.value.location == (str(path), None, None)


def test_the_file_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert bytes(mapped(path)) == b"abc"
    assert mapped(path).readonly


def test_half_precision_of_nvcaffe_for_training(tmp_path: Path) -> None:
    """raw_data of raw_data_type FLOAT16, which a second reader of BlobProto did not know."""
    raw = np.array([0.5, -2], np.float16).tobytes()
    blob = bytes_field(7, bytes_field(1, b"\2")) + integer_field(10, 2) + bytes_field(12, raw)
    path = tmp_path / "net.caffemodel"
    path.write_bytes(bytes_field(100, string_field(1, "ip") + bytes_field(7, blob)))
    (found,) = read_layers(path)["ip"]
    assert found is not None
    assert found.values.dtype == np.float16
    assert found.as_float32().tolist() == [0.5, -2]


def test_files_that_caffe_wrote(caffe: Path) -> None:
    paths = sorted(caffe.glob("*/*/net.caffemodel"))
    assert len(paths) > 200
    for path in paths:
        layers = {layer.name: layer for layer in read_weights(path).layers}
        with np.load(path.with_name("data.npz")) as arrays:
            for key in arrays.files:
                if key.startswith("param/"):
                    layer, index = key[6:].rsplit("/", 1)
                    blob = layers[layer].blobs[int(index)]
                    assert np.array_equal(blob.as_float32(), arrays[key]), (path, key)
