"""Python identifiers for blobs, layers and nets, whose own names may have any characters.

Two layers or blobs never share an identifier, and none is a keyword, a builtin, an attribute of
nn.Module or a name of the generated code. All else of a prototxt is written as string literals.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Hashable, Iterable

MODULE_ATTRIBUTES = frozenset(
    {
        *("T_destination", "add_module", "apply", "bfloat16", "buffers", "call_super_init"),
        *("children", "compile", "cpu", "cuda", "double", "dump_patches", "eval", "extra_repr"),
        *("float", "forward", "get_buffer", "get_extra_state", "get_parameter", "get_submodule"),
        *("half", "ipu", "load_state_dict", "modules", "mtia", "named_buffers", "named_children"),
        *("named_modules", "named_parameters", "parameters", "register_backward_hook"),
        *("register_buffer", "register_forward_hook", "register_forward_pre_hook"),
        *("register_full_backward_hook", "register_full_backward_pre_hook"),
        *("register_load_state_dict_post_hook", "register_load_state_dict_pre_hook"),
        *("register_module", "register_parameter", "register_state_dict_post_hook"),
        *("register_state_dict_pre_hook", "requires_grad_", "set_extra_state", "set_submodule"),
        *("share_memory", "state_dict", "to", "to_empty", "train", "training", "type", "xpu"),
        "zero_grad",
    }
)
"""Attributes of every nn.Module, which a layer's name must not hide."""

OWN_ATTRIBUTES = frozenset(
    ("caffe_params", "caffe_shapes", "inputs", "loss_weights", "outputs", "reset_parameters")
)
"""Further attributes of an exported class."""

GLOBALS = frozenset(
    {
        *("Any", "Callable", "F", "Path", "Sequence", "Tensor", "annotations", "build", "json"),
        *("math", "nn", "os", "preprocess", "self", "struct", "torch"),
    }
)
"""Names that the exported file itself uses."""

RESERVED = frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(dir(builtins))

_AMBIGUOUS = frozenset("lOI")
"""Names that look like digits, which linters reject."""

_MOST = 50
"""Maximum length of an identifier, without the number that may follow."""


class Names:
    """A namespace: gives each key an identifier of its own."""

    def __init__(self, taken: Iterable[str], fallback: str) -> None:
        """`taken` are excluded; `fallback` replaces a name without letters."""
        self._taken = RESERVED | _AMBIGUOUS | frozenset(taken)
        self._fallback = fallback
        self._given: dict[Hashable, str] = {}
        self._used: set[str] = set()
        self._numbers: dict[str, int] = {}

    def __getitem__(self, key: Hashable) -> str:
        """Return the identifier of `key`."""
        return self._given[key]

    def __contains__(self, key: Hashable) -> bool:
        return key in self._given

    def add(self, key: Hashable, wanted: str) -> str:
        """Return the identifier of `key`; a new one resembles `wanted`."""
        if key not in self._given:
            name = self._free(snake(wanted, self._fallback))
            self._used.add(name)
            self._given[key] = name
        return self._given[key]

    def _free(self, name: str) -> str:
        if name in self._taken:
            name += "_"
        found, number = name, self._numbers.get(name, 1)
        while found in self._used or found in self._taken:
            number += 1
            found = f"{name}_{number}"
        self._numbers[name] = number
        return found


def snake(text: str, fallback: str) -> str:
    """Return `text` in snake case: ASCII letters and digits, joined by underscores."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:_MOST].rstrip("_")
    if not name:
        return fallback
    return f"{fallback}_{name}" if name[0].isdigit() else name


def camel(text: str, taken: Iterable[str], fallback: str = "Net") -> str:
    """Return `text` in camel case, as the name of a class."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    name = "".join(word[0].upper() + word[1:] for word in words)[:_MOST]
    if not name or name[0].isdigit():
        name = fallback + name
    return f"{name}{fallback}" if name in {*RESERVED, *GLOBALS, *_AMBIGUOUS, *taken} else name


def comment_text(text: str) -> str:
    """Return `text` for comments and docstrings: one short line of ASCII without quotes."""
    shown = " ".join(re.sub(r"[^ -~]|[\\\"]", "?", text).split())
    return shown if len(shown) <= _MOST else f"{shown[:_MOST]}..."
