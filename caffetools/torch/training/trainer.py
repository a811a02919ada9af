"""The training loop (solver.cpp, Step and Solve; sgd_solver.cpp, ApplyUpdate)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress

import torch
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError
from caffetools.torch.training import checkpoint, interruptions
from caffetools.torch.training.checkpoint import RunState
from caffetools.torch.training.data.reader import Reader
from caffetools.torch.training.detection_scores import DetectionScores
from caffetools.torch.training.forward import Forward, TestNet
from caffetools.torch.training.glog_writer import GlogWriter, number
from caffetools.torch.training.interruptions import Signals, as_user_error
from caffetools.torch.training.loss_scale import LossScale
from caffetools.torch.training.losses import Losses
from caffetools.torch.training.model import check_finite, learnable, loss_weights, total_loss
from caffetools.torch.training.parallel import World
from caffetools.torch.training.progress import Report, SkippedItems, curve_values
from caffetools.torch.training.project import Project, RunOptions
from caffetools.torch.training.rates import Schedule
from caffetools.torch.training.solvers import SOLVERS

_TYPES = {None: None, "bf16": torch.bfloat16, "fp16": torch.float16}
"""Type that autocast computes in, by `RunOptions.amp`."""


class Trainer:
    """A net, its solver and its data, from one iteration to the next.

    `nets` are the trained module, the readers of its sources, and the test nets (in the first
    process only). All modules are on the device, each in its phase.
    """

    def __init__(
        self,
        project: Project,
        options: RunOptions,
        world: World,
        log: GlogWriter,
        nets: tuple[nn.Module, tuple[Reader, ...], tuple[TestNet, ...]],
    ) -> None:
        self.project, self.options, self.world, self.log = project, options, world, log
        self.settings = settings = project.solver.in_single_precision()
        self.module, self.readers, self.tests = nets
        self.solver = SOLVERS[settings.type](
            learnable(self.module, project.multipliers, force_backward=project.force_backward),
            settings,
        )
        self.schedule = Schedule(settings)
        at_once = world.device.type == "cpu" or settings.lr_policy == "plateau"
        self.losses = Losses(world, settings.average_loss, at_once=at_once)
        self.report = Report(log, world, settings, self.losses, options.curve)
        self.signals = Signals(options.sigint, options.sighup)
        self.state = RunState(
            settings, project.template, world, log, *nets, self.solver, self.schedule, self.losses
        )
        self._mark_positions()
        if options.compile:
            self.module.compile()
        self._called = world.wrapped(self.module, has_unused=project.has_unused)
        self.skipped = SkippedItems(log)
        self.forward = Forward(
            self.module, self._called, world.device, self.skipped, _TYPES[options.amp]
        )
        if options.amp == "fp16":
            self.state.scale = LossScale()
        self._request = interruptions.NONE
        self._failure: CaffeToolsError | None = None

    @property
    def iteration(self) -> int:
        """Number of updates since the start of training."""
        return self.solver.iteration

    def solve(self) -> None:
        """Train up to max_iter, with all that Caffe does before and after.

        Raises CaffeToolsError if the loss is not finite, the data is damaged, or the last snapshot
        could not be written. If the data is damaged, what was trained is saved first.
        """
        self.report.begin(self.project.name, self.iteration)
        with self.signals.caught():
            try:
                self._solve()
            except CaffeToolsError:
                self._save_trained()
                raise
            except RuntimeError as error:  # perhaps between two weights: nothing is saved
                self._log_last_snapshot()
                raise as_user_error(error) from None
        self.skipped.log_total(self.world.gather(self.skipped.found))
        if self._failure is not None:
            raise self._failure

    def _solve(self) -> None:
        settings = self.settings
        stopped = not self.train_to(settings.max_iter)
        if settings.snapshot_after_train and not self._is_due(settings.snapshot):
            self.snapshot()
        if stopped:
            self.log.say("solver.cpp:311", "Optimization stopped early.")
            return
        if self._is_due(settings.display):
            self.show_last_loss()
        if self._is_due(settings.test_interval):
            self.test_all()
        self.log.say("solver.cpp:332", "Optimization Done.")

    def _save_trained(self) -> None:
        """Save what was trained before an error, unless the loss is nan or inf.

        With several processes none does: the others cannot be asked for their state.
        """
        self.skipped.log_total([self.skipped.found])
        is_new = self.iteration != self.state.saved and self.world.size == 1
        if is_new and math.isfinite(self.losses.smoothed.value):
            with suppress(CaffeToolsError):  # the first error is raised
                self.snapshot()
        self._log_last_snapshot()

    def _log_last_snapshot(self) -> None:
        path = self.state.saved_to
        text = f"the last snapshot is {path}: resume from it" if path else "there is no snapshot"
        self.log.remark("solver.cpp:464", text)

    def close(self) -> None:
        """Stop the processes that read ahead."""
        for reader in (*self.readers, *(reader for test in self.tests for reader in test.readers)):
            reader.close()

    def train_to(self, last: int) -> bool:
        """Train up to an iteration; return False if a signal stopped the run before."""
        settings = self.settings
        while self.iteration < last:
            is_due = self._is_due(settings.test_interval)
            if is_due and (self.iteration or settings.test_initialization) and not self.test_all():
                return False
            self.iterate()
            request = self.requested()
            if self._is_due(settings.snapshot) or request == interruptions.SNAPSHOT:
                self.snapshot()
            if request == interruptions.STOP:
                return False
        return True

    def iterate(self) -> None:
        """Do one iteration: gradients, log, update."""
        shows = self._is_due(self.settings.display)
        self.solver.zero_grad()
        with self._located("training"):
            outputs = self.gradients()
        if shows:
            visible, weights = self.project.net.visible, loss_weights(self.module)
            self.report.show(self.iteration, visible(outputs), visible(weights))
        self.check_finite()
        self.update(shows=shows)
        self._mark_positions()
        self.report.progress(self.iteration)

    def check_finite(self) -> None:
        """Raise CaffeToolsError if the loss is nan or inf."""
        self.losses.check_finite(self.iteration)

    def gradients(self) -> dict[str, Tensor]:
        """Accumulate the gradients of iter_size batches; return the outputs of the last."""
        size = self.settings.iter_size
        weights = loss_weights(self.module)
        losses, outputs = [], {}
        for batch in range(size):
            inputs = self.forward.inputs(self.readers)
            alone = batch < size - 1 and self._called is not self.module and self.world.size > 1
            with self._called.no_sync() if alone else nullcontext():  # type: ignore[operator]
                outputs = self.forward(self.module, inputs)
                loss = total_loss(outputs, weights)
                if loss.requires_grad:
                    scale = self.state.scale
                    (loss * scale.factor if scale else loss).backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
        self.losses.add(losses[0] if size == 1 else torch.stack(losses).mean())
        return outputs

    @contextmanager
    def _located(self, doing: str) -> Iterator[None]:
        """Append the iteration to errors of the data."""
        try:
            yield
        except CaffeToolsError as error:
            text = f"{error.message} ({doing}, iteration {self.iteration})"
            raise CaffeToolsError(text, error.location) from None

    def update(self, *, shows: bool) -> None:
        """Update the weights with the learning rate of this iteration."""
        rate = self.schedule.rate(self.iteration, self.losses.smoothed.value)
        while self.schedule.messages:
            self.log.say("sgd_solver.cpp:50", self.schedule.messages.pop(0))
        if shows:
            self.report.rate(self.iteration, rate)
        if self.state.scale and not self.state.scale.unscale(self.solver.blobs):
            text = f"Iteration {self.iteration}: a gradient overflows, the weights stay as they are"
            factor = number(self.state.scale.factor)
            self.log.remark("solver.cpp:239", f"{text}; the loss scale is now {factor}")
            self.solver.iteration += 1
            return
        norm = self.solver.clip()
        if norm is not None:
            self.report.norm(norm)
        self.solver.rate = rate
        self.solver.step()

    def show_last_loss(self) -> None:
        """Log the loss of one more batch, as Caffe does after the last iteration."""
        with torch.no_grad(), self._located("training"):
            outputs = self.forward(self.module, self.forward.inputs(self.readers))
            self.losses.add(total_loss(outputs, loss_weights(self.module)))
        self.report.last_loss(self.iteration)

    def test_all(self) -> bool:
        """Run each test net, in the first process; return False if a signal stopped it."""
        for index, net in enumerate(self.tests):
            self.log.say("solver.cpp:347", f"Iteration {self.iteration}, Testing net (#{index})")
            visible = self.project.tests[index].visible
            is_detection = self.settings.eval_type == "detection"
            scores = DetectionScores(self.settings.ap_version, visible)
            with self._located(f"test net #{index}"):
                take = scores.add if is_detection else None
                result = self.forward.mean_outputs(net, self._stops_test, take)
            if result is None:
                self.log.say("solver.cpp:396", "Test interrupted.")
                return False
            outputs, weights, loss = visible(result[0]), visible(net.loss_weights), result[1]
            if is_detection:
                outputs, weights = self.report.precisions(scores.precisions()), {}
            self.report.test(outputs, weights, loss)
            self.report.curve(f"test{index}", self.iteration, curve_values(outputs))
            if index == 0 and self.options.early_stop is not None:
                reason = self.options.early_stop.reason(self.iteration, outputs, weights, loss)
                if reason:  # the other processes stop with this one, after the next iteration
                    self.log.remark("solver.cpp:311", reason)
                    self._request = interruptions.STOP
        return True

    def snapshot(self) -> None:
        """Write a snapshot; if that fails, log it and train on."""
        self.losses.fetch()
        self.check_finite()
        check_finite(self.module, self.iteration)
        try:
            checkpoint.save(self.state)
            self._failure = None
        except CaffeToolsError as error:
            self._failure = error
            self.log.fail("solver.cpp:464", f"no snapshot: {error}; training goes on")

    def requested(self) -> int:
        """Return what signals request of all processes, once the losses are fetched."""
        self._request = max(self._request, self.signals.request())
        if self.world.size > 1 and self.losses.wait:
            return interruptions.NONE
        request, self._request = self.world.most(self._request), interruptions.NONE
        return request

    def _stops_test(self) -> bool:
        request = self.signals.request()
        if self.world.size > 1:  # the others cannot be asked while they wait
            self._request = max(self._request, request)
            return False
        if request == interruptions.SNAPSHOT:
            self.snapshot()
        return request == interruptions.STOP

    def _mark_positions(self) -> None:
        self.state.positions = [reader.position for reader in self.readers]

    def _is_due(self, interval: int) -> bool:
        return interval > 0 and self.iteration % interval == 0
