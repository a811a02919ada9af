"""Replaced gradients, and names of custom operators."""

from __future__ import annotations

import copy
import importlib
import pkgutil

import torch
from torch import nn

from caffetools.torch import runtime
from caffetools.torch.export.helpers import needed
from caffetools.torch.runtime.base import (
    fixed_gradient,
    share_reshaped,
    window_area,
    with_gradient_of,
)
from caffetools.torch.runtime.boxes import suppress_overlaps
from caffetools.torch.runtime.convolution import ConvNd
from caffetools.torch.runtime.normalization import BatchNorm
from tests.torch.cases import check_runs_everywhere, gradients


def test_the_value_is_kept_and_the_gradient_replaced() -> None:
    x = torch.tensor([0.1, -3.0, 1e8], requires_grad=True)
    y = with_gradient_of(x.detach().clamp(min=0), 5 * x)
    assert torch.equal(y, x.clamp(min=0))
    assert gradients(y, x)[0].tolist() == [5, 5, 5]


def test_runs_everywhere() -> None:
    check_runs_everywhere(lambda x: with_gradient_of(x.exp(), x), torch.randn(3))


BOXES = ((0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0), (2.0, 2.0, 3.0, 3.0))


def test_two_models_do_not_break_each_other() -> None:
    """Each has the operators of its own text, whatever the other does and when it goes."""
    helpers = needed(["suppress_overlaps"])
    text = "\n".join([*sorted({line for each in helpers for line in each.imports}), ""])
    text = "from __future__ import annotations\n" + text + "\n".join(h.source for h in helpers)
    spaces: list[dict[str, object]] = [{}, {}]
    for space in spaces:
        exec(compile(text, "model.py", "exec", dont_inherit=True), space)
    boxes, valid = torch.tensor([BOXES]), torch.ones(1, 3, dtype=torch.bool)
    calls = [suppress_overlaps, *(space["suppress_overlaps"] for space in spaces)]
    for call in calls:
        assert call(boxes, valid, 0.5, 1.0).tolist() == [[True, False, True]]  # type: ignore[operator]


def test_the_area_of_windows_is_clipped() -> None:
    # heights 2, 2, 1 of windows that start at 0, 2, 4 of 5; widths 3, 2 of those at 0, 2 of 4
    area = window_area(torch.zeros(1), (3, 2), (2, 3), (2, 2), (0, 0), (5, 4))
    assert area.tolist() == [[6, 4], [6, 4], [3, 2]]


def test_no_loss_weight_scales_a_fixed_gradient() -> None:
    x = torch.randn(3, requires_grad=True)
    zero = fixed_gradient(x, torch.tensor([1.0, 2, 3]))
    assert zero.item() == 0
    assert gradients(5 * zero + x.sum(), x)[0].tolist() == [2, 3, 4]


def test_a_parameter_in_two_shapes() -> None:
    pair = nn.ModuleList([nn.Linear(2, 3, bias=False), nn.Conv2d(2, 3, 1, bias=False)])
    linear, conv = pair
    assert isinstance(linear, nn.Linear)
    share_reshaped(conv, "weight", linear.weight)
    x = torch.randn(4, 2)
    torch.testing.assert_close(conv(x[:, :, None, None]).flatten(1), linear(x))
    assert len(list(pair.parameters())) == 1
    again = copy.deepcopy(pair)
    assert len(list(again.parameters())) == 1
    check_runs_everywhere(conv, x[:, :, None, None])


def test_every_module_shows_its_sizes() -> None:
    """Those of PyTorch, from which some derive, do it themselves."""
    modules = [
        each
        for found in pkgutil.iter_modules(runtime.__path__, runtime.__name__ + ".")
        for each in vars(importlib.import_module(found.name)).values()
        if isinstance(each, type) and issubclass(each, nn.Module) and each.__module__ == found.name
    ]
    assert len(modules) > 20
    assert [each for each in modules if each.extra_repr is nn.Module.extra_repr] == []
    assert repr(BatchNorm(3)) == (
        "BatchNorm(mean=[3], variance=[3], scale_factor=[1], eps=1e-05, "
        "moving_average_fraction=0.999)"
    )
    assert repr(ConvNd(4, 6, (3,), (2,), (1,), (1,), bias=False)) == (
        "ConvNd(weight=[6, 4, 3], stride=(2,), padding=(1,), dilation=(1,), groups=1)"
    )
