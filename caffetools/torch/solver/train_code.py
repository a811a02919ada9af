"""A solver and its nets -> the files of a training project.

Next to `model.py`: `train.py` with the settings and data sources, a module for each test net that
the model cannot serve, the template of Caffe's snapshots, a README and, if standalone, a copy of
the parts of caffetools that `train.py` imports.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

from caffetools.formats.caffemodel import NetTemplate
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.model_code import model_code
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.names import comment_text
from caffetools.torch.export.pretty import Group, Piece, laid_out, literal, string
from caffetools.torch.solver.solver_file import SolverFile
from caffetools.torch.solver.solver_project import net_template, project_with
from caffetools.torch.training.command import main

TEMPLATE = "net.caffemodel"

_USES = (
    "python train.py                                     # CPU",
    "python train.py --device cuda --amp --compile       # GPU",
    "torchrun --nproc_per_node=4 train.py --device cuda  # 4 GPUs",
    "python train.py --resume PREFIX_iter_N.solverstate  # continue from a snapshot",
)


def training_files(
    solver: SolverFile, spec: ModuleSpec, *, standalone: bool = False
) -> dict[str, bytes]:
    """Return the files next to the `model.py` of `spec`, the solver's training net, by path.

    Raises CaffeToolsError, located, for a test net that cannot be exported.
    """
    modules, texts = _test_modules(solver, spec)
    train = "\n".join(_train(solver, spec, modules)) + "\n"
    readme = "\n".join(_readme(solver, spec, standalone)) + "\n"
    copied = _package(train) if standalone else {}
    made = {"train.py": train, "README.md": readme, **texts, **copied}
    return {
        **{path: text.encode() for path, text in made.items()},
        TEMPLATE: net_template(solver.train),
    }


def _test_modules(solver: SolverFile, spec: ModuleSpec) -> tuple[list[str], dict[str, str]]:
    """Return the name of each test net's module, and the files of those that are not `model`."""
    modules: list[str] = []
    known: dict[str, str] = {}
    for net in solver.tests:
        merged = assemble(solver.train, net)
        if len(spec.phases) > 1 and model_code(merged) == model_code(spec):
            modules.append("model")
            continue
        text = model_code(assemble(net))
        if text not in known:
            known[text] = f"test_model_{len(known) + 1}" if known else "test_model"
        modules.append(known[text])
    return modules, {f"{name}.py": text for text, name in known.items()}


def _readme(solver: SolverFile, spec: ModuleSpec, standalone: bool) -> Iterator[str]:
    yield f"# {spec.name}"
    yield ""
    yield f"Trains the net of {_name(solver)} on PyTorch, with the semantics of Caffe's solver:"
    yield ""
    yield from (f"    {use}" for use in _USES)
    yield ""
    yield "`model.py` has the module, `train.py` the settings and data sources, and"
    yield f"`{TEMPLATE}` what Caffe's snapshots need. `python train.py --help` lists all options."
    if standalone:
        yield "Needs PyTorch and NumPy, h5py for HDF5, Pillow for images, OpenCV for boxes."
    else:
        yield "Needs `pip install 'caffetools[torch,data]'`."


def _name(solver: SolverFile) -> str:
    return comment_text(os.path.basename(solver.message.source.name))


def _train(solver: SolverFile, spec: ModuleSpec, modules: list[str]) -> Iterator[str]:
    yield f'"""Trains {spec.name} as {_name(solver)} says: Caffe\'s training on PyTorch.'
    yield ""
    yield from (f"    {use}" for use in _USES)
    yield ""
    yield "SIGINT stops with a snapshot, SIGHUP takes one. The batch size is that of each process."
    yield '"""'
    yield ""
    literals = _Literals((main, NetTemplate))
    body = list(_body(solver, modules, literals))
    yield "from __future__ import annotations"
    yield ""
    yield "from pathlib import Path"
    yield ""
    yield from (f"import {module}" for module in sorted({"model", *modules}))
    yield from literals.imports()
    yield ""
    yield from body
    yield ""
    yield 'if __name__ == "__main__":'
    yield f"    {main.__name__}(PROJECT, __doc__)"


