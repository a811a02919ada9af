"""examples/alexnet: the paper's recipe, its update rule, and a run of both in small."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")

import torch

from caffetools.torch.solver.solver_file import SolverFile, read_solver
from caffetools.torch.solver.solver_project import project_of
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.training.project import RunOptions
from caffetools.torch.training.run import run
from caffetools.torch.training.settings import SolverSettings
from caffetools.torch.training.solver_base import Learnable
from caffetools.torch.training.solvers import SGD

EXAMPLE = Path(__file__).parents[1] / "examples" / "alexnet"
IMAGES, EPOCHS, BATCH = 1_200_000, 90, 128
Weights = NDArray[np.float64]


@pytest.fixture(scope="module")
def solver() -> SolverFile:
    return read_solver(EXAMPLE / "solver.prototxt")


def test_the_recipe_is_the_papers(solver: SolverFile) -> None:
    settings = solver.settings
    assert (settings.type, settings.momentum, settings.weight_decay) == ("SGD", 0.9, 0.0005)
    assert (settings.base_lr, settings.gamma, settings.lr_policy) == (0.01, 0.1, "plateau")
    assert len(settings.plateau_winsize) == 3
    assert settings.max_iter * BATCH == IMAGES * EPOCHS
    assert solver.train.layers[0].tops[0] == (BATCH, 3, 227, 227)


def test_all_layers_learn_alike_from_gaussian_weights(solver: SolverFile) -> None:
    """Biases begin at 1 in conv2, conv4, conv5, fc6 and fc7, at 0 in the others."""
    begins = {}
    for layer in solver.train.layers:
        if not layer.params:
            continue
        message = layer.node.message
        options = message.message(
            "convolution_param" if layer.node.type == "Convolution" else "inner_product_param"
        )
        weights, biases = options.message("weight_filler"), options.message("bias_filler")
        assert (weights.text("type"), weights.number("mean")) == ("gaussian", 0)
        assert weights.number("std") == pytest.approx(0.01)
        assert {(blob.lr_mult, blob.decay_mult) for blob in layer.params} == {(1, 1)}
        begins[layer.node.name] = biases.number("value")
    ones = {"conv2", "conv4", "conv5", "fc6", "fc7"}
    assert begins == {
        name: float(name in ones)
        for name in ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")
    }


CONSTANT = [0.01] * 30
FALLING = [0.01] * 10 + [0.001] * 10 + [0.0001] * 10


def gradient(weights: Weights) -> Weights:
    """Of a loss with a minimum at 1, steeper in some directions than in others."""
    return (weights - 1) * np.linspace(1, 8, weights.size)


def papers(rates: Sequence[float]) -> Weights:
    weights, v = np.zeros(5), np.zeros(5)
    for rate in rates:
        v = 0.9 * v - 0.0005 * rate * weights - rate * gradient(weights)
        weights = weights + v
    return weights


def stepped(
    weights: torch.Tensor, rates: Sequence[float], step: Callable[[float], object]
) -> Weights:
    """Where an optimizer of torch's kind goes."""
    for rate in rates:
        weights.grad = torch.from_numpy(gradient(weights.detach().numpy()))
        step(rate)
    found: Weights = weights.detach().numpy()
    return found


def ours(rates: Sequence[float]) -> Weights:
    weights = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    solver = SGD([Learnable(weights)], SolverSettings(momentum=0.9, weight_decay=0.0005))

    def step(rate: float) -> None:
        solver.rate = rate
        solver.step()

    return stepped(weights, rates, step)


def torchs(rates: Sequence[float], *, rescaled: bool = False) -> Weights:
    """With `rescaled` the buffer is brought to each new rate."""
    weights = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([weights], rates[0], momentum=0.9, weight_decay=0.0005)
    (group,) = optimizer.param_groups

    def step(rate: float) -> None:
        if rescaled and rate != group["lr"]:
            optimizer.state[weights]["momentum_buffer"] *= group["lr"] / rate
        group["lr"] = rate
        optimizer.step()

    return stepped(weights, rates, step)


def test_the_update_rule_is_the_papers() -> None:
    """Ours at any rate; torch.optim's while the rate stays, or with its buffer rescaled."""
    for rates in (CONSTANT, FALLING):
        np.testing.assert_allclose(ours(rates), papers(rates), rtol=1e-12)
        np.testing.assert_allclose(torchs(rates, rescaled=True), papers(rates), rtol=1e-12)
    np.testing.assert_allclose(torchs(CONSTANT), papers(CONSTANT), rtol=1e-12)
    assert np.abs(torchs(FALLING) - papers(FALLING)).max() > 0.05


NOISE = """layer { name: "data" type: "DummyData" top: "data" top: "label"
  dummy_data_param { shape { dim: 1 dim: 3 dim: 227 dim: 227 } shape { dim: 1 }
    data_filler { type: "gaussian" std: 60 } data_filler { value: 7 } } }
"""


def test_it_trains_in_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On noise, with narrow layers fc6 and fc7, until the rate has been lowered three times."""
    monkeypatch.chdir(tmp_path)
    net = (EXAMPLE / "train_val.prototxt").read_text()
    net, layers = re.subn(r'(?ms)^layer \{\n  name: "data"\n.*?^\}\n', "", net)
    assert layers == 2
    net = net.replace("layer {", NOISE + "layer {", 1).replace("num_output: 4096", "num_output: 16")
    recipe = (EXAMPLE / "solver.prototxt").read_text()
    for old, new in (
        ("plateau_winsize: 46875", "plateau_winsize: 1"),
        ("max_iter: 843750", "max_iter: 12"),
        ("test_iter: 1000", "test_iter: 1"),
        ("test_interval: 9375", "test_interval: 12"),
        ("display: 20", "display: 1"),
        ("snapshot: 9375", "snapshot: 12 random_seed: 1"),
        ("average_loss: 100", "average_loss: 1"),
    ):
        assert old in recipe
        recipe = recipe.replace(old, new)
    (tmp_path / "train_val.prototxt").write_text(net)
    (tmp_path / "solver.prototxt").write_text(recipe)
    stream = io.StringIO()
    project = project_of(read_solver("solver.prototxt"), (), GlogWriter(None))
    run(project, RunOptions(), GlogWriter(stream))
    rates = [float(rate) for rate in re.findall(r", lr = (\S+)", stream.getvalue())]
    assert len(rates) == 12
    assert rates == sorted(rates, reverse=True)
    assert set(rates) == {0.01, 0.001, 0.0001, 1e-05}
    assert stream.getvalue().count("Plateau Status: Iteration") >= 3
    assert (tmp_path / "alexnet_iter_12.solverstate").exists()
