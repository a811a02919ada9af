"""`caffetools from-onnx`: convert an ONNX file to a Caffe net and its weights."""

from __future__ import annotations

from typing import Any

import click

from caffetools.cli.conversion import chosen_outputs, conversion_options, save
from caffetools.errors import CaffeToolsError, Location


@click.command("from-onnx")
@click.argument("source", metavar="MODEL.onnx")
@conversion_options
def command(source: str, input_shapes: Any, more: tuple[str, ...], **options: Any) -> None:
    """Convert an ONNX file to a Caffe net and its weights.

    Needs the onnx package, and PyTorch. The net is verified against onnxruntime, or where that is
    not installed against onnx's own evaluator, blob by blob: the largest difference is printed
    last.
    """
    outputs = chosen_outputs(options.pop("outputs"), more)
    stem, force = options.pop("output"), options.pop("force")
    try:
        from caffetools.torch.to_caffe.onnx_model import from_onnx
    except ImportError:
        text = "from-onnx needs PyTorch: pip install 'caffetools[torch,onnx]'"
        raise CaffeToolsError(text, Location(source)) from None
    save(from_onnx(source, dict(input_shapes), outputs=outputs, **options), stem, force=force)
