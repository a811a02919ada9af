"""Times of `caffetools time`: the layers of each net one after the other, and its whole.

    python tests/benchmarks/bench_time.py [--rounds N] [--only TEXT] [--gpu N]

Prints the medians and the ratio of the two, which is to be within 5 % of 1. The ratio is the
median of those of the single rounds, in each of which the layers and the whole run one after
the other, in turns the one or the other first; on the CPU both are counted in processor time, so
that other programs change little.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from caffetools.net.loading import from_text, load  # noqa: E402
from caffetools.torch.training.glog_writer import GlogWriter  # noqa: E402
from caffetools.torch.verbs.layer_times import time_net  # noqa: E402
from tests.benchmarks.nets import inception_resnet  # noqa: E402

NETS: dict[str, tuple[int, dict[str, Any]]] = {
    "lenet/train_test.prototxt": (10, {"data_shape": (1, 28, 28)}),
    "caffenet/train_val_1000.prototxt": (1, {"data_shape": (3, 256, 256), "batch_size": 8}),
    "alexnet/train_val.prototxt": (1, {"data_shape": (3, 256, 256), "batch_size": 8}),
    "ssd/deploy.prototxt": (10, {}),
    "inception-resnet": (2, {}),
}
"""Rounds, in units of --rounds, and options; the last is a net of 58 layers of `nets.py`."""
LOSS = """
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 1 } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "classifier" bottom: "label" top: "loss" }
"""


def main() -> None:
    """Measure each net."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="of CaffeNet; 10 times for LeNet")
    parser.add_argument("--gpu", type=int)
    parser.add_argument("--only", default="", help="nets whose path has this")
    given = parser.parse_args()
    device = torch.device("cpu" if given.gpu is None else f"cuda:{given.gpu}")
    nets = {path: each for path, each in NETS.items() if given.only in path}
    for path, (times, options) in nets.items():
        file = ROOT / "examples" / path
        is_file = file.exists()
        net = load(file, "train", **options) if is_file else from_text(inception_resnet(60) + LOSS)
        count, log = given.rounds * times, GlogWriter(None)
        found = time_net(net, [], count, device, log, clock=time.process_time)
        for way in ("forward", "backward"):
            whole, layers = getattr(found.whole, way), found.sums(way)
            if not whole:
                continue
            ratio = median(a / b for a, b in zip(layers, whole, strict=True))
            middle = f"layers {median(layers):.2f} ms, whole {median(whole):.2f} ms"
            print(f"{path} {way}: {middle}, ratio {ratio:.3f}", flush=True)


if __name__ == "__main__":
    main()