def _body(solver: SolverFile, modules: list[str], literals: _Literals) -> Iterator[str]:
    builds: Sequence[Any] = [_Code(f"{module}.build") for module in ("model", *modules)]
    project = project_with(solver, builds[0], builds[1:])
    settings = project.solver
    if not solver.has_prefix:  # then Caffe saves next to the solver, and this next to train.py
        prefix = os.path.basename(settings.snapshot_prefix)
        settings = replace(settings, snapshot_prefix=prefix)
    constants = {
        "solver": ("SOLVER", settings),
        "multipliers": ("MULTIPLIERS", project.multipliers),
        "net": ("TRAIN", replace(project.net, origins=())),
        "tests": ("TESTS", tuple(replace(test, origins=()) for test in project.tests)),
    }
    yield "HERE = Path(__file__).parent"
    for name, value in constants.values():
        yield ""
        if name == "MULTIPLIERS":
            yield "# lr_mult and decay_mult of the blobs of each layer."
        yield from laid_out(f"{name} = ", literals.text(value), "")
    code: dict[str, Any] = {field: _Code(name) for field, (name, _) in constants.items()}
    code["template"] = _Code(f"NetTemplate.parse((HERE / {string(TEMPLATE)}).read_bytes())")
    yield ""
    project = replace(project, **code, folder=_Code("str(HERE)"))
    yield from laid_out("PROJECT = ", literals.text(project), "")


class _Code(str):
    """An expression to write as it is."""

    __slots__ = ()


class _Literals:
    """Write values as Python, and collect what this needs to import."""

    def __init__(self, used: Iterable[Any]) -> None:
        self._used = set(used)

    def imports(self) -> Iterator[str]:
        """Return the import statements for all classes and functions used, in order."""
        homes: dict[str, list[str]] = {}
        for used in sorted(self._used, key=lambda each: each.__name__):
            homes.setdefault(used.__module__, []).append(used.__name__)
        for home, names in sorted(homes.items()):
            yield f"from {home} import {', '.join(names)}"

    def text(self, value: Any) -> Piece:
        """Return the expression for a value; a record has only fields that are not the default."""
        if isinstance(value, str):
            return value if isinstance(value, _Code) else string(value)
        if isinstance(value, dict):
            items = [_after(f"{string(key)}: ", self.text(each)) for key, each in value.items()]
            return Group("{", items, "}")
        if is_dataclass(value) or hasattr(value, "_fields"):
            self._used.add(type(value))
            items = [_after(f"{name}=", self.text(each)) for name, each in _given(value)]
            return Group(f"{type(value).__name__}(", items, ")")
        if isinstance(value, tuple):
            return Group("(", [self.text(each) for each in value], ")")
        return literal(value)


def _after(text: str, piece: Piece) -> Piece:
    """Return a piece with a text before it."""
    if isinstance(piece, str):
        return text + piece
    return Group(text + piece.opening, piece.items, piece.close, hugged=piece.hugged)


def _given(record: Any) -> Iterator[tuple[str, Any]]:
    """Return the fields of a dataclass or a named tuple that differ from their defaults."""
    if is_dataclass(record):
        defaults = {
            each.name: each.default_factory() if callable(each.default_factory) else each.default
            for each in fields(record)
        }
    else:
        defaults = {name: record._field_defaults.get(name, MISSING) for name in record._fields}
    for name, default in defaults.items():
        value = getattr(record, name)
        if value != default:
            yield name, value


def _package(text: str) -> dict[str, str]:
    """Return the modules of caffetools that `train.py` imports, and all that these import, by path.

    They keep their names: Python finds the folder of `train.py` before an installed caffetools.
    """
    found: dict[str, str] = {}
    waiting = [text]
    while waiting:
        for path in _imported(waiting.pop()):
            homes = [f"{home}/__init__.py" for home in PurePosixPath(path).parents if home.name]
            for file in (*homes, path):
                if file not in found:
                    found[file] = files("caffetools").joinpath(file).read_text(encoding="utf-8")
                    waiting.append(found[file])
    found["__init__.py"] = '"""The parts of caffetools that train.py needs."""\n'
    return {f"caffetools/{path}": content for path, content in sorted(found.items())}


def _imported(text: str) -> Iterator[str]:
    """Return the files of caffetools that a file imports, relative to the package."""
    root = files("caffetools")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("caffetools."):
            home = (node.module or "").partition(".")[2].replace(".", "/")
            if root.joinpath(f"{home}.py").is_file():
                yield f"{home}.py"
            else:
                yield from (f"{home}/{alias.name}.py" for alias in node.names)
