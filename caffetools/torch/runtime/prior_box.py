"""SSD's PriorBox (prior_box_layer.cpp, weiliu89/caffe)."""

import math

import torch
from torch import Tensor

from caffetools.torch.runtime.base import SizedModule


class PriorBox(SizedModule):
    """The boxes of each cell of a map, in fractions of the image, and their variances.

    A cell has for each `min_size` a square, a square of side sqrt(min * max), and then each ratio
    and, with `flip`, its inverse. Sizes are in pixels; `image_size` and `step` are height and
    width, by default those of the image, and of the image divided by the map. `variance` has one
    element or four.
    """

    def __init__(  # noqa: PLR0913
        self,
        min_size: tuple[float, ...],
        max_size: tuple[float, ...] = (),
        aspect_ratio: tuple[float, ...] = (),
        *,
        variance: tuple[float, ...] = (0.1,),
        flip: bool = True,
        image_size: tuple[int, int] | None = None,
        step: tuple[float, float] | None = None,
        offset: float = 0.5,
        clip: bool = False,
    ) -> None:
        super().__init__()
        self.variance, self.step = variance, step
        self.image_size = image_size
        self.offset = offset
        self.clip = clip
        self.sizes: list[tuple[float, float]] = []
        for index, size in enumerate(min_size):
            self.sizes.append((size, size))
            if max_size:
                self.sizes.append((math.sqrt(size * max_size[index]),) * 2)
            for root in map(math.sqrt, aspect_ratio):
                self.sizes.append((size * root, size / root))
                if flip:
                    self.sizes.append((size / root, size * root))
        self._known: tuple[object, Tensor] | None = None

    def forward(self, x: Tensor, image: Tensor) -> Tensor:
        """Return corners and variances, `(1, 2, H * W * boxes * 4)`, computed once per size."""
        if torch.compiler.is_compiling() or type(x) is not Tensor:
            return self.boxes(x, image)
        key = x.shape[2:], image.shape[2:], x.dtype, x.device
        if self._known is None or self._known[0] != key:
            with torch.inference_mode(mode=False):
                self._known = key, self.boxes(x, image)
        return self._known[1].clone()

    def boxes(self, x: Tensor, image: Tensor) -> Tensor:
        """Compute them."""
        height, width = x.shape[2:]
        image_height, image_width = self.image_size or image.shape[2:]
        step_h, step_w = self.step or (image_height / height, image_width / width)
        middle_x = torch.arange(width, dtype=x.dtype, device=x.device) + self.offset
        middle_y = torch.arange(height, dtype=x.dtype, device=x.device) + self.offset
        grid = torch.meshgrid(middle_x * step_w, middle_y * step_h, indexing="xy")
        middle, half = torch.stack(grid, -1).unsqueeze(2), x.new_tensor(self.sizes) / 2
        left, top = (middle - half).unbind(-1)
        right, bottom = (middle + half).unbind(-1)
        sides = left / image_width, top / image_height
        boxes = torch.stack([*sides, right / image_width, bottom / image_height], -1)
        if self.clip:
            boxes = boxes.clamp(0, 1)
        variances = x.new_tensor(self.variance).expand(boxes.shape)
        return torch.stack([boxes, variances]).reshape(1, 2, -1)
