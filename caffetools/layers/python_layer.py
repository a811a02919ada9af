"""Python layers: a class in a module that the prototxt names, given options as text.

Nothing in Caffe's files says what such a layer makes. Its shapes are known where a class is
registered whose `type` is `module.layer`: those in `caffetools/layers/python`, and a user's own, in
a file that `--plugin` names:

    from caffetools import Facts, PythonLayer, exactly, register

    @register
    class Halve(PythonLayer):
        "(N, C, H, W) -> (N, C, H / 2, W / 2)."

        type = "my_layers.Halve"  # python_param { module: "my_layers" layer: "Halve" }
        bottoms = exactly(1)
        tops = exactly(1)

        def facts(self, bottoms):
            n, c, h, w = bottoms[0]
            return Facts(((n, c, h // 2, w // 2),))
"""

from __future__ import annotations

import re

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Facts, Layer, Shape, Spec, at_least
from caffetools.layers.registry import python_type

_OPTION = re.compile(
    r"""(?<!\w) ['"]? (\w+) ['"]? \s* : \s* (?: !!python/\w+ \s* )?
    ( \[[^][]*\] | \([^()]*\) | '[^']*' | "[^"]*" | [^]['"(){},\s]+ )""",
    re.VERBOSE,
)
"""A name and its value, in Python's words or in YAML's."""
_STRING = re.compile(r"""['"]([^'"]*)['"]""")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


class PythonLayer(Layer):
    """A Python layer that is known, with what most need to read their param_str."""

    bottoms = at_least(0)
    tops = at_least(0)
    is_global = True

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.param = spec.param("python_param")
        self.options: dict[str, str] = dict(_OPTION.findall(self.param.text("param_str")))
        """What param_str says, as text, by name."""

    def integer(self, name: str) -> int:
        """An option that must be there: a whole number, not negative."""
        (number,) = self.integers(name, 1)
        return number

    def integers(self, name: str, length: int) -> tuple[int, ...]:
        """An option that must be there: so many whole numbers, not negative."""
        numbers = _NUMBER.findall(self.options.get(name, ""))
        if len(numbers) != length or not all(re.fullmatch(r"\d{1,9}", each) for each in numbers):
            what = "a whole number" if length == 1 else f"{length} whole numbers"
            raise self.mistake(f"expected {what} as {name}")
        return tuple(map(int, numbers))

    def length(self, name: str, default: int) -> int:
        """How many numbers an option lists; `default` where it is not there."""
        if name not in self.options:
            return default
        found = len(_NUMBER.findall(self.options[name]))
        if found == 0:
            raise self.mistake(f"expected numbers as {name}")
        return found

    def strings(self, name: str) -> tuple[str, ...]:
        """The strings that an option lists."""
        return tuple(_STRING.findall(self.options.get(name, "")))

    def mistake(self, expected: str) -> CaffeToolsError:
        """An error about param_str, at its place."""
        found = self.param.text("param_str")
        return self.param.error(f"{expected} in param_str, found {found[:80]!a}", "param_str")


class Python(PythonLayer):
    """A Python layer of a class that nobody has registered (python_layer.hpp)."""

    type = "Python"
    whole_shapes = True

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        name = python_type(self.spec.message)
        note = f"what the Python layer {name!a} makes is not known: register a class of that type"
        return Facts((None,) * len(self.spec.tops), notes=(note,))
