"""Normalization layers whose statistics, regions or gradients differ from PyTorch's."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from caffetools.torch.runtime.base import SizedModule, with_gradient_of
from caffetools.torch.runtime.elementwise import aligned


class BatchNorm(SizedModule):
    """Batch normalization without affine part, with running sums in place of running averages.

    Input and output: `(N, C, ...)`. Each training step multiplies the three buffers by
    `moving_average_fraction` and adds the batch mean, the unbiased batch variance and 1. With
    `use_global_stats` (None: in evaluation mode) the input is normalized by `mean / scale_factor`
    and `variance / scale_factor`, both 0 if `scale_factor` is 0 (batch_norm_layer.cpp).
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
        """Normalize each channel; update the running sums unless they are used."""
        # A graph for inference keeps no sums.
        if self.is_frozen() or torch.onnx.is_in_onnx_export():
            return self.normalize(x)
        mean, variance = torch.zeros_like(self.mean), torch.zeros_like(self.variance)
        y = self.normalize(x, mean, variance)
        self.mean.mul_(self.moving_average_fraction).add_(mean)
        self.variance.mul_(self.moving_average_fraction).add_(variance)
        self.scale_factor.mul_(self.moving_average_fraction).add_(1)
        return y

    def is_frozen(self) -> bool:
        """Whether the running sums are used, and not updated."""
        if self.use_global_stats is None:
            return not self.training
        return self.use_global_stats

    def normalize(
        self, x: Tensor, mean: Tensor | None = None, variance: Tensor | None = None
    ) -> Tensor:
        """Normalize each channel; write the batch statistics to `mean` and `variance`."""
        if self.is_frozen():
            factor = self.scale_factor
            factor = torch.where(factor == 0, 0, 1 / factor)
            return F.batch_norm(
                x, self.mean * factor, self.variance * factor, eps=self.eps
            )
        return normalize_batch(x, self.eps, mean, variance)


def normalize_batch(
    x: Tensor,
    eps: float,
    mean: Tensor | None = None,
    variance: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    """Normalize each channel by the batch, whose mean and unbiased variance are written.

    `F.batch_norm` refuses one value per channel; Caffe's result is then the bias.
    """
    if x.numel() != x.size(1):
        return F.batch_norm(
            x, mean, variance, weight, bias, training=True, momentum=1.0, eps=eps
        )
    if mean is not None:
        mean.copy_(x.detach().reshape(-1))
    y = x - x
    if weight is None or bias is None:
        return y
    return torch.addcmul(aligned(bias, 1, x), y, aligned(weight, 1, x))


def norm_keys(name: str) -> tuple[str, ...]:
    """Return the keys of an `nn.BatchNorm2d` in the order of the blobs of Caffe's BatchNorm."""
    keys = ("running_mean", "running_var", "num_batches_tracked")
    return tuple(f"{name}.{key}" for key in keys)


class FrozenBatchNorm2d(nn.BatchNorm2d):
    """`nn.BatchNorm2d` that uses its running statistics in training, too (use_global_stats)."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalize each channel; the running statistics stay."""
        mean, variance = self.running_mean, self.running_var
        return F.batch_norm(x, mean, variance, self.weight, self.bias, eps=self.eps)


def lrn_within_channel(
    x: Tensor, local_size: int = 5, alpha: float = 1.0, beta: float = 0.75
) -> Tensor:
    """Apply local response normalization within each channel, `(N, C, H, W)`.

    Divides by `(1 + alpha * mean(x^2)) ** beta`, the mean over a square of odd `local_size` that
    includes the zero padding. Caffe ignores `k` here (lrn_layer.cpp).
    """
    mean = F.avg_pool2d(x.square(), local_size, stride=1, padding=(local_size - 1) // 2)
    return x * (1 + alpha * mean) ** -beta


def lrn_squared_factor(
    x: Tensor,
    local_size: int = 5,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
) -> Tensor:
    """Return what LRN across channels leaves on the CPU in place, `(N, C, H, W)`.

    Caffe writes `factor = (k + alpha / local_size * sum(x^2)) ** -beta` over `x`, and then
    multiplies the two: the result is `factor ** 2` (lrn_layer.cpp, CrossChannelForward_cpu).
    """
    half = (local_size - 1) // 2
    squares = F.pad(x.square(), (0, 0, 0, 0, half, half))
    squares = squares.unfold(1, local_size, 1).sum(-1)
    return (k + alpha / local_size * squares) ** (-2 * beta)


def mean_variance_normalize(
    x: Tensor,
    *,
    normalize_variance: bool = True,
    across_channels: bool = False,
    eps: float = 1e-9,
) -> Tensor:
    """Normalize each channel, or each item, to mean 0 and standard deviation 1 (mvn_layer.cpp).

    The output always has four axes. `eps` is added to the standard deviation; Caffe's gradient
    treats the sum as the standard deviation.
    """
    x = x.reshape(x.shape + (1,) * (4 - x.dim()))
    axes = [1, 2, 3] if across_channels else [2, 3]
    centred = x - x.mean(axes, keepdim=True)
    if not normalize_variance:
        return centred
    variance = centred.square().mean(axes, keepdim=True)
    deviation = variance.detach().sqrt() + eps
    return centred / with_gradient_of(deviation, variance / (2 * deviation))


class Normalize(SizedModule):
    """Normalize to L2 norm 1 and multiply by a learned scale, `(N, C, ...)`.

    The norm is that of each item, or that of each position with `across_spatial=False`; `eps` is
    added to its square. The weight is a scalar, or `(C,)` without `channel_shared`
    (normalize_layer.cpp, weiliu89/caffe).
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
        """Return the scaled unit vectors."""
        axes = tuple(range(1, x.dim())) if self.across_spatial else 1
        weight = self.weight.reshape(-1, *(1,) * (x.dim() - 2))
        # Caffe multiplies by the weight after differentiating: per channel, no derivative.
        x = with_gradient_of(x, x * weight.detach())
        unit = x / (x.square().sum(axes, keepdim=True) + self.eps).sqrt()
        return with_gradient_of(unit * weight, unit + unit.detach() * weight)


class BN(SizedModule):
    """Batch normalization with affine part and biased running statistics, `(N, C, H, W)`.

    `momentum` is the weight of the old statistics. `frozen` uses the running statistics in
    training, too, and learns nothing; `moving_average=False` uses the batch statistics in
    evaluation, too; with `statistics=False` there are no running statistics (bn_layer.cpp:
    yjxiong/caffe, hszhao/PSPNet; happynear/caffe-windows; alexgkendall/caffe-segnet).
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
        """Return the normalized input times weight plus bias."""
        weight, bias = self.weight.flatten(), self.bias.flatten()
        running = self.frozen or (self.moving_average and not self.training)
        if running and self.statistics:
            if self.frozen:
                weight, bias = weight.detach(), bias.detach()
            mean, variance = self.mean.flatten(), self.variance.flatten()
            return F.batch_norm(x, mean, variance, weight, bias, eps=self.eps)
        if not (self.statistics and self.training):
            return normalize_batch(x, self.eps, weight=weight, bias=bias)
        mean, variance = torch.zeros_like(bias), torch.zeros_like(bias)
        y = normalize_batch(x, self.eps, mean, variance, weight, bias)
        values = x.numel() // x.size(1)
        biased = variance * ((values - 1) / values)
        self.mean.lerp_(mean.reshape(self.mean.shape), 1 - self.momentum)
        self.variance.lerp_(biased.reshape(self.mean.shape), 1 - self.momentum)
        return y
