"""A net that compares three scores with labels, its data, and images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from caffetools.formats.caffemodel import caffemodel
from caffetools.writing import replace_file

NET = """\
name: "tiny"
layer { name: "data" type: "ImageData" top: "data" top: "label"
  image_data_param { source: "list.txt" batch_size: 2 new_height: 4 new_width: 4 is_color: false }
  transform_param { crop_size: 2 mean_value: 10 scale: 0.5 } }
layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc"
  inner_product_param { num_output: 3 } }
layer { name: "accuracy" type: "Accuracy" bottom: "fc" bottom: "label" top: "accuracy"
  include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss"
  loss_weight: 2 }
"""
GREYS = (10, 30, 50, 20)
LABELS = (0, 1, 2, 2)


def folder(path: Path) -> Path:
    """Write the net, its images, a list of them and weights.

    An image of grey g becomes four values of (g - 10) / 2; their weights are 1/4 in class 0, 0 in
    class 1, -1/4 in class 2, the biases 0, 12, 22: scores (g - 10) / 2, 12, 22 - (g - 10) / 2.
    """
    image = path / "images"
    image.mkdir()
    for index, grey in enumerate(GREYS):
        (image / f"{index}.pgm").write_bytes(b"P5 4 4 255\n" + bytes([grey] * 16))
    lines = (f"{image / f'{index}.pgm'} {label}" for index, label in enumerate(LABELS))
    (path / "list.txt").write_text("".join(f"{line}\n" for line in lines))
    (path / "net.prototxt").write_text(NET)
    weight: NDArray[np.float32] = np.repeat(
        np.array([[1], [0], [-1]], np.float32) / np.float32(4), 4, axis=1
    )
    bias: NDArray[np.float32] = np.array([0, 12, 22], np.float32)
    replace_file(
        path / "net.caffemodel", caffemodel("tiny", [("fc", "InnerProduct", [weight, bias])])
    )
    return path
