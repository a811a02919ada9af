"""A call of a net: its outputs by name, and in plain words what data it cannot take."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.faults import first_line
from caffetools.torch.training.model import outputs_of

_MISFITS = ("shape", "size", "channels")
"""Words of PyTorch's errors about tensors that do not go together."""

_COMPILER = ("torch._dynamo", "torch._inductor")
"""The modules of torch.compile, which has errors of its own."""


class Forward:
    """Calls nets; `called` stands for the trained one in training, such as one that averages."""

    def __init__(self, trained: nn.Module, called: nn.Module, kind: str, *, amp: bool) -> None:
        self.trained, self.called = trained, called
        self.kind, self.amp = kind, amp

    def __call__(self, module: nn.Module, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The outputs of a module by name.

        Raises CaffeToolsError for inputs of a shape that the net cannot take, for labels out of
        range that came to their layer through others, and where the net cannot be compiled.
        """
        called = self.called if module is self.trained and module.training else module
        names: tuple[str, ...] = module.inputs  # type: ignore[assignment]
        amp = torch.autocast(self.kind, torch.bfloat16) if self.amp else nullcontext()
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
