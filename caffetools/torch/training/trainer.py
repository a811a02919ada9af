"""The loop of training (solver.cpp, Step and Solve; sgd_solver.cpp, ApplyUpdate)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress

import torch
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError
from caffetools.torch.training import checkpoint, signals
from caffetools.torch.training.data.reader import Reader
from caffetools.torch.training.faults import in_plain_words
from caffetools.torch.training.forward import Forward
from caffetools.torch.training.glog import Log
from caffetools.torch.training.losses import Losses
from caffetools.torch.training.model import check_finite, learnable, loss_weights, total_loss
from caffetools.torch.training.parallel import World
from caffetools.torch.training.project import Project, RunOptions
from caffetools.torch.training.rates import Schedule
from caffetools.torch.training.report import Report
from caffetools.torch.training.signals import Signals
from caffetools.torch.training.skipped import Skipped
from caffetools.torch.training.solvers import SOLVERS
from caffetools.torch.training.testing import TestNet, read_inputs, scores


class Trainer:
    """A net, its solver and its data, from one iteration to the next.

    `nets` are the module that is trained, the readers of its sources, and what tests it in the
    first process. The modules are on the device, each in its phase.
    """

    def __init__(
        self,
        project: Project,
        options: RunOptions,
        world: World,
        log: Log,
        nets: tuple[nn.Module, tuple[Reader, ...], tuple[TestNet, ...]],
    ) -> None:
        self.project, self.options, self.world, self.log = project, options, world, log
        self.settings = project.solver.in_single_precision()
        self.module, self.readers, self.tests = nets
        blobs = learnable(self.module, project.multipliers)
        self.solver = SOLVERS[self.settings.type](blobs, self.settings)
        self.schedule = Schedule(self.settings)
        at_once = world.device.type == "cpu" or self.settings.lr_policy == "plateau"
        self.losses = Losses(world, self.settings.average_loss, at_once=at_once)
        self.report = Report(log, world, self.settings, self.losses)
        self.signals = Signals(options.sigint, options.sighup)
        self.iteration = 0
        self.seed = 0
        self.positions = [reader.position for reader in self.readers]
        """The places in the data after the last whole iteration."""
        if options.compile:
            self.module.compile()
        self._called = world.wrapped(self.module, has_unused=project.has_unused)
        self.forward = Forward(self.module, self._called, world.device.type, amp=options.amp)
        self.skipped = Skipped(log)
        self._asked = signals.NONE
        self._failed: CaffeToolsError | None = None
        self.saved = 0
        """The iteration of the last snapshot, 0 before the first."""

    def solve(self) -> None:
        """Train up to max_iter, with all that Caffe does before and after.

        Raises CaffeToolsError where the loss is not finite, the data is damaged, or the last
        snapshot could not be written. Where the data is damaged, what was trained is saved first.
        """
        self.report.begins(self.project.name, self.iteration)
        with self.signals.caught():
            try:
                self._solve()
            except CaffeToolsError:
                self._rescue()
                raise
            except RuntimeError as error:  # perhaps between two weights: nothing is saved
                raise in_plain_words(error) from None
        self.skipped.sum_up(self.world.gather(self.skipped.found))
        if self._failed is not None:
            raise self._failed

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

    def _rescue(self) -> None:
        """Save what was trained before an error, but for a loss that is no number.

        Of several processes none does: the others cannot be asked for what they hold.
        """
        self.skipped.sum_up([self.skipped.found])
        if self.world.size > 1:
            return
        if self.iteration != self.saved and math.isfinite(self.losses.smoothed.value):
            with suppress(CaffeToolsError):  # there is an error that came first
                self.snapshot()
        last = f"the last snapshot is that of iteration {self.saved}"
        self.log.remark("solver.cpp:464", last if self.saved else "there is no snapshot")

    def close(self) -> None:
        """End what reads data ahead."""
        for reader in (*self.readers, *(reader for test in self.tests for reader in test.readers)):
            reader.close()

    def train_to(self, last: int) -> bool:
        """Train up to an iteration; False where a signal stopped it before."""
        settings = self.settings
        while self.iteration < last:
            if (
                self._is_due(settings.test_interval)
                and (self.iteration or settings.test_initialization)
                and not self.test_all()
            ):
                return False
            self.iterate()
            asked = self.asked()
            if self._is_due(settings.snapshot) or asked == signals.SNAPSHOT:
                self.snapshot()
            if asked == signals.STOP:
                return False
        return True

    def iterate(self) -> None:
        """One iteration: gradients, what is shown, the update."""
        shows = self._is_due(self.settings.display)
        self.solver.zero_grad(set_to_none=True)
        with self._at_iteration("training"):
            outputs = self.gradients()
        if shows:
            visible, weights = self.project.net.visible, loss_weights(self.module)
            self.report.shows(self.iteration, visible(outputs), visible(weights))
        self.losses.check_finite(self.iteration)
        self.update(shows=shows)
        self.positions = [reader.position for reader in self.readers]
        self.report.progress(self.iteration)

    def gradients(self) -> dict[str, Tensor]:
        """Add up the gradients of iter_size batches; returns the outputs of the last."""
        size = self.settings.iter_size
        weights = loss_weights(self.module)
        losses, outputs = [], {}
        for batch in range(size):
            inputs = self.inputs()
            alone = batch < size - 1 and self._called is not self.module and self.world.size > 1
            with self._called.no_sync() if alone else nullcontext():  # type: ignore[operator]
                outputs = self.forward(self.module, inputs)
                loss = total_loss(outputs, weights)
                if loss.requires_grad:
                    loss.backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
        self.losses.add(losses[0] if size == 1 else torch.stack(losses).mean())
        return outputs

    def inputs(self) -> dict[str, Tensor]:
        """The next batch."""
        return read_inputs(self.readers, self.world.device, self.skipped)

    @contextmanager
    def _at_iteration(self, doing: str) -> Iterator[None]:
        """Errors of the data say when they were met."""
        try:
            yield
        except CaffeToolsError as error:
            text = f"{error.message} ({doing}, iteration {self.iteration})"
            raise CaffeToolsError(text, error.location) from None

    def update(self, *, shows: bool) -> None:
        """Change the weights with this iteration's rate."""
        rate = self.schedule.rate(self.iteration, self.losses.smoothed.value)
        for message in self.schedule.take_messages():
            self.log.say("sgd_solver.cpp:50", message)
        if shows:
            self.report.rate(self.iteration, rate)
        norm = self.solver.clip()
        if norm is not None:
            self.report.norm(norm)
        self.solver.rate, self.solver.iteration = rate, self.iteration
        self.solver.step()
        self.iteration += 1

    def show_last_loss(self) -> None:
        """Once trained Caffe shows the loss of one more batch."""
        with torch.no_grad(), self._at_iteration("training"):
            outputs = self.forward(self.module, self.inputs())
            self.losses.add(total_loss(outputs, loss_weights(self.module)))
        self.report.last_loss(self.iteration)

    def test_all(self) -> bool:
        """Test with each test net, in the first process; False where a signal stopped it."""
        for index, net in enumerate(self.tests):
            self.log.say("solver.cpp:347", f"Iteration {self.iteration}, Testing net (#{index})")
            with self._at_iteration(f"test net #{index}"):
                result = scores(
                    net, self.forward, self.world.device, self.skipped, self._stops_test
                )
            if result is None:
                self.log.say("solver.cpp:396", "Test interrupted.")
                return False
            outputs, loss = result
            visible = self.project.tests[index].visible
            self.report.tested(visible(outputs), visible(net.loss_weights), loss)
        return True

    def snapshot(self) -> None:
        """Write a snapshot; where that fails training goes on, and the failure is told."""
        self.losses.look()
        self.losses.check_finite(self.iteration)
        check_finite(self.module, self.iteration)
        try:
            checkpoint.save(self)
            self._failed, self.saved = None, self.iteration
        except CaffeToolsError as error:
            self._failed = error
            self.log.fail("solver.cpp:464", f"no snapshot: {error}")

    def asked(self) -> int:
        """What signals ask of all processes; between looks at the losses the answer waits."""
        self._asked = max(self._asked, self.signals.request())
        if self.world.size > 1 and self.losses.wait:
            return signals.NONE
        asked, self._asked = self.world.most(self._asked), signals.NONE
        return asked

    def _stops_test(self) -> bool:
        asked = self.signals.request()
        if self.world.size > 1:  # the others cannot be asked while they wait
            self._asked = max(self._asked, asked)
            return False
        if asked == signals.SNAPSHOT:
            self.snapshot()
        return asked == signals.STOP

    def _is_due(self, interval: int) -> bool:
        return interval > 0 and self.iteration % interval == 0
