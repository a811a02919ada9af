"""Functions on modules: `export`, `module`.

Outputs are written whole or not at all, and replace existing ones only with `force`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.functions.nets import Path, input_paths, loaded_net
from caffetools.net.net import Net
from caffetools.writing import check_absent, replace_folder, write_files

if TYPE_CHECKING:
    from torch import nn

    from caffetools.torch.export.export import ExportOptions, Files
    from caffetools.torch.export.module_spec import ModuleSpec


def export(
    net: Path | Net,
    path: Path,
    to: str = "torch",
    *,
    solver: Path | None = None,
    standalone: bool = False,
    force: bool = False,
    options: Mapping[str, Any] | None = None,
    **wanted: Any,
) -> list[Note]:
    """Export a net as a PyTorch module, or to ONNX.

    Parameters
    ----------
    net : path or Net
        The net.
    path : path
        Folder to write, or a .py or .onnx file for the model alone.
    to : {"torch", "onnx"}
        Format; ONNX is for inference.
    solver : path, optional
        A solver, for which the folder gets a train.py; needs the path of a net.
    standalone : bool
        Copy the parts of caffetools that train.py imports into the folder.
    force : bool
        Overwrite existing files.
    options : mapping, optional
        Of `caffetools.load`.
    **wanted
        `weights`, `labels`, `preprocess` and `preprocess_from` (paths), `outputs` (names of
        blobs), `fold`, `allow_missing`, `flat` and `preprocess_in_graph` (bool), `dynamic`
        ("batch" or "size"), as the options of `caffetools export`.

    Returns
    -------
    list of Note
        What was assumed.

    Raises
    ------
    CaffeToolsError
        For a layer that cannot be exported, weights of another net, and existing files.
    ValueError
        For options that exclude each other.

    Examples
    --------
    >>> import caffetools, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     notes = caffetools.export("examples/lenet/deploy.prototxt", f"{folder}/lenet")
    ...     os.listdir(f"{folder}/lenet")
    ['model.py']
    """
    from caffetools.torch.export.export import ExportOptions

    name = os.fspath(path)
    wishes = ExportOptions(**wanted, alone=is_alone(name), trains=solver is not None)
    check_export(wishes, to, name, solver, standalone)
    given = dict(options or {})
    if not isinstance(net, Net) and (wishes.fold or to == "onnx"):
        given["phase"] = "test"
    files, notes = exported(net, to, wishes, solver, standalone, given)
    write_export(name, files, wishes.alone, force, paths_read(net, solver, wishes))
    return notes


def paths_read(net: object, solver: object, wishes: ExportOptions) -> list[str]:
    """Return the files that an export reads, which it must not overwrite."""
    others = (wishes.weights, wishes.labels, wishes.preprocess, wishes.preprocess_from)
    return input_paths(net, solver, *others)


def is_alone(path: str) -> bool:
    """Whether an exported path is one file, or standard output."""
    return path == "-" or (path.endswith((".py", ".onnx")) and not os.path.isdir(path))


def check_export(
    wishes: ExportOptions, to: str, path: str, solver: Path | None, standalone: bool
) -> None:
    """Raise ValueError for options of `export` that exclude each other."""
    onnx, alone = to == "onnx", wishes.alone
    for excluded, text in (
        (onnx and (not alone or path.endswith(".py")), "--to onnx writes one file: use -o FILE"),
        (wishes.dynamic and not onnx, "--dynamic needs --to onnx"),
        (onnx and (wishes.labels or solver), "--to onnx excludes --labels and --solver"),
        (alone and not onnx and (wishes.weights or solver),
         "--weights and --solver write several files: use -o DIR"),
        (wishes.fold and wishes.weights is None, "--fold-bn needs --weights"),
        (wishes.fold and solver, "--fold-bn is for inference and excludes --solver"),
        (wishes.preprocess_in_graph and not onnx, "--preprocess-in-graph needs --to onnx"),
        (wishes.outputs and solver, "--outputs is for inference and excludes --solver"),
        (standalone and solver is None, "--standalone needs --solver"),
    ):  # fmt: skip
        if excluded:
            raise ValueError(text)


def exported(  # the order of export
    net: Path | Net,
    to: str,
    wishes: ExportOptions,
    solver: Path | None,
    standalone: bool,
    options: Mapping[str, Any],
    *,
    report: Callable[[Iterable[Note]], object] = list,
) -> tuple[Files, list[Note]]:
    """Return the files of an export and its notes, which `report` gets before an error is raised.

    Raises CaffeToolsError, located, for a layer or weights that cannot be exported.
    """
    from caffetools.torch.export.export import export as torch_files
    from caffetools.torch.export.export import export_onnx, module_spec

    training: Callable[[ModuleSpec], Mapping[str, Any]] = lambda _: {}  # noqa: E731
    if solver is None:
        loaded = loaded_net(net, options)
        notes = list(loaded.notes)
    else:
        loaded, training, notes = _trained(net, solver, standalone, options)
    report(notes)
    spec = module_spec(loaded, wishes.outputs, trains=wishes.trains)
    made = torch_files(spec, wishes) if to == "torch" else export_onnx(spec, wishes)
    files = {**made.files, **({} if made.mistakes else training(spec))}
    notes += made.notes
    report((*made.notes, *made.mistakes))
    if made.mistakes:
        first, found = made.mistakes[0], len(made.mistakes)
        more = f", and {found - 1} more" if found > 1 else ""
        raise CaffeToolsError(first.message + more, first.location)
    return files, notes


def _trained(
    net: Path | Net, solver: Path, standalone: bool, options: Mapping[str, Any]
) -> tuple[Net, Callable[[ModuleSpec], Mapping[str, Any]], list[Note]]:
    """Return the net of a solver, and what makes the files to train it."""
    from caffetools.layers.base import Options
    from caffetools.torch.solver.solver_file import read_solver
    from caffetools.torch.solver.train_code import training_files

    if isinstance(net, Net):
        raise ValueError("a solver needs the path of a net, found a loaded net")  # noqa: TRY004
    name = os.fspath(net)
    shapes = Options(
        dict(options.get("input_shapes") or {}),
        options.get("data_shape"),
        options.get("batch_size"),
        os.path.dirname(name) or ".",
    )
    read = read_solver(
        os.fspath(solver), options.get("stages", ()), options.get("level", 0), net=name,
        options=shapes,
    )  # fmt: skip
    files = partial(training_files, read, standalone=standalone)
    return read.train, files, [*read.notes, *read.train.notes]


def write_export(path: str, files: Files, alone: bool, force: bool, inputs: Sequence[str]) -> None:
    """Write the files of an export: a folder or one file."""
    if alone:
        write_files(dict(zip([path], files.values(), strict=True)), force, inputs=inputs)
        return
    if os.path.lexists(path) and not os.path.isdir(path):
        raise CaffeToolsError("expected a folder, found a file", Location(path))
    check_absent([os.path.join(path, name) for name in files], force, inputs)
    replace_folder(path, files)


def module(net: Path | Net, weights: Path | None = None, **options: Any) -> nn.Module:
    """Return the PyTorch module of a net, as `caffetools export` writes it.

    Parameters
    ----------
    net : path or Net
        The net.
    weights : path, optional
        A .caffemodel or .caffemodel.h5; without it the fillers of the net initialize the module.
    **options
        Of `caffetools.load`.

    Returns
    -------
    nn.Module
        Called with a tensor for each of its `inputs`, it returns its `outputs`.

    Examples
    --------
    >>> import caffetools, torch
    >>> lenet = caffetools.module("examples/lenet/deploy.prototxt", phase="test")
    >>> tuple(lenet(torch.zeros(64, 1, 28, 28)).shape)
    (64, 10)
    """
    from caffetools.formats.weights import read_weights as stored
    from caffetools.torch.export.export import module_spec
    from caffetools.torch.export.loaded_module import load_module
    from caffetools.torch.export.state_dict import transfer_weights

    spec = module_spec(loaded_net(net, options))
    if spec.placeholders:
        kinds = ", ".join(placeholder.type for placeholder in spec.placeholders)
        raise CaffeToolsError(f"types without PyTorch: {kinds}")
    if weights is None:
        return load_module(spec)
    transferred = transfer_weights(spec, stored(weights))
    for note in transferred.misfits:
        raise CaffeToolsError(note.message, note.location)
    return load_module(spec, transferred.tensors)
