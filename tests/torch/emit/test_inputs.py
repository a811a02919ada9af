"""Parameter and DummyData."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES: tuple[tuple[str, list[Shape], int, list[str]], ...] = (
    (
        "Parameter parameter_param { shape { dim: 2 dim: 3 } }",
        [],
        1,
        ["m = nn.Parameter(torch.zeros((2, 3)))", "y = self.m"],
    ),
    (
        "DummyData dummy_data_param { shape { dim: 2 } }",
        [],
        1,
        ["m = torch.zeros((2,))", "y = self.m"],
    ),
    (
        "DummyData dummy_data_param { shape { dim: 2 } data_filler { value: 5 } }",
        [],
        1,
        ["m = torch.full((2,), 5.0)", "y = self.m"],
    ),
    (
        (
            "DummyData dummy_data_param { shape { dim: 2 dim: 3 } shape { dim: 2 } "
            'data_filler { type: "gaussian" std: 2 } data_filler { value: 1 } }'
        ),
        [],
        2,
        [
            "m_0 = torch.zeros((2, 3))",
            "m_1 = torch.full((2,), 1.0)",
            "y = nn.init.normal_(torch.empty_like(self.m_0), std=2.0)",
            "y1 = self.m_1",
        ],
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
