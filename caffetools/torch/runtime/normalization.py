"""Normalisations that PyTorch has otherwise: Caffe's statistics, regions and gradients."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from caffetools.torch.runtime.base import with_gradient_of
from caffetools.torch.runtime.elementwise import aligned


class BatchNorm(nn.Module):
    """Caffe's BatchNorm: no affine part, and running sums instead of running averages.

    N x C x ... -> the same. Each training step multiplies the three sums by
    `moving_average_fraction` and adds the batch's mean, its unbiased variance and 1. Running uses
    `mean / scale_factor` and `variance / scale_factor`; a factor of 0 stands for mean and variance
    of 0. `use_global_stats` None means: when not training (batch_norm_layer.cpp).
    """

    mean: Tensor
    variance: Tensor
    scale_factor: Tensor

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        moving_average_fraction: float = 0.999,
        use_global_stats: bool | None = None,
    ) -> None:
        super().__init__()
        self.eps = eps
        self.moving_average_fraction = moving_average_fraction
        self.use_global_stats = use_global_stats
        self.register_buffer("mean", torch.zeros(num_features))
        self.register_buffer("variance", torch.zeros(num_features))
        self.register_buffer("scale_factor", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each channel, in training with a step of the running sums."""
        if self.is_frozen():
            return self.normalize(x)
        mean, variance = torch.zeros_like(self.mean), torch.zeros_like(self.variance)
        y = self.normalize(x, mean, variance)
        self.mean.mul_(self.moving_average_fraction).add_(mean)
        self.variance.mul_(self.moving_average_fraction).add_(variance)
        self.scale_factor.mul_(self.moving_average_fraction).add_(1)
        return y

    def is_frozen(self) -> bool:
        """Are the running sums used, and not changed?"""
        if self.use_global_stats is None:
            return not self.training
        return self.use_global_stats

    def normalize(
        self, x: Tensor, mean: Tensor | None = None, variance: Tensor | None = None
    ) -> Tensor:
        """Normalise each channel; the batch's own statistics go into the two tensors."""
        if self.is_frozen():
            factor = self.scale_factor
            factor = torch.where(factor == 0, 0, 1 / factor)
            return F.batch_norm(
                x, self.mean * factor, self.variance * factor, eps=self.eps
            )
        if x.numel() == x.size(1):
            # One value a channel: its variance is 0, which PyTorch refuses to normalise by.
            if mean is not None:
                mean.copy_(x.detach().reshape(-1))
            return x - x
        # A momentum of 1 leaves the batch's own statistics in the two tensors.
        return F.batch_norm(
            x, mean, variance, training=True, momentum=1.0, eps=self.eps
        )

    def extra_repr(self) -> str:
        """What `print(module)` shows."""
        return f"{self.mean.numel()}, eps={self.eps}"


def lrn_within_channel(
    x: Tensor, local_size: int = 5, alpha: float = 1.0, beta: float = 0.75
) -> Tensor:
    """Divide by (1 + alpha * mean of the squares around) ** beta, each channel by itself.

    N x C x H x W -> the same. `local_size` is odd; the zeros around the input count in the mean,
    and Caffe does not read `k` here (lrn_layer.cpp).
    """
    mean = F.avg_pool2d(x.square(), local_size, stride=1, padding=(local_size - 1) // 2)
    return x * (1 + alpha * mean) ** -beta


def mean_variance_normalize(
    x: Tensor,
    *,
    normalize_variance: bool = True,
    across_channels: bool = False,
    eps: float = 1e-9,
) -> Tensor:
    """Give each channel, or each item, a mean of 0 and a deviation of 1: Caffe's MVN.

    The result always has four axes, as Caffe's has. `eps` is added to the deviation, and Caffe
    differentiates as if it were part of it (mvn_layer.cpp).
    """
    x = x.reshape(x.shape + (1,) * (4 - x.dim()))
    axes = [1, 2, 3] if across_channels else [2, 3]
    centred = x - x.mean(axes, keepdim=True)
    if not normalize_variance:
        return centred
    variance = centred.square().mean(axes, keepdim=True)
    deviation = variance.detach().sqrt() + eps
    return centred / with_gradient_of(deviation, variance / (2 * deviation))


class Normalize(nn.Module):
    """SSD's Normalize: divide by the root of the sum of squares, multiply by a learned scale.

    N x C x ... -> the same. The sum is over all of an item, or with `across_spatial` False over
    the channels of each position; `eps` is added inside the root. The weight is one number, or
    one for each channel (normalize_layer.cpp of weiliu89/caffe).
    """

    def __init__(
        self,
        num_channels: int,
        *,
        across_spatial: bool = True,
        channel_shared: bool = True,
        eps: float = 1e-10,
    ) -> None:
        super().__init__()
        self.across_spatial = across_spatial
        self.eps = eps
        self.weight = nn.Parameter(
            torch.ones(() if channel_shared else (num_channels,))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Normalise and scale."""
        axes = list(range(1, x.dim())) if self.across_spatial else [1]
        weight = aligned(self.weight, 1, x)
        # Caffe takes the gradient of the unit vectors first and multiplies by the weight last:
        # with a weight for each channel that is not the derivative.
        x = with_gradient_of(x, x * weight.detach())
        unit = x / (x.square().sum(axes, keepdim=True) + self.eps).sqrt()
        return with_gradient_of(unit * weight, unit + unit.detach() * weight)


class BN(nn.Module):
    """The forks' BN: batch normalisation with its affine part and biased running statistics.

    N x C x H x W -> the same. Each training step keeps `momentum` of the old statistics. `frozen`
    uses them in training too; without `moving_average` running uses the batch's own, as training
    does; without `statistics` there are none (bn_layer.cpp of yjxiong/caffe and hszhao/PSPNet, of
    happynear/caffe-windows, and of alexgkendall/caffe-segnet).
    """

    mean: Tensor
    variance: Tensor

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.9,
        *,
        frozen: bool = False,
        moving_average: bool = True,
        statistics: bool = True,
    ) -> None:
        super().__init__()
        shape = (1, num_features, 1, 1)
        self.eps = eps
        self.momentum = momentum
        self.frozen = frozen
        self.moving_average = moving_average
        self.statistics = statistics
        self.weight = nn.Parameter(torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape))
        if statistics:
            self.register_buffer("mean", torch.zeros(shape))
            self.register_buffer("variance", torch.full(shape, float(frozen)))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise, scale and shift each channel."""
        weight, bias = self.weight.flatten(), self.bias.flatten()
        running = self.frozen or (self.moving_average and not self.training)
        if running and self.statistics:
            mean, variance = self.mean.flatten(), self.variance.flatten()
            return F.batch_norm(x, mean, variance, weight, bias, eps=self.eps)
        mean, variance = torch.zeros_like(bias), torch.zeros_like(bias)
        y = F.batch_norm(
            x, mean, variance, weight, bias, training=True, momentum=1.0, eps=self.eps
        )
        if self.statistics and self.training:
            values = x.numel() // x.size(1)
            biased = variance * ((values - 1) / values)
            self.mean.lerp_(mean.reshape(self.mean.shape), 1 - self.momentum)
            self.variance.lerp_(biased.reshape(self.mean.shape), 1 - self.momentum)
        return y
