"""Local response normalization: as a layer, and recognized in arithmetic."""

from __future__ import annotations

import pytest
import torch.nn.functional as F
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe.lrn import local_response
from tests.torch.drafts import converted, drafted, ends, types


def test_only_what_is_not_the_default_is_written() -> None:
    d, x = drafted((1, 3, 4, 4))
    text = ends(d, local_response(d, x, 5, 1e-4, 0.75, 2)).text
    assert "lrn_param {\n    local_size: 5\n    alpha: 0.0001\n    k: 2\n  }" in text


def test_an_even_size_is_refused() -> None:
    d, x = drafted((1, 3, 4, 4))
    with pytest.raises(CaffeToolsError, match="expected an odd number of channels, found 4"):
        local_response(d, x, 4, 1, 1, 1)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((3,), "local_size: 3"),
        ((5, 2e-4, 0.5, 2.0), "alpha: 0.0002"),
        ((5, 1.0, 1.0, 0.5), "k: 0.5"),
    ],
)
def test_the_module_of_pytorch(options: tuple[float, ...], found: str) -> None:
    net = converted(lambda x, lrn: lrn(x), nn.LocalResponseNorm(*options))  # type: ignore[arg-type]
    assert types(net.prototxt) == ["LRN"]
    assert found in net.prototxt
    assert net.difference < 1e-6


def _off_center(x: Tensor) -> Tensor:
    square = F.pad((x * x).unsqueeze(1), (0, 0, 0, 0, 0, 2))
    return x / (1 + F.avg_pool3d(square, (3, 1, 1), stride=1).squeeze(1)) ** 0.75


def _of_another(x: Tensor) -> Tensor:
    square = F.pad((x * x).unsqueeze(1), (0, 0, 0, 0, 1, 1))
    return (x + 1) / (1 + F.avg_pool3d(square, (3, 1, 1), stride=1).squeeze(1)) ** 0.75


@pytest.mark.parametrize("function", [_off_center, _of_another, nn.LocalResponseNorm(4)])
def test_what_is_no_lrn_is_composed(function: nn.Module) -> None:
    net = converted(function)
    assert "LRN" not in types(net.prototxt)
    assert net.difference < 1e-6
