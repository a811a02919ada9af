"""Inner products, embeddings, distances, and convolution with weights for each position."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from caffetools.torch.runtime.base import SizedModule, fixed_gradient, with_gradient_of


class TransposedLinear(SizedModule):
    """`nn.Linear` with the weight transposed, `(in_features, out_features)`."""

    def __init__(
        self, in_features: int, out_features: int, *, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(in_features, out_features))
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the product, `(..., in_features) -> (..., out_features)`."""
        return F.linear(x, self.weight.t(), self.bias)


class Embed(SizedModule):
    """`nn.Embedding` with a bias, for indices of any dtype (embed_layer.cpp)."""

    def __init__(
        self, num_embeddings: int, embedding_dim: int, *, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_embeddings, embedding_dim))
        self.bias = nn.Parameter(torch.zeros(embedding_dim)) if bias else None

    def forward(self, index: Tensor) -> Tensor:
        """Return the rows of the weight, `(...) -> (..., embedding_dim)`."""
        y = F.embedding(index.long(), self.weight)
        return y if self.bias is None else y + self.bias


def inner_distance(
    x: Tensor,
    weight: Tensor,
    label: Tensor | None = None,
    distance_type: str = "L2",
) -> Tensor:
    """Return squared distances to rows of `weight`, or L1 distances, `(..., K) -> (..., N)`.

    With labels, a row has the gradient only of the distances to items of its own class. Where the
    difference is negative, Caffe's gradient of an L1 distance is -1 whatever that of the output:
    its macro `sign` lacks parentheses (inner_distance_layer.cpp, happynear/caffe-windows).
    """
    rows = weight.reshape(-1, x.size(-1))
    if label is not None:
        own = label.reshape(*x.shape[:-1], 1).long() == torch.arange(
            rows.size(0), device=x.device
        )
        rows = torch.where(own.unsqueeze(-1), rows, rows.detach())
    items = x.unsqueeze(-2)
    difference = items - rows
    if distance_type == "L2":
        return difference.square().sum(-1)
    if not torch.is_grad_enabled():
        return difference.abs().sum(-1)
    distance = F.relu(items - rows.detach()) + F.relu(rows - items.detach())
    sign = difference.detach().sign()
    for side, signs in ((items, sign), (rows, -sign)):
        distance = distance + fixed_gradient(side.expand_as(sign), signs.clamp(max=0))
    return distance.sum(-1)


class InnerDistance(SizedModule):
    """`inner_distance` to rows of its own, `(..., in_features) -> (..., out_features)`.

    With `normalize` the rows are divided by their length before each pass, and keep it in training.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias: bool = False,
        distance_type: str = "L2",
        normalize: bool = False,
    ) -> None:
        super().__init__()
        self.distance_type, self.normalize = distance_type, normalize
        self.weight = nn.Parameter(torch.zeros(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the distances."""
        weight: Tensor = self.weight
        if self.normalize:
            unit = (
                weight.detach()
                / (weight.detach().square().sum(1, keepdim=True) + 1e-6).sqrt()
            )
            if self.training:
                with torch.no_grad():
                    self.weight.copy_(unit)
            weight = with_gradient_of(unit, weight)
        y = inner_distance(x, weight, distance_type=self.distance_type)
        return y if self.bias is None else y + self.bias


class Local(SizedModule):
    """A convolution with weights for each position of its output of `size` (local_layer.cpp)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: tuple[int, int],
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        inputs, self.size = in_channels * kernel_size**2, size
        self.window = {"kernel_size": kernel_size, "padding": padding, "stride": stride}
        positions = size[0] * size[1]
        self.weight = nn.Parameter(torch.zeros(out_channels, 1, inputs, positions))
        blank = torch.zeros(1, 1, out_channels, positions)
        self.bias = nn.Parameter(blank) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Return `(N, C, H, W) -> (N, out_channels, *size)`."""
        y = torch.einsum("nkp,okp->nop", F.unfold(x, **self.window), self.weight[:, 0])
        if self.bias is not None:
            y = y + self.bias[0]
        return y.reshape(*y.shape[:2], *self.size)
