from __future__ import annotations

from pathlib import Path

from tests.live_nets import DATA, LOSS, PRODUCT, live


def test_the_view_of_training(tmp_path: Path) -> None:
    net = live(tmp_path, DATA + PRODUCT + LOSS)
    module = net.module
    assert module.outputs == ("loss",)
    assert module.loss_weights == {"loss": 1.0}
    assert module.caffe_params == {"ip": ("ip/0", "ip/1")}
    assert module.caffe_shapes == {"ip/0": (2, 3), "ip/1": (2,)}
    assert module.live is net
    state = module.state_dict()
    net.params["ip"][0].data[...] = 2
    assert state["ip/0"].tolist() == [[2] * 3] * 2
    net.params["ip"][1].diff[...] = [5, 6]
    assert module.gradients()[id(state["ip/1"])].tolist() == [5, 6]


def test_results_are_copies(tmp_path: Path) -> None:
    net = live(tmp_path, DATA + PRODUCT + LOSS)
    net.forward()
    results = module_results = net.module.result_tensors()
    net.blobs["loss"].data[...] = 0
    assert results["loss"] == module_results["loss"] == 4 * 4**2 / (2 * 2)
