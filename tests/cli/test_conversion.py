"""What `from-torch` and `from-onnx` have in common."""

from __future__ import annotations

from collections.abc import Sequence

import click
import pytest

from caffetools.cli.conversion import chosen_outputs


@pytest.mark.parametrize(
    ("given", "more", "expected"),
    [
        ((), (), None),
        (("a",), (), ["a"]),
        (("a,b", "c"), (), ["a", "b", "c"]),
        (("a",), ("b", "c,d"), ["a", "b", "c", "d"]),
    ],
)
def test_names_of_outputs(
    given: Sequence[str], more: Sequence[str], expected: list[str] | None
) -> None:
    assert chosen_outputs(given, more) == expected


def test_names_need_the_option() -> None:
    with pytest.raises(click.UsageError, match="unexpected argument 'a'"):
        chosen_outputs((), ("a",))
