"""One model's way through caffetools: the stages that check.py reports."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

import caffetools
from caffetools.torch.export.export import module_spec
from caffetools.torch.export.verification import TOLERANCE, seeded_inputs

STAGES = ("reads", "shapes", "PyTorch", "ONNX", "OpenCV 4")


@dataclass
class Model:
    """A prototxt, perhaps with weights, and what the stages made of them in `folder`."""

    text: str
    path: str
    phase: str
    parameters: str
    shapes: dict[str, tuple[int, ...]]
    weights: bytes | None
    folder: Path
    net: Any = None
    stored: Path = Path()
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    def stages(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """The stages, each a function that returns a word or raises."""
        steps = (self.read, self.infer, self.run, self.write_onnx, self.run_opencv)
        return zip(STAGES, steps, strict=True)

    def read(self) -> str:
        """Read the net, with one item a batch."""
        self.net = caffetools.from_text(
            self.text, self.path, self.phase, batch_size=1, input_shapes=self.shapes
        )
        return "yes"

    def infer(self) -> str:
        """Find every shape known, and as many parameters as the table says."""
        net = self.net.to_dict()
        tops = [top for layer in net["layers"] for top in layer["tops"]]
        unknown = [top["name"] for top in tops if top["shape"] is None]
        if unknown:
            notes = [note["message"] for note in net["notes"] if "unknown" in note["message"]]
            raise ValueError([*notes, f"the shape of {unknown[0]} is unknown"][0])
        total = net["totals"]["params"]
        if total is None:
            raise ValueError("the number of parameters is unknown")
        if str(total) != self.parameters:
            raise ValueError(f"{total} parameters, expected {self.parameters}")
        return "whole"

    def run(self) -> str:
        """Export with weights, import the code, build the module and run it."""
        self.stored = self.folder / "net.caffemodel"
        if self.weights is None:
            caffetools.pack(self.net, seeded(caffetools.module(self.net)), self.stored)
        else:
            self.stored.write_bytes(self.weights)
        caffetools.export(self.net, self.folder / "torch", weights=self.stored)
        self.inputs = seeded_inputs(module_spec(self.net), {})
        module = built(self.folder / "torch" / "model.py").train(self.phase == "train")
        with torch.no_grad():
            made = module(*(torch.tensor(self.inputs[name]) for name in module.inputs))
        blobs = (made,) if isinstance(made, torch.Tensor) else made
        self.outputs = {
            name: blob.numpy() for name, blob in zip(module.outputs, blobs, strict=True)
        }
        wrong = [name for name, values in self.outputs.items() if not np.isfinite(values).all()]
        if wrong:
            raise ValueError(f"values of {wrong[0]} are not finite")
        return "runs"

    def write_onnx(self) -> str:
        """Write the file, check it, run it in onnxruntime and compare; for inference alone."""
        if self.phase == "train":
            return ""
        path = str(self.folder / "net.onnx")
        caffetools.export(self.net, path, to="onnx", weights=self.stored)
        onnx.checker.check_model(path)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(path, options)
        taken = {each.name: self.inputs[each.name] for each in session.get_inputs()}
        return compared(session.run(None, taken), list(self.outputs.values()))

    def run_opencv(self) -> str:
        """Run the prototxt and the .caffemodel themselves in OpenCV 4, and compare."""
        try:
            import cv2

            read = cv2.dnn.readNetFromCaffe
        except (ImportError, AttributeError):
            return ""
        if self.phase == "train":
            return ""
        text = self.folder / "net.prototxt"
        text.write_text(self.text, errors="surrogateescape")
        net = read(str(text), str(self.stored))
        net.enableFusion(False)  # it mistakes a BatchNorm of two axes
        for name, values in self.inputs.items():
            net.setInput(values, name)
        writers = {
            top["name"]: layer["name"]
            for layer in self.net.to_dict()["layers"]
            for top in layer["tops"]
        }
        outputs = {name: each for name, each in self.outputs.items() if name not in self.inputs}
        return compared(net.forward([writers[name] for name in outputs]), list(outputs.values()))


def seeded(module: nn.Module) -> dict[str, torch.Tensor]:
    """Weights that keep the values of a deep net in range; statistics are 0 and 1."""
    random = torch.Generator().manual_seed(0)
    buffers = {name for name, _ in module.named_buffers()}
    state = module.state_dict()
    for name, tensor in state.items():
        if not tensor.is_floating_point():
            continue
        if name in buffers:
            tensor.fill_(0.0 if "mean" in name.rsplit(".", 1)[-1] else 1.0)
        elif tensor.ndim > 1:
            scale = (2 / max(tensor[0].numel(), 1)) ** 0.5
            tensor.copy_(torch.randn(tensor.shape, generator=random) * scale)
        else:
            tensor.add_(torch.randn(tensor.shape, generator=random) * 0.1)
    return state


def built(path: Path) -> Any:
    """The module of an exported folder, with its weights."""
    spec = importlib.util.spec_from_file_location("model", path)
    assert spec is not None
    assert spec.loader is not None
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    return model.build()


def compared(found: Any, expected: list[Any]) -> str:
    """The largest difference, relative to the largest value of its blob; raises if it is large."""
    largest = 0.0
    for made, wanted in zip(found, expected, strict=True):
        mine = in_order(made, wanted)
        if mine.size != wanted.size:
            raise ValueError(f"shapes differ: {mine.shape}, expected {wanted.shape}")
        span = float(np.abs(wanted).max(initial=0)) or 1.0
        largest = max(largest, float(np.abs(mine.ravel() - wanted.ravel()).max(initial=0)) / span)
    if not largest <= TOLERANCE:
        raise ValueError(f"differs by {largest:.0e} of the largest value")
    return f"{largest:.0e}"


def in_order(made: Any, wanted: Any) -> Any:
    """Return a blob; of detections `(1, 1, N, 7)` the row next to each wanted one.

    OpenCV fills up with empty rows, and rows of nearly one score come in any order.
    """
    if wanted.ndim != 4 or wanted.shape[:2] != (1, 1) or wanted.shape[3] != 7:
        return made
    rows, targets = made.reshape(-1, 7), wanted.reshape(-1, 7)
    rows = rows[rows.any(axis=1)]
    if len(rows) != len(targets):
        return rows
    return rows[np.abs(targets[:, None] - rows).max(axis=2).argmin(axis=1)]
