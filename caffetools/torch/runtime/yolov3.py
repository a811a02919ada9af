"""YOLO v3: boxes as in YOLO v2 on maps of several sizes, a score for each class.

(eric612/MobileNet-YOLO)
"""

from typing import NamedTuple

import torch
from torch import Tensor

from caffetools.torch.runtime.base import with_gradient_of
from caffetools.torch.runtime.boxes import box_overlap
from caffetools.torch.runtime.yolo import cells, corners, detection_rows, region_boxes


@torch.no_grad()
def yolov3_detection_output(
    *maps: Tensor,
    num_classes: int,
    biases: tuple[tuple[float, ...], ...],
    confidence_threshold: float = 0.01,
    nms_threshold: float = 0.45,
    gaussian_box: bool = False,
) -> Tensor:
    """Return rows `(0, class + 1, confidence, box)` by confidence, `(1, 1, R, 7)`.

    `maps` are predictions `(N, count * (5 + num_classes), H, W)`, `biases` the sizes in cells of
    the boxes of each. A box has a row for each class whose score exceeds the threshold; all compete
    as in `yolo_detection_output`. With `gaussian_box` each coordinate has a deviation, which lowers
    the score (yolov3_detection_output_layer.cpp).
    """
    if maps[0].is_meta:
        return maps[0].new_empty(1, 1, 1, 7)
    boxes, scores, labels = [], [], []
    for each, sizes in zip(maps, biases, strict=True):
        split = cells(each, len(sizes) // 2)
        chance = split[..., -num_classes - 1 :].sigmoid()
        score = chance[..., :1] * chance[..., 1:]
        if gaussian_box:
            score = score * (1 - split[..., 1:8:2].sigmoid().mean(-1, keepdim=True))
            split = split[..., :8:2]
        chosen = score > confidence_threshold
        box = region_boxes(split, sizes).unsqueeze(-2).expand(*score.shape, 4)
        boxes.append(box[chosen])
        scores.append(score[chosen])
        labels.append(chosen.nonzero()[:, -1])
    found = torch.cat(boxes), torch.cat(scores), torch.cat(labels)
    return detection_rows(*found, nms_threshold, maps[-1].size(0))


class Yolov3Options(NamedTuple):
    """What the gradient of `yolov3_loss` depends on."""

    mask: tuple[int, ...]
    object_scale: float
    class_scale: float
    coord_scale: float
    thresh: float
    iou_thresh: float
    use_focal_loss: bool
    label_smooth_eps: float


def yolov3_loss(  # noqa: PLR0913
    x: Tensor,
    truth: Tensor,
    biases: tuple[float, ...],
    mask: tuple[int, ...],
    *,
    object_scale: float = 1.0,
    class_scale: float = 1.0,
    coord_scale: float = 5.0,
    thresh: float = 0.2,
    iou_thresh: float = 0.5,
    use_logic_gradient: bool = False,
    use_focal_loss: bool = False,
    label_smooth_eps: float = 0.1,
) -> Tensor:
    """Compute YOLO v3's loss, the sum of the squares of its own gradient, divided by N.

    Inputs: predictions `(N, count * (5 + classes), H, W)` and 300 true boxes of each image, rows
    `(class, x, y, width, height)` up to one of zeros. `biases` are the sizes of all boxes in cells,
    `mask` the indices of those of this map. The gradient is that of the activated predictions,
    times the derivative of the sigmoid with `use_logic_gradient` (yolov3_layer.cpp, iou_loss MSE).
    """
    split = cells(x.detach(), len(mask))
    state = split.sigmoid()
    state[..., 2:4] = split[..., 2:4]
    slope = yolov3_slope(
        state,
        region_boxes(
            split, tuple(biases[2 * each + side] for each in mask for side in (0, 1))
        ),
        truth.detach().reshape(x.size(0), -1, 5),
        state.new_tensor(biases).reshape(-1, 2),
        Yolov3Options(
            mask,
            object_scale if use_logic_gradient else 1.0,
            class_scale,
            coord_scale,
            thresh,
            iou_thresh,
            use_focal_loss,
            label_smooth_eps,
        ),
    )
    loss = slope.square().sum() / x.size(0)
    if use_logic_gradient:
        inner = state * (1 - state)
        inner[..., 2:4] = 1
        slope = slope * inner
    gradient = slope.permute(0, 3, 4, 1, 2).reshape(x.shape)
    return with_gradient_of(loss, (gradient * x).sum() / x.size(0))


def yolov3_slope(
    state: Tensor, boxes: Tensor, truth: Tensor, sizes: Tensor, options: Yolov3Options
) -> Tensor:
    """Return the gradient of `yolov3_loss` for activated `cells`, `(N, H, W, count, 5 + classes)`.

    A true box has the predictions of the most similar size, if the mask has it, and of those in the
    mask whose overlap exceeds `iou_thresh`, but for the one that has the best one's place in the
    mask as its index: the layer's loop takes one number for the other.
    """
    slope = torch.zeros_like(state)
    slope[..., 4] = state[..., 4]
    grid = state.new_tensor([state.size(2), state.size(1)])
    for image, rows in enumerate(truth):
        real = rows[: int((rows[:, 1] != 0).long().cumprod(0).sum())]
        if len(real):
            overlap = box_overlap(
                corners(boxes[image]).unsqueeze(-2), corners(real[:, 1:])
            )
            slope[image][..., 4][overlap.amax(-1) > options.thresh] = 0
        for row in rows[: int((rows[:, 3] != 0).long().cumprod(0).sum())]:
            place, size = row[1:3] * grid, row[3:] * grid
            shared = torch.minimum(sizes, size).prod(1)
            overlap = shared / (sizes.prod(1) + size.prod() - shared)
            best = int(overlap.argmax())
            mask = options.mask
            skipped = mask.index(best) if best in mask else best
            near = [
                each
                for each in sorted(mask)
                if each != skipped and overlap[each] > options.iou_thresh < 1
            ]
            # Of a centre on the right or lower edge, Caffe reads beyond the row or the map.
            column, line = place.long().minimum(grid.long() - 1).tolist()
            for each in [best, *near] if best in mask else near:
                cell = image, line, column, mask.index(each)
                target = torch.cat([place - place.trunc(), (size / sizes[each]).log()])
                scale = options.coord_scale * (2 - row[3] * row[4])
                slope[cell][:4] = scale * (state[cell][:4] - target)
                slope[cell][4] = (state[cell][4] - 1) * options.object_scale
                add_class(slope[cell][5:], state[cell][5:], int(row[0]), options)
    return slope


def add_class(
    slope: Tensor, chances: Tensor, label: int, options: Yolov3Options
) -> None:
    """Write the gradient of the classes of a prediction; a second object adds its own class."""
    wanted = torch.zeros_like(chances)
    wanted[label] = 1
    smooth = wanted * (1 - options.label_smooth_eps) + 0.5 * options.label_smooth_eps
    if slope[label] != 0:
        slope[label] = options.class_scale * (chances[label] - smooth[label])
    elif options.use_focal_loss:
        own = chances[label] + 1e-15
        focus = -(1 - own) * (2 * own * own.log() + own - 1) / 2
        slope[:] = options.class_scale * (chances - wanted) * focus
    else:
        slope[:] = options.class_scale * (chances - smooth)
