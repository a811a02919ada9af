"""Forward passes: one call of a net, and the mean outputs of a test net (solver.cpp, Test)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.reader import Reader
from caffetools.torch.training.interruptions import first_line
from caffetools.torch.training.model import outputs_of, total_loss
from caffetools.torch.training.progress import SkippedItems

_MISFITS = ("shape", "size", "channels")
"""Words of PyTorch's errors about tensors whose shapes do not match."""

_COMPILER = ("torch._dynamo", "torch._inductor")
"""Modules of torch.compile, which has errors of its own."""


@dataclass(frozen=True)
class TestNet:
    """A test net with the readers of its sources.

    `module` may be the trained module itself, which is switched to eval for a test; `iterations`
    counts the batches of a test, and `loss_weights` are those of the outputs in a test.
    """

    __test__ = False  # not a test class of pytest

    module: nn.Module
    readers: tuple[Reader, ...]
    iterations: int
    loss_weights: Mapping[str, float]


@dataclass
class Forward:
    """Calls nets; in training `called`, such as a DistributedDataParallel, replaces `trained`."""

    trained: nn.Module
    called: nn.Module
    device: torch.device
    skipped: SkippedItems
    amp: torch.dtype | None = None

    def __call__(self, module: nn.Module, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the outputs of a module by name.

        Raises CaffeToolsError if the net cannot take the shapes of the inputs, if labels made by
        other layers are out of range, or if the net cannot be compiled.
        """
        called = self.called if module is self.trained and module.training else module
        names: tuple[str, ...] = module.inputs  # type: ignore[assignment]
        amp = torch.autocast(self.device.type, self.amp) if self.amp else nullcontext()
        try:
            with amp:
                result = called(*(inputs[name] for name in names))
        except (IndexError, RuntimeError) as error:
            text = first_line(error)
            if type(error).__module__.startswith(_COMPILER):
                reason = " ".join(str(error).partition("\n\n")[0].split())
                raise CaffeToolsError(f"PyTorch cannot compile the net: {reason}") from None
            if "out of bounds" in text:
                raise CaffeToolsError(f"a label is out of range: {text}") from None
            if any(word in text for word in _MISFITS):
                found = ", ".join(f"{name!a} {tuple(inputs[name].shape)}" for name in names)
                raise CaffeToolsError(f"the net cannot take {found}: {text}") from None
            raise
        return outputs_of(module, result)

    def inputs(self, readers: tuple[Reader, ...]) -> dict[str, Tensor]:
        """Return the next batch of each source by top, on the device; log notes to `skipped`."""
        tensors: dict[str, Tensor] = {}
        for reader in readers:
            batch = reader.next()
            tensors.update(batch.tensors)
            self.skipped.log_notes(batch.notes)
        return {top: each.to(self.device, non_blocking=True) for top, each in tensors.items()}

    @torch.no_grad()
    def mean_outputs(
        self,
        net: TestNet,
        stop: Callable[[], bool],
        take: Callable[[dict[str, Tensor]], None] | None = None,
    ) -> tuple[dict[str, Tensor], Tensor] | None:
        """Return the mean of each output and of the loss over all batches; None once `stop()`.

        Outputs that `take` is called with are not averaged.
        """
        totals: dict[str, Tensor] = {}
        loss = torch.zeros((), device=self.device)
        was_training = net.module.training
        net.module.eval()
        try:
            for _ in range(net.iterations):
                if stop():
                    return None
                outputs = self(net.module, self.inputs(net.readers))
                loss += total_loss(outputs, net.loss_weights)
                if take is not None:
                    take(outputs)
                    continue
                for blob, values in outputs.items():
                    totals[blob] = totals[blob] + values if blob in totals else values.float()
        finally:
            net.module.train(was_training)
        count = max(net.iterations, 1)
        return {blob: total / count for blob, total in totals.items()}, loss / count
