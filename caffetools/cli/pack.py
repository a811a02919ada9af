"""`caffetools pack`: convert the weights of an exported module to a .caffemodel."""

from __future__ import annotations

from typing import Any

import click

from caffetools.cli.console import report_notes
from caffetools.cli.options import force_option, net_options, output_option
from caffetools.functions.nets import pack


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
    report_notes(pack(net, state, output, force=force, **options))
