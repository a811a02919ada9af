"""LeNet on the digits of examples/lenet, written and trained in Python.

    caffetools run digits.py [ITERATIONS]

The loop is the script's: each step is the solver's, tests are runs of the test net.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import caffe
import numpy as np
from caffe import layers as L  # as pycaffe's users write it
from caffe import params as P

SHEET = Path(__file__).parents[1] / "lenet" / "digits.png"
SIZE, ROWS, BATCH, HELD_BACK = 8, 4, 40, 400
SOLVER = """
net: "{folder}/net.prototxt" test_iter: 10 test_interval: 1000000 test_initialization: false
base_lr: 0.05 lr_policy: "inv" gamma: 1e-4 power: 0.75 momentum: 0.9 weight_decay: 5e-4
snapshot_after_train: false random_seed: 1
"""


def digits() -> tuple[np.ndarray, np.ndarray]:
    """The digits `(N, 1, 8, 8)` from 0 to 1, and their classes, in a drawn order."""
    sheet = caffe.io.load_image(str(SHEET), color=False)[:, :, 0]
    tiles = sheet.reshape(10 * ROWS, SIZE, -1, SIZE).swapaxes(1, 2)
    images = tiles.reshape(-1, 1, SIZE, SIZE)
    labels = np.repeat(np.arange(10, dtype=np.float32), len(images) // 10)
    order = np.random.default_rng(0).permutation(len(images))
    return np.ascontiguousarray(images[order]), labels[order]


def lenet() -> Any:
    """LeNet for images of 8 x 8."""
    net = caffe.NetSpec()
    filler = {"weight_filler": {"type": "xavier"}}
    net.data, net.label = L.MemoryData(batch_size=BATCH, channels=1, height=8, width=8, ntop=2)
    net.conv1 = L.Convolution(net.data, kernel_size=3, pad=1, num_output=20, **filler)
    net.pool1 = L.Pooling(net.conv1, kernel_size=2, stride=2, pool=P.Pooling.MAX)
    net.conv2 = L.Convolution(net.pool1, kernel_size=3, num_output=50, **filler)
    net.fc1 = L.InnerProduct(net.conv2, num_output=100, **filler)
    net.relu1 = L.ReLU(net.fc1, in_place=True)
    net.score = L.InnerProduct(net.relu1, num_output=10, **filler)
    net.loss = L.SoftmaxWithLoss(net.score, net.label)
    return net.to_proto()


def main() -> None:
    """Train, and print the loss and the test's accuracy on the way."""
    iterations = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    images, labels = digits()
    count = (len(images) - HELD_BACK) // BATCH * BATCH
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "net.prototxt").write_text(str(lenet()))
        (folder / "solver.prototxt").write_text(SOLVER.format(folder=folder))
        solver = caffe.SGDSolver(str(folder / "solver.prototxt"))
        test = solver.test_nets[0]
        solver.net.set_input_arrays(images[HELD_BACK:][:count], labels[HELD_BACK:][:count])
        test.set_input_arrays(images[:HELD_BACK], labels[:HELD_BACK])
        test.share_with(solver.net)
        for iteration in range(iterations + 1):
            if iteration % 50 == 0:
                right = 0
                for _ in range(HELD_BACK // BATCH):
                    test.forward(start="data", end="score")
                    found = test.blobs["score"].data.argmax(1)
                    right += int((found == test.blobs["label"].data).sum())
                print(f"iteration {iteration}: {right} of {HELD_BACK} right", flush=True)
            solver.step(1)
        print(f"loss: {float(solver.net.blobs['loss'].data):.3f}")


if __name__ == "__main__":
    main()
