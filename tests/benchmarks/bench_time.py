"""Times of `caffetools time`: the layers of each net one after the other, and its whole.

    python tests/benchmarks/bench_time.py [--iterations N] [--gpu N]

Prints the medians and the ratio of the two, which is to be within 5 % of 1. The ratio is the
median of those of the single iterations, in each of which the layers and the whole run one after
the other; on the CPU both are counted in processor time, so that other programs change little.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from caffetools.net.loading import load
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.verbs.layer_times import time_net

EXAMPLES = Path(__file__).parents[2] / "examples"
NETS: dict[str, tuple[int, dict[str, Any]]] = {
    "lenet/train_test.prototxt": (10, {"data_shape": (1, 28, 28)}),
    "caffenet/train_val_1000.prototxt": (1, {"data_shape": (3, 256, 256), "batch_size": 16}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--iterations", type=int, default=20, help="of CaffeNet; 10 times for LeNet"
    )
    parser.add_argument("--gpu", type=int)
    given = parser.parse_args()
    device = torch.device("cpu" if given.gpu is None else f"cuda:{given.gpu}")
    for path, (times, options) in NETS.items():
        net = load(EXAMPLES / path, "train", **options)
        count, log = given.iterations * times, GlogWriter(None)
        found = time_net(net, [], count, device, log, clock=time.process_time)
        for way in ("forward", "backward"):
            whole, layers = getattr(found.whole, way), found.sums(way)
            ratio = median(a / b for a, b in zip(layers, whole, strict=True))
            middle = f"layers {median(layers):.2f} ms, whole {median(whole):.2f} ms"
            print(f"{path} {way}: {middle}, ratio {ratio:.3f}", flush=True)


if __name__ == "__main__":
    main()
