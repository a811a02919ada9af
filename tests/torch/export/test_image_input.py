"""Modules whose input is an image."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.image_input import with_image_input
from caffetools.torch.export.loaded_module import load_module
from caffetools.torch.export.preprocess import ImageSteps

TEXT = """
layer { name: "d" type: "Input" top: "d" input_param { shape { dim: 2 dim: 3 dim: 2 dim: 2 } } }
layer { name: "preprocess_mean" type: "Scale" bottom: "d" top: "d"
  scale_param { axis: 0 num_axes: 0 } }
"""


@pytest.mark.parametrize("has_image", [True, False])
def test_the_module_crops_and_subtracts(has_image: bool) -> None:
    """The center of 3 x 5 is row (3 - 2) // 2 = 0 on, column (5 - 2) // 2 = 1 on."""
    image = np.arange(45, dtype=np.float32).reshape(3, 3, 5) if has_image else None
    steps = ImageSteps((2, 3, 2, 2), (3, 5), (1.0, 2.0, 3.0), image, 0.5)
    spec, tensors = with_image_input(assemble(from_text(TEXT)), {}, steps)
    assert [tensor.shape for tensor in spec.inputs] == [(2, 3, 3, 5)]
    rgb = torch.arange(90.0).reshape(2, 3, 3, 5)
    mean = torch.tensor([1.0, 2, 3]).reshape(3, 1, 1) if image is None else torch.tensor(image)
    expected = ((rgb.flip(1) - mean) * 0.5)[:, :, 0:2, 1:3]
    assert torch.equal(load_module(spec, tensors)(rgb), expected)
