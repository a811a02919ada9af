"""Times of `caffetools time`: the layers of each net one after the other, and its whole.

    python tests/benchmarks/bench_time.py [--iterations N] [--gpu N]

Prints the medians and their ratio, which is to be within 5 % of 1.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median
from typing import Any

import torch

from caffetools.net.loading import load
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.verbs.layer_times import time_net

EXAMPLES = Path(__file__).parents[2] / "examples"
NETS: dict[str, dict[str, Any]] = {
    "lenet/train_test.prototxt": {"data_shape": (1, 28, 28)},
    "caffenet/train_val_1000.prototxt": {"data_shape": (3, 256, 256), "batch_size": 16},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--gpu", type=int)
    given = parser.parse_args()
    device = torch.device("cpu" if given.gpu is None else f"cuda:{given.gpu}")
    for path, options in NETS.items():
        net = load(EXAMPLES / path, "train", **options)
        found = time_net(net, [], given.iterations, device, GlogWriter(None))
        for way in ("forward", "backward"):
            whole, layers = median(getattr(found.whole, way)), median(found.sums(way))
            ratio = f"{layers / whole:.3f}"
            print(f"{path} {way}: layers {layers:.2f} ms, whole {whole:.2f} ms, ratio {ratio}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
