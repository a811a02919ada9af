"""Normalization, compared with PyTorch's modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe import normalizations as n
from tests.torch.drafts import computed, drafted, drawn, ends, types

X = drawn(2, 4, 3, 5)
C, W = drawn(4), drawn(5)
MEAN, VAR = drawn(4), np.array([0.5, 1, 2, 3], np.float32)
TC, TW, TM, TV = map(torch.tensor, (C, W, MEAN, VAR))


def reduced(d: Any, x: Any, axes: Any, kind: str) -> Any:
    """The reduction of an operator whose result is without axis 1."""
    d.start("y", (x.shape[0], *x.shape[2:]))
    return n.reduced(d, x, axes, kind)


@pytest.mark.parametrize(
    ("found", "expected", "layers"),
    [
        (
            lambda d, x: n.batch_norm(d, x, C, C, MEAN, VAR, 1e-3),
            lambda x: F.batch_norm(x, TM, TV, TC, TC, eps=1e-3),
            ["BatchNorm", "Scale"],
        ),
        (
            lambda d, x: n.batch_norm(d, x, None, None, MEAN, VAR, 1e-5),
            lambda x: F.batch_norm(x, TM, TV),
            ["BatchNorm"],
        ),
        (
            lambda d, x: n.layer_norm(d, x, 1, W, W, 1e-5),
            lambda x: F.layer_norm(x, (5,), TW, TW),
            ["Reduction", "Power", "Bias", "Power", "Reduction", "Power", "Scale", "Scale"],
        ),
        (
            lambda d, x: n.layer_norm(d, x, 2, None, None, 1),
            lambda x: F.layer_norm(x, (3, 5), eps=1),
            None,
        ),
        (
            lambda d, x: n.group_norm(d, x, 2, C, C, 1e-5),
            lambda x: F.group_norm(x, 2, TC, TC),
            None,
        ),
        (
            lambda d, x: n.group_norm(d, x, 4, None, C, 1e-5),
            lambda x: F.instance_norm(x) + TC[:, None, None],
            None,
        ),
        (
            lambda d, x: n.rms_norm(d, x, 1, W, 1e-6),
            lambda x: F.rms_norm(x, (5,), TW, 1e-6),
            None,
        ),
        (
            lambda d, x: reduced(d, x, 1, "l2"),
            lambda x: x.norm(dim=1),
            None,
        ),
        (
            lambda d, x: reduced(d, x, [1], "l1"),
            lambda x: x.norm(1, 1),
            None,
        ),
    ],
)
def test_functions(
    found: Callable[..., object], expected: Callable[..., Tensor], layers: list[str] | None
) -> None:
    d, x = drafted(X.shape)
    y = found(d, x)
    assert layers is None or types(ends(d, y).text) == layers  # type: ignore[arg-type]
    found_values = computed(d, y, X)  # type: ignore[arg-type]
    np.testing.assert_allclose(found_values, expected(torch.tensor(X)), rtol=1e-4, atol=1e-5)


def test_other_norms_are_refused() -> None:
    d, x = drafted((2, 3))
    with pytest.raises(CaffeToolsError, match="a norm of order 3 has no form in Caffe"):
        n.reduced(d, x, [1], "l3")
