"""`caffe time`: each layer forward and backward, and the whole net (caffe.cpp)."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import mean, median
from typing import Any

import torch
from torch import Tensor

from caffetools.net.net import Net
from caffetools.torch.emit.base import Bottom, call
from caffetools.torch.export.module_spec import ModuleSpec, Statement
from caffetools.torch.export.verification import seeded_inputs, with_all_outputs
from caffetools.torch.solver.solver_project import builder
from caffetools.torch.training.glog_writer import GlogWriter, number
from caffetools.torch.training.model import loss_weights, outputs_of, share, total_loss
from caffetools.torch.verbs.watched import runnable, watched_module

_WARM_UP = 2


@dataclass(frozen=True)
class Times:
    """Milliseconds of each iteration, forward and backward; nothing backward without gradients."""

    forward: list[float] = field(default_factory=list)
    backward: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class LayerTimes:
    """Times of a layer."""

    name: str
    type: str
    macs: int | None
    """Multiply-accumulates of a forward pass."""
    times: Times = field(default_factory=Times)

    @property
    def gflops(self) -> float | None:
        """Billions of operations in a second of the median forward pass, two for each MAC."""
        middle = median(self.times.forward) if self.times.forward else 0.0
        return 2 * self.macs / middle / 1e6 if self.macs and middle else None


@dataclass(frozen=True)
class NetTimes:
    """Times of a net: of its layers one after the other, and of its module called as a whole."""

    layers: tuple[LayerTimes, ...]
    whole: Times
    peak_bytes: int
    """Largest memory of the process or, on a GPU, of its tensors."""

    def sums(self, way: str) -> list[float]:
        """Return the sum over the layers in each iteration; `way` is forward or backward."""
        columns = [getattr(layer.times, way) for layer in self.layers]
        return [sum(row) for row in zip(*filter(None, columns), strict=True)]


def time_net(
    net: Net,
    weights: Sequence[str],
    iterations: int,
    device: torch.device,
    log: GlogWriter,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> NetTimes:
    """Time a net on inputs drawn from a fixed seed, logging what `caffe time` logs.

    `clock` gives seconds, on the CPU. Raises CaffeToolsError, placed, for an input of unknown
    shape, weights that do not fit and a net that cannot be run.
    """
    timer = _Timer(net, weights, device, clock)
    log.say("caffe.cpp:351", "Performing Forward")
    for _ in range(_WARM_UP):
        initial = timer.whole(Times())
    log.say("caffe.cpp:356", f"Initial loss: {number(initial)}")
    log.say("caffe.cpp:357", "Performing Backward")
    for _ in range(_WARM_UP):
        timer.layers([Times() for _ in timer.statements])
    log.say("caffe.cpp:365", "*** Benchmark begins ***")
    log.say("caffe.cpp:366", f"Testing for {iterations} iterations.")
    macs = {layer.node.key: layer.macs for layer in net.layers}
    found = tuple(
        LayerTimes(each.layer, each.type, macs.get(each.layer)) for each in timer.statements
    )
    whole = Times()
    start = time.perf_counter()
    for index in range(iterations):
        if index % 2:  # what runs first may find caches cold
            timer.whole(whole)
        begun = time.perf_counter()
        timer.layers([layer.times for layer in found])
        lapse = 1e3 * (time.perf_counter() - begun)
        log.say(
            "caffe.cpp:394", f"Iteration: {index + 1} forward-backward time: {number(lapse)} ms."
        )
        if not index % 2:
            timer.whole(whole)
    result = NetTimes(found, whole, _peak(device))
    _log_means(result, log, 1e3 * (time.perf_counter() - start))
    return result


_PASSED = "_layer_passed"
"""Attribute of the module that is called after each layer."""


def _marked(spec: ModuleSpec) -> ModuleSpec:
    """Return the description with a call of _PASSED after each layer, which gives its tops back."""
    found: list[Statement] = []
    for index, each in enumerate(spec.statements):
        values = map(Bottom, range(len(each.targets)))
        called = call(f"self.{_PASSED}", index, *values)
        found += each, replace(each, values=(called,), bottoms=each.targets, members={}, stopped=())
    return replace(spec, statements=tuple(found))


class _Timer:
    """Runs a net's module, and the same module with the moments at which each layer has passed."""

    def __init__(
        self, net: Net, weights: Sequence[str], device: torch.device, clock: Callable[[], float]
    ) -> None:
        self.device, self.clock = device, clock
        self.lag = median(-(clock() - clock()) for _ in range(100))
        """Seconds that reading the clock takes, which are in each time but in no pass alone."""
        spec = runnable(net)
        spec = replace(spec, statements=with_all_outputs(spec).statements)
        self.statements = spec.statements
        inputs = seeded_inputs(spec, {})
        self.given = [torch.from_numpy(inputs[each.blob]).to(device) for each in spec.inputs]
        self.module = watched_module(net, weights).to(device)
        self.marked = builder(net, spec=_marked(spec))().to(device).train(self.module.training)
        setattr(self.marked, _PASSED, self.passed)
        share(self.marked, self.module)
        self.weights = loss_weights(self.module)
        self.wanted = [each for each in self.module.parameters() if each.requires_grad]
        self.ahead: list[Any] = []
        """Moments of a forward pass: the start, then for each layer its end and the next start."""
        self.back: list[tuple[int, Any]] = []
        """Layers that run back, and the moments at which they begin."""

    def mark(self) -> Any:
        """Return this moment."""
        if self.device.type == "cuda":
            event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            event.record()
            return event
        return self.clock()

    def between(self, start: Any, end: Any) -> float:
        """Return the milliseconds between two moments."""
        if self.device.type == "cuda":
            end.synchronize()
            return float(start.elapsed_time(end))
        return 1e3 * float(max(end - start - self.lag, 0.0))

    def passed(self, layer: int, *tops: Tensor) -> Any:
        """Note that a layer has passed forward, and when it will begin to run back."""
        self.ahead.append(self.mark())
        for top in tops:
            if top.requires_grad:
                top.register_hook(lambda _: self.back.append((layer, self.mark())))  # type: ignore[no-untyped-call]
        self.ahead.append(self.mark())
        return tops[0] if len(tops) == 1 else tops

    def layers(self, found: Sequence[Times]) -> None:
        """Run the layers forward and, in one pass of autograd, backward.

        A layer runs back from when the gradient of its top is there until the next layer does.
        """
        self.ahead, self.back = [self.mark()], []
        start, _, end = self.gradients(self.marked(*self.given))
        pairs = zip(self.ahead[::2], self.ahead[1::2], strict=False)
        for times, (begun, over) in zip(found, pairs, strict=True):
            times.forward.append(self.between(begun, over))
        spent: dict[int, float] = {}
        for (index, begun), (_, over) in pairwise([*self.back, (-1, end)]):
            first = begun if spent else start
            spent[index] = spent.get(index, 0.0) + self.between(first, over)
        for index, milliseconds in spent.items():
            found[index].backward.append(milliseconds)

    def whole(self, times: Times) -> float:
        """Run the module forward and backward; return its loss."""
        begun = self.mark()
        result = self.module(*self.given)
        times.forward.append(self.between(begun, self.mark()))
        start, loss, end = self.gradients(result)
        if end is not None:
            times.backward.append(self.between(start, end))
        return loss

    def gradients(self, result: Any) -> tuple[Any, float, Any]:
        """Compute the gradients of the parameters; return when that began, the loss, and the end.

        The end is None without anything to compute.
        """
        loss = total_loss(outputs_of(self.module, result), self.weights)
        start = end = None
        if loss.requires_grad and self.wanted:
            start = self.mark()
            torch.autograd.grad(loss, self.wanted, allow_unused=True)
            end = self.mark()
        return start, float(loss.detach()), end


def _peak(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _log_means(found: NetTimes, log: GlogWriter, total: float) -> None:
    log.say("caffe.cpp:397", "Average time per layer: ")
    for layer in found.layers:
        for way, place in (("forward", "caffe.cpp:400"), ("backward", "caffe.cpp:403")):
            values = getattr(layer.times, way) or [0.0]
            log.say(place, f"{layer.name:>10}\t{way}: {number(mean(values))} ms.")
    iterations = max(len(found.whole.forward), 1)
    forward, backward = (sum(found.sums(way)) / iterations for way in ("forward", "backward"))
    log.say("caffe.cpp:408", f"Average Forward pass: {number(forward)} ms.")
    log.say("caffe.cpp:410", f"Average Backward pass: {number(backward)} ms.")
    log.say("caffe.cpp:412", f"Average Forward-Backward: {number(forward + backward)} ms.")
    log.say("caffe.cpp:414", f"Total Time: {number(total)} ms.")
    log.say("caffe.cpp:415", "*** Benchmark ends ***")
