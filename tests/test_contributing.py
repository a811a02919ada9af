"""CONTRIBUTING's worked example of a layer works as it stands."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any, ClassVar

import pytest

from caffetools.layers import base
from caffetools.layers.checks import check_axes
from caffetools.layers.registry import REGISTRY
from tests.layers import cases

CONTRIBUTING = Path(__file__).parents[1] / "CONTRIBUTING.md"
PYTHON = re.compile(r"^ *```python\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def test_the_worked_example() -> None:
    the_class, the_tests = map(textwrap.dedent, PYTHON.findall(CONTRIBUTING.read_text("utf-8")))
    space: dict[str, Any] = {**vars(base), **vars(cases), "check_axes": check_axes}
    space["ClassVar"] = ClassVar
    exec("from __future__ import annotations\n" + the_class, space)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(REGISTRY._classes, "Shift", space["Shift"])
        exec(the_tests, space)
        tests = [value for name, value in space.items() if name.startswith("test_")]
        assert len(tests) == 2
        for test in tests:
            test()
