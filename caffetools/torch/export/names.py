"""Python names for blobs, layers and nets, whose own names may be of any characters.

Two layers or blobs never get one name, and no name means something else to Python, to PyTorch or to
the code around it. The names of a prototxt reach the code otherwise only as string literals.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Hashable, Iterable

MODULE_ATTRIBUTES = frozenset(
    (
        "T_destination",
        "add_module",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "ipu",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
    )
)
"""What every nn.Module has: a member of such a name would hide it, or be hidden."""

OWN_ATTRIBUTES = frozenset(
    (
        "caffe_params",
        "caffe_shapes",
        "inputs",
        "loss_weights",
        "outputs",
        "reset_parameters",
    )
)
"""What an exported class has beside its layers."""

GLOBALS = frozenset(
    (
        "Any",
        "Callable",
        "F",
        "Path",
        "Sequence",
        "Tensor",
        "annotations",
        "build",
        "json",
        "math",
        "nn",
        "os",
        "preprocess",
        "self",
        "struct",
        "torch",
    )
)
"""Names that the exported file itself uses."""

RESERVED = frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(dir(builtins))

_AMBIGUOUS = frozenset("lOI")
"""Names that look like digits: linters refuse them."""

_MOST = 50
"""Characters of a name at most, but for the number that may follow."""


class Names:
    """Gives each thing one name that no other has."""

    def __init__(self, taken: Iterable[str], fallback: str) -> None:
        """`taken` are names to keep clear of; `fallback` is what a name without letters becomes."""
        self._taken = RESERVED | _AMBIGUOUS | frozenset(taken)
        self._fallback = fallback
        self._given: dict[Hashable, str] = {}
        self._used: set[str] = set()
        self._numbers: dict[str, int] = {}

    def __getitem__(self, key: Hashable) -> str:
        """The name that `key` was given."""
        return self._given[key]

    def __contains__(self, key: Hashable) -> bool:
        return key in self._given

    def add(self, key: Hashable, wanted: str) -> str:
        """Give `key` a name as near to `wanted` as can be; the one it has if it has one."""
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
    """`text` in lower case, with one underscore for all that is no letter or digit of ASCII."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:_MOST].rstrip("_")
    if not name:
        return fallback
    return f"{fallback}_{name}" if name[0].isdigit() else name


def camel(text: str, taken: Iterable[str], fallback: str = "Net") -> str:
    """A class's name for a net of the name `text`: each word with a capital, no marks between."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    name = "".join(word[0].upper() + word[1:] for word in words)[:_MOST]
    if not name or name[0].isdigit():
        name = fallback + name
    return f"{name}{fallback}" if name in {*RESERVED, *GLOBALS, *_AMBIGUOUS, *taken} else name


def plain(text: str) -> str:
    """`text` as comments and docstrings show it: one short line of ASCII without quotes."""
    shown = " ".join(re.sub(r"[^ -~]|[\\\"]", "?", text).split())
    return shown if len(shown) <= _MOST else f"{shown[:_MOST]}..."
