"""Small nets as authors write them: segmentation, detectors, blocks of classifiers, a reader."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv(
    inputs: int, outputs: int, size: int = 3, stride: int = 1, act: type[nn.Module] = nn.SiLU
) -> nn.Sequential:
    """A convolution, BatchNorm and an activation."""
    layer = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), act())


class Fcn(nn.Module):
    """Scores of two strides, the deep ones upsampled by a grouped transposed convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.pool = conv(3, 8, 3, 2, nn.ReLU), nn.MaxPool2d(2, ceil_mode=True)
        self.score, self.skip = nn.Conv2d(8, 4, 1), nn.Conv2d(8, 4, 1)
        self.up = nn.ConvTranspose2d(4, 4, 8, 4, 2, groups=4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        low = self.body(x)
        deep: Tensor = self.up(self.score(self.pool(low)))
        return deep + F.interpolate(self.skip(low), scale_factor=2, mode="nearest")


class Lraspp(nn.Module):
    """MobileNetV3's segmentation head: a gate of the whole image, two bilinear upsamplings."""

    def __init__(self) -> None:
        super().__init__()
        self.low, self.high = conv(3, 8, 3, 2, nn.Hardswish), conv(8, 16, 3, 2, nn.Hardswish)
        self.branch, self.gate = conv(16, 8, 1, act=nn.ReLU), nn.Conv2d(16, 8, 1, bias=False)
        self.low_scores, self.high_scores = nn.Conv2d(8, 4, 1), nn.Conv2d(8, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        low = self.low(x)
        high = self.high(low)
        y = self.branch(high) * self.gate(F.adaptive_avg_pool2d(high, 1)).sigmoid()
        y = F.interpolate(y, low.shape[-2:], mode="bilinear", align_corners=False)
        y = self.low_scores(low) + self.high_scores(y)
        return F.interpolate(y, x.shape[-2:], mode="bilinear", align_corners=False)


class RetinaNet(nn.Module):
    """A pyramid of features, and heads shared by its levels, as boxes by classes."""

    def __init__(self) -> None:
        super().__init__()
        self.c3, self.c4 = conv(3, 8, 3, 2, nn.ReLU), conv(8, 16, 3, 2, nn.ReLU)
        self.lateral3, self.lateral4 = nn.Conv2d(8, 8, 1), nn.Conv2d(16, 8, 1)
        self.p5 = nn.Conv2d(8, 8, 3, 2, 1)
        self.classes, self.boxes = nn.Conv2d(8, 6, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        c3 = self.c3(x)
        p4 = self.lateral4(self.c4(c3))
        p3 = self.lateral3(c3) + F.interpolate(p4, c3.shape[-2:], mode="nearest")
        classes, boxes = [], []
        for level in (p3, p4, self.p5(F.relu(p4))):
            n, _, h, w = level.shape
            scores = self.classes(level).view(n, 2, 3, h, w).permute(0, 3, 4, 1, 2)
            classes.append(scores.reshape(n, -1, 3))
            boxes.append(self.boxes(level).permute(0, 2, 3, 1).reshape(n, -1, 4))
        return torch.cat(classes, 1).sigmoid(), torch.cat(boxes, 1)


class Yolov5(nn.Module):
    """Focus, a C3 block, and a head whose anchors are an axis."""

    def __init__(self) -> None:
        super().__init__()
        self.focus, self.first, self.second = conv(12, 8), conv(8, 8, 1), conv(8, 8, 1)
        self.inner, self.join = nn.Sequential(conv(8, 8, 1), conv(8, 8)), conv(16, 16, 1)
        self.head = nn.Conv2d(16, 3 * 7, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.focus(torch.cat([x[..., i::2, j::2] for j in (0, 1) for i in (0, 1)], 1))
        a = self.first(x)
        y: Tensor = self.head(self.join(torch.cat([a + self.inner(a), self.second(x)], 1)))
        n, _, h, w = y.shape
        return y.view(n, 3, 7, h, w).permute(0, 1, 3, 4, 2).contiguous()


class Yolov8(nn.Module):
    """Two levels, boxes and classes in one blob, distances as means of distributions."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.ModuleList([conv(3, 8, 3, 2), conv(8, 8, 3, 2)])
        self.box, self.classes = nn.Conv2d(8, 16, 1), nn.Conv2d(8, 3, 1)
        self.mean = nn.Conv2d(4, 1, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        levels = []
        for stage in self.body:
            x = stage(x)
            levels.append(torch.cat([self.box(x), self.classes(x)], 1).flatten(2))
        x = torch.cat(levels, 2)
        box, classes = x[:, :16], x[:, 16:]
        box = self.mean(box.view(1, 4, 4, -1).transpose(2, 1).softmax(1)).view(1, 4, -1)
        return torch.cat([box, classes.sigmoid()], 1)


class Yolo11(nn.Module):
    """Attention of several heads, with a depthwise convolution of the values for positions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.qkv = conv(3, 16, 3, 2), nn.Conv2d(16, 64, 1)
        self.positions = nn.Conv2d(16, 16, 3, padding=1, groups=16)
        self.project, self.head = nn.Conv2d(16, 16, 1), nn.Conv2d(16, 5, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        q, k, v = self.qkv(x).view(1, 2, 32, -1).split([12, 12, 8], 2)
        weights = (q.transpose(-2, -1) @ k * 12**-0.5).softmax(-1)
        y = (v @ weights.transpose(-2, -1)).view(x.shape) + self.positions(v.reshape(x.shape))
        return self.head(x + self.project(y))  # type: ignore[no-any-return]


class Inverted(nn.Module):
    """An inverted residual with squeeze-excite, then a gate by a convolution over channels."""

    def __init__(self) -> None:
        super().__init__()
        self.expand = conv(3, 12, 1, act=nn.ReLU6)
        self.depthwise = nn.Conv2d(12, 12, 3, 2, 1, groups=12)
        self.reduce, self.excite = nn.Conv2d(12, 4, 1), nn.Conv2d(4, 12, 1)
        self.project, self.gate = nn.Conv2d(12, 8, 1), nn.Conv1d(1, 1, 3, padding=1, bias=False)
        self.classes = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = F.hardswish(self.depthwise(self.expand(x)))
        x = x * self.excite(F.silu(self.reduce(x.mean((2, 3), keepdim=True)))).sigmoid()
        x = self.project(x)
        x = x * self.gate(x.mean((2, 3)).unsqueeze(1)).sigmoid().view(1, 8, 1, 1)
        return self.classes(F.dropout(x.mean((2, 3)), training=self.training))  # type: ignore[no-any-return]


class ConvNeXt(nn.Module):
    """LayerNorm of channels that come last, GELU by tanh, global response normalization."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.depthwise = nn.Conv2d(3, 8, 2, 2), nn.Conv2d(8, 8, 7, padding=3, groups=8)
        self.norm, self.wide, self.narrow = nn.LayerNorm(8), nn.Linear(8, 16), nn.Linear(16, 8)
        self.scale, self.response = nn.Parameter(torch.ones(8)), nn.Parameter(torch.ones(16))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = F.gelu(self.wide(y), approximate="tanh")
        size = y.norm(p=2, dim=(1, 2), keepdim=True)
        y = y + y * (size / (size.mean(-1, keepdim=True) + 1e-6)) * self.response
        return x + (self.narrow(y) * self.scale).permute(0, 3, 1, 2)  # type: ignore[no-any-return]


class Crnn(nn.Module):
    """Columns of features as a sequence for a GRU, as readers of text have them."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.pool = conv(3, 4, 3, 2, nn.ReLU), nn.MaxPool2d((4, 2))
        self.gru, self.classes = nn.GRU(8, 6), nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        y = self.pool(self.body(x)).flatten(1, 2).permute(2, 0, 1)
        return F.log_softmax(self.classes(self.gru(y)[0]), 2)


NETS = (Fcn, Lraspp, RetinaNet, Yolov5, Yolov8, Yolo11, Inverted, ConvNeXt, Crnn)
