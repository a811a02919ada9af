"""A value with another's gradient."""

import torch

from caffetools.torch.runtime.gradient import with_gradient_of
from tests.torch.cases import check_runs_everywhere, gradients


def test_the_value_is_kept_and_the_gradient_replaced() -> None:
    x = torch.tensor([0.1, -3.0, 1e8], requires_grad=True)
    y = with_gradient_of(x.detach().clamp(min=0), 5 * x)
    assert torch.equal(y, x.clamp(min=0))
    assert gradients(y, x)[0].tolist() == [5, 5, 5]


def test_runs_everywhere() -> None:
    check_runs_everywhere(lambda x: with_gradient_of(x.exp(), x), torch.randn(3))
