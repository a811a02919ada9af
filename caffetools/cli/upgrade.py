"""`caffetools upgrade`: a net in Caffe's current form."""

from __future__ import annotations

import click

from caffetools.cli.console import report_notes
from caffetools.cli.options import phase_option, plugin_option
from caffetools.net.reading import read_net, without_weights
from caffetools.proto.printer import prototxt


@click.command("upgrade")
@click.argument("net", metavar="NET")
@phase_option
@plugin_option
def command(net: str, phase: str) -> None:
    """Print a net in Caffe's current form, without its weights.

    NET is a prototxt of any age, a solver (its net), a .caffemodel, a log that contains its net, or
    - for standard input. Fields that Caffe drops in the upgrade are noted on standard error.
    """
    loaded = read_net(net, phase.upper())
    report_notes(loaded.notes)
    click.echo(prototxt(without_weights(loaded.message)).encode(), nl=False)
