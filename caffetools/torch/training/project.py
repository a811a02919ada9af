"""A training project: a net with its data, the test nets, the solver's settings, run options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from torch import nn

from caffetools.errors import CaffeToolsError
from caffetools.formats.caffemodel import NetTemplate
from caffetools.torch.training.data.sources import ArraySource, DataSource, LabelRange
from caffetools.torch.training.early_stop import EarlyStop
from caffetools.torch.training.model import Multipliers
from caffetools.torch.training.progress import Curve
from caffetools.torch.training.settings import SolverSettings

Value = TypeVar("Value")

Feeds = Mapping[str, np.ndarray]
"""Arrays for the inputs of a net, by top."""

Origin = Callable[[CaffeToolsError], CaffeToolsError]
"""Locates an error of a source at the field of the prototxt that names it."""


@dataclass(frozen=True)
class NetWithData:
    """A net in one phase, with the sources of its data.

    `build` returns the module with filled parameters, `labels` has the range of labels of a top,
    `iterations` counts the batches of a test. `origins` locate errors of each source, if there is
    a prototxt. `shown` maps outputs of the module to their names in the log; None keeps them.
    """

    build: Callable[[], nn.Module]
    sources: tuple[DataSource, ...]
    labels: Mapping[str, LabelRange] = field(default_factory=dict)
    iterations: int = 0
    origins: tuple[Origin, ...] = ()
    shown: Mapping[str, str] | None = None

    def visible(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return the values of outputs by the names that the log shows."""
        if self.shown is None:
            return dict(values)
        return {name: values[key] for key, name in self.shown.items() if key in values}

    def fed(self, feeds: Feeds) -> NetWithData:
        """Return the net with arrays for its inputs, by top."""
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
    """A net to train, its solver and its test nets.

    `multipliers` are of the learning rate and weight decay by layer, 1 by default; `template` is
    the net's definition in snapshots; `has_unused` says that some parameters do not affect the
    loss; `folder` is searched for data that is not in the working directory. With `force_backward`
    blobs with lr_mult 0 have gradients, too, which count in the norm that clip_gradients limits.
    """

    name: str
    solver: SolverSettings
    net: NetWithData
    tests: tuple[NetWithData, ...] = ()
    multipliers: Multipliers = field(default_factory=dict)
    template: NetTemplate = field(default_factory=lambda: NetTemplate(""))
    has_unused: bool = False
    folder: str = "."
    force_backward: bool = False


@dataclass(frozen=True)
class RunOptions:
    """How to run a project.

    `amp` is "bf16" or "fp16", in which autocast runs parts of the forward pass, fp16 with a scaled
    loss (`loss_scale.LossScale`); `snapshot` is the .solverstate to resume; with `strict` damaged
    items are errors; `workers` is the number of processes that read ahead of each source; `feeds`
    and `test_feeds` are arrays for MemoryData and Input layers, by top. `only` is "check" for a dry
    run, or "test" for the tests alone.
    `curve` is called with each shown curve (`train`, `test0`, …), iteration and values by name;
    `early_stop` ends a run that does not get better.
    """

    device: str = "cpu"
    amp: str | None = None
    compile: bool = False
    snapshot: str | None = None
    strict: bool = False
    only: str = ""
    workers: int | None = None
    sigint: str = "stop"
    sighup: str = "snapshot"
    feeds: Feeds = field(default_factory=dict)
    test_feeds: Feeds = field(default_factory=dict)
    curve: Curve | None = None
    early_stop: EarlyStop | None = None
