"""Small live nets for the tests of caffetools.pycaffe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from caffetools.pycaffe import install

caffe: Any = install()

INPUT = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }\n'

PRODUCT = (
    'layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" '
    "inner_product_param { num_output: 2 } }\n"
)
"""y = x W' + b of two rows of three numbers; Caffe's default fillers give zeros."""

DATA = (
    'layer { name: "d" type: "DummyData" top: "x" top: "t" dummy_data_param {\n'
    "  shape { dim: 2 dim: 3 } shape { dim: 2 dim: 2 }\n"
    '  data_filler { type: "constant" value: 1 } data_filler { type: "constant" value: 4 } } }\n'
)
LOSS = 'layer { name: "l" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }\n'

CHANNEL_MEANS = (
    'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 2 '
    "dim: 2 } } }\n"
    'layer { name: "mean" type: "Pooling" bottom: "data" top: "mean" '
    "pooling_param { pool: AVE global_pooling: true } }\n"
    'layer { name: "prob" type: "InnerProduct" bottom: "mean" top: "prob" '
    "inner_product_param { num_output: 3 bias_term: false } }\n"
)
"""The mean of each channel, times an identity matrix."""


def live(folder: Path, text: str, phase: int = 0, **options: Any) -> Any:
    """The net of a text, written to net.prototxt."""
    path = folder / "net.prototxt"
    path.write_text(text, encoding="utf-8")
    return caffe.Net(str(path), phase, **options)


def solver_file(folder: Path, settings: str, net: str = DATA + PRODUCT + LOSS) -> str:
    """The path of a solver of a net in the folder."""
    (folder / "net.prototxt").write_text(net, encoding="utf-8")
    path = folder / "solver.prototxt"
    path.write_text(f'net: "{folder}/net.prototxt"\n{settings}\n', encoding="utf-8")
    return str(path)


def channel_means(folder: Path) -> tuple[str, str]:
    """The prototxt and the weights of CHANNEL_MEANS."""
    net = live(folder, CHANNEL_MEANS)
    net.params["prob"][0].data[...] = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    net.save(str(folder / "w.caffemodel"))
    return str(folder / "net.prototxt"), str(folder / "w.caffemodel")
