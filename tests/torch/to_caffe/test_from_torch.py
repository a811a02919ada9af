"""Modules as nets: what authors write, the way back of our own exports, torchvision's builders."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import from_text, load
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.loaded_module import load_module, to_caffe
from caffetools.torch.to_caffe.from_torch import from_program, from_torch
from caffetools.torch.to_caffe.profile import read_profile
from tests.torch.drafts import random_module, types

ROOT = Path(__file__).parents[3]


def conv(inputs: int, outputs: int, size: int = 3, stride: int = 1, **more: Any) -> nn.Sequential:
    layer = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False, **more)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.SiLU())


class UNet(nn.Module):
    """Transposed convolutions, and skip connections."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = conv(3, 8), conv(8, 16)
        self.up, self.last = nn.ConvTranspose2d(16, 8, 2, 2), conv(16, 8)

    def forward(self, x: Tensor) -> Tensor:
        first = self.first(x)
        second = self.second(F.max_pool2d(first, 2))
        return self.last(torch.cat([first, self.up(second)], 1))  # type: ignore[no-any-return]


class Attention(nn.Module):
    """YOLO11's: every position attends to every other."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).flatten(2).chunk(3, 1)
        weights = (q.transpose(1, 2) @ k * 0.25).softmax(-1)
        return x + (v @ weights.transpose(1, 2)).view(x.shape)  # type: ignore[no-any-return]


class Yolo(nn.Module):
    """CSP blocks, SPPF, attention, upsampling by copies, DFL: YOLO's parts, its boxes left out."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.split = conv(3, 8, stride=2), conv(8, 16, 1)
        self.inner, self.join = nn.Sequential(conv(8, 8), conv(8, 8)), conv(24, 16, 1)
        self.reduce, self.spread = conv(16, 8, 1), conv(32, 16, 1)
        self.attention, self.head = Attention(16), nn.Conv2d(32, 4 * 8, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        parts = list(self.split(self.stem(x)).chunk(2, 1))
        parts.append(parts[-1] + self.inner(parts[-1]))
        x = self.join(torch.cat(parts, 1))
        pooled = [self.reduce(F.max_pool2d(x, 2))]
        for _ in range(3):
            pooled.append(F.max_pool2d(pooled[-1], 5, 1, 2))
        deep = self.attention(self.spread(torch.cat(pooled, 1)))
        head = self.head(torch.cat([F.interpolate(deep, scale_factor=2), x], 1)).flatten(2)
        boxes = head.view(1, 4, 8, -1).transpose(1, 2).softmax(1)
        return boxes, deep


class DeepLab(nn.Module):
    """Dilated convolutions, pooling of the whole image, bilinear upsampling."""

    def __init__(self) -> None:
        super().__init__()
        self.body = conv(3, 8, stride=2)
        self.branches = nn.ModuleList([conv(8, 8, 1), nn.Conv2d(8, 8, 3, padding=2, dilation=2)])
        self.image, self.last = conv(8, 8, 1), nn.Conv2d(24, 5, 1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        size = x.shape[-2:]
        x = self.body(x)
        image = self.image(F.adaptive_avg_pool2d(x, 1))
        parts = [branch(x) for branch in self.branches]
        parts.append(F.interpolate(image, x.shape[-2:], mode="bilinear", align_corners=False))
        return {"out": F.interpolate(self.last(torch.cat(parts, 1)), size, mode="bilinear")}


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("module", [UNet, Yolo, DeepLab])
def test_nets_as_authors_write_them(module: type[nn.Module], fold: bool) -> None:
    torch.manual_seed(0)
    made = random_module(module())
    net = from_torch(made, torch.zeros(1, 3, 16, 16), profile="bvlc", fold_bn=fold)
    assert net.difference < 1e-4
    assert ("BatchNorm" in types(net.prototxt)) is not fold
    loaded = from_text(net.prototxt, phase="test")
    assert loaded.notes == ()
    assert len(net.outputs) == (2 if module is Yolo else 1)


NETS = [
    path
    for path in sorted((ROOT / "examples").rglob("deploy*.prototxt"))
    if all(read_profile("bvlc").allows(layer.node.type) for layer in load(path).layers)
]


@pytest.mark.parametrize("path", NETS, ids=lambda path: path.parent.name)
def test_the_way_back_of_an_export(path: Path) -> None:
    """Shapes and parameters are those of the net, and outputs are equal."""
    net = load(path, phase="test", batch_size=1)
    spec = assemble(net)
    module = load_module(spec)
    inputs = [torch.zeros(tensor.shape) for tensor in spec.inputs if tensor.shape is not None]
    back = from_torch(module, inputs, [tensor.blob for tensor in spec.inputs])
    loaded = from_text(back.prototxt, phase="test")
    assert loaded.layers[-1].tops == net.layers[-1].tops
    shapes = [
        Counter(blob.shape for blobs in weights.values() for blob in blobs)
        for weights in (to_caffe(module), back.weights)
    ]
    assert shapes[0] == shapes[1]
    assert Counter(types(back.prototxt)) <= Counter(layer.node.type for layer in net.layers)
    assert back.difference < 1e-5


def test_the_module_keeps_its_mode() -> None:
    module = nn.Sequential(nn.Dropout(), nn.ReLU())
    module[1].eval()
    from_torch(module, torch.zeros(1, 3))
    assert [each.training for each in module.modules()] == [True, True, False]


def test_a_file_of_torch_export(tmp_path: Path) -> None:
    program = torch.export.export(nn.Sequential(nn.ReLU()), (torch.zeros(1, 3),))
    torch.export.save(program, tmp_path / "net.pt2")
    net = from_program(str(tmp_path / "net.pt2"), input_names=["data"])
    assert types(net.prototxt) == ["ReLU"]
    content = (tmp_path / "net.pt2").read_bytes()
    (tmp_path / "cut.pt2").write_bytes(content[: len(content) // 2])
    for name in ("cut.pt2", "nothing.pt2"):
        with pytest.raises(CaffeToolsError, match=r"\.pt2: torch\.export cannot load it: "):
            from_program(str(tmp_path / name))


class Broken(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Broken(), "Broken: torch.export cannot export the module: "),
        (nn.Conv2d(5, 1, 1), "Conv2d: torch.export cannot export the module: "),
        (
            nn.Linear(3, 1).half(),
            "torch.export cannot export|expected float32, found torch.float16",
        ),
    ],
)
def test_modules_that_cannot_be_exported(module: nn.Module, message: str) -> None:
    with pytest.raises(CaffeToolsError, match=message):
        from_torch(module, torch.zeros(1, 3))


def builders() -> list[str]:
    """Torchvision's small classification nets, a few of each family; none if it is missing."""
    try:
        import torchvision  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except (ImportError, RuntimeError):  # a build for another PyTorch raises the latter
        return []
    del torchvision
    return [
        "alexnet", "densenet121", "efficientnet_b0", "googlenet", "mnasnet0_5", "mobilenet_v2",
        "mobilenet_v3_small", "regnet_x_400mf", "regnet_y_400mf", "resnet18", "resnet50",
        "resnext50_32x4d", "shufflenet_v2_x0_5", "squeezenet1_1", "vgg11_bn",
    ]  # fmt: skip


@pytest.mark.parametrize("name", builders())
def test_torchvision(name: str) -> None:
    from torchvision import models  # type: ignore[import-not-found,import-untyped,unused-ignore]

    torch.manual_seed(0)
    options = {"init_weights": False} if name == "googlenet" else {}
    module = random_module(models.get_model(name, weights=None, **options))
    net = from_torch(module, torch.zeros(1, 3, 96, 96))
    assert net.difference < 1e-4
    assert from_text(net.prototxt, phase="test").notes == ()
