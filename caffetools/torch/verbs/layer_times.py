"""`caffe time`: each layer forward and backward, and the whole net (caffe.cpp)."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean, median
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from caffetools.net.net import Net
from caffetools.torch.export.in_place import is_in_place
from caffetools.torch.export.loaded_module import module_builder
from caffetools.torch.export.module_spec import ModuleSpec, Statement
from caffetools.torch.export.verification import seeded_inputs, with_all_outputs
from caffetools.torch.training.glog_writer import GlogWriter, number
from caffetools.torch.training.model import loss_weights, outputs_of, total_loss
from caffetools.torch.verbs.watched import runnable, watched_module

_WARM_UP = 2

Values = dict[str, Tensor]
"""Blobs by the variable that holds them."""


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
    spec = runnable(net)
    spec = replace(spec, statements=with_all_outputs(spec).statements)
    inputs = seeded_inputs(spec, {})
    timer = _Timer(net, spec, inputs, weights, device, clock)
    log.say("caffe.cpp:351", "Performing Forward")
    for _ in range(_WARM_UP):
        initial = timer.whole(Times())
    log.say("caffe.cpp:356", f"Initial loss: {number(initial)}")
    log.say("caffe.cpp:357", "Performing Backward")
    for _ in range(_WARM_UP):
        timer.layers([Times() for _ in timer.steps])
    log.say("caffe.cpp:365", "*** Benchmark begins ***")
    log.say("caffe.cpp:366", f"Testing for {iterations} iterations.")
    macs = {layer.node.key: layer.macs for layer in net.layers}
    found = tuple(
        LayerTimes(step.statement.layer, step.statement.type, macs.get(step.statement.layer))
        for step in timer.steps
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


@dataclass(frozen=True)
class _Step:
    """A layer as a module of its own."""

    statement: Statement
    module: nn.Module
    inputs: tuple[str, ...]
    """Variables that it reads."""
    trained: tuple[Tensor, ...]
    """Its parameters that need a gradient."""


class _Timer:
    def __init__(
        self,
        net: Net,
        spec: ModuleSpec,
        inputs: Mapping[str, NDArray[Any]],
        weights: Sequence[str],
        device: torch.device,
        clock: Callable[[], float],
    ) -> None:
        self.device, self.clock = device, clock
        training = spec.phases[0] == "TRAIN"
        self.module = watched_module(net, weights).to(device).train(training)
        self.needed = dict(
            zip((layer.node.key for layer in net.layers), net.needs_backward, strict=True)
        )
        self.given = {
            each.variable: torch.from_numpy(inputs[each.blob]).to(device) for each in spec.inputs
        }
        self.arguments = [self.given[each.variable] for each in spec.inputs]
        self.steps = [self.step(spec, each, training) for each in spec.statements]
        self.weights = loss_weights(self.module)

    def step(self, spec: ModuleSpec, statement: Statement, training: bool) -> _Step:
        """Return a layer as a module that shares the parameters of the whole."""
        bottoms = tuple({each.variable: each for each in statement.bottoms}.values())
        members = set(statement.members.values())
        alone = replace(
            spec,
            inputs=bottoms,
            outputs={spec.phases[0]: statement.targets},
            loss_weights={},
            constructions=tuple(each for each in spec.constructions if each.name in members),
            ties=(),
            statements=(statement,),
            params={},
        )
        module = module_builder(alone)().to(self.device).train(training)
        own = self.module.state_dict(keep_vars=True)
        for key in list(module.state_dict()):
            holder, _, name = key.rpartition(".")
            setattr(module.get_submodule(holder), name, own[key])
        trained = tuple(each for each in module.parameters() if each.requires_grad)
        return _Step(statement, module, tuple(each.variable for each in bottoms), trained)

    def timed(self, call: Callable[[], Any], times: list[float]) -> Any:
        """Add the milliseconds of a call; return its result."""
        if self.device.type == "cuda":
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
            start.record()
            result = call()
            end.record()
            end.synchronize()
            times.append(start.elapsed_time(end))
            return result
        begun = self.clock()
        result = call()
        times.append(1e3 * (self.clock() - begun))
        return result

    def layers(self, found: Sequence[Times]) -> None:
        """Run the layers forward, then backward, each alone."""
        values, ran = dict(self.given), []
        gradients: set[str] = set()
        for step, times in zip(self.steps, found, strict=True):
            bottoms = [values[name].detach() for name in step.inputs]
            for name, bottom in zip(step.inputs, bottoms, strict=True):
                bottom.requires_grad_(name in gradients)
            # What autograd computes gradients of cannot be overwritten by a layer in place.
            given = [each.clone() for each in bottoms] if is_in_place(step.statement) else bottoms
            result = self.timed(lambda s=step, g=given: s.module(*g), times.forward)  # type: ignore[misc]
            tops = (result,) if isinstance(result, Tensor) else tuple(result or ())
            for target, top in zip(step.statement.targets, tops, strict=True):
                values[target.variable] = top
                if top.requires_grad:
                    gradients.add(target.variable)
                else:
                    gradients.discard(target.variable)
            ran.append((step, bottoms, tops))
        for (step, bottoms, tops), times in zip(reversed(ran), reversed(found), strict=True):
            wanted = [each for each in (*bottoms, *step.trained) if each.requires_grad]
            outputs = [top for top in tops if top.requires_grad]
            if wanted and outputs and self.needed.get(step.statement.layer, True):
                ones = [torch.ones_like(top) for top in outputs]
                self.timed(
                    lambda o=outputs, w=wanted, g=ones: torch.autograd.grad(  # type: ignore[misc]
                        o, w, g, allow_unused=True
                    ),
                    times.backward,
                )

    def whole(self, times: Times) -> float:
        """Run the module forward and backward; return its loss."""
        result = self.timed(lambda: self.module(*self.arguments), times.forward)
        outputs = outputs_of(self.module, result)
        loss = total_loss(outputs, self.weights)
        wanted = [each for each in self.module.parameters() if each.requires_grad]
        if loss.requires_grad and wanted:
            self.timed(lambda: torch.autograd.grad(loss, wanted, allow_unused=True), times.backward)
        return float(loss.detach())


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
