"""Losses that learn distances: to the centres of classes, and of triplets."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from caffetools.torch.runtime.base import SizedModule, fixed_gradient


class CenterLoss(SizedModule):
    """Half the squared distance of features `(N, K)` to the centre of their class, over N.

    The gradient of a centre is minus the sum of its differences over their number plus 1, whatever
    the loss weight (center_loss_layer.cpp, ydwen/caffe-face). With L1 the distance is the sum of
    absolute values, and a centre has that gradient once for each item (happynear/caffe-windows).
    """

    def __init__(
        self, num_output: int, features: int, distance_type: str = "L2"
    ) -> None:
        super().__init__()
        self.distance_type = distance_type
        self.center = nn.Parameter(torch.zeros(num_output, features))

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Return the loss, a scalar; the features of an item are its first K elements."""
        batch, labels = x.size(0), label.flatten().long()
        center = self.center.detach()
        difference = x.reshape(-1, center.size(1))[:batch] - center[labels]
        absolute = self.distance_type == "L1"
        losses = difference.abs() if absolute else difference.square() / 2
        loss = losses.sum() / batch
        if not torch.is_grad_enabled():
            return loss
        step = difference.detach().sign() if absolute else difference.detach()
        total = torch.zeros_like(center).index_add(0, labels, step.to(center.dtype))
        count = center.new_zeros(center.size(0)).index_add(
            0, labels, torch.ones_like(labels, dtype=center.dtype)
        )
        times = count if absolute else torch.ones_like(count)
        step = -total * (times / (count + 1)).unsqueeze(1)
        own: Tensor = fixed_gradient(self.center, step)
        return loss + own


def triplet_loss(
    anchor: Tensor, like: Tensor, unlike: Tensor, margin: float = 1.0
) -> Tensor:
    """Compute half the mean of max(0, margin + d^2 - e^2).

    d and e are the Euclidean distances to `like` and `unlike` (triplet_loss_layer.cpp).
    """
    near, far = ((anchor - x).flatten(1).square().sum(1) for x in (like, unlike))
    return F.relu(margin + near - far).sum() / (2 * anchor.size(0))
