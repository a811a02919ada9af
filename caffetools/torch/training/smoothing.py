"""The loss that is shown: the mean of the last ones (solver.cpp, UpdateSmoothedLoss)."""

from __future__ import annotations


class SmoothedLoss:
    """The mean of the last `average_loss` losses since the run began."""

    def __init__(self, average_loss: int) -> None:
        self.average_loss = average_loss
        self.losses: list[float] = []
        self.value = 0.0
        self.count = 0

    def add(self, loss: float) -> None:
        """Take the loss of the next iteration."""
        if len(self.losses) < self.average_loss:
            self.losses.append(loss)
            size = len(self.losses)
            self.value = (self.value * (size - 1) + loss) / size
        else:
            place = self.count % self.average_loss
            self.value += (loss - self.losses[place]) / self.average_loss
            self.losses[place] = loss
        self.count += 1
