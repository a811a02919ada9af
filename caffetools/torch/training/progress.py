"""The log of a run in Caffe's words (solver.cpp; sgd_solver.cpp, ApplyUpdate)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor

from caffetools.torch.training.glog_writer import GlogWriter, number
from caffetools.torch.training.losses import Losses
from caffetools.torch.training.parallel import World
from caffetools.torch.training.settings import SolverSettings

_REMEMBERED = 10000
"""Notes on damaged items that are remembered, so that each is logged once, not in each epoch."""


Curve = Callable[[str, int, Mapping[str, Sequence[float]]], object]
"""Called with a curve (`train`, `test0`, …), an iteration, and values by name."""


class Report:
    """Logs a run; what waits on a GPU is fetched when it is shown."""

    def __init__(
        self,
        log: GlogWriter,
        world: World,
        settings: SolverSettings,
        losses: Losses,
        curve: Curve | None = None,
    ) -> None:
        self.log, self.world, self.settings, self.losses = log, world, settings, losses
        self.curve = curve if world.is_first and curve else lambda *_: None
        self._speed = SpeedMeter(0)
        self._norms: list[Tensor] = []

    def begin(self, name: str, iteration: int) -> None:
        """Log that a run starts, or resumes at an iteration."""
        self.log.say("solver.cpp:289", f"Solving {name}")
        self.log.say("solver.cpp:290", f"Learning Rate Policy: {self.settings.lr_policy}")
        self._speed = SpeedMeter(iteration)

    def show(
        self, iteration: int, outputs: Mapping[str, Tensor], weights: Mapping[str, float]
    ) -> None:
        """Log the smoothed loss of an iteration, and the outputs of its last batch."""
        self.fetch()
        speed = self._speed.lap(iteration, self.settings.display)
        text = f"Iteration {iteration} ({speed}), loss = {number(self.losses.smoothed.value)}"
        self.log.say("solver.cpp:239", text)
        means = {blob: self.world.mean(each.detach().float()) for blob, each in outputs.items()}
        for line in output_lines("Train", means, weights):
            self.log.say("solver.cpp:258", line)
        self.curve(
            "train", iteration, {**curve_values(means), "loss": [self.losses.smoothed.value]}
        )

    def rate(self, iteration: int, rate: float) -> None:
        """Log the learning rate of an iteration."""
        self.log.say("sgd_solver.cpp:112", f"Iteration {iteration}, lr = {number(rate)}")
        self.curve("train", iteration, {"lr": [rate]})

    def norm(self, norm: Tensor) -> None:
        """Log the L2 norm of the gradients if it exceeded clip_gradients."""
        self._norms.append(norm)
        if self.losses.at_once:
            self._log_clipping()

    def last_loss(self, iteration: int) -> None:
        """Log the loss of one more batch after the last iteration."""
        self.fetch()
        text = f"Iteration {iteration}, loss = {number(self.losses.smoothed.value)}"
        self.log.say("solver.cpp:327", text)

    def test(
        self, outputs: Mapping[str, Tensor], weights: Mapping[str, float], loss: Tensor
    ) -> None:
        """Log the mean outputs of a test."""
        if self.settings.test_compute_loss:
            self.log.say("solver.cpp:401", f"Test loss: {number(float(loss))}")
        for line in output_lines("Test", outputs, weights):
            self.log.say("solver.cpp:414", line)

    def precisions(self, precisions: Mapping[str, Mapping[int, float]]) -> dict[str, Tensor]:
        """Return the mean average precision of each output; log that of each class if asked for."""
        if self.settings.show_per_class_result:
            for classes in precisions.values():
                for label, precision in classes.items():
                    self.log.say("solver.cpp:536", f"class{label}: {number(precision)}")
        return {
            blob: torch.tensor(sum(classes.values()) / max(len(classes), 1))
            for blob, classes in precisions.items()
        }

    def progress(self, iteration: int) -> None:
        """Update the progress line of a terminal."""
        if self.log.is_terminal:
            loss, last = self.losses.smoothed.value, self.settings.max_iter
            self.log.progress(self._speed.progress(iteration, last, loss))

    def fetch(self) -> None:
        """Fetch norms and losses from the device."""
        self._log_clipping()
        self.losses.fetch()

    def _log_clipping(self) -> None:
        most = self.settings.clip_gradients
        norms, self._norms = self._norms, []
        for norm in torch.stack(norms).tolist() if norms else ():
            if norm > most:
                text = f"(L2 norm {number(norm)} > {number(most)}) by scale factor"
                text = f"Gradient clipping: scaling down gradients {text} {number(most / norm)}"
                self.log.say("sgd_solver.cpp:99", text)


def curve_values(outputs: Mapping[str, Tensor]) -> dict[str, list[float]]:
    """Return the values of outputs; `loss` and `lr` of the solver keep their names."""
    return {
        f"output {blob}" if blob in {"loss", "lr"} else blob: values.reshape(-1).tolist()
        for blob, values in outputs.items()
    }


def output_lines(
    kind: str, outputs: Mapping[str, Tensor], weights: Mapping[str, float]
) -> list[str]:
    """Return Caffe's log lines, one for each element of each output; `kind` is Train or Test."""
    lines: list[str] = []
    for blob, values in outputs.items():
        weight = weights.get(blob, 0.0)
        for value in values.detach().float().reshape(-1).tolist():
            loss = f" (* {number(weight)} = {number(weight * value)} loss)" if weight else ""
            lines.append(f"    {kind} net output #{len(lines)}: {blob} = {number(value)}{loss}")
    return lines


class SpeedMeter:
    """Iterations and seconds since the last lap."""

    def __init__(self, iteration: int) -> None:
        self._start = time.monotonic()
        self._iteration = iteration

    def lap(self, iteration: int, display: int) -> str:
        """Return Caffe's text for the speed since the last lap, and start the next lap."""
        now = time.monotonic()
        lapse, done = now - self._start, iteration - self._iteration
        self._start, self._iteration = now, iteration
        return f"{number(done / (lapse or 1))} iter/s, {number(lapse)}s/{display} iters"

    def progress(self, iteration: int, last: int, loss: float) -> str:
        """Return iteration, speed since the last lap, loss, and the time left at this speed."""
        speed = (iteration - self._iteration) / (time.monotonic() - self._start or 1)
        left = int((last - iteration) / speed) if speed > 0 else 0
        clock = f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"
        return f"{iteration} of {last}, {speed:.3g} iter/s, loss {number(loss)}, {clock}"


class SkippedItems:
    """Counts damaged items that were replaced by the next, and logs each of them once."""

    def __init__(self, log: GlogWriter) -> None:
        self.log = log
        self.count = 0
        self._logged: dict[str, None] = {}

    @property
    def found(self) -> tuple[int, tuple[str, ...]]:
        """The count of this process, and the distinct notes."""
        return self.count, tuple(self._logged)

    def log_notes(self, notes: Iterable[str]) -> None:
        """Count the notes of a batch and log the new ones."""
        for note in notes:
            self.count += 1
            self._log_once(note)

    def log_total(self, found: Iterable[tuple[int, tuple[str, ...]]]) -> None:
        """Log the notes of all processes (the others have no log), and the total count."""
        total = 0
        for count, notes in found:
            total += count
            for note in notes:
                self._log_once(note)
        if total:
            text = f"damaged items that were skipped in this run: {total}"
            self.log.remark("data_layer.cpp:100", text)

    def _log_once(self, note: str) -> None:
        if note not in self._logged:
            self.log.remark("data_layer.cpp:100", f"{note}; the next item takes its place")
            if len(self._logged) < _REMEMBERED:
                self._logged[note] = None
