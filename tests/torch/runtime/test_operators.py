from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from caffetools.torch.export.helpers import needed  # noqa: E402
from caffetools.torch.runtime.boxes import suppress_overlaps  # noqa: E402
from caffetools.torch.runtime.operators import operator_name  # noqa: E402

BOXES = ((0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0), (2.0, 2.0, 3.0, 3.0))


def test_a_name_is_given_once() -> None:
    first = operator_name("nobody_has_it")
    assert first == "caffetools::nobody_has_it_1"
    operator = torch.library.custom_op(first, _half, mutates_args=())
    assert operator_name("nobody_has_it") == "caffetools::nobody_has_it_2"
    assert operator(torch.ones(1)) == 0.5


def _half(x: Tensor) -> Tensor:
    return x / 2


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
