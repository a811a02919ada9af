"""Activations, compared with PyTorch's functions, with and without Caffe's late types."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe import activations
from caffetools.torch.to_caffe.profile import Profile
from tests.torch.drafts import OLD, computed, drafted, drawn, ends, types

_SLOPES = torch.tensor([0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        (activations.leaky_relu, (0.2,), lambda x: F.leaky_relu(x, 0.2)),
        (activations.elu, (0.5,), lambda x: F.elu(x, 0.5)),
        (activations.elu, (1.6732632, 1.050701), F.selu),
        (activations.elu, (2, 1, 0.5), lambda x: F.celu(x, 2)),
        (activations.silu, (), F.silu),
        (activations.hard_sigmoid, (), F.hardsigmoid),
        (activations.hard_swish, (), F.hardswish),
        (activations.mish, (), F.mish),
        (activations.gelu, ("tanh",), lambda x: F.gelu(x, approximate="tanh")),
        (activations.softplus, (), F.softplus),
        (activations.softplus, (-1,), F.logsigmoid),
        (activations.softsign, (), F.softsign),
        (activations.softmax, (-1,), lambda x: F.softmax(x, -1)),
        (activations.prelu, (np.array([0.1, 0.2, 0.3]),), lambda x: F.prelu(x, _SLOPES)),
        (activations.prelu, (np.array([0.1]),), lambda x: F.leaky_relu(x, 0.1)),
    ],
)
def test_functions(
    function: Callable[..., object], arguments: tuple[object, ...], expected: Callable[..., Tensor]
) -> None:
    d, x = drafted((2, 3, 5))
    values = 4 * drawn(2, 3, 5)
    found = computed(d, function(d, x, *arguments), values)  # type: ignore[arg-type]
    np.testing.assert_allclose(found, expected(torch.tensor(values)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("function", "profile", "expected"),
    [
        (activations.silu, Profile("bvlc"), ["Swish"]),
        (activations.silu, OLD, ["Sigmoid", "Eltwise"]),
        (activations.hard_sigmoid, Profile("bvlc"), ["Power", "Clip"]),
        (activations.hard_sigmoid, OLD, ["Power", "ReLU", "Power", "ReLU", "Power"]),
    ],
)
def test_types_by_profile(
    function: Callable[..., object], profile: Profile, expected: list[str]
) -> None:
    d, x = drafted((2, 3), profile=profile)
    y = function(d, x)
    assert types(ends(d, y).text) == expected  # type: ignore[arg-type]
    oracle = F.silu if function is activations.silu else F.hardsigmoid
    found = computed(d, y, 4 * drawn(2, 3))  # type: ignore[arg-type]
    np.testing.assert_allclose(found, oracle(4 * torch.tensor(drawn(2, 3))), atol=1e-6)


def test_gelu_is_never_approximated() -> None:
    d, x = drafted((2, 3))
    with pytest.raises(CaffeToolsError, match='no layer computes erf; use approximate="tanh"'):
        activations.gelu(d, x)
