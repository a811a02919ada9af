"""`caffetools upgrade`: a net in today's form."""

from __future__ import annotations

import click

from caffetools.cli.errors import report_note
from caffetools.cli.options import plugin_option
from caffetools.net.net import PHASES
from caffetools.net.reading import read_net, without_weights
from caffetools.proto.printer import prototxt


@click.command("upgrade")
@click.argument("net", metavar="NET")
@click.option(
    "--phase",
    type=click.Choice(tuple(PHASES), case_sensitive=False),
    default="train",
    show_default=True,
    help="Which net of a solver: the one that it trains, or the first that it tests.",
)
@plugin_option
def command(net: str, phase: str) -> None:
    """Print NET in today's form, whatever its age, without its weights.

    NET is a net's prototxt, a solver's (the net that it names), a .caffemodel, a log that echoes
    its net, or - for standard input. What the former form holds that Caffe drops is told on
    standard error.
    """
    loaded = read_net(net, PHASES[phase.lower()])
    for note in loaded.notes:
        report_note(note)
    click.echo(prototxt(without_weights(loaded.message)).encode(), nl=False)
