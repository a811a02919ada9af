"""SSD's MultiBoxLoss."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.base import SizedModule, with_gradient_of
from caffetools.torch.runtime.boxes import (
    decode_boxes,
    encode_boxes,
    hardest,
    hardest_apart,
    match_boxes,
    read_priors,
)
from caffetools.torch.runtime.loss import LARGEST_LOSS, loss_divisor


class MultiBoxLoss(SizedModule):
    """Match ground truth to priors, mine hard examples, and sum location and confidence losses.

    Inputs: loc `(N, P * 4)`, or `(N, P * num_classes * 4)` without `share_location`; conf
    `(N, P * num_classes)`; prior `(1, 2, P * 4)`; truth `(..., 8)` with rows `(image, label,
    instance, box, difficult)`, image -1 for no row. Output: a scalar (multibox_loss_layer.cpp,
    weiliu89/caffe). The options are those of MultiBoxLossParameter.

    `nms_threshold` 0 mines without suppression. The fork writes the LOGISTIC targets to wrong
    places: those of a background example are all the number of the background, and without mining
    those of image i start P * i elements into the batch. `proper_targets` sets 1 for the class of
    each example and 0 elsewhere.
    """

    def __init__(  # noqa: PLR0913
        self,
        num_classes: int,
        *,
        loc_loss_type: str = "SMOOTH_L1",
        conf_loss_type: str = "SOFTMAX",
        loc_weight: float = 1.0,
        share_location: bool = True,
        match_type: str = "PER_PREDICTION",
        overlap_threshold: float = 0.5,
        use_prior_for_matching: bool = True,
        background_label_id: int = 0,
        use_difficult_gt: bool = True,
        neg_pos_ratio: float = 3.0,
        neg_overlap: float = 0.5,
        code_type: str = "CORNER",
        encode_variance_in_target: bool = False,
        map_object_to_agnostic: bool = False,
        ignore_cross_boundary_bbox: bool = False,
        bp_inside: bool = False,
        mining_type: str = "MAX_NEGATIVE",
        nms_threshold: float = 0.0,
        top_k: int = -1,
        sample_size: int = 64,
        use_prior_for_nms: bool = False,
        normalization: str = "VALID",
        propagate_loc: bool = True,
        propagate_conf: bool = True,
        proper_targets: bool = False,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.loc_loss_type = loc_loss_type
        self.conf_loss_type = conf_loss_type
        self.loc_weight = loc_weight
        self.share_location = share_location
        self.match_type = match_type
        self.overlap_threshold = overlap_threshold
        self.use_prior_for_matching = use_prior_for_matching
        self.background_label_id = background_label_id
        self.use_difficult_gt = use_difficult_gt
        self.neg_pos_ratio = neg_pos_ratio
        self.neg_overlap = neg_overlap
        self.code_type = code_type
        self.encode_variance_in_target = encode_variance_in_target
        self.map_object_to_agnostic = map_object_to_agnostic
        self.ignore_cross_boundary_bbox = ignore_cross_boundary_bbox
        self.bp_inside = bp_inside
        self.mining_type = mining_type
        self.nms_threshold = nms_threshold
        self.top_k = top_k
        self.sample_size = sample_size
        self.use_prior_for_nms = use_prior_for_nms
        self.normalization = normalization
        self.propagate_loc = propagate_loc
        self.propagate_conf = propagate_conf
        self.proper_targets = proper_targets

    def forward(
        self, loc: Tensor, conf: Tensor, prior: Tensor, truth: Tensor
    ) -> Tensor:
        """Return the loss."""
        images = loc.size(0)
        priors, variances = (part.unsqueeze(1) for part in read_priors(prior))
        codes = loc.reshape(images, priors.size(0), -1, 4)
        scores = conf.reshape(images, priors.size(0), self.num_classes)
        rows = truth.reshape(-1, 8)
        belongs = rows[:, 0] == torch.arange(images, device=rows.device).unsqueeze(1)
        if not self.use_difficult_gt:
            belongs = belongs & (rows[:, 7] == 0)

        encoded = self.encode_variance_in_target
        scales = torch.ones_like(variances) if encoded else variances
        boxes = decode_boxes(codes.detach(), priors, scales, self.code_type)
        match, overlap = self.match(boxes, priors, rows, belongs)
        positive = match >= 0
        matched = rows[match.clamp(min=0)]
        labels = self.labels(matched[..., 1], positive)

        conf_losses = self.conf_losses(scores, labels)
        loc_losses = self.loc_losses(codes, matched[..., 3:7], boxes, priors, variances)
        counted = torch.ones_like(labels, dtype=torch.bool)
        if self.mining_type != "NONE":
            nms_boxes = priors.expand_as(boxes) if self.use_prior_for_nms else boxes
            losses, first = conf_losses.detach(), nms_boxes[:, :, 0]
            if self.mining_type == "HARD_EXAMPLE":
                losses = losses + torch.where(positive, loc_losses.detach(), 0).sum(2)
            mined = self.mine(losses, match[..., 0], overlap, first, belongs)
            if self.mining_type == "HARD_EXAMPLE":
                positive = positive & mined.unsqueeze(2)
            counted = positive[..., 0] | (mined & (match[..., 0] == -1))
        if self.conf_loss_type == "LOGISTIC" and not self.proper_targets:
            conf_losses = self.fork_losses(scores, labels, positive.any(2))

        total = conf_losses.new_zeros(())
        if self.propagate_loc:
            total = total + self.loc_weight * torch.where(positive, loc_losses, 0).sum()
        if self.propagate_conf:
            total = total + torch.where(counted, conf_losses, 0).sum()
        return total / loss_divisor(self.normalization, labels, positive.sum())

    def match(
        self, boxes: Tensor, priors: Tensor, rows: Tensor, belongs: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return indices of ground truth, `(N, P, 1 or num_classes)`, and overlaps, `(N, P)`.

        The overlaps are those of the first class.
        """
        limit, others = self.overlap_threshold, self.match_type == "PER_PREDICTION"
        limits = limit, others, self.ignore_cross_boundary_bbox

        def matched(label: int, belongs: Tensor) -> Any:
            mine, truth = boxes[:, :, label].contiguous(), rows[:, 3:7].contiguous()
            return match_boxes(mine, truth, belongs, *limits)

        if self.use_prior_for_matching:
            boxes = priors.expand(boxes.size(0), -1, -1, -1)
        classes = range(self.num_classes)
        if self.use_prior_for_matching or self.share_location:
            match, overlap = matched(0, belongs)
            if self.share_location:
                return match.unsqueeze(2), overlap
            own = rows[match.clamp(min=0), 1]
            matches = [torch.where(own == label, match, -1) for label in classes]
        else:
            pairs = [matched(each, belongs & (rows[:, 1] == each)) for each in classes]
            matches, overlap = [match for match, _ in pairs], pairs[0][1]
        if 0 <= self.background_label_id < self.num_classes:
            matches[self.background_label_id] = torch.full_like(matches[0], -1)
        return torch.stack(matches, 2), overlap

    def labels(self, own: Tensor, positive: Tensor) -> Tensor:
        """Return the target class of each prior, `(N, P)`."""
        labels = torch.full_like(own[..., 0], self.background_label_id)
        for index in range(own.size(2)):
            object_ = own[..., index]
            if self.map_object_to_agnostic:
                object_ = torch.full_like(object_, self.background_label_id + 1)
            labels = torch.where(positive[..., index], object_, labels)
        return labels.long()

    def loc_losses(
        self,
        codes: Tensor,
        boxes: Tensor,
        predicted: Tensor,
        priors: Tensor,
        variances: Tensor,
    ) -> Tensor:
        """Return the location losses, `(N, P, 1 or num_classes)`."""
        if self.encode_variance_in_target:
            # Caffe's gradient omits the division by the variance.
            codes = with_gradient_of(codes / variances, codes)
        target = encode_boxes(boxes, priors, variances, self.code_type)
        difference = torch.where(target.isfinite(), codes - target, 0)
        if self.bp_inside:
            places = priors if self.use_prior_for_matching else predicted
            difference = torch.where((places < 0) | (places > 1), 0, difference)
        if self.loc_loss_type == "L2":
            return 0.5 * difference.square().sum(-1)
        return F.huber_loss(difference, torch.zeros_like(difference), "none").sum(-1)

    def conf_losses(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Return the confidence losses, `(N, P)`."""
        if self.conf_loss_type == "SOFTMAX":
            losses = F.cross_entropy(scores.transpose(1, 2), labels, reduction="none")
            return with_gradient_of(losses.clamp(max=LARGEST_LOSS), losses)
        return self.logistic_losses(scores, self.one_hot(labels).to(scores.dtype))

    def one_hot(self, labels: Tensor) -> Tensor:
        """Return a mask of the class of each prior, `(N, P, num_classes)`."""
        classes = torch.arange(self.num_classes, device=labels.device)
        return labels.unsqueeze(2) == classes

    def logistic_losses(self, scores: Tensor, target: Tensor) -> Tensor:
        """Return the sum over classes of binary cross entropies, `(N, P)`."""
        losses = F.binary_cross_entropy_with_logits(scores, target, reduction="none")
        return losses.sum(2)

    def fork_losses(self, scores: Tensor, labels: Tensor, positive: Tensor) -> Tensor:
        """Return the confidence losses for the targets that the fork writes, `(N, P)`."""
        target = torch.full_like(scores, self.background_label_id)
        ones = self.one_hot(labels)
        if self.mining_type != "NONE":
            target = torch.where(ones, 1, target)
        else:
            ones = ones & positive.unsqueeze(2)
            places = torch.arange(ones[0].numel(), device=labels.device)
            starts = torch.arange(labels.size(0), device=labels.device)
            place = places + labels.size(1) * starts.unsqueeze(1)
            place = torch.where(ones.flatten(1), place, target.numel())
            flat = torch.cat([target.flatten(), target.new_zeros(1)])
            target = flat.scatter(0, place.flatten(), 1)[:-1].reshape(target.shape)
        return self.logistic_losses(scores, target)

    def mine(
        self,
        losses: Tensor,
        match: Tensor,
        overlap: Tensor,
        boxes: Tensor,
        belongs: Tensor,
    ) -> Tensor:
        """Return a mask `(N, P)` of hard negatives, or of hard examples of all kinds."""
        eligible = belongs.any(1, keepdim=True).expand_as(match)
        if self.mining_type == "MAX_NEGATIVE":
            eligible = eligible & (match == -1) & (overlap < self.neg_overlap)
            count = ((match >= 0).sum(1) * self.neg_pos_ratio).long()
        else:
            count = torch.full_like(match[:, 0], self.sample_size)
        if self.nms_threshold <= 0:
            return hardest(losses, eligible, count)
        limits = self.nms_threshold, self.top_k
        return hardest_apart(losses, eligible, count, boxes, *limits)
