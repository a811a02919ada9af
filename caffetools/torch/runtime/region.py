"""Pooling over regions of interest, rows `(image, x1, y1, x2, y2)` in pixels of the image."""

import os
from typing import Any

import torch
from torch import Tensor


def round_half_away(x: Tensor) -> Tensor:
    """Round half away from zero, as C does."""
    return torch.sign(x) * torch.floor(x.abs() + 0.5)


@torch.library.custom_op(
    f"caffetools::roi_max_pool_{os.urandom(8).hex()}", mutates_args=()
)
def roi_max_pool(
    x: Tensor, rois: Tensor, height: int, width: int, scale: float
) -> tuple[Tensor, Tensor]:
    """Return the maxima of the bins of each region and their positions h * W + w.

    `(N, C, H, W), (R, 5) -> (R, C, height, width)` each; 0 and -1 for an empty bin
    (roi_pooling_layer.cpp, rbgirshick/caffe-fast-rcnn). A custom operator, because of its loops.
    """
    maxima = x.new_zeros(rois.size(0), x.size(1), height, width)
    places = torch.full(maxima.shape, -1, dtype=torch.long, device=x.device)
    corners = round_half_away(rois[:, 1:] * scale)
    all_columns = roi_bins(corners[:, 0], corners[:, 2], width, x.size(3)).tolist()
    all_rows = roi_bins(corners[:, 1], corners[:, 3], height, x.size(2)).tolist()
    for index, image in enumerate(rois[:, 0].long().tolist()):
        for column, (left, right) in enumerate(all_columns[index]):
            if left >= right:
                continue
            # Reduce rows first: of equal values, the upper left one is chosen.
            by_row, place = x[image, :, :, left:right].max(2)
            for row, (top, bottom) in enumerate(all_rows[index]):
                if top >= bottom:
                    continue
                best, line = by_row[:, top:bottom].max(1)
                line = line + top
                within = place.gather(1, line.unsqueeze(1)).squeeze(1)
                maxima[index, :, row, column] = best
                places[index, :, row, column] = line * x.size(3) + left + within
    return maxima, places


def roi_bins(first: Tensor, last: Tensor, count: int, extent: int) -> Tensor:
    """Return start and end of `count` bins from `first` to `last`, `(R, count, 2)`."""
    size = ((last - first + 1).clamp(min=1) / count).unsqueeze(1)
    steps = torch.arange(count, device=first.device)
    begin = (steps * size).floor() + first.unsqueeze(1)
    end = ((steps + 1) * size).ceil() + first.unsqueeze(1)
    return torch.stack([begin, end], 2).clamp(0, extent).long()


@roi_max_pool.register_fake
def roi_max_pool_shape(
    x: Tensor, rois: Tensor, height: int, width: int, _scale: float
) -> tuple[Tensor, Tensor]:
    """Return empty outputs, for `torch.compile` and the meta device."""
    maxima = x.new_empty(rois.size(0), x.size(1), height, width)
    return maxima, maxima.new_empty(maxima.shape, dtype=torch.long)


def roi_max_pool_context(
    ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]
) -> None:
    """Save what the backward pass needs."""
    ctx.mark_non_differentiable(output[1])
    ctx.save_for_backward(inputs[1], output[1])
    ctx.shape = inputs[0].shape


def roi_max_pool_backward(
    ctx: Any, gradient: Tensor, _: Tensor
) -> tuple[Tensor | None, ...]:
    """Add the gradient of each bin at the position of its maximum."""
    rois, places = ctx.saved_tensors
    items, channels, height, width = ctx.shape
    image = rois[:, 0].long().reshape(-1, 1, 1, 1)
    channel = torch.arange(channels, device=rois.device).reshape(1, -1, 1, 1)
    index = (image * channels + channel) * (height * width) + places.clamp(min=0)
    flat = gradient.new_zeros(items * channels * height * width)
    flat = flat.index_add(
        0, index.flatten(), torch.where(places < 0, 0, gradient).flatten()
    )
    return flat.reshape(ctx.shape), None, None, None, None


roi_max_pool.register_autograd(
    roi_max_pool_backward, setup_context=roi_max_pool_context
)


def roi_pool(
    x: Tensor, rois: Tensor, pooled_h: int, pooled_w: int, scale: float = 1.0
) -> Tensor:
    """Max pool each region, `(N, C, H, W), (R, 5) -> (R, C, pooled_h, pooled_w)`."""
    found: tuple[Tensor, Tensor] = roi_max_pool(
        x, rois.reshape(-1, 5), pooled_h, pooled_w, scale
    )
    return found[0]


def psroi_pool(
    x: Tensor, rois: Tensor, output_dim: int, group_size: int, scale: float
) -> Tensor:
    """Position-sensitive average pooling: each bin of a region averages its own channels.

    `(N, output_dim * group_size^2, H, W), (R, 5) -> (R, output_dim, group_size, group_size)`; 0 for
    an empty bin (psroi_pooling_layer.cu, daijifeng001/caffe-rfcn).
    """
    rois = rois.reshape(-1, 5)
    start = round_half_away(rois[:, 1:3]) * scale
    size = (round_half_away(rois[:, 3:5]) + 1) * scale - start
    size = size.clamp(min=0.1) / group_size
    steps = torch.arange(group_size, device=x.device)
    rows, columns = (
        bin_mask(
            start[:, axis, None] + steps * size[:, axis, None],
            start[:, axis, None] + (steps + 1) * size[:, axis, None],
            x.size(3 - axis),
            x.dtype,
        )
        for axis in (1, 0)
    )
    images = (rois[:, :1].long() == torch.arange(x.size(0), device=x.device)).to(
        x.dtype
    )
    # Sums of rectangles as products with masks: first along the width, then along the height.
    maps = x.reshape(x.size(0), output_dim, group_size, group_size, *x.shape[2:])
    strips = torch.einsum("ndijhw,rjw->rndijh", maps, columns)
    places = images[:, :, None, None] * rows.unsqueeze(1)
    total: Tensor = torch.einsum("rndijh,rnih->rdij", strips, places)
    area = (rows.sum(2).unsqueeze(2) * columns.sum(2).unsqueeze(1)).unsqueeze(1)
    return total / area.clamp(min=1)


def bin_mask(begin: Tensor, end: Tensor, extent: int, dtype: torch.dtype) -> Tensor:
    """Return 1 for the positions in each bin, else 0: `(R, bins) -> (R, bins, extent)`."""
    places = torch.arange(extent, device=begin.device)
    inside = (places >= begin.floor().unsqueeze(2)) & (places < end.ceil().unsqueeze(2))
    return inside.to(dtype)


@torch.no_grad()
def box_annotator_ohem(
    rois: Tensor,
    loss: Tensor,
    label: Tensor,
    weight: Tensor,
    roi_per_img: int,
    ignore_label: int = -1,
) -> tuple[Tensor, Tensor]:
    """Keep labels and box weights of the regions with the largest losses of each image.

    Of the others, labels `(R, 1, H, W)` are set to `ignore_label` and weights `(R, C, H, W)` to 0
    (box_annotator_ohem_layer.cu, daijifeng001/caffe-rfcn).
    """
    order = loss.flatten().sort(descending=True, stable=True)[1]
    images, place = rois[:, 0].flatten()[order].sort(stable=True)
    rank = torch.arange(images.numel(), device=loss.device)
    first = rank - torch.searchsorted(images, images) < roi_per_img
    kept = torch.zeros_like(first).scatter(0, order[place], first).reshape(loss.shape)
    return torch.where(kept, label, ignore_label), torch.where(kept, weight, 0)
