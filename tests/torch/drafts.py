"""A net under construction, and what it computes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from caffetools.editing.equality import tensors_of
from caffetools.errors import Location
from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.verification import run
from caffetools.torch.to_caffe.conversion import Conversion
from caffetools.torch.to_caffe.draft import Array, Draft, Top
from caffetools.torch.to_caffe.finish import FinishedNet, finished
from caffetools.torch.to_caffe.from_torch import from_torch
from caffetools.torch.to_caffe.profile import Profile

PLACE = Location("model")
OLD = Profile(
    "old",
    frozenset(["ReLU", "Power", "Eltwise", "Sigmoid", "Slice", "Concat", "Reshape", "Flatten"]),
)
"""Without the types that came late."""


def drafted(*shapes: tuple[int, ...], profile: Profile | str = "bvlc") -> Any:
    """A draft and its inputs, a, b, ...."""
    d = Draft(profile if isinstance(profile, Profile) else Profile(profile))
    tops = [d.input(name, shape, PLACE) for name, shape in zip("abc", shapes, strict=False)]
    d.start("y", ())
    return d, *tops


def ends(d: Draft, *tops: Top, fold: bool = False) -> FinishedNet:
    """The net with these outputs."""
    return finished(d, "net", {top.name: top for top in tops}, fold=fold)


def values_of(net: FinishedNet, *inputs: Array) -> dict[str, Array]:
    """Every blob of a net by its name, as Caffe computes it."""
    loaded = from_text(net.text, phase="test")
    spec = assemble(loaded)
    tensors = tensors_of(loaded, net.weights, spec)
    pairs = zip(spec.inputs, inputs, strict=True)
    given = {each.blob: np.asarray(array, np.float32) for each, array in pairs}
    return {**given, **run(spec, tensors, given, trims=False)}


def computed(d: Draft, top: Top, *inputs: Array) -> Array:
    """What a draft computes for one of its blobs."""
    net = ends(d, top)
    found = values_of(net, *inputs)
    return found[next(blob for blob, last in net.finals.items() if last == top.name)]


def types(text: str) -> list[str]:
    """The types of a net's layers, without its inputs."""
    return [kind for kind in re.findall(r'  type: "(\w+)"', text) if kind != "Input"]


def drawn(*shape: int) -> Array:
    """Numbers from a fixed seed."""
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


class Called(nn.Module):
    """A function, and the modules that it is given after its tensors."""

    def __init__(self, function: Callable[..., Any], *modules: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.parts = nn.ModuleList(modules)

    def forward(self, *tensors: Tensor) -> Any:
        return self.function(*tensors, *self.parts)


def random_module(module: nn.Module) -> nn.Module:
    """The module with random statistics and vectors, which are 0 and 1 at first."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name.endswith("running_mean"):
                tensor.copy_(0.1 * torch.randn(tensor.shape, generator=generator))
            elif tensor.ndim == 1:
                tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
    return module.eval()


def converted(function: Callable[..., Any], *modules: nn.Module, **options: Any) -> Conversion:
    """A function of one blob of 1 x 4 x 8 x 10 as a net, which from_torch verifies."""
    shape = options.pop("shape", (1, 4, 8, 10))
    return from_torch(random_module(Called(function, *modules)), torch.zeros(shape), **options)
