"""Modules as nets: what authors write, the way back of our own exports, torchvision's builders."""

from __future__ import annotations

from collections import Counter, OrderedDict
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import caffetools
from caffetools.errors import CaffeToolsError
from caffetools.net.loading import from_text, load
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.loaded_module import load_module, to_caffe
from caffetools.torch.to_caffe.from_torch import from_program, from_torch
from caffetools.torch.to_caffe.profile import read_profile
from tests.torch.author_nets import NETS, ConvNeXt, Crnn, Fcn, RetinaNet, conv
from tests.torch.drafts import random_module, types

ROOT = Path(__file__).parents[3]


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


@pytest.mark.parametrize(
    ("module", "fold"),
    [*((each, False) for each in (UNet, DeepLab, *NETS)), (UNet, True), (Fcn, True), (Crnn, True)],
)
def test_nets_as_authors_write_them(module: type[nn.Module], fold: bool, tmp_path: Path) -> None:
    """Equal to the module; the net is written as `fmt` would, and Caffe has nothing to remark."""
    torch.manual_seed(0)
    net = from_torch(random_module(module()), torch.zeros(1, 3, 16, 16), fold_bn=fold)
    assert net.difference < 1e-5
    assert ("BatchNorm" in types(net.prototxt)) is (not fold and module is not ConvNeXt)
    net.save(str(tmp_path / "net"))
    assert load(tmp_path / "net.prototxt", phase="test").notes == ()
    assert caffetools.format(tmp_path / "net.prototxt") == net.prototxt
    assert len(net.outputs) == (2 if module is RetinaNet else 1)


DEPLOYED = [
    path
    for path in sorted((ROOT / "examples").rglob("deploy*.prototxt"))
    if all(read_profile("bvlc").allows(layer.node.type) for layer in load(path).layers)
]


@pytest.mark.parametrize("path", DEPLOYED, ids=lambda path: path.parent.name)
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


def test_names_of_any_characters() -> None:
    module = nn.Sequential(OrderedDict({"a b": nn.Conv2d(3, 2, 1)}))
    module.register_module("\N{GREEK SMALL LETTER ALPHA}'", nn.ReLU())
    net = from_torch(module, torch.zeros(1, 3, 4, 4), ['"quoted"\n\\'])
    names = [layer.name for layer in from_text(net.prototxt, phase="test").layers]
    assert names == ['"quoted"\n\\', "a b", "\N{GREEK SMALL LETTER ALPHA}'"]
    assert [*net.weights] == ["a b"]


def test_equal_names_of_inputs() -> None:
    with pytest.raises(CaffeToolsError, match=r"a name for each of 2 inputs, found .'a', 'a'."):
        from_torch(nn.Bilinear(4, 4, 1), [torch.zeros(1, 4)] * 2, ["a", "a"])


class Broken(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Broken(), "Broken: torch.export cannot export the module: "),
        (nn.Module(), "Module: torch.export cannot export the module: "),
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
