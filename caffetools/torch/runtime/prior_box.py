"""SSD's PriorBox (prior_box_layer.cpp, weiliu89/caffe)."""

import math

import torch
from torch import Tensor


def prior_sizes(
    min_size: tuple[float, ...],
    max_size: tuple[float, ...] = (),
    aspect_ratio: tuple[float, ...] = (),
    *,
    flip: bool = True,
) -> list[tuple[float, float]]:
    """Return width and height in pixels of the priors of a cell, in Caffe's order.

    For each `min_size`: a square, a square of side sqrt(min * max), then each ratio and, with
    `flip`, its inverse. Sizes are truncated to integers; ratios within 1e-6 of an earlier one
    are skipped.
    """
    ratios = [1.0]
    for ratio in aspect_ratio:
        if all(abs(ratio - other) >= 1e-6 for other in ratios):
            ratios += [ratio, 1 / ratio] if flip else [ratio]
    sizes = []
    for index, size in enumerate(map(int, min_size)):
        sizes.append((float(size), float(size)))
        if max_size:
            middle = math.sqrt(size * int(max_size[index]))
            sizes.append((middle, middle))
        sizes += [
            (size * math.sqrt(ratio), size / math.sqrt(ratio))
            for ratio in ratios
            if abs(ratio - 1) >= 1e-6
        ]
    return sizes


def prior_box(
    x: Tensor,
    image: Tensor,
    sizes: list[tuple[float, float]],
    variance: tuple[float, ...] = (0.1,),
    *,
    image_size: tuple[int, int] | None = None,
    step: tuple[float, float] | None = None,
    offset: float = 0.5,
    clip: bool = False,
) -> Tensor:
    """Return the priors of each cell of `x` and their variances, `(1, 2, H * W * priors * 4)`.

    Boxes are in fractions of the image; `variance` has one element or four. `image_size` and `step`
    are height and width in pixels, by default those that follow from `image` and `x`.
    """
    height, width = x.size(2), x.size(3)
    image_height, image_width = image_size or (image.size(2), image.size(3))
    step_h, step_w = step or (image_height / height, image_width / width)
    middle_x = (torch.arange(width, dtype=x.dtype, device=x.device) + offset) * step_w
    middle_y = (torch.arange(height, dtype=x.dtype, device=x.device) + offset) * step_h
    grid = torch.meshgrid(middle_x, middle_y, indexing="xy")
    middle = torch.stack(grid, -1).unsqueeze(2)
    half = x.new_tensor(sizes) / 2
    corners = torch.stack([middle - half, middle + half], -2)
    # By each side, not by a tensor of both: so an ONNX graph can be for any image.
    boxes = torch.stack(
        [corners[..., 0] / image_width, corners[..., 1] / image_height], -1
    ).flatten(-2)
    if clip:
        boxes = boxes.clamp(0, 1)
    variances = x.new_tensor(variance).expand(boxes.shape)
    return torch.stack([boxes, variances]).reshape(1, 2, -1)
