"""`caffetools pack`: the weights of an exported module, for Caffe."""

from __future__ import annotations

import os
from typing import Any

import click

from caffetools.cli.errors import report_note
from caffetools.cli.options import net_options, shape_options
from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.formats.caffemodel_writer import caffemodel
from caffetools.net.net import load
from caffetools.torch.export.export import program_of
from caffetools.torch.export.state import read_state
from caffetools.torch.export.transfer import blobs
from caffetools.writing import replace_file


@click.command("pack")
@click.argument("net", metavar="NET")
@click.argument("state", metavar="STATE")
@net_options
@click.option("-o", "--output", metavar="OUT.caffemodel", required=True, help="Where to.")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def command(net: str, state: str, output: str, force: bool, **options: Any) -> None:
    """Write STATE, the state dict of NET's exported module, as a .caffemodel that Caffe loads.

    STATE is a .safetensors file, or a .pt, which is read without running what it holds.
    """
    if os.path.lexists(output) and not force:
        raise CaffeToolsError("this is there already; --force overwrites it", Location(output))
    loaded = load(net, **options)
    program = program_of(loaded, shape_options(net, **options))
    try:
        layers, unused = blobs(program, read_state(state))
        left = (Note(Location(state), f"the net has no place for {key!a}") for key in unused)
        for note in (*loaded.notes, *program.notes, *left):
            report_note(note)
        replace_file(output, caffemodel(loaded.name, layers))
    except CaffeToolsError as error:
        raise error.at(Location(state)) from None
