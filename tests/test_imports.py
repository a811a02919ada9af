"""The order of the rooms, read from the imports in the source; heavy libraries; circles; names."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parents[1] / "caffetools"

ORDER = (
    "errors < proto < formats < layers < log < net < check < figures",
    "errors < table < writing < formats",
    "net < drawing < figures < pages < notebook",
    "check < pages",
    "formats < torch.runtime < torch.training < datasets",
    "net < torch.emit < torch.export < torch.solver",
    "torch.export < editing",
    "torch.export < editing < torch.to_caffe",
    "torch.training < torch.solver < pycaffe",
    "drawing < pycaffe",
    "torch.training < torch.solver < torch.verbs",
    "editing < torch.verbs",
    "editing < functions",
    "torch.training < torch.solver < functions",
    "pages < functions",
)
"""Chains of rooms: each may import those to its left. `cli` may import all."""

HEAVY = {
    "google.protobuf": ("pycaffe",),
    "matplotlib": ("figures", "drawing"),
    "numpy": (
        "formats",
        "datasets",
        "pycaffe",
        "editing",
        "torch.export",
        "torch.runtime",
        "torch.solver",
        "torch.to_caffe",
        "torch.training",
        "torch.verbs",
    ),
    "torch": (
        "pycaffe",
        "torch.export",
        "torch.runtime",
        "torch.solver",
        "torch.to_caffe",
        "torch.training",
        "torch.verbs",
    ),
}
"""Libraries that are slow to import, and the rooms that may import them outside functions."""

MIRRORS = ("layers", "layers.python", "torch.emit", "torch.runtime")
"""Rooms whose modules have the same names, as do `cli` and the module behind each command."""

SAME_NAMES = {"weights"}
"""Names of several modules that are still to be changed. Add none."""


class Import(NamedTuple):
    """One import: its dotted path, its line, and whether importing the module executes it."""

    target: str
    line: int
    at_once: bool


def imports(tree: ast.AST, *, at_once: bool = True) -> Iterator[Import]:
    """Every import in a tree, those in functions, for types and by a string included."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            for alias in node.names:
                yield Import(f"{node.module}.{alias.name}", node.lineno, at_once)
        else:
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
                yield Import(str(getattr(node.args[0], "value", "")), node.lineno, at_once)
            deferred = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
                isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
            )
            yield from imports(node, at_once=at_once and not deferred)


@cache
def modules() -> dict[str, tuple[Import, ...]]:
    """The imports of each module, by its path within caffetools: `net.graph`, `net.__init__`."""
    return {
        ".".join(path.relative_to(SOURCE).with_suffix("").parts): tuple(
            imports(ast.parse(path.read_bytes()))
        )
        for path in sorted(SOURCE.rglob("*.py"))
    }


def is_within(path: str, room: str) -> bool:
    return path == room or path.startswith(room + ".")


def left_of(order: tuple[str, ...]) -> dict[str, set[str]]:
    """The rooms that each room of the chains may import: all to its left."""
    direct: dict[str, set[str]] = {}
    for chain in order:
        rooms = chain.split(" < ")
        for left, right in zip(["", *rooms], rooms, strict=False):
            direct.setdefault(right, set()).update({left} - {""})
    for room in TopologicalSorter(direct).static_order():
        direct[room] = direct[room].union(*(direct[left] for left in direct[room]))
    return direct


LEFT_OF = left_of(ORDER)


def room_of(module: str) -> str | None:
    return max((room for room in LEFT_OF if is_within(module, room)), key=len, default=None)


def wrong_turns(module: str, found: tuple[Import, ...]) -> list[str]:
    """The imports of a module from rooms that are not to its left."""
    room = room_of(module)
    assert room is not None, f"caffetools.{module} has no place in ORDER"
    return [
        f"line {line}: {target}"
        for target, line, _ in found
        if is_within(target, "caffetools")
        and room_of(target.removeprefix("caffetools.")) not in {room, *LEFT_OF[room]}
    ]


def module_of(target: str) -> str | None:
    """The module that an import of a module or of a name in it executes."""
    while is_within(target, "caffetools"):
        path = target.removeprefix("caffetools").lstrip(".")
        for name in (path, f"{path}.__init__".lstrip(".")):
            if name in modules():
                return name
        target = target.rpartition(".")[0]
    return None


@pytest.mark.parametrize("module", modules())
def test_imports_point_left(module: str) -> None:
    found = modules()[module]
    if module not in {"__init__", "__main__"} and not is_within(module, "cli") and found:
        assert wrong_turns(module, found) == []


@pytest.mark.parametrize("module", modules())
def test_heavy_libraries_are_imported_late(module: str) -> None:
    heavy = [
        f"line {line}: {target}"
        for target, line, at_once in modules()[module]
        for library, rooms in HEAVY.items()
        if at_once
        and is_within(target, library)
        and not any(is_within(module, room) for room in rooms)
    ]
    assert heavy == []


def circle_in(edges: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_there_is_no_circle_of_imports() -> None:
    edges = {
        module: {name for each in found if (name := module_of(each.target)) and name != module}
        for module, found in modules().items()
    }
    assert circle_in(edges) == []


def test_no_two_modules_have_one_name() -> None:
    places: dict[str, set[str]] = defaultdict(set)
    for module in modules():
        room, _, name = module.rpartition(".")
        if room != "cli" and name not in {"__init__", "__main__"}:
            places[name].add("a mirror" if room in MIRRORS else room)
    assert {name for name, rooms in places.items() if len(rooms) > 1} <= SAME_NAMES


def test_imports_are_found_wherever_they_are() -> None:
    text = """\
import a.b, c
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import d
try:
    from e import f as g
except ImportError:
    pass
class C:
    import h
    def method(self):
        from i import j
        importlib.import_module("k").l(import_module(name))
"""
    assert list(imports(ast.parse(text))) == [
        ("a.b", 1, True),
        ("c", 1, True),
        ("typing.TYPE_CHECKING", 2, True),
        ("d", 4, False),
        ("e.f", 6, True),
        ("h", 10, True),
        ("i.j", 12, False),
        ("k", 13, False),
        ("", 13, False),
    ]


def test_left_of_joins_the_chains() -> None:
    joined = {"a": set(), "b": {"a"}, "c": {"a", "b", "e"}, "e": set()}
    assert left_of(("a < b < c", "e < c")) == joined


def test_circles_are_found() -> None:
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert sorted(set(circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}))) == [*"abc"]


@pytest.mark.parametrize(
    ("target", "module"),
    [
        ("caffetools.net.graph", "net.graph"),
        ("caffetools.net.graph.Graph", "net.graph"),
        ("caffetools.layers.REGISTRY", "layers.__init__"),
        ("caffetools.load", "__init__"),
        ("json", None),
    ],
)
def test_module_of(target: str, module: str | None) -> None:
    assert module_of(target) == module


@pytest.mark.parametrize(
    ("module", "target", "wrong"),
    [
        ("net.graph", "caffetools.errors.Location", False),
        ("net.graph", "caffetools.net.infer", False),
        ("layers.pooling", "caffetools.net.graph", True),
        ("log.any", "caffetools.check.any", True),
        ("check.any", "caffetools.log.any", False),
        ("net.graph", "caffetools.cli", True),
        ("net.graph", "caffetools", True),
        ("net.graph", "json", False),
    ],
)
def test_wrong_turns(module: str, target: str, *, wrong: bool) -> None:
    assert bool(wrong_turns(module, (Import(target, 1, at_once=True),))) is wrong
