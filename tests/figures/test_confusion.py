"""Pictures of confusion matrices: formats, few and many classes."""

from __future__ import annotations

import pytest

from caffetools.figures.confusion import draw_confusion


@pytest.mark.parametrize(
    ("form", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_formats(form: str, start: bytes) -> None:
    assert draw_confusion([[5, 0], [1, 2]], ["a", "b\n"], form).startswith(start)


def test_counts_and_names_are_written_for_few_classes() -> None:
    text = draw_confusion([[0, 731], [1, 2]], ["cat", "dog"], "svg").decode()
    assert all(f"<!-- {each} -->" in text for each in ("731", "cat", "dog", "prediction"))
    assert "<!-- 0 -->" not in text
    many = [[0] * 50 for _ in range(50)]
    many[3][4] = 731
    text = draw_confusion(many, ["cat"] * 50, "svg").decode()
    assert "<!-- cat -->" not in text
    assert "<!-- 731 -->" not in text
