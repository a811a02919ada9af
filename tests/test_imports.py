"""Who imports whom, read from the source: the order of the parts, and the heavy libraries.

The order keeps each part readable without the parts to its right; the heavy libraries are what a
command pays for before it does anything.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "caffetools"

ORDER = (
    "errors < proto < formats < layers < log < net < check < figures",
    "errors < table < writing < formats",
    "net < drawing < pages < notebook",
    "check < pages",
    "figures < pages",
    "formats < torch.runtime < torch.training < datasets",
    "net < torch.emit < torch.export < torch.solver",
    "torch.training < torch.solver",
)
"""Chains of rooms, each to import only what is left of it in a chain. `cli` may import all."""

HEAVY = {
    "google.protobuf": ("proto.protobuf_classes",),
    "matplotlib": ("figures", "drawing"),
    "numpy": (
        "formats",
        "datasets",
        "torch.export",
        "torch.runtime",
        "torch.solver",
        "torch.training",
    ),
    "torch": ("torch.export", "torch.runtime", "torch.solver", "torch.training"),
}
"""Libraries that are slow to load, and the rooms that may load them when they are imported.

All others import them inside the function that needs them.
"""


class Import(NamedTuple):
    """One imported name: its dotted path, its line, and whether importing the module runs it."""

    target: str
    line: int
    at_once: bool


def imports(tree: ast.AST, *, at_once: bool = True) -> Iterator[Import]:
    """Every import in a tree, those inside functions and for types alone included."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, at_once)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            for alias in node.names:
                yield Import(f"{node.module}.{alias.name}", node.lineno, at_once)
        else:
            deferred = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
                isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
            )
            yield from imports(node, at_once=at_once and not deferred)


def is_within(path: str, part: str) -> bool:
    """Is a dotted path the part itself or something in it?"""
    return path == part or path.startswith(part + ".")


def part_of(module: str, parts: tuple[str, ...]) -> str | None:
    """The narrowest of the parts that holds a module."""
    return max((part for part in parts if is_within(module, part)), key=len, default=None)


def left_of(order: tuple[str, ...]) -> dict[str, set[str]]:
    """For each part of the chains, the parts that it may import: all that stand left of it."""
    direct: dict[str, set[str]] = {}
    for chain in order:
        groups = [group.split() for group in chain.split("<")]
        for left, right in zip([[], *groups], groups, strict=False):
            for part in right:
                direct.setdefault(part, set()).update(left)

    def closed(part: str) -> set[str]:
        return direct[part].union(*(closed(left) for left in direct[part]))

    return {part: closed(part) for part in direct}


LEFT_OF = left_of(ORDER)
PARTS = tuple(LEFT_OF)


@cache
def imports_of(module: str) -> tuple[Import, ...]:
    path = SOURCE / (module.replace(".", "/") + ".py")
    return tuple(imports(ast.parse(path.read_bytes())))


def modules() -> list[str]:
    """The dotted paths of all modules below `caffetools`, a package's own as `package.__init__`."""
    paths = sorted(SOURCE.rglob("*.py"))
    return [".".join(path.relative_to(SOURCE).with_suffix("").parts) for path in paths]


def ordered_modules() -> list[str]:
    """The modules that need a place in the order: not what may import all, nor an empty package."""
    return [
        module
        for module in modules()
        if module not in {"__init__", "__main__"}
        and not is_within(module, "cli")
        and (imports_of(module) or not module.endswith(".__init__"))
    ]


def wrong_turns(module: str, found: tuple[Import, ...]) -> list[str]:
    """The imports of a module that do not point left."""
    part = part_of(module, PARTS)
    assert part is not None, f"caffetools.{module} has no place in ORDER"
    wrong = []
    for target, line, _ in found:
        if not is_within(target, "caffetools"):
            continue
        imported = part_of(target.removeprefix("caffetools."), PARTS)
        if imported != part and imported not in LEFT_OF[part]:
            wrong.append(f"line {line}: {target}")
    return wrong


@pytest.mark.parametrize("module", ordered_modules())
def test_imports_point_left(module: str) -> None:
    assert wrong_turns(module, imports_of(module)) == []


@pytest.mark.parametrize("module", modules())
def test_heavy_libraries_are_loaded_late(module: str) -> None:
    heavy = [
        f"line {line}: {target}"
        for target, line, at_once in imports_of(module)
        for library, allowed in HEAVY.items()
        if at_once and is_within(target, library) and part_of(module, allowed) is None
    ]
    assert heavy == []


PROGRAM = """\
import sys
from caffetools.cli import main
main({arguments}, standalone_mode=False)
print([name for name in {heavy} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["shapes", "examples/lenet/deploy.prototxt"]], ids=" ".join
)
def test_the_command_line_loads_nothing_heavy(arguments: list[str]) -> None:
    program = PROGRAM.format(arguments=arguments, heavy=list(HEAVY))
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == "[]\n"


def test_imports_are_found_wherever_they_stand() -> None:
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
"""
    assert list(imports(ast.parse(text))) == [
        ("a.b", 1, True),
        ("c", 1, True),
        ("typing.TYPE_CHECKING", 2, True),
        ("d", 4, False),
        ("e.f", 6, True),
        ("h", 10, True),
        ("i.j", 12, False),
    ]


def test_left_of_joins_the_chains() -> None:
    assert left_of(("a < b c < d", "e < c")) == {
        "a": set(),
        "b": {"a"},
        "c": {"a", "e"},
        "d": {"a", "b", "c", "e"},
        "e": set(),
    }


@pytest.mark.parametrize(
    ("module", "target", "wrong"),
    [
        ("net.graph", "caffetools.errors.Location", False),
        ("net.graph", "caffetools.net.infer", False),
        ("layers.pooling", "caffetools.net.graph", True),
        ("log.lines", "caffetools.check.compare", True),
        ("check.compare", "caffetools.log.lines", False),
        ("net.graph", "caffetools.cli", True),
        ("net.graph", "caffetools", True),
        ("net.graph", "json", False),
    ],
)
def test_wrong_turns(module: str, target: str, *, wrong: bool) -> None:
    assert bool(wrong_turns(module, (Import(target, 1, at_once=True),))) is wrong
