"""An `nn.Module` or an exported program -> a Caffe net and its weights."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from caffetools.errors import CaffeToolsError, Location
from caffetools.torch.to_caffe.conversion import Conversion, convert
from caffetools.torch.to_caffe.exported import ExportedModel


def from_torch(
    module: nn.Module,
    example_inputs: Tensor | Sequence[Tensor],
    input_names: Sequence[str] | None = None,
    profile: str = "bvlc",
    outputs: Sequence[str] | None = None,
    fold_bn: bool = False,
) -> Conversion:
    """Convert a module to a Caffe net that computes the same in evaluation mode.

    The net is verified: its exact PyTorch form is compared with the module on seeded inputs, blob
    by blob.

    Parameters
    ----------
    module : nn.Module
        A module with float32 parameters that torch.export can export.
    example_inputs : Tensor or sequence of Tensor
        Arguments of `forward`. The shapes of the net are theirs.
    input_names : sequence of str, optional
        Names of the net's inputs. Default: those of the arguments.
    profile : str
        Layer types that the net may use: "bvlc", "ssd", "any", or a file with one type a line.
    outputs : sequence of str, optional
        Modules, or functions as in error messages, after which the net ends. Default: the whole
        module.
    fold_bn : bool, default False
        Whether to multiply BatchNorm and Scale into the preceding layers.

    Returns
    -------
    Conversion

    Raises
    ------
    CaffeToolsError
        For an operator that the profile cannot express exactly, with the line that calls it.

    Examples
    --------
    >>> import caffetools, torch
    >>> from torch import nn
    >>> module = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU())
    >>> net = caffetools.from_torch(module, torch.zeros(1, 3, 8, 8), input_names=["data"])
    >>> [blob.shape for blob in net.weights["0"]]
    [(8, 3, 3, 3), (8,)]
    """
    inputs = (example_inputs,) if isinstance(example_inputs, Tensor) else tuple(example_inputs)
    place = Location(type(module).__name__)
    modes = {each: each.training for each in module.modules()}
    try:
        program = _exported(module.eval(), inputs, place)
    finally:
        for each, mode in modes.items():
            each.training = mode
    model = ExportedModel(program, type(module).__name__, input_names, place)
    return convert(model, profile, outputs, fold=fold_bn)


def _exported(module: nn.Module, inputs: tuple[Tensor, ...], place: Location) -> ExportedProgram:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program: ExportedProgram = torch.export.export(module, inputs, strict=False)
            decomposed: ExportedProgram = program.run_decompositions({})
            return decomposed
    except Exception as error:  # noqa: BLE001  # a user's module may raise anything
        text = f"torch.export cannot export the module: {_first_line(error)}"
        raise CaffeToolsError(text, place) from None


def from_program(path: str, **options: Any) -> Conversion:
    """Convert a file of torch.export.save; see `from_torch` for the options."""
    place = Location(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.export.load(path).run_decompositions({})
    except Exception as error:  # noqa: BLE001  # a damaged file raises whatever unpickling raises
        raise CaffeToolsError(f"torch.export cannot load it: {_first_line(error)}", place) from None
    fold, names = options.pop("fold_bn", False), options.pop("input_names", None)
    return convert(ExportedModel(program, "net", names, place), **options, fold=fold)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
