"""Region proposals of Faster R-CNN: anchors, boxes `(x1, y1, x2, y2)` in whole pixels, targets.

A box covers its last row and column: its width is x2 - x1 + 1 (bbox_transform.py, proposal_layer.py
of rbgirshick/py-faster-rcnn; proposal_layer.cpp of sanghoon/caffe).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from caffetools.torch.runtime.base import SizedModule
from caffetools.torch.runtime.boxes import suppress_overlaps


def grid_anchors(anchors: Tensor, stride: int, height: int, width: int) -> Tensor:
    """Return the anchors `(A, 4)` at each position of a map, `(height * width * A, 4)`."""
    x, y = (
        torch.arange(size, device=anchors.device) * stride for size in (width, height)
    )
    shifts = torch.cartesian_prod(y, x).flip(1).repeat(1, 2)
    return (shifts.unsqueeze(1) + anchors).reshape(-1, 4)


def by_anchor(maps: Tensor, count: int) -> Tensor:
    """Reorder `(N, count * K, H, W)` as anchors are, `(N, H * W * count, K)`."""
    items, _, height, width = maps.shape
    split = maps.reshape(items, count, -1, height, width)
    return split.permute(0, 3, 4, 1, 2).reshape(items, height * width * count, -1)


def beyond(boxes: Tensor) -> Tensor:
    """Return boxes that end where the next pixel begins, as `box_overlap` takes them."""
    return boxes + boxes.new_tensor([0.0, 0, 1, 1])


def decode_pixels(codes: Tensor, boxes: Tensor) -> Tensor:
    """Return boxes moved and stretched by codes (x, y, log width, log height), `(..., 4)`."""
    size = beyond(boxes)[..., 2:] - boxes[..., :2]
    centre = codes[..., :2] * size + boxes[..., :2] + size / 2
    half = codes[..., 2:].exp() * size / 2
    return torch.cat([centre - half, centre + half], -1)


def encode_pixels(boxes: Tensor, truth: Tensor) -> Tensor:
    """Return the codes that move and stretch boxes to the true ones, `(..., 4)`."""
    size, real = (beyond(each)[..., 2:] - each[..., :2] for each in (boxes, truth))
    moved = truth[..., :2] + real / 2 - boxes[..., :2] - size / 2
    return torch.cat([moved / size, (real / size).log()], -1)


class Proposal(SizedModule):
    """Boxes of the best anchors: decoded, clipped to the image, without overlaps.

    Inputs: scores `(N, 2 * A, H, W)`, the second half those of objects; codes `(N, 4 * A, H, W)`;
    `(N, 3)` or `(N, 4)` of height, width and scales of the images. Outputs: rows `(image, x1, y1,
    x2, y2)`, `(R, 5)`, and their scores `(R,)`. A box with a side under `min_size` times the scale
    has the score 0, or is dropped with `drop_small`, as in Python's version.
    """

    anchors: Tensor

    def __init__(
        self,
        anchors: Sequence[Sequence[float]],
        feat_stride: int,
        *,
        min_size: float = 16,
        pre_nms_top_n: int = 6000,
        post_nms_top_n: int = 300,
        nms_threshold: float = 0.7,
        drop_small: bool = False,
    ) -> None:
        super().__init__()
        self.register_buffer("anchors", torch.tensor(anchors), persistent=False)
        self.feat_stride = feat_stride
        self.min_size = min_size
        self.pre_nms_top_n = pre_nms_top_n
        self.post_nms_top_n = post_nms_top_n
        self.nms_threshold = nms_threshold
        self.drop_small = drop_small

    @torch.no_grad()
    def forward(
        self, scores: Tensor, codes: Tensor, im_info: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return regions and scores; their number depends on the data."""
        images, _, height, width = scores.shape
        if scores.is_meta:  # Caffe's shapes before the first forward pass
            shape = 1 if self.drop_small else images * self.post_nms_top_n
            return scores.new_empty(shape, 5), scores.new_empty(shape)
        count = self.anchors.size(0)
        anchors = grid_anchors(self.anchors, self.feat_stride, height, width)
        boxes = decode_pixels(by_anchor(codes, count), anchors)
        chances = by_anchor(scores[:, count:], count).squeeze(2)
        info = im_info.reshape(images, 1, -1)
        boxes = torch.minimum(boxes, info[..., [1, 0, 1, 0]] - 1).clamp(min=0)
        size = beyond(boxes)[..., 2:] - boxes[..., :2]
        large = (size >= self.min_size * info[..., [-1, 2]]).all(2)
        valid = large if self.drop_small else torch.ones_like(large)
        chances = chances * large
        ranked = torch.where(valid, chances, -1)
        order = ranked.sort(dim=1, descending=True, stable=True)[1][
            :, : self.pre_nms_top_n
        ]
        boxes = boxes.gather(1, order.unsqueeze(2).expand(-1, -1, 4))
        keep: Tensor = suppress_overlaps(
            beyond(boxes), valid.gather(1, order), self.nms_threshold, 1.0
        )
        keep = keep & (keep.cumsum(1) <= self.post_nms_top_n)
        image = torch.arange(images, device=boxes.device).reshape(-1, 1, 1)
        rows = torch.cat([image.expand(*order.shape, 1).to(boxes.dtype), boxes], 2)
        return rows[keep], chances.gather(1, order)[keep]
