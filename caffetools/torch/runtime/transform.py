"""Image preprocessing as in Caffe's data layers."""

import torch.nn.functional as F
from torch import Tensor


def transform_image(
    image: Tensor,
    *,
    size: tuple[int, int] | None = None,
    crop_size: int | None = None,
    mean: tuple[float, ...] = (),
    mean_image: Tensor | None = None,
    scale: float = 1.0,
    gray: bool = False,
) -> Tensor:
    """Preprocess an RGB image `(1 or 3, H, W)` from 0 to 255: `(1, C, H', W')` in BGR.

    Resizes to `size`, crops the center of `crop_size`, subtracts the mean per channel or position
    and multiplies by `scale` (data_transformer.cpp, phase TEST).
    """
    x = image.float()
    if gray and x.size(0) == 3:
        weights = x.new_tensor([0.299, 0.587, 0.114]).reshape(3, 1, 1)
        x = (x * weights).sum(0, keepdim=True).round()
    elif not gray and x.size(0) == 1:
        x = x.expand(3, -1, -1)
    x = x.flip(0).unsqueeze(0)
    if size is not None and size != x.shape[2:]:
        x = F.interpolate(x, size, mode="bilinear", align_corners=False).round()
    top, left = 0, 0
    if crop_size is not None:
        top, left = (x.size(2) - crop_size) // 2, (x.size(3) - crop_size) // 2
        if top < 0 or left < 0:
            raise ValueError(f"the image is smaller than {crop_size} x {crop_size}")
        x = x[:, :, top : top + crop_size, left : left + crop_size]
    if mean_image is not None:
        x = x - mean_image[:, top : top + x.size(2), left : left + x.size(3)]
    if mean:
        x = x - x.new_tensor(mean).reshape(-1, 1, 1)
    return x * scale
