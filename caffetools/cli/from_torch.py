"""`caffetools from-torch`: convert a PyTorch module to a Caffe net and its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from caffetools.cli.conversion import chosen_outputs, conversion_options, save
from caffetools.errors import CaffeToolsError, Location
from caffetools.layers.registry import python_errors, run_python


@click.command("from-torch")
@click.argument("source", metavar="FILE.py:FACTORY|FILE.pt2")
@conversion_options
def command(source: str, input_shapes: Any, more: tuple[str, ...], **options: Any) -> None:
    """Convert a PyTorch module to a Caffe net and its weights.

    FACTORY is a function without arguments, or a class, that makes an nn.Module, or a module
    itself; its file is run. FILE.pt2 is one of torch.export.save. The net is verified against the
    module, blob by blob: the largest difference is printed last.
    """
    outputs = chosen_outputs(options.pop("outputs"), more)
    names, stem = [name for name, _ in input_shapes] or None, options.pop("output")
    save_options = {"stem": stem, "force": options.pop("force")}
    try:
        from caffetools.torch.to_caffe.from_torch import from_program
    except ImportError:
        text = "from-torch needs PyTorch: pip install 'caffetools[torch]'"
        raise CaffeToolsError(text, Location(source)) from None
    if source.endswith(".pt2"):
        made = from_program(source, input_names=names, outputs=outputs, **options)
    else:
        made = _from_file(source, input_shapes, outputs=outputs, **options)
    save(made, **save_options)


def _from_file(source: str, input_shapes: Any, **options: Any) -> Any:
    import torch

    from caffetools.torch.to_caffe.from_torch import from_torch

    file, _, name = source.rpartition(":")
    if not file or not input_shapes:
        missing = "FILE.py:FACTORY" if not file else "--input NAME=D,D,… for each argument"
        raise click.UsageError(f"a module needs {missing}")
    path = Path(file)
    found = run_python(path, "module")
    if not hasattr(found, name):
        raise CaffeToolsError(f"the file has no {name!a}", Location(file))
    module = getattr(found, name)
    with python_errors(path, "module"):
        module = module if isinstance(module, torch.nn.Module) else module()
    if not isinstance(module, torch.nn.Module):
        text = f"{name!a} expected to make an nn.Module, found {type(module).__name__}"
        raise CaffeToolsError(text, Location(file))
    inputs = [torch.zeros(shape) for _, shape in input_shapes]
    return from_torch(module, inputs, [name for name, _ in input_shapes], **options)
