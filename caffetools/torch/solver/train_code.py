"""A solver with its nets -> the files of a project that trains by itself.

Beside `model.py`: `train.py` with all settings as data, a module for each test net that the model
does not serve, the net's definition for Caffe's snapshots, and a copy of `training`.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from importlib.resources import files
from typing import Any

from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.code import model_code
from caffetools.torch.export.names import plain
from caffetools.torch.export.pretty import Group, Piece, laid_out, number, string
from caffetools.torch.export.program import Program
from caffetools.torch.solver.data_layers import labels_of, sources_of
from caffetools.torch.solver.learning import has_unused, multipliers_of, shown_outputs
from caffetools.torch.solver.net_template import net_template
from caffetools.torch.solver.solver_file import SolverFile
from caffetools.torch.training.settings import SolverSettings

TEMPLATE = "net.caffemodel"


def training_files(solver: SolverFile, program: Program) -> dict[str, bytes]:
    """What stands beside the `model.py` of a program, by path.

    `program` is that of the net which the solver trains. Raises CaffeToolsError, placed, for a test
    net that PyTorch cannot have.
    """
    modules, texts = _test_modules(solver, program)
    text = "\n".join(_train(solver, program, modules)) + "\n"
    made = {"train.py": text, **texts, **_package(text)}
    return {
        **{path: each.encode() for path, each in made.items()},
        TEMPLATE: net_template(solver.train),
    }


def _test_modules(solver: SolverFile, program: Program) -> tuple[list[str], dict[str, str]]:
    """The module of each test net, and the texts of those that are to be written."""
    modules: list[str] = []
    known: dict[str, str] = {}
    for net in solver.tests:
        merged = assemble(solver.train, net)
        if len(program.phases) > 1 and model_code(merged) == model_code(program):
            modules.append("model")
            continue
        text = model_code(assemble(net))
        if text not in known:
            known[text] = f"test_model_{len(known) + 1}" if known else "test_model"
        modules.append(known[text])
    return modules, {f"{name}.py": text for text, name in known.items()}


def _train(solver: SolverFile, program: Program, modules: list[str]) -> Iterator[str]:
    net = solver.train
    path = plain(os.path.basename(solver.message.source.name))
    yield f'"""Trains {program.name} as {path} says: Caffe\'s training on PyTorch.'
    yield ""
    yield "    python train.py                                  # on the CPU"
    yield "    python train.py --device cuda --amp --compile"
    yield "    torchrun --nproc_per_node=4 train.py --device cuda"
    yield "    python train.py --resume PREFIX_iter_N.solverstate"
    yield ""
    yield "SIGINT stops with a snapshot, SIGHUP takes one. The batch size is that of each process."
    yield '"""'
    yield ""
    tests = [
        _net(module, each, count)
        for module, each, count in zip(modules, solver.tests, solver.test_iterations, strict=True)
    ]
    body = [
        "HERE = Path(__file__).parent",
        "",
        *laid_out("SOLVER = ", _literal(_settings(solver)), ""),
        "",
        "# Of the rate and the decay, for the blobs of each layer.",
        *laid_out("MULTIPLIERS = ", _literal(multipliers_of(net)), ""),
        "",
        *laid_out("TRAIN = ", _net("model", net, 0), ""),
        "",
        *laid_out("TESTS = ", Group("(", tests, ")"), ""),
        "",
        *laid_out("PROJECT = ", _project(solver), ""),
        "",
        'if __name__ == "__main__":',
        "    main(PROJECT, __doc__)",
    ]
    yield from _imports("\n".join(body), ["model", *modules])
    yield ""
    yield from body


def _settings(solver: SolverFile) -> SolverSettings:
    """Snapshots that would lie beside the solver for want of a prefix lie where train.py runs."""
    settings = solver.settings
    if solver.has_prefix:
        return settings
    return replace(settings, snapshot_prefix=os.path.basename(settings.snapshot_prefix))


def _imports(body: str, modules: list[str]) -> Iterator[str]:
    yield "from __future__ import annotations"
    yield ""
    yield "from pathlib import Path"
    yield ""
    yield from (f"import {module}" for module in sorted(set(modules)))
    homes = {name: home for home, names in _HOMES.items() for name in names}
    words = set(re.findall(r"\b[A-Z]\w+(?=[(.])|\bmain\b", body))
    used: dict[str, list[str]] = {}
    for name in sorted(words & homes.keys()):
        used.setdefault(homes[name], []).append(name)
    for home, names in sorted(used.items()):
        yield f"from caffetools.{home} import {', '.join(names)}"


