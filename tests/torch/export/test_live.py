"""Modules made in this process."""

from __future__ import annotations

import numpy as np

from caffetools.net.net import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.live import module_of, results_of
from tests.torch.nets import PHASES


def test_weights_and_results() -> None:
    net = from_text(PHASES, phase="test")
    module = module_of(assemble(net), {"ip.weight": np.eye(3, 4), "ip.bias": np.zeros(3)})
    assert not module.training
    scores = np.array([[5, 0, 0, 0], [0, 5, 0, 0]], np.float32)
    accuracy, loss = results_of(module, scores, np.array([0, 0], np.float32))
    # The first is right, the second is not.
    assert accuracy == 0.5
    # -log(e^5 / (e^5 + 2)) = 0.0134, -log(1 / (e^5 + 2)) = 5.0134.
    np.testing.assert_allclose(loss, (0.013386 + 5.013386) / 2, rtol=1e-4)


def test_the_phase_is_the_nets() -> None:
    assert module_of(assemble(from_text(PHASES))).training
