from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import text_format

from tests.live_nets import INPUT, PRODUCT, caffe


def message() -> object:
    return text_format.Parse(INPUT + PRODUCT, caffe.proto.caffe_pb2.NetParameter())


@pytest.mark.parametrize(("ext", "start"), [("png", b"\x89PNG"), ("svg", b"<"), ("pdf", b"%PDF")])
def test_images(ext: str, start: bytes) -> None:
    assert caffe.draw.draw_net(message(), "LR", ext).startswith(start)


def test_a_file_for_graphviz(tmp_path: Path) -> None:
    path = tmp_path / "net.dot"
    caffe.draw.draw_net_to_file(message(), str(path), "BT", phase=caffe.TEST)
    assert path.read_text().splitlines()[1] == "  rankdir=BT;"
    assert "InnerProduct" in path.read_text()


@pytest.mark.parametrize(
    ("options", "text"),
    [({"ext": "bmp"}, "expected a format of svg, png, pdf, dot"), ({"display_lrm": True}, "lrm")],
)
def test_what_is_not_there(options: dict[str, object], text: str) -> None:
    with pytest.raises(RuntimeError, match=text):
        caffe.draw.draw_net(message(), "LR", **options)


def test_a_net_that_caffe_refuses() -> None:
    net = caffe.proto.caffe_pb2.NetParameter()
    net.layer.add(name="a", type="ReLU", bottom=["x"], top=["a"])
    with pytest.raises(RuntimeError, match=r"<net>:.*unknown bottom 'x'"):
        caffe.draw.draw_net(net, "LR")
