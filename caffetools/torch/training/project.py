"""What is trained: a net with its data, the nets that test it, and the solver's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from torch import nn

from caffetools.errors import CaffeToolsError
from caffetools.formats.caffemodel import NetTemplate
from caffetools.torch.training.data.labels import LabelRange
from caffetools.torch.training.data.sources import ArraySource, Source
from caffetools.torch.training.model import Multipliers
from caffetools.torch.training.settings import SolverSettings

Value = TypeVar("Value")

Origin = Callable[[CaffeToolsError], CaffeToolsError]
"""Places an error of a source at the text that named it."""


@dataclass(frozen=True)
class NetWithData:
    """A net in one phase."""

    build: Callable[[], nn.Module]
    """Makes the module, its parameters filled."""
    sources: tuple[Source, ...]
    labels: Mapping[str, LabelRange] = field(default_factory=dict)
    """What labels each top of a source may hold."""
    iterations: int = 0
    """Batches of a test."""
    origins: tuple[Origin, ...] = ()
    """Of each source, where there is a prototxt."""
    shown: Mapping[str, str] | None = None
    """By output of the module what the log calls it; None where all go by their own names."""

    def visible(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """What the log shows of values by output."""
        if self.shown is None:
            return dict(values)
        return {name: values[key] for key, name in self.shown.items() if key in values}

    def fed(self, feeds: Mapping[str, np.ndarray]) -> NetWithData:
        """The same net, its inputs fed with arrays by the names of their tops."""
        sources = []
        for source in self.sources:
            if isinstance(source, ArraySource) and any(top in feeds for top in source.tops):
                missing = [top for top in source.tops if top not in feeds]
                if missing:
                    raise CaffeToolsError(f"expected an array for {missing[0]!a}, too")
                source = replace(source, arrays=tuple(feeds[top] for top in source.tops))  # noqa: PLW2901
            sources.append(source)
        return replace(self, sources=tuple(sources))


@dataclass(frozen=True)
class Project:
    """A whole training."""

    name: str
    solver: SolverSettings
    net: NetWithData
    tests: tuple[NetWithData, ...] = ()
    multipliers: Multipliers = field(default_factory=dict)
    """Of the rate and the decay, by layer; 1 where there are none."""
    template: NetTemplate = field(default_factory=lambda: NetTemplate(""))
    """What snapshots hold beside the numbers."""
    has_unused: bool = False
    """Are there parameters from which no way leads to the loss?"""
    folder: str = "."
    """Where data is sought that is not in the working directory."""


@dataclass(frozen=True)
class RunOptions:
    """How to run it."""

    device: str = "cpu"
    amp: bool = False
    """Run the forward pass in bfloat16 where PyTorch thinks it safe."""
    compile: bool = False
    snapshot: str | None = None
    """The .solverstate to go on from."""
    strict: bool = False
    workers: int | None = None
    sigint: str = "stop"
    sighup: str = "snapshot"
    feeds: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Arrays for MemoryData and Input, by top."""
    test_feeds: Mapping[str, np.ndarray] = field(default_factory=dict)
