"""Logistic regression on vectors, and the same with a hidden layer.

    caffetools run logistic_regression.py [ITERATIONS]

Two classes of two Gaussian clusters each, in 2 of 4 dimensions, drawn as scikit-learn's
`make_classification(10000, 4, n_informative=2, n_redundant=0, hypercube=False, random_state=0)`
draws them. A linear net gets 0.77 of the held-back quarter right, a hidden layer of 40 units 0.84.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import caffe
import numpy as np
from caffe import layers as L  # as pycaffe's users write it

COUNT, DIMENSIONS, INFORMATIVE, CLUSTERS, BATCH = 10000, 4, 2, 4, 10
SOLVER = """
net: "{folder}/net.prototxt" test_iter: 250 test_interval: 1000 max_iter: {iterations}
base_lr: 0.01 lr_policy: "step" gamma: 0.1 stepsize: 5000 momentum: 0.9 weight_decay: 5e-4
display: 1000 test_initialization: false snapshot_after_train: false random_seed: 1
"""


def vectors() -> tuple[np.ndarray, np.ndarray]:
    """The vectors `(COUNT, 4)` and their classes, 0 or 1."""
    draw = np.random.RandomState(0)  # scikit-learn's generator
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    centers = (2 * corners - 1) * draw.rand(CLUSTERS, 1)
    centers *= draw.rand(1, INFORMATIVE)
    x, y = np.zeros((COUNT, DIMENSIONS)), np.zeros(COUNT, int)
    x[:, :INFORMATIVE] = draw.standard_normal((COUNT, INFORMATIVE))
    size = COUNT // CLUSTERS
    for cluster, center in enumerate(centers):
        rows = slice(cluster * size, (cluster + 1) * size)
        y[rows] = cluster % 2
        spread = 2 * draw.rand(INFORMATIVE, INFORMATIVE) - 1
        x[rows, :INFORMATIVE] = x[rows, :INFORMATIVE] @ spread + center
    x[:, INFORMATIVE:] = draw.standard_normal((COUNT, DIMENSIONS - INFORMATIVE))
    flipped = draw.rand(COUNT) < 0.01
    y[flipped] = draw.randint(2, size=flipped.sum())
    order = np.arange(COUNT)
    draw.shuffle(order)
    return x[order], y[order]


def net(hidden: int) -> Any:
    """The net, with a hidden layer if `hidden` is not 0."""
    spec = caffe.NetSpec()
    spec.data, spec.label = L.MemoryData(
        batch_size=BATCH, channels=DIMENSIONS, height=1, width=1, ntop=2
    )
    last = spec.data
    filler = {"type": "xavier"}
    if hidden:
        spec.ip1 = L.InnerProduct(last, num_output=hidden, weight_filler=filler)
        spec.relu1 = last = L.ReLU(spec.ip1, in_place=True)
    spec.score = L.InnerProduct(last, num_output=2, weight_filler=filler)
    spec.accuracy = L.Accuracy(spec.score, spec.label)
    spec.loss = L.SoftmaxWithLoss(spec.score, spec.label)
    return spec.to_proto()


def accuracy(folder: Path, hidden: int, iterations: int) -> float:
    """Train a net and return the share of the held-back vectors that it gets right."""
    (folder / "net.prototxt").write_text(str(net(hidden)))
    (folder / "solver.prototxt").write_text(SOLVER.format(folder=folder, iterations=iterations))
    solver = caffe.get_solver(str(folder / "solver.prototxt"))
    x, y = (array.astype(np.float32) for array in vectors())
    train, test = slice(COUNT // 4, None), slice(COUNT // 4)
    x = x.reshape(COUNT, DIMENSIONS, 1, 1)
    solver.net.set_input_arrays(x[train], y[train])
    solver.test_nets[0].set_input_arrays(x[test], y[test])
    solver.solve()
    solver.test_nets[0].share_with(solver.net)
    scores = [float(solver.test_nets[0].forward()["accuracy"]) for _ in range(COUNT // 4 // BATCH)]
    return sum(scores) / len(scores)


def main() -> None:
    """Train both nets and print their accuracies."""
    iterations = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    with tempfile.TemporaryDirectory() as folder:
        for name, hidden in (("linear", 0), ("40 hidden units", 40)):
            print(f"{name}: {accuracy(Path(folder), hidden, iterations):.3f}", flush=True)


if __name__ == "__main__":
    main()
