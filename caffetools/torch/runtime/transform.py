"""Image preprocessing as in Caffe's data layers."""

import torch.nn.functional as F
from torch import Tensor


def transform_image(
    image: Tensor,
    *,
    size: tuple[int, int] | None = None,
    crop: tuple[int, int] | None = None,
    mean: tuple[float, ...] = (),
    mean_image: Tensor | None = None,
    scale: float = 1.0,
    gray: bool = False,
) -> Tensor:
    """Turn an RGB image `(3, H, W)` or `(N, 3, H, W)` from 0 to 255 into an input in BGR.

    Resizes to `size`, crops the center, subtracts the mean per channel or position and multiplies
    by `scale` (data_transformer.cpp, phase TEST). One channel is gray; with `gray` RGB becomes it.
    """
    x = image.float() if image.dim() == 4 else image.float().unsqueeze(0)
    if gray and x.size(1) == 3:
        weights = x.new_tensor([0.299, 0.587, 0.114]).reshape(3, 1, 1)
        x = (x * weights).sum(1, keepdim=True).round()
    elif not gray and x.size(1) == 1:
        x = x.expand(-1, 3, -1, -1)
    x = x.flip(1)
    if size is not None and size != x.shape[2:]:
        x = F.interpolate(x, size, mode="bilinear", align_corners=False).round()
    if crop is not None:
        top, left = (x.size(2) - crop[0]) // 2, (x.size(3) - crop[1]) // 2
        x = x[:, :, top : top + crop[0], left : left + crop[1]]
    if mean_image is not None:
        x = x - mean_image
    if mean:
        x = x - x.new_tensor(mean).reshape(-1, 1, 1)
    return x * scale
