"""`caffetools pack`: convert the weights of an exported module to a .caffemodel."""

from __future__ import annotations

from typing import Any

import click

from caffetools.cli.console import report_notes
from caffetools.cli.options import force_option, net_options, output_option, shape_options
from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.formats.caffemodel import caffemodel
from caffetools.net.loading import load
from caffetools.torch.export.export import module_spec
from caffetools.torch.export.state_dict import caffe_blobs, read_state_dict
from caffetools.torch.export.structure import in_flat_form
from caffetools.writing import check_absent, replace_file


@click.command("pack")
@click.argument("net", metavar="NET")
@click.argument("state", metavar="STATE")
@net_options
@output_option("OUT.caffemodel", "Output file.")
@force_option
def command(net: str, state: str, output: str, force: bool, **options: Any) -> None:
    """Write the weights of an exported module as a .caffemodel.

    STATE is the state dict of NET's exported module: a .safetensors file, or a .pt,
    which is read without running code in it.
    """
    check_absent([output], force, (net, state))
    loaded = load(net, **options)
    spec = module_spec(loaded, shape_options(net, **options))
    try:
        layers, unused = caffe_blobs(spec, in_flat_form(spec, read_state_dict(state)))
        left = (Note(Location(state), f"unknown parameter {key!a}") for key in unused)
        report_notes((*loaded.notes, *spec.notes, *left))
        replace_file(output, caffemodel(loaded.name, layers))
    except CaffeToolsError as error:
        raise error.at(Location(state)) from None
