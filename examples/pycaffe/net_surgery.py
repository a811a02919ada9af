"""Net surgery: edit filters, and cast an InnerProduct layer as a Convolution.

    caffetools run net_surgery.py

A classifier of 8 x 8 images becomes a net that slides over images of any size: the weights of its
InnerProduct are those of a Convolution whose kernel covers the InnerProduct's whole input.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import caffe
import numpy as np
from caffe import layers as L  # as pycaffe's users write it
from caffe import params as P


def classifier(size: int, *, sliding: bool) -> Any:
    """The net for images of a size: it ends in `fc`, or in `fc-conv`."""
    net = caffe.NetSpec()
    net.data = L.Input(shape={"dim": [1, 1, size, size]})
    filler = {"type": "xavier"}
    net.conv = L.Convolution(net.data, num_output=4, kernel_size=3, weight_filler=filler)
    net.pool = L.Pooling(net.conv, pool=P.Pooling.MAX, kernel_size=2, stride=2)
    if sliding:
        net["fc-conv"] = L.Convolution(net.pool, num_output=10, kernel_size=3)
    else:
        net.fc = L.InnerProduct(net.pool, num_output=10, weight_filler=filler)
    return net.to_proto()


def made(folder: Path, size: int, *, sliding: bool = False, weights: str | None = None) -> Any:
    """The live net."""
    path = folder / f"net_{size}.prototxt"
    path.write_text(str(classifier(size, sliding=sliding)))
    return caffe.Net(str(path), caffe.TEST, weights=weights)


def main() -> None:
    """Operate, and print what changed."""
    caffe.set_random_seed(1)
    images = np.random.default_rng(0).random((1, 1, 14, 14))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        net = made(folder, 8)
        print("parameters:", {name: list(blobs[0].shape) for name, blobs in net.params.items()})

        net.params["conv"][0].data[0] = 1 / 9  # the first filter is a mean
        net.params["conv"][1].data[0] = 1  # plus 1
        crop = images[:, :, 2:10, 4:12]
        net.forward(data=crop)
        expected = crop[..., :3, :3].mean() + 1
        print("mean + 1:", np.isclose(net.blobs["conv"].data[0, 0, 0, 0], expected))

        net.save(str(folder / "net.caffemodel"))
        wide = made(folder, 14, sliding=True, weights=str(folder / "net.caffemodel"))
        wide.params["fc-conv"][0].data.flat = net.params["fc"][0].data.flat
        wide.params["fc-conv"][1].data[...] = net.params["fc"][1].data
        scores = wide.forward(data=images)["fc-conv"]
        print("scores:", list(scores.shape))
        same = np.allclose(scores[0, :, 1, 2], net.blobs["fc"].data[0], atol=1e-5)
        print("equal to the classifier's at (1, 2):", same)


if __name__ == "__main__":
    main()
