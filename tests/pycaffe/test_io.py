from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffetools.pycaffe.float_resize import resized
from tests.live_nets import caffe

io, pb2 = caffe.io, caffe.proto.caffe_pb2
IMAGE = np.arange(4 * 6 * 3, dtype=np.float32).reshape(4, 6, 3) / 72


def test_blobs() -> None:
    array = np.arange(6.0).reshape(1, 2, 3)
    blob = io.array_to_blobproto(array, diff=-array)
    assert list(blob.shape.dim) == [1, 2, 3]
    np.testing.assert_array_equal(io.blobproto_to_array(blob), array)
    np.testing.assert_array_equal(io.blobproto_to_array(blob, return_diff=True), -array)
    text = io.arraylist_to_blobprotovector_str([array, array[0]])
    found = io.blobprotovector_str_to_arraylist(text)
    assert [each.shape for each in found] == [(1, 2, 3), (2, 3)]


def test_blobs_of_four_axes_of_old() -> None:
    blob = pb2.BlobProto(data=range(6), num=1, channels=1, height=2, width=3)
    assert io.blobproto_to_array(blob).shape == (1, 1, 2, 3)
    with pytest.raises(ValueError, match="reshape"):
        io.blobproto_to_array(pb2.BlobProto(data=range(6)))
    assert io.blobproto_to_array(pb2.BlobProto(data=[123])) == 123


@pytest.mark.parametrize("kind", [np.uint8, np.float64])
def test_datums(kind: type) -> None:
    array: Any = np.arange(12).reshape(3, 2, 2).astype(kind)
    datum = io.array_to_datum(array, label=4)
    assert (datum.channels, datum.height, datum.width, datum.label) == (3, 2, 2, 4)
    assert (len(datum.data), len(datum.float_data)) == ((12, 0) if kind is np.uint8 else (0, 12))
    found = io.datum_to_array(pb2.Datum.FromString(datum.SerializeToString()))
    assert found.dtype == kind
    np.testing.assert_array_equal(found, array)
    assert not io.array_to_datum(array).HasField("label")
    with pytest.raises(ValueError, match="3 axes, found 2"):
        io.array_to_datum(array[0])


def transformer(size: tuple[int, int] = (4, 6)) -> Any:
    made = io.Transformer({"data": (1, 3, *size)})
    made.set_transpose("data", (2, 0, 1))
    made.set_channel_swap("data", (2, 1, 0))
    made.set_raw_scale("data", 255)
    made.set_mean("data", np.array([1.0, 2, 3]))
    made.set_input_scale("data", 0.5)
    return made


def test_preprocess_and_deprocess() -> None:
    made = transformer()
    found = made.preprocess("data", IMAGE)
    bgr = IMAGE[:, :, ::-1].transpose(2, 0, 1)
    np.testing.assert_allclose(
        found, (bgr * 255 - np.array([1, 2, 3]).reshape(3, 1, 1)) * 0.5, rtol=1e-5
    )
    np.testing.assert_allclose(made.deprocess("data", found), IMAGE, atol=1e-6)


def test_deprocess_swaps_channels_of_three_axes_only() -> None:
    """A single channel is squeezed away, and then [order, :, :] finds too few axes."""
    made = io.Transformer({"data": (1, 1, 4, 6)})
    made.set_channel_swap("data", (0,))
    with pytest.raises(IndexError, match="too many indices"):
        made.deprocess("data", np.zeros((1, 1, 4, 6)))


def test_preprocess_resizes() -> None:
    made = io.Transformer({"data": (1, 3, 2, 3)})
    found = made.preprocess("data", IMAGE)
    least, most = IMAGE.min(), IMAGE.max()
    normal = (IMAGE - least) / (most - least)
    np.testing.assert_allclose(found, resized(normal, 2, 3) * (most - least) + least, atol=1e-6)


