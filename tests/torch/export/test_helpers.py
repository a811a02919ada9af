"""The helpers as text: each with all that it needs is a module of its own."""

from __future__ import annotations

import builtins
import importlib
import pkgutil
import subprocess
import symtable
import sys
from collections.abc import Iterator

import pytest

from caffetools.torch import runtime
from caffetools.torch.export.helpers import helpers, needed


def text_of(*names: str) -> str:
    chosen = needed(names)
    imports = sorted({line for helper in chosen for line in helper.imports})
    return "\n".join([*imports, *(helper.source for helper in chosen)]) + "\n"


def global_names(table: symtable.SymbolTable) -> Iterator[str]:
    """The names that code looks up outside of its functions."""
    for symbol in table.get_symbols():
        if symbol.is_global() or table.get_type() == "module":
            yield symbol.get_name()
    for inner in table.get_children():
        yield from global_names(inner)


@pytest.mark.parametrize("name", helpers())
def test_a_helper_needs_nothing_else(name: str) -> None:
    text = text_of(name)
    table = symtable.symtable(text, "model.py", "exec")
    defined = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned()}
    defined |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_imported()}
    assert set(global_names(table)) <= {*defined, *dir(builtins), "__name__"}
    assert name in defined
    assert "noqa" not in text
    assert "caffetools.torch" not in text


def test_all_together_run() -> None:
    namespace = {"__name__": "model"}
    exec(compile(text_of(*helpers()), "model.py", "exec"), namespace)
    assert {*helpers()} <= {*namespace}


def test_every_public_name_is_a_helper() -> None:
    found = set()
    for module in pkgutil.iter_modules(runtime.__path__, runtime.__name__ + "."):
        contents = vars(importlib.import_module(module.name))
        found |= {
            name
            for name, value in contents.items()
            if getattr(value, "__module__", None) == module.name
        }
    # those that are registered with an operator come with it
    registered = {name for name in found if name.endswith("_shape")}
    assert found - registered <= {*helpers()}


def test_order_and_text() -> None:
    chosen = needed(["softmax_with_loss", "top_k_accuracy", "softmax_with_loss"])
    assert [helper.name for helper in chosen] == [
        "by_class",
        "is_among_best",
        "top_k_accuracy",
        "with_gradient_of",
        "LARGEST_LOSS",
        "loss_divisor",
        "softmax_with_loss",
    ]
    assert "import math" in chosen[0].imports
    assert chosen[4].source.splitlines()[1].startswith('"""')
    with pytest.raises(KeyError):
        needed(["nothing"])


def test_what_is_registered_comes_along() -> None:
    known = helpers()
    assert "suppress_overlaps.register_fake(" in known["suppress_overlaps"].source
    assert "roi_max_pool.register_autograd(" in known["roi_max_pool"].source
    assert "roi_max_pool_backward" in known["roi_max_pool"].needs


def test_pytorch_is_not_loaded() -> None:
    program = (
        "import sys; from caffetools.torch.export.helpers import helpers; helpers();"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
