"""Training targets of Faster R-CNN and R-FCN, sampled with PyTorch's random numbers."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from caffetools.torch.runtime.base import SizedModule
from caffetools.torch.runtime.boxes import box_overlap
from caffetools.torch.runtime.proposals import beyond, encode_pixels, grid_anchors


def sample(mask: Tensor, count: int) -> Tensor:
    """Return the places of up to `count` elements of a mask, in random order."""
    places = mask.nonzero().flatten()
    return places[torch.randperm(places.numel(), device=places.device)[:count]]


class AnchorTarget(SizedModule):
    """Labels, regression targets and weights of anchors (anchor_target_layer.py).

    Inputs: a map `(..., H, W)`, true boxes `(G, 5)` of one image, and its height, width and scale.
    Outputs: labels `(1, 1, A * H, W)`, 1 for objects, 0 for background, -1 for neither; targets,
    inner and outer weights `(1, 4 * A, H, W)`. Of 256 anchors at most half are objects.
    """

    anchors: Tensor

    def __init__(
        self,
        anchors: Sequence[Sequence[float]],
        feat_stride: int,
        *,
        allowed_border: int = 0,
        batch_size: int = 256,
        positive_overlap: float = 0.7,
        negative_overlap: float = 0.3,
    ) -> None:
        super().__init__()
        self.register_buffer("anchors", torch.tensor(anchors), persistent=False)
        self.feat_stride = feat_stride
        self.allowed_border = allowed_border
        self.batch_size = batch_size
        self.positive_overlap = positive_overlap
        self.negative_overlap = negative_overlap

    @torch.no_grad()
    def forward(
        self, scores: Tensor, truth: Tensor, im_info: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return labels, targets, inner and outer weights."""
        height, width = scores.shape[-2:]
        anchors = grid_anchors(self.anchors, self.feat_stride, height, width)
        border = self.allowed_border
        limit = im_info.flatten()[[1, 0]] + border
        inside = (anchors[:, :2] >= -border).all(1) & (anchors[:, 2:] < limit).all(1)
        overlap = box_overlap(beyond(anchors).unsqueeze(1), beyond(truth[:, :4]))
        overlap = torch.where(inside.unsqueeze(1), overlap, -1)
        most, which = overlap.max(1)
        positive = (overlap == overlap.amax(0)).any(1) | (most >= self.positive_overlap)
        objects = sample(positive & inside, self.batch_size // 2)
        negative = inside & ~positive & (most < self.negative_overlap)
        others = sample(negative, self.batch_size - objects.numel())
        labels = torch.full_like(most, -1)
        labels[objects], labels[others] = 1, 0
        codes = encode_pixels(anchors, truth[which, :4])
        targets = torch.where(inside.unsqueeze(1), codes, 0)
        inner = (labels == 1).to(most.dtype).unsqueeze(1).expand(-1, 4)
        used = (labels >= 0).to(most.dtype).unsqueeze(1).expand(-1, 4)
        outer = used / (labels >= 0).sum()
        grid = labels.reshape(1, height, width, -1).permute(0, 3, 1, 2)
        targets, inner, outer = (
            each.reshape(1, height, width, -1).permute(0, 3, 1, 2)
            for each in (targets, inner, outer)
        )
        return grid.reshape(1, 1, -1, width), targets, inner, outer


class ProposalTarget(SizedModule):
    """Regions sampled for training, with labels and targets (proposal_target_layer.py).

    Inputs: regions `(R, 5)` and true boxes `(G, 5)` with labels, of one image; the true boxes
    are regions, too. A quarter of `batch_size` are objects, which overlap a true box by half;
    without `batch_size` all are taken. Outputs: regions, labels, and targets, inner and outer
    weights `(R, 4 * num_classes)`, those of the label's class; with `agnostic` there are two
    classes, and all have the four axes of R-FCN.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        batch_size: int | None = 128,
        agnostic: bool = False,
        stds: tuple[float, ...] = (0.1, 0.1, 0.2, 0.2),
    ) -> None:
        super().__init__()
        self.num_classes, self.batch_size, self.agnostic = (
            num_classes,
            batch_size,
            agnostic,
        )
        self.stds = stds

    @torch.no_grad()
    def forward(self, rois: Tensor, truth: Tensor) -> tuple[Tensor, ...]:
        """Return regions, labels, targets, inner and outer weights."""
        rows = torch.cat([rois.reshape(-1, 5), nn.functional.pad(truth[:, :4], (1, 0))])
        overlap = box_overlap(beyond(rows[:, 1:]).unsqueeze(1), beyond(truth[:, :4]))
        most, which = overlap.max(1)
        size = rows.size(0) if self.batch_size is None else self.batch_size
        objects = sample(
            most >= 0.5, size if self.batch_size is None else round(size / 4)
        )
        kept = torch.cat([objects, sample(most < 0.5, size - objects.numel())])
        rows, own = rows[kept], truth[which[kept]]
        labels = own[:, 4].clone()
        labels[objects.numel() :] = 0
        codes = encode_pixels(rows[:, 1:], own[:, :4]) / rows.new_tensor(self.stds)
        place = labels.clamp(max=1) if self.agnostic else labels
        classes = torch.arange(self.num_classes, device=rows.device)
        chosen = (place.unsqueeze(1) == classes) & (place > 0).unsqueeze(1)
        targets = torch.where(chosen.unsqueeze(2), codes.unsqueeze(1), 0).flatten(1)
        weights = chosen.to(rows.dtype).repeat_interleave(4, 1)
        results = (rows, labels, targets, weights, weights.clone())
        if self.agnostic:
            return tuple(each.reshape(len(kept), -1, 1, 1) for each in results)
        return results
