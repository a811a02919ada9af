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
    """Decode boxes, apply non-maximum suppression per class and keep the best of each image.

    Inputs: loc `(N, P * 4)`, or `(N, P * num_classes * 4)` without `share_location`; conf
    `(N, P * num_classes)`; prior `(1, 2, P * 4)`. Output: `(1, 1, D, 7)` with rows `(image, label,
    score, xmin, ymin, xmax, ymax)`, sorted by image, label and score. Scores must exceed the
    threshold; `top_k` and `keep_top_k` of -1 keep all. An image without detections has no row; if
    no image has any, the rows are `(image, -1, ...)` (detection_output_layer.cpp, weiliu89/caffe).
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
        """Return the detections; the number of rows depends on the data."""
        if loc.is_meta:
            return loc.new_empty(
                1, 1, 1, 7
            )  # the shape in Caffe before the first forward pass
        images = loc.size(0)
        boxes = self.decode(loc, prior)
        scores = conf.reshape(images, boxes.size(1), -1).transpose(1, 2)[:, self.labels]
        scores, boxes, keep = self.suppress(scores, boxes)
        keep = self.best(scores, keep)
        names = [
            torch.arange(images, dtype=scores.dtype, device=scores.device),
            scores.new_tensor(self.labels),
        ]
        index = torch.cartesian_prod(*names).reshape(images, -1, 1, 2)
        index = index.expand(*scores.shape, 2)
        rows = torch.cat([index, scores.unsqueeze(-1), boxes], -1).reshape(-1, 7)
        # These rows, one per image, appear only if nothing is kept.
        nothing = torch.full((images, 7), -1.0, dtype=rows.dtype, device=rows.device)
        nothing[:, 0] = names[0]
        shown = torch.cat([keep.flatten(), (~keep.any()).expand(images)])
        return torch.cat([rows, nothing])[shown].reshape(1, 1, -1, 7)

    def decode(self, loc: Tensor, prior: Tensor) -> Tensor:
        """Return the boxes, `(N, P, 1 or num_classes, 4)`."""
        priors, variances = (part.unsqueeze(1) for part in read_priors(prior))
        if self.variance_encoded_in_target:
            variances = torch.ones_like(variances)
        codes = loc.reshape(loc.size(0), priors.size(0), -1, 4)
        return decode_boxes(codes, priors, variances, self.code_type)

    def suppress(self, scores: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return scores and boxes sorted by score, and a mask, `(N, labels, P or top_k)`."""
        threshold = self.confidence_threshold
        if threshold is None:
            threshold = torch.finfo(scores.dtype).min
        count = boxes.size(1) if self.top_k < 0 else min(self.top_k, boxes.size(1))
        ranked = torch.where(scores > threshold, scores, -torch.inf)
        order = ranked.sort(dim=-1, descending=True, stable=True)[1][..., :count]
        scores = scores.gather(2, order)
        boxes = boxes.transpose(1, 2)
        if self.share_location:
            boxes = boxes.expand(-1, len(self.labels), -1, -1)
        else:
            boxes = boxes[:, self.labels]
        boxes = boxes.gather(2, order.unsqueeze(-1).expand(*order.shape, 4))
        keep = suppress_overlaps(
            boxes.flatten(0, 1).contiguous(),
            (scores > threshold).flatten(0, 1),
            self.nms_threshold,
            self.eta,
        )
        return scores, boxes, keep.reshape(scores.shape)

    def best(self, scores: Tensor, keep: Tensor) -> Tensor:
        """Return the mask with at most the `keep_top_k` best of each image."""
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
    """Mark detections as true or false positives, `(..., 7), (..., 8) -> (1, 1, rows, 5)`.

    Rows of `detections` are `(image, label, score, box)`, those of `truth` are `(image, label,
    instance, box, difficult)` up to the first row with image -1. The output has a row `(-1, class,
    count of ground truth boxes, -1, -1)` per class, then a row `(image, label, score, true
    positive, false positive)` per detection, sorted by image, label and score. A detection of a
    difficult box that is not evaluated is neither (detection_evaluate_layer.cpp, weiliu89/caffe).
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

    # Detections are sorted by score only if their image has ground truth of their label.
    known = ((found[:, None, :2] == real[None, :, :2]).all(-1) & read).any(1)
    found = found[torch.where(known, -found[:, 2], 0).sort(stable=True)[1]]
    for column in (1, 0):
        found = found[found[:, column].sort(stable=True)[1]]
    same = (found[:, None, :2] == real[None, :, :2]).all(-1) & read
    overlap = box_overlap(found[:, None, 3:7], real[None, :, 3:7])
    overlap = torch.where(same, overlap, -1)
    best, which = overlap.max(1)
    hit = best >= overlap_threshold
    plain = hit & counted[which]
    # Of several detections of one box, the first is the true positive.
    rank = torch.arange(found.size(0), device=found.device)
    first = rank.new_zeros(real.size(0)) + found.size(0)
    candidate = torch.where(plain, rank, found.size(0))
    first = first.scatter_reduce(0, which, candidate, "amin")
    right = plain & (first[which] == rank)
    wrong = ~hit | (plain & ~right)
    marks = torch.stack([right, wrong], 1).to(found.dtype)
    labelled = (found[:, :2] != -1).all(1)
    rows = torch.cat([found[:, :3], marks], 1)[labelled]
    return torch.cat([head, rows]).reshape(1, 1, -1, 5)
