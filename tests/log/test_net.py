from __future__ import annotations

import pytest

from tests.logs import NET, lines, read


@pytest.mark.parametrize(
    ("name", "tops", "is_split"),
    [
        ("data_data_0_split", ("data_data_0_split_0", "data_data_0_split_1"), True),
        ("data_data_0_split", ("data_data_0_split_1", "data_data_0_split_0"), False),
        ("my_split", ("left", "right"), False),
        ("data", ("data_0", "data_1"), False),
    ],
)
def test_splits_are_known_by_their_names(name: str, tops: tuple[str, ...], is_split: bool) -> None:
    texts = [f"Creating Layer {name}", f"{name} <- data", *(f"{name} -> {top}" for top in tops)]
    (net,) = read(lines(*texts, place=NET)).nets
    assert net.layers[0].is_split is is_split