def test_a_mean_image_is_resized() -> None:
    made = transformer((2, 3))
    mean = np.stack([np.full((4, 6), value) for value in (0.0, 50, 100)])
    made.set_mean("data", mean)
    assert made.mean["data"].shape == (3, 2, 3)
    made.set_mean("data", np.ones((3, 2, 3)))
    assert made.mean["data"].tolist() == np.ones((3, 2, 3)).tolist()
    gray = io.Transformer({"data": (1, 1, 2, 3)})
    gray.set_mean("data", np.ones((2, 3)))
    assert gray.mean["data"].shape == (2, 3)


@pytest.mark.parametrize(
    ("use", "kind", "message"),
    [
        (lambda made: made.set_raw_scale("x", 1), Exception, "x is not one of the net inputs"),
        (lambda made: made.preprocess("x", IMAGE), Exception, "not one of the net inputs"),
        (lambda made: made.set_transpose("data", (1, 0)), Exception, "dimensions as the input, 3"),
        (lambda made: made.set_channel_swap("data", (1, 0)), Exception, "input channels, 3, found"),
        (lambda made: made.set_mean("data", np.ones(2)), ValueError, "expected 3, found 2"),
        (lambda made: made.set_mean("data", np.ones((1, 1, 1, 1))), ValueError, "found 4"),
    ],
)
def test_wrong_options(use: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        use(transformer())


def test_load_image(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = np.array([[[255, 0, 51], [0, 102, 0]]], np.uint8)
    image.fromarray(pixels).save(tmp_path / "rgb.png")
    found = io.load_image(str(tmp_path / "rgb.png"))
    assert (found.dtype, found.shape) == (np.float32, (1, 2, 3))
    np.testing.assert_allclose(found, pixels / 255, rtol=1e-6)
    gray = io.load_image(str(tmp_path / "rgb.png"), color=False)
    expected = [0.2125 * 1 + 0.0721 * 0.2, 0.7154 * 0.4]
    np.testing.assert_allclose(gray.ravel(), expected, rtol=1e-6)
    image.fromarray(pixels[:, :, 0]).save(tmp_path / "gray.png")
    assert io.load_image(str(tmp_path / "gray.png")).tolist() == [[[1, 1, 1], [0, 0, 0]]]
    assert io.load_image(str(tmp_path / "gray.png"), color=False).shape == (1, 2, 1)
    alpha = np.concatenate([pixels, np.full((1, 2, 1), 9, np.uint8)], 2)
    image.fromarray(alpha).save(tmp_path / "rgba.png")
    np.testing.assert_array_equal(io.load_image(str(tmp_path / "rgba.png")), found)


def test_wrong_images(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(RuntimeError, match=r"a.png: the image cannot be decoded"):
        io.load_image(str(tmp_path / "a.png"))
    with pytest.raises(FileNotFoundError, match=r"b.png: .*o such file"):
        io.load_image(str(tmp_path / "b.png"))


def test_a_constant_image_stays_so() -> None:
    assert np.unique(io.resize_image(np.full((4, 4, 3), 7.0), (9, 2))).tolist() == [7]
    assert io.resize_image(np.ones((4, 4, 2)), (3, 3)).shape == (3, 3, 2)


def test_oversample() -> None:
    """Of 4 x 6, crops of 2 x 3: corners, the center from (1, 1.5), mirror images."""
    found = io.oversample([IMAGE, IMAGE + 1], (2, 3))
    assert (found.shape, found.dtype) == ((20, 2, 3, 3), np.float32)
    starts = [(0, 0), (0, 3), (2, 0), (2, 3), (1, 1)]
    for index, (y, x) in enumerate(starts):
        crop = IMAGE[y : y + 2, x : x + 3]
        np.testing.assert_array_equal(found[index], crop)
        np.testing.assert_array_equal(found[index + 5], crop[:, ::-1])
        np.testing.assert_array_equal(found[index + 10], crop + 1)
