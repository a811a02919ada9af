"""Python layers: a class of a Python module that the prototxt names, with options as text.

Caffe's files do not define the output shapes of such a layer. They are known for a registered class
whose `type` is `module.layer`: those in `caffetools/layers/python`, and those of a user, in a file
that `--plugin` names:

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
from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import Shape, at_least
from caffetools.layers.registry import python_type

_OPTION = re.compile(
    r"""(?<!\w) ['"]? (\w+) ['"]? \s* : \s* (?: !!python/\w+ \s* )?
    ( \[[^][]*\] | \([^()]*\) | '[^']*' | "[^"]*" | [^]['"(){},\s]+ )""",
    re.VERBOSE,
)
"""A name and its value, in Python or YAML syntax."""
_STRING = re.compile(r"""['"]([^'"]*)['"]""")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


class PythonLayer(Layer):
    """Base class of Python layers, with readers of `param_str`.

    Attributes
    ----------
    spec : Spec
        Definition of the layer.
    param : Message
        Its `python_param`.
    options : dict of str to str
        Options in `param_str`, as text, by name.

    Examples
    --------
    >>> from caffetools import Facts, PythonLayer, exactly
    >>> class Halve(PythonLayer):
    ...     type = "my_layers.Halve"
    ...     bottoms = exactly(1)
    ...
    ...     def facts(self, bottoms):
    ...         n, c, h, w = bottoms[0]
    ...         by = self.integer("by")  # param_str: "{'by': 2}"
    ...         return Facts(((n, c, h // by, w // by),))
    """

    no_torch = "Python code of its own"
    bottoms = at_least(0)
    tops = at_least(0)
    is_global = True

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.param = spec.param("python_param")
        self.options: dict[str, str] = dict(_OPTION.findall(self.param.text("param_str")))

    def integer(self, name: str) -> int:
        """Return a required option: a non-negative integer."""
        (number,) = self.integers(name, 1)
        return number

    def integers(self, name: str, length: int) -> tuple[int, ...]:
        """Return a required option: `length` non-negative integers."""
        numbers = _NUMBER.findall(self.options.get(name, ""))
        if len(numbers) != length or not all(re.fullmatch(r"\d{1,9}", each) for each in numbers):
            what = "an integer" if length == 1 else f"{length} integers"
            raise self.mistake(f"expected {what} as {name}")
        return tuple(map(int, numbers))

    def length(self, name: str, default: int) -> int:
        """Return the number of numbers in an option; `default` if it is missing."""
        if name not in self.options:
            return default
        found = len(_NUMBER.findall(self.options[name]))
        if found == 0:
            raise self.mistake(f"expected numbers as {name}")
        return found

    def numbers(self, name: str, default: tuple[float, ...]) -> tuple[float, ...]:
        """Return the numbers in an option; `default` if it is missing."""
        self.length(name, 1)
        return tuple(map(float, _NUMBER.findall(self.options.get(name, "")))) or default

    def strings(self, name: str) -> tuple[str, ...]:
        """Return the strings in an option."""
        return tuple(_STRING.findall(self.options.get(name, "")))

    def mistake(self, expected: str) -> CaffeToolsError:
        """Return an error in param_str, with its location."""
        found = self.param.text("param_str")
        return self.param.error(f"{expected} in param_str, found {found[:80]!a}", "param_str")


class Python(PythonLayer):
    """A Python layer of an unregistered class (python_layer.hpp)."""

    type = "Python"
    whole_shapes = True

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        name = python_type(self.spec.message)
        note = f"the output shapes of the Python layer {name!a} are unknown; pass a --plugin"
        return Facts((None,) * len(self.spec.tops), notes=(note,))