_HOMES = {
    "formats.caffemodel": ("NetTemplate",),
    "torch.training.command": ("main",),
    "torch.training.data.hdf5_rows": ("Hdf5",),
    "torch.training.data.image_list": ("ImageList",),
    "torch.training.data.sources": ("ArraySource", "Database", "LabelRange"),
    "torch.training.data.transformer": ("Transform",),
    "torch.training.data.windows": ("WindowFile",),
    "torch.training.project": ("NetWithData", "Project"),
    "torch.training.settings": ("SolverSettings",),
}
"""Modules of caffetools, and what train.py names of each."""


def _net(module: str, net: Any, iterations: int) -> Piece:
    items: list[Piece] = [f"{module}.build", Group("sources=(", _items(sources_of(net)), ")")]
    labels = labels_of(net)
    if labels:
        ranges: list[Piece] = [
            f"{string(top)}: LabelRange({each.classes}"
            + (f", ignored={each.ignored})" if each.ignored is not None else ")")
            for top, each in labels.items()
        ]
        items.append(Group("labels={", ranges, "}"))
    if iterations:
        items.append(f"iterations={iterations}")
    shown = shown_outputs(net)
    if shown is not None:
        items.append(_after("shown=", _literal(shown)))
    return Group("NetWithData(", items, ")", hugged=True)


def _project(solver: SolverFile) -> Piece:
    items: list[Piece] = [
        string(solver.train.name),
        "SOLVER",
        "TRAIN",
        "TESTS",
        "MULTIPLIERS",
        f"NetTemplate.parse((HERE / {string(TEMPLATE)}).read_bytes())",
    ]
    if has_unused(solver.train):
        items.append("has_unused=True")
    return Group("Project(", [*items, "folder=str(HERE)"], ")")


def _literal(value: Any) -> Piece:
    """Python's text for a value; of a dataclass what is not as by default."""
    if isinstance(value, str):
        return string(value)
    if isinstance(value, float) and not isinstance(value, bool):
        return number(value)
    if isinstance(value, tuple):
        return Group("(", _items(value), ")")
    if isinstance(value, dict):
        entries = [_after(f"{string(key)}: ", _literal(each)) for key, each in value.items()]
        return Group("{", entries, "}")
    if is_dataclass(value):
        named = [
            _after(f"{field.name}=", _literal(getattr(value, field.name)))
            for field in fields(value)
            if not _is_default(field, getattr(value, field.name))
        ]
        return Group(f"{type(value).__name__}(", named, ")")
    return repr(value)


def _items(values: Iterable[Any]) -> list[Piece]:
    return [_literal(value) for value in values]


def _after(text: str, piece: Piece) -> Piece:
    """A piece with a text before it."""
    if isinstance(piece, str):
        return text + piece
    return Group(text + piece.opening, piece.items, piece.close, hugged=piece.hugged)


def _is_default(field: Any, value: Any) -> bool:
    made = field.default_factory() if callable(field.default_factory) else field.default
    return bool(value == made)


def _package(text: str) -> dict[str, str]:
    """Copies of the modules that `train.py` imports, and of all that these import, by path.

    They keep their names: in front of an installed caffetools, Python finds the folder beside
    `train.py`.
    """
    found: dict[str, str] = {}
    waiting = [text]
    while waiting:
        for path in _imported(waiting.pop()):
            for file in (*_packages(path), path):
                if file not in found:
                    found[file] = files("caffetools").joinpath(file).read_text(encoding="utf-8")
                    waiting.append(found[file])
    found["__init__.py"] = '"""The parts of caffetools that train.py needs."""\n'
    return {f"caffetools/{path}": content for path, content in sorted(found.items())}


def _packages(path: str) -> Iterator[str]:
    """The `__init__.py` of each package that a module is in, but of caffetools itself."""
    folder = os.path.dirname(path)
    while folder:
        yield f"{folder}/__init__.py"
        folder = os.path.dirname(folder)


def _imported(text: str) -> Iterator[str]:
    """The files of caffetools that a file imports, relative to its root."""
    root = files("caffetools")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("caffetools."):
            home = (node.module or "").partition(".")[2].replace(".", "/")
            if root.joinpath(f"{home}.py").is_file():
                yield f"{home}.py"
            else:
                yield from (f"{home}/{alias.name}.py" for alias in node.names)
