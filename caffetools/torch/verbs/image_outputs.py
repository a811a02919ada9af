"""What a net computes of image files: classes and features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from caffetools.editing.deploy import deployed
from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Options
from caffetools.net.loading import infer_net
from caffetools.net.net import Net
from caffetools.torch.export.preprocess import ImageSteps, data_steps, image_steps
from caffetools.torch.training.model import outputs_of
from caffetools.torch.verbs.image_inputs import CROPS, image_batches
from caffetools.torch.verbs.watched import watched_module

Array = NDArray[np.float32]


class Guess(NamedTuple):
    """A class and its score."""

    number: int
    score: float


@dataclass(frozen=True)
class ImageNet:
    """A net that reads images, and how they become its input."""

    net: Net
    steps: ImageSteps

    @classmethod
    def of(cls, net: Net) -> ImageNet:
        """Return a net for images; of a net to train, that to deploy, with its preprocessing.

        Raises CaffeToolsError, placed, for a net without one input of images.
        """
        trained = net
        sources = [layer for layer in net.layers if not layer.node.bottoms and not layer.params]
        if any(layer.node.type != "Input" for layer in sources):
            net = deployed(net)
            sources = [layer for layer in net.layers if not layer.node.bottoms]
        shapes = [shape for layer in sources for shape in layer.tops]
        message = net.inferred.graph.message
        if len(shapes) != 1 or shapes[0] is None:
            text = f"expected one input of known shape, found {len(shapes)}"
            raise message.error(f"{text}; use --input-shape", kind=CaffeToolsError)
        try:
            steps = image_steps(shapes[0])
            return cls(net, data_steps(trained, shapes[0]) or steps)
        except CaffeToolsError as error:
            raise message.source.place(error, message.offset) from None

    def sized(self, count: int) -> Net:
        """Return the net with another batch size."""
        graph = self.net.inferred.graph
        return infer_net(graph.message, graph.state, Options(batch_size=count))


def classify(
    images: ImageNet,
    weights: Sequence[str],
    paths: list[str],
    *,
    most: int = 5,
    oversample: bool = False,
    batch: int = 16,
    device: torch.device | None = None,
) -> list[list[Guess]]:
    """Return the classes of each image with the highest scores, the highest first.

    With `oversample` scores are means over CROPS crops, as in pycaffe's Classifier. Raises
    CaffeToolsError for a net without one output of an element for each class.
    """
    outputs = images.net.outputs
    if len(outputs) != 1:
        message = images.net.inferred.graph.message
        found = ", ".join(outputs)
        raise message.error(f"expected one output, found {found}", kind=CaffeToolsError)
    scores = features(
        images, weights, paths, outputs, oversample=oversample, batch=batch, device=device
    )[outputs[0]]
    if scores[0].size != scores.shape[1]:
        text = f"expected an output of a score for each class, found {scores.shape[1:]}"
        raise CaffeToolsError(text)
    flat = scores.reshape(len(scores), -1)
    order = np.argsort(-flat, axis=1, kind="stable")[:, :most]
    return [
        [Guess(int(index), float(row[index])) for index in best]
        for row, best in zip(flat, order, strict=True)
    ]


def features(
    images: ImageNet,
    weights: Sequence[str],
    paths: list[str],
    blobs: Sequence[str],
    *,
    oversample: bool = False,
    batch: int = 16,
    device: torch.device | None = None,
) -> dict[str, Array]:
    """Return blobs of image files, `(files, ...)`; with `oversample` means over their crops.

    Raises CaffeToolsError for an unknown blob, a file that is no image, and a blob whose first axis
    is not that of the images.
    """
    crops = CROPS if oversample else 1
    size = min(batch, len(paths))
    module = watched_module(images.sized(size * crops), weights, blobs, alone=True)
    module = module.eval().to(device or "cpu")
    found: dict[str, list[Array]] = {blob: [] for blob in blobs}
    for part, values in image_batches(images.steps.checked(), paths, size, oversample):
        missing = size * crops - len(values)
        padded = np.concatenate([values, np.zeros((missing, *values.shape[1:]), np.float32)])
        for blob, array in _run(module, padded, device).items():
            if array.ndim < 1 or len(array) != size * crops:
                text = f"blob {blob!a} expected {size * crops} items, found {array.shape}"
                raise CaffeToolsError(text)
            kept = array[: len(part) * crops]
            found[blob].append(kept.reshape(len(part), crops, *array.shape[1:]).mean(1))
    return {blob: np.concatenate(parts) for blob, parts in found.items()}


@torch.no_grad()
def _run(module: nn.Module, values: Array, device: torch.device | None) -> dict[str, Array]:
    outputs = outputs_of(module, module(torch.from_numpy(values).to(device or "cpu")))
    return {blob: each.cpu().numpy() for blob, each in outputs.items()}
