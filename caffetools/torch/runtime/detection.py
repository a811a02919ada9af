"""SSD's DetectionOutput and DetectionEvaluate."""

import torch
from torch import Tensor, nn

from caffetools.torch.runtime.boxes import (
    box_overlap,
    decode_boxes,
    read_priors,
    suppress_overlaps,
)


class DetectionOutput(nn.Module):
    """Decode the boxes, suppress those that overlap better ones, keep the best of each image.

    loc N x (P * 4), or N x (P * classes * 4) without `share_location`; conf N x (P * classes);
    prior 1 x 2 x (P * 4) -> 1 x 1 x detections x 7: image, label, score, xmin, ymin, xmax, ymax,
    ordered by image, label and score. Scores strictly above the threshold count. An image
    without detections has no row; if none has any there is one row [image, -1, ...] for each
    (detection_output_layer.cpp of weiliu89/caffe). `top_k` and `keep_top_k` of -1 keep all.
    """

    def __init__(  # noqa: PLR0913
        self,
        num_classes: int,
        *,
        share_location: bool = True,
        background_label_id: int = 0,
        code_type: str = "CORNER",
        variance_encoded_in_target: bool = False,
        nms_threshold: float = 0.3,
        eta: float = 1.0,
        top_k: int = -1,
        keep_top_k: int = -1,
        confidence_threshold: float | None = None,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.share_location = share_location
        self.labels = [
            label for label in range(num_classes) if label != background_label_id
        ]
        self.code_type = code_type
        self.variance_encoded_in_target = variance_encoded_in_target
        self.nms_threshold = nms_threshold
        self.eta = eta
        self.top_k = top_k
        self.keep_top_k = keep_top_k
        self.confidence_threshold = confidence_threshold

    @torch.no_grad()
    def forward(self, loc: Tensor, conf: Tensor, prior: Tensor) -> Tensor:
        """Detect. How many rows there are is known only from the data."""
        if loc.is_meta:
            return loc.new_empty(1, 1, 1, 7)  # as before Caffe's first pass
        images = loc.size(0)
        boxes = self.decode(loc, prior)
        scores = conf.reshape(images, boxes.size(1), -1).transpose(1, 2)[:, self.labels]
        scores, boxes, keep = self.suppress(scores, boxes)
        keep = self.best(scores, keep)
        names = [scores.new_tensor(range(images)), scores.new_tensor(self.labels)]
        index = (
            torch.cartesian_prod(*names)
            .reshape(images, -1, 1, 2)
            .expand(*scores.shape, 2)
        )
        rows = torch.cat([index, scores.unsqueeze(-1), boxes], -1).reshape(-1, 7)
        # Only if nothing is kept do these rows appear, one for each image.
        nothing = torch.full((images, 7), -1.0, dtype=rows.dtype, device=rows.device)
        nothing[:, 0] = names[0]
        shown = torch.cat([keep.flatten(), (~keep.any()).expand(images)])
        return torch.cat([rows, nothing])[shown].reshape(1, 1, -1, 7)

    def decode(self, loc: Tensor, prior: Tensor) -> Tensor:
        """Return the boxes, N x P x (1 or classes) x 4."""
        priors, variances = (part.unsqueeze(1) for part in read_priors(prior))
        if self.variance_encoded_in_target:
            variances = torch.ones_like(variances)
        codes = loc.reshape(loc.size(0), priors.size(0), -1, 4)
        return decode_boxes(codes, priors, variances, self.code_type)

    def suppress(self, scores: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Sort by score and return scores, boxes and what is kept, N x labels x (P or top_k)."""
        lowest = torch.finfo(scores.dtype).min
        threshold = (
            lowest if self.confidence_threshold is None else self.confidence_threshold
        )
        count = boxes.size(1) if self.top_k < 0 else min(self.top_k, boxes.size(1))
        ranked = torch.where(scores > threshold, scores, -torch.inf)
        order = ranked.sort(dim=-1, descending=True, stable=True)[1][..., :count]
        scores = scores.gather(2, order)
        boxes = boxes.transpose(1, 2)
        boxes = (
            boxes.expand(-1, len(self.labels), -1, -1)
            if self.share_location
            else boxes[:, self.labels]
        )
        boxes = boxes.gather(2, order.unsqueeze(-1).expand(*order.shape, 4))
        keep = suppress_overlaps(
            boxes.flatten(0, 1).contiguous(),
            (scores > threshold).flatten(0, 1),
            self.nms_threshold,
            self.eta,
        )
        return scores, boxes, keep.reshape(scores.shape)

    def best(self, scores: Tensor, keep: Tensor) -> Tensor:
        """Return what is kept when each image may have no more than `keep_top_k`."""
        if self.keep_top_k < 0:
            return keep
        ranked = torch.where(keep, scores, -torch.inf).flatten(1)
        order = ranked.sort(dim=1, descending=True, stable=True)[1]
        first = torch.zeros_like(ranked, dtype=torch.bool)
        first = first.scatter(1, order[:, : self.keep_top_k], value=True)
        return keep & first.reshape(keep.shape)


@torch.no_grad()
def detection_evaluate(
    detections: Tensor,
    truth: Tensor,
    num_classes: int,
    background_label_id: int = 0,
    overlap_threshold: float = 0.5,
    *,
    evaluate_difficult_gt: bool = True,
) -> Tensor:
    """Compare detections, ... x 7, with the ground truth, ... x 8: -> 1 x 1 x rows x 5.

    A row of detections is image, label, score and box; a row of truth is image, label, an
    instance, box and whether it is difficult, and reading stops at the first of image -1. The
    result has a row [-1, class, number of true boxes, -1, -1] for each class and then, ordered by
    image, label and score, a row [image, label, score, right, wrong] for each detection; one that
    finds a difficult box that does not count is neither
    (detection_evaluate_layer.cpp of weiliu89/caffe).
    """
    found, real = detections.reshape(-1, 7), truth.reshape(-1, 8)
    labels = [label for label in range(num_classes) if label != background_label_id]
    head = found.new_full((len(labels), 5), -1)
    head[:, 1] = found.new_tensor(labels)
    if found.is_meta:
        return torch.cat([head, found[:, :5]]).reshape(1, 1, -1, 5)
    read = (real[:, 0] != -1).cumprod(0) > 0
    counted = read if evaluate_difficult_gt else read & (real[:, 7] == 0)
    head[:, 2] = ((real[:, 1] == head[:, 1:2]) & counted).sum(1)

    # Only where an image has true boxes of the label are the detections sorted by score.
    known = ((found[:, None, :2] == real[None, :, :2]).all(-1) & read).any(1)
    found = found[torch.where(known, -found[:, 2], 0).sort(stable=True)[1]]
    for column in (1, 0):
        found = found[found[:, column].sort(stable=True)[1]]
    same = (found[:, None, :2] == real[None, :, :2]).all(-1) & read
    overlap = torch.where(
        same, box_overlap(found[:, None, 3:7], real[None, :, 3:7]), -1
    )
    best, which = overlap.max(1)
    hit = best >= overlap_threshold
    plain = hit & counted[which]
    # Of the detections that find the same box the first is right.
    rank = torch.arange(found.size(0), device=found.device)
    first = rank.new_zeros(real.size(0)) + found.size(0)
    first = first.scatter_reduce(
        0, which, torch.where(plain, rank, found.size(0)), "amin"
    )
    right = plain & (first[which] == rank)
    wrong = ~hit | (plain & ~right)
    marks = torch.stack([right, wrong], 1).to(found.dtype)
    rows = torch.cat([found[:, :3], marks], 1)[
        (found[:, 0] != -1) & (found[:, 1] != -1)
    ]
    return torch.cat([head, rows]).reshape(1, 1, -1, 5)
