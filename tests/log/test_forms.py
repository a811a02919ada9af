"""The lines of an iteration."""

from __future__ import annotations

import pytest

from caffetools.log import forms


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("Iteration 100, loss = 0.5", ("100", None, None, "loss", "0.5")),
        (
            "Iteration 100 (8.1 iter/s, 12.3s/100 iters), loss = nan",
            ("100", "8.1 iter/s, 12.3s/100 iters", None, "loss", "nan"),
        ),
        ("Iteration 7 (1 iter/s), 1.2/90ep, loss = 2", ("7", "1 iter/s", "1.2", "loss", "2")),
        ("Iteration 100, lr = 0.1, m = 0.9", ("100", None, None, "lr", "0.1")),
    ],
)
def test_iteration(text: str, groups: tuple[str | None, ...]) -> None:
    found = forms.ITERATION.search(text)
    assert found is not None
    assert found.groups() == groups


def test_output() -> None:
    found = forms.OUTPUT.search("Train net output #3: a b = 0.1 (* 2 = 0.2 loss)")
    assert found is not None
    assert found.groups() == ("Train", "3", "a b", "0.1", "2")
