"""The end of a run whose tests no longer get better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.glog_writer import number


@dataclass
class EarlyStop:
    """Counts the tests of the first test net since the best one, up to `patience`.

    Compared is the mean of `output`: lower is better if it has a loss weight, otherwise higher.
    Without a name it is the loss of the test or, if there is none, the first output.
    """

    patience: int
    output: str = ""
    best: float | None = None
    best_iteration: int = 0
    tests: int = 0
    """Since the best."""

    def reason(
        self,
        iteration: int,
        outputs: Mapping[str, Tensor],
        weights: Mapping[str, float],
        loss: Tensor,
    ) -> str:
        """Add a test; return why the run stops, "" if it goes on.

        Raises CaffeToolsError if the output is missing.
        """
        name, sign, value = self.output, -1, loss
        if name or not weights:
            name = name or next(iter(outputs), "")
            if name not in outputs:
                found = ", ".join(map(ascii, outputs)) or "none"
                text = (
                    f"early stop: expected an output {name!a} of the first test net, found {found}"
                )
                raise CaffeToolsError(text)
            sign, value = -1 if name in weights else 1, outputs[name].float().mean()
        score = float(value)
        if self.best is None or sign * score > sign * self.best:
            self.best, self.best_iteration, self.tests = score, iteration, 0
            return ""
        self.tests += 1
        if self.tests < self.patience:
            return ""
        what = f"{name or 'loss'} {number(self.best)} of iteration {self.best_iteration}"
        return f"Early stop at iteration {iteration}: {what} was not improved in {self.tests} tests"
