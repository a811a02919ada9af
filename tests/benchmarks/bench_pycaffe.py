"""CaffeNet forward through caffe.Net against the exported module called directly.

    python tests/benchmarks/bench_pycaffe.py [--rounds N]

Prints the best and the median processor time of each side, taken in turns, and their ratios.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from caffetools.net.loading import load
from caffetools.pycaffe import install
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.loaded_module import load_module

NET = Path(__file__).parents[2] / "examples" / "caffenet" / "deploy_1000.prototxt"


def seconds(run: Callable[[], object]) -> float:
    """Processor time of one call."""
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    caffe = install()
    net = vars(caffe)["Net"](str(NET), vars(caffe)["TEST"])
    module = load_module(assemble(load(NET, "test")))
    images = np.random.default_rng(0).random(net.blobs["data"].shape, np.float32)
    net.blobs["data"].data[...] = images
    tensor = torch.tensor(images)

    def direct() -> None:
        with torch.no_grad():
            module(tensor)

    net.forward()
    direct()
    pairs = [(seconds(net.forward), seconds(direct)) for _ in range(rounds)]
    ours, theirs = zip(*pairs, strict=True)
    for name, pick in (("best", min), ("median", statistics.median)):
        print(
            f"{name}: caffe.Net {pick(ours) * 1000:.1f} ms, exported module "
            f"{pick(theirs) * 1000:.1f} ms, ratio {pick(ours) / pick(theirs):.3f}"
        )


if __name__ == "__main__":
    main()
