"""An exported module in this process: load it, run it, read its blobs in Caffe's terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from caffetools.torch.export.model_code import model_code
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.norms import COUNTER

FILENAME = "model.py"
"""File name of a module's code in tracebacks."""


def module_builder(
    spec: ModuleSpec, filename: str = FILENAME, *, trims: bool = True
) -> Callable[[], nn.Module]:
    """Return a function that builds the module, its parameters filled by Caffe's fillers.

    `filename` is what tracebacks show; helpers keep all options unless `trims`, which takes time.
    """
    code = compile(model_code(spec, trims=trims), filename, "exec")

    def build() -> nn.Module:
        namespace: dict[str, Any] = {"__name__": "caffetools_model"}
        exec(code, namespace)  # noqa: S102  # text of the exporter
        module: nn.Module = namespace["build"](None)
        return module

    return build


def load_module(
    spec: ModuleSpec, tensors: Mapping[str, NDArray[Any]] | None = None, *, trims: bool = True
) -> nn.Module:
    """Build the module, in the net's phase, and load `tensors`, keyed as its state dict."""
    module = module_builder(spec, trims=trims)()
    state = {key: torch.tensor(values) for key, values in (tensors or {}).items()}
    module.load_state_dict(state, strict=False)
    return module.train(spec.phases[0] == "TRAIN")


def run_module(module: nn.Module, *inputs: NDArray[Any]) -> list[NDArray[Any]]:
    """Run the module without gradients and return its outputs as arrays."""
    with torch.no_grad():
        found = module(*map(torch.tensor, inputs))
    return [each.numpy() for each in ((found,) if isinstance(found, torch.Tensor) else found)]


def to_caffe(
    module: nn.Module, tensors: Mapping[str, Tensor] | None = None
) -> dict[str, list[NDArray[Any]]]:
    """Return the blobs of an exported module as Caffe lays them out.

    Parameters
    ----------
    module
        A module of an exported `model.py`.
    tensors
        Tensors with the keys and shapes of the module's state dict, gradients for example. Missing
        ones count as zero. Default: the state dict.

    Returns
    -------
    dict
        For each layer its blobs in Caffe's order and shapes, copies of dtype float32.

    Raises
    ------
    AttributeError
        If the module is not an exported one.

    Examples
    --------
    >>> import caffetools
    >>> from caffetools.torch.export.assembly import assemble
    >>> module = load_module(assemble(caffetools.load("examples/lenet/deploy.prototxt")))
    >>> [blob.shape for blob in caffetools.to_caffe(module)["conv1"]]
    [(20, 1, 5, 5), (20,)]
    >>> gradients = {"conv1.bias": torch.ones(20)}
    >>> float(caffetools.to_caffe(module, gradients)["conv1"][1].sum())
    20.0
    """
    state = module.state_dict()
    given = state if tensors is None else tensors
    shapes: Mapping[str, tuple[int, ...]] = getattr(module, "caffe_shapes", {})
    params: Mapping[str, tuple[str, ...]] = getattr(module, "caffe_params")  # noqa: B009

    def blob(layer: str, index: int, key: str) -> NDArray[Any]:
        if key.endswith(COUNTER):  # statistics are averages already, and have no gradient
            return np.full(1, tensors is None, np.float32)
        tensor, shape = given.get(key), shapes.get(key, tuple(state[key].shape))
        shape = shapes.get(f"{layer}/{index}", shape)  # of a blob shared in another shape
        if tensor is None:
            return np.zeros(shape, np.float32)
        return np.array(tensor.detach().float().cpu().numpy()).reshape(shape)

    return {
        layer: [blob(layer, *each) for each in enumerate(keys)] for layer, keys in params.items()
    }


def loss_weight(module: nn.Module, blob: str) -> float:
    """Return the weight of an output of an exported module in the total loss.

    Parameters
    ----------
    module
        A module of an exported `model.py`.
    blob
        Name of an output, one of `module.outputs`.

    Returns
    -------
    float
        Caffe's loss_weight; 0 for an output that is not a loss.

    Examples
    --------
    >>> import caffetools
    >>> from caffetools.torch.export.assembly import assemble
    >>> net = caffetools.load("examples/lenet/train_test.prototxt", data_shape=(1, 28, 28))
    >>> module = load_module(assemble(net))
    >>> {blob: caffetools.loss_weight(module, blob) for blob in module.outputs}
    {'loss': 1.0}
    """
    weights: Mapping[str, float] = getattr(module, "loss_weights", {})
    return float(weights.get(blob, 0.0))
